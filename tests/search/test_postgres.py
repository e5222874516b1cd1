"""What PostgreSQL does in its own way: stems that are learned, plans, and writes that touch no index."""

import math
import random
import struct
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.db import Database as Access
from identity.customers import WorkspaceId
from search import postgres, postgres_finding, probing
from search.documents import Document, meaning_digest
from search.engine import Asked, Embedded, Engine, Filters, Index
from search.postgres import PostgresEngine
from tests.conftest import Database
from tests.search.contract.desk import NOON, contact, found, message, numbers, put, vector, words

pytestmark = pytest.mark.anyio
INDEX = Index(generation=1, model="test", dimensions=8)


@pytest.fixture
async def access(database_of_module: Database) -> AsyncIterator[Access]:
    access = Access(database_of_module.app_dsn)
    await access.open()
    yield access
    await access.close()


@pytest.fixture
def engine(access: Access) -> Engine:
    return PostgresEngine(access)


async def test_stems_that_are_too_many_are_learned_again(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres, "MOST_STEMS", 5)
    workspace = WorkspaceId(uuid.uuid4())
    await put(engine, workspace, INDEX, message(1, "one two three four"), message(2, "five six seven parcels"))
    await put(engine, workspace, INDEX, message(3, "one nine parcel"))
    assert sorted(await found(engine, workspace, INDEX, words("parcel"))) == [2, 3]


async def test_facts_change_without_touching_an_index(engine: Engine, access: Access):
    workspace = WorkspaceId(uuid.uuid4())
    long = " ".join(f"word{number}" for number in range(900))
    await put(engine, workspace, INDEX, *(message(number, long) for number in range(1, 4)))
    for status in ("open", "pending", "closed"):
        await put(engine, workspace, INDEX, message(2, long, facts={"statuses": (status,)}))
    assert await moved(access) == (3, 3)


async def moved(access: Access) -> tuple[int, int]:
    """Updates of documents in this database so far, and those that touched no index."""
    async with access.connection() as db:
        await db.execute("SELECT pg_stat_force_next_flush()")
        row = await db.fetchrow(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'search_document'"
        )
    assert row is not None
    return row["n_tup_upd"], row["n_tup_hot_upd"]


def test_long_documents_are_written_few_at_a_time():
    long = [message(number, "x" * 120_000) for number in range(5)]
    assert [len(some) for some in postgres._batches(long)] == [2, 2, 1]
    assert [len(some) for some in postgres._batches([message(number, "x") for number in range(501)])] == [500, 1]
    assert [len(some) for some in postgres._batches([message(1, "x" * 900_000)])] == [1]
    assert list(postgres._batches([])) == []


@pytest.mark.parametrize("narrow", [0.0, 0.05])
async def test_the_graph_loses_nothing_that_a_filter_leaves(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, narrow: float
):
    """By the graph itself, which goes on until it has enough, and by whatever leads to the few."""
    monkeypatch.setattr(postgres_finding, "ONE_BY_ONE", 0)
    monkeypatch.setattr(postgres_finding, "NARROW", narrow)
    workspace, other = WorkspaceId(uuid.uuid4()), WorkspaceId(uuid.uuid4())
    index = Index(generation=1, model="test", dimensions=384)
    chosen = random.Random(narrow)
    documents = [
        message(number, meaning="x", facts={"tags": ("rare",) if number % 50 == 0 else ("common",)})
        for number in range(1, 151)
    ]
    for where in (workspace, other):
        await put(engine, where, index, *documents)
        await engine.embed(where, index, [pointing(one, chosen) for one in documents])
    for filters, expected in (
        (Filters(internal=True, tags=frozenset({"rare"})), 3),
        (Filters(internal=True, start=NOON + timedelta(minutes=148)), 3),
        (Filters(internal=True), 20),
    ):
        asked = Asked(filters=filters, vector=pointing(documents[0], chosen).vector, limit=20)
        answer = await engine.find(workspace, index, asked)
        assert len(answer.meaning) == expected
        scores = [one.score for one in answer.meaning]
        assert scores == sorted(scores, reverse=True)


def pointing(document: Document, chosen: random.Random) -> Embedded:
    numbers = [chosen.gauss(0, 1) for _ in range(384)]
    size = math.sqrt(sum(number * number for number in numbers))
    vector = struct.pack("<384f", *(number / size for number in numbers))
    return Embedded(id=document.id, digest=meaning_digest(document), vector=vector)


async def test_what_is_counted_is_listed_where_an_unknown_word_stands_beside_a_common_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "BUDGET", 2)
    workspace = WorkspaceId(uuid.uuid4())
    await put(engine, workspace, INDEX, *(message(number, f"parcel {number}") for number in range(1, 6)))
    asked = Asked(filters=Filters(internal=True), words=words("parcel zzzzz", least=1), total=True, limit=10)
    answer = await engine.find(workspace, INDEX, asked)
    assert (answer.total, numbers(answer.words)) == (5, [5, 4, 3, 2, 1])
    assert {0 < one.coverage < 0.5 for one in answer.words} == {True}


async def test_one_sign_of_a_script_without_blanks_is_found(engine: Engine):
    workspace = WorkspaceId(uuid.uuid4())
    await put(engine, workspace, INDEX, message(1, "我要退款"), message(2, "谢谢"))
    assert await found(engine, workspace, INDEX, words("退")) == [1]


async def test_common_words_are_known_where_a_history_was_imported_today(
    engine: Any, access: Access, monkeypatch: pytest.MonkeyPatch
):
    """What was said is of then, and those who said it are known since now: the newest are people alone."""
    monkeypatch.setattr(postgres, "SAMPLE", 20)
    workspace = WorkspaceId(uuid.uuid4())
    said = [message(number, "my card", at=NOON - timedelta(days=900)) for number in range(1, 31)]
    people = [contact(number, f"Name{number} Person") for number in range(1, 31)]
    await put(engine, workspace, INDEX, *said, *people)
    async with access.read(workspace) as db:
        sample = await engine._sampled(db, workspace, INDEX)
    assert (sample.documents, sample.size) == (60, 20)
    assert sample.holding({"card"}) == 30


async def test_of_a_sentence_total_and_facets_count_what_the_list_holds(engine: Engine):
    workspace = WorkspaceId(uuid.uuid4())
    texts = ("where is my new card", "my card is new", "is my card there", "a card", "something else")
    await put(engine, workspace, INDEX, *(message(number, text) for number, text in enumerate(texts, 1)))
    sentence = words("where is my new card", least=3)
    for where in (None, vector(1.0)):
        asked = Asked(filters=Filters(internal=False), words=sentence, vector=where, facets=("channel",), total=True)
        answer = await engine.find(workspace, INDEX, asked)
        held = {one.id for one in (*answer.words, *answer.meaning)}
        assert (answer.total, answer.facets) == (len(held), {"channel": {"email": len(held)}})
