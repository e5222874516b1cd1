"""Tickets as they are shown: one by its id or number, wherever it went, and lists of them; always as of now."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.errors import Absorbed, NotFound
from identity.views import read_people
from timeline.errors import TicketElsewhere
from timeline.events import Priority, Status
from timeline.store import Db, Row
from timeline.ticket_events import FieldValue
from timeline.tickets import views
from timeline.tickets.clocks import clocks_at, due_at
from timeline.tickets.listing import Listing, page
from timeline.tickets.matters import Asking, rank_of
from timeline.tickets.policy import Rules, Versions
from timeline.tickets.projection import POLICIES, TicketRef, ref
from timeline.tickets.promises import ClockView, clock_views
from timeline.tickets.ticket import Ticket, TicketId, Waiting, as_of

replace = msgspec.structs.replace


class TicketObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object that a ticket is about."""

    type: str
    id: str


class TicketView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A whole ticket. `assignee_name` is told of now; `sla_due_at` is the first of the promises that run, broken ones
    too. `could_join` are the open tickets, come by a merge, that would have been one with it; it is told
    where one ticket is read."""

    id: TicketId
    number: int
    customer_id: CustomerId
    subject: str | None
    status: Status
    priority: Priority
    type: str | None
    queue: str | None
    assignee: UUID | None
    assignee_name: str | None
    tags: tuple[str, ...]
    fields: dict[str, FieldValue]
    sla: list[ClockView]
    sla_due_at: datetime | None
    opened_at: datetime
    version: int
    channel: str | None
    channels: tuple[str, ...]
    objects: list[TicketObject]
    waiting: Waiting | None
    waiting_since: datetime | None
    first_customer_at: datetime | None
    last_customer_at: datetime | None
    first_reply_at: datetime | None
    last_agent_at: datetime | None
    last_at: datetime
    snoozed: bool
    snoozed_until: datetime | None
    disposition: str | None
    confirmed: bool | None
    resolved_at: datetime | None
    closed_at: datetime | None
    closes_at: datetime | None
    resolves_at: datetime | None
    reopened: int
    can_reopen_until: datetime | None
    follow_up_of: TicketId | None
    backstage_of: TicketId | None
    parts: tuple[TicketId, ...]
    contact_id: ContactId
    items: int
    could_join: list[TicketRef] | msgspec.UnsetType = msgspec.UNSET


def view(
    ticket: Ticket, number: int, customer: CustomerId, rules: Rules, now: datetime, assignee_name: str | None = None
) -> TicketView:
    """A ticket as silence has left it by now."""
    ticket = clocks_at(ticket, now, rules)
    return TicketView(
        id=ticket.id,
        number=number,
        customer_id=customer,
        subject=ticket.subject,
        status=ticket.status,
        priority=ticket.priority,
        type=ticket.type,
        queue=ticket.queue,
        assignee=ticket.assignee,
        assignee_name=assignee_name,
        tags=ticket.tags,
        fields=dict(ticket.fields),
        sla=clock_views(ticket),
        sla_due_at=due_at(ticket),
        opened_at=ticket.opened_at,
        version=ticket.shown_version,
        channel=ticket.channel,
        channels=ticket.channels,
        objects=[TicketObject(type=kind, id=name) for kind, name in ticket.objects],
        waiting=ticket.waiting,
        waiting_since=ticket.waiting_since,
        first_customer_at=ticket.first_customer_at,
        last_customer_at=ticket.last_customer_at,
        first_reply_at=ticket.first_reply_at,
        last_agent_at=ticket.last_agent_at,
        last_at=ticket.last_at,
        snoozed=ticket.snoozed and (ticket.snoozed_until is None or ticket.snoozed_until > now),
        snoozed_until=ticket.snoozed_until,
        disposition=ticket.disposition,
        confirmed=ticket.confirmed,
        resolved_at=ticket.resolved_at,
        closed_at=ticket.closed_at,
        closes_at=ticket.closes_at,
        resolves_at=ticket.resolves_at,
        reopened=ticket.reopened,
        can_reopen_until=None if ticket.ended_at is None else ticket.ended_at + rules.within,
        follow_up_of=ticket.follow_up_of,
        backstage_of=ticket.backstage_of,
        parts=ticket.parts,
        contact_id=ticket.contact_id,
        items=ticket.items,
    )


async def read_ticket(db: Db, workspace: WorkspaceId, name: str) -> TicketView:
    """A ticket by its id or number. Raises `NotFound`, and `TicketElsewhere` for one that is not there any more."""
    number, ticket = read_name(name)
    row = await views.named(db, workspace, number, ticket)
    if row is None:
        raise NotFound
    fold = _fold_in(row)
    if fold is None or fold.joined_into is not None:
        raise await _gone(db, workspace, row)
    versions = await POLICIES.at_least(db, workspace, row["policy"])
    shown = view(fold, row["number"], row["customer_id"], versions.latest, row["now"], row["assignee_name"])
    beside = _beside.decode(row["beside"] or "[]")
    return replace(shown, could_join=could_join(fold, beside, versions, row["now"]))


async def find_standing(db: Db, workspace: WorkspaceId, name: str) -> tuple[Ticket, CustomerId]:
    """The ticket that answers for an id or a number today, and whose it is. Raises `NotFound`."""
    row = await _follow(db, workspace, await views.named(db, workspace, *read_name(name)))
    if row is None:
        raise NotFound
    return _ticket.decode(row["fold"]), row["customer_id"]


async def _follow(db: Db, workspace: WorkspaceId, row: Row | None) -> Row | None:
    """The ticket into which a ticket was joined, or that holds its opening event: at the end of that chain."""
    while row is not None:
        fold = _fold_in(row)
        if fold is not None and fold.joined_into is None:
            return row
        goes = row["holder"] if fold is None else fold.joined_into
        row = None if goes is None else await views.named(db, workspace, None, goes)
    return None


def read_name(name: str) -> tuple[int | None, UUID | None]:
    """What a ticket is called by: a number, or the id that it was opened with. Raises `NotFound` for other text."""
    if name.isascii() and name.isdigit() and len(name) <= 18:
        return int(name), None
    try:
        ticket = UUID(name)
    except ValueError:
        raise NotFound from None
    if str(ticket) != name.lower():
        raise NotFound
    return None, ticket


async def where_it_went(db: Db, workspace: WorkspaceId, ticket: TicketId) -> TicketElsewhere:
    """What became of a ticket of the registry that is not there any more. Raises `NotFound`."""
    row = await views.named(db, workspace, None, ticket)
    if row is None:
        raise NotFound
    return await _gone(db, workspace, row)


def _fold_in(row: Row) -> Ticket | None:
    return None if row["fold"] is None else _ticket.decode(row["fold"])


async def _gone(db: Db, workspace: WorkspaceId, row: Row) -> TicketElsewhere:
    """Where a ticket went that was joined into another or whose matter is part of another; else, whose it was."""
    asked = row["ticket_id"]
    goes = await _follow(db, workspace, row)
    if goes is None:
        return TicketElsewhere(asked, customer=await views.opened_by(db, workspace, asked))
    return TicketElsewhere(asked, survivor=goes["ticket_id"], number=goes["number"])


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as it is kept, with its number and how the agent who has it is called."""

    number: int
    fold: Ticket
    assignee_name: str | None


