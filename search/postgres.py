"""The engine that needs nothing: PostgreSQL with full text, trigrams and vectors."""

import struct
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from identity.customers import WorkspaceId
from search import lexemes, postgres_finding, postgres_store, probing
from search.documents import Document, digest, meaning_digest
from search.engine import (
    Asked,
    Counts,
    Embedded,
    Found,
    Index,
    Refused,
    Unembedded,
    Words,
)
from search.postgres_store import Db, Kept
from search.probing import Sample

T = TypeVar("T")

BATCH: Final = 500
SIGNS: Final = 300_000
"""Documents of one transaction, and the signs in them: a statement has to end within seconds, however busy it is."""
VECTORS: Final = 100
"""Of one transaction: each takes its place in the graph."""
MOST_STEMS: Final = 50_000
SAMPLE: Final = 2_000
SAMPLE_SECONDS: Final = 120.0
YOUNG_SECONDS: Final = 5.0
MOST_SAMPLES: Final = 200
NO_VECTORS: Final = "Found by words alone: the index holds no vectors of this model."
NOT_TAKEN: Final = (asyncpg.DataError, asyncpg.ProgramLimitExceededError, asyncpg.UntranslatableCharacterError)


class Access(Protocol):
    """The process's connections, as the edge has them."""

    def read(self, workspace: UUID) -> AbstractAsyncContextManager[Db]: ...

    async def write(self, workspace: UUID, work: Callable[[Db], Awaitable[T]]) -> T: ...


