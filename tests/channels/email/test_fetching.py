"""Mail is fetched once, whatever the server does: drops, short pages, numbers used again, mails that it keeps."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.db import Database, new_id
from app.live import Live
from app.mail_doors import MailDoors
from app.mailboxes import Fetcher
from app.outward import Outward
from channels import accounts, credentials, inbox, mailboxes
from channels.accounts import NewAccount
from channels.mailboxes import Standing
from identity.customers import WorkspaceId
from tests.channels.conftest import NAMES, VAULT
from tests.channels.email.imap_server import PASSWORD, USER, Action, ImapServer, imap_server
from tests.conftest import Database as Cloned

VERBS = ("GREETING", "CAPABILITY", "LOGIN", "EXAMINE", "FETCH", "BODY")


def mail(number: int, size: int = 0) -> bytes:
    return (f"From: ann@example.com\r\nSubject: {number}\r\n\r\nHello {number}\r\n" + "x" * size).encode()


class Desk:
    """A workspace with one mailbox; `fetch()` runs a worker's fetcher beside the test."""

    def __init__(self, database: Database, live: Live, server: ImapServer) -> None:
        self.database = database
        self.live = live
        self.server = server
        self.workspace = WorkspaceId(new_id())
        self.account = UUID(int=0)

    async def open(self, **imap: Any) -> None:
        async with self.database.connection() as db:
            await db.execute(
                "INSERT INTO workspace (id, slug, region) VALUES ($1, $2, 'DE')", self.workspace, f"w{uuid4().hex}"
            )
        await self.open_mailbox(**imap)

    async def open_mailbox(self, **imap: Any) -> None:
        server = {"host": "127.0.0.1", "port": self.server.port, "user": USER, "security": "none", "poll_seconds": 60}
        settings = {"address": USER, "imap": {**server, **imap}, "max_bytes": 100_000}
        new = NewAccount(kind="email", name="help", settings=settings)

        async def work(db: Any) -> UUID:
            made = await accounts.make_account(db, self.workspace, new, VAULT, by="cli", new_id=new_id)
            account = accounts.read_public_id(made.account.id)[1]
            await credentials.set_passwords(db, self.workspace, account, {"imap": PASSWORD}, VAULT, by="cli")
            return account

        self.account = await self.database.write(self.workspace, work)

    @asynccontextmanager
    async def fetching(self, how_many: int = 1) -> AsyncIterator[None]:
        doors = MailDoors(Outward(private=True))
        fetchers = [Fetcher(self.database, self.live, VAULT, doors, NAMES) for _ in range(how_many)]
        tasks = [asyncio.create_task(one.attend(self.workspace)) for one in fetchers]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(10):
            while True:
                if await holds():
                    return
                await asyncio.sleep(0.005)

    async def until_looked(self) -> None:
        """Until a look has ended that began after now."""
        since = datetime.now(UTC)

        async def looked() -> bool:
            standing = await self.standing()
            return standing is not None and standing.fetched_at is not None and standing.fetched_at > since

        await self.until(looked)

    async def fetch(self) -> None:
        async with self.fetching():
            await self.until_looked()

    async def standing(self) -> Standing | None:
        async with self.database.read(self.workspace) as db:
            account = await accounts.find_account(db, self.workspace, self.account)
            return await mailboxes.show_standing(db, self.workspace, account)

    async def bodies(self) -> list[bytes]:
        """What was archived, in its order."""
        async with self.database.read(self.workspace) as db:
            return [row["raw"] for row in await db.fetch("SELECT raw FROM inbound_delivery ORDER BY id")]

    async def entries(self) -> list[inbox.Entry]:
        async with self.database.read(self.workspace) as db:
            return await inbox.list_entries(db, self.workspace, ("waiting",), None, 200)


