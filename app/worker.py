"""The worker: moves every follower of the ledger over all workspaces, understands what channels were handed, and
keeps house.

It looks when a hint comes, and every few seconds without one: a hint that is missed costs time and nothing else.
"""

import asyncio
import contextlib
import math
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import msgspec
import structlog

from app import alarms, leaving, rebuilding, store, upkeep
from app.audit import SealLog
from app.auth import read_workspace
from app.automatic import Robots
from app.db import Database, DatabaseAway, Db, new_id
from app.embedding import open_embedder
from app.engines import engine_of
from app.filing import FOLDER, Filing, spool_of
from app.indexing import Indexer
from app.live import Live
from app.mail_doors import MailDoors
from app.mailboxes import Fetcher
from app.mailing import Mailer
from app.mailroom import Mailroom
from app.outward import Outward
from app.retaining import apply
from app.settings import Settings
from app.sweeping import Sweeping
from app.triaging import Triage
from app.understanding import Understander
from app.webhooks import Sender
from channels.email.tokens import Tokens
from channels.files import open_files
from channels.vault import Vault
from identity.customers import WorkspaceId
from timeline import audit, retention, undelivered
from timeline.audit import Seal
from timeline.events import Actor
from timeline.followers import BATCH, Followed, advance
from timeline.pseudonyms import Pseudonyms, pseudonyms
from timeline.telling import FOLLOWER, tell, tell_due
from timeline.threads import Workspace

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 2.0
TICKET_SECONDS: Final = 1.0
SEAL_SECONDS: Final = 5.0
NEW_WORKSPACES_SECONDS: Final = 1.0
KEEP_HOUSE_SECONDS: Final = 1.0
FORGET_SECONDS: Final = 600.0
ANSWERS_KEPT: Final = timedelta(hours=48)
OLD_TRANSACTION: Final = 60.0
PAUSE_AFTER_LOSS: Final = 0.5
LOOK_SECONDS: Final = 2.0
SWEEP_SECONDS: Final = 600.0
POLICY_SECONDS: Final = 60.0
RETAIN_SECONDS: Final = 86_400.0
SYSTEM: Final = Actor("system")

Take = Callable[[Db, WorkspaceId, list[Followed]], Awaitable[None]]
Attend = Callable[[WorkspaceId], Coroutine[None, None, None]]
"""Work in a loop of its own for one workspace, until it is cancelled."""


async def notify(db: Db, workspace: WorkspaceId, batch: list[Followed]) -> None:
    """Tell agents of what concerns them."""
    await tell(db, workspace, batch, new_id, datetime.now(UTC))
    await undelivered.tell(db, workspace, batch, new_id, datetime.now(UTC))


FOLLOWERS: Final[dict[str, Take]] = {FOLLOWER: notify}


def work(settings: Settings, url: str, admin_url: str) -> None:
    """Run until SIGINT or SIGTERM; what is under way is finished or rolled back."""
    asyncio.run(_work(settings, url, admin_url))


async def _work(settings: Settings, url: str, admin_url: str) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for word in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(word, asked.set)
    database, live = Database(url), Live(url)
    await database.open()
    live.open()
    outward, to_mail = Outward(private=settings.webhooks_private), Outward(private=settings.mail_private)
    sender = Sender(database, live, Vault(settings.secret), outward)
    names = pseudonyms(settings.secret)
    doors, files = MailDoors(to_mail), open_files(settings.files, settings.home / FOLDER)
    fetcher = Fetcher(database, live, Vault(settings.secret), doors, names)
    mailer = Mailer(database, live, Vault(settings.secret), Tokens(settings.secret), doors, files)
    robots = Robots(database, live, settings)
    engine, embedder = engine_of(settings, database), open_embedder(settings)
    await engine.open()
    indexer = Indexer(database, live, engine, embedder)
    filing = Filing(database, files, spool_of(settings.home))
    attending = [sender.attend, filing.attend, fetcher.attend, mailer.attend, robots.attend]
    attending += [indexer.attend, indexer.attend_meaning, Triage(database, live, engine, embedder).attend]
    mailroom = Mailroom(settings, database, files)
    understander = Understander(database, mailroom.ways())
    worker = Worker(database, live, settings.home, FOLLOWERS, names, attending, understander)
    cleaning = clean_up(Sweeping(settings.home, admin_url))
    tasks = [asyncio.create_task(each) for each in (worker.follow_all(), worker.keep_house(), cleaning)]
    stopping = asyncio.create_task(_until(asked))
    log.info("worker_started")
    try:
        done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()  # a follower that fails for good ends the process, and `up` starts it again
    finally:
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)
        await understander.close()
        await mailroom.close()
        outward.close()
        to_mail.close()
        if embedder is not None:
            await embedder.close()
        await engine.close()
        await live.close()
        await database.close()


