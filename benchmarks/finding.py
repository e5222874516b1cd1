"""What the engine in PostgreSQL costs: by words and meaning together, by filters, by three words, by a common word.

Nothing here goes through HTTP, and nothing is embedded: vectors are random and clustered. The documents are made up,
their words as common as words are (Zipf); they lie in workspaces of their own beside the desk.
"""

import random
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final

import asyncpg
import msgspec
import numpy as np

from app.db import Database
from app.embedded import attach
from benchmarks import bare
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.table import Line
from identity.customers import WorkspaceId
from search import lexemes, postgres_store
from search.documents import Document, Facts, meaning_digest
from search.engine import Asked, Embedded, Filters, Index, Word, Words
from search.postgres import PostgresEngine
from search.postgres_store import Scope

DIMENSIONS: Final = 384
CLUSTERS: Final = 1_000
BATCH: Final = 5_000
BEGAN: Final = datetime(2024, 1, 1, tzinfo=UTC)
ANYBODY: Final = Filters(internal=False)
INDEX: Final = Index(generation=1, model="bench", dimensions=DIMENSIONS)
FILTERED: Final[dict[str, dict[str, Any]]] = {
    "a third": {"channels": frozenset({"chat"})},
    "a fortieth": {"queues": frozenset({"q1"}), "statuses": frozenset({"open"})},
    "some": {"tags": frozenset({"t20"})},
    "the newest hundredth": {"start": None},
}
ROUNDS: Final = 100


