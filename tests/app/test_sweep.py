"""A sweep says what it could not do, and never that it did."""

import asyncpg
import pytest

from app.sweep import TABLES, sweep
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
