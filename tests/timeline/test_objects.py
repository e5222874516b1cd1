"""Objects: newest state by version whatever the order of arrival, stubs, one order counted once, and placements."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db import Db, new_id
from tests.laws.world import Place, World, law
from tests.timeline.object_history import PUSHES, STEPS, ObjectHistory, Step
from timeline import desk, intake, object_views, objects, placing
from timeline.interactions import ObjectState
from timeline.object_types import ObjectType
from timeline.threads import Profile, ThreadQuery, read_profile

AT = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(hours=24)


async def profile(place: Place, customer: Any, **query: Any) -> Profile:
    return await place.read(lambda db: read_profile(db, place.id, customer, ThreadQuery(**query)))


async def define(place: Place, name: str, **fields: Any) -> ObjectType:
    said = {"schema": None, "title": None, "states": None, **fields}
    return await place.write(lambda db: objects.define(db, place.id, name, actor="key:1", **said))


async def named(place: Place, kind: str = "order", key: str = "a", **said: Any) -> Any:
    return await place.push(key, kind=kind, object=ObjectState(**{"type": "order", "id": "1", **said}))


def holds_for(world: World, pushes: Sequence[Any], size: int, steps: Sequence[Step]) -> None:
    """A history, its objects and counts after every step, and as of every moment of it."""

    async def told() -> None:
        history = ObjectHistory(await world.open_workspace())
        await history.begin()
        await history.push(pushes, size)
        moments = []
        for step in [None, *steps]:
            if step is not None:
                await history.step(step)
            await history.check()
            moments.append((await history.place.clock(), history.expected()))
        for moment, expected in moments:
            await history.check(moment, expected)

    world.run(told())


def test_any_order_of_arrival_gives_the_newest_states_and_each_order_once(world: World):
    @law(40)
    @given(PUSHES, st.data(), st.integers(1, 9))
    def holds(pushes: Sequence[Any], data: st.DataObject, size: int) -> None:
        holds_for(world, data.draw(st.permutations(pushes)), size, ())

    holds()


def test_objects_go_where_their_items_are_placed_and_come_back(world: World):
    @law(40)
    @given(PUSHES, st.integers(1, 9), STEPS)
    def holds(pushes: Sequence[Any], size: int, steps: Sequence[Step]) -> None:
        holds_for(world, pushes, size, steps)

    holds()


def test_a_payment_before_its_order_makes_a_stub_that_the_order_completes(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        paid = await named(place, "payment", version=7)
        stub = (await profile(place, paid.customer_id)).objects[0]
        assert (stub.stub, bytes(stub.state), stub.version, stub.status) == (True, b"null", None, None)
        assert (stub.title, stub.events, stub.kind, stub.event_id) == ("Order 1", 1, "payment", paid.event_id)
        assert (await profile(place, paid.customer_id)).counts.orders == 0
        state = {"status": "paid", "total": 12.5, "currency": "EUR"}
        ordered = await named(place, version=2, state=state)
        await named(place, "payment", version=9)
        found = await profile(place, paid.customer_id)
        (whole,) = found.objects
        assert (whole.stub, whole.version, msgspec.json.decode(whole.state)) == (False, 2, state)
        assert (whole.title, whole.events, whole.event_id) == ("Order 1 · 12.50 EUR", 3, ordered.event_id)
        assert whole.status is not None
        assert (whole.status.value, whole.status.label, whole.status.final) == ("paid", "Paid", False)
        assert found.counts.orders == 1
        assert [item.card and item.card.title for item in found.timeline.items] == [
            "Order 1",
            "Order 1 · 12.50 EUR",
            "Order 1",
        ]

    world.run(told())


def test_of_equal_versions_the_later_push_wins_on_every_contact_of_a_customer(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        first = await named(place, key="b", version="3", state="b")
        await named(place, key="a", version=3, state="a")
        other = await named(place, key="b", version=2, state="old")
        last = await named(place, key="b", version=3, state="last")
        merged = await place.decide(desk.merge, first.customer_id, (await named(place, key="a")).customer_id)
        found = await profile(place, first.customer_id)
        assert [(one.event_id, one.events) for one in found.objects] == [(last.event_id, 5)]
        assert found.counts.orders == 1, "one order on two contacts of a customer is one order"
        await named(place, key="a", version=3, state="newer")
        (view,) = (await profile(place, first.customer_id)).objects
        assert bytes(view.state) == b'"newer"'
        assert merged.decision_id
        assert other.customer_id == first.customer_id

    world.run(told())


def test_a_placed_state_leaves_the_rest_of_its_object_behind(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        old = await named(place, version=1, state="placed")
        new = await named(place, version=2, state="shipped")
        b = await place.push("b")
        placed = await place.decide(placing.place, old.customer_id, new.event_id, contact=b.contact_id)
        (here,), (there,) = [(await profile(place, one.customer_id)).objects for one in (old, b)]
        assert (here.version, here.events, there.version, there.contact_id) == (1, 1, 2, b.contact_id)
        await place.decide(placing.place, old.customer_id, old.event_id, contact=b.contact_id)
        assert (await profile(place, old.customer_id)).objects == []
        (there,) = (await profile(place, b.customer_id)).objects
        assert (there.version, there.events) == (2, 2)
        await place.decide(desk.unmerge, b.customer_id, placed.decision_id)
        (here,), (there,) = [(await profile(place, one.customer_id)).objects for one in (old, b)]
        assert (here.version, there.version) == (2, 1)
        assert [one.counts.orders for one in [await profile(place, o.customer_id) for o in (old, b)]] == [1, 1]

    world.run(told())


def test_an_item_placed_with_a_customer_takes_its_object_to_the_desk_contact(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b = await named(place, version=1, state="placed"), await place.push("b")
        moved = await place.decide(placing.place, a.customer_id, a.event_id, target=b.customer_id)
        (there,) = (await profile(place, b.customer_id)).objects
        assert there.contact_id == moved.contact_id == b.customer_id
        assert (await profile(place, a.customer_id)).objects == []

    world.run(told())


def test_what_erased_items_said_is_forgotten_and_the_rest_stays(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        old = await named(place, version=1, state="placed")
        new = await named(place, version=2, state="shipped")
        await place.write(lambda db: objects.forget(db, place.id, [new.event_id]))
        (view,) = (await profile(place, old.customer_id)).objects
        assert (view.version, view.events) == (1, 1)
        await place.write(lambda db: objects.forget(db, place.id, [old.event_id, new.event_id]))
        assert (await profile(place, old.customer_id)).objects == []

    world.run(told())


def test_a_profile_shows_the_latest_objects_and_counts_them_all(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        days = range(object_views.MOST_OBJECTS + 3)
        items = [
            place.item("a", kind="order", occurred_at=AT + day * DAY, object=ObjectState(type="order", id=str(day)))
            for day in days
        ]
        customer = (await place.receive(*items))[0].customer_id
        now = await place.clock()
        for query in ({}, {"as_of": now}):
            shown = await profile(place, customer, **query)
            assert [one.id for one in shown.objects] == [str(day) for day in reversed(days)][
                : object_views.MOST_OBJECTS
            ]
            assert shown.counts.orders == len(days)

    world.run(told())


def test_costly_states_hold_up_nobody_else_for_long(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        await define(place, "order", schema={"items": {"enum": [[n] for n in range(1_600)]}})
        state = ObjectState(type="order", id="1", version=1, state=[[1_599]] * 150)
        gaps: list[float] = []

        async def tick() -> None:
            last = time.perf_counter()
            while True:
                await asyncio.sleep(0)
                now = time.perf_counter()
                gaps.append(now - last)
                last = now

        began, ticking = time.perf_counter(), asyncio.create_task(tick())
        outcomes = await place.receive(*(place.item("a", object=state) for _ in range(20)))
        took = time.perf_counter() - began
        ticking.cancel()
        assert {one.status for one in outcomes} == {201}
        assert max(gaps) < took / 4

    world.run(told())


@pytest.mark.parametrize("count", [1, 40])
def test_naming_an_object_costs_one_statement(world: World, count: int):
    async def told() -> None:
        place = await world.open_workspace()
        await place.receive(*(place.item("a") for _ in range(count)))

        async def statements(**fields: Any) -> int:
            items, asked = [place.item("a", **fields) for _ in range(count)], []

            async def work(db: Db) -> None:
                with db.query_logger(asked.append):
                    await intake.receive(db, place.sender(), items, new_id=new_id)

            await place.write(work)
            return len(asked)

        plain = await statements()
        order = ObjectState(type="order", id="1", version=1, state={"total": 1})
        assert await statements(object=order) == plain + 1
        await define(place, "order", schema={"type": "object"})
        assert await statements(object=order) == plain + 2, "after a change of a type, once"
        assert await statements(object=order) == plain + 1
        assert await statements() == plain

    world.run(told())
