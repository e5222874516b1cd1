"""Keeping tickets: advance some customers' tickets by the events that were just appended to their threads."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import CustomerId, WorkspaceId
from timeline.events import Command as CommandEvent
from timeline.events import Edit, EventId, NewEvent, Recorded, Status, is_automatic
from timeline.store import Db, Row
from timeline.tickets import edit_store, policy_store, store
from timeline.tickets.configuration import decode_desk, desk_rules_of
from timeline.tickets.edits import names_of
from timeline.tickets.fold import Root
from timeline.tickets.items import FoldEvent, Holding, Written
from timeline.tickets.numbers import NUMBERS
from timeline.tickets.policy import Rules, TicketPolicy, Versions, rules_of
from timeline.tickets.store import Kept, NewRow, Reached
from timeline.tickets.ticket import SUBJECT_READ, Ticket, TicketId, counts_of

KINDS: Final = {
    "MessageRecorded": "message",
    "CallRecorded": "call",
    "NoteRecorded": "note",
    "OrderRecorded": "order",
    "PaymentRecorded": "payment",
    "ShipmentRecorded": "shipment",
    "VisitRecorded": "visit",
    "FactRecorded": "fact",
}
COMMANDS: Final = (
    "TicketStatusSet",
    "TicketAssigned",
    "TicketTagged",
    "TicketPrioritised",
    "TicketRenamed",
    "TicketTyped",
    "TicketFieldsSet",
    "TicketQueued",
    "TicketSnoozed",
    "TicketAwoke",
    "TicketResolved",
    "TicketReminded",
    "TicketConfirmed",
    "TicketClosed",
    "SlaWarned",
    "SlaBreached",
)
MOST_KEPT: Final = 1_000


class TicketRef(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket in a word."""

    id: TicketId
    number: int
    status: Status


class Policies:
    """What this process knows of every workspace's policies. They are immutable versions: only a new one is read."""

    def __init__(self) -> None:
        self._known: dict[WorkspaceId, tuple[int, Versions]] = {}

    async def read(self, db: Db, workspace: WorkspaceId) -> Versions:
        """The policies in force, in this transaction."""
        return await self.at_least(db, workspace, await policy_store.latest_policy(db, workspace))

    async def at_least(self, db: Db, workspace: WorkspaceId, version: int) -> Versions:
        """The policies of which `version` is the latest."""
        known = self._known.get(workspace)
        if known is None or known[0] != version:
            if len(self._known) > MOST_KEPT:
                self._known.clear()
            known = (version, versions_of(await policy_store.policies(db, workspace) if version else []))
            self._known[workspace] = known
        return known[1]


POLICIES: Final = Policies()
"""Of this process."""


def versions_of(rows: Sequence[Row]) -> Versions:
    return Versions(
        kept=tuple(
            (row["from_position"], rules_of(msgspec.json.decode(row["policy"], type=TicketPolicy), row["version"]))
            for row in rows
            if row["part"] == "policy"
        ),
        desks=tuple(
            (
                row["from_position"],
                desk_rules_of(decode_desk(row["policy"]), row["version"]),
            )
            for row in rows
            if row["part"] == "desk"
        ),
    )


def fold_event(event: NewEvent, position: int) -> FoldEvent | None:
    """An event as the fold reads it; None: of a type that concerns no ticket."""
    said = event.event
    shown_at = event.shown_at.astimezone(UTC)
    kind = KINDS.get(type(said).__name__)
    history = isinstance(said, Recorded) and said.history
    if kind is None and not isinstance(said, CommandEvent | Edit):
        return None
    recorded = said if isinstance(said, Recorded) else None
    return FoldEvent(
        position=position,
        id=event.id,
        contact_id=event.contact_id,
        kind=kind or "change",
        channel=event.channel,
        direction=event.direction,
        source=event.source,
        conversation=event.conversation if event.source else None,
        about=event.about,
        shown_at=shown_at,
        now=shown_at if history else event.recorded_at.astimezone(UTC),
        history=history,
        reminder=recorded is not None and recorded.reminder,
        answered=recorded is not None and recorded.answered,
        begins=recorded is not None and recorded.begins,
        ticket=recorded.ticket_id if recorded else None,
        subject=(recorded.subject or "")[:SUBJECT_READ] or None if recorded else None,
        body=(recorded.body or "")[:SUBJECT_READ] or None if recorded else None,
        object=(recorded.object.type, recorded.object.id) if recorded and recorded.object else None,
        command=said if isinstance(said, CommandEvent) else None,
        automatic=is_automatic(event.actor),
        edit=said if isinstance(said, Edit) else None,
    )


class Advanced(msgspec.Struct, frozen=True, kw_only=True):
    """What advancing came to: the ticket of each event that has one, and the commands that were void."""

    tickets: dict[EventId, TicketRef]
    folds: dict[TicketId, Ticket]
    voids: dict[EventId, str]
    deriving: frozenset[CustomerId]


NOTHING: Final = Advanced(tickets={}, folds={}, voids={}, deriving=frozenset())


