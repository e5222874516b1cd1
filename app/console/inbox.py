"""What waits: the tickets that are open, the first that is due first."""

from typing import Final

from app.api.calls import Answer
from app.console.pages import Page, Visit, page
from timeline.tickets.listing import Listing
from timeline.tickets.reading import list_tickets, read_ticket

A_PAGE: Final = 50


@page("GET", "/", "read")
async def show_inbox(visit: Visit) -> Answer:
    """Open tickets."""
    async with visit.read() as db:
        tickets = await list_tickets(db, visit.workspace, Listing(sort="sla_due_at", limit=A_PAGE))
    return visit.show("inbox.html", tickets=tickets)


@page("GET", "/tickets/{ticket}", "read")
async def open_ticket(visit: Visit) -> Answer:
    """A ticket is shown on its customer's thread."""
    async with visit.read() as db:
        ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
    return Answer(status=303, headers={"Location": f"/customers/{ticket.customer_id}?ticket={ticket.number}"})


PAGES: Final[tuple[Page, ...]] = (show_inbox, open_ticket)
