"""Moves a workspace's waiting deliveries on, a transaction each way: claim, read, hand to intake, or say why not.

Nothing here is lost by dying: what is accepted waits until it is understood or in the quarantine.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from app.db import Busy, Database, DatabaseAway, Db, new_id
from channels import deliveries
from channels.contract import Account
from channels.deliveries import Claimed, Reading
from timeline.interactions import InvalidField
from timeline.threads import Workspace

log = structlog.get_logger(__name__)


async def understand_waiting(database: Database, workspace: Workspace, now: datetime) -> int:
    """One batch of each account that has something waiting; returns how many deliveries were moved on.

    Accounts take turns, so that no flood of one delays another for long. Raises `DatabaseAway`."""
    async with database.read(workspace.id) as db:
        waiting = await deliveries.waiting_accounts(db, workspace.id, now)
    moved = 0
    for account_id in waiting:
        try:
            account, claimed = await _claim(database, workspace, account_id, now)
        except InvalidField as error:
            log.error("channel_account_not_understood", account=str(account_id), field=error.field, words=error.words)
            continue
        moved += len(claimed)
        await _take(database, workspace, account, claimed, now)
    return moved


async def _claim(
    database: Database, workspace: Workspace, account: UUID, now: datetime
) -> tuple[Account, list[Claimed]]:
    async def work(db: Db) -> tuple[Account, list[Claimed]]:
        return await deliveries.claim(db, workspace.id, account, now)

    return await database.write(workspace.id, work)


async def _take(
    database: Database, workspace: Workspace, account: Account, claimed: Sequence[Claimed], now: datetime
) -> None:
    """Read each by itself, then hand in as many together as a transaction takes; where that fails, one by one."""
    readings: list[Reading] = []
    for one in claimed:
        if one.is_hopeless:
            await _put_off(database, workspace, account, one, "whoever read it did not come back", now)
            continue
        try:
            readings.append(deliveries.read(account, one))
        except Exception as error:  # noqa: BLE001 - a fault of a parser is told, and stops nobody
            await _fail(database, workspace, account, one, error, now)
    for run in deliveries.runs(readings):
        try:
            await _understand(database, workspace, account, run)
        except Exception as error:
            if isinstance(error, DatabaseAway) and not isinstance(error, Busy):
                raise
            for reading in run:
                await _understand_alone(database, workspace, account, reading, now)


async def _understand_alone(
    database: Database, workspace: Workspace, account: Account, reading: Reading, now: datetime
) -> None:
    try:
        await _understand(database, workspace, account, [reading])
    except Exception as error:
        if isinstance(error, DatabaseAway) and not isinstance(error, Busy):
            raise
        await _fail(database, workspace, account, reading.claimed, error, now)


async def _understand(database: Database, workspace: Workspace, account: Account, readings: Sequence[Reading]) -> None:
    async def work(db: Db) -> None:
        await deliveries.understand(db, workspace, account, readings, new_id=new_id)

    await database.write(workspace.id, work)


async def _fail(
    database: Database, workspace: Workspace, account: Account, claimed: Claimed, error: Exception, now: datetime
) -> None:
    log.error("delivery_failed", delivery=str(claimed.id), account=str(account.id), tries=claimed.tries, error=error)
    await _put_off(database, workspace, account, claimed, f"it failed with {type(error).__name__}", now)


async def _put_off(
    database: Database, workspace: Workspace, account: Account, claimed: Claimed, reason: str, now: datetime
) -> None:
    async def work(db: Db) -> None:
        await deliveries.put_off(db, workspace.id, account, claimed, reason, now=now, new_id=new_id)

    await database.write(workspace.id, work)