async def advance(
    db: Db, workspace: WorkspaceId, events: Sequence[tuple[CustomerId, FoldEvent]], versions: Versions
) -> Advanced:
    """Step customers' tickets by events in order of position, whose customers' locks are held; keep the result.

    Customers whose tickets wait for a job are left to it. Raises `NumbersSpent`."""
    rules = versions.latest
    seeking = [(customer, event) for customer, event in events if event.seeks(rules)]
    if not seeking:
        return NOTHING
    written = Written()
    loaded = await _load(db, workspace, seeking, rules)
    roots, numbers = await _roots(db, workspace, loaded, written)
    for customer, event in seeking:
        if customer not in loaded.deriving:
            roots.setdefault(customer, Root(written)).step(event, rules)
    folds = {i: t for root in roots.values() for i, t in root.tickets.items()}
    if any(event.edit is not None for _, event in seeking):  # what was split off before has its number for ever
        numbers |= await store.numbers_of(db, workspace, [i for i in written.changed if i not in numbers])
    await keep(db, workspace, written, folds, numbers)
    return Advanced(
        tickets=_refs(written, folds, numbers),
        folds={i: folds[i] for i in written.changed},
        voids={void.event_id: void.reason for void in written.voids},
        deriving=frozenset(loaded.deriving),
    )


async def _load(
    db: Db, workspace: WorkspaceId, events: Sequence[tuple[CustomerId, FoldEvent]], rules: Rules
) -> Reached:
    named = {i for _, event in events for i in names_in(event)}
    conversations = {talk for _, event in events for talk in talks_in(event)}
    since = min(event.shown_at for _, event in events) - rules.reach
    now = max(event.now for _, event in events)
    objects = {event.object for _, event in events if event.object is not None}
    customers = list(dict.fromkeys(customer for customer, _ in events))
    return await store.reach(db, workspace, customers, since, now, list(named), list(conversations), list(objects))


def names_in(event: FoldEvent) -> Iterable[UUID]:
    """The events whose tickets an event asks for by name."""
    if event.edit is not None:
        yield from names_of(event.edit)
        return
    ticket = event.command.ticket if event.command is not None else event.ticket
    if ticket is not None:
        yield ticket
        if event.about is not None:
            yield event.about


def talks_in(event: FoldEvent) -> Iterable[tuple[str, str]]:
    """The conversations, each of its source, that an event goes on with, or whose items an edit moves."""
    return ((one.source or "", one.conversation) for one in (event, *event.moved) if one.conversation is not None)


async def _roots(
    db: Db, workspace: WorkspaceId, loaded: Reached, written: Written
) -> tuple[dict[CustomerId, Root], dict[TicketId, int]]:
    edges = {edged.customer_id: edged.edge for edged in loaded.edges}
    roots: dict[CustomerId, Root] = {}
    numbers: dict[TicketId, int] = {}

    def take(kept: Kept) -> Root:
        root = roots.setdefault(kept.customer_id, Root(written, edges.get(kept.customer_id, 0)))
        if kept.fold.id not in root.tickets:
            root.load(kept.fold)
            numbers[kept.fold.id] = kept.number
        return root

    for kept in loaded.tickets:
        take(kept)
    for held in sorted(loaded.held, key=lambda one: one.position):
        take(held).holds(EventId(held.event_id), held.fold.id)
    for one in loaded.conversing:
        holding = Holding(source=one.source, conversation=one.conversation, since=one.since, ticket_id=one.fold.id)
        take(one).hold(holding)
    while missing := [t.joined_into for t in _all(roots) if t.joined_into is not None and t.joined_into not in numbers]:
        for kept in await store.tickets(db, workspace, missing):
            take(kept)
    return roots, numbers


def _all(roots: dict[CustomerId, Root]) -> Iterable[Ticket]:
    return [ticket for root in roots.values() for ticket in root.tickets.values()]


async def keep(
    db: Db,
    workspace: WorkspaceId,
    written: Written,
    folds: dict[TicketId, Ticket],
    numbers: dict[TicketId, int],
) -> None:
    """Write what folding added; tickets without a number get one, which `numbers` is given too."""
    changed = [folds[i] for i in written.changed]
    if not (changed or written.voids):
        return
    await edit_store.take_off(db, workspace, written.gone)
    await store.write(
        db,
        workspace,
        *numbered(workspace, changed, numbers),
        written.items,
        written.holdings,
        written.voids,
        written.past,
        counts_of((before, folds[i]) for i, before in written.changed.items()),
        written.moments,
    )


def numbered(
    workspace: WorkspaceId, tickets: Sequence[Ticket], numbers: dict[TicketId, int]
) -> tuple[list[NewRow], list[NewRow]]:
    """The rows of some tickets, and those of them whose number is new, which `numbers` is given too. Raises
    `NumbersSpent`."""
    fresh = [ticket.id for ticket in tickets if ticket.id not in numbers]
    numbers.update(zip(fresh, NUMBERS.take(workspace, len(fresh)), strict=True))
    rows = [NewRow(number=numbers[ticket.id], fold=ticket) for ticket in tickets]
    new = set(fresh)
    return rows, [row for row in rows if row.fold.id in new]


def _refs(written: Written, folds: dict[TicketId, Ticket], numbers: dict[TicketId, int]) -> dict[EventId, TicketRef]:
    return {item.event_id: ref(folds[item.ticket_id], numbers[item.ticket_id]) for item in written.items}


def ref(ticket: Ticket, number: int) -> TicketRef:
    return TicketRef(id=ticket.id, number=number, status=ticket.status)
