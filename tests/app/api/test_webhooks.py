"""Webhooks from subscribing to arriving, against a real receiver on this machine."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from litestar import Litestar
from standardwebhooks import Webhook

from app.db import new_id
from app.main import create_app
from app.webhooks import Lane, Sender
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.app.sending import follow, send, sender
from tests.app.sinks import Got, Sink, said, sink
from tests.builders import contact, identifier, interaction, settings
from tests.conftest import Database as Cloned
from timeline import intake
from timeline.events import Actor
from timeline.threads import Workspace

HOOKS = "/api/v1/webhooks"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def app(database: Cloned, tmp_path: Path) -> Litestar:
    return create_app(settings(tmp_path, webhooks_private=True), database.app_dsn, logs=False)


@pytest.fixture
async def there() -> AsyncIterator[Sink]:
    async with sink() as made:
        yield made


@pytest.fixture
async def sending(api: Api) -> AsyncIterator[Sender]:
    async with sender(api.database) as made:
        yield made


async def subscribe(api: Api, there: Sink, *events: str, key: str = "", **fields: Any) -> dict[str, Any]:
    body = {"url": there.url, "events": list(events) or ["*"], **fields}
    response = await api("POST", HOOKS, key, json=body)
    assert response.status_code == 201, response.text
    return response.json()


async def deliveries(api: Api, query: str = "") -> list[dict[str, Any]]:
    response = await api("GET", f"/api/v1/deliveries?direction=outbound{query}")
    assert response.status_code == 200, response.text
    return response.json()["items"]


def opened(secret: str, got: Got) -> Any:
    """The payload, if the signature holds for a receiver who uses the standard's own library."""
    return Webhook(secret).verify(got.body.decode(), got.headers)


async def test_an_event_arrives_once_signed_and_says_ids_alone(api: Api, there: Sink, sending: Sender) -> None:
    before = await api.push(body="too early")
    hook = await subscribe(api, there, "interaction.*")
    pushed = await api.push(kind="message", body="secret words", subject="secret too")
    await follow(sending, api.mine.id)
    assert await send(sending, api.mine.id, hook["id"]) >= 1
    got = next(one for one in there.got if one.json["data"]["event_id"] == pushed["event_id"])
    assert opened(hook["secret"], got) == {
        "type": "interaction.message",
        "timestamp": got.json["timestamp"],
        "data": {
            "event_id": pushed["event_id"],
            "contact_id": pushed["contact_id"],
            "customer_id": pushed["customer_id"],
            "kind": "message",
            "type": "MessageRecorded",
            "tickets": [pushed["ticket"]["id"]],
        },
    }
    assert b"secret" not in got.body
    assert before["event_id"] not in [one.json["data"]["event_id"] for one in there.got] or len(there.got) == 2
    assert await send(sending, api.mine.id, hook["id"]) == 0
    (listed,) = [one for one in await deliveries(api) if one["event_id"] == pushed["event_id"]]
    assert (listed["state"], listed["tries"], listed["status"], listed["webhook_key"]) == ("delivered", 1, 204, got.key)


async def test_only_what_was_asked_for_goes_to_whom_it_belongs(api: Api, there: Sink, sending: Sender) -> None:
    hook = await subscribe(api, there, "ticket.assigned", "ticket.opened", "customer.merged")
    foreign = await subscribe(api, there, key=api.other.keys["admin"])
    one = await api.push(kind="message", contact=contact("one", identifier(value="one@example.com")))
    two = await api.push(contact=contact("two", identifier(value="two@example.com")))
    await api("POST", f"/api/v1/customers/{one['customer_id']}/merge", json={"other": two["customer_id"]})
    await imported(api)
    await follow(sending, api.mine.id)
    await follow(sending, api.other.id)
    assert await send(sending, api.other.id, foreign["id"]) == 0
    await send(sending, api.mine.id, hook["id"])
    told = [(got.json["type"], got.json["data"]["event_id"]) for got in there.got]
    assert [event for name, event in told if name == "ticket.opened"] == [one["ticket"]["id"]]
    assert {name for name, _ in told} == {"ticket.opened", "customer.merged"}


