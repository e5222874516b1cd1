"""What of a ticket's life reports count: answers, ends and reopenings, told from the ticket before and after."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from timeline.tickets.ticket import Ticket, TicketId

Turn = Literal["first_response", "next_response", "resolved", "closed", "reopened"]


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A turn that an event gave a ticket, at the time at which it was known.

    `since` is where its duration runs from: of an answer the first customer's message that it answers, of an end the
    opening (None: the ticket was closed at birth). `round` counts the reopenings before it; `agent` had the ticket."""

    ticket_id: TicketId
    position: int
    turn: Turn
    round: int
    at: datetime
    since: datetime | None
    agent: UUID | None


def moments_of(before: Ticket | None, after: Ticket, now: datetime) -> Iterator[Moment]:
    """The turns between two states of a ticket that one event leads through."""

    def moment(turn: Turn, at: datetime, since: datetime | None) -> Moment:
        return Moment(
            ticket_id=after.id,
            position=after.position,
            turn=turn,
            round=after.reopened,
            at=at,
            since=since,
            agent=after.assignee,
        )

    if before is not None and before.asked_at is not None and after.waiting == "customer" != before.waiting:
        yield moment("first_response" if before.first_reply_at is None else "next_response", now, before.asked_at)
    if before is not None and after.reopened > before.reopened:
        yield moment("reopened", now, None)
    if after.is_ended and (before is None or not before.is_ended):
        at = after.resolved_at or after.closed_at or now
        at_birth = before is None and after.resolved_at is None
        yield moment("resolved" if after.resolved_at else "closed", at, None if at_birth else after.opened_now)
