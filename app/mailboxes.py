"""Fetching mail in the worker: each mailbox by a lane of its own, so one that is slow or dead slows no other.

A lane holds its mailbox by a claim that runs out, archives what it fetches and only then counts it as done; whatever
it dies of, the next one goes on from there, and a mail that comes twice is one delivery.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from app.db import Database, DatabaseAway, Db, new_id
from app.live import Live
from app.mail_doors import MailDoors, MailFault, open_folder
from app.mail_looking import Look
from channels import accounts, credentials, mailboxes
from channels.contract import Account
from channels.email.backlog import AFTER_REFUSED_SIGN_IN, FIRST_PAUSE, pause_after
from channels.email.imap import Imap, ImapFault
from channels.email.settings import ImapSettings, MailSettings
from channels.mailboxes import Fetching, Mailbox, NotOurs, Turn
from channels.vault import DoesNotOpen, Vault
from identity.customers import WorkspaceId
from identity.errors import NotFound
from timeline.interactions import InvalidField
from timeline.pseudonyms import Pseudonyms

ACCOUNTS_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.5
AFTER_A_FAULT: Final = 5.0
CLAIM_SECONDS: Final = 25.0
"""How long a lane waits at most before it says again that the mailbox is its own."""
OTHERS_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


class Fetcher:
    """What the worker fetches mail with, for all workspaces."""

    def __init__(self, database: Database, live: Live, vault: Vault, doors: MailDoors, names: Pseudonyms) -> None:
        self.database = database
        self.live = live
        self.vault = vault
        self.doors = doors
        self.names = names

    async def attend(self, workspace: WorkspaceId) -> None:
        """Fetch for one workspace until cancelled."""
        lanes: dict[Fetching, asyncio.Task[None]] = {}
        try:
            while True:
                try:
                    async with self.database.read(workspace) as db:
                        wanted = set(await mailboxes.list_fetching(db, workspace))
                    await _stop([lanes.pop(one) for one in set(lanes) - wanted])
                    for one in wanted - set(lanes):
                        lanes[one] = asyncio.create_task(Lane(self, workspace, one.account).run(), name="mailbox")
                except DatabaseAway:
                    pass
                except Exception as error:  # noqa: BLE001 - a fault of ours here stops no other work of the process
                    log.error("mailboxes.fault", workspace=str(workspace), error=error)
                await asyncio.sleep(ACCOUNTS_SECONDS)
        finally:
            await _stop(list(lanes.values()))


async def _stop(lanes: Sequence[asyncio.Task[None]]) -> None:
    for lane in lanes:
        lane.cancel()
    await asyncio.gather(*lanes, return_exceptions=True)


class Lane:
    """One account's mailbox, with the settings that it had when the lane began."""

    def __init__(self, fetcher: Fetcher, workspace: WorkspaceId, account: UUID) -> None:
        self._fetcher = fetcher
        self._database = fetcher.database
        self._workspace = workspace
        self._account = account
        self._id = new_id()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                pause = await self._round()
            except DatabaseAway:
                pause = PAUSE_SECONDS
            except (NotFound, InvalidField):
                return  # gone, or not understood: the account says so itself
            except Exception as error:  # noqa: BLE001 - a fault of ours with one mailbox stops no other
                log.error("mailbox.fault", account=str(self._account), error=error)
                pause = AFTER_A_FAULT
            await asyncio.sleep(pause)

    async def _round(self) -> float:
        """Fetch until something fails; how long to wait then. Raises what ends the lane."""
        async with self._database.read(self._workspace) as db:
            account = await accounts.find_account(db, self._workspace, self._account)
        settings = account.settings
        if not isinstance(settings, MailSettings) or settings.imap is None:
            raise NotFound
        box = Mailbox(workspace=self._workspace, account=account, folder=settings.imap.folder)
        try:
            turn = await self._claim(box)
        except NotOurs:
            return OTHERS_SECONDS
        now = datetime.now(UTC)
        if turn.failures and turn.next_at is not None and turn.next_at > now:
            return min((turn.next_at - now).total_seconds(), CLAIM_SECONDS)
        try:
            await self._fetch(box, settings, settings.imap, turn)
        except NotOurs:
            return OTHERS_SECONDS
        except MailFault as error:
            least = AFTER_REFUSED_SIGN_IN if error.refused_sign_in else FIRST_PAUSE
            return await self._fail(box, str(error), turn, least)
        except (ImapFault, OSError) as error:
            return await self._fail(box, f"{settings.imap.host}: {error}.", turn, FIRST_PAUSE)
        finally:
            await self._release(box)
        return PAUSE_SECONDS

    async def _fetch(self, box: Mailbox, settings: MailSettings, server: ImapSettings, turn: Turn) -> None:
        """Look through the mailbox again and again. Raises `NotOurs`, `MailFault`, `ImapFault` and `OSError`."""
        imap = await self._fetcher.doors.open_imap(
            server, await self._password(box.account), most_bytes=settings.max_bytes
        )
        try:
            validity = await open_folder(imap, server)
            look = Look(self._fetcher, imap, self._id, settings.max_bytes)
            await look.begin(box, validity, turn.uidvalidity)
            while True:
                await look.through()
                await self._wait(look.box, imap, server)
                await look.begin(box, await open_folder(imap, server), validity)
                validity = look.box.uidvalidity
        finally:
            imap.close()

    async def _wait(self, box: Mailbox, imap: Imap, server: ImapSettings) -> None:
        """Until it is time to look again, or the server tells of something; the claim is kept meanwhile."""
        loop = asyncio.get_running_loop()
        until, before = loop.time() + server.poll_seconds, imap.mails
        idles = server.idle and "IDLE" in imap.capabilities
        while imap.mails == before and (left := until - loop.time()) > 0:
            if idles:
                await imap.idle(min(left, CLAIM_SECONDS))
            else:
                await asyncio.sleep(min(left, CLAIM_SECONDS))
            await self._claim(box)

    async def _password(self, account: Account) -> str:
        """Raises `MailFault`."""
        try:
            async with self._database.read(self._workspace) as db:
                found = await credentials.open_password(db, self._workspace, account.id, "imap", self._fetcher.vault)
        except DoesNotOpen:
            raise MailFault("credentials.imap", mailboxes.NOT_OPENED.format(door="imap")) from None
        if found is None:
            raise MailFault("credentials.imap", mailboxes.NO_PASSWORD.format(door="imap"))
        return found

    async def _claim(self, box: Mailbox) -> Turn:
        async def work(db: Db) -> Turn:
            return await mailboxes.claim(db, box, self._id, datetime.now(UTC))

        return await self._database.write(self._workspace, work)

    async def _release(self, box: Mailbox) -> None:
        """Where the database is away, the claim runs out by itself."""
        try:
            await self._database.write(self._workspace, lambda db: mailboxes.release(db, box, self._id))
        except DatabaseAway:
            pass

    async def _fail(self, box: Mailbox, words: str, turn: Turn, least: float) -> float:
        dice = random.random()  # noqa: S311 - jitter
        async with self._database.read(self._workspace) as db:
            standing = await mailboxes.show_standing(db, self._workspace, box.account)
        pause = pause_after((standing.failures if standing else turn.failures) + 1, dice, least)
        now = datetime.now(UTC)
        log.warning("mailbox.failed", account=str(self._account), reason=words, again_in=round(pause))
        await self._database.write(
            self._workspace, lambda db: mailboxes.fail(db, box, words, now, now + timedelta(seconds=pause))
        )
        return pause
