"""Taking a ticket for oneself: of two who claim it one gets it, and the other is told who.

Both see the ticket at the version at which nobody had it; the customers' locks put them in a row."""

from typing import Final
from uuid import UUID

from identity.errors import Impossible
from timeline.acting import Ask, Done, perform
from timeline.commands import Assign
from timeline.decisions import Desk, time_of
from timeline.errors import AlreadyClaimed, TicketStale
from timeline.store import Db
from timeline.tickets import store, views
from timeline.tickets.ticket import TicketId, as_of

TRIES: Final = 2
"""The second time its customers are locked: nothing changes any more."""


async def claim(db: Db, desk: Desk, ticket: TicketId, agent: UUID) -> Done:
    """Give a ticket of the registry that nobody has to an agent; no event where that agent has it.

    Raises `AlreadyClaimed`, `Impossible` for one that ended or who works here no more, and what `perform` raises."""
    for left in reversed(range(TRIES)):
        seen = await store.tickets(db, desk.workspace, [ticket])
        if not seen or seen[0].fold.joined_into is not None:
            return await perform(db, desk, Ask(ticket=ticket), [Assign(assignee=agent)])
        fold = as_of(seen[0].fold, await time_of(db, desk))
        if fold.assignee == agent:
            return Done(ticket=ticket, events=())
        if fold.assignee is not None:
            names = await views.agent_names(db, desk.workspace, [fold.assignee])
            raise AlreadyClaimed(fold.assignee, names.get(fold.assignee, "somebody"))
        if fold.is_ended:
            raise Impossible("ticket", f"this ticket is {fold.status}: nothing waits for anybody")
        try:
            return await perform(db, desk, Ask(ticket=ticket, version=fold.shown_version), [Assign(assignee=agent)])
        except TicketStale:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")
