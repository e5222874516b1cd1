"""Retention: what the policy says is old goes, and nothing else; holds and open tickets keep what is theirs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.auth import workspace_of
from app.erasure_log import ErasureLog
from app.rebuilding import rebuild_all
from app.retaining import Retained, apply
from app.store import workspace
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.builders import contact, identifier
from timeline.pseudonyms import pseudonyms
from timeline.retention import RetentionPolicy, before

POLICIES = "/api/v1/retention-policies"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def decide(api: Api, **policy: Any) -> dict[str, Any]:
    response = await api("POST", POLICIES, json={"policy": policy})
    assert response.status_code == 201, response.text
    return response.json()


async def passed(api: Api, home: Path, now: datetime = NOW, **options: Any) -> Retained:
    async with api.database.connection() as db:
        row = await workspace(db, api.mine.id)
    assert row is not None
    mine = workspace_of(row, api.mine.id, pseudonyms("a secret of tests, long enough"))
    return await apply(api.database, mine, home, now, **options)


async def push(api: Api, key: str, years: float, **fields: Any) -> dict[str, Any]:
    """An item that happened so many years ago."""
    at = NOW - timedelta(days=365.25 * years)
    who = contact(key, identifier(value=f"{key}@example.com"), name=f"{key.title()} Example")
    said: dict[str, Any] = {"contact": who, "occurred_at": at.isoformat(), "body": "words", **fields}
    return await api.push(**said)


async def bodies(api: Api, customer: str) -> list[Any]:
    """What is left on a thread, the oldest first: what was said, or None."""
    items = (await api("GET", f"/api/v1/customers/{customer}/timeline")).json()["items"]
    return [one["body"] for one in reversed(items) if one["kind"] != "change"]


async def untouched(api: Api) -> bool:
    return (await rebuild_all(api.database, WorkspaceId(api.mine.id), lambda _: None)).rows == 0


async def test_without_a_policy_everything_stays(api: Api, tmp_path: Path) -> None:
    ann = await push(api, "ann", 30)
    listed = (await api("GET", POLICIES)).json()
    assert [(one["version"], one["policy"]) for one in listed["items"]] == [(0, {"items": [], "customers": None})]
    assert await passed(api, tmp_path) == Retained(version=0)
    assert await bodies(api, ann["customer_id"]) == ["words"]


async def test_old_items_of_the_kinds_and_channels_named_go(api: Api, tmp_path: Path) -> None:
    ann = await push(api, "ann", 3, kind="message", channel="chat", subject="One", body="old chat")
    await push(api, "ann", 2.9, kind="message", channel="email", body="old mail")
    await push(api, "ann", 2.8, body="old order", object={"type": "order", "id": "7", "state": {"status": "paid"}})
    await push(api, "ann", 0.5, body="new order")
    await close_all(api)
    await decide(api, items=[{"older_than": "2 years", "kinds": ["message"], "channels": ["chat"]}])
    expected = Retained(version=1, items=1)
    assert await passed(api, tmp_path, preview=True) == expected
    assert await bodies(api, ann["customer_id"]) == ["old chat", "old mail", "old order", "new order"]
    assert await passed(api, tmp_path) == expected
    assert await bodies(api, ann["customer_id"]) == [None, "old mail", "old order", "new order"]
    assert await passed(api, tmp_path) == Retained(version=1)
    await decide(api, items=[{"older_than": "2 years"}])
    assert await passed(api, tmp_path) == Retained(version=2, items=2)
    profile = (await api("GET", f"/api/v1/customers/{ann['customer_id']}")).json()
    assert profile["name"] == "Ann Example"
    assert [one["value"] for one in profile["identifiers"]] == ["ann@example.com"]
    assert "paid" not in str(profile["objects"])
    assert [one["type"] for one in profile["timeline"]["items"]].count("ItemsErased") == 2
    assert await untouched(api)


async def close_all(api: Api) -> None:
    """Let silence close every ticket."""

    async def work(db: Any) -> None:
        await db.execute("UPDATE ticket SET is_open = false")

    await api.database.write(api.mine.id, work)


async def test_an_open_ticket_keeps_its_items(api: Api, tmp_path: Path) -> None:
    ann = await push(api, "ann", 3, kind="message", channel="chat")
    assert ann["ticket"]["status"] in ("new", "open")
    await decide(api, items=[{"older_than": "2 years"}], customers={"inactive_for": "2 years"})
    assert await passed(api, tmp_path) == Retained(version=1)
    await close_all(api)
    assert await passed(api, tmp_path) == Retained(version=1, customers=1)


async def test_inactive_customers_go_whole(api: Api, tmp_path: Path) -> None:
    ann = await push(api, "ann", 5)
    await push(api, "ann", 4)
    ben = await push(api, "ben", 5)
    await push(api, "ben", 2.9)
    kit = await push(api, "kit", 5)
    lou = await push(api, "lou", 1)
    said = {"event": lou["event_id"], "customer": kit["customer_id"]}
    assert (await api("POST", f"/api/v1/customers/{lou['customer_id']}/place", json=said)).status_code == 200
    await decide(api, items=[{"older_than": "4 years"}], customers={"inactive_for": "3 years"})
    preview = await passed(api, tmp_path, preview=True)
    assert await passed(api, tmp_path) == preview
    assert (preview.customers, preview.items) == (1, 2)
    gone = (await api("GET", f"/api/v1/customers/{ann['customer_id']}")).json()
    assert (gone["name"], gone["identifiers"]) == (None, [])
    assert await bodies(api, ben["customer_id"]) == [None, "words"]
    assert await passed(api, tmp_path) == Retained(version=1)
    logged = ErasureLog(tmp_path, api.mine.id).read()
    assert {one.actor for one in logged.values()} == {"policy:retention/1"}
    assert await untouched(api)


async def test_a_legal_hold_keeps_a_person_and_all_on_their_thread(api: Api, tmp_path: Path) -> None:
    ann, ben, kit = [await push(api, key, 5) for key in ("ann", "ben", "kit")]
    held = await api("POST", "/api/v1/holds", json={"customer": ann["customer_id"], "reason": "case 12"})
    merged = {"other": ben["customer_id"]}
    assert (await api("POST", f"/api/v1/customers/{ann['customer_id']}/merge", json=merged)).status_code == 200
    placed = await push(api, "kit", 5, body="placed")
    said = {"event": placed["event_id"], "customer": ann["customer_id"]}
    await api("POST", f"/api/v1/customers/{kit['customer_id']}/place", json=said)
    await decide(api, items=[{"older_than": "2 years"}])
    assert await passed(api, tmp_path) == Retained(version=1, items=1)
    assert await bodies(api, ann["customer_id"]) == ["words", "words", "placed"]
    assert await bodies(api, kit["customer_id"]) == [None]
    refused = await api("POST", f"/api/v1/customers/{kit['customer_id']}/erase")
    assert (refused.status_code, refused.json()["code"]) == (409, "under_hold")
    await api("POST", f"/api/v1/holds/{held.json()['id']}/lift")
    assert await passed(api, tmp_path) == Retained(version=1, items=3)


async def test_many_items_go_in_runs(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.retaining.ITEMS_AT_ONCE", 3)
    monkeypatch.setattr("app.retaining.CONTACTS_AT_ONCE", 2)
    monkeypatch.setattr("app.retaining.CUSTOMERS_AT_ONCE", 2)
    monkeypatch.setattr("timeline.erasure.LONG", 4)
    people = [await push(api, key, 5) for key in ("ann", "ben", "kit", "lou", "max")]
    for _ in range(7):
        await push(api, "ann", 4)
    await decide(api, items=[{"older_than": "2 years"}])
    assert await passed(api, tmp_path, preview=True) == Retained(version=1, items=12)
    heard: list[int] = []
    assert await passed(api, tmp_path, told=heard.append) == Retained(version=1, items=12)
    assert heard == sorted(heard)
    assert [set(await bodies(api, one["customer_id"])) for one in people] == [{None}] * 5
    await decide(api, customers={"inactive_for": "3 years"})
    assert await passed(api, tmp_path) == Retained(version=2, customers=5)
    assert await untouched(api)


async def test_what_changes_meanwhile_is_asked_again_under_the_locks(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found as inactive, heard of again before it is erased: it stays."""
    ann = await push(api, "ann", 5)
    await decide(api, customers={"inactive_for": "3 years"})
    real = api.database.write
    pushed_meanwhile: list[Any] = []

    async def late(*asked: Any, **named: Any) -> Any:
        if not pushed_meanwhile:
            pushed_meanwhile.append(await push(api, "ann", 0))
        return await real(*asked, **named)

    monkeypatch.setattr(api.database, "write", late)
    assert await passed(api, tmp_path) == Retained(version=1)
    assert await bodies(api, ann["customer_id"]) == ["words", "words"]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"items": [{"older_than": "two years"}]}, "policy.items[0].older_than"),
        ({"items": [{"older_than": "1 day"}]}, "policy.items[0].older_than"),
        ({"items": [{"older_than": "99999 years"}]}, "policy.items[0].older_than"),
        ({"items": [{"older_than": "1 year", "kinds": ["mail"]}]}, "policy.items[0].kinds[0]"),
        ({"items": [{"older_than": "1 year", "channels": ["email", "pigeon"]}]}, "policy.items[0].channels[1]"),
        ({"items": [{"kinds": ["message"]}]}, "policy.items[0].older_than"),
        ({"customers": {"inactive_for": 3}}, "policy.customers.inactive_for"),
        ({"customer": {}}, "policy.customer"),
        ({"items": [{"older_than": "1 year"}] * 51}, "policy.items"),
    ],
)
async def test_a_bad_policy_names_the_path(api: Api, policy: Any, field: str) -> None:
    response = await api("POST", POLICIES, json={"policy": policy})
    assert (response.status_code, response.json()["fields"][0]["field"]) == (400, field), response.text
    assert len((await api("GET", POLICIES)).json()["items"]) == 1


async def test_versions_are_kept_and_the_same_again_is_none(api: Api) -> None:
    first = await decide(api, items=[{"older_than": "2 years"}])
    assert await decide(api, items=[{"older_than": "2 years"}]) == first
    await decide(api)
    listed = (await api("GET", POLICIES, api.mine.keys["auditor"])).json()
    assert [one["version"] for one in listed["items"]] == [2, 1, 0]
    assert listed["items"][1]["actor"] == f"key:{api.mine.ids['admin']}"
    assert (await api("POST", POLICIES, api.mine.keys["lead"], json={"policy": {}})).status_code == 403
    assert (await api("GET", POLICIES, api.mine.keys["lead"])).status_code == 200


def test_ages_are_by_the_calendar() -> None:
    leap = datetime(2028, 2, 29, tzinfo=UTC)
    assert before("f", "1 year", leap) == datetime(2027, 2, 28, tzinfo=UTC)
    assert before("f", "3 months", datetime(2026, 5, 31, tzinfo=UTC)) == datetime(2026, 2, 28, tzinfo=UTC)
    assert before("f", "2 weeks", leap) == leap - timedelta(days=14)
    assert RetentionPolicy().customers is None
