"""Profiles, timelines and lists: their shapes, their filters, cursors that hold, ids that answer for ever."""

from datetime import timedelta

import pytest

from tests.app.api.conftest import Api
from tests.builders import START, contact, identifier, pushed


async def _thread(api: Api, number: int) -> str:
    items = [
        pushed(
            kind="message" if n % 2 else "order",
            channel="email" if n % 3 else "chat",
            occurred_at=(START + timedelta(hours=n // 4)).isoformat(),
        )
        for n in range(number)
    ]
    results = (await api("POST", "/api/v1/interactions/batch", json=items)).json()["items"]
    return results[0]["customer_id"]


async def test_a_profile_has_its_shape(api: Api) -> None:
    customer = await _thread(api, 3)
    profile = (await api("GET", f"/api/v1/customers/{customer}")).json()
    assert set(profile) == {
        "id", "name", "contacts", "identifiers", "tickets", "tickets_state", "objects", "possible", "counts",
        "timeline", "head", "absorbed",
    }  # fmt: skip
    assert (profile["id"], profile["name"]) == (customer, "Ann Example")
    assert profile["counts"] == {"events": 3, "messages": 1, "orders": 2, "tickets": 1, "tickets_open": 1}
    (ticket,) = profile["tickets"]
    assert (ticket["customer_id"], ticket["status"], profile["tickets_state"]) == (customer, "new", "current")
    assert set(profile["timeline"]) == {"items", "next", "previous"}
    item = profile["timeline"]["items"][0]
    assert {
        "event_id", "kind", "type", "channel", "direction", "conversation", "source", "source_id", "occurred_at",
        "recorded_at", "contact_id", "actor", "subject", "body", "data", "tickets", "why",
    } <= set(item)  # fmt: skip
    assert item["occurred_at"].endswith("Z")
    assert {"identifier", "grade", "decision"} <= set(item["why"])


async def test_pages_show_everything_once_while_news_arrive(api: Api) -> None:
    customer = await _thread(api, 25)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        before = f"&before={cursor}" if cursor else ""
        page = (await api("GET", f"/api/v1/customers/{customer}/timeline?limit=4{before}")).json()
        seen.extend(item["source_id"] for item in page["items"])
        cursor = page["next"]
        await api.push(occurred_at=(START + timedelta(days=30)).isoformat())
    assert len(seen) == len(set(seen)) == 25


async def test_newer_pages_follow_previous(api: Api) -> None:
    customer = await _thread(api, 10)
    path = f"/api/v1/customers/{customer}/timeline"
    whole = [item["event_id"] for item in (await api("GET", path)).json()["items"]]
    first = (await api("GET", f"{path}?limit=3")).json()
    second = (await api("GET", f"{path}?limit=3&before={first['next']}")).json()
    back = (await api("GET", f"{path}?limit=3&after={second['previous']}")).json()
    assert [item["event_id"] for item in back["items"]] == whole[:3]


async def test_filters_given_twice_mean_or(api: Api) -> None:
    customer = await _thread(api, 12)
    path = f"/api/v1/customers/{customer}/timeline"

    async def count(query: str) -> int:
        return len((await api("GET", f"{path}?{query}")).json()["items"])

    assert await count("kind=order") == 6
    assert await count("kind=order&kind=message") == 12
    assert await count("kind=change") == 0
    assert await count("channel=chat") == 4
    assert await count("channel=chat&channel=email") == 12
    assert await count("from=2026-01-01T10:00:00Z") == 8
    assert await count("to=2026-01-01T10:00:00Z") == 4
    assert await count("from=2026-01-01T11:00:00%2B01:00&to=2026-01-01T11:00:00Z") == 4
    assert await count("from=2026-01-01T11:00:00+01:00") == 8


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("limit=%D9%A3", "limit"), ("kind=nonsense", "kind"), ("channel=nonsense", "channel"),
        ("from=yesterday", "from"),
        ("from=0000-01-01T00:00:00Z", "from"), ("to=10000-01-01T00:00:00Z", "to"), ("to=2026-01-01T00:00:00", "to"),
        ("before=forged", "before"), ("after=forged", "after"), ("nonsense=1", "nonsense"), ("as_of=1", "as_of"),
        ("kind=order%00", "kind"), ("%00=1", "\x00"), ("limit=%ff", ""), ("before=", "before"),
    ],
)  # fmt: skip
async def test_bad_parameters_are_named(api: Api, query: str, field: str) -> None:
    customer = await _thread(api, 1)
    for path in (f"/api/v1/customers/{customer}/timeline", f"/api/v1/customers/{customer}"):
        response = await api("GET", f"{path}?{query}")
        assert response.status_code == 400, response.text
        assert response.json()["fields"][0]["field"] == field


