"""An erased person: nothing they said or were called is left, what stays is as it was, and nothing brings them back."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from app.db import new_id
from app.rebuilding import rebuild_all
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.app.api.test_hooks import deliver, make_account, order, understand
from tests.builders import contact, identifier, pushed
from tests.conftest import Database as Cloned
from timeline import acting
from timeline.acting import Ask
from timeline.commands import AddNote, Reply, SetStatus, SetSubject, Tag
from timeline.decisions import Desk
from timeline.events import Actor
from timeline.tickets.ticket import TicketId

PLANTED = "zebulon"
"""In everything that is said by or about the person who is erased, and nowhere else."""
CUSTOMERS = "/api/v1/customers"
DERIVED = ("ticket", "ticket_item", "ticket_conversation", "ticket_past", "ticket_void", "object_state", "object_event")


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


async def test_nothing_that_was_said_is_left_in_any_row(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    await neighbours(api)
    before = holding(await everything(database.admin_dsn))
    planted = {"contact", "event", "identifier", "idempotency_key", "inbound_delivery", "link_decision", "quarantine"}
    assert planted | {"ticket", "ticket_conversation", "object_state", "object_event"} <= set(before)
    await erase(api, life["customer"])
    assert holding(await everything(database.admin_dsn)) == {}


async def test_tickets_stay_as_they_were_but_for_their_words(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    before = await tickets_of(api)
    assert len(before) == 3
    await erase(api, life["customer"])
    after = await tickets_of(api)
    assert [shape for _, shape in after] == [shape for _, shape in before]
    assert all(PLANTED in words for words, _ in before)
    assert [words for words, _ in after] == [""] * len(after)
    assert await rows_that_differ_after_a_rebuild(api) == 0
    assert holding(await everything(database.admin_dsn)) == {}
    for number in (1, 2):
        found = await api("GET", f"{CUSTOMERS}/{life['customer']}/timeline?ticket={number}")
        assert found.json()["items"], "its number answers for ever"


async def tickets_of(api: Api) -> list[tuple[str, Any]]:
    """The words of each ticket, and the rest of it."""
    async with api.database.read(api.mine.id) as db:
        rows = await db.fetch(
            "SELECT t.fold, t.number, ARRAY(SELECT event_id::text FROM ticket_item i WHERE i.ticket_id = t.id "
            "ORDER BY position) AS items FROM ticket t ORDER BY t.number"
        )
    found: list[tuple[str, Any]] = []
    for row in rows:
        fold = msgspec.json.decode(row["fold"])
        words = " ".join([fold.pop("subject", None) or "", *fold.pop("tags", [])])
        for hashed in ("matter", "objects"):
            fold.pop(hashed, None)
        found.append((words, (row["number"], row["items"], fold)))
    return found


async def test_a_redelivery_answers_with_the_first_ids_and_brings_nothing_back(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    await erase(api, life["customer"])
    before = await everything(database.admin_dsn)
    again = await api("POST", "/api/v1/interactions", json=life["again"])
    assert (again.status_code, again.json()["customer_id"]) == (200, life["customer"])
    first = await api("POST", "/api/v1/interactions", json={**item(1), "body": f"{PLANTED} says otherwise"})
    assert (first.status_code, first.json()["event_id"]) == (200, life["first"]["event_id"])
    batch = await api("POST", "/api/v1/interactions/batch", json=[item(1), life["again"]])
    assert [one["status"] for one in batch.json()["items"]] == [200, 200]
    assert (await deliver(api, life["account"], life["body"], f"{PLANTED}-msg")).status_code == 200
    assert await understand(api) == 0
    merged = await api(
        "POST",
        f"{CUSTOMERS}/{life['customer']}/merge",
        json={"other": life["other"], "reason": f"both are {PLANTED}"},
        headers={"Idempotency-Key": PLANTED},
    )
    assert (merged.status_code, merged.json()) == (200, {"erased": True})
    assert differing(before, await everything(database.admin_dsn)) <= {"api_key"}


async def test_an_undo_a_rebuild_and_a_replay_bring_nothing_back(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    entries = (await api("GET", "/api/v1/quarantine")).json()["items"]
    await erase(api, life["customer"])
    undone = await api("POST", f"{CUSTOMERS}/{life['customer']}/unmerge", json={"decision": life["merge"]})
    assert undone.status_code == 200, undone.text
    for entry in entries:
        replayed = await api("POST", f"/api/v1/quarantine/{entry['id']}/replay")
        assert replayed.status_code == 422, replayed.text
    assert await rows_that_differ_after_a_rebuild(api) == 0
    assert holding(await everything(database.admin_dsn)) == {}
    for customer in (life["customer"], life["other"]):
        profile = (await api("GET", f"{CUSTOMERS}/{customer}")).json()
        assert (profile["name"], profile["identifiers"], profile["possible"]) == (None, [], [])
        assert all(one["erased"] or one["kind"] == "change" for one in profile["timeline"]["items"])


async def test_whoever_writes_again_is_new(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    await erase(api, life["customer"])
    came = await api.push(**item(20))
    assert came["customer_id"] not in (life["customer"], life["other"])
    assert came["contact_id"] != life["first"]["contact_id"]
    profile = (await api("GET", f"{CUSTOMERS}/{came['customer_id']}")).json()
    assert (profile["counts"]["events"], profile["possible"]) == (1, [])
    assert profile["tickets"][0]["id"] == came["event_id"], "the old conversation is continued by nobody"
    found = (await api("GET", f"{CUSTOMERS}?identifier=email:{PLANTED}.z-1@example.com")).json()["items"]
    assert [one["id"] for one in found] == [came["customer_id"]]
    await erase(api, came["customer_id"])
    assert holding(await everything(database.admin_dsn)) == {}


async def test_items_placed_on_other_threads_go_there_too(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    ben = await neighbours(api)
    mine = await api.push(**item(30, conversation=None, subject=f"{PLANTED} by Ben's phone", object=thing("x")))
    theirs = await api.push(**item(31, key="k-3", conversation=None, subject=f"{PLANTED} is meant"))
    placing = ((mine, ben["customer_id"]), (theirs, life["customer"]))
    for placed, target in placing:
        owner = f"{CUSTOMERS}/{placed['customer_id']}/place"
        said = await api("POST", owner, json={"event": placed["event_id"], "customer": target, "reason": PLANTED})
        assert said.status_code == 200, said.text
    told = await erase(api, life["customer"])
    assert (told["changed"]["placed_here"], told["changed"]["placed_elsewhere"]) == (1, 1)
    assert await rows_that_differ_after_a_rebuild(api) == 0
    left = holding(await everything(database.admin_dsn))
    assert set(left) == {"contact", "identifier"}, "of k-3, who is somebody else"
    await erase(api, theirs["customer_id"])
    assert holding(await everything(database.admin_dsn)) == {}


async def test_others_are_left_byte_for_byte(api: Api, database: Cloned) -> None:
    await neighbours(api)
    await neighbours(api, api.other.keys["admin"])
    before = await everything(database.admin_dsn)
    life = await live_a_life(api)
    await erase(api, life["customer"])
    after = await everything(database.admin_dsn)
    for table, rows in before.items():
        if table not in ("api_key", "ticket_counter"):
            assert set(rows) <= set(after[table]), table


async def test_a_forgotten_place_is_found(api: Api, database: Cloned) -> None:
    """The search above can fail: a name put back anywhere is seen."""
    life = await live_a_life(api)
    await erase(api, life["customer"])
    for statement in (
        'UPDATE contact SET attributes = \'{"street": "Zebulon Street"}\'',
        'UPDATE event SET data = data || \'{"body": "for zebulon"}\'',
        'UPDATE ticket SET fold = fold || \'{"subject": "ZEBULON"}\'',
        "UPDATE quarantine SET raw = 'zebulon'::bytea",
        "INSERT INTO object_state SELECT * FROM (SELECT (o).* FROM (SELECT jsonb_populate_record(o, "
        '\'{"id": "zebulon"}\') AS o FROM object_state o LIMIT 1) AS x) AS y',
    ):
        db = await asyncpg.connect(database.admin_dsn)
        try:
            before = holding(await everything(database.admin_dsn))
            await db.execute(statement)
            assert holding(await everything(database.admin_dsn)) != before, statement
        finally:
            await db.close()


def differing(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    return {table for table in before if before[table] != after[table]}
