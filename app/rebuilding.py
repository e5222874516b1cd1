"""Long work over tickets, in transactions of its own: rebuild them, leave off waiting, try and activate a policy."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from app.db import Database, Db, new_id
from app.runs import runs
from identity.customers import CustomerId, WorkspaceId
from search.index_store import ask_for_customers
from timeline import closing
from timeline.tickets import rebuilding, refolding, streams
from timeline.tickets import store as ticket_store
from timeline.tickets.comparing import Comparison, Cut
from timeline.tickets.policy import TicketPolicy, rules_of
from timeline.tickets.projection import POLICIES
from timeline.tickets.ticket import TicketId
from timeline.tickets.versions import decide

CUSTOMERS_AT_ONCE: Final = 500
EVENTS_AT_ONCE: Final = 20_000
MENDED_AT_ONCE: Final = 20
DUE_AT_ONCE: Final = 500
AT_ONCE: Final = 5_000
BEAT: Final = timedelta(seconds=15)
LEFT_OFF: Final = timedelta(minutes=1)
"""A job over all customers that has not said for so long that it goes on was cut short."""

Progress = Callable[[int], None]
"""Told how many customers are done."""


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild came to: customers and events read, and the rows of the projection that were other."""

    customers: int = 0
    events: int = 0
    rows: int = 0


def _runs(database: Database, workspace: WorkspaceId) -> AsyncIterator[list[CustomerId]]:
    """All customers."""

    async def page(after: CustomerId | None) -> list[tuple[CustomerId, int]]:
        async with database.read(workspace) as db:
            return await streams.customers_after(db, workspace, after, CUSTOMERS_AT_ONCE)

    return runs(page, CUSTOMERS_AT_ONCE, EVENTS_AT_ONCE)


async def rebuild_all(database: Database, workspace: WorkspaceId, told: Progress) -> Rebuilt:
    """Fold every thread again beside whatever is being written, and mend where tickets differ."""
    total = Rebuilt()
    async for run in _runs(database, workspace):
        async with database.read(workspace) as db:
            found, events = await rebuilding.check(db, workspace, run)
        total = Rebuilt(
            customers=total.customers + len(run),
            events=total.events + events,
            rows=total.rows + (await _mend(database, workspace, run) if found.rows else 0),
        )
        told(total.customers)
    return total


async def _mend(database: Database, workspace: WorkspaceId, run: list[CustomerId]) -> int:
    """Fold the customers of a run again, a few in a transaction, so that pushes wait for a moment only."""
    if len(run) == 1:
        return await rebuild(database, workspace, run[0])
    rows = 0
    for at in range(0, len(run), MENDED_AT_ONCE):
        few = run[at : at + MENDED_AT_ONCE]
        rows += await database.write(workspace, lambda db, few=few: _mended(db, workspace, few))
    return rows


async def _mended(db: Db, workspace: WorkspaceId, customers: list[CustomerId]) -> int:
    """No event tells of it: search is asked to look at them again."""
    rows = await rebuilding.mend(db, workspace, customers)
    if rows:
        await ask_for_customers(db, workspace, customers)
    return rows


async def rebuild(database: Database, workspace: WorkspaceId, customer: CustomerId) -> int:
    """Fold one customer's thread again and keep what differs; returns the rows that did."""
    async with database.read(workspace) as db:
        contacts = await streams.homes(db, workspace, [customer])
        long = await streams.is_long(db, workspace, list(contacts), EVENTS_AT_ONCE)
    if not long:
        return await database.write(workspace, lambda db: _mended(db, workspace, [customer]))
    return await _rebuild_long(database, workspace, customer)


async def _rebuild_long(database: Database, workspace: WorkspaceId, customer: CustomerId) -> int:
    """The same for a long thread: pushes leave its tickets alone meanwhile, and the job takes in what they appended."""

    async def leave(db: Db) -> None:
        homes = set((await streams.homes(db, workspace, [customer])).values())
        await streams.wait_for_job(db, workspace, list(homes), datetime.now(UTC))

    while True:
        await database.write(workspace, leave)
        async with database.read(workspace) as db:
            refold = await rebuilding.begin(db, workspace, customer)
        more = True
        while more:
            async with database.read(workspace) as db:
                more = await rebuilding.read_on(db, workspace, refold)
            await asyncio.sleep(0)
        rows = await _write_items(database, workspace, refold)

        async def finish(db: Db, refold: refolding.Refold = refold) -> int | None:
            done = await rebuilding.finish(db, workspace, customer, refold)
            if done is not None:
                await ask_for_customers(db, workspace, [customer])
            return done

        last = await database.write(workspace, finish)
        if last is not None:
            return rows + last


