"""Law 1: what is appended is read, in its order; a follower misses nothing and sees nothing twice, however
transactions commit. A reader of the position alone fails the same test."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db import new_id, prepare_connection
from tests.laws.world import NOON, Place, World, law
from timeline import codec, followers, intake, store
from timeline.followers import Checkpoint, Followed

Read = Callable[[Any, Place, Checkpoint, int], Awaitable[list[Followed]]]

SCRIPTS = st.lists(st.tuples(st.sampled_from(("begin", "write", "commit", "abort", "kill", "read")), st.integers(0, 3)))
"""Four writers that do these in any order, and a follower that reads in between."""


async def settled(db: Any, place: Place, after: Checkpoint, limit: int) -> list[Followed]:
    return await followers.read_after(db, place.id, after, limit)


async def by_position(db: Any, place: Place, after: Checkpoint, limit: int) -> list[Followed]:
    """The naive follower: whatever lies behind the last position."""
    rows = await db.fetch(
        f"SELECT e.epoch, 0::bigint AS xid, e.position, {store.EVENT}, e.contact_id AS customer_id FROM event e "
        "WHERE e.workspace_id = $1 AND e.position > $2 ORDER BY e.position LIMIT $3",
        place.id,
        after.position,
        limit,
    )
    return [
        Followed(at=Checkpoint(**{k: row[k] for k in ("epoch", "xid", "position")}), event=followers.recorded(row),
                 customer_id=row["customer_id"])
        for row in rows
    ]  # fmt: skip


async def behind_a_horizon_by_position(db: Any, place: Place, after: Checkpoint, limit: int) -> list[Followed]:
    """Naive in a finer way: only what is settled, but still from the last position."""
    rows = await followers.read_after(db, place.id, followers.START, 10_000)
    later = sorted((row for row in rows if row.at.position > after.position), key=lambda row: row.at.position)
    return later[:limit]


class Writer:
    """A connection that pushes inside a transaction of its own."""

    def __init__(self, world: World, place: Place, number: int) -> None:
        self.world = world
        self.place = place
        self.number = number
        self.open: asyncpg.Connection | None = None
        self.pending: list[UUID] = []

    async def begin(self) -> None:
        if self.open is not None:
            return
        self.open = opened = await asyncpg.connect(self.world.edge.dsn)
        await prepare_connection(opened)
        await opened.execute(f"BEGIN; SELECT set_config('tl.workspace', '{self.place.id}', true)")

    async def write(self) -> None:
        await self.begin()
        assert self.open is not None
        item = self.place.item(f"k{self.number}", kind="visit")  # no ticket: its number is taken before
        (outcome,) = await intake.receive(self.open, self.place.sender(), [item], new_id=new_id)
        assert outcome.event_id
        self.pending.append(outcome.event_id)

    async def end(self, how: str) -> list[UUID]:
        """What it wrote and committed."""
        if self.open is None:
            return []
        connection, self.open = self.open, None
        written, self.pending = self.pending, []
        if how == "kill":
            pid = await connection.fetchval("SELECT pg_backend_pid()")
            admin = await asyncpg.connect(self.world.admin_dsn)
            await admin.execute("SELECT pg_terminate_backend($1, 5000)", pid)
            await admin.close()
            connection.terminate()
            return []
        await connection.execute("COMMIT" if how == "commit" else "ROLLBACK")
        await connection.close()
        return written if how == "commit" else []


async def quiet(place: Place) -> None:
    """Wait until nothing that is open anywhere on this server, in another test perhaps, began before our last write."""
    for _ in range(1_000):
        (row,) = await place.fetch(
            "SELECT NOT EXISTS (SELECT FROM event WHERE workspace_id = $1 "
            "AND epoch = (SELECT epoch FROM workspace WHERE id = $1) AND xid >= "
            "pg_snapshot_xmin(pg_current_snapshot())) AS settled",
            place.id,
        )
        if row["settled"]:
            return
        await asyncio.sleep(0.01)


async def play(world: World, script: Sequence[tuple[str, int]], read: Read) -> tuple[list[UUID], list[UUID], Place]:
    """What was committed, and what the follower saw."""
    place = await world.open_workspace()
    writers = [Writer(world, place, number) for number in range(4)]
    committed: list[UUID] = []
    seen: list[UUID] = []
    at = followers.START

    async def follow(limit: int) -> int:
        nonlocal at
        batch = await place.read(lambda db: read(db, place, at, limit))
        seen.extend(followed.event.id for followed in batch)
        at = batch[-1].at if batch else at
        return len(batch)

    try:
        for what, who in script:
            if what == "read":
                await follow(who + 1)
            elif what in ("begin", "write"):
                await getattr(writers[who], what)()
            else:
                committed.extend(await writers[who].end(what))
    finally:
        for writer in writers:
            committed.extend(await writer.end("commit"))
    await quiet(place)
    while await follow(3):
        pass
    return committed, seen, place


TRIES = 50


def test_a_follower_sees_every_event_once_in_any_commit_order(world: World):
    @law(30)
    @given(SCRIPTS)
    def holds(script: Sequence[tuple[str, int]]) -> None:
        committed, seen, _ = world.run(play(world, script, settled))
        assert sorted(seen) == sorted(committed)

    holds()


OVERTAKEN = [("write", 0), ("write", 1), ("commit", 1), ("read", 3), ("commit", 0), ("read", 3)]
CROSSED = [("begin", 0), ("write", 0), ("write", 1), ("write", 0), ("commit", 0), ("read", 0), ("commit", 1)]
"""Transaction 0 has positions 1 and 3, transaction 1 position 2."""


def test_a_follower_waits_for_an_older_writer(world: World):
    committed, seen, _ = world.run(play(world, OVERTAKEN, settled))
    assert seen == [committed[1], committed[0]]


@pytest.mark.parametrize(
    ("naive", "script"),
    [
        (by_position, OVERTAKEN),
        (behind_a_horizon_by_position, [("write", 1), ("write", 0), ("write", 1), ("commit", 1), ("read", 3)]),
    ],
)
def test_a_reader_of_the_position_misses_events(world: World, naive: Read, script: list[tuple[str, int]]):
    """The planted fault: the law fails with it, once no other test's transaction holds the horizon back."""
    for _ in range(TRIES):
        committed, seen, _ = world.run(play(world, script, naive))
        if sorted(seen) != sorted(committed):
            return
        time.sleep(0.1)
    pytest.fail("the naive reader missed nothing")


