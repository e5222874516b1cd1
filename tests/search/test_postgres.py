"""What PostgreSQL does in its own way: stems that are learned, plans, and writes that touch no index."""

import uuid
from collections.abc import AsyncIterator

import pytest

from app.db import Database as Access
from identity.customers import WorkspaceId
from search import postgres
from search.engine import Engine, Index
from search.postgres import PostgresEngine
from tests.conftest import Database
from tests.search.contract.desk import found, message, put, words

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