async def _write_items(database: Database, workspace: WorkspaceId, refold: refolding.Refold) -> int:
    """The bulk of what differs, in parts: items, of which each stands for itself."""
    async with database.read(workspace) as db:
        gone, come = await refold.items_other(db, workspace)
    size = rebuilding.AT_A_TIME
    if len(gone) + len(come) <= size:
        return 0
    for at in range(0, max(len(gone), len(come)), size):

        async def part(db: Db, at: int = at) -> None:
            await streams.remove(db, workspace, [], gone[at : at + size], [], [], [])
            await ticket_store.write(db, workspace, [], [], come[at : at + size], [], [], [], {})

        await database.write(workspace, part)
    return len(gone) + len(come)


async def derive_waiting(database: Database, workspace: WorkspaceId) -> int:
    """Fold the customers whose tickets were left to a job, or all where one over all was cut short; returns how
    many."""
    async with database.read(workspace) as db:
        waiting = await streams.waiting(db, workspace, datetime.now(UTC) - LEFT_OFF)
    for customer in waiting:
        if customer == rebuilding.EVERYBODY:
            await recut(database, workspace, lambda _: None)
        else:
            await rebuild(database, workspace, customer)
    return len(waiting)


async def recut(database: Database, workspace: WorkspaceId, told: Progress) -> Rebuilt:
    """Cut the past again after a policy was put in force for it. Cut short, this is finished by the worker."""

    async def go_on() -> None:
        while True:
            await database.write(workspace, lambda db: _ask_for_all(db, workspace))
            await asyncio.sleep(BEAT.total_seconds())

    beating = asyncio.create_task(go_on())
    try:
        done = await rebuild_all(database, workspace, told)
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
    await database.write(workspace, lambda db: streams.derived(db, workspace, [rebuilding.EVERYBODY]))
    return done


async def _ask_for_all(db: Db, workspace: WorkspaceId) -> None:
    await streams.wait_for_job(db, workspace, [rebuilding.EVERYBODY], datetime.now(UTC))


async def announce_closed(database: Database, workspace: WorkspaceId) -> int:
    """Tell of the tickets that silence has closed, of imports in lists alone; returns how many."""
    now = datetime.now(UTC)
    lapsed = AT_ONCE
    while lapsed == AT_ONCE:
        lapsed = await database.write(workspace, lambda db: streams.lapse(db, workspace, now, AT_ONCE))
    async with database.read(workspace) as db:
        due = await streams.due(db, workspace, now, DUE_AT_ONCE)
    told = 0
    for row in due:

        async def tell(db: Db, ticket: TicketId = row.fold.id) -> bool:
            return await closing.announce(db, workspace, ticket, new_id=new_id, now=now)

        told += await database.write(workspace, tell)
    return told


async def compare(database: Database, workspace: WorkspaceId, policy: TicketPolicy, told: Progress) -> Comparison:
    """All threads under another policy beside the one in force; nothing is written."""
    total = Comparison()
    other = rules_of(policy, 0)
    async for run in _runs(database, workspace):
        async with database.read(workspace) as db:
            cut = Cut(await rebuilding.read_whole(db, workspace, run), await POLICIES.read(db, workspace), other)
            after, more = 0, True
            while more:
                events, after, more = await refolding.read_events(
                    db, workspace, cut.stage, after, refolding.MOST_AT_ONCE
                )
                cut.step(events)
        total = total.plus(cut.compared(len(run), datetime.now(UTC)))
        told(total.customers)
    return total


async def activate(
    database: Database,
    workspace: WorkspaceId,
    policy: TicketPolicy,
    *,
    past: bool,
    actor: str,
    reason: str | None,
) -> int:
    """Put a policy in force from now on, or for the past too (tickets follow with `recut`). Its version."""

    async def work(db: Db) -> int:
        made = await decide(db, workspace, policy, past=past, actor=actor, reason=reason, now=datetime.now(UTC))
        if past:
            await _ask_for_all(db, workspace)
        return made.version

    return await database.write(workspace, work, configures=True)
