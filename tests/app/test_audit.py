"""The audit trail: whatever is done to the past shows, and nothing that is done to the present does."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from app.audit import SealLog
from app.auth import workspace_of
from app.db import Database as Pool
from app.db import Db, new_id
from app.store import Row, add_workspace, workspace_by_slug
from identity.customers import ClaimedIdentifier, ContactClaim
from tests.conftest import Database
from timeline import audit
from timeline.events import Actor
from timeline.intake import Sender, receive
from timeline.interactions import Interaction
from timeline.pseudonyms import pseudonyms
from timeline.threads import Workspace


def item(number: int) -> Interaction:
    address = ClaimedIdentifier(kind="email", value=f"p{number % 5}@mail.example", verified=True)
    return Interaction(
        source="audit",
        source_id=str(number),
        kind="message",
        channel="email",
        direction="inbound",
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        contact=ContactClaim(key=f"k{number % 9}", identifiers=[address]),
        body=f"number {number}",
    )


class Scene:
    """A workspace with thirty events, links between contacts, and seals of ten records each."""

    def __init__(self, pool: Pool, workspace: Workspace) -> None:
        self.pool, self.workspace = pool, workspace

    async def push(self, *numbers: int) -> None:
        sender = Sender(workspace=self.workspace, actor=Actor("import"), proves=frozenset({"email"}))

        async def take(db: Db) -> None:
            await receive(db, sender, [item(number) for number in numbers], new_id=new_id)

        await self.pool.write(self.workspace.id, take)

    async def seal(self, limit: int = 10) -> list[audit.Seal]:
        async def step(db: Db) -> audit.Seal | None:
            return await audit.seal(db, self.workspace.id, datetime.now(UTC), limit)

        made: list[audit.Seal] = []
        while (one := await self.pool.write(self.workspace.id, step)) is not None:
            made.append(one)
        return made

    async def seal_all(self, limit: int = 10) -> int:
        """Until nothing is left to seal: other databases of the run's server hold the horizon back now and then."""
        sealed = 0
        for _ in range(200):
            sealed += sum(one.records for one in await self.seal(limit))
            async with self.pool.read(self.workspace.id) as db:
                there = await db.fetchval("SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM link_decision)")
                kept = await db.fetchval("SELECT coalesce(sum(records), 0) FROM audit_seal")
            if there == kept:
                return sealed
            await asyncio.sleep(0.05)
        raise AssertionError("not all was sealed")

    async def faults(self) -> list[audit.Broken]:
        async with self.pool.read(self.workspace.id) as db:
            return [one async for one in audit.verify(db, self.workspace.id) if isinstance(one, audit.Broken)]


async def in_scene(database: Database, work: Callable[[Scene], Awaitable[None]]) -> None:
    pool = Pool(database.app_dsn)
    await pool.open()
    try:
        id_ = new_id()

        async def add(db: Db) -> Row:
            await add_workspace(db, id_, "audit", None, ())
            row = await workspace_by_slug(db, "audit")
            assert row is not None
            return row

        scene = Scene(pool, workspace_of(await pool.write(id_, add), id_, pseudonyms("audit")))
        for number in range(30):
            await scene.push(number)
        await scene.seal_all()
        await work(scene)
    finally:
        await pool.close()


TAMPERINGS = {
    "an edit of an event": (
        "UPDATE event SET data = jsonb_set(data, '{body}', '\"forged\"') WHERE source_id = '11'",
        "was changed",
    ),
    "a time set back": ("UPDATE event SET occurred_at = '2020-01-01Z' WHERE source_id = '3'", "was changed"),
    "an edit of a decision": (
        "UPDATE link_decision SET actor = 'somebody else' WHERE id = (SELECT min(id::text)::uuid FROM link_decision)",
        "was changed",
    ),
    "a removal": ("DELETE FROM event WHERE source_id = '12'", "1 of 10 records"),
    "the removal of a decision": (
        "DELETE FROM link_decision WHERE id = (SELECT min(id::text)::uuid FROM link_decision)",
        "1 of 10 records",
    ),
    "an insertion into the past": (
        "INSERT INTO event (workspace_id, epoch, xid, id, contact_id, type, actor, shown_at, occurred_at, recorded_at, "
        "data) SELECT workspace_id, epoch, xid, gen_random_uuid(), contact_id, type, actor, shown_at, occurred_at, "
        "recorded_at, data FROM event WHERE source_id = '9'",
        "1 records were put among",
    ),
    "a seal made anew": (
        "UPDATE audit_seal SET digest = sha256('x') WHERE number = 2",
        "was changed",
    ),
    "a seal taken out": ("DELETE FROM audit_seal WHERE number = 2", "are gone"),
}


@pytest.mark.parametrize("done", TAMPERINGS)
async def test_it_shows(database: Database, done: str) -> None:
    statement, words = TAMPERINGS[done]

    async def work(scene: Scene) -> None:
        assert await scene.faults() == []
        admin = await asyncpg.connect(database.admin_dsn)
        await admin.execute(statement)
        await admin.close()
        assert words in " ".join(one.words for one in await scene.faults())

    await in_scene(database, work)


async def test_nothing_is_alarmed_while_others_write_and_one_stays_open(database: Database) -> None:
    async def work(scene: Scene) -> None:
        idle = await asyncpg.connect(database.app_dsn)
        await idle.execute("BEGIN")
        await idle.fetchval("SELECT pg_current_xact_id()")

        async def write(first: int) -> None:
            for number in range(first, first + 12):
                await scene.push(number)

        async def look() -> None:
            for _ in range(6):
                await scene.seal(7)
                assert await scene.faults() == []

        await asyncio.gather(*(write(first) for first in (90, 102, 135)), look())
        before = sum(one.records for one in await scene.seal())
        await idle.execute("COMMIT")
        await idle.close()
        assert (before, await scene.seal_all()) == (0, 36), "an open writer holds seals back, and nothing is skipped"
        assert await scene.faults() == []

    await in_scene(database, work)


async def test_a_cut_tail_shows_against_the_log_outside(database: Database, tmp_path: Path) -> None:
    async def work(scene: Scene) -> None:
        log = SealLog(tmp_path, scene.workspace.id)
        async with scene.pool.read(scene.workspace.id) as db:
            seals = await audit.seals_after(db, scene.workspace.id, 0, 100)
        log.append(seals)
        log.append(seals)
        assert list(log.read()) == [one.number for one in seals]
        admin = await asyncpg.connect(database.admin_dsn)
        await admin.execute("DELETE FROM audit_seal WHERE number = (SELECT max(number) FROM audit_seal)")
        await admin.close()
        assert await scene.faults() == [], "the database alone cannot tell"
        async with scene.pool.read(scene.workspace.id) as db:
            last = await audit.last_seal(db, scene.workspace.id)
        assert last is not None
        assert log.last() > last.number

    await in_scene(database, work)


def test_a_log_whose_last_line_was_cut_short_goes_on(tmp_path: Path) -> None:
    log = SealLog(tmp_path, uuid.uuid4())
    seal = audit.Seal(number=1, at=audit.START, records=1, digest=b"a" * 32, sealed_at=datetime.now(UTC))
    log.append([seal])
    with log.path.open("a") as file:
        file.write("2 61")
    log.append([audit.Seal(number=2, at=audit.START, records=1, digest=b"b" * 32, sealed_at=datetime.now(UTC))])
    assert log.read() == {1: (b"a" * 32).hex(), 2: (b"b" * 32).hex()}
