"""Replies by mail to a real mail server on this machine that fails in every way: once, or twice at most and marked."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.mailing import Mailer
from channels.email.smtp import Patience
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.app.api.replies import answered, delivery_of, listed, now_of, opened, reply, rows_of, written
from tests.app.posting import follow, mail_account, mailer, send
from tests.app.test_outward import certificate
from tests.channels.email.smtp_server import STEPS, MailServer

MINUTE = timedelta(minutes=1)


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
        told = await delivery_of(api, item, said)
        assert (told["status"], told["words"]) == ("waiting", "sent again by hand")
        assert await send(out, api.mine.id, await now_of(api) + MINUTE) == 1
        assert (len(there.mails), (await delivery_of(api, item, said))["status"]) == (1, "sent")
        assert (await api("POST", f"/api/v1/deliveries/{shown['id']}/replay")).status_code == 422
        assert (await api("POST", f"/api/v1/deliveries/{shown['id']}/discard")).status_code == 422


async def test_a_mail_in_doubt_is_marked_as_sent_by_hand_once(api: Api, there: MailServer, out: Mailer) -> None:
    await mail_account(api.database, api.mine.id, there)
    item = await written(api)
    said = await reply(api, item, to=["good@example.org", "ann@example.org"])
    await follow(out, api.mine.id)
    (shown,) = await listed(api)
    path = f"/api/v1/deliveries/{shown['id']}/mark-sent"
    refused = await api("POST", path)
    assert (refused.status_code, "only one in doubt" in refused.text) == (422, True)
    there.drops, at = "FINAL", await now_of(api)
    for n in range(2):
        await send(out, api.mine.id, at + n * MINUTE)
    assert (await api("POST", path, api.mine.keys["agent"])).status_code == 403
    marked = [(await api("POST", path)).json() for _ in range(2)]
    assert marked[0] == marked[1]
    assert (marked[0]["state"], marked[0]["uncertain"], marked[0]["next_try_at"]) == ("sent", True, None)
    assert {one["state"] for one in marked[0]["outcomes"].values()} == {"sent"}
    there.drops = None
    assert await send(out, api.mine.id, await now_of(api) + MINUTE) == 0
    told = await delivery_of(api, item, said)
    assert (told["status"], told["words"], len(told["recipients"])) == ("sent", "marked as sent by hand", 2)
    async with api.database.read(api.mine.id) as db:
        rows = await db.fetch("SELECT actor FROM event WHERE type = 'MailSettled' ORDER BY position")
    assert [row["actor"].partition(":")[0] for row in rows] == ["system", "system", "key"]


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


async def test_mail_bears_the_name_of_its_account_where_the_settings_say_none(
    api: Api, there: MailServer, out: Mailer
) -> None:
    for number, (name, shown) in enumerate(((None, "help \u00fc"), ("The Desk", "The Desk"))):
        source = f"box-{number}"
        await mail_account(api.database, api.mine.id, there, source=source, name=name, account="help \u00fc\u202e")
        await reply(api, await written(api, source=source))
        await follow(out, api.mine.id)
        await send(out, api.mine.id)
        assert opened(there.mails[-1].raw)["From"] == f"{shown} <desk@shop.example>"


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
    assert (lane["domain"], lane["failures"], lane["paused_until"] > at) == ("slow.example", 3, True)
    (account,) = (await api("GET", "/api/v1/channel-accounts")).json()["items"]
    path = f"/api/v1/channel-accounts/{account['id']}"
    shown = (await api("GET", path)).json()
    (failing,) = shown["failing"]
    assert (failing["domain"], failing["failures"], failing["waiting"]) == ("slow.example", 3, 4)
    (told,) = shown["faults"]
    assert told.startswith(f"Sending to slow.example fails since {failing['failing_since'][:10]}")
    assert told.endswith(f"3 times in a row, and 4 mails wait: {failing['reason']}")
    assert "451 later" in told
    assert (await api("POST", f"{path}/test")).json()["faults"] == [told]
    there.answers = {}
    await send(out, api.mine.id, at + 5 * MINUTE)
    async with api.database.read(api.mine.id) as db:
        assert await db.fetch("SELECT FROM outbound_lane") == []
    shown = (await api("GET", path)).json()
    assert (shown["failing"], shown["faults"]) == ([], [])


@pytest.mark.parametrize("farewell", ["drop", "421"])
async def test_a_server_that_takes_some_mails_a_connection_gets_the_others_over_new_ones(
    api: Api, there: MailServer, out: Mailer, monkeypatch: pytest.MonkeyPatch, farewell: str
) -> None:
    monkeypatch.setattr("app.mailing.AT_ONCE", 1)
    await mail_account(api.database, api.mine.id, there)
    await answered(api, out, *(f"{n}@example.org" for n in range(3)))

    def leave() -> None:
        if farewell == "drop":
            there.drops, there.times = "MAIL", 1
        else:
            there.answers["MAIL"] = "421 enough for now"

    there.when_taken = leave
    if farewell == "421":
        there.when_at = lambda step: there.answers.clear() if step == "CONNECT" else None
    at = await now_of(api)
    assert await send(out, api.mine.id, at) == 3
    assert [(row["state"], row["tries"]) for row in await rows_of(api)] == [("sent", 1)] * 3
    assert there.connections == 3


@pytest.mark.parametrize("step", ["RCPT", "FINAL"])
async def test_a_worker_that_is_still_at_it_says_so(
    api: Api, there: MailServer, out: Mailer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    out.patience = Patience(command=1.0, final=1.0)
    monkeypatch.setattr("channels.email.sending.BEAT_SECONDS", 0.03)
    await mail_account(api.database, api.mine.id, there)
    await answered(api, out)
    there.hangs, seen = step, asyncio.Event()
    there.when_at = lambda at: seen.set() if at == step else None
    at_it = asyncio.create_task(send(out, api.mine.id, await now_of(api)))
    await seen.wait()
    held = {(await rows_of(api))[0]["next_try_at"] for _ in range(40) if not await asyncio.sleep(0.005)}
    await at_it
    assert len(held) > 1


async def test_an_account_that_was_disabled_sends_nothing_more(api: Api, there: MailServer, out: Mailer) -> None:
    await mail_account(api.database, api.mine.id, there)
    await answered(api, out)
    (account,) = (await api("GET", "/api/v1/channel-accounts")).json()["items"]
    assert (await api("DELETE", f"/api/v1/channel-accounts/{account['id']}")).status_code == 200
    await send(out, api.mine.id)
    (row,) = await listed(api, f"&account={account['id']}")
    assert (row["state"], "disabled" in row["reason"], there.connections) == ("failed", True, 0)
