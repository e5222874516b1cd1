"""Who wrote a mail and which thread it is in, from its raw bytes to the ledger: nobody is impersonated, no thread is
captured, and each mail is one event whatever dies."""

import itertools
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from app.db import new_id
from tests.channels.email.mailroom import ADDRESS, TOKENS, House, Office, letter
from tests.channels.email.signing import key, plain, signed
from timeline.beginning import write_first
from timeline.commands import Reply
from timeline.decisions import Desk
from timeline.events import Actor

BOB = "Bob <bob@shop.example>"
EVE = "Eve <eve@evil.example>"
EVES = "dmarc=pass header.from=evil.example"
CONTRADICTED = "dmarc=fail header.from=shop.example"


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


async def test_an_answer_to_what_the_desk_wrote_first_comes_to_the_ticket_that_it_opened(office: Office):
    await office.take(letter())
    (known,) = await office.fetch("SELECT customer_id, id FROM contact")
    desk = Desk(workspace=office.workspace.id, actor=Actor("system"), new_id=new_id)
    said = Reply(body="It ends soon.", to=("ann@shop.example",), subject="Your guarantee")
    begun = await office.database.write(
        office.workspace.id, lambda db: write_first(db, desk, known["customer_id"], said, "ch")
    )
    _mail, message_id, _address = await office.sent(["ann@shop.example"], event=begun.event_id, contact=known["id"])
    (answer,) = await office.take(
        letter(In_Reply_To=f"<{message_id}>", Subject="Something else", Message_ID="<2@shop.example>")
    )
    held = await office.fetch("SELECT ticket_id FROM ticket_item WHERE event_id = $1", answer["id"])
    assert [one["ticket_id"] for one in held] == [begun.event_id]


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
