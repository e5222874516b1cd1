"""What tests of answers by mail ask for: mails that came, replies to them, and what became of those."""

import email
import email.policy
from datetime import datetime
from email.message import EmailMessage
from typing import Any, cast

import asyncpg

from app.mailing import Mailer
from tests.app.api.conftest import Api
from tests.app.posting import follow
from tests.builders import contact, identifier
from tests.conftest import Database as Cloned


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
