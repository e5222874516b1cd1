"""All threads under other promises, beside those that were made; nothing is written."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final

from app.db import Database
from app.runs import runs
from identity.customers import CustomerId, WorkspaceId
from timeline.tickets import rebuilding, refolding, streams
from timeline.tickets.projection import POLICIES
from timeline.tickets.replaying import OtherSla, Replay, SlaCut, rules_of_other
from timeline.tickets.versions import read_desk

CUSTOMERS_AT_ONCE: Final = 500
EVENTS_AT_ONCE: Final = 20_000


async def replay_sla(
    database: Database, workspace: WorkspaceId, other: OtherSla, told: Callable[[int], None]
) -> Replay:
    """Raises `InvalidField` for policies that cannot be; `told` hears how many customers are done."""
    async with database.read(workspace) as db:
        rules = rules_of_other(other, (await read_desk(db, workspace)).configuration.calendars)
    total = Replay()
    async for run in _customers(database, workspace):
        async with database.read(workspace) as db:
            stage = await rebuilding.read_whole(db, workspace, run)
            cut = SlaCut(stage, await POLICIES.read(db, workspace), rules)
            after, more = 0, True
            while more:
                events, after, more = await refolding.read_events(db, workspace, stage, after, refolding.MOST_AT_ONCE)
                cut.step(events)
        total = total.plus(cut.compared(len(run), datetime.now(UTC)))
        told(total.customers)
    return total


def _customers(database: Database, workspace: WorkspaceId) -> AsyncIterator[list[CustomerId]]:
    async def page(after: CustomerId | None) -> list[tuple[CustomerId, int]]:
        async with database.read(workspace) as db:
            return await streams.customers_after(db, workspace, after, CUSTOMERS_AT_ONCE)

    return runs(page, CUSTOMERS_AT_ONCE, EVENTS_AT_ONCE)