async def clean_up(sweeping: Sweeping) -> None:
    """After erasures get what is left of them out of the database's files, and no more often than it is worth."""
    while True:
        swept = None
        try:
            swept = await sweeping.when_due()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("sweep_failed", error=error)
        if swept is not None:
            log.info("swept", tables=swept.tables, left=swept.left)
        await asyncio.sleep(SWEEP_SECONDS if swept else LOOK_SECONDS)


async def _until(asked: asyncio.Event) -> None:
    await asked.wait()


class Worker:
    """One process's part of the work; `followers` go by the name of their checkpoint."""

    def __init__(
        self,
        database: Database,
        live: Live,
        home: Path,
        followers: dict[str, Take],
        names: Pseudonyms,
        attending: Sequence[Attend] = (),
        understander: Understander | None = None,
    ) -> None:
        self._database = database
        self._understander = understander or Understander(database)
        self._home = home
        self._live = live
        self._followers = followers
        self._names = names
        self._attending = attending
        self._running: dict[UUID, asyncio.Task[None]] = {}

    async def follow_all(self) -> None:
        """One task a workspace, also for those that are made later."""
        try:
            while True:
                with contextlib.suppress(DatabaseAway):
                    for workspace in await self._workspaces():
                        if workspace not in self._running:
                            self._running[workspace] = asyncio.create_task(self._attend(WorkspaceId(workspace)))
                for task in self._running.values():
                    if task.done():
                        task.result()
                await asyncio.sleep(NEW_WORKSPACES_SECONDS)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _attend(self, workspace: WorkspaceId) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(workspace))
            tasks.create_task(self._understand(workspace))
            tasks.create_task(self._keep_tickets(workspace))
            tasks.create_task(self._keep_promises(workspace))
            tasks.create_task(self._retain(workspace))
            for attend in self._attending:
                tasks.create_task(attend(workspace))

    async def _understand(self, workspace: WorkspaceId) -> None:
        """Deliveries in a loop of their own: a slow follower keeps none waiting."""
        while True:
            try:
                while await self.understand(workspace):
                    self._live.say(workspace)
                await self._live.wait(workspace, POLL_SECONDS)
            except DatabaseAway:
                await asyncio.sleep(PAUSE_AFTER_LOSS)

    async def _keep_tickets(self, workspace: WorkspaceId) -> None:
        """Fold what was left to a job, say what silence closed, and hand back what agents who left still have."""
        while True:
            try:
                done = await rebuilding.derive_waiting(self._database, workspace)
                done += await rebuilding.announce_closed(self._database, workspace)
                done += await self._database.write(
                    workspace, lambda db: tell_due(db, workspace, new_id, datetime.now(UTC))
                )
                done += await leaving.hand_back(self._database, workspace, by=SYSTEM)
                done += await leaving.hand_back_tasks(self._database, workspace, by=SYSTEM)
                if done:
                    self._live.say(workspace)
            except DatabaseAway:
                pass
            await asyncio.sleep(TICKET_SECONDS)

    async def _keep_promises(self, workspace: WorkspaceId) -> None:
        """Say which promises are about to be broken, and which were; at the latest a second after."""
        while True:
            after: float | None = None
            try:
                told, after = await alarms.tell(self._database, workspace)
                if told:
                    self._live.say(workspace)
            except DatabaseAway:
                pass
            await asyncio.sleep(TICKET_SECONDS if after is None else min(TICKET_SECONDS, after))

    async def _retain(self, workspace: WorkspaceId) -> None:
        """Erase what the retention policy says is old: at the start, once a day, and when the policy is another."""
        version, applied = 0, -math.inf
        while True:
            try:
                async with self._database.read(workspace) as db:
                    latest = (await retention.read_versions(db, workspace))[0].version
                if latest and (latest != version or time.monotonic() - applied >= RETAIN_SECONDS):
                    known = await self._known(workspace)
                    if known is not None:
                        done = await apply(self._database, known, self._home, datetime.now(UTC))
                        log.info("retained", workspace=str(workspace), **msgspec.to_builtins(done))
                    version, applied = latest, time.monotonic()
            except (DatabaseAway, asyncpg.PostgresError) as error:
                log.warning("retention_failed", workspace=str(workspace), error=error)
            await asyncio.sleep(POLICY_SECONDS)

    async def _known(self, workspace: WorkspaceId) -> Workspace | None:
        async with self._database.read(workspace) as db:
            return await read_workspace(db, workspace, self._names)

    async def understand(self, workspace: WorkspaceId) -> int:
        """One round over what channels were handed; returns how many deliveries were moved on."""
        known = await self._known(workspace)
        return 0 if known is None else await self._understander.round(known, datetime.now(UTC))

    async def _follow(self, workspace: WorkspaceId) -> None:
        sealed = -math.inf
        while True:
            try:
                if time.monotonic() - sealed >= SEAL_SECONDS:
                    await self.seal(workspace)
                    sealed = time.monotonic()
                for name, take in self._followers.items():
                    while await self.move(workspace, name, take) == BATCH:
                        pass
                await self._live.wait(workspace, POLL_SECONDS)
            except DatabaseAway:
                await asyncio.sleep(PAUSE_AFTER_LOSS)

    async def move(self, workspace: WorkspaceId, name: str, take: Take) -> int:
        """Hand one follower its next batch; returns the batch's length."""

        async def step(db: Db) -> int:
            return await advance(db, workspace, name, lambda batch: take(db, workspace, batch), datetime.now(UTC))

        return await self._database.write(workspace, step)

    async def seal(self, workspace: WorkspaceId) -> None:
        """Seal all that is settled; the log outside the database follows each commit, and catches up after a crash."""

        async def step(db: Db) -> Seal | None:
            return await audit.seal(db, workspace, datetime.now(UTC))

        outside = SealLog(self._home, workspace)
        async with self._database.read(workspace) as db:
            missed = await audit.seals_after(db, workspace, outside.last(), BATCH)
        try:
            outside.append(missed)
            while (made := await self._database.write(workspace, step)) is not None:
                outside.append([made])
                if made.records < BATCH:
                    break
        except OSError as error:
            log.error("seal_log_not_written", path=str(outside.path), error=error)

    async def keep_house(self) -> None:
        """Statistics of young tables, answers past their time, and a warning where a transaction holds all up."""
        forgotten = warned = -math.inf
        while True:
            try:
                async with self._database.connection() as db:
                    await upkeep.analyze_young_tables(db)
                    age = await upkeep.horizon_age(db)
                if age > OLD_TRANSACTION and time.monotonic() - warned >= OLD_TRANSACTION:
                    log.warning("old_transaction", seconds=round(age), effect="followers wait for it")
                    warned = time.monotonic()
                if time.monotonic() - forgotten >= FORGET_SECONDS:
                    await self._forget_answers()
                    forgotten = time.monotonic()
            except DatabaseAway:
                pass
            except asyncpg.PostgresError as error:
                log.warning("housekeeping_failed", error=error)
            await asyncio.sleep(KEEP_HOUSE_SECONDS)

    async def _forget_answers(self) -> None:
        for workspace in await self._workspaces():

            async def forget(db: Db, workspace: UUID = workspace) -> int:
                return await store.forget_answers(db, workspace, datetime.now(UTC) - ANSWERS_KEPT)

            await self._database.write(workspace, forget)

    async def _workspaces(self) -> list[UUID]:
        async with self._database.connection() as db:
            return [UUID(bytes=row["id"].bytes) for row in await store.workspaces(db)]
