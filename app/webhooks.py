"""The sender: follows the ledger into each workspace's queue, and empties it, each endpoint by a lane of its own.

A lane has its own connections and its own pace, so one that is slow or dead slows nobody. Between claim and settling
no connection to the database is held.
"""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from app.db import Database, DatabaseAway, Db, new_id
from app.lanes import AFTER_A_FAULT, SendingLane
from app.live import Live
from app.outward import ATTEMPT_SECONDS, Line, Outward
from channels.vault import Vault
from channels.webhooks import queue
from channels.webhooks.addresses import read_address
from channels.webhooks.queue import Batch, Claimed, Result, Turn
from channels.webhooks.schedule import CLAIM, Attempt
from identity.customers import CustomerId, WorkspaceId
from identity.errors import Absorbed, NotFound
from timeline.events import EventId
from timeline.followers import BATCH
from timeline.interactions import InvalidField
from timeline.item_reading import read_item
from timeline.items import Item

POLL_SECONDS: Final = 2.0
GATHER_SECONDS: Final = 0.1
"""After a hint: under load what comes within it is one round."""
PAUSE_SECONDS: Final = 0.5
HOUSE_SECONDS: Final = 60.0
AT_ONCE: Final = 16
"""Requests at once to one endpoint."""
SENDING_SECONDS: Final = CLAIM.total_seconds() - ATTEMPT_SECONDS - 10.0
"""Within a claim. What was not begun by then is due again when the claim is over."""
AGENT: Final = "Throughline-Webhooks/1"

log = structlog.get_logger(__name__)


class Sender:
    """What the worker sends webhooks with, for all workspaces."""

    def __init__(self, database: Database, live: Live, vault: Vault, outward: Outward) -> None:
        self.database = database
        self.vault = vault
        self.outward = outward
        self._live = live

    async def attend(self, workspace: WorkspaceId) -> None:
        """Follow and send for one workspace until cancelled."""
        lanes: dict[UUID, Lane] = {}
        kept_house = -math.inf
        try:
            while True:
                try:
                    listening = await self.follow(workspace)
                    for webhook in await self.due(workspace):
                        self._rouse(lanes, workspace, webhook)
                    lanes = {webhook: lane for webhook, lane in lanes.items() if not lane.is_done}
                    if time.monotonic() - kept_house >= HOUSE_SECONDS:
                        kept_house = time.monotonic()
                        await self.keep_house(workspace)
                    if listening and await self._live.wait(workspace, POLL_SECONDS):
                        await asyncio.sleep(GATHER_SECONDS)
                    elif not listening:
                        await asyncio.sleep(POLL_SECONDS)
                except DatabaseAway:
                    await asyncio.sleep(PAUSE_SECONDS)
                except Exception as error:  # noqa: BLE001 - a fault of ours here stops no other work of the process
                    log.error("webhooks.fault", workspace=str(workspace), error=error)
                    await asyncio.sleep(AFTER_A_FAULT)
        finally:
            await asyncio.gather(*(lane.stop() for lane in lanes.values()))

    def _rouse(self, lanes: "dict[UUID, Lane]", workspace: WorkspaceId, webhook: UUID) -> None:
        lane = lanes.get(webhook)
        if lane is None or lane.is_done:
            lane = lanes[webhook] = Lane(self, workspace, webhook)
            lane.start()
        lane.wake.set()

    async def follow(self, workspace: WorkspaceId) -> bool:
        """Queue what is new; False where nobody listens."""
        async with self.database.read(workspace) as db:
            if not await queue.anybody(db, workspace):
                return False

        async def step(db: Db) -> int:
            return await queue.follow(db, workspace, datetime.now(UTC), new_id=new_id)

        while await self.database.write(workspace, step) == BATCH:
            pass
        return True

    async def due(self, workspace: WorkspaceId) -> list[UUID]:
        async with self.database.read(workspace) as db:
            return await queue.due(db, workspace, datetime.now(UTC))

    async def keep_house(self, workspace: WorkspaceId) -> None:
        async def step(db: Db) -> int:
            return await queue.keep_house(db, workspace, datetime.now(UTC))

        while await self.database.write(workspace, step) >= queue.PART:
            pass


class Lane(SendingLane):
    """Everything that goes to one endpoint."""

    def __init__(self, sender: Sender, workspace: WorkspaceId, webhook: UUID) -> None:
        super().__init__(f"webhook {webhook}")
        self._sender = sender
        self._workspace = workspace
        self._webhook = webhook
        self._line: Line | None = None

    async def close(self) -> None:
        if self._line is not None:
            self._line.close()

    async def empty(self, now: datetime | None = None) -> int:
        """What was sent is settled with the next claim."""
        results: Sequence[Result] = ()
        done = 0
        while True:
            turn = await self._turn(results, now)
            if turn.ends is not None:
                log.warning("webhook.disabled", webhook=str(self._webhook), reason=turn.ends)
            if turn.batch is None:
                return done
            results = await self._send(turn.batch)
            done += len(results)

    async def _turn(self, results: Sequence[Result], now: datetime | None) -> Turn:
        """Until the database takes it: what was sent must not be forgotten."""

        async def step(db: Db) -> Turn:
            at, dice = now or datetime.now(UTC), random.random()  # noqa: S311 - jitter
            vault = None if self.ending else self._sender.vault
            return await queue.turn(db, self._workspace, self._webhook, results, vault, at, dice)

        while True:
            try:
                return await self._sender.database.write(self._workspace, step)
            except DatabaseAway:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _send(self, batch: Batch) -> list[Result]:
        try:
            target = read_address(batch.url, private=self._sender.outward.private)
        except InvalidField as error:
            return [Result(claimed=one, attempt=Attempt(words=str(error))) for one in batch.claimed]
        if batch.fault is not None:
            return [Result(claimed=one, attempt=Attempt(words=batch.fault)) for one in batch.claimed]
        if self._line is None or self._line.target != target:
            if self._line is not None:
                self._line.close()
            self._line = Line(self._sender.outward, target)
        items = await self._items(batch) if batch.content == "item" else {}
        line, results, waiting = self._line, list[Result](), iter(batch.claimed)
        until = time.monotonic() + SENDING_SECONDS

        async def work() -> None:
            for one in waiting:
                if self.ending or time.monotonic() > until:
                    return
                now = datetime.now(UTC)
                body = queue.payload(one, items.get(one.id)) if items else queue.payload(one)
                signed = queue.headers_of(one, body, batch.secrets, now)
                headers = {"Content-Type": "application/json", "User-Agent": AGENT, **signed}
                results.append(Result(claimed=one, attempt=await line.post(headers, body, now)))

        await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(batch.claimed)))))
        return results

    async def _items(self, batch: Batch) -> dict[UUID, Item | None]:
        """What the API shows of each event right now: of an erased one nothing but that it was."""
        found: dict[UUID, Item | None] = {}
        while True:
            try:
                for one in batch.claimed:
                    found[one.id] = await self._item(one)
            except DatabaseAway:
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return found

    async def _item(self, one: Claimed) -> Item | None:
        told = one.told
        if told is None:
            return None
        async with self._sender.database.read(self._workspace) as db:
            with contextlib.suppress(NotFound, Absorbed):
                return await read_item(
                    db, self._workspace, CustomerId(told.customer_id), EventId(told.event_id), one.shown_at
                )
        return None
