"""Promises over HTTP: calendars and SLA policies set up by leads, promises shown on tickets, mistakes by their path."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from app.alarms import tell
from app.rebuilding import rebuild_all
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api

CALENDARS, POLICIES = "/api/v1/calendars", "/api/v1/sla-policies"
OFFICE = {"zone": "Europe/Berlin", "hours": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}
SLA: dict[str, Any] = {
    "policies": [
        {"key": "urgent", "when": {"priority": ["urgent"]}, "targets": {"first_response": {"seconds": 60}}},
        {
            "key": "all",
            "targets": {
                "first_response": {"seconds": 3_600, "warn": 600},
                "resolution": {"seconds": 7_200, "calendar": "office", "pauses": ["pending"]},
            },
        },
    ]
}


async def set_up(api: Api, sla: dict[str, Any] = SLA) -> None:
    for path, body in ((CALENDARS, {"calendars": {"office": OFFICE}}), (POLICIES, {"sla": sla})):
        seen = (await api("GET", path)).json()["version"]
        put = await api("PUT", path, api.mine.keys["lead"], json={**body, "version": seen})
        assert put.status_code == 200, put.text


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_sections_are_replaced_by_who_saw_the_latest(api: Api):
    assert (await api("PUT", POLICIES, json={"sla": {"policies": []}})).status_code == 428
    await set_up(api)
    shown = await api("GET", POLICIES, api.mine.keys["auditor"])
    assert (shown.json()["version"], shown.headers["ETag"]) == (2, '"2"')
    assert [one["key"] for one in shown.json()["sla"]["policies"]] == ["urgent", "all"]
    assert (await api("GET", CALENDARS)).json()["calendars"] == {"office": OFFICE}
    again = await api("PUT", POLICIES, json={"sla": SLA}, headers={"If-Match": '"1"'})
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert (await api("PUT", POLICIES, json={"sla": {}, "version": 1})).status_code == 412
    dropped = await api("PUT", CALENDARS, json={"calendars": {}, "version": 2})
    assert dropped.json()["fields"][0]["field"] == "sla.policies[1].targets.resolution.calendar"
    assert (await api("GET", POLICIES, api.other.keys["admin"])).json()["sla"] == {}
    for role in ("integration", "agent", "auditor"):
        for path, body in ((CALENDARS, {"calendars": {}}), (POLICIES, {"sla": {}})):
            assert (await api("PUT", path, api.mine.keys[role], json={**body, "version": 2})).status_code == 403


TYPOS: list[tuple[dict[str, Any], str, str]] = [
        ({"policies": [{"key": "a", "targets": {"first_respons": {"seconds": 1}}}]},
         "sla.policies[0].targets.first_respons", "expected one of first_response, next_response, resolution"),
        ({"policies": [{"key": "a", "when": {"priority": ["urgnt"]}, "targets": {"resolution": {"seconds": 1}}}]},
         "sla.policies[0].when.priority[0]", "expected one of high, low, normal, urgent"),
        ({"policies": [{"key": "a", "targets": {"resolution": {"seconds": 0}}}]},
         "sla.policies[0].targets.resolution.seconds", ">= 1"),
        ({"policies": [{"key": "a", "targets": {"resolution": {"seconds": 9, "calendar": "ofice"}}}]},
         "sla.policies[0].targets.resolution.calendar", "expected the key of a calendar (none is there yet)"),
        ({"policies": [{"targets": {}}]}, "sla.policies[0].key", "missing"),
        ({"policies": [{"key": "a", "targets": {"resolution": {"seconds": 9, "pauses": ["closed"]}}}]},
         "sla.policies[0].targets.resolution.pauses[0]", "expected one of on_hold, pending"),

]  # fmt: skip


async def test_a_typo_is_named_with_what_was_expected(api: Api):
    for sla, field, words in TYPOS:
        refused = await api("PUT", POLICIES, json={"sla": sla, "version": 0})
        (fault,) = refused.json()["fields"]
        assert (refused.status_code, fault["field"]) == (400, field)
        assert words in fault["words"]
    body = {"calendars": {"never": {"zone": "UTC", "hours": {}}}, "version": 0}
    refused = await api("PUT", CALENDARS, json=body)
    (fault,) = refused.json()["fields"]
    assert (refused.status_code, fault["field"]) == (400, "calendars.never.hours")
    assert "nothing can ever be due" in fault["words"]


async def test_a_ticket_shows_its_promises(api: Api):
    await set_up(api)
    pushed = await api.push(kind="message", occurred_at=datetime.now(UTC).isoformat())
    ticket = (await api("GET", f"/api/v1/tickets/{pushed['ticket']['id']}")).json()
    first, whole = sorted(ticket["sla"], key=lambda clock: clock["target"])
    assert (first["target"], first["policy"], first["state"], first["version"]) == (
        "first_response",
        "all",
        "running",
        2,
    )
    assert first["started_by"] == pushed["event_id"]
    assert (when(first["due_at"]) - when(first["started_at"])).total_seconds() == 3_600
    assert (when(first["due_at"]) - when(first["warn_at"])).total_seconds() == 600
    path = f"/api/v1/tickets/{ticket['number']}"
    changed = await api("PATCH", path, json={"priority": "urgent", "version": ticket["version"]})
    first = next(clock for clock in changed.json()["sla"] if clock["target"] == "first_response")
    assert (first["policy"], (when(first["due_at"]) - when(first["started_at"])).total_seconds()) == ("urgent", 60)
    replied = await api("POST", f"{path}/replies", json={"body": "Hello", "about": pushed["event_id"]})
    assert replied.status_code in (200, 201), replied.text
    first, whole = (await api("GET", path)).json()["sla"]
    assert {first["target"]: first["state"], whole["target"]: whole["state"]} == {
        "first_response": "met",
        "resolution": "paused",
    }
    assert whole["due_at"] is None
    assert whole["remaining"] > 7_000


async def test_an_erasure_leaves_what_promises_are_folded_by(api: Api):
    await set_up(api, {"policies": [{"key": "soon", "targets": {"first_response": {"seconds": 1}}}]})
    pushed = await api.push(kind="message")
    await asyncio.sleep(1.05)
    workspace = WorkspaceId(api.mine.id)
    assert (await tell(api.database, workspace))[0] == 1
    path = f"/api/v1/tickets/{pushed['ticket']['id']}"
    before = (await api("GET", path)).json()["sla"]
    assert [clock["state"] for clock in before] == ["missed"]
    erased = await api("POST", f"/api/v1/customers/{pushed['customer_id']}/erase")
    assert erased.status_code == 200, erased.text
    assert (await rebuild_all(api.database, workspace, lambda _: None)).rows == 0
    assert (await api("GET", path)).json()["sla"] == before
    assert (await tell(api.database, workspace))[0] == 0
