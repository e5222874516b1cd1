"""Tickets: lists of them, one with its thread, where old ids and numbers went, commands that came to nothing."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, cast, get_args

import msgspec

from app.api.calls import Answer, Call, answer, moved_to, read_id
from app.api.customers import CURSOR, LIMIT, PAGING, thread_query, timeline_page
from app.api.routes import Parameter, Route, route
from app.api.shapes import TimelinePage
from app.errors import bad_request
from identity.customers import CustomerId
from identity.errors import NotFound
from timeline.errors import TicketElsewhere
from timeline.events import Priority, Status
from timeline.threads import Mark, read_page_of
from timeline.tickets.reading import TicketView, VoidCommand, list_tickets, list_voids, read_ticket
from timeline.tickets.ticket import Waiting
from timeline.tickets.views import Listing, Sort

PATH: Final = "/api/v1/tickets/"
ALL: Final = "all"
NOBODY: Final = "none"
_STATUSES: Final[frozenset[str]] = frozenset(get_args(Status))
_PRIORITIES: Final[frozenset[str]] = frozenset(get_args(Priority))
_WAITING: Final[frozenset[str]] = frozenset(get_args(Waiting))
_SORTS: Final[tuple[str, ...]] = get_args(Sort)


class TicketPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[TicketView]
    next: str | None


class TicketWithThread(TicketView, frozen=True, kw_only=True):
    """A whole ticket with the first page of what belongs to it. The header `ETag` is its version."""

    timeline: TimelinePage


class VoidPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[VoidCommand]
    next: str | None


def _several(name: str, words: str, values: Any = None) -> Parameter:
    items: dict[str, Any] = {"type": "string", "enum": sorted(values)} if values else {"type": "string"}
    return Parameter(name=name, words=f"{words}; given twice means or.", schema={"type": "array", "items": items})


_CUSTOMER: Final = Parameter(name="customer", words="Only this customer's.", schema={"type": "string"})
_BETWEEN: Final = tuple(one for one in PAGING if one.name in ("from", "to"))
_THREAD: Final = tuple(one for one in PAGING if one.name in ("limit", "before", "after"))
_OF_TICKET: Final = tuple(one for one in PAGING if one.name not in ("ticket", "as_of"))
_FILTERS: Final = (
    _several("status", f"Only these; `{ALL}` for every one, by default those that are open", {*_STATUSES, ALL}),
    _several("priority", "Only these", _PRIORITIES),
    _several("assignee", f"Only what these agents have, by id; `{NOBODY}` for what nobody has"),
    _several("tag", "Only what has one of these tags"),
    _several("channel", "Only what has been on one of these channels"),
    _several("waiting", "Only what waits for these", _WAITING),
    _CUSTOMER,
    *(msgspec.structs.replace(one, words=f"Opened since or until then: {one.words}") for one in _BETWEEN),
    Parameter(
        name="sort",
        words="By which time, the newest first.",
        schema={"type": "string", "enum": list(_SORTS), "default": "last_at"},
    ),
)


def etag(ticket: TicketView) -> dict[str, str]:
    """The header by which a change says what it saw."""
    return {"ETag": f'"{ticket.version}"'}


def _follow(handler: Callable[[Call], Awaitable[Answer]]) -> Callable[[Call], Awaitable[Answer]]:
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


@route("GET", "/api/v1/tickets", "read", query=(*_FILTERS, LIMIT, CURSOR), answers={200: TicketPage})
async def list_some(call: Call) -> Answer:
    """Tickets, the latest activity first; filters add up. What moves to the top while one pages is seen from there."""
    listing, listed = _listing(call)
    async with call.read() as db:
        found = await list_tickets(db, call.workspace, listing)
    shown = found[: listing.limit - 1]
    more = shown[-1] if len(found) > len(shown) else None
    mark = more and Mark(shown_at=more.opened_at if listing.sort == "opened_at" else more.last_at, event_id=more.id)
    return answer(TicketPage(items=shown, next=call.edge.tokens.seal_mark(call.workspace, mark, listed)))


def _listing(call: Call) -> tuple[Listing, str]:
    """What is asked for, one more than is to be shown, and what this list is called in its cursors."""
    query = call.query
    statuses, assignees, customer = query.several("status", _STATUSES | {ALL}), query.texts("assignee"), _customer(call)
    sort, cursor = query.text("sort") or "last_at", query.text("cursor")
    if sort not in _SORTS:
        raise bad_request("sort", "expected one of " + ", ".join(_SORTS))
    asked = Listing(
        statuses=cast("frozenset[Status]", _STATUSES if ALL in statuses else statuses),
        priorities=cast("frozenset[Priority]", query.several("priority", _PRIORITIES)),
        assignees=frozenset(read_id(one) for one in assignees if one != NOBODY),
        unassigned=NOBODY in assignees,
        tags=tuple(sorted({tag.strip().lower() for tag in query.texts("tag")})),
        channels=query.several("channel", call.caller.workspace.channels),
        waiting=cast("frozenset[Waiting]", query.several("waiting", _WAITING)),
        customer=customer,
        start=query.time("from"),
        end=query.time("to"),
        sort=cast("Sort", sort),
        limit=query.limit() + 1,
    )
    listed = f"tickets {_words(asked)}"
    if cursor is None:
        return asked, listed
    mark = call.edge.tokens.open_mark(call.workspace, cursor, "cursor", listed)
    return msgspec.structs.replace(asked, after=(mark.shown_at, mark.event_id)), listed


def _words(asked: Listing) -> list[Any]:
    """The filters in an order of their own: pages of a list may differ in length."""
    told = [getattr(asked, name) for name in Listing.__struct_fields__ if name not in ("after", "limit")]
    return [sorted(map(str, one)) if isinstance(one, frozenset) else str(one) for one in told]


def _customer(call: Call) -> CustomerId | None:
    name = call.query.text("customer")
    return None if name is None else CustomerId(read_id(name))


@route("GET", "/api/v1/tickets/{ticket}", "read", query=_THREAD, answers={200: TicketWithThread, 308: None})
@_follow
async def show(call: Call) -> Answer:
    """One ticket by its id or number, and the first page of what belongs to it."""
    query = thread_query(call)
    async with call.read() as db:
        ticket = await read_ticket(db, call.workspace, call.request.path_params["ticket"])
        page = await read_page_of(db, call.workspace, ticket, query)
    fields = {name: getattr(ticket, name) for name in ticket.__struct_fields__}
    return answer(TicketWithThread(**fields, timeline=timeline_page(call, page)), headers=etag(ticket))


@route("GET", "/api/v1/tickets/{ticket}/timeline", "read", query=_OF_TICKET, answers={200: TimelinePage, 308: None})
@_follow
async def show_items(call: Call) -> Answer:
    """One page of what belongs to a ticket, newest first."""
    query = thread_query(call)
    async with call.read() as db:
        ticket = await read_ticket(db, call.workspace, call.request.path_params["ticket"])
        return answer(timeline_page(call, await read_page_of(db, call.workspace, ticket, query)))


@route("GET", "/api/v1/void-commands", "read", query=(_CUSTOMER, LIMIT, CURSOR), answers={200: VoidPage})
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
