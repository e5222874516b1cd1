"""Tickets: lists of them, one with its thread, where old ids and numbers went, commands that came to nothing."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

import msgspec

from app.api.calls import Answer, Call, answer, moved_to, read_id
from app.api.customers import CURSOR, LIMIT, PAGING, thread_query, timeline_page
from app.api.listings import CUSTOMER, FILTERS, SORT, read_listing, words_of
from app.api.routes import Route, route
from app.api.shapes import TimelinePage
from identity.customers import CustomerId
from identity.errors import NotFound
from timeline.errors import TicketElsewhere
from timeline.threads import Mark, read_page_of
from timeline.tickets.listing import NEVER, Listing
from timeline.tickets.reading import TicketView, VoidCommand, list_voids, read_ticket
from timeline.tickets.rendering import render_tickets

PATH: Final = "/api/v1/tickets/"


class TicketPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[TicketView]
    next: str | None


class RenderedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A `TicketPage` of which the tickets are JSON already."""

    items: list[msgspec.Raw]
    next: str | None


class TicketWithThread(TicketView, frozen=True, kw_only=True):
    """A whole ticket with the first page of what belongs to it. The header `ETag` is its version."""

    timeline: TimelinePage


class VoidPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[VoidCommand]
    next: str | None


_THREAD: Final = tuple(one for one in PAGING if one.name in ("limit", "before", "after"))
_OF_TICKET: Final = tuple(one for one in PAGING if one.name not in ("ticket", "as_of"))


def etag(ticket: TicketView) -> dict[str, str]:
    """The header by which a change says what it saw."""
    return {"ETag": f'"{ticket.version}"'}


def follow_tickets(handler: Callable[[Call], Awaitable[Answer]]) -> Callable[[Call], Awaitable[Answer]]:
    """Old ids and numbers answer for ever: with the path of the ticket that answers for them today, or where none
    does, with that of the customer on whose thread the matter stands; the query kept."""

    @wraps(handler)
    async def following(call: Call) -> Answer:
        try:
            return await handler(call)
        except TicketElsewhere as gone:
            scope = call.request.scope
            tail = scope["path"].removeprefix(f"{PATH}{call.request.path_params['ticket']}")
            if gone.survivor is not None:
                return moved_to(f"{PATH}{gone.survivor}{tail}", scope["query_string"])
            if gone.customer is None:
                raise NotFound from None
            return moved_to(f"/api/v1/customers/{gone.customer}{tail}", scope["query_string"])

    return following


@route("GET", "/api/v1/tickets", "read", query=(*FILTERS, SORT, LIMIT, CURSOR), answers={200: TicketPage})
async def list_some(call: Call) -> Answer:
    """Tickets, the latest activity first, or the first due; filters add up. What moves to the top while one pages is
    seen from there."""
    return answer(await page_of(call, read_listing(call.query, call.caller)))


async def page_of(call: Call, asked: Listing, listed: str = "tickets") -> RenderedPage:
    """One page of a list, from where the request's cursor says on; `listed` is what it is called in its cursors."""
    limit, cursor, tokens = call.query.limit(), call.query.text("cursor"), call.edge.tokens
    listed = f"{listed} {words_of(asked)}"
    if cursor is not None:
        mark = tokens.open_mark(call.workspace, cursor, "cursor", listed)
        asked = msgspec.structs.replace(asked, after=(mark.shown_at, mark.event_id))
    async with call.read() as db:
        found = await render_tickets(db, call.workspace, msgspec.structs.replace(asked, limit=limit + 1))
    last = found[limit - 1] if len(found) > limit else None
    mark = last and Mark(shown_at=last.at or NEVER, event_id=last.id)
    shown = [one.json for one in found[:limit]]
    return RenderedPage(items=shown, next=tokens.seal_mark(call.workspace, mark, listed))


def _customer(call: Call) -> CustomerId | None:
    name = call.query.text("customer")
    return None if name is None else CustomerId(read_id(name))


@route("GET", "/api/v1/tickets/{ticket}", "read", query=_THREAD, answers={200: TicketWithThread, 308: None})
@follow_tickets
async def show(call: Call) -> Answer:
    """One ticket by its id or number, and the first page of what belongs to it."""
    query = thread_query(call)
    async with call.read() as db:
        ticket = await read_ticket(db, call.workspace, call.request.path_params["ticket"])
        page = await read_page_of(db, call.workspace, ticket, query)
    fields = {name: getattr(ticket, name) for name in ticket.__struct_fields__}
    return answer(TicketWithThread(**fields, timeline=timeline_page(call, page)), headers=etag(ticket))


@route("GET", "/api/v1/tickets/{ticket}/timeline", "read", query=_OF_TICKET, answers={200: TimelinePage, 308: None})
@follow_tickets
async def show_items(call: Call) -> Answer:
    """One page of what belongs to a ticket, newest first."""
    query = thread_query(call)
    async with call.read() as db:
        ticket = await read_ticket(db, call.workspace, call.request.path_params["ticket"])
        return answer(timeline_page(call, await read_page_of(db, call.workspace, ticket, query)))


@route("GET", "/api/v1/void-commands", "read", query=(CUSTOMER, LIMIT, CURSOR), answers={200: VoidPage})
async def list_void(call: Call) -> Answer:
    """Commands that came to nothing where they stand today, the newest first: after an unmerge or a placement their
    ticket is not there, or in no state for them."""
    customer, limit = _customer(call), call.query.limit()
    listed = f"void commands {customer}"
    before = call.start_of(listed)
    async with call.read() as db:
        found = await list_voids(db, call.workspace, customer, before, limit + 1)
    more = call.next_of(listed, [one.event_id for one in found], limit)
    return answer(VoidPage(items=found[:limit], next=more))


ROUTES: Final[tuple[Route, ...]] = (list_some, show, show_items, list_void)