class _Beside(msgspec.Struct, frozen=True, kw_only=True):
    """An open ticket of the same customer whose contact came by a merge; `edge` is that merge's position."""

    number: int
    fold: Ticket
    edge: int | None


_ticket = msgspec.json.Decoder(Ticket)
_beside = msgspec.json.Decoder(list[_Beside])
_kept = msgspec.json.Decoder(list[_Kept])


def read_kept(kept: bytes | None, customer: CustomerId, rules: Rules, now: datetime) -> list[TicketView]:
    """Tickets that came along as JSON with something else of their customer."""
    return [view(one.fold, one.number, customer, rules, now, one.assignee_name) for one in _kept.decode(kept or b"[]")]


def could_join(ticket: Ticket, beside: Iterable[_Beside], versions: Versions, now: datetime) -> list[TicketRef]:
    """The open tickets that the policy suggests to join with this one: when the customers were found to be one, both
    were open, and the later would have continued the earlier."""
    if as_of(ticket, now).is_ended:
        return []
    found: list[TicketRef] = []
    for one in beside if ticket.backstage_of is None else ():
        if one.fold.backstage_of is not None:
            continue
        earlier, later = sorted((ticket, one.fold), key=lambda t: t.opened_position)
        if one.edge is None or later.opened_position > one.edge or as_of(one.fold, now).is_ended:
            continue
        rules = versions.at(one.edge)
        if rules.on_link == "suggest" and rank_of(Asking.of(later), earlier, rules) is not None:
            found.append(ref(as_of(one.fold, now), one.number))
    return found


