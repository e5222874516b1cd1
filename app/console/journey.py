"""One matter's way over the channels, on an axis of time with a table of the same: of a ticket, or of a customer."""

from datetime import datetime
from typing import Final

import msgspec

from app.api.calls import Answer, moved_to
from app.console.journey_reading import MOST_ITEMS, MOST_TICKETS, Read, of_customer, of_ticket
from app.console.journey_rows import drawn
from app.console.journeys import Happened
from app.console.language import _
from app.console.number_words import lasting
from app.console.pages import Page, Visit, moved, page
from app.console.rendering import stamp
from app.errors import bad_request
from identity.customers import CustomerId
from identity.errors import Absorbed
from timeline.errors import TicketElsewhere
from timeline.interactions import InvalidField, check_time

MOST_ROWS: Final = 500


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table; `since` is how long after the line before."""

    item: Happened
    since: str


@page("GET", "/tickets/{ticket}/journey", "read")
async def show_ticket_journey(visit: Visit) -> Answer:
    """A ticket's."""
    name = visit.request.path_params["ticket"]
    try:
        async with visit.read() as db:
            read = await of_ticket(db, visit, name, _until(visit))
    except TicketElsewhere as gone:
        where = f"/tickets/{gone.survivor}/journey" if gone.survivor else f"/customers/{gone.customer}/journey"
        return moved(where if gone.survivor or gone.customer else "/")
    ticket = read.matters[0].ticket
    title = f"#{ticket.number} {ticket.subject or _('Without a subject')}"
    return _shown(visit, read, title, f"/tickets/{ticket.number}")


@page("GET", "/customers/{customer_id}/journey", "read")
async def show_customer_journey(visit: Visit) -> Answer:
    """A customer's, over all tickets."""
    try:
        async with visit.read() as db:
            read = await of_customer(db, visit, CustomerId(visit.path_id("customer_id")), _until(visit))
    except Absorbed as absorbed:
        return moved_to(f"/customers/{absorbed.survivor}/journey", visit.request.scope["query_string"])
    return _shown(visit, read, read.name or _("Nameless"), f"/customers/{read.customer}")


def _shown(visit: Visit, read: Read, title: str, back: str) -> Answer:
    rows = [
        Row(item=item, since=lasting((item.at - read.items[at - 1].at).total_seconds()) if at else "")
        for at, item in enumerate(read.items)
    ]
    earlier = f"{back}/journey?until={stamp(read.items[0].at)}" if read.more and read.items else None
    return visit.show(
        "journey.html",
        title=title,
        back=back,
        read=read,
        journey=drawn(read),
        rows=rows[-MOST_ROWS:],
        most_rows=MOST_ROWS,
        most_items=MOST_ITEMS,
        most_tickets=MOST_TICKETS,
        earlier=earlier,
    )


def _until(visit: Visit) -> datetime | None:
    text = visit.asked_for.get("until")
    if not text:
        return None
    try:
        found = msgspec.convert(text, datetime)
        check_time("until", found)
    except (msgspec.ValidationError, InvalidField):
        raise bad_request("until", _("expected a time, such as 2026-01-31T09:30:00Z")) from None
    return found


PAGES: Final[tuple[Page, ...]] = (show_ticket_journey, show_customer_journey)
