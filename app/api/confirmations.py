"""The link by which a customer says whether a resolution is one: made, shown, answered."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from app.api import confirmation_page as page
from app.api.calls import Answer, Call, answer
from app.api.confirmation_page import Resolution
from app.api.routes import Route, route
from app.api.ticket_commands import meant
from app.api.ticket_life import ConfirmTicket
from app.confirming import GOOD_FOR, Confirmation, open_link, seal
from app.db import Db, new_id
from identity.errors import Impossible, NotFound
from timeline.acting import Ask, perform
from timeline.commands import Confirm
from timeline.decisions import Desk
from timeline.errors import StillDeriving, TicketElsewhere
from timeline.events import Actor
from timeline.tickets.reading import TicketView, read_ticket

LINKS: Final = "/api/v1/confirmations/"


class ConfirmationLink(msgspec.Struct, frozen=True, kw_only=True):
    """`url` is what the customer is sent: a page with two buttons, and JSON for programs. `path` is its end, for a desk
    that customers reach under another address."""

    token: str
    path: str
    url: str
    expires_at: datetime


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
    path = f"{LINKS}{token}"
    return answer(
        ConfirmationLink(token=token, path=path, url=call.edge.settings.public_url + path, expires_at=expires)
    )


@route("GET", LINKS + "{token}", None, answers={200: Resolution}, refuses=frozenset({404}))
async def show_resolution(call: Call) -> Answer:
    """What a link asks about: a page for a browser, JSON for a program. This changes nothing, however often programs
    that read mails follow it."""
    try:
        link = _link(call)
        async with call.edge.database.read(link.workspace) as db:
            shown = _shown(await _resolution(db, link))
    except NotFound:
        if page.is_wanted(call):
            return page.gone()
        raise
    return page.asking(shown) if page.is_wanted(call) else answer(shown)


@route("POST", LINKS + "{token}", None, takes=ConfirmTicket, answers={200: Resolution}, refuses=frozenset({404, 409}))
async def answer_link(call: Call) -> Answer:
    """The customer's answer, once, as JSON or as the page's form. A link that was never made, is used up, or is too old
    answers 404 alike."""
    is_form = page.is_form(call)
    try:
        link = _link(call)
        asked = page.read_form(await call.body()) if is_form else await call.take(ConfirmTicket)
        shown = await _answered(call, link, asked)
    except NotFound:
        if is_form:
            return page.gone()
        raise
    return page.thanks(shown, asked.confirmed) if is_form else answer(shown)


async def _answered(call: Call, link: Confirmation, asked: ConfirmTicket) -> Resolution:
    async def work(db: Db) -> Resolution:
        shown = await _resolution(db, link)
        desk = Desk(workspace=link.workspace, actor=Actor(f"contact:{shown.contact_id}"), new_id=new_id)
        said = Confirm(confirmed=asked.confirmed, comment=asked.comment)
        try:
            await perform(db, desk, Ask(ticket=shown.id), [said], cause="confirmation link")
        except (Impossible, TicketElsewhere):
            raise NotFound from None
        return _shown(await read_ticket(db, link.workspace, str(shown.id)))

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


ROUTES: Final[tuple[Route, ...]] = (make_link, show_resolution, answer_link)
