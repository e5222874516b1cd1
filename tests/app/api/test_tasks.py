"""Tasks, followers and notifications over HTTP: who is meant hears of it, once, and of nothing that they did."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from app.alarms import tell as tell_alarms
from app.db import new_id
from app.leaving import hand_back_tasks
from app.rebuilding import announce_closed
from app.worker import FOLLOWERS, Worker
from identity.customers import WorkspaceId
from tests.app.api.asking import PATH, asks, opened, patched, settled, soon
from tests.app.api.conftest import Api
from timeline.events import Actor
from timeline.telling import tell_due

TASKS = "/api/v1/tasks"
NOTICES = "/api/v1/notifications"


async def hired(api: Api, name: str) -> tuple[str, str]:
    """An agent's id, and a key of the agent's own."""
    made = await api(
        "POST", "/api/v1/agents", json={"email": f"{name.split()[0]}@desk.example", "name": name, "role": "agent"}
    )
    key = await api("POST", "/api/v1/keys", json={"name": name, "role": "agent", "agent_id": made.json()["id"]})
    assert key.status_code == 201, key.text
    return made.json()["id"], key.json()["key"]


async def told(api: Api, key: str, **query: str) -> list[tuple[str, int]]:
    """Why and of which ticket, the newest first, when the follower has read on."""
    await settled(api)
    worker = Worker(api.database, None, None, FOLLOWERS, None)  # type: ignore[arg-type]
    for name, take in FOLLOWERS.items():
        while await worker.move(WorkspaceId(api.mine.id), name, take):
            pass
    listed = await api("GET", NOTICES, key, params=query)
    assert listed.status_code == 200, listed.text
    return [(one["kind"], one["number"]) for one in listed.json()["items"]]


async def until_done(step: Callable[[], Awaitable[int]], wanted: int) -> None:
    async with asyncio.timeout(30):
        done = await step()
        while done < wanted:
            await asyncio.sleep(0.05)
            done += await step()


async def task(api: Api, ticket: Any, key: str = "", **fields: Any) -> dict[str, Any]:
    made = await api("POST", f"{PATH}/{ticket}/tasks", key, json={"title": "Call back", **fields})
    assert made.status_code == 201, made.text
    return made.json()


async def titles(api: Api, key: str, query: str) -> list[str]:
    return [one["title"] for one in (await api("GET", f"{TASKS}?{query}", key)).json()["items"]]


async def test_a_task_is_done_and_is_on_the_ledger(api: Api) -> None:
    (kim, key), ticket = await hired(api, "Kim Lee"), await opened(api)
    made = await task(api, ticket["number"], key, owner="me", due_at=soon(-60))
    assert (made["owner"], made["number"], made["state"], made["created_by"]) == (
        kim, ticket["number"], "open", f"agent:{kim}",
    )  # fmt: skip
    later = await task(api, ticket["number"], title="Later", due_at=soon(600))
    await task(api, ticket["number"], title="Some time")
    assert await titles(api, key, "owner=me") == ["Call back"]
    assert await titles(api, key, "owner=none") == ["Later", "Some time"]
    assert await titles(api, key, "overdue=true") == ["Call back"]
    page = (await api("GET", f"{TASKS}?ticket={ticket['id']}&limit=1")).json()
    rest = (await api("GET", f"{TASKS}?ticket={ticket['id']}&cursor={page['next']}")).json()
    assert [one["title"] for one in (*page["items"], *rest["items"])] == ["Call back", "Later", "Some time"]
    for _ in range(2):
        done = await api("POST", f"{TASKS}/{made['id']}/done", key)
        assert (done.json()["state"], done.json()["done_by"]) == ("done", f"agent:{kim}")
    assert await titles(api, key, "owner=me") == []
    assert await titles(api, key, "state=done") == ["Call back"]
    assert (await api("POST", f"{TASKS}/{made['id']}/reopen", key)).json()["done_at"] is None
    changed = await api("PATCH", f"{TASKS}/{later['id']}", json={"owner": kim, "due_at": None})
    assert (changed.json()["owner"], changed.json()["due_at"]) == (kim, None)
    await settled(api)
    events = (await api("GET", "/api/v1/changes")).json()["items"]
    types = [one["type"] for one in events if one["type"].startswith("Task")]
    assert types == ["TaskAdded", "TaskAdded", "TaskAdded", "TaskDone", "TaskReopened", "TaskChanged"]


async def test_who_is_meant_hears_of_it_once(api: Api) -> None:
    (kim, key), (ada, other), asked = await hired(api, "Kim Lee"), await hired(api, "Ada Byron"), await asks(api)
    ticket, number = asked["ticket"], asked["ticket"]["number"]
    await patched(api, ticket["id"], assignee=kim)
    await task(api, number, owner=kim)
    await api("POST", f"{PATH}/{number}/notes", key, json={"body": "Can you look, @ada? I am @Kim Lee"})
    await api("POST", f"{PATH}/{number}/notes", json={"body": "For kim@desk.example", "mentions": [ada]})
    assert await told(api, key) == [("task", number), ("assigned", number)]
    assert await told(api, other) == [("mentioned", number), ("mentioned", number)]
    assert await told(api, other) == [("mentioned", number), ("mentioned", number)]
    unread = (await api("GET", NOTICES, other)).json()["items"]
    marked = await api("POST", f"{NOTICES}/read", other, json={"ids": [unread[0]["id"]]})
    assert marked.json() == {"read": 1, "unread": 1}
    assert await told(api, other, unread="true") == [("mentioned", number)]
    foreign = await api("POST", f"{NOTICES}/read", key, json={"ids": [unread[0]["id"]]})
    assert foreign.status_code == 404
    assert (await api("POST", f"{NOTICES}/read", other)).json() == {"read": 1, "unread": 0}
    assert (await api("POST", f"{NOTICES}/read", other)).json() == {"read": 0, "unread": 0}


async def test_who_follows_hears_of_what_others_do_also_after_a_merge(api: Api) -> None:
    (kim, key), ticket = await hired(api, "Kim"), await opened(api, subject="Lamp")
    other = await opened(api, minutes=1, subject="Invoice")
    assert await told(api, key) == []
    for _ in range(2):
        following = await api("PUT", f"{PATH}/{other['number']}/followers/me", key)
        assert [one["agent_id"] for one in following.json()["items"]] == [kim]
    await asks(api, minutes=2, subject="Invoice")
    await api("POST", f"{PATH}/{other['number']}/notes", key, json={"body": "Mine"})
    assert await told(api, key) == [("changed", other["number"])]
    await api("POST", f"{PATH}/{ticket['id']}/merge", json={"other": other["id"]})
    await asks(api, minutes=3, subject="Lamp")
    assert await told(api, key) == [("changed", ticket["number"])] * 2 + [("changed", other["number"])]
    gone = await api("DELETE", f"{PATH}/{ticket['number']}/followers/{kim}")
    assert gone.json()["items"] == []
    await asks(api, minutes=4, subject="Lamp")
    assert len(await told(api, key)) == 3


async def test_who_has_a_ticket_hears_of_what_it_waited_for(api: Api) -> None:
    (kim, key), asked = await hired(api, "Kim"), await asks(api, subject="Lamp")
    number = asked["ticket"]["number"]
    await patched(api, number, assignee=kim)
    await asks(api, minutes=1, subject="Lamp")
    await asks(api, minutes=2, subject="Lamp", direction="outbound")
    await patched(api, number, status="resolved")
    await api("POST", f"{PATH}/{number}/confirmation", json={"confirmed": False})
    soonest = (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat()
    assert (await api("POST", f"{PATH}/{number}/snooze", json={"until": soonest})).status_code == 200
    await until_done(lambda: announce_closed(api.database, WorkspaceId(api.mine.id)), 1)
    assert await told(api, key) == [(one, number) for one in ("awake", "rejected", "answered", "assigned")]


async def test_who_has_a_ticket_hears_of_its_promises(api: Api) -> None:
    (kim, key), one = await hired(api, "Kim"), {"seconds": 2, "warn": 1}
    sla = {"policies": [{"key": "all", "targets": {"first_response": one}}]}
    assert (await api("PUT", "/api/v1/sla-policies", json={"version": 0, "sla": sla})).status_code == 200
    ticket = await opened(api)
    await patched(api, ticket["id"], assignee=kim)

    async def alarms() -> int:
        return (await tell_alarms(api.database, WorkspaceId(api.mine.id)))[0]

    await until_done(alarms, 2)
    assert await told(api, key) == [(one, ticket["number"]) for one in ("sla_breached", "sla_warned", "assigned")]


async def test_what_somebody_who_left_was_to_do_is_nobodys(api: Api) -> None:
    (kim, _), ticket = await hired(api, "Kim"), await opened(api)
    made = await task(api, ticket["id"], owner=kim)
    done = await task(api, ticket["id"], owner=kim)
    await api("POST", f"{TASKS}/{done['id']}/done")
    await api("PATCH", f"/api/v1/agents/{kim}", json={"disabled": True, "reason": "moved on"})
    workspace = WorkspaceId(api.mine.id)
    assert [await hand_back_tasks(api.database, workspace, by=Actor("system")) for _ in range(2)] == [1, 0]
    found = (await api("GET", f"{TASKS}?ticket={ticket['id']}&state=all")).json()["items"]
    assert {one["id"]: one["owner"] for one in found} == {made["id"]: None, done["id"]: kim}


async def test_a_task_that_is_due_is_told_once_and_again_at_its_new_time(api: Api) -> None:
    (kim, key), ticket = await hired(api, "Kim"), await opened(api)
    due = await task(api, ticket["id"], key, owner=kim, due_at=soon(0))
    now = datetime.now(UTC)

    async def remind(at: datetime) -> int:
        return await api.database.write(api.mine.id, lambda db: tell_due(db, WorkspaceId(api.mine.id), new_id, at))

    assert [await remind(now) for _ in range(2)] == [1, 0]
    assert await told(api, key) == [("task_due", ticket["number"])]
    await api("PATCH", f"{TASKS}/{due['id']}", key, json={"due_at": (now + timedelta(hours=1)).isoformat()})
    assert [await remind(now + timedelta(hours=hours)) for hours in (0, 2)] == [0, 1]


async def test_what_cannot_be_says_why(api: Api) -> None:
    ticket, kim = await opened(api), (await hired(api, "Kim"))[0]
    path = f"{PATH}/{ticket['number']}/tasks"
    refused: list[tuple[str, str, Any, int, str | None]] = [
        ("POST", path, {"title": " "}, 400, "title"),
        ("POST", path, {"title": "x" * 501}, 400, "title"),
        ("POST", path, {"title": "x", "owner": "me"}, 422, "owner"),
        ("POST", path, {"title": "x", "owner": str(uuid4())}, 404, None),
        ("POST", path, {"title": "x", "due_at": "2026-01-01T00:00:00"}, 400, "due_at"),
        ("GET", f"{TASKS}?state=late", None, 400, "state"),
        ("GET", f"{TASKS}?owner=me", None, 422, "owner"),
        ("GET", NOTICES, None, 422, "agent"),
        ("PUT", f"{PATH}/{ticket['number']}/followers/me", None, 422, "agent"),
        ("POST", f"{PATH}/{ticket['number']}/notes", {"body": "x", "mentions": [str(uuid4())]}, 404, None),
    ]
    for method, where, body, status, field in refused:
        response = await api(method, where, json=body)
        assert response.status_code == status, (where, body, response.text)
        assert [one["field"] for one in response.json()["fields"]] == ([field] if field else []), (where, body)
    assert kim
