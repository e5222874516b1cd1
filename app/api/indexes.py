"""What search stands on: how far each index is, and the documents that were set aside."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Route, route
from app.indexing import Indexer
from search.engine import EngineAway
from search.indexes import live as read_live
from search.standing import Fault, IndexState, read_fault, read_faults, read_states

LISTED: Final = "index faults"


class Indexes(msgspec.Struct, frozen=True, kw_only=True):
    """The index that answers (null before the worker has made one), and one that is made beside it. `documents` are
    those that are really in the index, `unembedded` those of them that wait for a vector; null where the engine does
    not answer, and `trouble` says so."""

    engine: str
    live: IndexState | None
    beside: IndexState | None
    documents: int | None
    unembedded: int | None
    trouble: str | None


class FaultPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Fault]
    next: str | None


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the document is in the index now; `fault` says what is the matter still."""

    indexed: bool
    fault: Fault | None


@route("GET", "/api/v1/index", "read", answers={200: Indexes})
async def show(call: Call) -> Answer:
    """How far the search index is, whether it misses something, and what is made beside it."""
    _ = call.query
    engine, now = call.edge.engine, datetime.now(UTC)
    async with call.read() as db:
        states = await read_states(db, call.workspace, engine.name, now)
        live = next((one for one in states if one.state == "live"), None)
        kept = await read_live(db, call.workspace, engine.name)
    counts, trouble = None, None
    if kept is not None:
        try:
            counts = await engine.count(call.workspace, kept)
        except EngineAway as away:
            trouble = away.words
    return answer(
        Indexes(
            engine=engine.name,
            live=live,
            beside=next((one for one in states if one.state == "building"), None),
            documents=None if counts is None else counts.documents,
            unembedded=None if counts is None else counts.unembedded,
            trouble=trouble,
        )
    )


@route("GET", "/api/v1/index/faults", "quarantine.read", query=(LIMIT, CURSOR), answers={200: FaultPage})
async def list_faults(call: Call) -> Answer:
    """Documents that were set aside, each with words why; all others are found."""
    limit = call.query.limit()
    after = call.start_of(LISTED)
    async with call.read() as db:
        found = await read_faults(db, call.workspace, after, limit + 1)
    more = call.next_of(LISTED, [one.id for one in found], limit)
    return answer(FaultPage(items=found[:limit], next=more))


@route(
    "POST",
    "/api/v1/index/faults/{fault_id}/retry",
    "quarantine.decide",
    answers={200: Retried},
)
async def retry(call: Call) -> Answer:
    """Make and write the document again. Asked twice it is tried twice, and is one document."""
    wanted, edge = call.path_id("fault_id"), call.edge

    async def work() -> Answer:
        async with call.read() as db:
            fault = await read_fault(db, call.workspace, wanted)
        indexer = Indexer(edge.database, None, edge.engine, None)
        if await indexer.retry(call.workspace, fault.generation, fault.document, datetime.now(UTC)):
            return answer(Retried(indexed=True, fault=None))
        async with call.read() as db:
            return answer(Retried(indexed=False, fault=await read_fault(db, call.workspace, wanted)))

    return await call.write_in_parts(work)


ROUTES: Final[tuple[Route, ...]] = (show, list_faults, retry)
