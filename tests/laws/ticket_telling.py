"""What a decision told about tickets, held against what became of them: before and after are read from the tables."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from tests.laws.ticket_ledger import Folds, Ledger, read_folds
from tests.laws.ticket_records import ENDED, OMerge, OPolicy
from tests.laws.tickets_oracle import derive
from tests.laws.world import Place
from timeline.consequences import Standing, TicketChanges
from timeline.tickets.ticket import Ticket

LATER: Final = 2**60
"""A position behind everything."""


class Seen(msgspec.Struct, frozen=True):
    """Tickets and commands at one moment."""

    folds: Folds
    voids: set[tuple[UUID, str]]
    open: set[UUID]
    customers: dict[UUID, UUID]


async def seen(place: Place) -> Seen:
    voids = await place.fetch("SELECT event_id, reason FROM ticket_void WHERE workspace_id = $1", place.id)
    listed = await place.fetch("SELECT id FROM ticket WHERE workspace_id = $1 AND is_open", place.id)
    contacts = await place.contacts()
    return Seen(
        await read_folds(place),
        {(row["event_id"], row["reason"]) for row in voids},
        {row["id"] for row in listed},
        {contact: row["customer_id"] for contact, row in contacts.items()},
    )


def check_told(told: TicketChanges, before: Seen, after: Seen, now: datetime) -> None:
    """What was told of a decision is what became of the tables, no more and no less."""
    check_moved(told, before, after)
    if told.state == "deriving":
        return
    if told.joined:
        assert {(pair.earlier, pair.later) for pair in told.joined} == joins(after.folds) - joins(before.folds)
    was = {ticket: standing(fold, now) for ticket, fold in before.folds.items()}
    will = {ticket: standing(fold, now) for ticket, fold in after.folds.items()}
    other = {ticket for ticket in {**was, **will} if was.get(ticket) != will.get(ticket)}
    assert {one.id: (one.before, one.after) for one in told.changed} == {
        ticket: (was.get(ticket), will.get(ticket)) for ticket in other
    }
    assert {*told.voids} == {event for event, _ in after.voids - before.voids}


def check_moved(told: TicketChanges, before: Seen, after: Seen) -> None:
    """The tickets whose contact belongs to another customer than before, and which of them are open."""
    left = {contact for contact, customer in before.customers.items() if after.customers[contact] != customer}
    moved = {i for i, fold in before.folds.items() if fold.contact_id in left and fold.joined_into is None}
    assert told.moved == len(moved)
    assert {ref.id for ref in told.moved_open} == moved & before.open


def joins(folds: Mapping[Any, Any]) -> set[tuple[Any, Any]]:
    return {(fold.joined_into, ticket) for ticket, fold in folds.items() if fold.joined_into is not None}


def standing(fold: Ticket, now: datetime) -> Standing:
    """A ticket and its clocks by now; silence may have closed it."""
    closed = fold.closes_at is not None and fold.closes_at <= now
    ended = fold.closes_at if closed and fold.status not in ENDED else fold.ended_at
    return Standing(
        contact_id=fold.contact_id,
        status="closed" if closed else fold.status,
        items=fold.items,
        waiting=fold.waiting,
        closes_at=None if closed else fold.closes_at,
        ended_at=ended,
        part_of=fold.joined_into,
    )


def check_pairs(ledger: Ledger, one: UUID, other: UUID, told: TicketChanges) -> None:
    """The pairs told of a merge are those that the page would join; `ledger` is of before."""
    if told.state == "deriving":
        return
    policy = max(ledger.policies, key=lambda policy: policy.version, default=OPolicy(0, 0, {}))
    joining = OPolicy(LATER, LATER, {**policy.words, "on_link": "join"})
    edge = OMerge(LATER, one, other)
    was = derive(ledger.events, ledger.merges, ledger.homes, ledger.policies)
    will = derive(ledger.events, [*ledger.merges, edge], ledger.homes, [*ledger.policies, joining])
    pairs = joins(will.tickets) - joins(was.tickets)
    assert {(pair.earlier, pair.later) for pair in told.joined} == (pairs if policy.on_link == "join" else set())
    assert {(pair.earlier, pair.later) for pair in told.could_join} == (pairs if policy.on_link == "suggest" else set())
