"""Edits of tickets: the tables hold what the page says, however tickets, customers and places are edited and undone."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.laws.edit_history import EDITED, EditHistory
from tests.laws.ticket_ledger import unversioned
from tests.laws.ticket_steps import Do, Step
from tests.laws.world import World, law


def test_every_history_of_edits_gives_the_tickets_of_the_page(world: World):
    @law(10)
    @given(EDITED)
    def holds(steps: Sequence[Step]) -> None:
        world.run(EditHistory(world.workspace()).run(steps))

    holds()


def test_undoing_an_edit_is_where_it_began(world: World):
    @law(6)
    @given(EDITED, st.sampled_from(("combine", "divide", "move")), st.integers(0, 9), st.integers(0, 9))
    def holds(steps: Sequence[Step], edit: str, one: int, other: int) -> None:
        async def there_and_back() -> None:
            history = EditHistory(await world.open_workspace())
            for step in steps:
                await history.do(step)
            before, stood = await unversioned(history.place), await history.standing()
            await history.do(Do(edit, one, other, "move"))
            for made in {*await history.standing()} - {*stood}:
                await history.undo(made)
            assert await unversioned(history.place) == before

        world.run(there_and_back())

    holds()


def test_edits_undone_in_any_order_leave_nothing(world: World):
    @law(4)
    @given(EDITED, st.randoms(use_true_random=False))
    def holds(steps: Sequence[Step], chance: object) -> None:
        async def undone() -> None:
            history = EditHistory(await world.open_workspace())
            for step in steps:
                await history.do(step)
            standing = await history.standing()
            chance.shuffle(standing)  # type: ignore[attr-defined]
            for edit in standing:
                await history.undo(edit)
            await history.check()
            assert not await history.standing()

        world.run(undone())

    holds()
