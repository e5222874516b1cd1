"""Past cases like a ticket, or like a text: how they ended, and with which answer."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.customers import LIMIT
from app.api.routes import Route, route
from identity.customers import CustomerId
from search.embeddings import EmbedderAway
from search.engine import EngineAway
from search.fusion import Ranked
from search.history import live_index, of_today
from search.similar import SimilarCase, like_text, like_ticket, read_cases
from timeline.tickets.reading import find_standing

MOST_TEXT: Final = 2_000


class SimilarPage(msgspec.Struct, frozen=True, kw_only=True):
    """Cases that were solved first, then by likeness; at most 60 are looked at, and there is no second page."""

    items: list[SimilarCase]
    next: None = None
    degraded: list[str]


class LikeText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A matter in words; the cases of `customer` are marked as its own."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_TEXT)]
    customer: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 10


@route(
    "GET",
    "/api/v1/tickets/{ticket}/similar",
    "read",
    query=(LIMIT,),
    answers={200: SimilarPage},
    refuses=frozenset({503}),
)
async def similar_to_ticket(call: Call) -> Answer:
    """Past cases whose matter is like this ticket's, on any channel: solved ones first, with the answer that ended
    them."""
    limit, now, engine = call.query.limit(), datetime.now(UTC), call.edge.engine
    async with call.read() as db:
        ticket, customer = await find_standing(db, call.workspace, call.request.path_params["ticket"])
        index = await live_index(db, call.workspace, call.edge.engine.name)
    found = await like_ticket(engine, call.workspace, index, ticket.id, now)
    return await _shown(call, found.ranked[:limit], customer, found.degraded, now)


@route(
    "POST",
    "/api/v1/search/similar",
    "read",
    takes=LikeText,
    answers={200: SimilarPage},
    refuses=frozenset({404, 503}),
)
async def similar_to_text(call: Call) -> Answer:
    """Past cases whose matter is like a text. Keeps nothing."""
    asked, now = await call.take(LikeText), datetime.now(UTC)
    customer = None if asked.customer is None else CustomerId(read_id(asked.customer))
    async with call.read() as db:
        if customer is not None:
            customer, _ = await of_today(db, call.workspace, customer)
        index = await live_index(db, call.workspace, call.edge.engine.name)
    try:
        found = await like_text(call.edge.engine, call.edge.embedder, call.workspace, index, asked.text, now)
    except EmbedderAway as away:
        raise EngineAway(away.words) from None
    return await _shown(call, found.ranked[: asked.limit], customer, found.degraded, now)


async def _shown(
    call: Call, ranked: Sequence[Ranked], customer: CustomerId | None, degraded: Sequence[str], now: datetime
) -> Answer:
    async with call.read() as db:
        cases = await read_cases(db, call.workspace, ranked, customer, call.caller.workspace.region, now)
    return answer(SimilarPage(items=cases, degraded=list(degraded)))


ROUTES: Final[tuple[Route, ...]] = (similar_to_ticket, similar_to_text)
