"""Random histories of pushes and decisions: the database agrees with the oracle after every step."""

from collections.abc import Sequence

from hypothesis import given

from tests.laws.history import STEPS, History, Step
from tests.laws.world import World, law


def test_every_history_ends_as_the_definition_says(world: World):
    @law(40)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        world.run(History(world.workspace()).run(steps))

    holds()
