"""What stands beside the thread when a ticket is open: all that it says about itself, and what was done to it."""

from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final
from uuid import UUID

import msgspec

from app import people
from app.console import ticket_words
from app.console.composing import Composer
from app.console.doing import Told
from app.console.pages import Visit
from app.db import Db
from search.triage import Prediction, read_predictions
from timeline.edit_reading import Link, backstage_of, edits_of, links_of
from timeline.tasking import TaskView, tasks_of
from timeline.telling import followers_of
from timeline.tickets import views
from timeline.tickets.naming import find_tickets
from timeline.tickets.projection import TicketRef
from timeline.tickets.reading import TicketView
from timeline.tickets.types import Field, TicketType
from timeline.tickets.versions import read_desk

MOST_TASKS: Final = 100
MOST_EDITS: Final = 20
EDITS: Final = frozenset({"merge", "split", "move", "share"})


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A custom field with what stands in it; `field` is None where the type does not have it any more."""

    key: str
    field: Field | None
    value: Any


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done to the ticket and holds: it is taken back by its id. `one` and `other` are numbers."""

    id: UUID
    kind: str
    items: int
    one: int | None
    other: int | None
    who: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `names` are agents and `numbers` tickets by id, `policies` names by key; `queue` and `type` as the
    desk calls them."""

    ticket: TicketView
    queue: str | None
    type: TicketType | None
    has_types: bool
    fields: Sequence[Filled]
    tasks: Sequence[TaskView]
    followers: Sequence[UUID]
    links: Sequence[Link]
    backstage: Sequence[TicketRef]
    edits: Sequence[Edit]
    prediction: Prediction | None
    numbers: Mapping[UUID, int]
    names: Mapping[UUID, str]
    policies: Mapping[str, str]
    once: str
    told: Told | None = None
    fault: str = ""
    composer: Composer | None = None

    @property
    def tell(self) -> ModuleType:
        """How a ticket is said, for the template."""
        return ticket_words


async def read_panel(db: Db, visit: Visit, ticket: TicketView, told: Told | None = None, fault: str = "") -> Panel:
    """Raises `NotFound`."""
    workspace = visit.workspace
    configuration = (await read_desk(db, workspace)).configuration
    desk = configuration.types
    queues = {one.key: one.name for one in await people.list_queues(db, workspace)} if ticket.queue else {}
    kind = desk.named(ticket.type)
    tasks = await _tasks(db, visit, ticket)
    followers = [one.agent_id for one in await followers_of(db, workspace, ticket.id)]
    edits = await edits_of(db, workspace, ticket.id)
    standing = [one for one in edits if one["undone_at"] is None and one["kind"] in EDITS][-MOST_EDITS:]
    said = (await read_predictions(db, workspace, ticket.id, 1) or [None])[0]
    numbers = await _numbers(db, visit, ticket, standing, said)
    whom = {*followers, *(one.owner for one in tasks if one.owner), *_agents(one["actor"] for one in standing)}
    names = await views.agent_names(db, workspace, sorted(whom)) if whom else {}
    return Panel(
        ticket=ticket,
        queue=queues.get(ticket.queue or "", ticket.queue),
        type=kind if kind is not None or ticket.type is None else TicketType(key=ticket.type, name=ticket.type),
        has_types=bool(desk.types),
        fields=_filled(kind, ticket.fields),
        tasks=tasks,
        followers=followers,
        links=await links_of(db, workspace, ticket.id),
        backstage=[] if ticket.backstage_of else await backstage_of(db, workspace, ticket.id),
        edits=[_edit(one, numbers, names) for one in reversed(standing)],
        prediction=said,
        numbers=numbers,
        names=names,
        policies=ticket_words.policy_names(configuration.sla),
        once=visit.new_name(),
        told=told,
        fault=fault,
    )


async def _tasks(db: Db, visit: Visit, ticket: TicketView) -> list[TaskView]:
    """Those to be done before those that are."""
    found = await tasks_of(
        db, visit.workspace, owner=None, unowned=False, ticket=ticket.id, done=None, overdue=False, after=None,
        limit=MOST_TASKS,
    )  # fmt: skip
    return sorted(found, key=lambda one: one.state == "done")


async def _numbers(
    db: Db, visit: Visit, ticket: TicketView, edits: Sequence[Mapping[str, Any]], said: Prediction | None
) -> dict[UUID, int]:
    """The other tickets that the panel names, as they were called."""
    named = {one[name] for one in edits for name in ("ticket_id", "other_id")}
    named |= {ticket.backstage_of, ticket.follow_up_of}
    named |= {case for likely in (said.likely if said else ()) for case in likely.cases}
    wanted = [str(one) for one in named if one is not None]
    found = await find_tickets(db, visit.workspace, wanted) if wanted else {}
    return {one.id: one.number for one in found.values()}


def _agents(actors: Iterable[str]) -> set[UUID]:
    return {UUID(one.removeprefix("agent:")) for one in actors if one.startswith("agent:")}


def _edit(row: Mapping[str, Any], numbers: Mapping[UUID, int], names: Mapping[UUID, str]) -> Edit:
    whom = _agents([row["actor"]])
    return Edit(
        id=row["id"],
        kind=row["kind"],
        items=len(row["items"] or ()),
        one=numbers.get(row["ticket_id"]),
        other=numbers.get(row["other_id"]),
        who=next((names[one] for one in whom if one in names), ""),
    )


def _filled(kind: TicketType | None, values: Mapping[str, Any]) -> list[Filled]:
    known = [Filled(key=one.key, field=one, value=values.get(one.key)) for one in (kind.fields if kind else ())]
    keys = {one.key for one in known}
    return known + [Filled(key=key, field=None, value=value) for key, value in values.items() if key not in keys]
