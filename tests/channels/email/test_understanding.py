"""Who wrote a mail and which thread it is in, from its raw bytes to the ledger: nobody is impersonated, no thread is
captured, and each mail is one event whatever dies."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
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
from tests.channels.email.mailroom import ADDRESS, TOKENS, House, Office, housed, letter
from tests.channels.email.signing import key, plain, signed
from tests.conftest import Database as Cloned
from timeline.events import Actor
from timeline.intake import Outcome
from timeline.threads import Workspace

BOB = "Bob <bob@shop.example>"
EVE = "Eve <eve@evil.example>"
EVES = "dmarc=pass header.from=evil.example"
CONTRADICTED = "dmarc=fail header.from=shop.example"


@pytest.fixture(scope="module")
async def house(database_of_module: Cloned, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with housed(database_of_module, tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture
async def office(house: House) -> Office:
    return await house.office()


def told(item: dict[str, Any]) -> dict[str, Any]:
    return item["data"]["data"]["mail"]


def by(item: dict[str, Any]) -> str:
    return told(item)["thread"]["by"]


# -- who wrote it ------------------------------------------------------------------------------------------------------


async def test_a_mail_becomes_an_item_with_all_that_it_says(office: Office):
    raw = letter(Date="Sat, 21 Nov 2026 09:30:00 +0100", Cc="Bob <bob@shop.example>", References="<0@shop.example>")
    await office.deliver(raw, arrived=datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    await office.step()
    (item,) = await office.items()
    assert (item["type"], item["grade"], item["conversation"]) == ("MessageRecorded", "verified", item["source_id"])
    assert item["occurred_at"] == datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    assert (item["data"]["subject"], item["data"]["body"].strip()) == ("My order", "Where is my order?")
    assert told(item) == {
        "message_id": "1@shop.example",
        "references": ["0@shop.example"],
        "from": {"address": "ann@shop.example", "name": "Ann"},
        "raw_from": told(item)["raw_from"],
        "to": [{"address": ADDRESS, "name": "Desk"}],
        "cc": [{"address": "bob@shop.example", "name": "Bob"}],
        "reply_to": [],
        "date": "2026-11-21T08:30:00+00:00",
        "proof": {"verdict": "proved", "by": "dmarc", "words": "mx.desk.example says dmarc=pass for shop.example"},
        "html": False,
        "attachments": [],
        "thread": {"by": "new"},
        "defects": [],
    }
    (tickets,) = await office.fetch("SELECT count(*) FROM ticket")
    assert tickets["count"] == 1


async def test_a_proved_sender_is_one_contact_and_a_claimed_one_is_somebody_of_each_thread(office: Office):
    first, second = await office.take(letter(), letter(Message_ID="<2@shop.example>"))
    assert first["contact_id"] == second["contact_id"]
    claimed, other, reply = await office.take(
        letter(result="dmarc=none", Message_ID="<3@shop.example>"),
        letter(result="dmarc=none", Message_ID="<4@shop.example>"),
        letter(result="dmarc=none", Message_ID="<5@shop.example>", In_Reply_To="<3@shop.example>"),
    )
    assert {claimed["grade"], other["grade"]} == {"possible"}
    assert len({first["customer_id"], claimed["customer_id"], other["customer_id"]}) == 3
    assert reply["contact_id"] == claimed["contact_id"]


IMPERSONATIONS: dict[str, tuple[bytes, str]] = {
    "a forged From": (letter(result="dmarc=none; spf=pass smtp.mailfrom=eve@evil.example"), "claimed"),
    "no word of our server": (letter(result=None), "claimed"),
    "a forged result below ours": (
        letter(result="dmarc=none", top="").replace(
            b"From:", b"Authentication-Results: mx.desk.example; dmarc=pass header.from=shop.example\r\nFrom:"
        ),
        "claimed",
    ),
    "a forged result of another server": (
        letter(result=None, top="Authentication-Results: mx.evil.example; dmarc=pass header.from=shop.example\r\n"),
        "claimed",
    ),
    "our server's name, oddly written": (
        letter(
            result=None, top="Authentication-Results: (x) MX.desk.example 1; dmarc=pass header.from=shop.example\r\n"
        ),
        "claimed",
    ),
    "a pass of another domain": (letter(result=EVES), "claimed"),
    "contradicted": (letter(result=CONTRADICTED), "contradicted"),
    "two Froms": (letter(top="From: eve@evil.example\r\n"), "ambiguous"),
    "two addresses in a From": (letter("ann@shop.example, eve@evil.example"), "ambiguous"),
    "an address that hides another": (letter("ann@shop.example <eve@evil.example>", result=EVES), "ambiguous"),
    "no From": (letter().replace(b"From: Ann <ann@shop.example>\r\n", b""), "ambiguous"),
}


@pytest.mark.parametrize(("raw", "verdict"), IMPERSONATIONS.values(), ids=IMPERSONATIONS)
async def test_nobody_is_taken_for_somebody_else(office: Office, raw: bytes, verdict: str):
    (ann,) = await office.take(letter(Message_ID="<ann@shop.example>"))
    (item,) = await office.take(raw)
    assert item["customer_id"] != ann["customer_id"]
    assert told(item)["proof"]["verdict"] == verdict
    assert item["grade"] == "possible"
    held = await office.fetch("SELECT verified_at FROM identifier WHERE contact_id = $1", item["contact_id"])
    assert [one["verified_at"] for one in held] == ([None] if verdict == "claimed" else [])


async def test_an_account_that_proves_nothing_proves_no_mail(office: Office):
    account = await office.open(proves=[], source="forms")
    first, second = await office.take(letter(), letter(Message_ID="<2@shop.example>"), account=account)
    assert (first["grade"], first["contact_id"] == second["contact_id"]) == ("possible", False)


async def test_our_own_check_proves_what_no_server_told_of(house: House, office: Office):
    house.records.records = {"s1._domainkey.shop.example": key()[1]}
    proved, changed = await office.take(signed(plain()), signed(plain()).replace(b"Where is", b"Send me"))
    assert (told(proved)["proof"]["by"], proved["grade"]) == ("dkim", "verified")
    assert (told(changed)["proof"]["verdict"], changed["grade"]) == ("claimed", "possible")


# -- which thread ------------------------------------------------------------------------------------------------------


async def test_an_answer_to_ours_is_in_its_thread_by_id_and_by_address(office: Office):
    (first,) = await office.take(letter())
    where = {"conversation": first["conversation"]}
    mail, message_id, address = await office.sent(["ann@shop.example"], **where)
    answers = await office.take(
        letter(In_Reply_To=f"<{message_id}>", Subject="Something else", Message_ID="<2@shop.example>"),
        letter(To=address, Message_ID="<3@shop.example>"),
        letter(To="x@desk.example", top=f"Delivered-To: {address}\r\n", Message_ID="<4@shop.example>"),
        letter(References=f"<a@b> <{message_id.upper()}> <c@d>", Message_ID="<5@shop.example>"),
    )
    assert [(by(one), one["conversation"]) for one in answers] == [("token", first["conversation"])] * 4
    assert {told(one)["thread"]["sent"] for one in answers} == {str(mail)}


async def test_a_subject_or_a_number_opens_no_thread_of_another(office: Office):
    first, second = await office.take(
        letter(Subject="[#1] My order"), letter(Subject="Re: [#1] My order", Message_ID="<2@shop.example>")
    )
    assert first["conversation"] != second["conversation"]


async def forged(office: Office, thread: str) -> list[bytes]:
    """Mails that would like to be in somebody's thread."""
    other = await office.open(source="mail")
    _, of_ann, _ = await office.sent(["ann@shop.example"], conversation=thread)
    _, of_another_box, there = await office.sent(["eve@evil.example"], account=other, conversation=thread)
    unknown = TOKENS.message_id(office.account, UUID(int=5), "desk.example")
    changed = ("a" if of_ann[0] != "a" else "b") + of_ann[1:]
    eves = [of_ann, of_another_box, unknown, changed, "1@shop.example"]
    numbers = itertools.count()

    def eve(**headers: str) -> bytes:
        return letter(EVE, result=EVES, Message_ID=f"<{next(numbers)}@evil.example>", **headers)

    return [
        *(eve(In_Reply_To=f"<{one}>") for one in eves),
        *(eve(References=f"<{one}>") for one in eves),
        eve(To=there),
        letter(result=CONTRADICTED, In_Reply_To=f"<{of_ann}>", Message_ID="<x@shop.example>"),
        letter(result=CONTRADICTED, In_Reply_To="<1@shop.example>", Message_ID="<y@shop.example>"),
        letter("ann@shop.example, eve@evil.example", In_Reply_To=f"<{of_ann}>", Message_ID="<z@shop.example>"),
    ]


