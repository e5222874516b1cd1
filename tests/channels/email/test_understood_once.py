"""Each mail is one event, whatever dies while it is understood; what cannot be read keeps nothing else waiting."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.db import new_id
from app.understanding import Understander, read_again
from channels import inbox
from channels.contract import Account, Delivery, Unparseable
from channels.email.understanding import MailReading
from channels.files import FileGone
from channels.reading import Placed, Read
from channels.store import Db
from tests.channels.email.mailroom import House, Office, letter
from timeline.events import Actor
from timeline.intake import Outcome
from timeline.threads import Workspace


class Dying:
    """The understanding of mails, that dies at one step the first time."""

    def __init__(self, real: MailReading, step: str) -> None:
        self._real = real
        self._step = step

    def _pass(self, step: str) -> None:
        if step == self._step:
            self._step = ""
            raise asyncio.CancelledError

    async def read(self, workspace: Workspace, account: Account, delivery: Delivery) -> Read:
        self._pass("before reading")
        done = await self._real.read(workspace, account, delivery)
        self._pass("after reading")
        return done

    async def place(self, db: Db, workspace: Workspace, account: Account, reads: Sequence[Any]) -> list[Placed]:
        self._pass("before placing")
        done = await self._real.place(db, workspace, account, reads)
        self._pass("after placing")
        return done

    async def record(
        self, db: Db, workspace: Workspace, account: Account, done: Sequence[tuple[Placed, Sequence[Outcome]]]
    ) -> None:
        self._pass("before recording")
        await self._real.record(db, workspace, account, done)
        self._pass("after recording")


STEPS = [f"{when} {what}" for what in ("reading", "placing", "recording") for when in ("before", "after")]
WITH_FILE = letter(
    Content_Type='multipart/mixed; boundary="b"', MIME_Version="1.0",
    text="--b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\n"
    "Content-Disposition: attachment; filename=a.txt\r\n\r\nan attachment\r\n--b--",
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
async def test_each_mail_is_one_event_wherever_its_worker_dies(house: House, office: Office, step: str):
    real = house.mailroom.ways()["email"]
    assert isinstance(real, MailReading)
    dying = Dying(real, step)
    await office.deliver(WITH_FILE)
    await office.deliver(letter(References="<1@shop.example>", Message_ID="<2@shop.example>"))
    now = datetime.now(UTC)
    understander = Understander(house.database, {"email": dying}, 30.0)
    with pytest.raises(asyncio.CancelledError):
        await understander.round(office.workspace, now)
    for minutes in range(1, 5):
        await understander.round(office.workspace, now + timedelta(minutes=3 * minutes))
    await understander.settle()
    first, second = await office.items()
    assert first["conversation"] == second["conversation"]
    (counted,) = await office.fetch(
        "SELECT (SELECT count(*) FROM file_use) AS files, (SELECT count(*) FROM mail_thread) AS threads, "
        "(SELECT count(*) FROM inbound_delivery WHERE state = 'understood') AS understood"
    )
    assert tuple(counted) == (2, 2, 2)


async def test_the_same_bytes_are_one_mail_and_other_bytes_another(office: Office):
    raw = letter()
    assert await office.deliver(raw) == await office.deliver(raw)
    await office.step()
    assert len(await office.take(letter(text="Others"))) == 1
    assert len(await office.items()) == 2


async def test_two_mailboxes_of_one_source_know_a_mail_by_its_bytes(office: Office):
    other = await office.open(source="mail", settings={"authserv_id": "mx.other.example"})
    (first,) = await office.take(letter())
    (again,) = await office.take(letter(), account=other)
    assert again["id"] == first["id"]
    (counted,) = await office.fetch("SELECT count(*) FROM inbound_delivery WHERE state = 'understood'")
    assert counted["count"] == 2


class Slow:
    """Mails that say so take their time; others are at once."""

    def __init__(self, real: MailReading) -> None:
        self._real = real
        self.may_end = asyncio.Event()
        self.place = real.place
        self.record = real.record

    async def read(self, workspace: Workspace, account: Account, delivery: Delivery) -> Read:
        if b"slowly" in delivery.raw:
            await self.may_end.wait()
        if b"unreadable" in delivery.raw:
            raise Unparseable("", "it cannot be read")
        if b"gone" in delivery.raw:
            raise FileGone
        return await self._real.read(workspace, account, delivery)


async def until(office: Office, bodies: set[str]) -> None:
    """On a busy machine what is fast may be set aside too; it waits for nobody all the same."""
    async with asyncio.timeout(30):
        while True:
            if {one["data"]["body"].strip() for one in await office.items()} == bodies:
                return
            await asyncio.sleep(0.02)


async def test_a_slow_mail_keeps_nobody_waiting(house: House, office: Office):
    real = house.mailroom.ways()["email"]
    assert isinstance(real, MailReading)
    slow, other = Slow(real), await office.open(source="other")
    await office.deliver(letter(text="slowly"))
    await office.deliver(letter(text="fast"))
    await office.deliver(letter(text="elsewhere"), other)
    now, understander = datetime.now(UTC), Understander(house.database, {"email": slow}, 0.5)
    assert await understander.round(office.workspace, now) == 3
    await until(office, {"fast", "elsewhere"})
    await office.deliver(letter(text="later"))
    assert await understander.round(office.workspace, now) == 1
    await until(office, {"fast", "elsewhere", "later"})
    slow.may_end.set()
    await understander.settle()
    assert len(await office.items()) == 4
    assert await understander.round(office.workspace, now + timedelta(hours=1)) == 0


async def test_what_cannot_be_read_is_shown_and_can_be_replayed(house: House, office: Office):
    real = house.mailroom.ways()["email"]
    assert isinstance(real, MailReading)
    await office.deliver(letter(text="unreadable"))
    await office.deliver(letter(text="gone"))
    now = datetime.now(UTC)
    await office.step(now, {"email": Slow(real)})
    assert await office.items() == []
    async with house.database.read(office.workspace.id) as db:
        (entry,) = await inbox.list_entries(db, office.workspace.id, ("waiting",), None, 10)
    assert (entry.door, entry.reason) == ("hooks/email", "it cannot be read")
    await replay(house, office, entry.id)
    await office.step(now + timedelta(minutes=1))
    assert sorted(one["data"]["body"].strip() for one in await office.items()) == ["gone", "unreadable"]


async def replay(house: House, office: Office, entry: UUID) -> inbox.Replayed:
    reread = await read_again(house.database, office.workspace, entry, house.mailroom.ways)

    async def work(db: Db) -> inbox.Replayed:
        return await inbox.replay(db, office.workspace, entry, by=Actor("cli"), new_id=new_id, reread=reread)

    return await house.database.write(office.workspace.id, work)
