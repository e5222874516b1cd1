"""What waits: the tickets that are open, the first that is due first."""

from typing import Final

from app.api.calls import Answer
from app.api.changes import stream
from app.console.pages import Page, Visit, page
from timeline.tickets.listing import Listing
from timeline.tickets.reading import list_tickets

A_PAGE: Final = 50


@page("GET", "/", "read")
async def show_inbox(visit: Visit) -> Answer:
    """Open tickets."""
    async with visit.read() as db:
        tickets = await list_tickets(db, visit.workspace, Listing(sort="sla_due_at", limit=A_PAGE))
    return visit.show("inbox.html", tickets=tickets)


@page("GET", "/live", "read", media_type="text/event-stream")
async def listen(visit: Visit) -> Answer:
    """Hints of what is new, for as long as the session holds."""
    return await stream.handler(visit)


PAGES: Final[tuple[Page, ...]] = (show_inbox, listen)
