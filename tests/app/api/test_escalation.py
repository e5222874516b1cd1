"""A chat stays a chat where the policy says so, and is a ticket once somebody makes it one."""

from typing import Any

from app.rebuilding import rebuild_all
from identity.customers import WorkspaceId
from tests.app.api.asking import PATH, asks
from tests.app.api.conftest import Api

POLICY = {"name": "Chats are talk", "opens_on_escalation": ["chat"]}


async def chats(api: Api, minutes: int, **fields: Any) -> dict[str, Any]:
    return await asks(api, minutes=minutes, channel="chat", conversation="c1", **fields)


async def test_a_chat_becomes_a_ticket_with_all_that_was_said(api: Api) -> None:
    assert (await api("POST", "/api/v1/ticket-policies", json={"policy": POLICY})).status_code == 201
    mail = await asks(api, subject="Shoes")
    hello = await chats(api, 1, body="Hello?")
    await chats(api, 2, body="Your lamp is broken", direction="outbound")
    more = await chats(api, 3, body="Here is the order")
    assert [one["ticket"] for one in (hello, more)] == [None, None]
    path = f"/api/v1/customers/{mail['customer_id']}/escalate"
    made = await api("POST", path, json={"event": more["event_id"]})
    assert made.status_code == 201, made.text
    ticket = made.json()
    assert (ticket["id"], ticket["subject"], ticket["waiting"]) == (hello["event_id"], "Hello?", "us")
    assert (ticket["number"], ticket["channels"], ticket["status"]) == (mail["ticket"]["number"] + 1, ["chat"], "new")
    assert ticket["first_reply_at"] is not None
    told = (await api("GET", f"{PATH}/{ticket['id']}/timeline?kind=message")).json()["items"]
    assert [one["body"] for one in told] == ["Here is the order", "Your lamp is broken", "Hello?"]
    later = await chats(api, 4, body="Are you there?")
    assert later["ticket"]["id"] == ticket["id"]
    again = await api("POST", path, json={"event": hello["event_id"]})
    assert (again.status_code, again.json()["fields"][0]["field"]) == (422, "event")
    assert (await rebuild_all(api.database, WorkspaceId(api.mine.id), lambda _: None)).rows == 0


async def test_only_the_desk_escalates_and_only_its_own(api: Api) -> None:
    await api("POST", "/api/v1/ticket-policies", json={"policy": POLICY})
    one, two = await chats(api, 1), await asks(api, "ben", minutes=2)
    path = f"/api/v1/customers/{one['customer_id']}/escalate"
    for key, event, status in (
        (api.mine.keys["auditor"], one["event_id"], 403),
        (api.other.keys["admin"], one["event_id"], 404),
        ("", two["event_id"], 404),
        ("", "nobody's", 404),
    ):
        assert (await api("POST", path, key, json={"event": event})).status_code == status
    said = {"Idempotency-Key": "k"}
    first = await api("POST", path, json={"event": one["event_id"]}, headers=said)
    assert (await api("POST", path, json={"event": one["event_id"]}, headers=said)).json() == first.json()
