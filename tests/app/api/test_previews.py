"""What another policy would make of the past, before it is in force: over the customers who came last, and nothing
changes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import Problem
from app.previewing import Previews, TicketPreview
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.builders import contact, identifier
from timeline.tickets.policy import TicketPolicy

TICKETS, PROMISES, RETENTION = (f"/api/v1/{name}-policies/preview" for name in ("ticket", "sla", "retention"))
BY_CHANNEL = {"policy": {"continues": {"same_channel": True}}}
OLD = datetime(2020, 1, 1, tzinfo=UTC)


async def wrote(
    api: Api, who: str, channel: str = "email", at: datetime | None = None, **fields: Any
) -> dict[str, Any]:
    said = {
        "kind": "message",
        "channel": channel,
        "subject": None,
        "occurred_at": (at or datetime.now(UTC)).isoformat(),
    }
    return await api.push(contact=contact(who, identifier(value=f"{who}@example.org")), **{**said, **fields})


async def test_a_ticket_policy_is_shown_over_the_past_and_changes_nothing(api: Api) -> None:
    for who in ("ann", "bob"):
        await wrote(api, who)
        await wrote(api, who, "chat")
    before = await api.counts()
    for role in ("lead", "admin"):
        shown = await api("POST", TICKETS, api.mine.keys[role], json=BY_CHANNEL)
        assert shown.status_code == 200, shown.text
    found = shown.json()
    assert found["looked_at"] == {"customers": 2, "events": 4, "left_out": 0, "whole": True}
    comparison = found["comparison"]
    assert (comparison["tickets_before"], comparison["tickets_after"], comparison["split"]["count"]) == (2, 4, 2)
    assert comparison["load"] == [{"queue": None, "before": 2, "after": 4}]
    assert await api.counts() == before
    assert (await api("POST", TICKETS, api.other.keys["admin"], json=BY_CHANNEL)).json()["looked_at"]["customers"] == 0
    wrong = await api("POST", TICKETS, json={"policy": {"continues": {"gap": "soon"}}})
    assert (wrong.status_code, wrong.json()["fields"][0]["field"]) == (400, "policy.continues.gap")


async def test_other_promises_are_shown_beside_those_that_were_made(api: Api) -> None:
    item = await wrote(api, "ann", at=datetime.now(UTC) - timedelta(hours=2))
    await api("POST", f"/api/v1/tickets/{item['ticket']['number']}/replies", json={"body": "Hello"})
    sla = {"policies": [{"key": "fast", "targets": {"first_response": {"seconds": 3_600}}}]}
    shown = await api("POST", PROMISES, json={"sla": sla})
    assert shown.status_code == 200, shown.text
    replay = shown.json()["replay"]
    assert replay["today"] == []
    ((fast),) = replay["then"]
    assert (fast["policy"], fast["target"], fast["met"] + fast["missed"]) == ("fast", "first_response", 1)
    assert (await api("GET", "/api/v1/sla-policies")).json()["sla"] == {}
    target = {"seconds": 60, "calendar": "none"}
    wrong = await api("POST", PROMISES, json={"sla": {"policies": [{"key": "a", "targets": {"resolution": target}}]}})
    assert (wrong.status_code, wrong.json()["fields"][0]["field"]) == (
        400,
        "sla.policies[0].targets.resolution.calendar",
    )


async def test_what_a_retention_policy_would_erase_is_counted_and_stays(api: Api) -> None:
    old = await wrote(api, "ann", at=OLD, kind="fact")
    await wrote(api, "bob", at=OLD, kind="fact")
    await wrote(api, "bob", kind="fact")
    policy: dict[str, Any] = {"items": [{"older_than": "1 year"}], "customers": {"inactive_for": "2 years"}}
    for role in ("lead", "auditor"):
        shown = await api("POST", RETENTION, api.mine.keys[role], json={"policy": policy})
        assert shown.json() == {"version": 1, "customers": 1, "items": 1, "whole": True}, shown.text
    assert (await api("GET", f"/api/v1/customers/{old['customer_id']}")).json()["counts"]["events"] == 1
    assert (await api("GET", "/api/v1/retention-policies")).json()["items"][0]["version"] == 0
    wrong = await api("POST", RETENTION, json={"policy": {"items": [{"older_than": "old"}]}})
    assert (wrong.status_code, wrong.json()["fields"][0]["field"]) == (400, "policy.items[0].older_than")


async def test_a_preview_says_whom_it_looked_at(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for who in ("ann", "bob", "cleo"):
        await wrote(api, who)
    await wrote(api, "ann")
    monkeypatch.setattr("app.previewing.AT_ONCE", 1)
    monkeypatch.setattr("app.previewing.LONGEST", 1)
    looked = (await api("POST", TICKETS, json=BY_CHANNEL)).json()["looked_at"]
    assert looked == {"customers": 2, "events": 2, "left_out": 1, "whole": False}
    monkeypatch.setattr("app.previewing.MOST_CUSTOMERS", 1)
    looked = (await api("POST", TICKETS, json=BY_CHANNEL)).json()["looked_at"]
    assert looked == {"customers": 1, "events": 1, "left_out": 0, "whole": False}
    ticks = iter(range(0, 100, 3))
    slow = Previews(api.database, lambda: next(ticks))
    monkeypatch.setattr("app.previewing.MOST_CUSTOMERS", 1_000)
    found = await slow.tickets(WorkspaceId(api.mine.id), TicketPolicy())
    assert (found.looked_at.customers, found.looked_at.whole) == (1, False)


async def test_one_preview_at_a_time(api: Api) -> None:
    previews, mine = Previews(api.database), WorkspaceId(api.mine.id)
    first, second = await asyncio.gather(
        *(previews.tickets(mine, TicketPolicy()) for _ in range(2)), return_exceptions=True
    )
    assert isinstance(first, TicketPreview)
    assert isinstance(second, Problem)
    assert (second.status, second.headers) == (429, {"Retry-After": "4"})
