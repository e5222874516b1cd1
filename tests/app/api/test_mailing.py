"""Replies by mail from the desk to a real mail server on this machine, that fails in every way."""

import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from litestar import Litestar

from app.mailing import Mailer
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.app.posting import DESK, TOKENS, follow, mail_account, mailer, send
from tests.app.test_outward import certificate
from tests.builders import contact, identifier
from tests.channels.email.smtp_server import STEPS, MailServer, mail_server
from tests.conftest import Database as Cloned

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def there() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


@pytest.fixture
async def out(api: Api, tmp_path: Path) -> AsyncIterator[Mailer]:
    async with mailer(api.database, tmp_path) as made:
        yield made


async def written(api: Api, address: str = "ann@example.org", **fields: Any) -> dict[str, Any]:
    """A mail that came in."""
    name, verified = address.partition("@")[0], fields.pop("verified", True)
    said: dict[str, Any] = {
        "source": "mail",
        "kind": "message",
        "channel": "email",
        "contact": contact(fields.pop("key", address), identifier(value=address, verified=verified), name=name),
        "subject": "Red shoes",
        "body": "Where are they?",
        "data": {"mail": {"message_id": f"{name}@there"}},
        **fields,
    }
    return await api.push(**said)


async def reply(api: Api, item: dict[str, Any], body: str = "On their way.", **fields: Any) -> dict[str, Any]:
    response = await api("POST", f"/api/v1/tickets/{item['ticket']['id']}/replies", json={"body": body, **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    response = await api("GET", f"/api/v1/deliveries?direction=outbound&kind=mail{query}")
    assert response.status_code == 200, response.text
    return response.json()["items"]


def opened(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


async def test_a_reply_goes_to_the_contact_point_of_what_it_answers(api: Api, there: MailServer, out: Mailer) -> None:
    account = await mail_account(api.database, api.mine.id, there)
    item = await written(api)
    said = await reply(api, item)
    await follow(out, api.mine.id)
    assert await send(out, api.mine.id) == 1
    (mail,) = there.mails
    read = opened(mail.raw)
    assert (mail.sender, mail.recipients) == (DESK, ["ann@example.org"])
    assert read["To"] == "ann@example.org"
    assert read["Subject"] == "Re: Red shoes"
    assert read["In-Reply-To"] == read["References"] == "<ann@there>"
    assert str(read["From"]) == f"The Shop <{DESK}>"
    async with api.database.read(api.mine.id) as db:
        row = await db.fetchrow("SELECT id, state, message_id, event_id FROM outbound_mail")
        told = await db.fetch("SELECT data, about FROM event WHERE type = 'MailSettled'")
    assert row is not None
    assert row["state"] == "sent"
    assert UUID(said["event_id"]) == row["event_id"]
    assert TOKENS.read(account, read["Message-ID"]) == row["id"]
    assert [one["about"] for one in told] == [row["event_id"]]


async def rows_of(api: Api) -> list[dict[str, Any]]:
    async with api.database.read(api.mine.id) as db:
        rows = await db.fetch("SELECT * FROM outbound_mail WHERE workspace_id = $1 ORDER BY id", api.mine.id)
    return [dict(row) for row in rows]


async def now_of(api: Api) -> datetime:
    async with api.database.read(api.mine.id) as db:
        found = await db.fetchval("SELECT now()")
    return cast("datetime", found)


async def as_admin(database: Cloned, statement: str, *values: Any) -> None:
    connection = await asyncpg.connect(database.admin_dsn)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def answered(api: Api, out: Mailer, *addresses: str, **fields: Any) -> list[dict[str, Any]]:
    """A reply to a mail from each address, each of which is a mail that waits."""
    said = [await reply(api, await written(api, address), **fields) for address in addresses or ("ann@example.org",)]
    await follow(out, api.mine.id)
    return said


async def delivery_of(api: Api, item: dict[str, Any], said: dict[str, Any]) -> Any:
    page = (await api("GET", f"/api/v1/customers/{item['customer_id']}/timeline")).json()["items"]
    return next(one for one in page if one["event_id"] == said["event_id"])["delivery"]


async def test_after_a_merge_each_answer_goes_to_the_address_of_what_it_answers(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there)
    ann, bob = await written(api, "ann@work.example"), await written(api, "ann@home.example")
    body = {"other": bob["customer_id"]}
    merged = await api("POST", f"/api/v1/customers/{ann['customer_id']}/merge", json=body)
    assert merged.status_code == 200, merged.text
    await reply(api, ann, "to work")
    await reply(api, bob, "to home")
    undone = await api(
        "POST", f"/api/v1/customers/{ann['customer_id']}/unmerge", json={"decision": merged.json()["decision_id"]}
    )
    assert undone.status_code == 200, undone.text
    await follow(out, api.mine.id)
    await send(out, api.mine.id)
    assert {opened(mail.raw).get_body(("plain",)).get_content().strip(): mail.recipients for mail in there.mails} == {  # type: ignore[union-attr]
        "to work": ["ann@work.example"],
        "to home": ["ann@home.example"],
    }


async def test_recipients_are_exactly_those_that_were_said_and_are_shown(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there, plus_addressing=True)
    item = await written(api)
    named: dict[str, Any] = {
        "to": ["Bob@Example.ORG"],
        "cc": ["cc@example.org", "Bob@example.org"],
        "bcc": ["secret@example.org"],
    }
    said = await reply(api, item, subject="Grüße", **named)
    await follow(out, api.mine.id)
    await send(out, api.mine.id)
    (mail,) = there.mails
    read = opened(mail.raw)
    assert mail.recipients == ["Bob@example.org", "cc@example.org", "secret@example.org"]
    assert (read["To"], read["Cc"], read["Bcc"], read["Subject"]) == (
        "Bob@example.org",
        "cc@example.org",
        None,
        "Grüße",
    )
    assert b"secret@example.org" not in mail.raw
    page = (await api("GET", f"/api/v1/tickets/{item['ticket']['id']}/timeline")).json()["items"]
    shown = next(one for one in page if one["event_id"] == said["event_id"])
    assert shown["data"]["mail"] == {
        "to": ["Bob@example.org"], "cc": ["cc@example.org"], "bcc": ["secret@example.org"], "subject": "Grüße",
    }  # fmt: skip
    assert (shown["delivery"]["status"], len(shown["delivery"]["recipients"])) == ("sent", 3)
    (row,) = await rows_of(api)
    local, _, domain = read["Reply-To"].rpartition("@")
    assert (TOKENS.read(row["account_id"], local), domain) == (row["id"], "shop.example")
    assert mail.sender == read["Reply-To"]


async def test_what_is_no_recipient_is_refused(api: Api) -> None:
    item = await written(api)
    for field, said in (
        ("to", ["a@example.org\r\nBcc: b@example.org"]), ("to", ["a@example.org, b@example.org"]), ("to", []),
        ("cc", ["team: a@example.org;"]), ("bcc", ["Ann <a@example.org>"]), ("to", ["a@[127.0.0.1]"]),
        ("cc", [f"a{n}@example.org" for n in range(51)]), ("subject", "x\r\nBcc: b@example.org"), ("to", ["a@b"]),
        ("to", ["<a@example.org> SIZE=1"]), ("attachments", ["x"] * 21), ("to", ["jürgen@example.org"]),
    ):  # fmt: skip
        body = {"body": "x", field: said}
        response = await api("POST", f"/api/v1/tickets/{item['ticket']['id']}/replies", json=body)
        assert response.status_code == 400, response.text
        assert response.json()["fields"][0]["field"].startswith(field)


async def test_who_is_known_by_nothing_is_not_written_to_and_the_reply_says_so(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there)
    item = await api.push(source="mail", kind="message", channel="email", contact=contact("nobody"))
    said = await reply(api, item)
    refused = await api(
        "POST", f"/api/v1/tickets/{item['ticket']['id']}/replies", json={"body": "x", "cc": ["a@b.example"]}
    )
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "to")
    await follow(out, api.mine.id)
    assert await rows_of(api) == []
    page = (await api("GET", f"/api/v1/tickets/{item['ticket']['id']}/timeline")).json()["items"]
    assert "nothing is known" in next(one for one in page if one["event_id"] == said["event_id"])["data"]["words"]


async def test_a_claimed_sender_is_answered_with_nothing_of_anybody_elses(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there)
    await written(api, "ann@example.org", subject="Private", body="my secret number is 4711")
    claim = await written(api, "ann@example.org", verified=False, key="claimed/1", subject="Hello", body="tell me")
    await reply(api, claim, "What is it about?")
    await follow(out, api.mine.id)
    await send(out, api.mine.id)
    (mail,) = there.mails
    assert mail.recipients == ["ann@example.org"]
    assert b"4711" not in mail.raw
    assert b"Private" not in mail.raw


async def test_what_was_imported_pushed_or_said_before_the_account_is_not_sent(
    api: Api, there: MailServer, out: Mailer
) -> None:
    early = await written(api, "early@example.org")
    await reply(api, early)
    await mail_account(api.database, api.mine.id, there)
    item = await written(api)
    await written(api, direction="outbound")
    await api.push(source="crm", kind="message", channel="email", ticket=item["ticket"]["id"], direction="outbound")
    elsewhere = await written(api, "other@example.org", source="other")
    await reply(api, elsewhere)
    await follow(out, api.mine.id)
    assert await rows_of(api) == []


async def test_a_drop_before_the_content_is_no_doubt_and_after_it_is_one(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there)
    for step in STEPS:
        there.taken.clear()
        await answered(api, out, f"ann@{step}.example")
        there.drops, there.times = step, 1
        at, doubtful = await now_of(api), step in ("CONTENT", "FINAL")
        assert await send(out, api.mine.id, at) == 1
        row = (await rows_of(api))[-1]
        assert row["state"] == ("uncertain" if doubtful else "waiting"), (step, row["reason"])
        assert await send(out, api.mine.id, at) == 0
        assert await send(out, api.mine.id, at + MINUTE) == 1
        shown = (await listed(api))[0]
        assert (shown["state"], shown["uncertain"], len(there.mails)) == ("sent", doubtful, 1), step
        assert len({opened(mail.raw)["Message-ID"] for mail in there.taken if b"Message-ID" in mail.raw}) == 1


async def test_a_mail_in_doubt_is_tried_once_more_with_the_same_bytes_and_then_left_to_a_person(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there)
    for fault in ("drops", "hangs"):
        there.taken.clear()
        item = await written(api, f"ann@{fault}.example")
        said = await reply(api, item)
        await follow(out, api.mine.id)
        setattr(there, fault, "FINAL")
        at = await now_of(api)
        done = [await send(out, api.mine.id, at + n * MINUTE) for n in range(4)]
        assert (done, len(there.taken), len({mail.raw for mail in there.taken})) == ([1, 1, 0, 0], 2, 1)
        (shown,) = await listed(api, "&state=uncertain")
        assert "unknown" in shown["reason"]
        assert (await delivery_of(api, item, said))["status"] == "uncertain"
        setattr(there, fault, None)
        again = await api("POST", f"/api/v1/deliveries/{shown['id']}/replay")
        assert (again.status_code, again.json()["state"]) == (200, "waiting")
        assert await send(out, api.mine.id, await now_of(api) + MINUTE) == 1
        assert (len(there.mails), (await delivery_of(api, item, said))["status"]) == (1, "sent")
        assert (await api("POST", f"/api/v1/deliveries/{shown['id']}/replay")).status_code == 422
        assert (await api("POST", f"/api/v1/deliveries/{shown['id']}/discard")).status_code == 422


async def test_a_worker_that_dies_leaves_doubt_only_where_content_had_begun(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there)
    await answered(api, out, "ann@example.org", "bob@example.org")

    async def die(db: Any) -> None:
        await db.execute(
            "UPDATE outbound_mail SET tries = 1, next_try_at = now() - interval '1 second', state = CASE WHEN "
            "recipients::text LIKE '%bob@%' THEN 'sending' ELSE 'waiting' END WHERE workspace_id = $1",
            api.mine.id,
        )

    await api.database.write(api.mine.id, die)
    at = await now_of(api)
    await send(out, api.mine.id, at)
    assert [row["state"] for row in await rows_of(api)] == ["sent", "uncertain"]
    assert [mail.recipients for mail in there.mails] == [["ann@example.org"]]
    await send(out, api.mine.id, at + MINUTE)
    assert [(row["state"], row["doubts"]) for row in await rows_of(api)] == [("sent", 0), ("sent", 1)]


async def test_what_is_being_sent_is_written_down_before_its_content_goes_out(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there)
    await answered(api, out)
    seen: list[str] = []
    there.when_taken = lambda: seen.append("taken")
    real = out.database.write

    async def write(workspace: Any, work: Any, **how: Any) -> Any:
        done = await real(workspace, work, **how)
        seen.append(next(iter([row["state"] for row in await rows_of(api)])))
        return done

    out.database.write = write  # type: ignore[method-assign]
    await send(out, api.mine.id)
    assert seen[:3] == ["waiting", "sending", "taken"]


async def test_recipients_are_judged_each_for_themselves(api: Api, there: MailServer, out: Mailer) -> None:
    await mail_account(api.database, api.mine.id, there)
    there.answers = {"bad@example.org": "550 5.1.1 no such user", "busy@example.org": "451 4.7.1 later"}
    (said,) = await answered(api, out, to=["good@example.org", "bad@example.org", "busy@example.org"])
    at = await now_of(api)
    await send(out, api.mine.id, at)
    (row,) = await listed(api)
    assert {address: one["state"] for address, one in row["outcomes"].items()} == {
        "good@example.org": "sent", "bad@example.org": "failed", "busy@example.org": "waiting",
    }  # fmt: skip
    assert row["state"] == "waiting"
    del there.answers["busy@example.org"]
    await send(out, api.mine.id, at + MINUTE)
    (row,) = await listed(api, "&state=failed")
    assert [mail.recipients for mail in there.mails] == [["good@example.org"], ["busy@example.org"]]
    assert "the server answered 550 5.1.1 no such user" in row["reason"]
    del there.answers["bad@example.org"]
    await api("POST", f"/api/v1/deliveries/{row['id']}/replay")
    await send(out, api.mine.id, await now_of(api) + MINUTE)
    assert [mail.recipients for mail in there.mails][2:] == [["bad@example.org"]]
    assert said["event_id"] == row["event_id"]


async def test_answers_are_judged(api: Api, there: MailServer, out: Mailer) -> None:
    await mail_account(api.database, api.mine.id, there)
    cases = [
        ("MAIL", "550 no", "failed"), ("MAIL", "451 later", "waiting"), ("RCPT", "550 no", "failed"),
        ("DATA", "554 no", "failed"), ("DATA", "421 bye", "waiting"), ("FINAL", "552 too big", "failed"),
        ("FINAL", "450 later", "waiting"), ("CONNECT", "554 go away", "waiting"), ("FINAL", "299 hm", "sent"),
        ("RCPT", "550 \x07 " + "long " * 200, "failed"),
    ]  # fmt: skip
    for at, (step, answer, state) in enumerate(cases):
        await answered(api, out, f"ann@{at}.example")
        there.answers = {step: answer}
        await send(out, api.mine.id)
        row = (await rows_of(api))[-1]
        assert row["state"] == state, row["reason"]
        if state != "sent":
            assert answer[:3] in row["reason"]
            assert len(row["reason"]) < 400
            assert row["reason"].isprintable()


async def test_putting_off_ends_after_two_days_and_pauses_grow(api: Api, there: MailServer, out: Mailer) -> None:
    await mail_account(api.database, api.mine.id, there)
    await answered(api, out)
    there.answers = {"RCPT": "451 greylisted"}
    at, tries = await now_of(api), 0
    for _ in range(400):
        (row,) = await rows_of(api)
        if row["next_try_at"] is None:
            break
        at = max(row["next_try_at"], at) + timedelta(minutes=5)
        tries += await send(out, api.mine.id, at)
    (row,) = await rows_of(api)
    assert (row["state"], row["tries"]) == ("failed", tries)
    assert "tried for two days" in row["reason"]
    assert 40 < tries < 120


async def test_a_password_is_needed_and_never_told(api: Api, there: MailServer, out: Mailer) -> None:
    there.password = "wrong"
    await mail_account(api.database, api.mine.id, there, smtp={"user": "desk"})
    await answered(api, out)
    at = await now_of(api)
    await send(out, api.mine.id, at)
    (row,) = await rows_of(api)
    assert (row["state"], "no password" in row["reason"]) == ("waiting", True)
    assert there.connections == 0


async def test_the_wire_is_secured_or_nothing_is_sent(api: Api, there: MailServer, tmp_path: Path) -> None:
    path = certificate(tmp_path, "smtp.shop.example")
    there.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.tls.load_cert_chain(path)
    trust = ssl.create_default_context(cafile=str(path))

    async def look_up(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    smtp = {"host": "smtp.shop.example", "security": "starttls"}
    await mail_account(api.database, api.mine.id, there, smtp=smtp)
    async with mailer(api.database, tmp_path, look_up=look_up) as distrusting:
        await answered(api, distrusting)
        at = await now_of(api)
        await send(distrusting, api.mine.id, at)
        (row,) = await rows_of(api)
        assert (row["state"], "certificate" in row["reason"]) == ("waiting", True)
    async with mailer(api.database, tmp_path, look_up=look_up, trust=trust) as trusting:
        there.offers_tls = False
        await send(trusting, api.mine.id, at + MINUTE)
        (row,) = await rows_of(api)
        assert (row["state"], "no STARTTLS" in row["reason"], there.taken) == ("waiting", True, [])
        there.offers_tls = True
        await send(trusting, api.mine.id, at + 3 * MINUTE)
    assert [mail.secured for mail in there.mails] == [True]


async def test_no_server_in_a_private_network_is_asked(api: Api, there: MailServer, tmp_path: Path) -> None:
    await mail_account(api.database, api.mine.id, there)
    async with mailer(api.database, tmp_path, private=False) as closed:
        await answered(api, closed)
        await send(closed, api.mine.id)
    (row,) = await rows_of(api)
    assert (row["state"], there.connections) == ("waiting", 0)
    assert "THROUGHLINE_MAIL_PRIVATE" in row["reason"]


async def test_a_second_reading_of_the_ledger_sends_nothing(
    api: Api, there: MailServer, out: Mailer, database: Cloned
) -> None:
    await mail_account(api.database, api.mine.id, there)
    await answered(api, out)
    await send(out, api.mine.id)
    await as_admin(database, "DELETE FROM follower_checkpoint WHERE workspace_id = $1", api.mine.id)
    await follow(out, api.mine.id)
    assert (await send(out, api.mine.id), len(there.mails), len(await rows_of(api))) == (0, 1, 1)


async def test_what_a_backup_brings_back_is_kept_until_a_person_decides(
    api: Api, there: MailServer, out: Mailer, database: Cloned
) -> None:
    await mail_account(api.database, api.mine.id, there)
    await answered(api, out)
    item = await written(api, "bob@example.org")
    late = await reply(api, item)
    await as_admin(database, "UPDATE workspace SET epoch = epoch + 1 WHERE id = $1", api.mine.id)
    await out.due(WorkspaceId(api.mine.id))
    await follow(out, api.mine.id)
    await out.due(WorkspaceId(api.mine.id))
    assert await send(out, api.mine.id) == 0
    found = await listed(api, "&state=uncertain")
    assert (len(found), {"backup" in one["reason"] for one in found}) == (2, {True})
    assert (await delivery_of(api, item, late))["status"] == "uncertain"
    await api("POST", f"/api/v1/deliveries/{found[0]['id']}/replay")
    discarded = await api("POST", f"/api/v1/deliveries/{found[1]['id']}/discard")
    assert discarded.json()["state"] == "suppressed"
    assert await send(out, api.mine.id, await now_of(api)) == 1


async def test_erasure_blanks_what_went_out_and_stops_what_waits(api: Api, there: MailServer, out: Mailer) -> None:
    await mail_account(api.database, api.mine.id, there)
    item = await written(api, "ann@example.org")
    await reply(api, item, "the first secret")
    await follow(out, api.mine.id)
    await send(out, api.mine.id)
    await reply(api, item, "the second secret")
    await follow(out, api.mine.id)
    erased = await api("POST", f"/api/v1/customers/{item['customer_id']}/erase", json={})
    assert erased.status_code == 200, erased.text
    rows = await rows_of(api)
    assert [row["state"] for row in rows] == ["sent", "suppressed"]
    said = repr([{name: value for name, value in row.items() if name != "message_id"} for row in rows])
    assert "ann@" not in said and "secret" not in said and b"example.org" not in said.encode()  # noqa: PT018
    assert await send(out, api.mine.id, await now_of(api) + MINUTE) == 0
    assert len(there.mails) == 1


async def test_one_domain_that_hangs_or_refuses_keeps_no_other_waiting(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there)
    there.answers = {"slow.example": "451 later"}
    await answered(api, out, *(f"{n}@slow.example" for n in range(4)), "ann@example.org")
    at = await now_of(api)
    await send(out, api.mine.id, at)
    states = {row["domain"]: row["state"] for row in await rows_of(api)}
    assert states == {"slow.example": "waiting", "example.org": "sent"}
    lanes = await out.due(WorkspaceId(api.mine.id))
    assert lanes == []
    async with api.database.read(api.mine.id) as db:
        (lane,) = await db.fetch("SELECT domain, failures, paused_until FROM outbound_lane")
    assert (lane["domain"], lane["failures"], lane["paused_until"] > at) == ("slow.example", 4, True)
    there.answers = {}
    await send(out, api.mine.id, at + 5 * MINUTE)
    async with api.database.read(api.mine.id) as db:
        assert await db.fetch("SELECT FROM outbound_lane") == []


async def test_files_go_along_as_they_are(api: Api, there: MailServer, app: Litestar, tmp_path: Path) -> None:
    await mail_account(api.database, api.mine.id, there)
    content = bytes(range(256)) * 16_000
    made = await api("POST", "/api/v1/files?name=Gr%C3%BC%C3%9Fe.bin", content=content)
    assert made.status_code == 201, made.text
    item = await written(api)
    await reply(api, item, attachments=[made.json()["id"]])
    twice = {"body": "x", "attachments": [made.json()["id"]]}
    used = await api("POST", f"/api/v1/tickets/{item['ticket']['id']}/replies", json=twice)
    assert (used.status_code, used.json()["fields"][0]["field"]) == (422, "attachments")
    async with mailer(api.database, tmp_path) as out:
        await follow(out, api.mine.id)
        there.drops, there.times, at = "CONTENT", 1, await now_of(api)
        await send(out, api.mine.id, at)
        assert [row["state"] for row in await rows_of(api)] == ["uncertain"]
        await send(out, api.mine.id, at + MINUTE)
    (mail,) = there.mails
    (part,) = list(opened(mail.raw).iter_attachments())
    assert (part.get_filename(), part.get_content()) == ("Grüße.bin", content)
    assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 78
