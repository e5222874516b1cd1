"""A customer: who it is, beside everything that happened."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.api.calls import Answer, moved_to
from app.api.search import SearchPage
from app.console import catching_up, letters, reasons_told, unrolling
from app.console.filtering import Wanted, read_wanted
from app.console.language import _
from app.console.pages import Page, Visit, page
from app.console.persons import attributes_of, person_of, zone_of
from app.console.sifting import search_in
from app.console.unrolling import around, speaker_of, unroll
from app.errors import Problem
from identity.customers import CustomerId
from identity.errors import Absorbed, NotFound
from timeline.events import CHANGE, RECORDED
from timeline.threads import ThreadQuery, read_profile

KINDS: Final = (*RECORDED, CHANGE)


@page("GET", "/customers/{customer_id}", "read")
async def show_customer(visit: Visit) -> Answer:
    """Who it is, beside everything that happened."""
    return await show_thread(visit, CustomerId(visit.path_id("customer_id")))


@page("GET", "/customers/{customer_id}/who", "read")
async def show_who(visit: Visit) -> Answer:
    """The column beside the thread, to be put in the place of what it was."""
    customer, now = CustomerId(visit.path_id("customer_id")), datetime.now(UTC)
    try:
        async with visit.read() as db:
            profile = await read_profile(db, visit.workspace, customer, ThreadQuery(limit=1))
            person = await person_of(db, visit.workspace, profile, now)
    except Absorbed as absorbed:
        return moved_to(f"/customers/{absorbed.survivor}/who", b"")
    return visit.show("who.html", customer=customer, person=person, wanted=Wanted(given={}))


async def show_thread(
    visit: Visit, customer: CustomerId, *, status: int = 200, panel: Any = None, composer: Any = None
) -> Answer:
    """A customer's page, perhaps with a ticket open beside it, or with a composer that answers nothing; of the past
    without anything that acts."""
    wanted, fault = read_wanted(visit), ""
    try:
        try:
            values = await _read(visit, customer, wanted)
        except NotFound:
            if wanted.as_of is not None and not wanted.tickets:
                raise Problem(404, "not_found", _("Of this customer nothing was known at that moment.")) from None
            if not wanted.tickets:
                raise
            fault = _("This customer has no ticket of that number.")
            values = await _read(visit, customer, msgspec.structs.replace(wanted, tickets=()))
    except Absorbed as absorbed:
        return moved_to(f"/customers/{absorbed.survivor}", visit.request.scope["query_string"])
    found: SearchPage | None = None
    if wanted.words:
        found, fault = await search_in(visit, customer, wanted)
    past = wanted.as_of is not None
    return visit.show(
        "customer.html",
        status=status,
        customer=customer,
        wanted=wanted,
        fault=fault,
        found=found,
        past=past,
        kinds=KINDS,
        channels=sorted(visit.caller.workspace.channels),
        panel=None if past else panel,
        **({"composer": composer} if composer is not None and not past else {}),
        **values,
    )


async def _read(visit: Visit, customer: CustomerId, wanted: Wanted) -> dict[str, Any]:
    """All that the page shows, in one snapshot."""
    now = datetime.now(UTC)
    async with visit.read() as db:
        profile = await read_profile(db, visit.workspace, customer, wanted.query())
        found, more = await around(db, visit, customer, wanted, profile.timeline)
        speaker = await speaker_of(db, visit, found.items, profile.name)
        person = await person_of(db, visit.workspace, profile, wanted.as_of or now)
    zone = zone_of(attributes_of(profile.people.persons))
    shown = unroll(visit, customer, wanted, found, speaker, zone, more=more, tickets=profile.tickets)
    head = visit.edge.tokens.seal_checkpoint(visit.workspace, profile.head)
    return {"profile": profile, "person": person, "shown": shown, "head": head}


PAGES: Final[tuple[Page, ...]] = (
    show_customer,
    show_who,
    *unrolling.PAGES,
    *reasons_told.PAGES,
    *catching_up.PAGES,
    *letters.PAGES,
)