async def test_cursors_open_in_their_own_list_and_workspace_only(api: Api) -> None:
    customer = await _thread(api, 5)
    theirs = (await api.push(api.other.keys["admin"]))["customer_id"]
    page = (await api("GET", f"/api/v1/customers/{customer}/timeline?limit=2")).json()
    head = (await api("GET", f"/api/v1/customers/{customer}")).json()["head"]
    for text in (head, page["next"][:-2] + "AA", page["next"] + "A", "A" * 54):
        response = await api("GET", f"/api/v1/customers/{customer}/timeline?before={text}")
        assert (response.status_code, response.json()["fields"][0]["field"]) == (400, "before")
    path = f"/api/v1/customers/{theirs}/timeline?before={page['next']}"
    assert (await api("GET", path, api.other.keys["admin"])).status_code == 400
    assert (await api("GET", f"/api/v1/changes?after={page['next']}")).status_code == 400


async def test_an_absorbed_id_answers_with_the_survivors_path(api: Api) -> None:
    ann = await _thread(api, 2)
    ben = (await api.push(contact=contact("ben", identifier(value="ben@example.com"))))["customer_id"]
    preview = await api("POST", f"/api/v1/customers/{ann}/merge?preview=true", json={"other": ben})
    assert preview.status_code == 200
    assert (await api("GET", f"/api/v1/customers/{ben}")).status_code == 200
    merged = (await api("POST", f"/api/v1/customers/{ann}/merge", json={"other": ben, "reason": "same voice"})).json()
    assert merged == preview.json() | {"decision_id": merged["decision_id"]}
    assert "decision_id" not in preview.json()
    for tail in ("", "/timeline", "/identity"):
        query = "" if tail == "/identity" else "?limit=1&kind=order&kind=message"
        moved = await api("GET", f"/api/v1/customers/{ben}{tail}{query}")
        assert moved.status_code == 308
        assert moved.headers["Location"] == f"/api/v1/customers/{ann}{tail}{query}"
        assert moved.headers["Cache-Control"] == "no-store"
        assert (await api("GET", moved.headers["Location"])).status_code == 200
    assert (await api("GET", f"/api/v1/customers/{ann}")).json()["absorbed"] == [ben]
    again = await api("POST", f"/api/v1/customers/{ben}/merge", json={"other": ann})
    assert (again.status_code, again.json()["code"]) == (409, "absorbed")
    itself = await api("POST", f"/api/v1/customers/{ann}/merge", json={"other": ann})
    assert itself.status_code == 422
    back = await api("POST", f"/api/v1/customers/{ann}/unmerge", json={"decision": merged["decision_id"]})
    assert (back.status_code, back.json()["customer_id"]) == (200, ben)
    twice = await api("POST", f"/api/v1/customers/{ann}/unmerge", json={"decision": merged["decision_id"]})
    assert twice.status_code == 409


async def test_customers_are_listed_and_looked_up(api: Api) -> None:
    made = [
        (await api.push(contact=contact(f"c{n}", identifier(value=f"c{n}@example.com"))))["customer_id"]
        for n in range(7)
    ]
    seen, cursor = [], ""
    while cursor is not None:
        page = (await api("GET", f"/api/v1/customers?limit=3{f'&cursor={cursor}' if cursor else ''}")).json()
        seen.extend(item["id"] for item in page["items"])
        cursor = page["next"]
    assert sorted(seen) == sorted(made)
    (found,) = (await api("GET", "/api/v1/customers?identifier=email:C3@Example.com")).json()["items"]
    assert found["id"] == made[3]
    assert {"id", "name", "identifiers"} <= set(found)
    for query in ("identifier=nonsense", "identifier=email:", "identifier=car:x"):
        assert (await api("GET", f"/api/v1/customers?{query}")).json()["fields"][0]["field"] == "identifier"
    assert (await api("GET", "/api/v1/customers?q=%20")).json()["fields"][0]["field"] == "q"
