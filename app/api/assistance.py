"""Before saying hello: what was said, in dated lines that name their item, and answers of the past."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from app.access import may
from app.api.calls import Answer, Call, answer
from app.api.customers import follow_merges
from app.api.routes import Parameter, Route, route
from app.api.tickets import follow_tickets
from identity.customers import CustomerId
from search import indexes
from search.assistance import CatchUp, catch_up_customer, catch_up_ticket
from search.embeddings import EmbedderAway
from search.engine import EngineAway
from search.similar import read_cases
from search.suggested import LOOKED_AT, Asked, SuggestedAnswer, alike, last_asked, suggested
from timeline.tickets.reading import read_ticket

MOST: Final = 5
SEEN: Final = Parameter(
    name="version",
    words="The `version` of lines that one has: `stale` says whether what they were taken from is other by now.",
    schema={"type": "string", "maxLength": 64},
)


class SuggestedAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """Answers that ended cases like what was `asked` last (null: nobody asked anything), those that solved one first.
    `degraded` says in words why there may be none."""

    asked: Asked | None
    items: list[SuggestedAnswer]
    degraded: list[str]


@route("GET", "/api/v1/customers/{customer_id}/catch-up", "read", query=(SEEN,), answers={200: CatchUp, 308: None})
@follow_merges
async def customer_catch_up(call: Call) -> Answer:
    """What a customer's latest matters were about and how they were answered, in the words that were used."""
    customer, seen = CustomerId(call.path_id("customer_id")), call.query.text("version")
    async with call.read() as db:
        return answer(await catch_up_customer(db, call.workspace, customer, seen))


@route("GET", "/api/v1/tickets/{ticket}/catch-up", "read", query=(SEEN,), answers={200: CatchUp, 308: None})
@follow_tickets
async def ticket_catch_up(call: Call) -> Answer:
    """Who said what in a ticket, turn by turn; notes for those who may read them."""
    seen, notes = call.query.text("version"), may(call.caller, "notes.read")
    async with call.read() as db:
        ticket = await read_ticket(db, call.workspace, call.request.path_params["ticket"])
        return answer(await catch_up_ticket(db, call.workspace, ticket, notes=notes, seen=seen))


@route(
    "GET",
    "/api/v1/tickets/{ticket}/suggested-answers",
    "read",
    answers={200: SuggestedAnswers, 308: None},
    refuses=frozenset({503}),
)
@follow_tickets
async def suggested_answers(call: Call) -> Answer:
    """Answers of the past to what a ticket's customer said last, each with the case that it ended. Sends nothing."""
    _ = call.query
    now, engine, embedder = datetime.now(UTC), call.edge.engine, call.edge.embedder
    async with call.read() as db:
        ticket = await read_ticket(db, call.workspace, call.request.path_params["ticket"])
        asked = await last_asked(db, call.workspace, ticket)
        index = await indexes.live(db, call.workspace, engine.name)
    if asked is None:
        return answer(SuggestedAnswers(asked=None, items=[], degraded=[]))
    if index is None:
        raise EngineAway("the index of this workspace is being made")
    try:
        found = await alike(engine, embedder, call.workspace, index, ticket.id, asked.text, now)
    except EmbedderAway as away:
        raise EngineAway(away.words) from None
    ranked, region = found.ranked[:LOOKED_AT], call.caller.workspace.region
    async with call.read() as db:
        cases = await read_cases(db, call.workspace, ranked, ticket.customer_id, region, now)
    items = suggested(cases, ticket.id, MOST)
    return answer(SuggestedAnswers(asked=asked, items=items, degraded=list(found.degraded)))


ROUTES: Final[tuple[Route, ...]] = (customer_catch_up, ticket_catch_up, suggested_answers)
