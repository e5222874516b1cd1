"""Customers: the list, the profile, the timeline, and why their contacts are one person."""

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Final
from uuid import UUID

import msgspec

from app import access
from app.api.calls import Answer, Call, answer, moved_to
from app.api.routes import Parameter, Route, route
from app.api.shapes import CustomerPage, ProfileIdentifier, ProfileView, TimelinePage
from app.db import Db
from app.errors import bad_request
from channels import bouncing
from identity.customers import CustomerId, WorkspaceId
from identity.errors import Absorbed
from identity.explaining import IdentifierView, IdentityView, identifier_views, possible_view, read_identity
from search.calling import find_called, prepare_called
from search.hits import customers_of
from timeline.events import CHANGE, RECORDED
from timeline.threads import Page, ThreadQuery, read_page, read_profile

MOST_TYPED: Final = 200
KINDS: Final = frozenset(RECORDED) | {CHANGE}

_TIME: Final = {"type": "string", "format": "date-time"}
_TEXT: Final = {"type": "string"}
LIMIT: Final = Parameter(
    name="limit",
    words="How many items, 50 by default.",
    schema={"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
)
CURSOR: Final = Parameter(name="cursor", words="`next` of the page before.", schema=_TEXT)
AS_OF: Final = Parameter(name="as_of", words="As it was at this moment.", schema=_TIME)
PAGING: Final = (
    LIMIT,
    Parameter(name="before", words="Older items: `next` of the page before.", schema=_TEXT),
    Parameter(name="after", words="Newer items: `previous` of a page.", schema=_TEXT),
    Parameter(
        name="kind",
        words="Only these kinds; given twice means or.",
        schema={"type": "array", "items": {"type": "string", "enum": sorted(KINDS)}},
    ),
    Parameter(
        name="channel",
        words="Only these channels; given twice means or.",
        schema={"type": "array", "items": {"type": "string"}},
    ),
    Parameter(
        name="ticket",
        words="Only what belongs to this ticket of the customer, by its id or number; given twice means or.",
        schema={"type": "array", "items": {"type": "string"}},
    ),
    Parameter(name="from", words="Inclusive.", schema=_TIME),
    Parameter(name="to", words="Exclusive.", schema=_TIME),
    AS_OF,
)


_IMPOSSIBLE: Final = frozenset({422})


def follow_merges(handler: Callable[[Call], Awaitable[Answer]]) -> Callable[[Call], Awaitable[Answer]]:
    """An absorbed customer's id answers for ever: with the survivor's path, the query kept."""

    @wraps(handler)
    async def following(call: Call) -> Answer:
        try:
            return await handler(call)
        except Absorbed as absorbed:
            scope = call.request.scope
            path = scope["path"].replace(call.request.path_params["customer_id"], str(absorbed.survivor), 1)
            return moved_to(path, scope["query_string"])

    return following


@route(
    "GET",
    "/api/v1/customers",
    "read",
    query=(
        Parameter(
            name="identifier",
            words="`kind:value` or `kind:scope:value`; given twice means or.",
            schema={"type": "array", "items": {"type": "string"}},
        ),
        Parameter(
            name="q",
            words="By name, address or number, as it is typed: the best first, at most 200.",
            schema={"type": "string", "minLength": 1, "maxLength": MOST_TYPED},
        ),
        LIMIT,
        CURSOR,
    ),
    answers={200: CustomerPage},
    refuses=frozenset({503}),
)
async def list_customers(call: Call) -> Answer:
    """All customers, or those with an identifier, or those who are called so."""
    query = call.query
    limit, identifiers, typed = query.limit(), query.texts("identifier"), query.text("q")
    if typed is not None:
        if identifiers:
            raise bad_request("identifier", "give either identifier or q")
        return answer(await _called(call, typed, limit))
    listed = "customers " + " ".join(identifiers)
    after = call.start_of(listed)
    async with call.read() as db:
        found = await access.find_customers(db, call.caller, identifiers, after, limit + 1)
    return answer(CustomerPage(items=found[:limit], next=call.next_of(listed, [one.id for one in found], limit)))


async def _called(call: Call, typed: str, limit: int) -> CustomerPage:
    """Those who are called so, or nearly, the best first."""
    if not typed.strip() or len(typed) > MOST_TYPED:
        raise bad_request("q", f"expected 1 to {MOST_TYPED} characters")
    listed, engine, region = f"customers called {typed}", call.edge.engine, call.caller.workspace.region
    last = call.start_of(listed)
    after = None if last is None else CustomerId(last)
    async with call.read() as db:
        asked = await prepare_called(db, call.workspace, typed, engine.name, region)
    contacts = await find_called(engine, call.workspace, asked)
    async with call.read() as db:
        found = [CustomerId(one) for one in await customers_of(db, call.workspace, contacts)]
        rest = found if after is None else found[found.index(after) + 1 :] if after in found else []
        items = await access.summarised(db, call.caller, rest[: limit + 1])
    return CustomerPage(items=items[:limit], next=call.next_of(listed, [one.id for one in items], limit))


@route(
    "GET",
    "/api/v1/customers/{customer_id}",
    "read",
    query=PAGING,
    answers={200: ProfileView, 308: None},
    refuses=_IMPOSSIBLE,
)
@follow_merges
async def show_profile(call: Call) -> Answer:
    """The profile: who it is, what stands open, how much there is, and the first page of the thread."""
    customer, query = CustomerId(call.path_id("customer_id")), thread_query(call)
    async with call.read() as db:
        profile = await read_profile(db, call.workspace, customer, query)
        people = profile.people
        identifiers = await _with_marks(db, call.workspace, identifier_views(people.identifiers))
    view = ProfileView(
        id=people.customer_id,
        name=profile.name,
        contacts=people.persons,
        identifiers=identifiers,
        tickets=profile.tickets,
        tickets_state=profile.tickets_state,
        objects=profile.objects,
        possible=[possible_view(possible) for possible in people.possible],
        counts=profile.counts,
        timeline=timeline_page(call, profile.timeline),
        head=call.edge.tokens.seal_checkpoint(call.workspace, profile.head),
        absorbed=list[UUID](people.absorbed),
    )
    return answer(view)


async def _with_marks(db: Db, workspace: WorkspaceId, held: Sequence[IdentifierView]) -> list[ProfileIdentifier]:
    addresses = [one.value for one in held if one.kind == "email"]
    marks = await bouncing.marks_of(db, workspace, addresses) if addresses else {}
    return [
        ProfileIdentifier(
            **msgspec.structs.asdict(one),
            bounced=marks.get(one.value.lower(), msgspec.UNSET) if one.kind == "email" else msgspec.UNSET,
        )
        for one in held
    ]


@route(
    "GET",
    "/api/v1/customers/{customer_id}/timeline",
    "read",
    query=PAGING,
    answers={200: TimelinePage, 308: None},
    refuses=_IMPOSSIBLE,
)
@follow_merges
async def show_timeline(call: Call) -> Answer:
    """One page of the thread, newest first."""
    customer, query = CustomerId(call.path_id("customer_id")), thread_query(call)
    async with call.read() as db:
        page = await read_page(db, call.workspace, customer, query)
    return answer(timeline_page(call, page))


@route(
    "GET", "/api/v1/customers/{customer_id}/identity", "read", query=(AS_OF,), answers={200: IdentityView, 308: None}
)
@follow_merges
async def show_identity(call: Call) -> Answer:
    """Contacts, evidence and decisions: why these are one person; whose each value is, and what stands beside."""
    customer, as_of = CustomerId(call.path_id("customer_id")), call.query.time("as_of")
    async with call.read() as db:
        return answer(await read_identity(db, call.workspace, customer, as_of, call.caller.workspace.salt))


def thread_query(call: Call) -> ThreadQuery:
    """What of a thread a request asks for. Raises the 400."""
    query, tokens = call.query, call.edge.tokens
    before, after = query.text("before"), query.text("after")
    if before is not None and after is not None:
        raise bad_request("after", "give either before or after")
    return ThreadQuery(
        limit=query.limit(),
        before=tokens.open_mark(call.workspace, before, "before") if before is not None else None,
        after=tokens.open_mark(call.workspace, after, "after") if after is not None else None,
        kinds=query.several("kind", KINDS),
        channels=query.several("channel", call.caller.workspace.channels),
        tickets=query.texts("ticket"),
        start=query.time("from"),
        end=query.time("to"),
        as_of=query.time("as_of"),
    )


def timeline_page(call: Call, page: Page) -> TimelinePage:
    """A page as it is answered, its marks sealed."""
    seal = call.edge.tokens.seal_mark
    return TimelinePage(
        items=page.items, next=seal(call.workspace, page.next), previous=seal(call.workspace, page.previous)
    )


ROUTES: Final[tuple[Route, ...]] = (list_customers, show_profile, show_timeline, show_identity)
