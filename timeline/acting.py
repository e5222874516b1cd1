"""Acting on tickets: lock their customers, perform commands, settle what follows.

All in the transaction of the caller, who rolls back what raises.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import CustomerId, WorkspaceId
from identity.errors import Impossible, NotFound
from timeline import store
from timeline.actions import Made, Terms, append, plan
from timeline.commands import AddNote, Assign, Command, Reply, SetQueue, checked
from timeline.decisions import Desk, lock_customers, time_of
from timeline.errors import StartOver, StillDeriving, TicketElsewhere, TicketStale
from timeline.events import EventId
from timeline.reactions import settle
from timeline.tickets import views
from timeline.tickets.aiming import Aim, at_item, read_aims
from timeline.tickets.projection import POLICIES
from timeline.tickets.ticket import TicketId

Refusal = TicketElsewhere | TicketStale | StillDeriving | Impossible
REFUSALS: Final = (TicketElsewhere, TicketStale, StillDeriving, Impossible)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that something is asked of, at the version that the asker saw (None: whatever it is)."""

    ticket: TicketId
    version: int | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The events that an ask appended, in the order of its commands; none where nothing was to change."""

    ticket: TicketId
    events: tuple[EventId, ...]


async def perform(
    db: store.Db,
    desk: Desk,
    ask: Ask,
    commands: Sequence[Command],
    *,
    about: UUID | None = None,
    cause: str = "api",
) -> Done:
    """Perform commands on one ticket of the registry. `about` is the item that replies and notes are about: the
    customer's latest message where none is named.

    Raises `NotFound`, `TicketElsewhere`, `TicketStale`, `StillDeriving`, `Impossible`, `InvalidField`."""
    speaks = any(isinstance(command, Reply | AddNote) for command in commands)
    (done,) = await _perform(db, desk, [ask], commands, cause, speaks=speaks, about=about)
    if not isinstance(done, Done):
        raise done
    return done


async def perform_on_each(
    db: store.Db, desk: Desk, asks: Sequence[Ask], commands: Sequence[Command], *, cause: str = "api"
) -> list[Done | Refusal]:
    """Perform the same commands on several tickets of the registry: what came of each, in the order given; one that is
    refused stops no other. Neither replies nor notes. Raises `NotFound`, `InvalidField`."""
    return await _perform(db, desk, asks, commands, cause, speaks=False, about=None)


async def _perform(
    db: store.Db,
    desk: Desk,
    asks: Sequence[Ask],
    commands: Sequence[Command],
    cause: str,
    *,
    speaks: bool,
    about: UUID | None,
) -> list[Done | Refusal]:
    wanted = [checked(command) for command in commands]
    tickets = [ask.ticket for ask in asks]
    locked = _customers(await _aims(db, desk.workspace, tickets, speaks, about))
    await lock_customers(db, desk, sorted(locked))
    aims = await _aims(db, desk.workspace, tickets, speaks, about)
    if not _customers(aims) <= locked:
        raise StartOver
    await _check_queues(db, desk.workspace, wanted)
    versions = await POLICIES.read(db, desk.workspace)
    terms = Terms(
        desk=desk,
        rules=versions.latest,
        now=await time_of(db, desk),
        cause=cause,
        retired=await _retired(db, desk.workspace, wanted),
    )
    outcomes: list[Done | Refusal] = []
    made: list[Made] = []
    for ask in asks:
        try:
            planned = plan(terms, aims[ask.ticket], ask.version, wanted)
        except REFUSALS as refused:
            outcomes.append(refused)
        else:
            made.extend(planned)
            outcomes.append(Done(ticket=ask.ticket, events=tuple(one.event.id for one in planned)))
    if made:
        positions = await append(db, desk.workspace, made)
        events, owners = [one.event for one in made], [one.owner_id for one in made]
        placed = {one.event.id: (one.stands_on, one.customer_id) for one in made}
        settled = await settle(db, desk.workspace, events, positions, owners, versions, placed=placed)
        assert not settled.voids, "what was allowed came to nothing"
    return outcomes


Aims = dict[TicketId, Aim | TicketElsewhere]


async def _aims(
    db: store.Db, workspace: WorkspaceId, tickets: Sequence[TicketId], speaks: bool, about: UUID | None
) -> Aims:
    aims = await read_aims(db, workspace, tickets)
    if speaks:
        for ticket, aim in aims.items():
            if isinstance(aim, Aim):
                aims[ticket] = await at_item(db, workspace, aim, about)
    return aims


def _customers(aims: Aims) -> set[CustomerId]:
    return {customer for aim in aims.values() if isinstance(aim, Aim) for customer in aim.customers}


async def _retired(db: store.Db, workspace: WorkspaceId, commands: Iterable[Command]) -> set[UUID]:
    """Those agents to whom nothing can be assigned any more. Raises `NotFound` for who never was one."""
    named = {command.assignee for command in commands if isinstance(command, Assign) and command.assignee}
    if not named:
        return set()
    known = await views.agents(db, workspace, list(named))
    if len(known) < len(named):
        raise NotFound
    return {agent for agent, works in known.items() if not works}


async def _check_queues(db: store.Db, workspace: WorkspaceId, commands: Iterable[Command]) -> None:
    """Raises `Impossible` for a queue that is not there."""
    named = {command.queue for command in commands if isinstance(command, SetQueue) and command.queue}
    if named and named - await views.known_queues(db, workspace, list(named)):
        raise Impossible("queue", "expected the key of a queue of this desk")
