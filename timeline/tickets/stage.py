"""Which part of the past is folded again: some customers' homes, their merges, and from where each is folded."""

from collections.abc import Iterable, Mapping

import msgspec

from identity.customers import ContactId, CustomerId, Edge
from identity.merging import Scene
from timeline.events import EventId


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts with their homes, standing merges, and the position from behind which each home is folded.

    `placed` says where items stand that were placed by hand, and `placed_in` which of them lie on other contacts.
    `undone` are edits of tickets that stand no more."""

    contacts: dict[ContactId, CustomerId]
    edges: tuple[Edge, ...]
    starts: dict[CustomerId, int]
    placed: dict[EventId, ContactId] = {}
    placed_in: tuple[EventId, ...] = ()
    undone: frozenset[EventId] = frozenset()

    @property
    def contact_starts(self) -> list[tuple[ContactId, int]]:
        return [(contact, self.starts[home]) for contact, home in self.contacts.items()]

    @property
    def start(self) -> int:
        return min(self.starts.values(), default=0)


def whole(scene: Scene) -> Stage:
    """Everything of the scene's customers, from the beginning."""
    homes = scene.homes
    return Stage(contacts=homes, edges=scene.edges, starts=dict.fromkeys(homes.values(), 0))


def without(scene: Scene, edge: Edge) -> Stage:
    """What taking one merge back makes different: its two sides from the merge on, those who joined later from then."""
    stage = whole(scene)
    return msgspec.structs.replace(
        stage,
        edges=tuple(one for one in scene.edges if one.decision != edge.decision),
        starts=starts_without(stage.contacts, scene.edges, edge),
    )


def starts_without(homes: Mapping[ContactId, CustomerId], edges: Iterable[Edge], undone: Edge) -> dict[CustomerId, int]:
    """Behind which position each home may be other than it was: just before the merge for those that it joined, for
    others just before the merge by which they came to those."""
    group = {home: frozenset([home]) for home in homes.values()}
    starts: dict[CustomerId, int] = {}
    for edge in sorted(edges, key=lambda e: e.position):
        together = group[homes[edge.kept]] | group[homes[edge.lost]]
        for home in together:
            group[home] = together
        if edge.decision == undone.decision or any(home in starts for home in together):
            for home in together:
                starts.setdefault(home, edge.position - 1)
    return starts


def roots_at(stage: Stage) -> tuple[dict[CustomerId, CustomerId], dict[CustomerId, int], list[Edge]]:
    """Before the first event: the root of each home with the position of its latest merge, and the merges to come."""
    root = {home: home for home in stage.starts}
    latest = dict.fromkeys(root, 0)
    to_come: list[Edge] = []
    for edge in sorted(stage.edges, key=lambda e: e.position):
        kept, lost = stage.contacts[edge.kept], stage.contacts[edge.lost]
        if edge.position > min(stage.starts[kept], stage.starts[lost]):
            to_come.append(edge)
            continue
        one, other = root[kept], root[lost]
        for home, at in root.items():
            if at == other:
                root[home] = one
        latest[one] = edge.position
    return root, latest, to_come


def placed_on(stage: Stage, placed: dict[EventId, ContactId]) -> Stage:
    """The stage with the items that stand elsewhere than where they lie."""
    inside = tuple(event for event, contact in placed.items() if contact in stage.contacts)
    return msgspec.structs.replace(stage, placed=placed, placed_in=inside)
