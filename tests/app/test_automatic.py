"""Automatic mail from raw bytes to the outbox: what is answered and what never is, limits under doubled workers, loops,
reminders, links, agents, and what comes back."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from app.automatic import Robots
from app.db import Db, new_id
from app.live import Live
from channels import automatic as doors
from channels.automatic import Asked
from channels.email import automatic
from tests.builders import settings
from tests.channels.email.mailroom import ADDRESS, TOKENS, House, Office, housed, letter
from tests.conftest import Database as Cloned

WORDS = "We have got your message, it is number {number}."
SMTP = {"host": "127.0.0.1", "port": 2525, "security": "none"}
ANN = "ann@shop.example"


@pytest.fixture(scope="module")
async def house(database_of_module: Cloned, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with housed(database_of_module, tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture
async def office(house: House) -> Office:
    """With a mailbox that acknowledges, sends, and tells agents."""
    office = await house.office()
    said = {"acknowledge": WORDS, "smtp": SMTP, "name": "The Desk", "aliases": ["help@desk.example"], "notifies": True}
    office.account = await office.open(source="box", settings=said)
    return office


def robots(office: Office) -> Robots:
    return Robots(office.database, Live(office.database.dsn), settings(Path("/nowhere")))


async def run(office: Office, now: datetime | None = None) -> list[dict[str, Any]]:
    """Until all that is recorded was looked at; the automatic mails that there are."""
    own, at = robots(office), now or datetime.now(UTC)
    for _ in range(1_000):
        await own.step(office.workspace.id, at)
        (row,) = await office.fetch(
            "SELECT count(*) AS behind FROM (VALUES ('automatic'), ('bounces')) AS f(name) WHERE EXISTS (SELECT "
            "FROM event e WHERE e.workspace_id = $1 AND (e.epoch, e.xid, e.position) > coalesce((SELECT (epoch, xid, "
            "position) FROM follower_checkpoint WHERE workspace_id = $1 AND follower = f.name), (0, 0::bigint, 0)))",
            office.workspace.id,
        )
        if not row["behind"]:
            break
        await asyncio.sleep(0.01)
    return await mails(office)


async def mails(office: Office) -> list[dict[str, Any]]:
    rows = await office.fetch(
        "SELECT id, key, purpose, state, reason, raw, conversation, message_id, event_id FROM outbound_mail "
        "WHERE workspace_id = $1 AND key NOT LIKE 'test/%' ORDER BY id",
        office.workspace.id,
    )
    return [dict(row) for row in rows]


def opened(mail: dict[str, Any]) -> EmailMessage:
    return email.message_from_bytes(mail["raw"], policy=email.policy.default)


def text_of(mail: dict[str, Any]) -> str:
    body = opened(mail).get_body(("plain",))
    assert body is not None
    return body.get_content()


# -- acknowledgements --------------------------------------------------------------------------------------------------


async def test_a_mail_that_begins_a_thread_is_acknowledged_once_in_the_desks_own_words(office: Office):
    await office.take(letter("Evil Name <ann@shop.example>", text="buy this", Subject="buy now"))
    (mail,) = await run(office)
    await run(office)
    assert len(await mails(office)) == 1
    read, (item,) = opened(mail), await office.items()
    assert (mail["purpose"], mail["state"], mail["conversation"]) == (
        "acknowledgement",
        "waiting",
        item["conversation"],
    )
    assert (read["To"], read["From"]) == (ANN, f"The Desk <{ADDRESS}>")
    assert (read["Auto-Submitted"], read["In-Reply-To"]) == ("auto-replied", "<1@shop.example>")
    (ticket,) = await office.fetch("SELECT number FROM ticket_number")
    assert read["Subject"] == f"The Desk #{ticket['number']}"
    assert text_of(mail).strip() == WORDS.format(number=ticket["number"])
    assert all(said not in mail["raw"] for said in (b"Evil", b"buy"))


async def test_a_thread_that_goes_on_and_a_mailbox_without_words_are_not_acknowledged(office: Office):
    mute = await office.open(source="mute", settings={"smtp": SMTP})
    await office.take(letter(), letter(Message_ID="<2@shop.example>", In_Reply_To="<1@shop.example>"))
    await office.take(letter("Bob <bob@b.example>", Message_ID="<3@b.example>", result=None), account=mute)
    assert [mail["event_id"] for mail in await run(office)] == [(await office.items())[0]["id"]]


NOT_ANSWERED: dict[str, tuple[bytes, str]] = {
    "Auto-Submitted": (letter(Auto_Submitted="auto-replied"), "no robot"),
    "a list": (letter(List_Id="<talk.shop.example>"), "no robot"),
    "bulk": (letter(Precedence="bulk"), "no robot"),
    "a null sender": (letter(top="Return-Path: <>\r\n"), "no robot"),
    "our address": (letter(f"Desk <{ADDRESS.upper()}>", result=None), automatic.OURS),
    "our alias": (letter("Desk <help@desk.example>", result=None), automatic.OURS),
    "contradicted": (letter(result="dmarc=fail header.from=shop.example"), automatic.NOBODY),
    "ambiguous": (letter(top="From: eve@evil.example\r\n"), automatic.NOBODY),
}


@pytest.mark.parametrize(("raw", "reason"), NOT_ANSWERED.values(), ids=NOT_ANSWERED)
async def test_what_is_never_answered_is_there_with_its_reason(office: Office, raw: bytes, reason: str):
    await office.take(raw)
    (mail,) = await run(office)
    assert (mail["state"], mail["raw"]) == ("suppressed", None)
    assert reason in mail["reason"]


async def test_our_own_mail_that_comes_back_ends_the_loop(office: Office):
    _, ours, _ = await office.sent(["somebody@else.example"])
    await office.take(letter(Message_ID=f"<{ours}>"))
    await office.take(letter("Bob <bob@b.example>", result=None, Message_ID="<9@b.example>", References=f"<{ours}>"))
    assert {mail["reason"] for mail in await run(office)} == {automatic.COMES_BACK}


async def test_an_address_is_acknowledged_once_an_hour_and_old_mail_not_at_all(office: Office):
    await office.take(letter(), letter(Message_ID="<2@shop.example>", Subject="Another"))
    await office.deliver(letter(Message_ID="<3@shop.example>"), arrived=datetime.now(UTC) - timedelta(days=20))
    await office.step()
    assert [mail["reason"] for mail in await run(office)] == [None, automatic.ACKNOWLEDGED]


async def test_twenty_go_to_an_address_whatever_they_are_for_and_however_many_work(office: Office):
    for _ in range(19):
        await office.sent([ANN.upper()], purpose="notification")
    await office.take(letter(), letter(Message_ID="<2@shop.example>"), letter(Message_ID="<3@shop.example>"))
    await asyncio.gather(*(robots(office).step(office.workspace.id, datetime.now(UTC)) for _ in range(3)))
    reasons = [mail["reason"] for mail in await run(office)]
    assert len(reasons) == 3
    assert reasons.count(None) == 1
    assert automatic.TOO_MANY in reasons


@pytest.mark.parametrize("state", ["waiting", "sent"])
async def test_what_waited_for_hours_counts_when_it_goes_out(office: Office, state: str):
    now = datetime.now(UTC)
    for _ in range(20):
        tried = now if state == "waiting" else None
        await office.sent([ANN], purpose="notification", state=state, next_try_at=tried, now=now - timedelta(hours=5))
    if state == "sent":
        await office.say("UPDATE outbound_mail SET tried_at = $2 WHERE workspace_id = $1", office.workspace.id, now)
    await office.take(letter())
    assert [mail["reason"] for mail in await run(office)] == [automatic.TOO_MANY]


async def test_no_address_gets_more_than_twenty_from_doubled_workers(office: Office):
    async def ask(db: Db) -> None:
        (box,) = [one for one in await doors.boxes(db, office.workspace.id) if one.settings.notifies]
        asked = Asked(box=box, key=f"reminder/{new_id()}", purpose="reminder", to=ANN, subject="x", text="x")
        await doors.post(
            db, office.workspace.id, [asked], frozenset(), tokens=TOKENS, new_id=new_id, now=datetime.now(UTC)
        )

    await asyncio.gather(*(office.database.write(office.workspace.id, ask) for _ in range(26)))
    states = [mail["state"] for mail in await mails(office)]
    assert (states.count("waiting"), states.count("suppressed")) == (20, 6)
