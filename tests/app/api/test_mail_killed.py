"""`kill -9` at every step of fetching a mail and of sending one: each mail is one event, each reply once, or twice with
the same Message-ID and marked as uncertain."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from channels.email import kind
from tests.app.api.conftest import Api
from tests.app.api.replies import listed, opened, reply, rows_of, written
from tests.app.killing import Stops, Victim, start_worker, stops_in, until
from tests.app.posting import mail_account
from tests.channels.email.imap_server import PASSWORD, USER, ImapServer, imap_server
from tests.channels.email.mailroom import letter
from tests.channels.email.smtp_server import MailServer, mail_server
from tests.conftest import Database

RECORDED = "NEW.type LIKE '%Recorded'"
TRIED = ("mailbox_mail", "NEW.state = 'tried'")
ARCHIVED = ("inbound_delivery", "NEW.tries = 0")
CLAIMED = ("inbound_delivery", "NEW.state = 'waiting' AND NEW.tries > 0")
RECEIVING = (
    "LOGIN", "EXAMINE", "FETCH", "BODY", "drop halfway", ("commit", *TRIED), ("row", *ARCHIVED), ("commit", *ARCHIVED),
    ("row", *CLAIMED), ("commit", *CLAIMED), "reading", ("row", "event", RECORDED), ("commit", "event", RECORDED),
)  # fmt: skip
"""What the server is asked, or what is written: each step as the first worker comes to it that lives so long."""


@pytest.fixture
async def stops(database: Database) -> AsyncIterator[Stops]:
    async with stops_in(database) as made:
        yield made


async def write(api: Api, *statements: str) -> None:
    async def work(db: Any) -> None:
        for statement in statements:
            await db.execute(statement)

    await api.database.write(api.mine.id, work)


# -- receiving --------------------------------------------------------------------------------------------------------


class Mailbox:
    """A mailbox at a server of ours, and the workers that fetch and understand it."""

    def __init__(self, api: Api, database: Database, home: Path, server: ImapServer, stops: Stops) -> None:
        self.api, self.database, self.home, self.server, self.stops = api, database, home, server, stops
        self.names: list[str] = []

    async def open(self) -> None:
        imap = {"host": "127.0.0.1", "port": self.server.port, "user": USER, "security": "none"}
        said = {"address": USER, "imap": imap}
        body = {"kind": "email", "name": "mail", "settings": said, "credentials": {"imap": PASSWORD}}
        made = await self.api("POST", "/api/v1/channel-accounts", json=body)
        assert made.status_code == 201, made.text

    def put(self) -> None:
        number = len(self.names)
        raw = letter(
            f"Ann <ann{number}@shop.example>", Message_ID=f"<{number}@shop.example>", MIME_Version="1.0",
            Content_Type='multipart/mixed; boundary="b"', text=f"--b\r\nContent-Type: text/plain\r\n\r\nNo. {number}"
            "\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\na file"
            f" {number}\r\n--b--",
        )  # fmt: skip
        self.server.put(raw)
        self.names.append(f"mail:{kind.key_of(raw)}")

    def start(self) -> Victim:
        return start_worker(self.database, self.home)

    async def recorded(self) -> Counter[str]:
        async with self.api.database.read(self.api.mine.id) as db:
            rows = await db.fetch("SELECT source_id FROM event WHERE type LIKE '%Recorded'")
        return Counter(row["source_id"] for row in rows)

    async def all_are_recorded(self) -> bool:
        return {*self.names} <= {*await self.recorded()}

    async def minutes_go_by(self) -> None:
        """What the dead worker held is free, as it would be after a while."""
        await write(
            self.api,
            "UPDATE mailbox SET claimed_until = now(), next_at = NULL",
            "UPDATE inbound_delivery SET claimed_until = now() - interval '10 minutes', next_try_at = NULL "
            "WHERE claimed_until IS NOT NULL OR next_try_at IS NOT NULL",
        )

    async def kill_at(self, step: Any) -> None:
        """A mail comes, a worker begins, and dies when it comes to a step."""
        self.put()
        if step == "reading":
            await self.kill_while_it_reads()
        elif isinstance(step, str):
            await self.kill_at_verb(step)
        else:
            async with self.stops.at(*step) as reached:
                worker = self.start()
                await reached()
                worker.kill()

    async def kill_at_verb(self, step: str) -> None:
        dead = asyncio.Event()

        def kill(verb: str) -> None:
            if verb == step and not dead.is_set():
                dead.set()
                worker.kill()

        self.server.when_at = kill
        self.server.script = {"BODY": ["drop halfway"]} if step == "drop halfway" else {}
        worker = self.start()
        async with asyncio.timeout(60):
            await dead.wait()

    async def kill_while_it_reads(self) -> None:
        async with self.stops.at("commit", *CLAIMED) as reached:
            worker = self.start()
            await reached()

        async def reads() -> bool:
            return bool(worker.children())

        await until(reads)
        worker.kill()


async def test_each_mail_is_one_event_wherever_its_worker_is_killed(
    api: Api, database: Database, tmp_path: Path, stops: Stops
) -> None:
    async with imap_server() as server:
        box = Mailbox(api, database, tmp_path, server, stops)
        await box.open()
        for step in RECEIVING:
            await box.kill_at(step)
            await box.minutes_go_by()
        worker = box.start()
        await until(box.all_are_recorded)
        worker.kill()
    assert await box.recorded() == Counter(box.names)
    async with api.database.read(api.mine.id) as db:
        (counted,) = await db.fetch(
            "SELECT (SELECT count(*) FROM file_use) AS files, (SELECT count(*) FROM mail_thread) AS threads, "
            "(SELECT count(*) FROM inbound_delivery WHERE state = 'understood') AS understood, "
            "(SELECT count(*) FROM mailbox_mail WHERE state = 'archived') AS archived, "
            "(SELECT count(*) FROM quarantine) AS refused"
        )
    many = len(RECEIVING)
    assert tuple(counted) == (many, many, many, many, 0)


# -- sending ----------------------------------------------------------------------------------------------------------


BEGUN = "NEW.state = 'sending'"
SENT = "NEW.state = 'sent'"
SENDING: list[tuple[Any, int, bool]] = [
    (("row", "outbound_mail"), 1, False),
    (("commit", "outbound_mail", "NEW.tries = 0"), 1, False),
    (("commit", "outbound_mail", "NEW.tries = 1"), 1, False),
    ("CONNECT", 1, False),
    (("row", "outbound_mail", BEGUN), 1, False),
    (("commit", "outbound_mail", BEGUN), 1, True),
    ("DATA", 1, True),
    ("FINAL", 2, True),
    (("row", "outbound_mail", SENT), 2, True),
    (("commit", "outbound_mail", SENT), 1, False),
]
"""A step, how often the mail came whole, and whether that is in doubt for ever."""


class Outbox:
    """An account that sends by a server of ours, and the workers that do."""

    def __init__(self, api: Api, database: Database, home: Path, server: MailServer, stops: Stops) -> None:
        self.api, self.database, self.home, self.server, self.stops = api, database, home, server, stops
        self.events: list[str] = []

    async def kill_at(self, step: Any, address: str) -> None:
        """A worker begins and does what is left to do; a reply is written, and it dies of it at a step."""
        worker = start_worker(self.database, self.home)
        await until(self.is_settled)
        item = await written(self.api, address)
        if isinstance(step, str):
            said = await self.kill_at_verb(step, item, worker)
        else:
            async with self.stops.at(*step) as reached:
                said = await reply(self.api, item)
                await reached()
                worker.kill()
        await write(self.api, "UPDATE outbound_mail SET next_try_at = now() WHERE next_try_at IS NOT NULL")
        self.events.append(said["event_id"])

    async def kill_at_verb(self, step: str, item: dict[str, Any], worker: Victim) -> dict[str, Any]:
        dead = asyncio.Event()

        def kill(verb: str) -> None:
            if verb == step and not dead.is_set():
                dead.set()
                worker.kill()

        self.server.when_at = kill
        said = await reply(self.api, item)
        async with asyncio.timeout(60):
            await dead.wait()
        return said

    async def is_settled(self) -> bool:
        rows = await rows_of(self.api)
        return len(rows) == len(self.events) and all(row["next_try_at"] is None for row in rows)

    def arrived(self, address: str) -> list[str]:
        """The Message-IDs of what came for somebody, whole, whether its sender was told or not."""
        return [opened(one.raw)["Message-ID"] for one in self.server.mails if one.recipients == [address]]


async def test_each_reply_is_sent_once_or_twice_and_marked_wherever_its_worker_is_killed(
    api: Api, database: Database, tmp_path: Path, stops: Stops
) -> None:
    async with mail_server() as server:
        out = Outbox(api, database, tmp_path, server, stops)
        await mail_account(api.database, api.mine.id, server)
        for at, (step, _, _) in enumerate(SENDING):
            await out.kill_at(step, f"{at}@{at}.example")
        worker = start_worker(database, tmp_path)
        await until(out.is_settled)
        worker.kill()
    shown = {one["event_id"]: one for one in await listed(api)}
    for at, ((step, times, uncertain), event) in enumerate(zip(SENDING, out.events, strict=True)):
        arrived = out.arrived(f"{at}@{at}.example")
        assert (len(arrived), len({*arrived})) == (times, 1), step
        assert (shown[event]["state"], shown[event]["uncertain"]) == ("sent", uncertain), step