async def imported(api: Api) -> None:
    """Somebody's mail of long ago."""
    workspace = Workspace(id=WorkspaceId(api.mine.id), slug="mine")
    sender = intake.Sender(workspace=workspace, actor=Actor("import:1"), proves=frozenset(), history=True)
    old = interaction(kind="message", contact={"key": "three"})
    await api.database.write(api.mine.id, lambda db: intake.receive(db, sender, [old], new_id=new_id))


async def test_the_item_as_a_timeline_shows_it(api: Api, there: Sink, sending: Sender) -> None:
    hook = await subscribe(api, there, "interaction.message", content="item")
    pushed = await api.push(kind="message", body="hello", data={"n": 1})
    await follow(sending, api.mine.id)
    await send(sending, api.mine.id, hook["id"])
    shown = (await api("GET", f"/api/v1/customers/{pushed['customer_id']}/timeline")).json()["items"]
    assert there.got[-1].json["data"]["item"] == shown[0]
    assert shown[0]["body"] == "hello"
    (delivery,) = await deliveries(api)
    assert (await api("POST", f"/api/v1/customers/{pushed['customer_id']}/erase")).status_code == 200
    assert (await api("POST", f"/api/v1/deliveries/{delivery['id']}/replay")).status_code == 200
    await send(sending, api.mine.id, hook["id"])
    again = there.got[-1]
    assert again.key == there.got[0].key
    assert (again.json["data"]["item"]["erased"], again.json["data"]["item"]["body"]) == (True, None)
    assert b"hello" not in again.body


async def test_what_fails_comes_again_with_the_same_id(api: Api, there: Sink, sending: Sender) -> None:
    hook = await subscribe(api, there, "interaction.order")
    await api.push()
    await follow(sending, api.mine.id)
    there.answer = lambda _: said(500, body="no secrets of yours in our lists")
    now = datetime.now(UTC)
    assert await send(sending, api.mine.id, hook["id"], now) == 1
    (listed,) = await deliveries(api, "&state=waiting")
    assert (listed["tries"], listed["status"], listed["reason"]) == (1, 500, "answered 500")
    there.answer = lambda _: said(200)
    assert await send(sending, api.mine.id, hook["id"], now) == 0
    assert await send(sending, api.mine.id, hook["id"], now + MINUTE) == 1
    assert len({got.key for got in there.got}) == 1
    assert [one["state"] for one in await deliveries(api)] == ["delivered"]
    shown = (await api("GET", f"{HOOKS}/{hook['id']}")).json()
    assert (shown["failures"], shown["failing_since"], shown["enabled"]) == (0, None, True)
    assert shown["delivered_at"] is not None


async def test_gone_disables_and_enabling_takes_up_what_waits(api: Api, there: Sink, sending: Sender) -> None:
    hook = await subscribe(api, there, "interaction.order")
    there.answer = lambda _: said(410)
    await api.push()
    await follow(sending, api.mine.id)
    await send(sending, api.mine.id, hook["id"])
    shown = (await api("GET", f"{HOOKS}/{hook['id']}")).json()
    assert (shown["enabled"], shown["reason"]) == (False, "the receiver answered 410 Gone")
    (failed,) = await deliveries(api, "&state=failed")
    replay = f"/api/v1/deliveries/{failed['id']}/replay"
    assert (await api("POST", replay)).status_code == 422
    assert (await api("POST", f"{HOOKS}/{hook['id']}/test")).status_code == 422
    missed = await api.push()
    await follow(sending, api.mine.id)
    there.answer = lambda _: said(204)
    assert await send(sending, api.mine.id, hook["id"]) == 0
    assert (await api("PATCH", f"{HOOKS}/{hook['id']}", json={"enabled": True})).json()["reason"] is None
    assert (await api("POST", replay)).json()["state"] == "waiting"
    await api.push()
    await follow(sending, api.mine.id)
    assert await send(sending, api.mine.id, hook["id"]) >= 2
    assert missed["event_id"] not in [got.json["data"]["event_id"] for got in there.got[:2]]


