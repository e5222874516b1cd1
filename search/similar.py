"""Which past cases are like this one, or like this text, and what ended them? By the meaning of the matter, over all
channels; those that were solved for good first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import CustomerId, WorkspaceId
from search import sources
from search.building import Case, case_id, read_told, said
from search.embeddings import Embedder
from search.engine import Asked, Candidate, Engine, Filters, Found, Index
from search.fusion import Asking, Ranked, fuse
from search.highlights import highlight
from search.history import NO_MODEL, OTHER_MODEL
from search.showing import Hit, documents, show
from timeline.events import EventId
from timeline.tickets.ticket import as_of

Db = Any
CANDIDATES: Final = 60
ALIKE: Final = 0.35
"""Below this cosine nothing is alike."""
NEARLY: Final = 0.25
"""How far behind the best one a solved case may lie and still come before it."""
LONGEST_ANSWER: Final = 2_000
_SEMANTIC: Final = Asking(mode="semantic", words=0)


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The last that was answered before a case ended."""

    event_id: EventId
    text: str


class SimilarCase(msgspec.Struct, frozen=True, kw_only=True):
    """A past case; `own`: of the customer who asks now."""

    case: Hit
    own: bool
    answer: Ending | None


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """The best first; `degraded` says in words why there may be none."""

    ranked: list[Ranked]
    degraded: tuple[str, ...] = ()


async def like_ticket(engine: Engine, workspace: WorkspaceId, index: Index, ticket: UUID, now: datetime) -> Alike:
    """Raises `EngineAway`."""
    if index.model is None:
        return Alike(ranked=[], degraded=(NO_MODEL,))
    found = await engine.near(workspace, index, case_id(ticket), _asked(None))
    return Alike(ranked=solved_first(found.meaning, now), degraded=found.degraded)


async def like_text(
    engine: Engine, embedder: Embedder | None, workspace: WorkspaceId, index: Index, text: str, now: datetime
) -> Alike:
    """Raises `EngineAway` and `EmbedderAway`."""
    if embedder is None or index.model is None:
        return Alike(ranked=[], degraded=(NO_MODEL,))
    if index.model != embedder.model:
        return Alike(ranked=[], degraded=(OTHER_MODEL,))
    found = await engine.find(workspace, index, _asked(await embedder.query(text)))
    return Alike(ranked=solved_first(found.meaning, now), degraded=found.degraded)


def solved_first(candidates: Sequence[Candidate], now: datetime) -> list[Ranked]:
    """What is alike at all, those that were solved before the others unless far less alike."""
    ranked = [
        one for one in fuse(Found(meaning=list(candidates)), _SEMANTIC, now) if (one.parts.meaning or 0.0) >= ALIKE
    ]
    solved = {one.id for one in candidates if "solved" in one.outcomes}
    best = max((one.parts.meaning or 0.0 for one in ranked), default=0.0)
    first = [one for one in ranked if one.id in solved and (one.parts.meaning or 0.0) >= best - NEARLY]
    ids = {one.id for one in first}
    return [*first, *(one for one in ranked if one.id not in ids)]


async def read_cases(
    db: Db,
    workspace: WorkspaceId,
    ranked: Sequence[Ranked],
    customer: CustomerId | None,
    region: str | None,
    now: datetime,
) -> list[SimilarCase]:
    """As they stand today, each with the answer that ended it."""
    hits = await show(
        db, workspace, ranked, lambda one: highlight((one.text, one.title), (), (), ()), region, now, internal=True
    )
    found = await documents(db, workspace, [hit.id for hit in hits], region, now)
    endings = await _endings(db, workspace, list(found.cases.values()), now)
    return [
        SimilarCase(case=hit, own=hit.customer_id == customer, answer=endings.get(hit.event_id))
        for hit in hits
        if hit.event_id is not None
    ]


async def _endings(db: Db, workspace: WorkspaceId, cases: Sequence[Case], now: datetime) -> dict[UUID, Ending]:
    ended = [as_of(case.fold, now) for case in cases]
    parts = [(fold, part) for fold in ended if fold.is_ended for part in (fold.id, *fold.parts)]
    if not parts:
        return {}
    until = [max(fold.ended_at or now, fold.last_at) for fold, _ in parts]
    found = await sources.answers(db, workspace, [fold.id for fold, _ in parts], [part for _, part in parts], until)
    told = {ticket: (event, read_told(data)) for ticket, (event, data) in found.items()}
    return {
        ticket: Ending(event_id=EventId(event), text=said(one)[:LONGEST_ANSWER])
        for ticket, (event, one) in told.items()
        if not one.erased
    }


def _asked(vector: bytes | None) -> Asked:
    return Asked(filters=Filters(internal=False, kinds=frozenset({"case"})), vector=vector, limit=CANDIDATES)
