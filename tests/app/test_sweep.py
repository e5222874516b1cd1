"""A sweep says what it could not do, and never that it did."""

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from app.sweep import TABLES, sweep
from app.sweeping import Sweeping
from tests.conftest import Database


async def test_a_sweep_leaves_nothing_to_say(database: Database) -> None:
    swept = await sweep(database.admin_dsn)
    assert (swept.tables, swept.left) == (len(TABLES), [])


async def test_a_role_without_the_right_says_so(database: Database) -> None:
    left = (await sweep(database.app_dsn)).left
    assert sum("lacks the right" in one for one in left) == len(TABLES) + 1
    assert any("cannot tell" in one for one in left)
    assert any("write-ahead log" in one for one in left)


async def test_an_old_reader_and_a_lock_are_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sweep.PATIENCE", 0.3)
    monkeypatch.setattr("app.sweep.LOCK_WAIT", "100ms")
    reader = await asyncpg.connect(database.admin_dsn)
    try:
        await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM contact")
        left = (await sweep(database.admin_dsn)).left
        assert any("old transaction" in one for one in left)
        assert any(one.startswith("contact was not written anew") for one in left)
    finally:
        await reader.close()


async def test_large_tables_are_held_up_only_when_asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sweep.SMALL", 0)
    left = (await sweep(database.admin_dsn)).left
    assert [one for one in left if "is large" in one] == left
    assert len(left) == len(TABLES)
    assert (await sweep(database.admin_dsn, whole=True)).left == []


async def test_indexes_that_were_not_finished_are_dropped_by_the_next_sweep(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("PATIENCE", 0.3), ("LOCK_WAIT", "100ms"), ("SMALL", 0), ("TABLES", ("search_document",))):
        monkeypatch.setattr(f"app.sweep.{name}", value)
    unfinished = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    writer = await asyncpg.connect(database.admin_dsn)
    try:
        await writer.execute("BEGIN; LOCK search_document IN ROW EXCLUSIVE MODE")
        left = (await sweep(database.admin_dsn)).left
        assert "the indexes of search_document were not made anew: others held it" in left
        assert await writer.fetchval(unfinished) > 0
        await writer.execute("ROLLBACK")
        assert [one for one in (await sweep(database.admin_dsn)).left if "is large" not in one] == []
        assert await writer.fetchval(unfinished) == 0
    finally:
        await writer.close()


async def test_what_search_holds_still_is_waited_for_and_makes_the_next_sweep_due(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("app.sweep.PATIENCE", 0.3)
    workspace, contact = uuid4(), uuid4()
    (tmp_path / "erasures").mkdir()
    (tmp_path / "erasures" / f"{workspace}.log").write_text("{}\n")
    sweeping = Sweeping(tmp_path, database.admin_dsn)
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute("INSERT INTO workspace (id, slug) VALUES ($1, 'swept')", workspace)
        await admin.execute("INSERT INTO search_spoken VALUES ($1, 'item-1', 'zebulon')", workspace)
        await admin.execute(
            "INSERT INTO erasure (workspace_id, id, contacts, events, actor, erased_at, digest) "
            "VALUES ($1, gen_random_uuid(), ARRAY[$2::uuid], 1, 'cli', now(), sha256(''))",
            workspace,
            contact,
        )
        await admin.execute("INSERT INTO search_due VALUES ($1, 1, 'contact', $2)", workspace, contact)
        early = await sweeping.when_due()
        assert early is not None
        assert early.left == ["search has not taken in what was erased: sweep again once the worker and the engine run"]
        monkeypatch.setattr("app.sweep.PATIENCE", 20.0)
        again = asyncio.create_task(sweeping.when_due())
        await asyncio.sleep(0.2)
        await admin.execute("DELETE FROM search_due")
        swept = await again
        assert (None if swept is None else swept.left) == []
        assert await sweeping.when_due() is None
    finally:
        await admin.close()
