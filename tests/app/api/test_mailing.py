"""Replies by mail from the desk to a real mail server on this machine, that fails in every way."""

import email
import email.policy
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from app.mailing import Mailer
from tests.app.api.conftest import Api
from tests.app.posting import DESK, TOKENS, follow, mail_account, mailer, send
from tests.builders import contact, identifier
from tests.channels.email.smtp_server import MailServer, mail_server

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
    verified = fields.pop("verified", True)
    name = address.partition("@")[0]
    return await api.push(
        source="mail",
        kind="message",
        channel="email",
        contact=contact(fields.pop("key", address), identifier(value=address, verified=verified), name=name),
        **{
            "subject": "Red shoes",
            "body": "Where are they?",
            "data": {"mail": {"message_id": f"{name}@there"}},
            **fields,
        },
    )


async def reply(api: Api, item: dict[str, Any], body: str = "On their way.", **fields: Any) -> dict[str, Any]:
    response = await api("POST", f"/api/v1/tickets/{item['ticket']['id']}/replies", json={"body": body, **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    response = await api("GET", f"/api/v1/deliveries?direction=outbound&kind=mail{query}")
    assert response.status_code == 200, response.text
    return response.json()["items"]


def opened(raw: bytes) -> EmailMessage:
    return cast("EmailMessage", email.message_from_bytes(raw, policy=email.policy.default))


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
