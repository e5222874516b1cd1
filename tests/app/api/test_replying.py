"""Whom a reply by mail goes to: exactly those that it says, whatever is merged, restored, erased or read twice."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from litestar import Litestar

from app.mailing import Mailer
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.app.api.replies import answered, as_admin, delivery_of, listed, now_of, opened, reply, rows_of, written
from tests.app.posting import DESK, TOKENS, follow, mail_account, mailer, send
from tests.builders import contact
from tests.channels.email.smtp_server import MailServer
from tests.conftest import Database as Cloned

MINUTE = timedelta(minutes=1)


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


async def test_a_reply_that_no_account_can_send_says_so_and_goes_out_when_one_can(
    api: Api, there: MailServer, out: Mailer, database: Cloned
) -> None:
    account = await mail_account(api.database, api.mine.id, there)
    item = await written(api)
    await as_admin(database, "UPDATE channel_account SET disabled_at = now() WHERE id = $1", account)
    said = await reply(api, item)
    await follow(out, api.mine.id)
    assert (await delivery_of(api, item, said))["status"] == "failed"
    (row,) = await rows_of(api)
    assert (row["state"], row["reason"]) == ("failed", "its account is disabled, or sends no mail")
    await as_admin(database, "UPDATE channel_account SET disabled_at = NULL WHERE id = $1", account)
    again = await api("POST", f"/api/v1/deliveries/{row['id']}/replay")
    assert again.status_code == 200, again.text
    await send(out, api.mine.id, await now_of(api) + MINUTE)
    assert (await delivery_of(api, item, said))["status"] == "sent"


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
