"""Counts and objects computed again from the ledger: what appends and placements kept, damaged rows mended and counted,
beside pushes, on long threads, and after an erasure."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, get_args
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db import Busy, new_id
from app.recounting import What, rebuild, rebuild_all
from identity.customers import CustomerId
from identity.errors import NotFound
from tests.laws.world import Place, World, law
from tests.timeline.object_history import PUSHES, STEPS, ObjectHistory, Step
from timeline import desk, erasure, placing
from timeline.interactions import ObjectState
from timeline.pseudonyms import pseudonyms

TABLES = ("contact_count", "object_event", "object_state")
KINDS: tuple[What, ...] = get_args(What)


async def kept(place: Place) -> dict[str, list[str]]:
    return {
        table: sorted(
            [
                repr(row[0])
                for row in await place.fetch(
                    f"SELECT to_jsonb(t) FROM {table} t WHERE workspace_id = $1",
                    place.id,
                )
            ]
        )
        for table in TABLES
    }


async def rebuilt(place: Place) -> dict[str, int]:
    return {what: (await rebuild_all(place.edge, place.id, what, lambda _: None)).rows for what in KINDS}


async def damage(place: Place, *statements: str) -> None:
    for statement in statements:
        await place.write(lambda db, statement=statement: db.execute(statement, place.id))


async def a_shop(place: Place) -> list[Any]:
    """Two people with orders, merged, one item of the one placed on the other and one of a third on them."""
    a = await order(place, "a", 1, "placed")
    b = await order(place, "b", 7, "placed")
    c = await order(place, "c", 2, None, kind="payment")
    await place.decide(desk.merge, a.customer_id, b.customer_id)
    for version in range(2, 6):
        await order(place, "ab"[version % 2], version, "shipped", id_=str(version % 3))
    await place.push("a")
    await place.push("a", kind="order")
    moved = await order(place, "a", 9, "lost")
    await place.decide(placing.place, a.customer_id, moved.event_id, contact=b.contact_id)
    await place.decide(placing.place, c.customer_id, c.event_id, contact=a.contact_id)
    return [a, b, c]


async def order(place: Place, key: str, version: int, state: Any, *, kind: str = "order", id_: str = "1") -> Any:
    return await place.push(key, kind=kind, object=ObjectState(type="order", id=id_, version=version, state=state))


def cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of four events are long."""
    monkeypatch.setattr("app.recounting.EVENTS_AT_ONCE", 3)
    monkeypatch.setattr("app.recounting.CONTACTS_AT_ONCE", 1)