async def test_the_worker_sends_by_itself(api: Api, there: Sink, sending: Sender) -> None:
    await subscribe(api, there, "interaction.order")
    working = asyncio.create_task(sending.attend(WorkspaceId(api.mine.id)))
    try:
        for _ in range(2):
            there.arrived.clear()
            pushed = await api.push()
            async with asyncio.timeout(20):
                await there.arrived.wait()
            assert there.got[-1].json["data"]["event_id"] == pushed["event_id"]
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def test_a_dead_endpoint_slows_nobody(api: Api, there: Sink, sending: Sender) -> None:
    hook = await subscribe(api, there, "interaction.order")
    async with sink() as dead:
        dead.answer = lambda _: b""
        lost = await subscribe(api, dead, "interaction.order")
        for _ in range(20):
            await api.push()
        await follow(sending, api.mine.id)
        now = datetime.now(UTC)
        await send(sending, api.mine.id, lost["id"], now)
        tried = len(dead.got)
        assert await send(sending, api.mine.id, hook["id"], now) == 20
        await send(sending, api.mine.id, lost["id"], now + 10 * MINUTE)
        assert len(dead.got) == tried + 1, "the circuit is open: one at a time"
        shown = (await api("GET", f"{HOOKS}/{lost['id']}")).json()
        assert shown["failures"] == 21
        await send(sending, api.mine.id, lost["id"], now + timedelta(days=3, minutes=1))
        shown = (await api("GET", f"{HOOKS}/{lost['id']}")).json()
        assert (shown["enabled"], shown["reason"]) == (False, "nothing could be delivered for three days")


async def test_a_worker_that_dies_leaves_it_to_another(api: Api, there: Sink, sending: Sender) -> None:
    hook = await subscribe(api, there, "interaction.order")
    await api.push()
    await follow(sending, api.mine.id)
    there.answer = lambda _: None
    now = datetime.now(UTC)
    async with sender(api.database) as dying:
        killed = asyncio.create_task(send(dying, api.mine.id, hook["id"], now))
        await there.arrived.wait()
        killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)
    there.answer = lambda _: said(204)
    assert await send(sending, api.mine.id, hook["id"], now) == 0
    assert await send(sending, api.mine.id, hook["id"], now + MINUTE) == 1
    assert len(there.got) == 2
    assert there.got[0].key == there.got[1].key


async def test_a_worker_that_is_told_to_end_settles_what_is_on_its_way(api: Api, there: Sink, sending: Sender) -> None:
    hook = await subscribe(api, there, "interaction.order")
    for _ in range(3):
        await api.push()
    await follow(sending, api.mine.id)
    lane = Lane(sending, WorkspaceId(api.mine.id), UUID(hook["id"]))
    lane.start()
    await there.arrived.wait()
    await lane.stop()
    assert lane.is_done
    states = [one["state"] for one in await deliveries(api)]
    assert states.count("delivered") == len(there.got)


async def test_a_new_secret_and_the_one_before_hold_together(api: Api, there: Sink, sending: Sender) -> None:
    hook = await subscribe(api, there, "interaction.order")
    rotated = (await api("POST", f"{HOOKS}/{hook['id']}/secret", json={"overlap": 3600})).json()
    assert rotated["secret"] != hook["secret"]
    await api("POST", f"{HOOKS}/{hook['id']}/test")
    await send(sending, api.mine.id, hook["id"])
    (got,) = there.got
    assert got.json["type"] == "webhook.ping"
    assert opened(hook["secret"], got) == opened(rotated["secret"], got)
    at_once = (await api("POST", f"{HOOKS}/{hook['id']}/secret", json={"overlap": 0})).json()
    await api("POST", f"{HOOKS}/{hook['id']}/test")
    await send(sending, api.mine.id, hook["id"])
    assert opened(at_once["secret"], there.got[1])
    assert len(there.got[1].headers["webhook-signature"].split()) == 1


async def test_secrets_are_sealed_and_shown_once(api: Api, there: Sink) -> None:
    hook = await subscribe(api, there)
    for path in (HOOKS, f"{HOOKS}/{hook['id']}"):
        assert hook["secret"] not in (await api("GET", path)).text
    async with api.database.read(api.mine.id) as db:
        row = await db.fetchrow("SELECT secrets, hint FROM webhook")
    assert row is not None
    assert hook["secret"].encode() not in row["secrets"]
    assert hook["secret"].endswith(row["hint"])


