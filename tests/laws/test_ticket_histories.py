"""Laws 2 and 5 of tickets: random histories on the real database agree with the page after every step, however they are
cut, left to a job, folded again or tried under another policy."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.rebuilding import compare, derive_waiting, rebuild_all
from tests.laws.ticket_history import TicketHistory, told
from tests.laws.ticket_ledger import PROJECTED, read_ledger, rows_of, shape
from tests.laws.ticket_ledgers import POLICIES
from tests.laws.ticket_steps import BATCHES, KNOTS, STEPS, Batch, Do, Push, Step
from tests.laws.ticket_trying import tried
from tests.laws.world import Place, World, law
from timeline.errors import StillDeriving
from timeline.tickets import refolding
from timeline.tickets.policy import TicketPolicy

ONE: Final = "email:one@example.com"
MERGED_TOGETHER: Final = (
    Do("policy", 1),
    *(Push(who=who) for who in "abc"),
    Batch(tuple(Push(who=who, proof=ONE) for who in "acb")),
)
"""Two merges in one request, each of which joins tickets."""
LEFT_VOID: Final = (
    Push(who="b"),
    Push(who="a", subject="Lamp"),
    Do("merge"),
    Do("command", 1, 0, ("status", "resolved")),
    Push(who="b", subject="Lamp"),
    Do("command", 1, 0, ("status", "pending")),
    Do("unmerge"),
)
"""b's message reopened a's ticket; without it, what was resolved cannot be pending."""
PLACED_EARLIER: Final = (
    *(Push(who=who) for who in "abc"),
    Do("merge", 0, 0),
    Push(who="c"),
    Do("place", 3, 0),
    Do("merge", 0, 0),
    Do("unmerge", 0),
)
"""c came to a and b later than c's message came to a: without b, that message is folded again, and c's own are not."""
HELD_ELSEWHERE: Final = (Push(who="a"), Push(who="b"), Do("merge"), Push(conversation="c"), Do("unmerge"))
"""A conversation that the one side holds, and the other should: their turns in a job come one after the other."""


def test_every_history_gives_the_tickets_of_the_page(world: World):
    @law(25)
    @given(STEPS)
    @example(MERGED_TOGETHER)
    def holds(steps: Sequence[Step]) -> None:
        world.run(TicketHistory(world.workspace()).run(steps))

    holds()


def test_every_knot_of_decisions_gives_the_tickets_of_the_page(world: World):
    @law(15)
    @given(KNOTS)
    @example(LEFT_VOID)
    @example(PLACED_EARLIER)
    def holds(steps: Sequence[Step]) -> None:
        world.run(TicketHistory(world.workspace()).run(steps))

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
    """Cut anywhere: what was folded again from nothing goes on as what was advanced step by step."""

    @law(15)
    @given(STEPS, st.integers(4, 28))
    def holds(steps: Sequence[Step], cut: int) -> None:
        async def rebuilt() -> None:
            history = await told(await world.open_workspace(), steps[:cut])
            await from_nothing(history.place)
            for step in steps[cut:]:
                await history.do(step)
            await history.check()
            await from_nothing(history.place)

        world.run(rebuilt())

    holds()


async def from_nothing(place: Place) -> None:
    tables = ("event", "link_decision", "ticket_number", *PROJECTED)
    before = await rows_of(place, *tables)
    assert (await rebuild_all(place.edge, place.id, lambda _: None)).rows == 0
    for table in PROJECTED:
        await place.write(lambda db, table=table: db.execute(f"DELETE FROM {table} WHERE workspace_id = $1", place.id))
    again = await rebuild_all(place.edge, place.id, lambda _: None)
    assert await rows_of(place, *tables) == before
    assert (again.rows > 0) == any(before[table] for table in PROJECTED)


@pytest.mark.parametrize("most", [0, 3])
def test_what_is_left_to_a_job_comes_to_the_same(world: World, monkeypatch: pytest.MonkeyPatch, most: int):
    """More events to fold again than a request may take: the tickets follow later, pushes in between included."""
    monkeypatch.setattr(refolding, "refolded", functools.partial(refolding.refolded, most=most))
    monkeypatch.setattr("app.rebuilding.EVENTS_AT_ONCE", most)

    @law(12)
    @given(STEPS)
    @example(HELD_ELSEWHERE)
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


def test_trying_a_policy_tells_what_the_page_says_and_writes_nothing(world: World):
    @law(15)
    @given(STEPS, st.sampled_from(POLICIES))
    def holds(steps: Sequence[Step], words: Any) -> None:
        async def compared() -> None:
            place = (await told(await world.open_workspace(), steps)).place
            before = await rows_of(place, "event", "ticket_policy", *PROJECTED)
            policy = msgspec.convert(words, TicketPolicy)
            found = [await compare(place.edge, place.id, policy, lambda _: None) for _ in range(2)]
            assert await rows_of(place, "event", "ticket_policy", *PROJECTED) == before
            assert found[0] == found[1]
            wanted = tried(await read_ledger(place), words, datetime.now(UTC))
            counted = msgspec.structs.asdict(found[0])
            assert {name: getattr(counted[name], "count", counted[name]) for name in wanted} == wanted

        world.run(compared())

    holds()
