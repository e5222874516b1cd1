"""Announce what time did: silence resolved or closed a ticket, a snooze ended, a customer is to be reminded.

What is due is in the fold already; this says so on the thread, once, however often it is tried."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity import store as identity_store
from identity.claims import customer_lock
from identity.customers import CustomerId, WorkspaceId
from timeline import store
from timeline.actions import MAIL, NO_POINT, Made, append
from timeline.errors import StartOver
from timeline.events import Actor, Event, EventId, MessageRecorded, NewEvent, TicketClosed
from timeline.reactions import settle
from timeline.ticket_events import TicketAwoke, TicketReminded, TicketResolved
from timeline.tickets import store as ticket_store
from timeline.tickets.aiming import Aim, Place, at_item, read_aims
from timeline.tickets.policy import Rules
from timeline.tickets.projection import POLICIES
from timeline.tickets.store import Kept
from timeline.tickets.ticket import Ticket, TicketId, as_of

MOST_SUBJECT: Final = 200


class _Terms(msgspec.Struct, frozen=True, kw_only=True):
    aim: Aim
    kept: Kept
    rules: Rules
    new_id: Callable[[], UUID]
    now: datetime


async def announce(
    db: store.Db, workspace: WorkspaceId, ticket: TicketId, *, new_id: Callable[[], UUID], now: datetime
) -> bool:
    """Append what time did to a ticket, once; whether there was anything to tell. Raises `StartOver`."""
    if await _due(db, workspace, ticket, now) is None:
        return False
    aim = await _aim(db, workspace, ticket, now)
    if aim is None:
        return False
    await identity_store.lock(db, sorted(customer_lock(workspace, customer) for customer in aim.customers))
    again = await _aim(db, workspace, ticket, now)
    if again is None or not again.customers <= aim.customers:
        raise StartOver
    kept = await _due(db, workspace, ticket, now)
    if kept is None:
        return False
    versions = await POLICIES.read(db, workspace)
    terms = _Terms(aim=again, kept=kept, rules=versions.latest, new_id=new_id, now=now)
    made = list(_told(terms))
    if not made:
        return False
    positions = await append(db, workspace, made)
    placed = {one.event.id: (one.stands_on, one.customer_id) for one in made}
    events, owners = [one.event for one in made], [one.owner_id for one in made]
    await settle(db, workspace, events, positions, owners, versions, placed=placed)
    return True


async def _aim(db: store.Db, workspace: WorkspaceId, ticket: TicketId, now: datetime) -> Aim | None:
    """None: the ticket went into another. With the item that a reminder answers, where one is due."""
    aim = (await read_aims(db, workspace, [ticket]))[ticket]
    if not isinstance(aim, Aim):
        return None
    reminds = aim.fold.reminds_at
    return await at_item(db, workspace, aim, None) if reminds is not None and reminds <= now else aim


async def _due(db: store.Db, workspace: WorkspaceId, ticket: TicketId, now: datetime) -> Kept | None:
    """The ticket, where its time has come and nothing told so yet, and no job will."""
    kept = await ticket_store.tickets(db, workspace, [ticket])
    if not kept or kept[0].fold.next_at is None or kept[0].fold.next_at > now:
        return None
    deriving = await ticket_store.are_deriving(db, workspace, [kept[0].customer_id])
    return None if deriving else kept[0]


def _told(terms: _Terms) -> Iterator[Made]:
    """What is due, in the order in which it came: who is ended is neither reminded nor fetched."""
    ticket, cause = terms.kept.fold, f"ticket policy {terms.rules.version}"
    after = as_of(ticket, terms.now)
    opening = terms.aim.opening
    if ticket.resolves_at is not None and ticket.resolves_at <= terms.now:
        yield _made(terms, opening, TicketResolved(ticket=ticket.id, due=ticket.resolves_at, cause=cause))
    if ticket.closes_at is not None and ticket.closes_at <= terms.now:
        yield _made(terms, opening, TicketClosed(ticket=ticket.id, due=ticket.closes_at, cause=cause))
    if after.is_ended:
        return
    if after.snoozed_until is not None and after.snoozed_until <= terms.now:
        yield _made(terms, opening, TicketAwoke(ticket=ticket.id, due=after.snoozed_until, cause=cause))
    if after.reminds_at is not None and after.reminds_at <= terms.now:
        yield _made(terms, opening, TicketReminded(ticket=ticket.id, due=after.reminds_at, cause=cause))
        yield _reminder(terms, ticket, cause)


def _reminder(terms: _Terms, ticket: Ticket, cause: str) -> Made:
    """What the customer is told, on the channel of what he wrote last; it is sent as a reply is. No automatic mail says
    what somebody from outside wrote: the subject stays out of it."""
    place = terms.aim.answered or terms.aim.opening
    words = terms.rules.reminder.replace("{number}", str(terms.kept.number))
    subject = "" if place.channel == MAIL else ticket.subject or ""
    words = words.replace("{subject}", subject[:MOST_SUBJECT])
    data = {"cause": cause, "to": place.point, "delivery": "recorded"}
    if place.point is None:
        data["words"] = NO_POINT
    return _made(terms, place, MessageRecorded(body=words, ticket_id=ticket.id, data=data, reminder=True))


def _made(terms: _Terms, place: Place, event: Event) -> Made:
    speaks = isinstance(event, MessageRecorded)
    new = NewEvent(
        id=EventId(terms.new_id()),
        contact_id=place.contact_id,
        event=event,
        channel=place.channel if speaks else None,
        direction="outbound" if speaks else None,
        actor=Actor(f"policy:{terms.rules.version}"),
        about=place.about,
        shown_at=terms.now,
        occurred_at=terms.now,
        recorded_at=terms.now,
    )
    customer: CustomerId = terms.aim.customer_id
    return Made(event=new, owner_id=place.owner_id, stands_on=place.stands_on, customer_id=customer)
