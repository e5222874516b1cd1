"""Agents, teams and queues over HTTP: made, changed, refused; what an agent's key does, and who leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.auth import make_key
from app.leaving import hand_back
from app.people import disable_agent, state_now
from app.worker import SYSTEM
from identity.customers import WorkspaceId
from tests.app.api.asking import PATH, agent, patched, ticket_of
from tests.app.api.conftest import Api
from tests.builders import contact, pushed

AGENTS = "/api/v1/agents"


async def said(
    api: Api, method: str, path: str, caller: str = "", /, expected: int = 200, **body: Any
) -> dict[str, Any]:
    response = await api(method, f"/api/v1/{path}", caller, json=body or None)
    assert response.status_code == expected, response.text
    return response.json()


async def key_of(api: Api, who: str, role: Any = "agent") -> str:
    """A key of an agent."""

    async def work(db: Any) -> str:
        made = await make_key(db, api.mine.id, name="own", role=role, created_by="system", agent=UUID(who), rate=0)
        return made.text

    return await api.database.write(api.mine.id, work)


async def test_agents_are_added_changed_and_listed(api: Api) -> None:
    await said(api, "POST", "teams", key="night", name="Night", expected=201)
    made = await said(api, "POST", "agents", email="Kim@Desk.Example", role="agent", teams=["night"], zone="Asia/Tokyo",
                      expected=201)  # fmt: skip
    assert {name: made[name] for name in ("email", "name", "role", "teams", "state", "zone", "holds")} == {
        "email": "kim@desk.example", "name": "kim", "role": "agent", "teams": ["night"], "state": "offline",
        "zone": "Asia/Tokyo", "holds": 0,
    }  # fmt: skip
    changed = await said(api, "PATCH", f"agents/{made['id']}", name="Kim K.", teams=[], zone=None)
    assert (changed["name"], changed["teams"], changed["zone"], changed["role"]) == ("Kim K.", [], None, "agent")
    lead = await said(api, "POST", "agents", email="lea@desk.example", role="lead", teams=["night"], expected=201)
    assert [one["name"] for one in (await said(api, "GET", "agents"))["items"]] == ["Kim K.", "lea"]
    assert [one["id"] for one in (await said(api, "GET", "agents?team=night"))["items"]] == [lead["id"]]
    first = await said(api, "GET", "agents?limit=1")
    assert [one["name"] for one in (await said(api, "GET", f"agents?limit=1&cursor={first['next']}"))["items"]] == [
        "lea"
    ]
    assert (await said(api, "GET", "agents?disabled=true"))["items"] == []
    for body, field in (
        ({"email": "nobody", "role": "agent"}, "email"),
        ({"email": "a@b.example", "role": "boss"}, "role"),
        ({"email": "a@b.example", "role": "agent", "zone": "Mars"}, "zone"),
        ({"email": "a@b.example", "role": "agent", "name": "\n"}, "name"),
    ):
        assert (await said(api, "POST", "agents", **body, expected=400))["fields"][0]["field"] == field
    again = await said(api, "POST", "agents", email="KIM@desk.example", role="agent", expected=422)
    assert again["fields"][0]["field"] == "email"
    await said(api, "POST", "agents", email="x@desk.example", role="agent", teams=["nobodys"], expected=404)
    hours = {"zone": "Asia/Tokyo", "hours": {"mon": [["09:00", "17:00"]]}}
    await said(api, "PUT", "calendars", version=0, calendars={"office": hours})
    assert (await said(api, "PATCH", f"agents/{lead['id']}", calendar="office"))["calendar"] == "office"
    refused = await said(api, "PATCH", f"agents/{lead['id']}", calendar="nights", expected=422)
    assert refused["fields"][0]["field"] == "calendar"
    assert len((await said(api, "GET", "agents"))["items"]) == 2


async def test_a_state_is_ones_own_and_ends(api: Api) -> None:
    kim, other = await agent(api), await agent(api)
    key = await key_of(api, kim)
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    shown = await said(api, "PUT", "agents/me/state", key, state="away", until=soon)
    assert (shown["id"], shown["state"], datetime.fromisoformat(shown["state_until"])) == (
        kim, "away", datetime.fromisoformat(soon),
    )  # fmt: skip
    assert (await said(api, "GET", "agents/me", key))["state"] == "away"
    await said(api, "PUT", f"agents/{other}/state", key, state="online", expected=403)
    await said(api, "PUT", f"agents/{other}/state", api.mine.keys["lead"], state="online")
    await said(api, "PUT", "agents/me/state", api.mine.keys["agent"], state="online", expected=422)
    for body in (
        {"state": "busy"},
        {"state": "offline", "until": soon},
        {"state": "away", "until": "2020-01-01T00:00Z"},
    ):
        await said(api, "PUT", "agents/me/state", key, **body, expected=400)


@pytest.mark.parametrize(
    ("state", "minutes", "shown"),
    [("away", 5, "away"), ("away", 0, "online"), ("online", -1, "offline"), ("online", None, "online")],
)
def test_a_state_is_told_as_of_now(state: Any, minutes: int | None, shown: str) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    until = None if minutes is None else now + timedelta(minutes=minutes)
    assert state_now(state, until, now) == (shown, until if shown == state else None)


async def test_what_an_agents_key_does_the_agent_did(api: Api) -> None:
    kim = await agent(api)
    made = await said(api, "POST", "keys", role="agent", agent_id=kim, expected=201)
    assert made["agent_id"] == kim
    ticket = (await api.push(kind="message"))["ticket"]
    note = await api("POST", f"{PATH}/{ticket['number']}/notes", made["key"], json={"body": "Hm"})
    assert note.status_code == 201
    items = (await ticket_of(api, ticket["number"]))["timeline"]["items"]
    assert [item["actor"] for item in items if item["body"] == "Hm"] == [f"agent:{kim}"]
    await said(api, "POST", "keys", role="agent", agent_id=str(uuid4()), expected=404)
    await said(api, "PATCH", f"agents/{kim}", disabled=True)
    assert (await api("GET", f"{AGENTS}/me", made["key"])).status_code == 401
    refused = await said(api, "POST", "keys", role="agent", agent_id=kim, expected=422)
    assert refused["fields"][0]["field"] == "agent_id"
    back = await said(api, "PATCH", f"agents/{kim}", disabled=False)
    assert back["disabled_at"] is None
    assert (await api("GET", f"{AGENTS}/me", made["key"])).status_code == 401


async def test_teams_and_queues_are_made_changed_and_dissolved(api: Api) -> None:
    kim, foreign = await agent(api), await agent(api, api.other)
    team = await said(api, "POST", "teams", key="billing", name="Billing", members=[kim], expected=201)
    assert team["members"] == [kim]
    await said(api, "POST", "teams", key="billing", name="Again", expected=422)
    await said(api, "POST", "teams", key="Not a key", name="x", expected=400)
    for nobody in (foreign, str(uuid4()), "no id"):
        await said(api, "PATCH", "teams/billing", members=[kim, nobody], expected=404)
    for key, place in (("refunds", 2), ("invoices", 1)):
        await said(api, "POST", "queues", key=key, name=key.title(), team="billing", place=place, expected=201)
    await said(api, "POST", "queues", key="refunds", name="Again", expected=422)
    await said(api, "POST", "queues", key="other", name="Other", team="nobodys", expected=404)
    assert [one["key"] for one in (await said(api, "GET", "queues"))["items"]] == ["invoices", "refunds"]
    assert (await said(api, "GET", "teams/billing"))["queues"] == ["invoices", "refunds"]
    assert (await said(api, "DELETE", "teams/billing", expected=422))["fields"][0]["field"] == "team"
    for key in ("refunds", "invoices"):
        assert (await said(api, "PATCH", f"queues/{key}", team=None))["team"] is None
    assert (await said(api, "PATCH", "teams/billing", name="Money", members=[]))["name"] == "Money"
    assert (await said(api, "DELETE", "teams/billing"))["key"] == "billing"
    assert (await said(api, "GET", "teams"))["items"] == []
    for path in ("teams/billing", "queues/nobodys", "agents/no-id"):
        await said(api, "GET", path, expected=404)
    assert (await said(api, "GET", "queues", api.other.keys["admin"]))["items"] == []


async def _holding(api: Api, who: str, tickets: int) -> list[str]:
    """Tickets of as many customers, given to an agent."""
    batch = [pushed(kind="message", source_id=f"held-{one}", contact=contact(f"held-{one}")) for one in range(tickets)]
    await api("POST", "/api/v1/interactions/batch", json=batch)
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await api("GET", f"{PATH}?limit=200{cursor and '&cursor='}{cursor}")).json()
        found, cursor = [*found, *(one["id"] for one in page["items"])], page["next"]
    done = await api("POST", f"{PATH}/bulk", json={"tickets": found, "assignee": who})
    assert {one["status"] for one in done.json()["items"]} == {200}
    return found


async def test_who_leaves_hands_back_three_hundred_tickets_with_a_reason(api: Api) -> None:
    kim = await agent(api)
    held = await _holding(api, kim, 300)
    assert (await said(api, "GET", f"agents/{kim}"))["holds"] == 300
    left = await said(api, "PATCH", f"agents/{kim}", disabled=True, reason="Kim moved to Oslo")
    assert (left["handed_back"], left["holds"], left["state"]) == (300, 0, "offline")
    shown = await ticket_of(api, held[0])
    assert shown["assignee"] is None
    told = shown["timeline"]["items"][0]
    assert (told["type"], told["data"]) == (
        "TicketAssigned",
        {"ticket": held[0], "cause": "agent left", "reason": "Kim moved to Oslo"},
    )
    assert (await said(api, "PATCH", f"agents/{kim}", disabled=True))["handed_back"] == 0
    refused = await api("POST", f"{PATH}/bulk", json={"tickets": held[:1], "assignee": kim})
    assert refused.json()["items"][0]["status"] == 422


async def test_the_worker_ends_what_was_cut_short_and_takes_nothing_from_others(api: Api) -> None:
    kim, lea = await agent(api), await agent(api)
    held = await _holding(api, kim, 3)
    workspace = WorkspaceId(api.mine.id)
    await api.database.write(workspace, lambda db: disable_agent(db, workspace, UUID(kim), None))
    await patched(api, held[0], assignee=lea)
    assert await hand_back(api.database, workspace, by=SYSTEM) == 2
    assert await hand_back(api.database, workspace, by=SYSTEM) == 0
    shown = [await ticket_of(api, one) for one in held]
    assert [one["assignee"] for one in shown] == [lea, None, None]
    assert shown[1]["timeline"]["items"][0]["data"]["reason"] == "Kim works here no more"


async def test_nobody_disables_oneself(api: Api) -> None:
    kim = await agent(api)
    key = await key_of(api, kim, "admin")
    refused = await said(api, "PATCH", f"agents/{kim}", key, disabled=True, expected=422)
    assert refused["fields"][0]["field"] == "disabled"
