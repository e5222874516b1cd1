"""The door without a key: only its own sender gets in, once, and whoever does not leaves nothing behind."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.auth import workspace_of
from app.limits import PUSH_BYTES
from app.store import workspace
from channels import accounts, signatures
from tests.app.api.conftest import Api
from tests.builders import signed
from tests.understood import understand_waiting
from timeline.pseudonyms import pseudonyms

HOOKS = "/api/v1/hooks"
TABLES = ("inbound_delivery", "quarantine", "event", "contact", "channel_account", "idempotency_key")


def order(number: Any = 1001, **data: Any) -> bytes:
    said = {"id": number, "status": "open", "customer": {"id": "c-1", "name": "Ann Example"}, **data}
    return json.dumps({"type": "order.created", "timestamp": "2026-01-31T09:30:00Z", "data": said}).encode()


async def make_account(api: Api, key: str = "", **fields: Any) -> dict[str, Any]:
    response = await api("POST", "/api/v1/channel-accounts", key, json={"kind": "orders", "name": "shop", **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def post(api: Api, account: str, body: bytes, headers: dict[str, str] | list[tuple[str, str]]) -> httpx.Response:
    return await api.client.post(f"{HOOKS}/{account}", content=body, headers=headers)


async def deliver(api: Api, account: dict[str, Any], body: bytes, key: str = "msg_1") -> httpx.Response:
    return await post(api, account["id"], body, signed(account["secret"], body, key))


async def counts(api: Api) -> dict[str, int]:
    found: dict[str, int] = {}
    for tenant in (api.mine, api.other):
        async with api.database.read(tenant.id) as db:
            for table in TABLES:
                found[f"{table} of {tenant.id}"] = int(await db.fetchval(f"SELECT count(*) FROM {table}") or 0)
    return found


async def understand(api: Api) -> int:
    async with api.database.connection() as db:
        row = await workspace(db, api.mine.id)
    mine = workspace_of(row, api.mine.id, pseudonyms("a secret of tests, long enough"))
    return await understand_waiting(api.database, mine, datetime.now(UTC))


async def test_a_signed_order_is_on_the_customers_timeline(api: Api) -> None:
    account = await make_account(api, source="shop.example")
    accepted = await deliver(api, account, order())
    assert accepted.status_code == 202
    assert accepted.json() == {"delivery_id": accepted.json()["delivery_id"]}
    assert await understand(api) == 1
    (customer,) = (await api("GET", "/api/v1/customers?identifier=account:shop.example:c-1")).json()["items"]
    profile = (await api("GET", f"/api/v1/customers/{customer['id']}")).json()
    (item,) = profile["timeline"]["items"]
    assert (item["kind"], item["source"], item["source_id"]) == ("order", "shop.example", "msg_1")
    assert item["subject"] == "Order 1001 open"
    assert [(one["type"], one["id"], one["state"]) for one in profile["objects"]] == [
        ("order", "1001", {"status": "open"})
    ]
    (listed,) = (await api("GET", "/api/v1/deliveries?direction=inbound&state=understood")).json()["items"]
    assert listed["id"] == accepted.json()["delivery_id"]
    assert listed["event_ids"] == [item["event_id"]]
    assert listed["account_id"] == account["id"]


async def test_the_same_again_is_the_same_and_other_bytes_are_kept_beside_it(api: Api) -> None:
    account = await make_account(api)
    first = (await deliver(api, account, order())).json()
    again = await deliver(api, account, order())
    assert (again.status_code, again.json()) == (200, first)
    for _ in range(2):
        other = await deliver(api, account, order(status="paid"))
        assert other.status_code == 409
        assert other.json()["code"] == "content_differs"
        assert other.json()["fields"][0]["field"] == "webhook-id"
    await understand(api)
    assert (await deliver(api, account, order())).json() == first
    (entry,) = (await api("GET", "/api/v1/quarantine")).json()["items"]
    assert (entry["door"], entry["account_id"], entry["tries"]) == ("hooks/orders", account["id"], 2)
    shown = (await api("GET", f"/api/v1/quarantine/{entry['id']}")).json()
    assert shown["raw"] == order(status="paid").decode()


async def test_twenty_at_once_are_one(api: Api) -> None:
    account = await make_account(api)
    answers = await asyncio.gather(*(deliver(api, account, order()) for _ in range(20)))
    assert sorted(one.status_code for one in answers) == [200] * 19 + [202]
    assert len({one.content for one in answers}) == 1
    await understand(api)
    async with api.database.read(api.mine.id) as db:
        assert await db.fetchval("SELECT count(*) FROM event") == 1


async def test_twenty_at_once_with_two_contents_lose_neither(api: Api) -> None:
    account = await make_account(api)
    bodies = [order(), order(status="paid")] * 10
    answers = await asyncio.gather(*(deliver(api, account, body) for body in bodies))
    assert sorted(one.status_code for one in answers) == [200] * 9 + [202] + [409] * 10
    async with api.database.read(api.mine.id) as db:
        kept = await db.fetch("SELECT raw FROM inbound_delivery UNION ALL SELECT raw FROM quarantine")
    assert {row["raw"] for row in kept} == set(bodies)
    assert len(kept) == 2


async def test_what_cannot_be_understood_is_in_the_quarantine_and_replayed(api: Api) -> None:
    account = await make_account(api)
    bad = order().replace(b"2026-01-31", b"31 January")
    assert (await deliver(api, account, bad, "bad")).status_code == 202
    assert (await deliver(api, account, order(), "good")).status_code == 202
    assert await understand(api) == 2
    listed = (await api("GET", "/api/v1/deliveries")).json()["items"]
    assert [(one["key"], one["state"]) for one in listed] == [("good", "understood"), ("bad", "failed")]
    assert listed[1]["reason"].startswith("timestamp: expected an RFC 3339 time")
    (entry,) = (await api("GET", "/api/v1/quarantine")).json()["items"]
    assert (entry["code"], entry["fields"], entry["delivery_id"]) == ("unparseable", ["timestamp"], listed[1]["id"])
    replayed = (await api("POST", f"/api/v1/quarantine/{entry['id']}/replay")).json()
    assert (replayed["state"], replayed["result"]["status"]) == ("waiting", 400)
    assert replayed["result"]["error"]["fields"][0]["field"] == "timestamp"
    assert (await api("GET", "/api/v1/quarantine")).json()["items"][0]["tries"] == 2


def shifted(good: dict[str, str], **changes: str) -> dict[str, str]:
    return {**good, **{name.replace("_", "-"): value for name, value in changes.items()}}


async def test_whoever_may_not_hears_the_same_and_leaves_nothing(api: Api) -> None:
    mine = await make_account(api)
    second = await make_account(api, name="second")
    theirs = await make_account(api, api.other.keys["admin"])
    disabled = await make_account(api, name="disabled")
    assert (await api("DELETE", f"/api/v1/channel-accounts/{disabled['id']}")).status_code == 200
    body, now = order(), datetime.now(UTC)
    good = signed(mine["secret"], body)
    own = mine["id"]
    nobodys = accounts.public_id(api.mine.id, uuid4())
    mixed = accounts.public_id(api.mine.id, UUID(hex=theirs["id"].split("_")[2]))
    nowhere = accounts.public_id(uuid4(), UUID(hex=own.split("_")[2]))
    twice = [*good.items(), ("webhook-id", "msg_2")]
    before = await counts(api)
    attempts: dict[str, tuple[str, bytes, Any]] = {
        "no headers": (own, body, {}),
        "no signature": (own, body, {name: good[name] for name in ("webhook-id", "webhook-timestamp")}),
        "an empty signature": (own, body, shifted(good, webhook_signature="")),
        "another account's secret": (own, body, signed(second["secret"], body)),
        "another workspace's secret": (own, body, signed(theirs["secret"], body)),
        "a secret of one's own": (own, body, signed(signatures.new_secret(), body)),
        "an old time": (own, body, signed(mine["secret"], body, at=now - timedelta(minutes=6))),
        "an early time": (own, body, signed(mine["secret"], body, at=now + timedelta(minutes=6))),
        "a new time on an old signature": (own, body, shifted(good, webhook_timestamp=str(int(now.timestamp()) - 1))),
        "other bytes": (own, body + b" ", good),
        "no body": (own, b"", good),
        "bytes that are no text": (own, b"\xff\xfe\x00", good),
        "another id": (own, body, shifted(good, webhook_id="msg_2")),
        "an id that is too long": (own, body, signed(mine["secret"], body, "x" * 201)),
        "an id with a full stop": (own, body, signed(mine["secret"], body, "a.b")),
        "an id twice": (own, body, twice),
        "a time twice": (own, body, [*good.items(), ("webhook-timestamp", good["webhook-timestamp"])]),
        "a signature twice": (own, body, [("Webhook-Signature", "v1,AAAA"), *good.items()]),
        "headers of the brand": (own, body, {name.replace("webhook", "svix"): good[name] for name in good}),
        "underscores": (own, body, {name.replace("-", "_"): good[name] for name in good}),
        "my secret at a foreign account": (theirs["id"], body, good),
        "nobody's account": (nobodys, body, good),
        "a foreign account in my workspace": (mixed, body, signed(theirs["secret"], body)),
        "my account in no workspace": (nowhere, body, good),
        "a disabled account": (disabled["id"], body, signed(disabled["secret"], body)),
        "no id": ("nonsense", body, good),
        "a uuid": (str(uuid4()), body, good),
        "capitals": (own.upper(), body, good),
        "an id and more": (own + "%00", body, good),
        "the workspace alone": (f"ch_{api.mine.id.hex}", body, good),
    }
    answers = {}
    for name, (account, raw, headers) in attempts.items():
        response = await post(api, account, raw, headers)
        said = {key: value for key, value in response.headers.items() if key != "x-request-id"}
        answers[name] = (response.status_code, response.content, tuple(sorted(said.items())))
    assert len(set(answers.values())) == 1, answers
    status, content, _ = answers["no headers"]
    assert (status, json.loads(content)["code"]) == (401, "unauthorized")
    assert await counts(api) == before
    assert (await post(api, own, body, good)).status_code == 202


async def test_a_key_opens_no_hook_and_no_query_does(api: Api) -> None:
    account = await make_account(api)
    before = await counts(api)
    response = await api("POST", f"{HOOKS}/{account['id']}", json={}, headers={"Idempotency-Key": "x"})
    assert response.status_code == 401
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert (await api(method, f"{HOOKS}/{account['id']}")).status_code == 405
    assert await counts(api) == before


async def test_a_captured_delivery_is_good_for_nothing(api: Api) -> None:
    """Sent again it is the same delivery; once five minutes have passed it is none."""
    account = await make_account(api)
    body = order()
    captured = signed(account["secret"], body, at=datetime.now(UTC) - timedelta(seconds=290))
    assert (await post(api, account["id"], body, captured)).status_code == 202
    assert (await post(api, account["id"], body, captured)).status_code == 200
    late = signed(account["secret"], body, at=datetime.now(UTC) - timedelta(seconds=302))
    assert (await post(api, account["id"], body, late)).status_code == 401


async def test_any_bytes_of_a_known_sender_are_kept(api: Api) -> None:
    """Whatever they are: duplicate keys, NaN, deep nesting, nothing at all. None is a 5xx, none is lost."""
    account = await make_account(api)
    good = order()
    bodies = [
        b"",
        b"null",
        b"not JSON",
        good.replace(b'"type"', b'"type": "order.deleted", "type"', 1),
        good.replace(b"1001", b"NaN"),
        good.replace(b"1001", b"1" * 5000),
        good.replace(b"1001", b'"\\u0000"'),
        good.replace(b"1001", b'"\\ud800"'),
        good.replace(b"1001", b"[" * 30_000 + b"]" * 30_000),
        b'{"type":' * 100_000,
    ]
    for number, body in enumerate(bodies):
        response = await deliver(api, account, body, f"msg_{number}")
        assert response.status_code == 202, body[:100]
    while await understand(api):
        pass
    listed = (await api("GET", "/api/v1/deliveries?state=failed")).json()["items"]
    assert len(listed) == len(bodies)
    async with api.database.read(api.mine.id) as db:
        kept = await db.fetch("SELECT raw FROM quarantine ORDER BY source_id")
        assert await db.fetchval("SELECT count(*) FROM event") == 0
    assert {row["raw"] for row in kept} == set(bodies)
    shown = await api("GET", "/api/v1/quarantine")
    assert shown.status_code == 200
    for entry in shown.json()["items"]:
        assert (await api("GET", f"/api/v1/quarantine/{entry['id']}")).status_code == 200


async def test_a_body_has_an_end(api: Api) -> None:
    account = await make_account(api)
    before = await counts(api)
    body = b" " * PUSH_BYTES
    assert (await deliver(api, account, body, "just")).status_code == 202
    huge = body + b" "
    for account_id, secret in ((account["id"], account["secret"]), ("nobody", signatures.new_secret())):
        response = await post(api, account_id, huge, signed(secret, huge, "huge"))
        assert (response.status_code, response.json()["code"]) == (413, "too_large")
    after = await counts(api)
    assert sum(after.values()) == sum(before.values()) + 1


async def test_an_account_has_its_rate_and_strangers_spend_none_of_it(api: Api) -> None:
    account = await make_account(api, rate=3)
    for _ in range(20):
        assert (await post(api, account["id"], b"{}", {})).status_code == 401
    answers = [await deliver(api, account, order(number), f"msg_{number}") for number in range(6)]
    refused = [one for one in answers if one.status_code == 429]
    assert refused
    assert [one.status_code for one in answers[:3]] == [202] * 3
    assert all(int(one.headers["Retry-After"]) >= 1 and one.json()["code"] == "rate_limited" for one in refused)
    listed = (await api("GET", "/api/v1/deliveries")).json()["items"]
    assert len(listed) == 6 - len(refused)
    free = await make_account(api, rate=0)
    assert {(await deliver(api, free, order(n), f"m{n}")).status_code for n in range(30)} == {202}


async def test_an_account_disabled_behind_the_servers_back_is_closed_with_the_next_request(api: Api) -> None:
    account = await make_account(api)
    assert (await deliver(api, account, order(), "a")).status_code == 202

    async def disable(db: Any) -> None:
        await db.execute("UPDATE channel_account SET disabled_at = now()")

    await api.database.write(api.mine.id, disable)
    assert (await deliver(api, account, order(), "a")).status_code == 401
    assert (await deliver(api, account, order(), "b")).status_code == 401


async def test_nothing_that_was_posted_is_in_the_log(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    account = await make_account(api)
    planted = order(note="planted-zXq9")
    await deliver(api, account, planted)
    await post(api, account["id"], planted, signed("whsec_" + "A" * 32, planted, "planted-zXq9"))
    await deliver(api, account, planted.replace(b'"id"', b'"planted-zXq9": 1, "planted-zXq9"'), "m2")
    await understand(api)
    logging.shutdown()
    said = capfd.readouterr()
    assert "hook.refused" in said.out + said.err
    assert account["id"] in said.out + said.err, "whose door it was"
    assert "planted" not in said.out + said.err
    assert account["secret"] not in said.out + said.err


async def test_deliveries_are_listed_by_state_and_account_page_by_page(api: Api) -> None:
    one, two = await make_account(api), await make_account(api, name="second")
    for number in range(3):
        await deliver(api, one, order(number), f"one-{number}")
    await deliver(api, two, order(9), "two")
    path = f"/api/v1/deliveries?state=waiting&state=failed&account={one['id']}&limit=2"
    first = (await api("GET", path)).json()
    assert [item["key"] for item in first["items"]] == ["one-2", "one-1"]
    second = (await api("GET", f"{path}&cursor={first['next']}")).json()
    assert ([item["key"] for item in second["items"]], second["next"]) == (["one-0"], None)
    assert (await api("GET", f"/api/v1/deliveries?cursor={first['next']}")).status_code == 400
    assert (await api("GET", "/api/v1/deliveries?state=understood")).json() == {"items": [], "next": None}
    assert (await api("GET", "/api/v1/deliveries?direction=sideways")).status_code == 400
    assert (await api("GET", "/api/v1/deliveries?state=lost")).status_code == 400
    theirs = await make_account(api, api.other.keys["admin"])
    answers = {
        (response.status_code, response.content)
        for account in (theirs["id"], accounts.public_id(api.mine.id, uuid4()), str(uuid4()), "x")
        for response in [await api("GET", f"/api/v1/deliveries?account={account}")]
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert (await api("GET", "/api/v1/deliveries", api.other.keys["admin"])).json()["items"] == []
