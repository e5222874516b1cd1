"""The next ticket for whoever asks: the first of a list that nobody has, given to one of all who ask at once."""

from typing import Final
from uuid import UUID

import msgspec

from app.api.calls import Answer
from app.console.asked_lists import read_asked, read_pairs, view_in
from app.console.bulk import Outcome
from app.console.inbox import pairs_of, show_list
from app.console.language import _
from app.console.pages import Page, Visit, moved, page
from app.db import Db
from app.saved_views import list_views
from identity.errors import Impossible, NotFound
from timeline.claiming import claim
from timeline.errors import AlreadyClaimed, TicketElsewhere
from timeline.tickets.listing import Listing
from timeline.tickets.reading import TicketView, list_tickets
from timeline.tickets.ticket import OPEN, TicketId

MOST_TRIED: Final = 20
"""As many may be claimed by others between the look and the claim."""


@page("POST", "/inbox/next", "desk")
async def claim_next(visit: Visit) -> Answer:
    """Take the first ticket of the list that nobody has, and open it. However often the form is sent, one is taken."""
    said = await visit.form()
    query = said.get("query", "").encode("ascii", "replace")
    waiting = await _waiting(visit, query)
    visit.said_once(said.get("once"))
    taken = await visit.write(lambda db: _take(db, visit, waiting))
    if taken.body:
        return moved(f"/tickets/{taken.body.decode()}")
    pairs, fault = pairs_of(query)
    return await show_list(
        visit, pairs, fault=fault, outcome=Outcome(words=_("Nothing waits here that nobody has."), is_bad=True)
    )


async def _take(db: Db, visit: Visit, waiting: list[TicketView]) -> Answer:
    for one in waiting:
        try:
            done = await claim(db, visit.desk(), TicketId(one.id), visit.agent)
        except (AlreadyClaimed, TicketElsewhere, Impossible):
            continue
        if done.events:  # else the agent took it between the look and the claim
            return Answer(body=str(one.number).encode())
    return Answer()


async def _waiting(visit: Visit, query: bytes) -> list[TicketView]:
    """What of a list nobody has, in its order. Raises the 400, and `NotFound` for a view that is not there."""
    pairs = read_pairs(query)
    async with visit.read() as db:
        views = await list_views(db, visit.caller) if view_in(pairs) else []
        view = next((one for one in views if str(one.id) == view_in(pairs)), None)
        if view is None and view_in(pairs):
            raise NotFound
        return await list_tickets(db, visit.workspace, _unclaimed(read_asked(pairs, view).listing(visit.caller)))


def _unclaimed(listing: Listing) -> Listing:
    some = listing.statuses & frozenset(OPEN)
    return msgspec.structs.replace(
        listing, assignees=frozenset[UUID](), unassigned=True, statuses=some, after=None, limit=MOST_TRIED
    )


PAGES: Final[tuple[Page, ...]] = (claim_next,)