class Desk:
    """Made-up words, texts and vectors, the same in every run."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        self.numbers = np.random.default_rng(7)
        self.words = self._words(30_000)
        self.shares = list(accumulate((place + 1) ** -1.05 for place in range(len(self.words))))
        self.centres = self._unit(self.numbers.normal(size=(CLUSTERS, DIMENSIONS)))

    def _words(self, many: int) -> list[str]:
        found: dict[str, None] = {}
        while len(found) < many:
            syllables = (self.random.choice("bcdfghjklmnprstvw") + self.random.choice("aeiou") for _ in range(4))
            found["".join(list(syllables)[: self.random.randint(1, 4)]) + self.random.choice("nsrt")] = None
        return list(found)

    def text(self, words: int) -> str:
        return " ".join(self.random.choices(self.words, cum_weights=self.shares, k=words))

    def vectors(self, many: int) -> "np.ndarray[Any, Any]":
        centres = self.centres[self.numbers.integers(0, CLUSTERS, many)]
        noise = self.numbers.normal(size=(many, DIMENSIONS)) * 0.9 / DIMENSIONS**0.5
        return self._unit(centres + noise).astype("<f4")

    def _unit(self, rows: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def documents(self, many: int, meaning: str = "") -> Iterator[Document]:
        choose = self.random.choice
        for number in range(many):
            facts = Facts(
                tickets=(f"{number // 4:032x}",),
                statuses=(choose(("open", "closed", "closed", "closed")),),
                queues=(f"q{self.random.randrange(10)}",),
                tags=(f"t{int(self.random.paretovariate(1)) % 500}",),
                outcomes=("solved",),
            )
            yield Document(
                id=f"item-{number:032x}",
                kind="message",
                contact_id=uuid.UUID(int=self.random.randrange(max(many // 20, 1)) + 1),
                event_id=uuid.UUID(int=number),
                at=BEGAN + timedelta(minutes=number),
                channel=choose(("email", "chat", "sms")),
                direction="inbound",
                text=self.text(self.random.randint(8, 50)),
                meaning=meaning,
                facts=facts,
            )


async def measure(house: House, size: Size) -> list[Line]:
    desk, database = Desk(), Database(house.dsn)
    await database.open()
    engine = PostgresEngine(database)
    with attach(house.home) as embedded:
        admin = await asyncpg.connect(embedded.database_url())
        meant, said = WorkspaceId(uuid.uuid4()), WorkspaceId(uuid.uuid4())
        await _embedded(admin, engine, meant, desk, size.interactions // 4)
        lines = [*await _hybrid(engine, meant, desk, size.interactions // 4)]
        lines += await _filtered(engine, database, meant, desk, size.interactions // 4)
        began = time.perf_counter()
        await _written(engine, said, list(desk.documents(size.interactions)))
        rate = size.interactions / (time.perf_counter() - began)
        await admin.execute("VACUUM ANALYZE search_document")
        lines += [_rate(rate), *await _words(engine, admin, said, desk, size.interactions)]
        await admin.close()
    await database.close()
    return lines


async def _written(engine: PostgresEngine, workspace: WorkspaceId, documents: list[Document]) -> None:
    for start in range(0, len(documents), BATCH):
        await engine.write(workspace, INDEX, documents[start : start + BATCH])


async def _embedded(
    admin: asyncpg.Connection, engine: PostgresEngine, workspace: WorkspaceId, desk: Desk, many: int
) -> None:
    """The graph is built at the end, in bulk: an index that grows by and by has the same one."""
    documents, vectors = list(desk.documents(many, "meant")), desk.vectors(many)
    await _written(engine, workspace, documents)
    made = await admin.fetchval("SELECT pg_get_indexdef('search_vector_384'::regclass)")
    await admin.execute("DROP INDEX search_vector_384")
    for start in range(0, many, BATCH):
        some = zip(documents[start : start + BATCH], vectors[start : start + BATCH], strict=True)
        given = [Embedded(id=one.id, digest=meaning_digest(one), vector=row.tobytes()) for one, row in some]
        await engine.embed(workspace, INDEX, given)
    await admin.execute(f"SET maintenance_work_mem = '400MB'; {made}")
    await admin.execute("VACUUM ANALYZE search_document")
    await admin.execute("VACUUM ANALYZE search_vector")


def _asked(desk: Desk, vector: bytes | None, words: int, least: int = 1, **more: Any) -> Asked:
    typed = tuple(Word(text=word) for word in desk.text(words).split())
    return Asked(filters=ANYBODY, words=Words(words=typed, least=least), vector=vector, **more)


async def _hybrid(engine: PostgresEngine, workspace: WorkspaceId, desk: Desk, many: int) -> list[Line]:
    vectors = desk.vectors(ROUNDS)
    both = await _timed(
        [lambda row=row: engine.find(workspace, INDEX, _asked(desk, row.tobytes(), 4)) for row in vectors]
    )
    near = Asked(filters=ANYBODY, limit=20)
    names = [f"item-{desk.random.randrange(many):032x}" for _ in range(ROUNDS)]
    alike = await _timed([lambda name=name: engine.near(workspace, INDEX, name, near) for name in names])
    return [
        _between(f"search by words and meaning, {many:,} documents, PostgreSQL part, p50", both[0], 5, 2),
        _between(f"search by words and meaning, {many:,} documents, PostgreSQL part, p95", both[1], 12, 4),
        _between(f"similar to a document, {many:,} documents, p50", alike[0], 10, 10),
    ]


async def _filtered(
    engine: PostgresEngine, database: Database, workspace: WorkspaceId, desk: Desk, many: int
) -> list[Line]:
    found = wanted = 0
    for more in FILTERED.values():
        filters = msgspec.structs.replace(ANYBODY, **more)
        if "start" in more:
            filters = msgspec.structs.replace(filters, start=BEGAN + timedelta(minutes=int(many * 0.99)))
        for row in desk.vectors(10):
            answer = await engine.find(workspace, INDEX, Asked(filters=filters, vector=row.tobytes(), limit=50))
            exact = await _exact(database, workspace, filters, row.tolist())
            found += len({one.id for one in answer.meaning[:10]} & exact)
            wanted += len(exact)
    recall = 100 * found / max(wanted, 1)
    return [
        Line(
            what=f"filtered search by meaning, recall@10 against exact, filters that leave {', '.join(FILTERED)}",
            floor="97",
            target="99",
            measured=f"{recall:.1f}",
            met=(recall >= 97, recall >= 99),
        )
    ]


async def _exact(database: Database, workspace: WorkspaceId, filters: Filters, vector: list[float]) -> set[str]:
    scope = Scope(generation=1, path="narrow", narrowed=lexemes.facts_query(filters), since=filters.start)
    async with database.read(workspace) as db:
        return {row["id"] for row in await postgres_store.by_meaning(db, scope, vector, [], 10)}


async def _words(
    engine: PostgresEngine, admin: asyncpg.Connection, workspace: WorkspaceId, desk: Desk, many: int
) -> list[Line]:
    """Three middling words that all must be there, against the statement alone; and a word that half of all hold."""
    marked = lexemes.mark(workspace.bytes, 1)
    asked = [[desk.random.choice(desk.words[20:400]) for _ in range(3)] for _ in range(ROUNDS)]
    await admin.execute("SET enable_seqscan = off")
    questions = [
        Asked(filters=ANYBODY, words=Words(words=tuple(Word(text=one) for one in three), least=3), limit=50)
        for three in asked
    ]
    ours = await _timed([lambda one=one: engine.find(workspace, INDEX, one) for one in questions])
    plain = await _timed([lambda three=three: _bare(admin, workspace, marked, three) for three in asked])
    common = Asked(filters=ANYBODY, words=Words(words=(Word(text=desk.words[3]),)), order="newest", limit=50)
    newest = await _timed([lambda: engine.find(workspace, INDEX, common)] * ROUNDS)
    ratio = ours[0] / plain[0]
    return [
        Line(
            what=f"three words, {many:,} messages, p50 against the bare statement",
            floor="4x",
            target="3x",
            measured=f"{ratio:.1f}x ({ours[0]:.2f} ms, bare {plain[0]:.2f})",
            met=(ratio <= 4, ratio <= 3),
        ),
        _between(f"a common word, newest first, {many:,} messages, p50", newest[0], 15, 5),
    ]


async def _bare(admin: asyncpg.Connection, workspace: WorkspaceId, marked: str, words: list[str]) -> None:
    query = " & ".join(f"'{marked}{word}'" for word in words)
    await bare.begin(admin, workspace, "ISOLATION LEVEL REPEATABLE READ READ ONLY")
    await admin.fetch(
        "SELECT id, kind, at, ts_rank(words, $3::text::tsquery) AS rank FROM search_document WHERE workspace_id = $1 "
        "AND generation = $2 AND words @@ $3::text::tsquery ORDER BY rank DESC LIMIT 50",
        workspace,
        1,
        query,
    )
    await admin.execute("COMMIT")


async def _timed(work: list[Callable[[], Awaitable[object]]]) -> tuple[float, float]:
    """Milliseconds, p50 and p95; the first ten warm up."""
    taken: list[float] = []
    for one in (*work[:10], *work):
        began = time.perf_counter()
        await one()
        taken.append((time.perf_counter() - began) * 1e3)
    taken = sorted(taken[10:])
    return statistics.median(taken), taken[int(len(taken) * 0.95) - 1]


def _rate(rate: float) -> Line:
    return Line(
        what="documents written to the index a second, the engine alone, no vectors",
        floor="2,000",
        target="6,000",
        measured=f"{rate:,.0f}",
        met=(rate >= 2_000, rate >= 6_000),
    )


def _between(what: str, took: float, floor: float, target: float) -> Line:
    return Line(
        what=what,
        floor=f"{floor:g} ms",
        target=f"{target:g} ms",
        measured=f"{took:.1f} ms",
        met=(took <= floor, took <= target),
    )