class PostgresEngine:
    """`search.engine.Engine`. A database that is away raises what `Access` raises for it."""

    name = "postgres"

    def __init__(self, database: Access) -> None:
        self._database = database
        self._stems: dict[str, tuple[str, ...]] = {}
        self._samples: dict[tuple[UUID, int], tuple[float, Sample]] = {}

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def make(self, workspace: WorkspaceId, index: Index) -> None:
        """Nothing to make: an index is its rows."""

    async def write(self, workspace: WorkspaceId, index: Index, documents: Sequence[Document]) -> list[Refused]:
        newest = list({document.id: document for document in documents}.values())
        refused: list[Refused] = []
        for some in _batches(newest):
            refused += await self._write(workspace, index, some)
        self._samples.pop((workspace, index.generation), None)
        return refused

    async def _write(self, workspace: UUID, index: Index, documents: list[Document]) -> list[Refused]:
        """All at once; one by one where one of them is not taken."""
        try:
            await self._database.write(workspace, lambda db: self._put(db, workspace, index, documents))
        except (*NOT_TAKEN, UnicodeError) as error:
            if len(documents) == 1:
                return [Refused(id=documents[0].id, words=f"PostgreSQL does not take it: {error}")]
            return [one for document in documents for one in await self._write(workspace, index, [document])]
        return []

    async def _put(self, db: Db, workspace: UUID, index: Index, documents: list[Document]) -> None:
        stems = await self._learn(db, (word for document in documents for word in lexemes.all_words(document)))
        marked = lexemes.mark(workspace.bytes, index.generation)
        kept = [_kept(document, marked, stems) for document in documents]
        await postgres_store.write(db, workspace, index.generation, kept)
        if meaning := [one for one in kept if one.meaning]:
            await postgres_store.write_meanings(db, workspace, index.generation, meaning)
        if silent := [one.id for one in kept if not one.meaning]:
            await postgres_store.delete_meanings(db, workspace, index.generation, silent)

    async def _learn(self, db: Db, words: Iterable[str]) -> lexemes.Stems:
        """The stems of these words, and of others. Held by the caller: when there are too many, another takes over."""
        wanted = set(words)
        unknown = wanted - self._stems.keys()
        if len(self._stems) + len(unknown) > MOST_STEMS:
            self._stems, unknown = {}, wanted
        stems = self._stems
        if unknown:
            for row in await postgres_store.stems(db, sorted(unknown)):
                stems[row["word"]] = tuple(sys.intern(stem) for stem in row["stems"])
        return stems

    async def delete(self, workspace: WorkspaceId, index: Index, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            await self._database.write(
                workspace, lambda db, some=some: postgres_store.delete(db, workspace, index.generation, some)
            )
        self._samples.pop((workspace, index.generation), None)

    async def unembedded(self, workspace: WorkspaceId, index: Index, limit: int) -> list[Unembedded]:
        async with self._database.read(workspace) as db:
            rows = await postgres_store.waiting(db, workspace, index.generation, limit)
        return [Unembedded(id=row["id"], meaning=row["meaning"], digest=row["digest"]) for row in rows]

    async def embed(self, workspace: WorkspaceId, index: Index, vectors: Sequence[Embedded]) -> list[Refused]:
        refused = [
            Refused(id=one.id, words=f"a vector of {len(one.vector) // 4} numbers, not {index.dimensions}")
            for one in vectors
            if len(one.vector) != 4 * index.dimensions
        ]
        wrong = {one.id for one in refused}
        rows = [(one.id, one.digest, postgres_finding.numbers_of(one.vector)) for one in vectors if one.id not in wrong]
        for start in range(0, len(rows), VECTORS):
            some = rows[start : start + VECTORS]
            await self._database.write(
                workspace, lambda db, some=some: postgres_store.put_vectors(db, workspace, index.generation, some)
            )
        return refused

    async def digests(self, workspace: WorkspaceId, index: Index, after: str, limit: int) -> list[tuple[str, str]]:
        async with self._database.read(workspace) as db:
            rows = await postgres_store.digests(db, workspace, index.generation, after, limit)
        return [(row["id"], row["digest"]) for row in rows]

    async def held(self, workspace: WorkspaceId, index: Index, ids: Sequence[str]) -> dict[str, str]:
        async with self._database.read(workspace) as db:
            rows = await postgres_store.held(db, workspace, index.generation, ids)
        return {row["id"]: row["digest"] for row in rows}

    async def count(self, workspace: WorkspaceId, index: Index) -> Counts:
        async with self._database.read(workspace) as db:
            row = await postgres_store.count(db, workspace, index.generation)
        assert row is not None
        return Counts(documents=row["documents"], unembedded=row["waiting"])

    async def swap(self, workspace: WorkspaceId, live: Index, new: Index) -> None:
        """Who asks names the generation, so there is nothing to point elsewhere."""
        if live.generation != new.generation:
            await self.drop(workspace, live)

    async def drop(self, workspace: WorkspaceId, index: Index) -> None:
        async def some(db: Db) -> list[str]:
            ids = await postgres_store.some_ids(db, workspace, index.generation, BATCH)
            await postgres_store.delete(db, workspace, index.generation, ids)
            return ids

        while await self._database.write(workspace, some):
            pass
        self._samples.pop((workspace, index.generation), None)

    async def find(self, workspace: WorkspaceId, index: Index, asked: Asked) -> Found:
        if asked.filters.contacts == ():
            return Found(total=0 if asked.total else None, facets={facet: {} for facet in asked.facets})
        async with self._database.read(workspace) as db:
            sample = await self._sampled(db, workspace, index)
            stems = await self._learn(db, _typed(asked.words or Words()))
            marked = lexemes.mark(workspace.bytes, index.generation)
            held = lexemes.held_query(asked.filters, marked)
            plan = probing.probing_of(asked.words or Words(), held, marked, stems, sample)
            seen = postgres_finding.Seen()
            words = await postgres_finding.by_words(db, index, asked, plan, sample, seen)
            meaning = await postgres_finding.by_meaning(db, workspace, index, asked, plan, sample, seen)
            total, facets = await postgres_finding.counted(db, index, asked, plan, sample, seen)
        degraded = (NO_VECTORS,) if asked.vector is not None and not postgres_finding.fits(asked.vector, index) else ()
        return Found(words=words, meaning=meaning, total=total, facets=facets, degraded=degraded)

    async def near(self, workspace: WorkspaceId, index: Index, document: str, asked: Asked) -> Found:
        async with self._database.read(workspace) as db:
            vector = await postgres_store.vector_of(db, workspace, index.generation, document)
        if vector is None:
            return Found()
        filters = msgspec.structs.replace(asked.filters, without=asked.filters.without | {document})
        return await self.find(
            workspace,
            index,
            msgspec.structs.replace(
                asked, vector=struct.pack(f"<{len(vector)}f", *vector), words=None, filters=filters
            ),
        )

    async def around(
        self, workspace: WorkspaceId, index: Index, seeds: Sequence[tuple[str, float]], ids: Sequence[str]
    ) -> dict[str, float]:
        async with self._database.read(workspace) as db:
            rows = await postgres_store.around(db, workspace, index.generation, seeds, ids)
        return {row["id"]: row["cosine"] for row in rows}

    async def _sampled(self, db: Db, workspace: UUID, index: Index) -> Sample:
        """How common words are: looked at again every two minutes, in a young index every few seconds."""
        key, now = (workspace, index.generation), time.monotonic()
        known = self._samples.get(key)
        if known is not None:
            lasts = SAMPLE_SECONDS if known[1].documents > SAMPLE else YOUNG_SECONDS
            if now - known[0] < lasts:
                return known[1]
        rows = await postgres_store.sample(db, index.generation, SAMPLE)
        size = next(row["documents"] for row in rows if row["word"] is None)
        length = next(row["documents"] for row in rows if row["word"] == "")
        seen = {row["word"][lexemes.MARK :]: row["documents"] for row in rows if row["word"] and row["word"] != " "}
        documents = next(row["documents"] for row in rows if row["word"] == " ")
        if size < documents:
            seen = {word: times for word, times in seen.items() if times > 1}
        own = documents / max(await postgres_store.count_everybody(db), documents, 1)
        sample = Sample(documents=documents, size=size, length=max(1, length), own=own, seen=seen, order=sorted(seen))
        if len(self._samples) >= MOST_SAMPLES:
            self._samples.clear()
        self._samples[key] = (now, sample)
        return sample


def _batches(documents: list[Document]) -> Iterator[list[Document]]:
    some: list[Document] = []
    signs = 0
    for document in documents:
        signs += len(document.title) + len(document.text)
        if some and (len(some) == BATCH or signs > SIGNS):
            yield some
            some, signs = [], len(document.title) + len(document.text)
        some.append(document)
    if some:
        yield some


def _kept(document: Document, marked: str, stems: lexemes.Stems) -> Kept:
    people = "\n".join(document.people).replace("\x00", "") if document.kind == "contact" else ""
    return Kept(
        id=document.id,
        kind=document.kind,
        contact_id=document.contact_id,
        at=document.at,
        facts=lexemes.facts_vector(document),
        words=lexemes.words_vector(document, marked, stems),
        people=people,
        digest=digest(document),
        meaning=document.meaning.replace("\x00", ""),
        meaning_digest=meaning_digest(document),
    )


def _typed(words: Words) -> list[str]:
    """Every word whose stems a question needs."""
    asked = (*words.words, *(word for group in words.groups for word in group))
    texts = [text for word in asked for text in (word.text, *word.instead)]
    return [one for text in texts for one in lexemes.words_of(text)]