def test_after_any_history_nothing_differs_and_what_was_emptied_comes_back(world: World):
    @law(25)
    @given(PUSHES, st.integers(1, 9), STEPS, st.booleans())
    def holds(pushes: Sequence[Any], size: int, steps: Sequence[Step], long: bool) -> None:
        async def told() -> None:
            history = ObjectHistory(await world.open_workspace())
            await history.begin()
            await history.push(pushes, size)
            for step in steps:
                await history.step(step)
            before = await kept(history.place)
            assert await rebuilt(history.place) == {"counts": 0, "objects": 0}
            await damage(
                history.place,
                "DELETE FROM object_event WHERE workspace_id = $1",
                "DELETE FROM object_state WHERE workspace_id = $1",
                "UPDATE contact_count SET events = 0, messages = 3, orders = 0 WHERE workspace_id = $1",
            )
            found = await rebuilt(history.place)
            assert await kept(history.place) == before
            assert found["counts"] == len(before["contact_count"])
            assert found["objects"] == len(before["object_event"]) + len(before["object_state"])
            await history.check()

        with pytest.MonkeyPatch.context() as patched:
            if long:
                cut_short(patched)
            world.run(told())

    holds()


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize(
    ("what", "rows", "damaged"),
    [
        ("counts", 1, "UPDATE contact_count SET orders = orders + 1 WHERE workspace_id = $1 AND contact_id = (SELECT "
         "contact_id FROM contact_count WHERE workspace_id = $1 ORDER BY events LIMIT 1)"),
        ("counts", 1, "UPDATE contact_count SET tickets = tickets + 1 WHERE workspace_id = $1 AND contact_id = (SELECT "
         "contact_id FROM contact_count WHERE workspace_id = $1 ORDER BY events DESC LIMIT 1)"),
        ("counts", 1, "INSERT INTO contact_count VALUES ($1, gen_random_uuid(), 4, 3, 1)"),
        ("objects", 1, "UPDATE object_state SET events = events + 1 WHERE workspace_id = $1 AND id = '0'"),
        ("objects", 1, "UPDATE object_state SET state = '\"stolen\"' WHERE workspace_id = $1 AND id = '0'"),
        ("objects", 1, "DELETE FROM object_state WHERE workspace_id = $1 AND id = '0'"),
        ("objects", 1, "INSERT INTO object_state SELECT (jsonb_populate_record(o, '{\"id\": \"none\"}')).* "
         "FROM object_state o WHERE workspace_id = $1 AND id = '0'"),
        ("objects", 1, "INSERT INTO object_state SELECT (jsonb_populate_record(o, jsonb_build_object('contact_id', "
         "gen_random_uuid()))).* FROM object_state o WHERE workspace_id = $1 AND id = '0'"),
        ("objects", 1, "DELETE FROM object_event WHERE workspace_id = $1 AND id = '1' AND version_number = 7"),
        ("objects", 1, "INSERT INTO object_event SELECT (jsonb_populate_record(o, jsonb_build_object('event_id', "
         "gen_random_uuid()))).* FROM object_event o WHERE workspace_id = $1 AND version_number = 1"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_mended_and_counted(
    world: World, monkeypatch: pytest.MonkeyPatch, what: What, rows: int, damaged: str, *, long: bool
):
    if long:
        cut_short(monkeypatch)

    async def told() -> None:
        place = await world.open_workspace()
        await a_shop(place)
        before = await kept(place)
        await damage(place, damaged)
        broken = await kept(place)
        assert broken != before
        found = await rebuild_all(place.edge, place.id, what, lambda _: None)
        assert found.rows == rows
        after = await kept(place)
        nought = [row for row in after["contact_count"] if row not in before["contact_count"]]
        assert len(nought) == len(after["contact_count"]) - len(before["contact_count"]), "counts of nought may stay"
        assert after | {"contact_count": before["contact_count"]} == before
        assert await rebuilt(place) == {"counts": 0, "objects": 0}

    world.run(told())


def test_rows_about_another_event_contact_or_place_are_put_right(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, _, c = await a_shop(place)
        before = await kept(place)
        for wrong in (
            "position = position + 100000",
            "kind = 'fact', has_state = NOT has_state, version_number = 1.5, version_text = 'x'",
            f"contact_id = '{a.contact_id}'",
            f"contact_id = '{c.contact_id}'",
            f"contact_id = '{new_id()}'",
        ):
            change = f"UPDATE object_event SET {wrong} WHERE workspace_id = $1"
            # the application may not change these rows: only the owner can have damaged them
            await damage_as_owner(world, change.replace("$1", f"'{place.id}'"))
            assert (await rebuilt(place))["objects"] > 0
            assert await kept(place) == before
            assert await rebuilt(place) == {"counts": 0, "objects": 0}

    world.run(told())


async def damage_as_owner(world: World, statement: str) -> None:
    owner = await asyncpg.connect(world.admin_dsn)
    try:
        await owner.execute(statement)
    finally:
        await owner.close()


def test_one_customer_is_rebuilt_alone(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, _, c = await a_shop(place)
        before = await kept(place)
        await damage(
            place,
            "UPDATE contact_count SET events = events + 1 WHERE workspace_id = $1",
            "DELETE FROM object_event WHERE workspace_id = $1",
        )
        mine, theirs = CustomerId(a.customer_id), CustomerId(c.customer_id)
        named = len(before["object_event"])
        assert await rebuild(place.edge, place.id, "objects", mine) == named, "with what others said that stands here"
        assert await rebuild(place.edge, place.id, "objects", theirs) == 0
        assert await rebuild(place.edge, place.id, "counts", theirs) == 2, "the contact and the desk contact"
        assert await rebuild(place.edge, place.id, "counts", mine) == len(before["contact_count"]) - 2
        assert await kept(place) == before

    world.run(told())


def test_another_workspace_is_left_alone(world: World):
    async def told() -> None:
        mine, other = await world.open_workspace(), await world.open_workspace()
        await a_shop(mine)
        there = await a_shop(other)
        await damage(other, "UPDATE contact_count SET events = 99 WHERE workspace_id = $1")
        before = await kept(other)
        assert await rebuilt(mine) == {"counts": 0, "objects": 0}
        for what in KINDS:
            assert await rebuild(mine.edge, mine.id, what, CustomerId(there[0].customer_id)) == 0
        assert await kept(other) == before

    world.run(told())


@pytest.mark.parametrize("long", [False, True])
def test_beside_pushes_placements_and_merges_it_ends_where_they_end(
    world: World, monkeypatch: pytest.MonkeyPatch, *, long: bool
):
    if long:
        cut_short(monkeypatch)

    async def told() -> None:
        place = await world.open_workspace()
        people = [await order(place, key, 1, "placed") for key in "abc"]
        stop = asyncio.Event()
        done = 0

        async def go_on(turn: int) -> None:
            nonlocal done
            while not stop.is_set():
                with contextlib.suppress(NotFound, Busy):  # merges came between
                    pushed = await order(place, "abc"[turn], done, "shipped", id_=str(done % 3))
                    done += 1
                    to = people[(turn + 1) % 3]
                    if done % 3 == 1 and pushed.contact_id != to.contact_id:
                        await place.decide(placing.place, pushed.customer_id, pushed.event_id, contact=to.contact_id)
                await asyncio.sleep(0.02 + done / 2_000)  # ever slower: three events at a time catch up on any machine

        async def merge_on() -> None:
            while not stop.is_set():
                merged = await place.decide(desk.merge, people[0].customer_id, people[1].customer_id)
                await asyncio.sleep(0.05)
                await place.decide(desk.unmerge, people[0].customer_id, merged.decision_id)
                await asyncio.sleep(0.05)

        working = [asyncio.create_task(work) for work in (*(go_on(turn) for turn in range(3)), merge_on())]
        try:
            for turn in range(4):
                for _ in range(3_000):  # each rebuild has work beside it, however fast the machine is
                    if done > 4 * turn:
                        break
                    await asyncio.sleep(0.01)
                await damage(
                    place,
                    "DELETE FROM object_event WHERE workspace_id = $1 AND position % 2 = 0",
                    "UPDATE object_state SET events = 0 WHERE workspace_id = $1",
                    "UPDATE contact_count SET events = events + 1 WHERE workspace_id = $1",
                )
                await rebuilt(place)
        finally:  # else they go on beside the tests that come after
            stop.set()
            ended = await asyncio.gather(*working, return_exceptions=True)
        assert [error for error in ended if error is not None] == []
        assert done > 10
        assert await rebuilt(place) == {"counts": 0, "objects": 0}

    world.run(told())


def test_customers_merged_and_parted_without_a_pause_are_not_run_after(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        one, other = [await order(place, key, 1, "placed") for key in "ab"]
        ended = False

        async def merge_on() -> None:
            while not ended:
                merged = await place.decide(desk.merge, one.customer_id, other.customer_id)
                await place.decide(desk.unmerge, one.customer_id, merged.decision_id)

        merging = asyncio.create_task(merge_on())
        try:
            for _ in range(6):
                await damage(place, "UPDATE contact_count SET events = events + 1 WHERE workspace_id = $1")
                assert (await rebuilt(place))["counts"] > 0
        finally:
            ended = True
            await merging
        assert await rebuilt(place) == {"counts": 0, "objects": 0}

    world.run(told())


def test_what_an_erasure_left_is_what_the_tombstones_say(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, _, c = await a_shop(place)
        for customer in (a.customer_id, c.customer_id):
            await erased(place, customer)
            assert await rebuilt(place) == {"counts": 0, "objects": 0}
        before = await kept(place)
        assert "erased:" in str(before["object_state"])
        await damage(
            place,
            "DELETE FROM object_event WHERE workspace_id = $1",
            "DELETE FROM object_state WHERE workspace_id = $1",
            "UPDATE contact_count SET orders = 0 WHERE workspace_id = $1",
        )
        await rebuilt(place)
        assert await kept(place) == before

    world.run(told())


async def erased(place: Place, customer: UUID) -> None:
    async def work(db: Any) -> None:
        person = await erasure.lock_person(db, place.id, CustomerId(customer))
        await erasure.erase(db, place.desk(), new_id(), person, pseudonyms("secret"))

    await place.write(work)
