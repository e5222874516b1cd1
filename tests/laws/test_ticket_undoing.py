"""Law 3 of tickets: taking merges back leaves what would be there had nobody merged, whatever was said in between."""

import itertools
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.laws.ticket_history import told
from tests.laws.ticket_ledger import shape, unversioned
from tests.laws.ticket_steps import SAID, SPOKEN, STEPS, TALK, Do, Push, Step
from tests.laws.world import World, law


def test_unmerge_of_a_merge_is_where_it_began(world: World):
    @law(20)
    @given(STEPS, st.integers(0, 9), st.integers(0, 9))
    def holds(steps: Sequence[Step], one: int, other: int) -> None:
        async def there_and_back() -> None:
            history = await told(await world.open_workspace(), steps)
            before = await unversioned(history.place)
            decided = len(await history.decisions("merge"))
            await history.do(Do("merge", one, other))
            if len(await history.decisions("merge")) > decided:
                await history.do(Do("unmerge", -1))
            assert await unversioned(history.place) == before

        world.run(there_and_back())

    holds()


CHAIN = (("a", "b"), ("c", "b"), ("c", "d"))


def test_a_chain_undone_in_any_order_ends_the_same(world: World):
    @law(4)
    @given(st.integers(0, 9), st.lists(TALK, min_size=4, max_size=4))
    def holds(policy: int, between: Sequence[Sequence[Step]]) -> None:
        begun = [Do("policy", policy), *(Push(who=who) for who in "abcd"), *between[0]]
        world.run(ends_the_same(begun, between[1:]))

    async def ends_the_same(begun: Sequence[Step], between: Sequence[Sequence[Step]]) -> None:
        ends = [await undone(begun, between, order) for order in itertools.permutations(range(3))]
        assert all(end == ends[0] for end in ends)

    async def undone(begun: Sequence[Step], between: Sequence[Sequence[Step]], order: Sequence[int]) -> Any:
        history = await told(await world.open_workspace(), begun)
        made: list[Any] = []
        for pair, steps in zip(CHAIN, between, strict=True):
            made.append(await history.merge(*pair))
            for step in steps:
                await history.do(step)
        for which in order:
            await history.unmerge(made[which])
            await history.check()
        return await shape(history.place)

    holds()


def test_what_was_said_meanwhile_goes_where_it_would_have_gone(world: World):
    @law(15)
    @given(SAID, SPOKEN, st.permutations("abc"))
    def holds(before: Sequence[Step], meanwhile: Sequence[Step], who: Sequence[str]) -> None:
        async def the_same() -> None:
            apart = await told(await world.open_workspace(), [*before, *meanwhile])
            parted = await told(await world.open_workspace(), before)
            decision = await parted.merge(who[0], who[1])
            for step in meanwhile:
                await parted.do(step)
            await parted.unmerge(decision)
            await parted.check()
            assert await shape(parted.place) == await shape(apart.place)

        world.run(the_same())

    holds()
