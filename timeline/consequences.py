"""What a decision about who is who makes of tickets: shown before, carried out with it, the same both times."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from identity.customers import Contact, ContactId, CustomerId, Edge
from identity.merging import Joined, Scene
from timeline import store
from timeline.decisions import Desk
from timeline.events import EventId
from timeline.tickets import edit_store, linking, refolding, streams
from timeline.tickets import store as ticket_store
from timeline.tickets.policy import Versions
from timeline.tickets.projection import POLICIES, TicketRef
from timeline.tickets.refolding import Difference, TooMuch
from timeline.tickets.stage import Stage, whole, without
from timeline.tickets.ticket import Ticket, TicketId, as_of

MOST_SHOWN: Final = 50


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """On which contact a ticket stands and how: its state and its clocks. `part_of` is the ticket that its number
    leads to instead."""

    contact_id: ContactId
    status: str
    items: int
    waiting: str | None
    closes_at: datetime | None
    ended_at: datetime | None
    part_of: TicketId | None


class TicketChange(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket before and after a decision; null: not there. `number` is null for one that was never there before."""

    id: TicketId
    number: int | None
    before: Standing | None
    after: Standing | None


class TicketChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision makes of tickets: `moved` go to the other customer as they are (all counted, open ones named),
    `changed` become other than they were, and the commands in `voids` find no ticket any more. A list is at most 50.

    `joined` became one with an earlier ticket, `could_join` would have been one. With `state` deriving they follow in
    a job, and the rest is not known yet."""

    state: Literal["current", "deriving"] = "current"
    moved: int = 0
    moved_open: list[TicketRef] = []
    changed: list[TicketChange] = []
    joined: list[linking.Pair] = []
    could_join: list[linking.Pair] = []
    voids: list[EventId] = []


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written with the decision, and what is told about it."""

    told: TicketChanges
    found: Difference | None
    homes: tuple[CustomerId, ...]


async def of_merge(
    db: store.Db, desk: Desk, scene: Scene, customer: CustomerId, other: CustomerId, now: datetime
) -> TicketChanges:
    """What joining two customers makes of their tickets."""
    versions = await POLICIES.read(db, desk.workspace)
    came = [contact.id for contact in scene.of(other)]
    told = await _moved(db, desk, came)
    if await ticket_store.are_deriving(db, desk.workspace, [customer, other]):
        return msgspec.structs.replace(told, state="deriving")
    rules = versions.latest
    if rules.on_link == "leave":
        return told
    both = [customer, other]
    if rules.on_link == "suggest":
        found = await linking.pairs(db, desk.workspace, both, frozenset(came), rules)
        return msgspec.structs.replace(told, could_join=found[:MOST_SHOWN])
    tried = await linking.tried(db, desk.workspace, both, frozenset(came), rules)
    changed = _changes(tried.before, tried.after, tried.numbers, now)
    return msgspec.structs.replace(told, changed=changed, joined=tried.pairs[:MOST_SHOWN])


async def carry_out_merge(db: store.Db, desk: Desk, joined: Joined) -> None:
    """Do to open tickets what the policy says. Raises `NumbersSpent`."""
    await linking.join(db, desk.workspace, joined, await POLICIES.read(db, desk.workspace))


async def of_unmerge(
    db: store.Db, desk: Desk, scene: Scene, edge: Edge, moved: Sequence[ContactId], now: datetime
) -> Plan:
    """What taking a merge back makes of tickets: both sides are folded again from the merge on, or from the beginning
    where items were given to other tickets since: no past of a ticket says which items it had."""
    stage = without(scene, edge)
    if await edit_store.items_went(db, desk.workspace, list(stage.contacts), stage.start):
        stage = msgspec.structs.replace(stage, starts=dict.fromkeys(stage.starts, 0))
    return await _planned(db, desk, stage, {c.customer_id for c in scene.contacts}, moved, {}, now)


