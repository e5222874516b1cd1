"""The mailer: makes mails of replies, and sends what waits, each account's mails to each domain by a lane of their own.

A lane has its own connections and its own pace: a domain that refuses or hangs keeps no other waiting, and those that
fail share a few seats of their account, so that the others always find one. Between claim and settling no connection
to the database is held.
"""

import asyncio
import contextlib
import math
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, TypeVar
from uuid import UUID

import structlog

from app.db import Database, DatabaseAway, Db, new_id
from app.lanes import AFTER_A_FAULT, SendingLane
from app.live import Live
from app.mail_doors import MailDoors, MailFault
from channels import dispatch, outbox_store, replying
from channels.dispatch import Batch, Claimed, Result
from channels.email import sending
from channels.email.composing import Slot
from channels.email.sending import Attempt
from channels.email.smtp import FilesUnread, NotConnected, Patience, Sending, Session, Stale, connect
from channels.email.tokens import Tokens
from channels.files import FileMissing, FilesAway, FileStore
from channels.outbox import KIND
from channels.vault import Vault
from identity.customers import WorkspaceId
from timeline.followers import BATCH

POLL_SECONDS: Final = 2.0
GATHER_SECONDS: Final = 0.05
PAUSE_SECONDS: Final = 0.5
HOUSE_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 5.0
AT_ONCE: Final = 4
"""Connections of a lane."""
SEATS: Final = 8
"""Connections of an account to where mail is taken; and to where it is not."""
FAILING_SEATS: Final = 2
SENDING_SECONDS: Final = 40.0
"""Within a claim: what was not begun by then is due again when the claim is over."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Mailer:
    """What the worker sends mails with, for all workspaces."""

    def __init__(
        self,
        database: Database,
        live: Live,
        vault: Vault,
        tokens: Tokens,
        doors: MailDoors,
        files: FileStore,
        *,
        patience: Patience | None = None,
    ) -> None:
        self.database = database
        self.vault = vault
        self.tokens = tokens
        self.doors = doors
        self.files = files
        self.patience = patience or Patience()
        self._live = live
        self._seats: dict[tuple[UUID, bool], asyncio.Semaphore] = {}

    def seats(self, account: UUID, *, failing: bool) -> asyncio.Semaphore:
        """What bounds the connections of an account at once."""
        name = (account, failing)
        if name not in self._seats:
            self._seats[name] = asyncio.Semaphore(FAILING_SEATS if failing else SEATS)
        return self._seats[name]

    async def attend(self, workspace: WorkspaceId) -> None:
        """Follow and send for one workspace until cancelled."""
        lanes: dict[tuple[UUID, str], Lane] = {}
        kept_house = -math.inf
        try:
            while True:
                try:
                    listening = await self.follow(workspace)
                    if listening:
                        for account, domain, failures in await self.due(workspace):
                            self._rouse(lanes, workspace, account, domain, failures)
                    lanes = {name: lane for name, lane in lanes.items() if not lane.is_done}
                    if listening and time.monotonic() - kept_house >= HOUSE_SECONDS:
                        kept_house = time.monotonic()
                        await self.keep_house(workspace)
                    if await self._live.wait(workspace, POLL_SECONDS):
                        await asyncio.sleep(GATHER_SECONDS if listening else POLL_SECONDS)
                except DatabaseAway:
                    await asyncio.sleep(PAUSE_SECONDS)
                except Exception as error:  # noqa: BLE001 - a fault of ours here stops no other work of the process
                    log.error("outbox.fault", workspace=str(workspace), error=error)
                    await asyncio.sleep(AFTER_A_FAULT)
        finally:
            await asyncio.gather(*(lane.stop() for lane in lanes.values()))

    def _rouse(
        self,
        lanes: "dict[tuple[UUID, str], Lane]",
        workspace: WorkspaceId,
        account: UUID,
        domain: str,
        failures: int,
    ) -> None:
        name = (account, domain)
        lane = lanes.get(name)
        if lane is None or lane.is_done:
            lane = lanes[name] = Lane(self, workspace, account, domain)
            lane.start()
        lane.failing = failures > 0
        lane.wake.set()

    async def follow(self, workspace: WorkspaceId) -> bool:
        """Make mails of what is new; False where there is nothing to send by."""
        async with self.database.read(workspace) as db:
            if not await outbox_store.is_listening(db, workspace, KIND):
                return False

        async def step(db: Db) -> int:
            return await replying.follow(db, workspace, self.tokens, datetime.now(UTC), new_id=new_id)

        while await self.database.write(workspace, step) == BATCH:
            pass
        return True

    async def due(self, workspace: WorkspaceId) -> list[tuple[UUID, str, int]]:
        """Accounts and domains that something can be sent to now."""
        async with self.database.read(workspace) as db:
            restored = await dispatch.is_restored(db, workspace)
        if restored:
            await self._hold(workspace)
        async with self.database.read(workspace) as db:
            return await dispatch.due(db, workspace, datetime.now(UTC))

    async def _hold(self, workspace: WorkspaceId) -> None:
        async def step(db: Db) -> int:
            return await dispatch.hold_restored(db, workspace, new_id=new_id, now=datetime.now(UTC))

        while await self.database.write(workspace, step) >= dispatch.PART:
            pass

    async def keep_house(self, workspace: WorkspaceId) -> None:
        async def step(db: Db) -> int:
            return await dispatch.keep_house(db, workspace, datetime.now(UTC))

        while await self.database.write(workspace, step) >= dispatch.PART:
            pass


class Lane(SendingLane):
    """Everything that goes from one account to one domain."""

    def __init__(self, mailer: Mailer, workspace: WorkspaceId, account: UUID, domain: str) -> None:
        super().__init__(f"mail {account} {domain}")
        self.failing = False
        self._mailer = mailer
        self._workspace = workspace
        self._account = account
        self._domain = domain
        self._idle: list[Session] = []
        self._results: list[Result] = []
        self._settling = asyncio.Lock()

    async def close(self) -> None:
        await asyncio.gather(*(session.quit() for session in self._idle))
        self._idle.clear()

    async def empty(self, now: datetime | None = None) -> int:
        done = 0
        while not self.ending:
            batch = await self._turn(now)
            if not batch.claimed:
                break
            await self._send(batch, now)
            done += len(batch.claimed)
        return done

    async def _turn(self, now: datetime | None) -> Batch:
        async def step(db: Db) -> Batch:
            mailer = self._mailer
            return await dispatch.turn(
                db,
                self._workspace,
                self._account,
                self._domain,
                mailer.vault,
                mailer.tokens,
                now=now or datetime.now(UTC),
                dice=random.random(),  # noqa: S311 - jitter
                new_id=new_id,
            )

        return await self._until_taken(step)

    async def _send(self, batch: Batch, now: datetime | None) -> None:
        if batch.fault is not None:
            for one in batch.claimed:
                later = sending.all_alike(one.envelope, "later", batch.fault)
                never = sending.not_tried(one.course, one.envelope, batch.fault)
                await self._settle(one, never if batch.gone else later, now)
            return
        waiting, until = iter(batch.claimed), time.monotonic() + SENDING_SECONDS

        async def work() -> None:
            async with self._mailer.seats(self._account, failing=self.failing):
                for one in waiting:
                    if self.ending or time.monotonic() > until:
                        return
                    attempt = await self._attempt(batch, one, now)
                    if attempt is not None:
                        await self._settle(one, attempt, now)

        await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(batch.claimed)))))

    async def _attempt(self, batch: Batch, one: Claimed, now: datetime | None) -> Attempt | None:
        """One attempt, whatever comes of it; None where it was called off."""
        if not one.raw:
            return sending.not_tried(one.course, one.envelope, "its bytes are not there any more")
        while True:
            try:
                return await self._hand_over(await self._session(batch), one, now)
            except Stale:
                continue  # the next is another, and a new one is never stale
            except NotConnected as error:
                self.failing = True
                return sending.all_alike(one.envelope, "later", error.words, error.status)

    async def _hand_over(self, session: Session, one: Claimed, now: datetime | None) -> Attempt | None:
        """Raises `Stale`."""

        async def begin() -> bool:
            async def step(db: Db) -> bool:
                return await dispatch.begin(db, self._workspace, one, now or datetime.now(UTC))

            return await self._until_taken(step)

        mail = Sending(
            sender=one.sender,
            envelope=one.envelope,
            raw=one.raw,
            slots=one.slots,
            files=self._files,
            begin=begin,
            seconds=sending.CONTENT_SECONDS + sending.seconds_for(one.size),
        )
        sign = asyncio.create_task(self._sign(one))
        try:
            attempt = await session.send(mail)
        except BaseException:
            session.close()
            raise
        finally:
            sign.cancel()
        if session.is_ready:
            self._idle.append(session)
        return attempt

    async def _sign(self, one: Claimed) -> None:
        """Say now and then that it is still in hand: fifty recipients at a slow server take longer than a claim."""

        async def step(db: Db) -> None:
            await dispatch.beat(db, self._workspace, one, datetime.now(UTC))

        while True:
            await asyncio.sleep(sending.BEAT_SECONDS)
            with contextlib.suppress(DatabaseAway):
                await self._mailer.database.write(self._workspace, step)

    async def _session(self, batch: Batch) -> Session:
        """A connection that stands, or a new one. Raises `NotConnected`."""
        while self._idle:
            session = self._idle.pop()
            if session.is_ready:
                return session
            await session.quit()
        settings, mailer = batch.settings, self._mailer
        assert settings is not None
        assert settings.smtp is not None
        try:
            addresses = await mailer.doors.addresses(settings.smtp)
        except MailFault as error:
            raise NotConnected(str(error)) from None
        sock = await _reach(addresses, settings.smtp.at)
        trust = mailer.doors.context()
        return await connect(sock, settings.smtp, batch.password, settings.domain, trust, mailer.patience)

    async def _files(self, slot: Slot) -> AsyncIterator[bytes]:
        try:
            async for block in await self._mailer.files.read(self._workspace, slot.sha256):
                yield block
        except FileMissing:
            raise FilesUnread("a file that belongs to it is not there any more", for_good=True) from None
        except FilesAway:
            raise FilesUnread("a file that belongs to it cannot be read now", for_good=False) from None

    async def _settle(self, one: Claimed, attempt: Attempt, now: datetime | None) -> None:
        """Write down what became of it, together with what others of this lane wait to write."""
        self._results.append(Result(claimed=one, attempt=attempt))
        async with self._settling:
            results, self._results = self._results, []
            if not results:
                return

            async def step(db: Db) -> None:
                await dispatch.settle(
                    db,
                    self._workspace,
                    self._account,
                    self._domain,
                    results,
                    now=now or datetime.now(UTC),
                    dice=random.random(),  # noqa: S311 - jitter
                    new_id=new_id,
                )

            await self._until_taken(step)

    async def _until_taken(self, step: Callable[[Db], Awaitable[T]]) -> T:
        """Until the database takes it: what was sent must not be forgotten."""
        while True:
            try:
                return await self._mailer.database.write(self._workspace, step)
            except DatabaseAway:
                await asyncio.sleep(PAUSE_SECONDS)


async def _reach(addresses: list[str], port: int) -> socket.socket:
    """A connection to the first address that answers: the very ones that were checked. Raises `NotConnected`."""
    loop, said = asyncio.get_running_loop(), "no connection"
    for address in addresses:
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.sock_connect(sock, (address, port))
        except TimeoutError:
            said = "no connection in time"
        except OSError:
            said = "no connection"
        else:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        sock.close()
    raise NotConnected(said)
