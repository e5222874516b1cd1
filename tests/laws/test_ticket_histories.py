"""Laws 2, 3 and 5 of tickets: random histories on the real database agree with the page after every step."""

from collections.abc import Sequence

from hypothesis import given

from tests.laws.ticket_history import TicketHistory
from tests.laws.ticket_steps import STEPS, Step
from tests.laws.world import World, law


def test_every_history_gives_the_tickets_of_the_page(world: World):
    @law(30)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        world.run(TicketHistory(world.workspace()).run(steps))

    holds()
