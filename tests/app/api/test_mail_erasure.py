"""What is not kept of mail: nothing of who is erased, who gets nothing more, and no link that signs somebody in."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.automatic import Robots
from app.live import Live
from app.mailing import Mailer
from identity.customers import WorkspaceId
from tests.app.api.asking import patched, settled
from tests.app.api.conftest import Api
from tests.app.api.lives import erase
from tests.app.api.replies import now_of, reply, rows_of, written
from tests.app.posting import SECRET, follow, mail_account, send
from tests.builders import contact, settings
from tests.channels.email.smtp_server import MailServer

ANN = "ann@ann-home.example"
CAME: dict[str, Any] = {
    "message_id": "1@there",
    "from": {"address": ANN},
    "proof": {"verdict": "proved"},
    "thread": {"by": "new"},
}


@pytest.fixture
def robots(api: Api, tmp_path: Path) -> Robots:
    return Robots(api.database, Live(api.database.dsn), settings(tmp_path, secret=SECRET))


async def test_no_reply_is_made_for_who_is_erased_while_it_is(
    api: Api, there: MailServer, out: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mail_account(api.database, api.mine.id, there)
    item = await written(api, ANN)
    await reply(api, item, "the secret")
    _erase_before(monkeypatch, "channels.files.parts_of", api, item["customer_id"])
    await follow(out, api.mine.id)
    assert await rows_of(api) == []


async def test_no_acknowledgement_is_made_for_who_is_erased_while_it_is(
    api: Api, there: MailServer, robots: Robots, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mail_account(api.database, api.mine.id, there, acknowledge="We got it.")
    item = await written(api, ANN, data={"mail": CAME}, occurred_at=datetime.now(UTC).isoformat())
    await settled(api)
    _erase_before(monkeypatch, "channels.automatic.post", api, item["customer_id"])
    await robots.step(WorkspaceId(api.mine.id), datetime.now(UTC))
    assert await rows_of(api) == []


async def test_no_address_is_marked_of_who_is_erased_while_a_report_is_read(
    api: Api, there: MailServer, out: Mailer, robots: Robots, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mail_account(api.database, api.mine.id, there)
    item = await written(api, ANN)
    await reply(api, item)
    await follow(out, api.mine.id)
    await send(out, api.mine.id)
    failed = {"address": ANN, "action": "failed", "status": "5.1.1", "words": "no such user"}
    bounce = {"message_id": (await rows_of(api))[0]["message_id"], "failed": [failed]}
    said = {"proof": {"verdict": "claimed"}, "robot": {"kind": "bounce", "why": "x"}, "bounce": bounce}
    await api.push(source="mail", kind="fact", channel="email", contact=contact("daemon"), data={"mail": said})
    await settled(api)
    _erase_before(monkeypatch, "timeline.posting.lock", api, item["customer_id"])
    await robots.step(WorkspaceId(api.mine.id), datetime.now(UTC))
    assert (await api("GET", "/api/v1/mail-bounces")).json()["items"] == []


async def test_an_erasure_takes_every_mail_to_the_person_and_what_a_server_said_of_them(
    api: Api, there: MailServer, out: Mailer, robots: Robots
) -> None:
    words = {"acknowledge": "We got it.", "confirm": "Settled? {link}"}
    await mail_account(api.database, api.mine.id, there, **words)
    item = await written(api, ANN, data={"mail": CAME}, occurred_at=datetime.now(UTC).isoformat())
    await patched(api, item["ticket"]["id"], status="resolved")
    await settled(api)
    await robots.step(WorkspaceId(api.mine.id), datetime.now(UTC))
    there.answers = {"RCPT": f"450 <{ANN}> is greylisted"}
    await send(out, api.mine.id, await now_of(api))
    assert [row["purpose"] for row in await rows_of(api)] == ["acknowledgement", "confirmation"]
    assert ANN in repr(await _lanes(api))
    await erase(api, item["customer_id"])
    kept = ("recipients", "raw", "domain", "outcomes", "reason")
    assert "ann" not in repr([[row[name] for name in kept] for row in await rows_of(api)])
    assert await _lanes(api) == []


async def test_a_link_that_signs_somebody_in_is_not_kept_once_it_went_out(
    api: Api, there: MailServer, out: Mailer
) -> None:
    await mail_account(api.database, api.mine.id, there, notifies=True)
    made = await api("POST", "/api/v1/agents", json={"email": "new@desk.example", "role": "agent", "invite": True})
    assert made.status_code == 201, made.text
    (before,) = await rows_of(api)
    assert b"/welcome/" in before["raw"]
    await send(out, api.mine.id, await now_of(api))
    (after,) = await rows_of(api)
    assert (after["state"], after["raw"]) == ("sent", None)
    assert b"/welcome/" in there.mails[0].raw


async def _lanes(api: Api) -> list[Any]:
    async with api.database.read(api.mine.id) as db:
        return [dict(row) for row in await db.fetch("SELECT domain, reason FROM outbound_lane")]


def _erase_before(monkeypatch: pytest.MonkeyPatch, name: str, api: Api, customer: str) -> None:
    """Erase the customer right before this is called for the first time: events were read, nothing was written."""
    module, _, function = name.rpartition(".")
    real = getattr(__import__(module, fromlist=[function]), function)
    erased: list[str] = []

    async def instead(*args: Any, **named: Any) -> Any:
        if not erased:
            erased.append(customer)
            await erase(api, customer)
        return await real(*args, **named)

    monkeypatch.setattr(name, instead)