async def test_deleted_and_disabled_are_at_once(api: Api, there: Sink, sending: Sender) -> None:
    gone, off = await subscribe(api, there), await subscribe(api, there)
    await api.push()
    await follow(sending, api.mine.id)
    assert (await api("DELETE", f"{HOOKS}/{gone['id']}")).status_code == 200
    assert (await api("DELETE", f"{HOOKS}/{gone['id']}")).status_code == 404
    assert (await api("PATCH", f"{HOOKS}/{off['id']}", json={"enabled": False})).json()["enabled"] is False
    for hook in (gone, off):
        assert await send(sending, api.mine.id, hook["id"]) == 0
    assert there.got == []
    await sending.keep_house(WorkspaceId(api.mine.id))
    states = {one["webhook_id"]: (one["state"], one["reason"]) for one in await deliveries(api)}
    assert states[gone["id"]] == ("failed", "its webhook was deleted")
    assert states[off["id"]] == ("waiting", None)


async def test_the_same_request_twice_is_one_webhook(api: Api, there: Sink) -> None:
    body = {"url": there.url, "events": ["ticket.*"], "description": "our CRM"}
    key = {"Idempotency-Key": "once"}
    first, again = [await api("POST", HOOKS, json=body, headers=key) for _ in range(2)]
    assert first.content == again.content
    page = (await api("GET", HOOKS)).json()["items"]
    assert [(one["events"], one["description"]) for one in page] == [(["ticket.*"], "our CRM")]


async def test_deliveries_are_listed_page_by_page_and_by_state(api: Api, there: Sink) -> None:
    hook, other = await subscribe(api, there), await subscribe(api, there)
    for one in (hook, hook, hook, other):
        await api("POST", f"{HOOKS}/{one['id']}/test")
    query = f"/api/v1/deliveries?direction=outbound&webhook={hook['id']}&limit=2"
    page = (await api("GET", query)).json()
    rest = (await api("GET", f"{query}&cursor={page['next']}")).json()
    ids = [one["id"] for one in (*page["items"], *rest["items"])]
    assert (len(ids), rest["next"], ids) == (3, None, sorted(ids, reverse=True))
    assert await deliveries(api, "&state=delivered") == []
    assert len(await deliveries(api, "&state=waiting&state=failed")) == 4
    for bad in ("&state=understood", f"&account=x&webhook={hook['id']}", "&kind=letter", "&direction=inbound"):
        response = await api("GET", f"/api/v1/deliveries?direction=outbound{bad}")
        assert response.status_code == 400
    assert (await api("GET", f"/api/v1/deliveries?webhook={hook['id']}")).status_code == 400
    assert (await api("GET", "/api/v1/deliveries?direction=outbound&account=x")).status_code == 404
    foreign = await subscribe(api, there, key=api.other.keys["admin"])
    for nobodys in (foreign["id"], str(uuid4()), "x"):
        response = await api("GET", f"/api/v1/deliveries?direction=outbound&webhook={nobodys}")
        assert response.status_code == 404


async def test_who_may(api: Api, there: Sink) -> None:
    hook = await subscribe(api, there)
    for role, reads, writes in (
        ("admin", 200, 200), ("lead", 200, 200), ("auditor", 200, 403), ("agent", 403, 403), ("integration", 403, 403),
    ):  # fmt: skip
        key = api.mine.keys[role]
        assert (await api("GET", f"{HOOKS}/{hook['id']}", key)).status_code == reads
        assert (await api("GET", "/api/v1/deliveries?direction=outbound", key)).status_code == reads
        patched = await api("PATCH", f"{HOOKS}/{hook['id']}", key, json={"description": role})
        assert patched.status_code == writes
    inbound = await api("GET", "/api/v1/deliveries", api.mine.keys["lead"])
    assert inbound.status_code == 403


async def test_there_are_at_most_fifty(api: Api, there: Sink) -> None:
    for _ in range(50):
        await subscribe(api, there)
    response = await api("POST", HOOKS, json={"url": there.url, "events": ["*"]})
    assert (response.status_code, response.json()["code"]) == (422, "impossible")
