"""A customer, with the thread."""

from typing import Any, Final

from app.api.calls import Answer, moved_to
from app.console.pages import Page, Visit, page
from app.console.sayings import Speaker, agents_in
from identity.customers import CustomerId
from identity.errors import Absorbed
from identity.explaining import identifier_views, possible_view
from timeline.threads import ThreadQuery, read_profile
from timeline.tickets import views


@page("GET", "/customers/{customer_id}", "read")
async def show_customer(visit: Visit) -> Answer:
    """Who it is, beside everything that happened."""
    return await show_thread(visit, CustomerId(visit.path_id("customer_id")))


async def show_thread(visit: Visit, customer: CustomerId, *, status: int = 200, panel: Any = None) -> Answer:
    """A customer's page, perhaps with a ticket open beside it."""
    tokens, asked = visit.edge.tokens, visit.asked_for
    before, after = asked.get("before"), asked.get("after")
    query = ThreadQuery(
        before=tokens.open_mark(visit.workspace, before, "before") if before else None,
        after=tokens.open_mark(visit.workspace, after, "after") if after and not before else None,
    )
    try:
        async with visit.read() as db:
            profile = await read_profile(db, visit.workspace, customer, query)
            agents = await views.agent_names(db, visit.workspace, agents_in(profile.timeline.items))
    except Absorbed as absorbed:
        return moved_to(f"/customers/{absorbed.survivor}", visit.request.scope["query_string"])
    people, timeline = profile.people, profile.timeline
    return visit.show(
        "thread.html" if visit.is_fragment else "customer.html",
        status=status,
        profile=profile,
        identifiers=identifier_views(people.identifiers),
        possible=[possible_view(one) for one in people.possible],
        page=timeline,
        next=tokens.seal_mark(visit.workspace, timeline.next),
        previous=tokens.seal_mark(visit.workspace, timeline.previous),
        paged=bool(before or after),
        head=tokens.seal_checkpoint(visit.workspace, profile.head),
        said=Speaker(agents, profile.name),
        panel=panel,
    )


PAGES: Final[tuple[Page, ...]] = (show_customer,)
