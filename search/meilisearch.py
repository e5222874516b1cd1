"""A search engine that is Meilisearch: typos forgiven wherever they stand, and the work on another machine.

Which of a workspace's indexes answers is told with every question (`search_index` in the ledger's database), so that it
is kept in one place.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec

from identity.customers import WorkspaceId
from search.documents import Document, meaning_digest
from search.engine import COUNTED, Asked, Candidate, Counts, Embedded, Found, Index, Refused, Unembedded
from search.meilisearch_client import Client
from search.meilisearch_filters import EMBEDDED, EVERY, FACETED, WAITING, behind, conditions, one_of
from search.meilisearch_questions import Held, Plan, Query, held, nearness, plan, read
from search.meilisearch_rows import (
    EMBEDDER,
    KEY,
    NEWEST,
    NO_VECTOR,
    READ,
    SHOWN,
    bare_row,
    candidate,
    digest_of,
    floats,
    index_name,
    row_of,
    settings,
    vector_in,
    vector_row,
)

NO_VECTORS: Final = "Found by words alone: the index holds no vectors of this model."
NOT_ALL_HELD: Final = "By meaning, only some of the documents with these phrases were looked at."
FIND_SECONDS: Final = 5.0
MOST_HELD: Final = 2_000
BATCH: Final = 500
"""Documents a task. Their texts are bounded, so that it stays far below what Meilisearch takes (100 MB)."""

T = TypeVar("T")


class Meilisearch:
    """Writes to one index are one after another in this process; what others do meanwhile is looked for afterwards."""

    name = "meilisearch"

    def __init__(self, url: str, key: str | None, *, find_seconds: float = FIND_SECONDS) -> None:
        self._server, self._find_seconds = Client(url, key), find_seconds
        self._made: dict[str, str | None] = {}
        self._writing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self) -> None:
        await self._server.open()

    async def close(self) -> None:
        await self._server.close()

    async def version(self) -> str:
        """Asked for with the key, so that a wrong one is told. Raises EngineAway."""
        async with self._server.asking(self._find_seconds):
            return await self._server.version()

    async def make(self, workspace: WorkspaceId, index: Index) -> None:
        name = index_name(workspace, index)
        async with self._server.asking(), self._writing[name]:
            await self._ready(name, index)

    async def _ready(self, name: str, index: Index) -> None:
        """Settings first: they make an index that is not there as documents would, but one that can be filtered."""
        made = await self._server.created(name)
        if made is None or self._made.get(name) != made:
            await self._server.set_up(name, settings(index))
            self._made[name] = await self._server.created(name)

    async def write(self, workspace: WorkspaceId, index: Index, documents: Sequence[Document]) -> list[Refused]:
        name = index_name(workspace, index)
        refused: list[Refused] = []
        async with self._server.asking(), self._writing[name]:
            await self._ready(name, index)
            for batch in _batches(list({document.id: document for document in documents}.values())):
                keep = await self._embedded(name, index, batch)
                old = [row_of(workspace, document, embedded=True) for document in batch if document.id in keep]
                new = [row_of(workspace, document, embedded=False) for document in batch if document.id not in keep]
                if index.model is not None:
                    new = [{**row, "_vectors": NO_VECTOR} for row in new]
                refused += await self._server.update(name, old)
                refused += await self._server.add(name, new)
        return refused

    async def _embedded(self, name: str, index: Index, documents: Sequence[Document]) -> set[str]:
        """Documents whose vectors stand: an update that says nothing of them leaves them."""
        if index.model is None:
            return set()
        wanted = {document.id: meaning_digest(document) for document in documents}
        rows = await self._server.rows(name, ids=list(wanted), fields=[KEY, "vector_digest"])
        return {row[KEY] for row in rows if row.get("vector_digest") and row["vector_digest"] == wanted[row[KEY]]}

    async def delete(self, workspace: WorkspaceId, index: Index, ids: Sequence[str]) -> None:
        name = index_name(workspace, index)
        async with self._server.asking(), self._writing[name]:
            for batch in _batches(ids):
                await self._server.delete(name, batch)

    async def unembedded(self, workspace: WorkspaceId, index: Index, limit: int) -> list[Unembedded]:
        if index.model is None:
            return []
        name, fields = index_name(workspace, index), [KEY, "meaning", "meaning_digest"]
        async with self._server.asking():
            rows = await self._server.rows(name, filter=WAITING, sort=",".join(NEWEST), fields=fields, limit=limit)
        return [Unembedded(id=row[KEY], meaning=row["meaning"], digest=row["meaning_digest"]) for row in rows]

    async def embed(self, workspace: WorkspaceId, index: Index, vectors: Sequence[Embedded]) -> list[Refused]:
        """A document whose vector is refused waits for none any more: it is found by its words."""
        name = index_name(workspace, index)
        refused: list[Refused] = []
        async with self._server.asking(), self._writing[name]:
            for batch in _batches(vectors):
                wanted = await self._meanings(name, [each.id for each in batch])
                fitting = {each.id: each for each in batch if wanted.get(each.id) == each.digest}
                rows = [vector_row(each.id, each.digest, each.vector) for each in fitting.values()]
                left = await self._server.update(name, rows)
                await self._server.update(name, [bare_row(each.id, waits=False) for each in left])
                await self._mend(name, {each.id: each.digest for each in fitting.values()})
                refused += left
        return refused

    async def _mend(self, name: str, embedded: dict[str, str]) -> None:
        """Another process may have written or deleted a document meanwhile: an update makes one that is not there."""
        wanted = await self._meanings(name, list(embedded))
        stale = [each for each, meaning in wanted.items() if meaning is not None and meaning != embedded[each]]
        await self._server.delete(name, [each for each, meaning in wanted.items() if meaning is None])
        await self._server.update(name, [bare_row(each, waits=True) for each in stale])

    async def _meanings(self, name: str, ids: list[str]) -> dict[str, str | None]:
        rows = await self._server.rows(name, ids=ids, fields=[KEY, "meaning_digest"])
        return {row[KEY]: row.get("meaning_digest") for row in rows}

    async def digests(self, workspace: WorkspaceId, index: Index, after: str, limit: int) -> list[tuple[str, str]]:
        name = index_name(workspace, index)
        async with self._server.asking():
            rows = await self._server.rows(name, filter=behind(after), sort=f"{KEY}:asc", limit=limit)
        return [(row[KEY], digest_of(row)) for row in rows]

    async def held(self, workspace: WorkspaceId, index: Index, ids: Sequence[str]) -> dict[str, str]:
        async with self._server.asking():
            rows = await self._server.rows(index_name(workspace, index), ids=list(ids))
        return {row[KEY]: digest_of(row) for row in rows}

    async def count(self, workspace: WorkspaceId, index: Index) -> Counts:
        name = index_name(workspace, index)
        async with self._server.asking():
            documents = await self._server.total(name, EVERY)
            waiting = await self._server.total(name, WAITING) if index.model is not None else 0
        return Counts(documents=documents, unembedded=waiting)

    async def swap(self, workspace: WorkspaceId, live: Index, new: Index) -> None:
        """Each index has a name of its own and a question says which it means, so that forgetting one is all."""
        await self.make(workspace, new)
        await self.drop(workspace, live)

    async def drop(self, workspace: WorkspaceId, index: Index) -> None:
        name = index_name(workspace, index)
        async with self._server.asking(), self._writing[name]:
            await self._server.drop(name)
            self._made.pop(name, None)

    async def find(self, workspace: WorkspaceId, index: Index, asked: Asked) -> Found:
        asked = msgspec.structs.replace(asked, limit=min(asked.limit, COUNTED))
        wanted = conditions(workspace, asked.filters, asked.after if asked.order == "newest" else None)
        if wanted is None:
            return _nothing(asked)
        name = index_name(workspace, index)
        async with self._server.asking(self._find_seconds):
            words, meaning = await asyncio.gather(
                self._words(name, wanted, asked), self._meaning(name, index, wanted, asked)
            )
        return msgspec.structs.replace(words, meaning=meaning.meaning, degraded=(*words.degraded, *meaning.degraded))

    async def _words(self, name: str, wanted: list[str], asked: Asked) -> Found:
        """Candidates, total and facets; with a vector alone, the last two of all that passes the filters."""
        if asked.words is not None:
            planned = plan(asked.words)
            return await self._planned(name, wanted, asked, planned) if planned.queries else _nothing(asked)
        if asked.vector is not None and not asked.total and not asked.facets:
            return Found()
        limit = asked.limit if asked.vector is None else 0
        told = await self._one(name, wanted, asked, Query(q=""), limit, newest=True)
        return _found(
            asked, [candidate(hit, 1.0, 1.0) for hit in told.hits[:limit]], told.total_hits, told.facet_distribution
        )

    async def _planned(self, name: str, wanted: list[str], asked: Asked, planned: Plan) -> Found:
        newest = asked.order == "newest"
        if len(planned.queries) == 1:
            told = await self._one(name, wanted, asked, planned.queries[0], asked.limit, newest=newest)
            return _found(asked, read(planned, told.hits), told.total_hits, told.facet_distribution, planned.degraded)
        facets = [FACETED[facet] for facet in asked.facets]
        queries = [self._query(query, wanted, newest=newest) for query in planned.queries]
        told = await self._server.merged(name, queries, asked.limit, facets)
        hits = told.hits + await self._named(name, wanted, asked, planned)
        counted = ((told.facets_by_index or {}).get(name) or {}).get("distribution")
        return _found(asked, read(planned, hits), told.estimated_total_hits, counted, planned.degraded)

    async def _named(self, name: str, wanted: list[str], asked: Asked, planned: Plan) -> list[dict[str, Any]]:
        """What names an id is found by it. Merged, it would come behind all that is scored: a filter scores nothing."""
        query = planned.queries[-1]
        if planned.named is None or query.filter is None or asked.order == "newest":
            return []
        bare = msgspec.structs.replace(asked, facets=())
        return (await self._one(name, wanted, bare, query, asked.limit, newest=False)).hits

    async def _one(self, name: str, wanted: list[str], asked: Asked, query: Query, limit: int, *, newest: bool) -> Any:
        """Numbered pages, because their total is exact up to `maxTotalHits`."""
        question = self._query(query, wanted, newest=newest)
        q, _ = question.pop("query"), question.pop("weight")
        facets = [FACETED[facet] for facet in asked.facets] or None
        return await self._server.search(name, q, page=1, hits_per_page=max(limit, 1), facets=facets, **question)

    def _query(self, query: Query, wanted: list[str], *, newest: bool) -> dict[str, Any]:
        return {
            "query": query.q,
            "weight": query.weight,
            "filter": [*wanted, query.filter] if query.filter else wanted,
            "matching_strategy": query.strategy,
            "sort": NEWEST if newest else None,
            "attributes_to_retrieve": list(READ if query.asked else SHOWN),
            "show_ranking_score": True,
            "show_ranking_score_details": True,
        }

    async def _meaning(self, name: str, index: Index, wanted: list[str], asked: Asked) -> Found:
        if asked.vector is None:
            return Found()
        if index.model is None or len(asked.vector) != 4 * index.dimensions:
            return Found(degraded=(NO_VECTORS,))
        degraded: tuple[str, ...] = ()
        must = held(asked.words) if asked.words is not None else None
        if must is not None:
            ids, all_of_them = await self._ids(name, wanted, must)
            degraded = () if all_of_them else (NOT_ALL_HELD,)
            among = one_of("id", ids)
            wanted = [*wanted, f"NOT {among}" if must.refused else among]
        told = await self._server.nearest(
            name,
            floats(asked.vector),
            EMBEDDER,
            filter=[*wanted, EMBEDDED],
            limit=asked.limit,
            attributes_to_retrieve=list(SHOWN),
            show_ranking_score=True,
        )
        return Found(meaning=_cosines(told.hits), degraded=degraded)

    async def _ids(self, name: str, wanted: list[str], must: Held) -> tuple[list[str], bool]:
        """Documents that the words say, and whether these are all: by meaning, words are not looked at."""
        queries = [
            {**self._query(query, wanted, newest=False), "attributes_to_retrieve": [KEY]} for query in must.queries
        ]
        if not queries:
            return [], True
        told = await self._server.merged(name, queries, MOST_HELD, ())
        return [hit[KEY] for hit in told.hits], told.estimated_total_hits <= MOST_HELD

    async def near(self, workspace: WorkspaceId, index: Index, document: str, asked: Asked) -> Found:
        wanted = conditions(workspace, asked.filters)
        if wanted is None:
            return _nothing(asked)
        if index.model is None:
            return Found(degraded=(NO_VECTORS,))
        async with self._server.asking(self._find_seconds):
            told = await self._server.similar(
                index_name(workspace, index),
                document,
                embedder=EMBEDDER,
                filter=[*wanted, EMBEDDED],
                limit=min(asked.limit, COUNTED),
                attributes_to_retrieve=list(SHOWN),
                show_ranking_score=True,
            )
            return Found(meaning=_cosines(told.hits) if told is not None else [])

    async def around(
        self, workspace: WorkspaceId, index: Index, seeds: Sequence[tuple[str, float]], ids: Sequence[str]
    ) -> dict[str, float]:
        """Meilisearch compares with one vector or one document: the vectors are fetched and compared here."""
        if index.model is None or not seeds or not ids:
            return {}
        asked = list({*ids, *(identifier for identifier, _ in seeds)})
        async with self._server.asking(self._find_seconds):
            name = index_name(workspace, index)
            rows = await self._server.rows(name, ids=asked, fields=[KEY, "_vectors"], retrieve_vectors=True)
        vectors = {row[KEY]: vector for row in rows if (vector := vector_in(row)) is not None}
        return nearness(vectors, seeds, ids)


def _cosines(hits: Sequence[dict[str, Any]]) -> list[Candidate]:
    """Its score is (1 + cosine) / 2 while no `distribution` is set."""
    return [candidate(hit, 2 * hit["_rankingScore"] - 1) for hit in hits]


def _found(
    asked: Asked,
    candidates: list[Candidate],
    total: int | None,
    counted: dict[str, dict[str, int]] | None,
    degraded: tuple[str, ...] = (),
) -> Found:
    best = {each.id: each for each in sorted(candidates, key=lambda each: each.score)}
    newest = asked.order == "newest" or asked.words is None
    once = sorted(best.values(), key=_newest if newest else _best, reverse=True)
    return Found(
        words=once[: asked.limit],
        total=total if asked.total else None,
        facets={facet: (counted or {}).get(FACETED[facet], {}) for facet in asked.facets},
        degraded=degraded,
    )


def _newest(found: Candidate) -> tuple[Any, ...]:
    return found.at, found.id


def _best(found: Candidate) -> tuple[Any, ...]:
    return found.ident, found.score, found.at, found.id


def _nothing(asked: Asked) -> Found:
    return Found(total=0 if asked.total else None, facets={facet: {} for facet in asked.facets})


def _batches(many: Sequence[T]) -> Iterator[Sequence[T]]:
    return (many[start : start + BATCH] for start in range(0, len(many), BATCH))
