"""One thread: paged both ways by keyset over equal times, filtered, stable under new events, placed by hand."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db import new_id
from identity.errors import Absorbed, AlreadyUndone, Impossible, NotFound
from tests.laws.world import KEY, NOON, Place, World, law
from timeline import desk, placing, store
from timeline.events import EventId, NewEvent, NoteRecorded
from timeline.interactions import ObjectState
from timeline.threads import Mark, Page, Profile, ThreadQuery, read_page, read_profile

MINUTES = st.lists(st.integers(0, 3), min_size=1, max_size=14)
"""When each item was, in minutes: many at the same."""


async def page(place: Place, customer: Any, **query: Any) -> Page:
    return await place.read(lambda db: read_page(db, place.id, customer, ThreadQuery(**query)))


async def profile(place: Place, customer: Any) -> Profile:
    return await place.read(lambda db: read_profile(db, place.id, customer, ThreadQuery()))


async def ids(place: Place, customer: Any, limit: int = 200, **query: Any) -> list[UUID]:
    return [item.event_id for item in await place.thread(customer, limit, **query)]


async def pushed(place: Place, minutes: Sequence[int], keys: str = "ab") -> UUID:
    """Two contacts of one customer; the items lie on both in turn. Returns the customer."""
    outcomes = await place.receive(
        *(
            place.item(keys[n % len(keys)], "email:a@example.com", occurred_at=NOON + timedelta(minutes=minute))
            for n, minute in enumerate(minutes)
        )
    )
    return outcomes[-1].customer_id


def test_pages_meet_in_both_directions_without_gap_or_repeat(world: World):
    @law(15)
    @given(MINUTES, st.integers(1, 4), st.integers(0, 20))
    def holds(minutes: Sequence[int], limit: int, start: int) -> None:
        async def told() -> None:
            place = await world.open_workspace()
            customer = await pushed(place, minutes)
            whole = (await page(place, customer, limit=200)).items
            positions = await place.fetch("SELECT id, position FROM event WHERE workspace_id = $1", place.id)
            order = {row["id"]: row["position"] for row in positions}
            expected = sorted(whole, key=lambda item: (item.shown_at, order[item.event_id]), reverse=True)
            assert whole == expected
            assert len(whole) == len(minutes)
            assert await ids(place, customer, limit) == [item.event_id for item in whole]
            at = start % len(whole)
            mark = Mark(shown_at=whole[at].shown_at, event_id=whole[at].event_id)
            newer: list[Any] = []
            while items := (found := await page(place, customer, limit=limit, after=mark)).items:
                newer = [*items, *newer]
                assert found.previous
                mark = found.previous
            assert newer == whole[:at]

        world.run(told())

    holds()


def test_a_cursor_survives_new_events(world: World):
    """What arrives meanwhile, earlier and later than the page's edge, at its very time too, shifts nothing."""

    async def told() -> None:
        place = await world.open_workspace()
        customer = await pushed(place, [0, 1, 1, 1, 2, 3])
        before = await ids(place, customer)
        first = await page(place, customer, limit=3)
        await pushed(place, [1, 1, 5, 2])
        late = (await place.push("a", occurred_at=NOON - timedelta(days=3))).event_id
        rest = await ids(place, customer)
        found: list[UUID] = [item.event_id for item in first.items]
        mark = first.next
        while mark:
            found_page = await page(place, customer, limit=2, before=mark)
            found.extend(item.event_id for item in found_page.items)
            mark = found_page.next
        assert [event for event in found if event in before] == before
        assert len(set(found)) == len(found)
        assert found[-1] == late
        assert [event for event in rest if event in found] == found

    world.run(told())


