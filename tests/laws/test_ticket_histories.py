"""Laws 2, 3 and 5 of tickets: random histories on the real database agree with the page after every step, however they
are cut, undone or folded again."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rebuilding import derive_waiting, rebuild_all
from tests.laws.ticket_history import TicketHistory
from tests.laws.ticket_ledger import PROJECTED, read_folds, rows_of
from tests.laws.ticket_steps import BATCHES, STEPS, TALK, Batch, Do, Push, Step
from tests.laws.world import Place, World, law
from timeline.errors import StillDeriving
from timeline.tickets import refolding


async def told(world: World, steps: Sequence[Step], *, checked: bool = False) -> TicketHistory:
    history = TicketHistory(await world.open_workspace())
    for step in steps:
        await history.do(step)
    if checked:
        await history.check()
    return history


def test_every_history_gives_the_tickets_of_the_page(world: World):
    @law(40)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        world.run(TicketHistory(world.workspace()).run(steps))

    holds()


def test_unmerge_of_a_merge_is_where_it_began(world: World):
    @law(20)
    @given(STEPS, st.integers(0, 9), st.integers(0, 9))
    def holds(steps: Sequence[Step], one: int, other: int) -> None:
        async def there_and_back() -> None:
            history = await told(world, steps)
            before = await rows_of(history.place, *PROJECTED)
            decided = len(await history.decisions("merge"))
            await history.do(Do("merge", one, other))
            if len(await history.decisions("merge")) > decided:
                await history.do(Do("unmerge", -1))
            assert await rows_of(history.place, *PROJECTED) == before

        world.run(there_and_back())

    holds()


CHAIN = (("a", "b"), ("c", "b"), ("c", "d"))


def test_a_chain_undone_in_any_order_ends_the_same(world: World):
    @law(4)
    @given(st.lists(TALK, min_size=4, max_size=4))
    def holds(between: Sequence[Sequence[Step]]) -> None:
        world.run(ends_the_same(between))

    async def ends_the_same(between: Sequence[Sequence[Step]]) -> None:
        ends = [await undone(between, order) for order in itertools.permutations(range(3))]
        assert all(end == ends[0] for end in ends)

    async def undone(between: Sequence[Sequence[Step]], order: Sequence[int]) -> Any:
        history = await told(world, [*(Push(who=who) for who in "abcd"), *between[0]])
        made: list[Any] = []
        for pair, steps in zip(CHAIN, between[1:], strict=True):
            made.append(await history.merge(*pair))
            for step in steps:
                await history.do(step)
        for which in order:
            await history.unmerge(made[which])
            await history.check()
        return await shape(history.place)

    holds()


def test_what_is_pushed_together_comes_to_the_same_as_one_by_one(world: World):
    @law(15)
    @given(st.lists(BATCHES, min_size=1, max_size=3), st.lists(st.integers(1, 6), min_size=1, max_size=6))
    def holds(batches: Sequence[Sequence[Batch]], cuts: Sequence[int]) -> None:
        said = [push for steps in batches for batch in steps for push in batch.pushes]
        pushes = [replace(push, ticket=None, proof=None) for push in said]  # a batch's merges come before its events

        async def pushed(sizes: Sequence[int]) -> Any:
            history, left = TicketHistory(await world.open_workspace()), list(pushes)
            for size in itertools.cycle(sizes):
                if not left:
                    break
                await history.receive(*left[:size])
                left = left[size:]
            await history.check()
            return await shape(history.place)

        async def the_same() -> None:
            assert await pushed([100]) == await pushed([1]) == await pushed(cuts)

        world.run(the_same())

    holds()


def test_rebuilding_from_nothing_gives_the_same_bytes_and_appends_nothing(world: World):
    @law(15)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        async def rebuilt() -> None:
            history = await told(world, steps)
            place, tables = history.place, ("event", "ticket_number", *PROJECTED)
            before = await rows_of(place, *tables)
            assert (await rebuild_all(place.edge, place.id, lambda _: None)).rows == 0
            for table in PROJECTED:
                await place.write(
                    lambda db, table=table: db.execute(f"DELETE FROM {table} WHERE workspace_id = $1", place.id)
                )
            again = await rebuild_all(place.edge, place.id, lambda _: None)
            assert await rows_of(place, *tables) == before
            assert (again.rows > 0) == any(before[table] for table in PROJECTED)

        world.run(rebuilt())

    holds()


@pytest.mark.parametrize("most", [0, 3])
def test_what_is_left_to_a_job_comes_to_the_same(world: World, monkeypatch: pytest.MonkeyPatch, most: int):
    """More events to fold again than a request may take: the tickets follow later, pushes in between included."""
    monkeypatch.setattr(refolding, "refolded", functools.partial(refolding.refolded, most=most))
    monkeypatch.setattr("app.rebuilding.EVENTS_AT_ONCE", most)

    @law(12)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        async def left() -> None:
            history = TicketHistory(await world.open_workspace())
            for at, step in enumerate(steps):
                try:
                    await history.do(step)
                except StillDeriving:
                    continue
                if at % 4 == 0:
                    await derived(history)
            await derived(history)

        async def derived(history: TicketHistory) -> None:
            await derive_waiting(history.place.edge, history.place.id)
            await history.check()

        world.run(left())

    holds()


async def shape(place: Place) -> Any:
    """Tickets without what another run makes other: events are told by their order, positions not at all."""
    rows = await place.fetch("SELECT id FROM event WHERE workspace_id = $1 ORDER BY position", place.id)
    names = {row["id"]: at for at, row in enumerate(rows)}
    folds = await read_folds(place)
    items = await place.fetch("SELECT event_id, ticket_id FROM ticket_item WHERE workspace_id = $1", place.id)
    left_out = ("id", "contact_id", "opened_position", "position", "follow_up_of", "joined_into", "parts")
    return {
        names[ticket]: {name: getattr(fold, name) for name in fold.__struct_fields__ if name not in left_out}
        | {
            "follow_up_of": names.get(fold.follow_up_of),
            "joined_into": names.get(fold.joined_into),
            "parts": [names[part] for part in fold.parts],
            "events": sorted(names[row["event_id"]] for row in items if row["ticket_id"] == ticket),
        }
        for ticket, fold in folds.items()
    }
