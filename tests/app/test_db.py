"""The edge's transactions: what is kept, what is tried again, what it looks like when there is no connection."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.db import Busy, Database, DatabaseAway, KeyGone, new_id
from app.live import Live
from app.pool import MOST_CONNECTIONS
from app.store import add_agent, add_workspace, agents
from tests.conftest import Database as Cloned
from timeline.errors import StartOver


@pytest.fixture
async def edge(database: Cloned) -> AsyncIterator[Database]:
    hot = Database(database.app_dsn)
    await hot.open()
    yield hot
    await hot.close()


async def _workspace(edge: Database, slug: str = "desk") -> UUID:
    workspace = new_id()
    async with edge.connection() as db:
        assert await add_workspace(db, workspace, slug, None, [])
    return workspace


async def _add(db: Any, workspace: UUID, email: str) -> None:
    await add_agent(db, workspace, new_id(), email=email, name="A", role="agent")


async def _emails(edge: Database, workspace: UUID) -> list[str]:
    async with edge.read(workspace) as db:
        return [row["email"] for row in await agents(db, workspace)]


async def test_what_fails_keeps_nothing_and_hints_nothing(database: Cloned) -> None:
    said: list[UUID] = []
    edge = Database(database.app_dsn, on_commit=said.append)
    await edge.open()
    workspace = await _workspace(edge)

    async def fail(db: Any) -> None:
        await _add(db, workspace, "a@example.com")
        raise LookupError

    with pytest.raises(LookupError):
        await edge.write(workspace, fail)
    assert (await _emails(edge, workspace), said) == ([], [])
    await edge.write(workspace, lambda db: _add(db, workspace, "b@example.com"))
    assert (await _emails(edge, workspace), said) == (["b@example.com"], [workspace])
    await edge.close()


async def test_it_starts_over_five_times_at_most(edge: Database) -> None:
    workspace, tries = await _workspace(edge), 0

    async def move(db: Any) -> int:
        nonlocal tries
        tries += 1
        await _add(db, workspace, f"{tries}@example.com")
        if tries < enough:
            raise StartOver
        return tries

    enough = 6
    with pytest.raises(Busy):
        await edge.write(workspace, move)
    assert (tries, await _emails(edge, workspace)) == (5, [])
    tries, enough = 0, 5
    assert await edge.write(workspace, move) == 5
    assert await _emails(edge, workspace) == ["5@example.com"]


async def test_a_deadlock_is_tried_again(edge: Database) -> None:
    workspace, tries = await _workspace(edge), 0

    async def clash(db: Any) -> int:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        return tries

    assert await edge.write(workspace, clash) == 4
    tries = -10
    with pytest.raises(Busy):
        await edge.write(workspace, clash)


async def test_reading_writes_nothing_and_sees_one_snapshot(edge: Database) -> None:
    workspace = await _workspace(edge)
    async with edge.read(workspace) as db:
        assert await agents(db, workspace) == []
        await edge.write(workspace, lambda other: _add(other, workspace, "a@example.com"))
        assert await agents(db, workspace) == []
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with edge.read(workspace) as db:
            await _add(db, workspace, "b@example.com")
    assert await _emails(edge, workspace) == ["a@example.com"]


async def test_a_workspace_sees_its_own_rows_only(edge: Database) -> None:
    mine, other = await _workspace(edge), await _workspace(edge, "other")
    await edge.write(mine, lambda db: _add(db, mine, "a@example.com"))
    async with edge.read(other) as db:
        assert await agents(db, mine) == []
        assert await db.fetchval("SELECT count(*) FROM agent") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await edge.write(other, lambda db: _add(db, mine, "b@example.com"))
    async with edge.connection() as db:
        assert await db.fetchval("SELECT count(*) FROM agent") == 0


async def test_a_key_that_is_not_there_opens_nothing(edge: Database) -> None:
    workspace = await _workspace(edge)
    with pytest.raises(KeyGone):
        async with edge.read(workspace, new_id()):
            pytest.fail("opened")
    with pytest.raises(KeyGone):
        await edge.write(workspace, lambda db: _add(db, workspace, "a@example.com"), new_id())


async def test_no_room_is_said_within_five_seconds_and_passes(edge: Database) -> None:
    workspace = await _workspace(edge)

    async def hold() -> None:
        async with edge.read(workspace):
            await asyncio.sleep(3.5)

    holding = [asyncio.create_task(hold()) for _ in range(MOST_CONNECTIONS)]
    await asyncio.sleep(0.5)
    started = time.monotonic()
    with pytest.raises(DatabaseAway):
        async with edge.read(workspace):
            pytest.fail("there was room")
    assert time.monotonic() - started < 5
    await asyncio.gather(*holding)
    assert await _emails(edge, workspace) == []


async def test_lost_and_abandoned_connections_are_replaced(edge: Database, database: Cloned) -> None:
    workspace = await _workspace(edge)
    admin = await asyncpg.connect(database.admin_dsn)
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'throughline_app' AND datname = $1"

    async def lose() -> None:
        async with edge.read(workspace) as db:
            await admin.execute(kill, database.name)
            await agents(db, workspace)

    with pytest.raises(DatabaseAway):
        await lose()
    assert await _emails(edge, workspace) == []
    task = asyncio.create_task(edge.write(workspace, lambda db: db.execute("SELECT pg_sleep(20)")))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(2 * MOST_CONNECTIONS):
        assert await _emails(edge, workspace) == []
    await admin.close()


async def test_hints_reach_other_processes_and_survive_the_loss_of_their_connection(database: Cloned) -> None:
    speaker, listener = Live(database.app_dsn), Live(database.app_dsn)
    speaker.open()
    listener.open()
    workspace = new_id()

    async def heard(seconds: float = 5.0) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            waiting = asyncio.create_task(listener.wait(workspace, 0.3))
            await asyncio.sleep(0)
            speaker.say(workspace)
            if await waiting:
                return True
        return False

    assert await heard()
    admin = await asyncpg.connect(database.admin_dsn)
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'throughline_app' AND datname = $1"
    await admin.execute(kill, database.name)
    await admin.close()
    assert await heard()
    assert await listener.wait(new_id(), 0.05) is False
    await speaker.close()
    await listener.close()
    assert await listener.wait(workspace, 5.0) is False
