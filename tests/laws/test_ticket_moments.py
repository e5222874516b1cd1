"""As of any moment tickets are what they were then, whatever was said, asked and decided since."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from msgspec.structs import replace

from identity.views import read_people
from tests.laws.ticket_history import TicketHistory
from tests.laws.ticket_ledger import read_folds
from tests.laws.ticket_steps import STEPS, Step
from tests.laws.world import AGENT, World, law
from timeline.tickets.policy_store import add_policy, latest_policy
from timeline.tickets.then import Then, read_then
from timeline.tickets.ticket import TicketId, as_of

Shown = dict[UUID, tuple[list[Any], dict[UUID, UUID]]]
"""Of each customer the tickets that stand, and which of them holds each event."""


class Told(TicketHistory):
    """A history whose policies are decided at its own time."""

    async def activate(self, words: Any, *, past: bool) -> None:
        async def work(db: Any) -> None:
            version = await latest_policy(db, self.place.id) + 1
            body = msgspec.json.encode(words)
            await add_policy(db, self.place.id, version, body, past=past, actor=AGENT, reason=None, now=self.now)

        await self.place.edge.write(self.place.id, work, configures=True)

    async def kept(self) -> Shown:
        """What the tables hold."""
        folds = await read_folds(self.place)
        items = await self.place.fetch(
            "SELECT event_id, ticket_id FROM ticket_item WHERE workspace_id = $1", self.place.id
        )
        contacts = await self.place.contacts()
        shown: Shown = {customer: ([], {}) for customer in await self.customers()}
        for ticket in folds.values():
            if ticket.joined_into is None:
                shown[contacts[ticket.contact_id]["customer_id"]][0].append(
                    as_of(replace(ticket, version_base=0), self.now)
                )
        for row in items:
            ticket = row["ticket_id"]
            while (into := folds[ticket].joined_into) is not None:
                ticket = into
            shown[contacts[folds[ticket].contact_id]["customer_id"]][1][row["event_id"]] = ticket
        return shown

    async def folded(self, customers: Sequence[UUID], at: datetime) -> Shown:
        """What is folded for a moment."""
        shown: Shown = {}
        for customer in customers:

            async def work(db: Any, customer: Any = customer) -> Then | None:
                people = await read_people(db, self.place.id, customer, at)
                return await read_then(db, self.place.id, people, at)

            then = await self.place.read(work)
            assert then is not None
            holders: dict[UUID, UUID] = {event: refs[0].id for event, refs in then.refs.items()}
            for ticket in {*holders.values()}:
                assert {*then.items_of([TicketId(ticket)])} == {event for event in holders if holders[event] == ticket}
            shown[customer] = (then.standing, holders)
        return shown


def by_id(shown: Shown) -> Shown:
    return {customer: (sorted(tickets, key=lambda t: t.id), held) for customer, (tickets, held) in shown.items()}


def test_a_moment_is_shown_as_it_was(world: World):
    @law(25)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        async def remembered() -> None:
            history = Told(await world.open_workspace())
            moments: list[tuple[datetime, Shown]] = []
            for step in steps:
                await history.do(step)
                moments.append((history.now, await history.kept()))
            for at, shown in moments:
                assert by_id(await history.folded(list(shown), at)) == by_id(shown), at

        world.run(remembered())

    holds()
