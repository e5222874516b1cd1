"""As of any moment tickets and their items are what they were then, whatever was edited and undone since."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import given

from identity.customers import CustomerId
from identity.views import read_people
from tests.laws.edit_history import EDITED, EditHistory
from tests.laws.test_ticket_moments import Told
from tests.laws.ticket_ledger import read_folds
from tests.laws.ticket_steps import Step
from tests.laws.world import World, law
from timeline.tickets.then import Then, read_then

Seen = dict[UUID, tuple[set[Any], dict[UUID, set[UUID]]]]
"""Of each customer the tickets that stand, and in which of them each event is."""


class Remembered(EditHistory, Told):
    """An edited history that is asked about its past."""

    async def now_kept(self) -> Seen:
        folds = await read_folds(self.place)
        shown = {customer: ({*tickets}, {}) for customer, (tickets, _) in (await self.kept()).items()}
        items = await self.place.fetch(
            "SELECT i.event_id, i.ticket_id, c.customer_id FROM ticket_item i JOIN ticket t ON t.workspace_id = $1 "
            "AND t.id = i.ticket_id JOIN contact c ON c.workspace_id = $1 AND c.id = t.contact_id "
            "WHERE i.workspace_id = $1",
            self.place.id,
        )
        for row in items:
            ticket = row["ticket_id"]
            while (into := folds[ticket].joined_into) is not None:
                ticket = into
            shown[row["customer_id"]][1].setdefault(row["event_id"], set()).add(ticket)
        return shown

    async def then(self, customer: UUID, at: Any) -> Then:
        async def work(db: Any) -> Then | None:
            return await read_then(
                db, self.place.id, await read_people(db, self.place.id, CustomerId(customer), at), at
            )

        then = await self.place.read(work)
        assert then is not None
        return then


def test_a_moment_before_an_edit_knows_nothing_of_it(world: World):
    @law(6)
    @given(EDITED)
    def holds(steps: Sequence[Step]) -> None:
        async def remembered() -> None:
            history = Remembered(await world.open_workspace())
            moments: list[tuple[Any, Seen]] = []
            for step in steps:
                await history.do(step)
                moments.append((history.now, await history.now_kept()))
            for at, shown in moments:
                for customer, (tickets, items) in shown.items():
                    then = await history.then(customer, at)
                    assert {*then.standing} == tickets
                    assert {event: {ref.id for ref in refs} for event, refs in then.refs.items()} == items

        world.run(remembered())

    holds()
