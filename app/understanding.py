"""Moves a workspace's waiting deliveries on, a transaction each way: claim, read, hand to intake, or say why not.

Nothing here is lost by dying: what is accepted waits until it is understood or in the quarantine. What a kind reads
apart is read many at a time, and a slow one is set aside: others pass it, and it is handed in when it is read.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from app.db import Busy, Database, DatabaseAway, Db, new_id
from channels import deliveries, inbox
from channels.contract import Account, Unparseable
from channels.deliveries import Claimed, Reading
from channels.reading import Apart, Reread, Understanding
from channels.registry import KINDS
from identity.errors import NotFound
from timeline.interactions import InvalidField
from timeline.threads import Workspace

PATIENCE_SECONDS: Final = 2.0
"""How long a batch waits for its slowest."""
ACCOUNTS_AT_ONCE: Final = 4
MOST_ASIDE: Final = 50

log = structlog.get_logger(__name__)


class Understander:
    """Understands deliveries for a process; `ways` are the kinds that are read apart."""

    def __init__(self, database: Database, ways: Apart | None = None, patience: float = PATIENCE_SECONDS) -> None:
        self._database = database
        self._ways = ways or {}
        self._patience = patience
        self._aside: set[asyncio.Task[None]] = set()

    async def round(self, workspace: Workspace, now: datetime) -> int:
        """One batch of each account that has something waiting; returns how many deliveries were moved on.

        Accounts take turns, so that no flood of one delays another for long. Raises `DatabaseAway`."""
        async with self._database.read(workspace.id) as db:
            waiting = await deliveries.waiting_accounts(db, workspace.id, now)
        turns = asyncio.Semaphore(ACCOUNTS_AT_ONCE)

        async def move(account: UUID) -> int:
            async with turns:
                return await self._move(workspace, account, now)

        moved = await asyncio.gather(*(move(account) for account in waiting), return_exceptions=True)
        for one in moved:
            if isinstance(one, BaseException):
                raise one
        return sum(one for one in moved if isinstance(one, int))

    async def settle(self) -> None:
        """Wait for what was set aside."""
        while self._aside:
            await asyncio.wait(self._aside)

    async def close(self) -> None:
        """Drop what was set aside: it waits for the next worker."""
        for task in self._aside:
            task.cancel()
        await asyncio.gather(*self._aside, return_exceptions=True)

    async def _move(self, workspace: Workspace, account_id: UUID, now: datetime) -> int:
        try:
            account, claimed = await self._claim(workspace, account_id, now)
        except InvalidField as error:
            log.error("channel_account_not_understood", account=str(account_id), field=error.field, words=error.words)
            return 0
        work = _Batch(self._database, workspace, account, now)
        way = self._ways.get(account.kind)
        if way is None:
            await work.take(claimed)
        else:
            slow = await work.take_apart(way, claimed, self._patience)
            await self._watch(slow)
        return len(claimed)

    async def _claim(self, workspace: Workspace, account: UUID, now: datetime) -> tuple[Account, list[Claimed]]:
        async def work(db: Db) -> tuple[Account, list[Claimed]]:
            return await deliveries.claim(db, workspace.id, account, now)

        return await self._database.write(workspace.id, work)

    async def _watch(self, slow: Sequence[asyncio.Task[None]]) -> None:
        for task in slow:
            self._aside.add(task)
            task.add_done_callback(self._aside.discard)
        while len(self._aside) > MOST_ASIDE:
            await asyncio.wait(self._aside, return_when=asyncio.FIRST_COMPLETED)


async def read_again(database: Database, workspace: Workspace, entry: UUID, ways: Callable[[], Apart]) -> Reread | None:
    """What an entry of the quarantine says whose kind is read apart; None of any other."""
    async with database.read(workspace.id) as db:
        try:
            found = await inbox.find_delivery(db, workspace.id, entry)
        except (InvalidField, NotFound):
            return None
    if found is None or not KINDS[found[0].kind].is_apart:
        return None
    account, delivery = found
    way = ways()[account.kind]
    try:
        return Reread(account=account, way=way, read=await way.read(workspace, account, delivery))
    except Unparseable as error:
        return Reread(account=account, way=way, refusal=error)


class _Batch:
    """Deliveries of one account on their way."""

    def __init__(self, database: Database, workspace: Workspace, account: Account, now: datetime) -> None:
        self._database = database
        self._workspace = workspace
        self._account = account
        self._now = now

    async def take(self, claimed: Sequence[Claimed]) -> None:
        """Read each by itself, then hand in as many together as a transaction takes; where that fails, one by one."""
        readings: list[Reading] = []
        for one in await self._hopeful(claimed):
            try:
                readings.append(deliveries.read(self._account, one))
            except Exception as error:  # noqa: BLE001 - a fault of a parser is told, and stops nobody
                await self._fail(one, error)
        await self._hand_in(readings, None)

    async def take_apart(
        self, way: Understanding, claimed: Sequence[Claimed], patience: float
    ) -> list[asyncio.Task[None]]:
        """Read all at once and hand in those that are read in time, in their order. The others are set aside: the
        tasks that are returned read on and hand in what they read."""
        reading = {one.id: asyncio.create_task(self._read(way, one)) for one in await self._hopeful(claimed)}
        try:
            if reading:
                await asyncio.wait(reading.values(), timeout=patience)
            done = [task for task in reading.values() if task.done()]
            slow = [(one, reading[one.id]) for one in claimed if one.id in reading and not reading[one.id].done()]
            for one, _ in slow:
                await self._set_aside(one)
            await self._hand_in([found for task in done if (found := task.result()) is not None], way)
        except BaseException:
            for task in reading.values():
                task.cancel()
            raise
        return [asyncio.create_task(self._finish(task, way)) for _, task in slow]

    async def _finish(self, task: "asyncio.Task[Reading | None]", way: Understanding) -> None:
        try:
            found = await task
            if found is not None:
                await self._hand_in([found], way)
        except DatabaseAway:
            pass  # it waits, and is read anew
        except Exception as error:  # noqa: BLE001 - a fault of ours stops nobody
            log.error("delivery_not_settled", account=str(self._account.id), error=error)

    async def _read(self, way: Understanding, one: Claimed) -> Reading | None:
        """None where it failed for a reason of ours: it is tried again."""
        try:
            return await deliveries.read_apart(way, self._workspace, self._account, one)
        except Exception as error:
            if isinstance(error, DatabaseAway) and not isinstance(error, Busy):
                raise
            await self._fail(one, error)
            return None

    async def _hopeful(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        """Those that somebody came back from."""
        for one in claimed:
            if one.is_hopeless:
                await self._put_off(one, "whoever read it did not come back")
        return [one for one in claimed if not one.is_hopeless]

    async def _hand_in(self, readings: Sequence[Reading], way: Understanding | None) -> None:
        for run in deliveries.runs(readings):
            try:
                await self._understand(run, way)
            except Exception as error:
                if isinstance(error, DatabaseAway) and not isinstance(error, Busy):
                    raise
                for reading in run:
                    await self._understand_alone(reading, way)

    async def _understand_alone(self, reading: Reading, way: Understanding | None) -> None:
        try:
            await self._understand([reading], way)
        except Exception as error:
            if isinstance(error, DatabaseAway) and not isinstance(error, Busy):
                raise
            await self._fail(reading.claimed, error)

    async def _understand(self, readings: Sequence[Reading], way: Understanding | None) -> None:
        async def work(db: Db) -> None:
            await deliveries.understand(db, self._workspace, self._account, readings, new_id=new_id, way=way)

        await self._database.write(self._workspace.id, work)

    async def _fail(self, claimed: Claimed, error: Exception) -> None:
        log.error(
            "delivery_failed",
            delivery=str(claimed.id),
            account=str(self._account.id),
            tries=claimed.tries,
            error=error,
        )
        await self._put_off(claimed, f"it failed with {type(error).__name__}")

    async def _put_off(self, claimed: Claimed, reason: str) -> None:
        async def work(db: Db) -> None:
            await deliveries.put_off(
                db, self._workspace.id, self._account, claimed, reason, now=self._now, new_id=new_id
            )

        await self._database.write(self._workspace.id, work)

    async def _set_aside(self, claimed: Claimed) -> None:
        async def work(db: Db) -> None:
            await deliveries.set_aside(db, self._workspace.id, claimed, self._now)

        await self._database.write(self._workspace.id, work)
