"""A person to erase, in everything that a workspace keeps, and the search for what is left of them."""

from typing import Any
from uuid import UUID

import asyncpg

from app.db import new_id
from app.rebuilding import rebuild_all
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.app.api.test_hooks import deliver, make_account, order, understand
from tests.builders import contact, identifier, pushed
from timeline import acting
from timeline.acting import Ask
from timeline.commands import AddNote, Reply, SetStatus, SetSubject, Tag
from timeline.decisions import Desk
from timeline.events import Actor
from timeline.tickets.ticket import TicketId

PLANTED = "zebulon"
"""In everything that is said by or about the person who is erased, and nowhere else."""
CUSTOMERS = "/api/v1/customers"


async def everything(dsn: str) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    db = await asyncpg.connect(dsn)
    try:
        tables = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return {
            row["tablename"]: sorted(
                one["said"] for one in await db.fetch(f'SELECT t::text AS said FROM "{row["tablename"]}" t')
            )
            for row in tables
        }
    finally:
        await db.close()


def holding(tables: dict[str, list[str]], word: str = PLANTED) -> dict[str, int]:
    """How many rows of each table hold a word, as text or as bytes."""
    said = (word, word.encode().hex())
    found = {name: sum(any(one in row.lower() for one in said) for row in rows) for name, rows in tables.items()}
    return {name: count for name, count in found.items() if count}


def item(number: int, key: str = "z-1", **fields: Any) -> dict[str, Any]:
    """A message of the person, with the planted word in whatever a source may say."""
    plain: dict[str, Any] = {
        "source": "mail",
        "source_id": f"{PLANTED}-{number}",
        "kind": "message",
        "channel": "email",
        "contact": contact(
            f"{PLANTED}-{key}",
            identifier(value=f"{PLANTED}.{key}@example.com"),
            identifier("phone", f"+4930901820{ord(key[0]) % 10}{ord(key[-1]) % 10}"),
            name=f"Zebulon {key}",
            attributes={"street": f"{PLANTED} street {key}", "birth_date": "1970-01-01"},
        ),
        "conversation": f"{PLANTED}-thread-{number % 2}",
        "subject": f"{PLANTED} asks {number}",
        "body": f"I am {PLANTED}, number {number}",
        "data": {"note": PLANTED, "deep": [{PLANTED: 1}]},
    }
    return pushed(**{**plain, **fields})


def desk(api: Api) -> Desk:
    return Desk(workspace=WorkspaceId(api.mine.id), actor=Actor("agent:" + str(UUID(int=10))), new_id=new_id)


async def act(api: Api, ticket: dict[str, Any], *commands: Any) -> None:
    ask = Ask(ticket=TicketId(UUID(ticket["id"])))
    await api.database.write(api.mine.id, lambda db: acting.perform(db, desk(api), ask, commands))


async def live_a_life(api: Api) -> dict[str, Any]:
    """A person of two merged contacts, with tickets, objects, a note, a delivery and refused bodies."""
    first = await api.push(**item(1))
    again = item(2, conversation=None, subject=f"{PLANTED}: something else", object=thing("paid"))
    second = await api.push(**again)
    third = await api.push(**item(3, key="z-2", kind="order", object=thing("sent", version=2)))
    for number in (4, 5):
        await api.push(**item(number))
    await act(api, first["ticket"], Reply(body=f"Dear {PLANTED}"), AddNote(body=f"{PLANTED} is kind"))
    await act(api, first["ticket"], Tag(added=(PLANTED, "vip")), SetSubject(subject=f"About {PLANTED}"))
    await act(api, second["ticket"], SetStatus(status="resolved"))
    merged = await api(
        "POST",
        f"{CUSTOMERS}/{first['customer_id']}/merge",
        json={"other": third["customer_id"], "reason": f"both are {PLANTED}"},
        headers={"Idempotency-Key": PLANTED},
    )
    assert merged.status_code == 200, merged.text
    await api.push(**item(6, key="z-2", kind="message"))
    refused = await api("POST", "/api/v1/interactions", json={**again, "body": f"{PLANTED} says otherwise"})
    assert refused.status_code == 409
    unknown = {**item(7), "kind": "shout"}
    assert (await api("POST", "/api/v1/interactions", json=unknown)).status_code == 400
    account = await make_account(api, source="mail")
    body = order(f"{PLANTED}-9", customer={"id": f"{PLANTED}-z-1", "email": f"{PLANTED}.z-1@example.com"})
    assert (await deliver(api, account, body, f"{PLANTED}-msg")).status_code == 202
    assert await understand(api) == 1
    return {
        "customer": first["customer_id"],
        "other": third["customer_id"],
        "first": first,
        "again": again,
        "merge": merged.json()["decision_id"],
        "account": account,
        "body": body,
    }


def thing(state: str, **fields: Any) -> dict[str, Any]:
    return {"type": "order", "id": f"{PLANTED}-77", "state": {"status": state, "for": PLANTED}, **fields}


async def neighbours(api: Api, key: str = "") -> dict[str, Any]:
    """Others with tickets and objects of their own, who say nothing of the person."""
    ben = await api.push(
        key, source_id="ben-1", kind="message", channel="email", contact=contact("ben", identifier(value="b@x.org"))
    )
    await api.push(
        key, source_id="ben-2", object={"type": "order", "id": "8", "state": {"a": 1}}, contact=contact("ben")
    )
    return ben


async def erase(api: Api, customer: str, status: int = 200, query: str = "", **body: Any) -> dict[str, Any]:
    response = await api("POST", f"{CUSTOMERS}/{customer}/erase{query}", json=body or None)
    assert response.status_code == status, response.text
    return response.json()


async def rows_that_differ_after_a_rebuild(api: Api) -> int:
    return (await rebuild_all(api.database, WorkspaceId(api.mine.id), lambda _: None)).rows