def test_a_stream_reads_as_it_was_appended(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        items = [place.item("a", body=f"{n}", data={"n": n, "x": [1.5, "ü", None, True]}) for n in range(7)]
        outcomes = await place.receive(*items)
        rows = await place.read(lambda db: store.stream(db, place.id, outcomes[0].contact_id, 0, 100))
        assert [row["id"] for row in rows] == [outcome.event_id for outcome in outcomes]
        stored: list[Any] = [codec.decode(row["type"], row["data"]) for row in rows]
        assert [(event.body, event.data) for event in stored] == [(item.body, item.data) for item in items]
        assert [row["shown_at"] for row in rows] == [item.occurred_at for item in items]
        assert sorted(row["position"] for row in rows) == [row["position"] for row in rows]

    world.run(told())


class Died(Exception):
    pass


def test_a_follower_that_dies_before_its_checkpoint_takes_the_batch_again(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        pushed = [(await place.push("a")).event_id for _ in range(5)]
        await quiet(place)
        taken: list[UUID] = []

        async def take(batch: list[Followed]) -> None:
            taken.extend(followed.event.id for followed in batch)

        async def take_and_die(batch: list[Followed]) -> None:
            raise Died

        assert await advance(place, take, 2) == 2
        with pytest.raises(Died):
            await advance(place, take_and_die, 2)
        while await advance(place, take, 2):
            pass
        assert taken == pushed

    world.run(told())


def test_two_workers_on_one_follower_never_share_a_batch(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        pushed = [(await place.push("a")).event_id for _ in range(12)]
        await quiet(place)
        taken: list[UUID] = []

        async def take(batch: list[Followed]) -> None:
            await asyncio.sleep(0.002)
            taken.extend(followed.event.id for followed in batch)

        async def work() -> None:
            for _ in range(500):
                if len(taken) < len(pushed) and not await advance(place, take, 2):
                    await asyncio.sleep(0.001)

        await asyncio.gather(work(), work(), work())
        assert taken == pushed

    world.run(told())


async def advance(place: Place, take: Callable[[list[Followed]], Awaitable[None]], limit: int) -> int:
    return await place.write(lambda db: followers.advance(db, place.id, "test", take, NOON, limit))


def test_a_checkpoint_never_goes_back(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        for at in ((1, 5, 9), (1, 4, 99), (2, 1, 1), (1, 9, 9)):
            await place.write(
                lambda db, at=at: store.move_checkpoint(db, place.id, "test", at, datetime.now(NOON.tzinfo))
            )
        now = await place.read(lambda db: followers.read_checkpoint(db, place.id, "test"))
        assert now == Checkpoint(epoch=2, xid=1, position=1)

    world.run(told())


def test_a_restore_raises_the_epoch_and_nothing_is_missed(world: World):
    """After a restore transaction ids start again, here at their end: what is written then has lower ones."""

    async def told() -> None:
        place = await world.open_workspace()
        before = [(await place.push("a")).event_id for _ in range(3)]
        admin = await asyncpg.connect(world.admin_dsn)
        await admin.execute(
            "UPDATE event SET xid = (xid::text::bigint + 1000000)::text::xid8 WHERE workspace_id = $1", place.id
        )
        await admin.execute("UPDATE workspace SET epoch = epoch + 1 WHERE id = $1", place.id)
        await admin.close()
        after = [(await place.push("a")).event_id for _ in range(3)]
        await quiet(place)
        seen: list[UUID] = []
        at = followers.START
        while batch := await place.read(lambda db, at=at: followers.read_after(db, place.id, at, 2)):
            seen.extend(followed.event.id for followed in batch)
            at = batch[-1].at
        assert seen == before + after

    world.run(told())


def test_reading_on_from_the_head_of_a_profile_misses_nothing(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        writer = Writer(world, place, 1)
        await writer.write()
        shown = (await place.push("a")).event_id
        head = await place.read(lambda db: followers.head(db, place.id))
        late = await writer.end("commit")
        newer = (await place.push("a")).event_id
        await quiet(place)
        seen = [f.event.id for f in await place.read(lambda db: followers.read_after(db, place.id, head, 100))]
        assert set(late) | {newer} <= set(seen) <= {*late, shown, newer}

    world.run(told())