async def of_undoing(db: store.Db, desk: Desk, scene: Scene, edit: EventId, now: datetime) -> Plan:
    """What taking an edit of tickets back makes of them: everything is folded again without it."""
    stage = msgspec.structs.replace(whole(scene), undone=frozenset({edit}))
    return await _planned(db, desk, stage, {c.customer_id for c in scene.contacts}, [], {}, now)


async def of_rearranging(
    db: store.Db,
    desk: Desk,
    scene: Scene,
    contacts: Iterable[Contact],
    edges: Iterable[Edge],
    moved: Sequence[ContactId],
    now: datetime,
    placed: Mapping[EventId, ContactId] | None = None,
) -> Plan:
    """What other homes, merges and places of items make of tickets: everything is folded again from the beginning."""
    after = msgspec.structs.replace(scene, contacts=tuple(contacts), edges=tuple(edges))
    customers = {c.customer_id for c in scene.contacts}
    return await _planned(db, desk, whole(after), customers, moved, placed or {}, now)


async def _planned(
    db: store.Db,
    desk: Desk,
    stage: Stage,
    customers: Iterable[CustomerId],
    moved: Sequence[ContactId],
    placed: Mapping[EventId, ContactId],
    now: datetime,
) -> Plan:
    told, homes = await _moved(db, desk, moved), tuple(stage.starts)
    later = Plan(told=msgspec.structs.replace(told, state="deriving"), found=None, homes=homes)
    if await ticket_store.are_deriving(db, desk.workspace, list(customers)):
        return later
    stage = await refolding.read_stage(db, desk.workspace, stage, placed)
    versions: Versions = await POLICIES.read(db, desk.workspace)
    try:
        found = await refolding.refolded(db, desk.workspace, stage, versions)
    except TooMuch:
        return later
    known = found.numbers | await ticket_store.numbers_of(db, desk.workspace, list(found.after))
    told = msgspec.structs.replace(
        told,
        changed=_changes(found.before, found.after, known, now),
        voids=_new_voids(found)[:MOST_SHOWN],
    )
    return Plan(told=told, found=found, homes=homes)


def _new_voids(found: Difference) -> list[EventId]:
    """Commands that come to nothing now, or for another reason; one that only stands elsewhere is no news."""
    known = {(void.event_id, void.reason) for void in found.voids[0]}
    new = {void.event_id for void in found.voids[1] if (void.event_id, void.reason) not in known}
    return sorted(new, key=str)


def _changes(
    before: Mapping[TicketId, Ticket | None],
    after: Mapping[TicketId, Ticket | None],
    numbers: Mapping[TicketId, int],
    now: datetime,
) -> list[TicketChange]:
    changes = [
        TicketChange(
            id=ticket,
            number=numbers.get(ticket),
            before=_standing(before[ticket], now),
            after=_standing(will, now),
        )
        for ticket, will in after.items()
    ]
    told = [change for change in changes if change.before != change.after]
    return sorted(told, key=lambda change: (change.number is None, change.number or 0, str(change.id)))[:MOST_SHOWN]


def _standing(ticket: Ticket | None, now: datetime) -> Standing | None:
    if ticket is None:
        return None
    ticket = as_of(ticket, now)
    return Standing(
        contact_id=ticket.contact_id,
        status=ticket.status,
        items=ticket.items,
        waiting=ticket.waiting,
        closes_at=ticket.closes_at,
        ended_at=ticket.ended_at,
        part_of=ticket.joined_into,
    )


async def _moved(db: store.Db, desk: Desk, contacts: Sequence[ContactId]) -> TicketChanges:
    count, named = await ticket_store.on_contacts(db, desk.workspace, contacts, MOST_SHOWN)
    return TicketChanges(moved=count, moved_open=[TicketRef(id=i, number=n, status=s) for i, n, s in named])


async def carry_out(db: store.Db, desk: Desk, plan: Plan, now: datetime) -> None:
    """Write what was planned, or leave it to the job. Raises `NumbersSpent`."""
    if plan.found is None:
        await streams.wait_for_job(db, desk.workspace, plan.homes, now)
    else:
        await refolding.write(db, desk.workspace, plan.found)
