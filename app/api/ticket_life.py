"""Laying a ticket aside and fetching it; saying for the customer whether its resolution is one; escalating a talk."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.routes import Route, route
from app.api.ticket_commands import IF_MATCH, Version, performed, seen_version
from app.api.tickets import etag
from app.db import Db
from identity.customers import CustomerId
from timeline.commands import AddNote, Command, Confirm, Snooze, Wake
from timeline.escalating import escalate
from timeline.interactions import check_time
from timeline.tickets.reading import TicketView, read_ticket

_REFUSES: Final = frozenset({404, 409, 412, 422})


class Escalate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any item of the conversation, by its event id."""

    event: str


class SnoozeTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`until` a time with its zone, or null: until the customer writes. A `note` for colleagues says why."""

    until: datetime | None
    note: str | None = None
    version: Version | msgspec.UnsetType = msgspec.UNSET


class WakeTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: Version | msgspec.UnsetType = msgspec.UNSET


class ConfirmTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer says of the resolution: yes closes the ticket, no opens it again."""

    confirmed: bool
    comment: str | None = None


@route(
    "POST",
    "/api/v1/customers/{customer_id}/escalate",
    "desk",
    takes=Escalate,
    answers={201: TicketView},
    refuses=frozenset({404, 409, 422}),
)
async def escalate_talk(call: Call) -> Answer:
    """Make a ticket of a conversation that is none, with all of it so far: of the one that the item named is of."""
    customer = CustomerId(call.path_id("customer_id"))
    asked = await call.take(Escalate)

    async def work(db: Db) -> Answer:
        ticket = await escalate(db, call.desk(), customer, read_id(asked.event))
        shown = await read_ticket(db, call.workspace, str(ticket))
        return answer(shown, 201, etag(shown))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/tickets/{ticket}/snooze",
    "desk",
    headers=(IF_MATCH,),
    takes=SnoozeTicket,
    answers={200: TicketView},
    refuses=_REFUSES,
)
async def snooze(call: Call) -> Answer:
    """Lay a ticket aside until a time or until its customer writes, whichever comes first; its status stays."""
    asked = await call.take(SnoozeTicket)
    if asked.until is not None:
        check_time("until", asked.until)
    until = None if asked.until is None else asked.until.astimezone(UTC)
    noted: list[Command] = [] if asked.note is None else [AddNote(body=asked.note)]
    return await _do(call, asked.version, [*noted, Snooze(until=until)])


@route(
    "POST",
    "/api/v1/tickets/{ticket}/wake",
    "desk",
    headers=(IF_MATCH,),
    takes=WakeTicket,
    answers={200: TicketView},
    refuses=_REFUSES,
)
async def wake(call: Call) -> Answer:
    """Fetch a ticket that was laid aside."""
    asked = await call.take(WakeTicket)
    return await _do(call, asked.version, [Wake()])


@route(
    "POST",
    "/api/v1/tickets/{ticket}/confirmation",
    "desk",
    takes=ConfirmTicket,
    answers={200: TicketView},
    refuses=_REFUSES,
)
async def confirm(call: Call) -> Answer:
    """Take down what the customer said of a resolution."""
    asked = await call.take(ConfirmTicket)
    return await _do(call, msgspec.UNSET, [Confirm(confirmed=asked.confirmed, comment=asked.comment)])


async def _do(call: Call, said: int | msgspec.UnsetType, commands: list[Command]) -> Answer:
    return await performed(call, seen_version(call, said), commands)


ROUTES: Final[tuple[Route, ...]] = (escalate_talk, snooze, wake, confirm)
