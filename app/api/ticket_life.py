"""Laying a ticket aside and fetching it; hearing from the customer whether its resolution is one."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.routes import Route, route
from app.api.ticket_commands import IF_MATCH, Version, meant, performed, seen_version
from app.api.tickets import etag
from app.confirming import GOOD_FOR, Confirmation, open_link, seal
from app.db import Db, new_id
from identity.customers import CustomerId
from identity.errors import Impossible, NotFound
from timeline.acting import Ask, perform
from timeline.commands import AddNote, Command, Confirm, Snooze, Wake
from timeline.decisions import Desk
from timeline.errors import StillDeriving, TicketElsewhere
from timeline.escalating import escalate
from timeline.events import Actor, Status
from timeline.interactions import check_time
from timeline.tickets.reading import TicketView, read_ticket

_REFUSES: Final = frozenset({404, 409, 412, 422})
LINKS: Final = "/api/v1/confirmations/"


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


class ConfirmationLink(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is to be put behind the address under which customers reach this desk."""

    token: str
    path: str
    expires_at: datetime


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What the holder of a link is asked about, and after an answer what became of it."""

    number: int
    subject: str | None
    status: Status
    resolved_at: datetime | None


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


@route(
    "GET",
    "/api/v1/tickets/{ticket}/confirmation",
    "desk",
    answers={200: ConfirmationLink},
    refuses=frozenset({404, 409, 422}),
)
async def make_link(call: Call) -> Answer:
    """A link for the customer of a resolved ticket: good for 30 days, for this resolution, and for one answer."""
    async with call.read() as db:
        shown = await read_ticket(db, call.workspace, str(await meant(db, call)))
    if shown.status != "resolved" or shown.resolved_at is None:
        raise Impossible("status", f"expected a ticket that is resolved, and this is {shown.status}")
    expires = datetime.now(UTC) + GOOD_FOR
    link = Confirmation(workspace=call.workspace, ticket=shown.id, resolved_at=shown.resolved_at, expires_at=expires)
    token = seal(call.edge.settings.secret, link)
    return answer(ConfirmationLink(token=token, path=f"{LINKS}{token}", expires_at=expires))


@route("GET", LINKS + "{token}", None, answers={200: Resolution}, refuses=frozenset({404}))
async def show_resolution(call: Call) -> Answer:
    """What a link asks about. This changes nothing, however often programs that read mails follow it."""
    link = _link(call)
    async with call.edge.database.read(link.workspace) as db:
        return answer(_shown(await _resolution(db, link)))


@route("POST", LINKS + "{token}", None, takes=ConfirmTicket, answers={200: Resolution}, refuses=frozenset({404, 409}))
async def answer_link(call: Call) -> Answer:
    """The customer's answer, once. A link that was never made, is used up, or is too old answers 404 alike."""
    link = _link(call)
    asked = await call.take(ConfirmTicket)

    async def work(db: Db) -> Answer:
        shown = await _resolution(db, link)
        desk = Desk(workspace=link.workspace, actor=Actor(f"contact:{shown.contact_id}"), new_id=new_id)
        said = Confirm(confirmed=asked.confirmed, comment=asked.comment)
        try:
            await perform(db, desk, Ask(ticket=shown.id), [said], cause="confirmation link")
        except (Impossible, TicketElsewhere):
            raise NotFound from None
        return answer(_shown(await read_ticket(db, link.workspace, str(shown.id))))

    return await call.edge.database.write(link.workspace, work)


def _link(call: Call) -> Confirmation:
    return open_link(call.edge.settings.secret, call.request.path_params["token"], datetime.now(UTC))


async def _resolution(db: Db, link: Confirmation) -> TicketView:
    """The ticket, where it is still in the resolution that the link names. Raises `NotFound`."""
    try:
        shown = await read_ticket(db, link.workspace, str(link.ticket))
    except (TicketElsewhere, StillDeriving):
        raise NotFound from None
    if shown.status != "resolved" or shown.resolved_at != link.resolved_at:
        raise NotFound
    return shown


def _shown(ticket: TicketView) -> Resolution:
    return Resolution(
        number=ticket.number, subject=ticket.subject, status=ticket.status, resolved_at=ticket.resolved_at
    )


ROUTES: Final[tuple[Route, ...]] = (escalate_talk, snooze, wake, confirm, make_link, show_resolution, answer_link)