async def list_tickets(db: Db, workspace: WorkspaceId, listing: Listing) -> list[TicketView]:
    """Tickets in the order of the list. Raises `NotFound` for a customer or an agent who is not there."""
    rows, rules = await rows_of(db, workspace, listing)
    return [listed(fold_of(row), row, rules) for row in rows] if rules is not None else []


async def rows_of(db: Db, workspace: WorkspaceId, listing: Listing) -> tuple[list[Row], Rules | None]:
    """The rows of a list, and the latest rules where there are any rows. Raises as `list_tickets` does."""
    rows = await page(db, workspace, await as_of_today(db, workspace, listing))
    if not rows:
        return [], None
    return rows, (await POLICIES.at_least(db, workspace, rows[0]["policy"])).latest


def fold_of(row: Row) -> Ticket:
    return _ticket.decode(row["fold"])


def listed(fold: Ticket, row: Row, rules: Rules) -> TicketView:
    """A ticket as its list has it: due when that sorts it."""
    shown = view(fold, row["number"], row["customer_id"], rules, row["now"], row["assignee_name"])
    return replace(shown, sla_due_at=row["sla_due_at"])


async def as_of_today(db: Db, workspace: WorkspaceId, listing: Listing) -> Listing:
    """The list with its customer as that one is today. Raises `NotFound` for a customer or an agent who is not
    there."""
    if listing.assignees:
        known = await views.agents(db, workspace, list(listing.assignees))
        if len(known) < len(listing.assignees):
            raise NotFound
    if listing.customer is None:
        return listing
    return replace(listing, customer=await _today(db, workspace, listing.customer))


class VoidCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command that came to nothing where it stands today, and the ticket that it was meant for."""

    event_id: UUID
    type: str
    reason: str
    ticket_id: TicketId
    ticket_number: int | None
    customer_id: CustomerId
    contact_id: ContactId
    about: UUID | None
    actor: str
    recorded_at: datetime
    data: msgspec.Raw


async def list_voids(
    db: Db, workspace: WorkspaceId, customer: CustomerId | None, before: UUID | None, limit: int
) -> list[VoidCommand]:
    """Commands that came to nothing, the newest first. Raises `NotFound` for a customer who is not there."""
    whose = None if customer is None else await _today(db, workspace, customer)
    return [
        VoidCommand(
            event_id=row["event_id"],
            type=row["type"],
            reason=row["reason"],
            ticket_id=row["ticket_id"],
            ticket_number=row["number"],
            customer_id=row["customer_id"],
            contact_id=row["contact_id"],
            about=row["about"],
            actor=row["actor"],
            recorded_at=row["recorded_at"],
            data=msgspec.Raw(row["data"]),
        )
        for row in await views.voids(db, workspace, whose, before, limit)
    ]


async def _today(db: Db, workspace: WorkspaceId, customer: CustomerId) -> CustomerId:
    """The customer, or the one that it was merged into. Raises `NotFound`."""
    try:
        return (await read_people(db, workspace, customer, None, whole=False)).customer_id
    except Absorbed as absorbed:
        return CustomerId(absorbed.survivor)
