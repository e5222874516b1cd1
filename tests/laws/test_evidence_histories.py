"""Random histories of a town under the standard policy: whatever was weighed, the rows agree with DESIGN."""

from collections.abc import Sequence

from hypothesis import given

from tests.laws.evidence_history import History, Step
from tests.laws.evidence_people import STEPS
from tests.laws.world import World, law


def test_every_history_is_sound_whatever_was_weighed(world: World):
    @law(30)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        world.run(History(world.workspace()).run(steps))

    holds()