async def test_a_forged_or_foreign_token_opens_a_new_thread(office: Office):
    (first,) = await office.take(letter())
    items = await office.take(*await forged(office, first["conversation"]))
    assert {by(one) for one in items} == {"new"}
    assert first["conversation"] not in {one["conversation"] for one in items}
    assert len({one["conversation"] for one in items}) == len(items)


async def test_whoever_takes_part_may_refer_to_any_mail_of_the_thread(office: Office):
    (first,) = await office.take(letter(Cc=BOB))
    (bob,) = await office.take(letter(BOB, In_Reply_To="<1@shop.example>", Message_ID="<b@shop.example>"))
    (ann,) = await office.take(letter(In_Reply_To="<b@shop.example>", Message_ID="<2@shop.example>"))
    (carl,) = await office.take(
        letter("carl@shop.example", In_Reply_To="<b@shop.example>", Message_ID="<c@shop.example>")
    )
    assert bob["conversation"] == ann["conversation"] == first["conversation"]
    assert by(carl) == "new"


async def test_mails_of_one_batch_know_each_other(office: Office):
    follow = letter(References="<1@shop.example>", Message_ID="<2@shop.example>")
    first, second = await office.take(letter(), follow)
    assert second["conversation"] == first["conversation"]


async def test_a_mail_that_comes_before_the_one_it_answers(office: Office):
    (late,) = await office.take(letter(References="<1@shop.example>", Message_ID="<2@shop.example>"))
    (first,) = await office.take(letter())
    (eve,) = await office.take(letter(EVE, result=EVES, References="<9@shop.example>", Message_ID="<e@evil.example>"))
    (ninth,) = await office.take(letter(Message_ID="<9@shop.example>"))
    assert first["conversation"] == late["conversation"]
    assert ninth["conversation"] != eve["conversation"]


async def test_an_id_that_was_sent_before_hides_nothing_and_captures_no_thread(office: Office):
    squatters = [
        letter(EVE, result=EVES, Cc="ann@shop.example", text="Eve"),
        letter(result=CONTRADICTED, text="forged and found"),
        *(letter(result="dmarc=none", text=f"forged {number}") for number in range(3)),
    ]
    forged = await office.take(*squatters)
    first, follow = await office.take(
        letter(), letter(References="<1@shop.example>", Message_ID="<2@shop.example>", text="And when?")
    )
    assert len({one["conversation"] for one in [*forged, first]}) == len(forged) + 1
    assert (by(first), by(follow), follow["conversation"]) == ("new", "references", first["conversation"])
    assert len(await office.items()) == len(forged) + 2


async def test_claims_that_point_to_several_threads_point_to_none(office: Office):
    first, second = await office.take(
        letter(result="dmarc=none"), letter(result="dmarc=none", text="The same id, another mail.")
    )
    (third,) = await office.take(
        letter(result="dmarc=none", In_Reply_To="<1@shop.example>", Message_ID="<3@x.example>")
    )
    assert len({one["conversation"] for one in (first, second, third)}) == 3


# -- once --------------------------------------------------------------------------------------------------------------


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