def test_the_last_page_has_no_next_and_an_empty_thread_no_page(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        customer = await pushed(place, [0, 1])
        assert (await page(place, customer, limit=2)).next is None
        assert (await page(place, customer, limit=1)).next is not None
        assert (await page(place, customer, channels=frozenset({"sms"}))) == Page(items=[], next=None, previous=None)

    world.run(told())


def test_filters_are_or_within_and_and_between(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        kinds = ["message", "note", "order", "call", "visit"]
        channels = ["email", "sms", "orders", "voice", "api"]
        outcomes = [
            await place.push("a", kind=kind, channel=channel, occurred_at=NOON + timedelta(hours=n))
            for n, (kind, channel) in enumerate(zip(kinds, channels, strict=True))
        ]
        other = await place.push("z")
        customer = outcomes[0].customer_id
        await place.decide(desk.merge, customer, other.customer_id)
        events = [outcome.event_id for outcome in outcomes]

        async def shown(**query: Any) -> set[int]:
            found = await ids(place, customer, 1, **query)
            return {events.index(event) if event in events else -1 for event in found}

        assert await shown(kinds=frozenset({"message", "order"})) == {0, 2, -1}
        assert await shown(kinds=frozenset({"message", "call"}), channels=frozenset({"voice"})) == {3}
        assert await shown(channels=frozenset({"sms", "api"})) == {1, 4}
        assert await shown(start=NOON + timedelta(hours=1), end=NOON + timedelta(hours=3)) == {1, 2}
        changes = await place.thread(customer, kinds=frozenset({"change"}))
        assert [item.type for item in changes] == ["CustomersMerged"] * 2
        assert {item.kind for item in await place.thread(customer, kinds=frozenset({"change", "note"}))} == {
            "change",
            "note",
        }

    world.run(told())


def test_a_clock_ahead_is_shown_when_it_was_recorded(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        pushed_one = await place.push("a", occurred_at=NOON.replace(year=2150))
        (item,) = (await page(place, pushed_one.customer_id)).items
        assert item.ahead
        assert item.shown_at == item.recorded_at < item.occurred_at

    world.run(told())


async def about(place: Place, contact: Any, event: UUID) -> UUID:
    """A note about an event, as commands will write it: in the stream where the event lies."""
    note = NewEvent(
        id=EventId(new_id()),
        contact_id=contact,
        event=NoteRecorded(body="about it"),
        actor=KEY,
        about=EventId(event),
        shown_at=NOON,
        occurred_at=NOON,
        recorded_at=await place.clock(),
    )
    owner = (await place.contacts())[contact]["customer_id"]
    await place.write(lambda db: store.append(db, place.id, [note], [owner], [0]))
    return note.id


def test_a_placement_carries_what_is_about_its_item_earlier_and_later(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b = await place.push("a"), await place.push("b")
        earlier = await about(place, a.contact_id, a.event_id)
        before = await place.clock()
        placed = await place.decide(placing.place, a.customer_id, a.event_id, contact=b.contact_id)
        assert placed.changed["events"] == 2
        later = await about(place, a.contact_id, a.event_id)
        moved = {a.event_id, earlier, later}
        assert moved <= set(await ids(place, b.customer_id))
        assert moved.isdisjoint(await ids(place, a.customer_id))
        assert {earlier, a.event_id} <= set(await ids(place, a.customer_id, as_of=before))
        why: dict[Any, Any] = {item.event_id: item.why for item in (await page(place, b.customer_id)).items}
        assert {(why[event].decision, why[event].words) for event in moved} == {
            (placed.decision_id, "placed here by hand")
        }
        for customer in (a.customer_id, b.customer_id):
            found = await profile(place, customer)
            assert found.counts.events == len(found.timeline.items)
            assert found.counts.messages == sum(item.kind == "message" for item in found.timeline.items)
        await place.decide(desk.unmerge, b.customer_id, placed.decision_id)
        assert moved <= set(await ids(place, a.customer_id))
        assert moved.isdisjoint(await ids(place, b.customer_id))

    world.run(told())


def test_the_latest_standing_placement_wins(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b, c = [await place.push(key) for key in "abc"]
        first = await place.decide(placing.place, a.customer_id, a.event_id, contact=b.contact_id)
        second = await place.decide(placing.place, b.customer_id, a.event_id, target=c.customer_id)
        assert second.contact_id == c.customer_id, "a customer is its desk contact"
        with pytest.raises(NotFound):
            await place.decide(placing.place, a.customer_id, a.event_id, contact=c.contact_id)
        with pytest.raises(Impossible):
            await place.decide(placing.place, c.customer_id, a.event_id, target=c.customer_id)
        preview = await place.decide(desk.unmerge, a.customer_id, second.decision_id, preview=True)
        back = await place.decide(desk.unmerge, a.customer_id, second.decision_id)
        assert preview.customer_id == back.customer_id == b.customer_id
        assert a.event_id in await ids(place, b.customer_id)
        await place.decide(desk.unmerge, a.customer_id, first.decision_id)
        assert a.event_id in await ids(place, a.customer_id)
        with pytest.raises(AlreadyUndone):
            await place.decide(desk.unmerge, a.customer_id, first.decision_id)
        third = await place.decide(placing.place, a.customer_id, a.event_id, contact=b.contact_id)
        fourth = await place.decide(placing.place, b.customer_id, a.event_id, contact=c.contact_id)
        await place.decide(desk.unmerge, a.customer_id, third.decision_id)
        assert a.event_id in await ids(place, c.customer_id), "an older one taken back moves nothing"
        await place.decide(desk.unmerge, c.customer_id, fourth.decision_id)
        assert a.event_id in await ids(place, a.customer_id)

    world.run(told())


def test_a_placed_item_goes_where_its_contact_goes(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b, c = [await place.push(key) for key in "abc"]
        await place.decide(placing.place, a.customer_id, a.event_id, contact=b.contact_id)
        merge = await place.decide(desk.merge, c.customer_id, b.customer_id)
        assert a.event_id in await ids(place, c.customer_id)
        with pytest.raises(Absorbed):
            await page(place, b.customer_id)
        await place.decide(desk.unmerge, c.customer_id, merge.decision_id)
        assert a.event_id in await ids(place, b.customer_id)

    world.run(told())


def test_states_of_one_order_are_one_order_wherever_they_stand(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        states = [
            await place.push("a", kind="order", object=ObjectState(type="order", id="1", version=n, state={"n": n}))
            for n in (2, 10, 1)
        ]
        b = await place.push("b")
        customer = states[0].customer_id
        found = await profile(place, customer)
        assert (found.counts.orders, [view.version for view in found.objects]) == (1, [10])
        for outcome, here, there in zip(states, (1, 1, 0), (1, 1, 1), strict=True):
            await place.decide(placing.place, customer, outcome.event_id, contact=b.contact_id)
            assert (await profile(place, customer)).counts.orders == here
            assert (await profile(place, b.customer_id)).counts.orders == there

    world.run(told())


def test_racing_placements_leave_the_item_on_one_thread(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b, c = [await place.push(key) for key in "abc"]
        done = await asyncio.gather(
            *(place.decide(placing.place, a.customer_id, a.event_id, contact=to.contact_id) for to in (b, c, b, c)),
            return_exceptions=True,
        )
        assert sum(not isinstance(one, Exception) for one in done) == 1
        shown = [a.event_id in await ids(place, one.customer_id) for one in (a, b, c)]
        assert shown.count(True) == 1

    world.run(told())
