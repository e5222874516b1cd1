"""Random histories of pushes and decisions: the database agrees with the oracle after every step."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.laws.history import STEPS, History, Step
from tests.laws.world import BY_PROOF, World, law

_number = st.integers(0, 63)
_proving = st.sampled_from(((0, 5), (2, 5), (4, 5), (0, 14), (2, 14)))
"""Pushes that prove one or two mailboxes, a number or a handle, and no account."""
ASKING = st.lists(
    st.tuples(_number, _proving).map(lambda push: ("push", push[0], *push[1]))
    | st.tuples(
        st.sampled_from(("apart",) * 3 + ("unmerge", "accept", "reject", "merge", "split")), _number, _number, _number
    ),
    min_size=14,
    max_size=30,
)


def test_every_history_ends_as_the_definition_says(world: World):
    @law(40)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        world.run(History(world.workspace(BY_PROOF)).run(steps))

    holds()


def test_whatever_is_asked_is_asked_once(world: World):
    """Histories full of proofs that meet people whom somebody keeps apart."""

    @law(20)
    @given(ASKING)
    def holds(steps: Sequence[Step]) -> None:
        world.run(History(world.workspace(BY_PROOF)).run(steps))

    holds()