@pytest.fixture
async def desk(database_of_module: Cloned, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    for name in ("FIRST_PAUSE", "AFTER_REFUSED_SIGN_IN", "OTHERS_SECONDS", "ACCOUNTS_SECONDS"):
        monkeypatch.setattr(f"app.mailboxes.{name}", 0.002)
    hot, live = Database(database_of_module.app_dsn), Live(database_of_module.app_dsn)
    await hot.open()
    async with imap_server() as server:
        try:
            made = Desk(hot, live, server)
            await made.open()
            yield made
        finally:
            await hot.close()


async def test_every_mail_is_archived_once_by_its_bytes_and_no_flag_is_changed(desk: Desk) -> None:
    raw = [mail(n) for n in range(120)]
    for one in (*raw, raw[7]):
        desk.server.put(one)
    desk.server.inbox[3].flags.add("\\Seen")
    desk.server.shuffled = True
    await desk.fetch()
    assert sorted(await desk.bodies()) == sorted(raw)
    async with desk.database.read(desk.workspace) as db:
        rows = await db.fetch("SELECT delivery_key, headers->>'arrived' AS arrived FROM inbound_delivery")
    assert {row["arrived"] for row in rows} == {"2026-01-01T10:00:00+00:00"}
    keys = {row["delivery_key"] for row in rows}
    assert keys == {hashlib.sha256(one).hexdigest() for one in raw}
    standing = await desk.standing()
    assert standing is not None
    assert (standing.mails, standing.archived, standing.refused) == (121, 121, 0)
    assert not {one.split(" ")[0] for one in desk.server.verbs} & {"SELECT", "STORE"}
    assert [one.uid for one in desk.server.inbox if one.flags] == [4]
    await desk.fetch()
    assert set(desk.server.handed_out.values()) == {1}


@pytest.mark.parametrize("action", ["drop", "drop halfway", "no", "bad", "bye"])
async def test_whatever_it_answers_at_any_verb_every_mail_comes_once(desk: Desk, action: Action) -> None:
    raw = [mail(n) for n in range(6)]
    for one in raw:
        desk.server.put(one)
    desk.server.script = {verb: [action] for verb in VERBS if verb != "GREETING" or action in ("drop", "bye")}
    await desk.fetch()
    assert sorted(await desk.bodies()) == raw
    standing = await desk.standing()
    assert standing is not None
    assert standing.fault
    assert standing.failures == 0
    assert await desk.entries() == []
    assert not any(desk.server.script.values())


async def test_a_page_that_comes_short_is_asked_for_again(desk: Desk) -> None:
    raw = [mail(n) for n in range(20)]
    for one in raw:
        desk.server.put(one)
    desk.server.short_pages, desk.server.short_lists = 1, 1
    await desk.fetch()
    assert sorted(await desk.bodies()) == sorted(raw)


async def test_new_mail_comes_at_once_where_the_server_tells_and_before_what_is_older(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.mailboxes.CLAIM_SECONDS", 0.02)
    for n in range(130):
        desk.server.put(mail(n))
    async with desk.fetching():
        await desk.until_looked()
        assert [int(one.split()[3]) for one in await desk.bodies()] == [*range(80, 130), *range(80)]

        async def waits_long() -> bool:
            return desk.server.verbs.count("IDLE") > 3

        await desk.until(waits_long)
        desk.server.put(mail(500))

        async def came() -> bool:
            return mail(500) in await desk.bodies()

        await desk.until(came)


async def test_under_other_numbers_everything_is_looked_at_again_and_nothing_comes_twice(desk: Desk) -> None:
    for n in range(4):
        desk.server.put(mail(n))
    await desk.fetch()
    desk.server.uidvalidity = 2
    for at, one in enumerate(desk.server.inbox):
        one.uid = at + 3
    desk.server.put(mail(9), uid=9)
    await desk.fetch()
    assert sorted(await desk.bodies()) == [mail(n) for n in (0, 1, 2, 3, 9)]
    assert desk.server.handed_out[4] == 2
    standing = await desk.standing()
    assert standing is not None
    assert (standing.mails, standing.archived) == (5, 5)


async def test_what_could_not_be_had_is_known_under_other_numbers(desk: Desk) -> None:
    for n in range(3):
        desk.server.put(mail(n), arrived=f"0{n + 1}-Jan-2026 10:00:00 +0000")
    desk.server.unreadable = {1, 2, 3}
    await desk.fetch()
    assert {one.source_id for one in await desk.entries()} == {"INBOX/1/1", "INBOX/1/2", "INBOX/1/3"}
    desk.server.uidvalidity = 2
    for at, one in enumerate(desk.server.inbox):
        one.uid = at + 5
    gone = desk.server.inbox.pop()
    desk.server.unreadable = {6}
    await desk.fetch()
    assert await desk.bodies() == [mail(0)]
    assert {one.source_id for one in await desk.entries()} == {"INBOX/2/6", f"INBOX/1/{gone.uid - 4}"}


@pytest.mark.parametrize(
    ("raw", "arrived"), [(mail(77), None), (mail(1), "02-Jan-2026 00:00:00 +0000"), (mail(1), None)]
)
async def test_a_number_that_another_mail_bears_is_noticed(desk: Desk, raw: bytes, arrived: str | None) -> None:
    first = [desk.server.put(mail(n)) for n in (1, 2)]
    await desk.fetch()
    desk.server.inbox.remove(first[1])
    if raw == mail(1) and arrived is None:  # gone in between: then even its fingerprint may come again
        await desk.fetch()
        raw = mail(3)
    desk.server.put(raw, uid=2, **({"arrived": arrived} if arrived else {}))
    handed = desk.server.handed_out[2]
    await desk.fetch()
    assert desk.server.handed_out[2] == handed + 1
    assert raw in await desk.bodies()


async def test_a_mail_that_cannot_be_had_is_shown_and_holds_up_nothing(desk: Desk) -> None:
    kept = [desk.server.put(mail(n)) for n in range(8)]
    large = desk.server.put(mail(8, size=200_000))
    liar = desk.server.put(mail(9, size=200_000))
    desk.server.sizes[liar.uid] = 300
    desk.server.unreadable, desk.server.withheld, desk.server.deadly = {2}, {4}, {6}
    await desk.fetch()
    assert sorted(await desk.bodies()) == [mail(n) for n in (0, 2, 4, 6, 7)]
    said = {one.source_id: one.reason for one in await desk.entries()}
    assert set(said) == {f"INBOX/1/{uid}" for uid in (2, 4, 6, large.uid, liar.uid)}
    assert "cannot read that one" in said["INBOX/1/2"]
    assert "does not hand it out" in said["INBOX/1/4"]
    assert "connection ended" in said["INBOX/1/6"]
    assert "max_bytes" in said[f"INBOX/1/{large.uid}"]
    standing = await desk.standing()
    assert standing is not None
    assert (standing.mails, standing.archived, standing.refused) == (10, 5, 5)
    (entry,) = [one for one in await desk.entries() if one.source_id == f"INBOX/1/{large.uid}"]
    assert (entry.door, entry.code, entry.account_id) == (
        "mailbox", "not_fetched", accounts.public_id(desk.workspace, desk.account),
    )  # fmt: skip
    async with desk.database.read(desk.workspace) as db:
        _, header = await inbox.show(db, desk.workspace, entry.id)
    assert header == kept[0].raw.replace(b" 0\r\n\r\nHello 0\r\n", b" 8\r\n\r\n")


async def test_a_mail_that_is_handed_out_empty_is_not_had(desk: Desk) -> None:
    empty = [desk.server.put(b"", arrived=f"0{day}-Jan-2026 10:00:00 +0000") for day in (1, 2)]
    desk.server.sizes = {one.uid: 300 for one in empty}
    desk.server.put(mail(3))
    await desk.fetch()
    assert await desk.bodies() == [mail(3)]
    assert {one.source_id for one in await desk.entries()} == {f"INBOX/1/{one.uid}" for one in empty}
    assert all("does not hand it out" in one.reason for one in await desk.entries())


async def test_what_could_not_be_had_comes_by_itself_later(desk: Desk) -> None:
    desk.server.put(mail(1))
    desk.server.unreadable = {1}
    await desk.fetch()
    assert len(await desk.entries()) == 1
    desk.server.unreadable = set()
    await desk.fetch()
    assert await desk.bodies() == []

    async def an_hour_goes_by(db: Any) -> None:
        await db.execute("UPDATE mailbox_mail SET next_try_at = now()")

    await desk.database.write(desk.workspace, an_hour_goes_by)
    await desk.fetch()
    assert await desk.bodies() == [mail(1)]
    assert await desk.entries() == []


async def test_two_workers_do_not_fetch_at_once(desk: Desk) -> None:
    for n in range(60):
        desk.server.put(mail(n))
    async with desk.fetching(how_many=3):
        await desk.until_looked()
        assert desk.server.open_connections == 1
    assert set(desk.server.handed_out.values()) == {1}
    await desk.fetch()


async def test_one_that_begins_again_at_any_step_loses_and_doubles_nothing(desk: Desk) -> None:
    raw = [mail(n) for n in range(30)]
    for one in raw:
        desk.server.put(one)
    for verbs in range(1, 12):
        before = len(desk.server.verbs)
        async with desk.fetching():
            await desk.until(lambda at=before + verbs: _reached(desk, at))
    await desk.fetch()
    assert sorted(await desk.bodies()) == sorted(raw)


async def _reached(desk: Desk, verbs: int) -> bool:
    standing = await desk.standing()
    return len(desk.server.verbs) >= verbs or (standing is not None and standing.archived == 30)


async def test_a_disabled_account_fetches_nothing(desk: Desk) -> None:
    async with desk.fetching():
        await desk.until_looked()
        await desk.database.write(
            desk.workspace,
            lambda db: accounts.disable_account(db, desk.workspace, desk.account, by="cli", new_id=new_id),
        )

        async def hung_up() -> bool:
            return desk.server.open_connections == 0

        await desk.until(hung_up)
    desk.server.put(mail(1))
    async with desk.fetching():
        await asyncio.sleep(0.1)
    assert await desk.bodies() == []


async def test_a_dead_mailbox_slows_no_other_and_its_fault_is_told_in_words(desk: Desk) -> None:
    desk.server.put(mail(1))
    async with imap_server() as deaf, imap_server() as strict:
        deaf.silent = True
        living, server = desk.account, desk.server
        for other in (deaf, strict):
            desk.server = other
            await desk.open_mailbox(user=USER if other is deaf else "nobody@desk.example")
        failing, desk.account, desk.server = desk.account, living, server
        async with desk.fetching():
            await desk.until_looked()
            assert await desk.bodies() == [mail(1)]
            desk.account = failing

            async def told() -> bool:
                standing = await desk.standing()
                return standing is not None and standing.failures > 0

            await desk.until(told)
    standing = await desk.standing()
    assert standing is not None
    assert "refuses to sign nobody@desk.example in (wrong name or password)" in (standing.fault or "")
    assert standing.next_at is not None
    async with desk.database.read(desk.workspace) as db:
        faults = await mailboxes.find_faults(db, desk.workspace, desk.account, VAULT, datetime.now(UTC))
    assert any(one.startswith("Fetching fails since") and "refuses to sign" in one for one in faults)


async def test_whoever_held_a_mailbox_and_was_killed_is_succeeded(desk: Desk) -> None:
    desk.server.put(mail(1))

    async def hold(db: Any, seconds: int) -> None:
        await db.execute(
            "INSERT INTO mailbox (workspace_id, account_id, folder, claimed_by, claimed_until) VALUES "
            "($1, $2, 'INBOX', $1, now() + $3 * interval '1 second') ON CONFLICT (workspace_id, account_id, folder) "
            "DO UPDATE SET claimed_until = excluded.claimed_until",
            desk.workspace,
            desk.account,
            seconds,
        )

    await desk.database.write(desk.workspace, lambda db: hold(db, 60))
    async with desk.fetching():
        await asyncio.sleep(0.1)
        assert desk.server.verbs == []
        await desk.database.write(desk.workspace, lambda db: hold(db, 0))
        await desk.until_looked()
    assert await desk.bodies() == [mail(1)]
