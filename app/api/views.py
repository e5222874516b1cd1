"""Saved views: lists of tickets that somebody keeps, alone, with a team or with everybody, and what they hold."""

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from app import saved_views
from app.access import Caller
from app.api.calls import Answer, Call, answer
from app.api.customers import CURSOR, LIMIT
from app.api.listings import FILTERS, read_listing, read_sort
from app.api.queries import Query
from app.api.routes import Parameter, Route, route
from app.api.tickets import TicketPage, page_of
from app.db import Db, new_id
from app.errors import Problem, bad_request
from app.saved_views import Audience, Content, Filters, SavedView
from identity.errors import NotFound
from timeline.tickets.listing import Listing, Sort
from timeline.tickets.reading import as_of_today

PATH: Final = "/api/v1/views"
_WORDS: Final = frozenset(one.name for one in FILTERS)
_REFUSES: Final = frozenset({403, 404, 422})
_SOMEBODY: Final = UUID(int=0)
_COUNTS: Final = Parameter(name="counts", words="Also how many tickets each would show.", schema={"type": "boolean"})


class ViewPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the caller sees, in order of name."""

    items: list[SavedView]
    next: None = None


class NewView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`filters` are the words of a list of tickets with one value or several; `assignee: me` is whoever looks. A view
    of a `team`, or of the whole workspace, is made by who may configure."""

    name: str
    filters: Filters = {}
    sort: Sort = "last_at"
    columns: list[str] = []
    audience: Audience = "own"
    team: str | None = None


class ChangeView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    filters: Filters | msgspec.UnsetType = msgspec.UNSET
    sort: Sort | msgspec.UnsetType = msgspec.UNSET
    columns: list[str] | msgspec.UnsetType = msgspec.UNSET
    audience: Audience | msgspec.UnsetType = msgspec.UNSET
    team: str | msgspec.UnsetType | None = msgspec.UNSET


@route("GET", PATH, "read", query=(_COUNTS,), answers={200: ViewPage})
async def list_views(call: Call) -> Answer:
    """One's own views, those of one's teams and everybody's; with `counts` how many tickets each would show now, told
    up to 1,000."""
    counted = call.query.flag("counts")
    async with call.read() as db:
        found = await saved_views.list_views(db, call.caller)
        if counted:
            counts = await saved_views.count(db, call.caller, [perhaps_listing(one, call.caller) for one in found])
            found = [msgspec.structs.replace(one, count=told) for one, told in zip(found, counts, strict=True)]
    return answer(ViewPage(items=found))


@route("POST", PATH, "desk", takes=NewView, answers={201: SavedView}, refuses=_REFUSES)
async def add(call: Call) -> Answer:
    """Save a view. Each word of its filters is checked as that of a list is."""
    asked = await call.take(NewView)
    content = Content(**{name: getattr(asked, name) for name in Content.__struct_fields__})

    async def work(db: Db) -> Answer:
        await _check(db, call, content)
        return answer(await saved_views.add_view(db, call.caller, content, new_id), 201)

    return await call.write(work)


@route("GET", f"{PATH}/{{view}}", "read", answers={200: SavedView})
async def show(call: Call) -> Answer:
    """One view."""
    wanted = call.path_id("view")
    async with call.read() as db:
        return answer(await saved_views.read_view(db, call.caller, wanted))


@route("PATCH", f"{PATH}/{{view}}", "desk", takes=ChangeView, answers={200: SavedView}, refuses=_REFUSES)
async def change(call: Call) -> Answer:
    """Change a view of one's own; one that is shared takes the right to configure."""
    asked, wanted = await call.take(ChangeView), call.path_id("view")
    said = {name: value for name in asked.__struct_fields__ if (value := getattr(asked, name)) is not msgspec.UNSET}

    async def work(db: Db) -> Answer:
        was = await saved_views.read_view(db, call.caller, wanted)
        content = Content(**{name: said.get(name, getattr(was, name)) for name in Content.__struct_fields__})
        await _check(db, call, content)
        return answer(await saved_views.change_view(db, call.caller, was, content))

    return await call.write(work)


@route("DELETE", f"{PATH}/{{view}}", "desk", answers={200: SavedView}, refuses=_REFUSES)
async def remove(call: Call) -> Answer:
    """Forget a view. The answer is the view as it was."""
    wanted = call.path_id("view")

    async def work(db: Db) -> Answer:
        return answer(await saved_views.remove_view(db, call.caller, wanted))

    return await call.write(work)


@route("GET", f"{PATH}/{{view}}/tickets", "read", query=(LIMIT, CURSOR), answers={200: TicketPage})
async def list_tickets(call: Call) -> Answer:
    """The tickets that a view shows now."""
    wanted = call.path_id("view")
    async with call.read() as db:
        view = await saved_views.read_view(db, call.caller, wanted)
    return answer(await page_of(call, listing_of(view, call.caller), f"view {view.id}"))


def listing_of(view: SavedView | Content, caller: Caller) -> Listing:
    """Raises the 400 that names the word at fault, and `NotFound`."""
    query = Query(urlencode(view.filters, doseq=True).encode(), _WORDS)
    return msgspec.structs.replace(read_listing(query, caller), sort=read_sort(view.sort))


def perhaps_listing(view: SavedView, caller: Caller) -> Listing | None:
    """None where it cannot be asked: whose `me` is nobody's, or of a channel that is no more."""
    try:
        return listing_of(view, caller)
    except (Problem, NotFound):
        return None


async def _check(db: Db, call: Call, content: Content) -> None:
    """Raises the 400 with the path of the filter, and `NotFound` for a customer or an agent who is not there."""
    asking = msgspec.structs.replace(call.caller, agent=call.caller.agent or _SOMEBODY)
    try:
        asked = listing_of(content, asking)
    except Problem as problem:
        fault = problem.fields[0]
        raise bad_request(f"filters.{fault.field}" if fault.field else "filters", fault.words) from None
    await as_of_today(db, call.workspace, msgspec.structs.replace(asked, assignees=asked.assignees - {_SOMEBODY}))


ROUTES: Final[tuple[Route, ...]] = (list_views, add, show, change, remove, list_tickets)
