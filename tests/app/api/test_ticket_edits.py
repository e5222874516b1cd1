"""Editing tickets over HTTP: merged, split, filed and linked, each taken back; old numbers answer throughout."""

from typing import Any
from uuid import uuid4

from tests.app.api.asking import PATH, agent, asks, opened, patched, ticket_of
from tests.app.api.conftest import Api


async def said(api: Api, path: str, status: int = 200, **json: Any) -> dict[str, Any]:
    response = await api("POST", path, json=json)
    assert response.status_code == status, response.text
    return response.json()


async def undone(api: Api, edit: str) -> dict[str, Any]:
    return await said(api, f"/api/v1/edits/{edit}/undo")


async def items_of(api: Api, ticket: Any) -> list[str]:
    items = (await api("GET", f"{PATH}/{ticket}/timeline?kind=message")).json()["items"]
    return [one["event_id"] for one in items]


async def two(api: Api) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two matters of one customer."""
    return await opened(api, subject="Lamp"), await opened(api, minutes=1, subject="Invoice")


async def test_a_merged_ticket_answers_with_the_other_until_it_is_undone(api: Api) -> None:
    lamp, invoice = await two(api)
    await patched(api, invoice["id"], priority="urgent", tags=["paid"])
    made = await said(api, f"{PATH}/{lamp['number']}/merge", other=invoice["number"])
    ticket = made["ticket"]
    assert (ticket["id"], ticket["parts"], ticket["priority"], ticket["tags"]) == (
        lamp["id"], [invoice["id"]], "urgent", ["paid"],
    )  # fmt: skip
    assert len(await items_of(api, lamp["number"])) == 2
    for name in (invoice["id"], invoice["number"]):
        gone = await api("GET", f"{PATH}/{name}")
        assert (gone.status_code, gone.headers["location"]) == (308, f"{PATH}/{lamp['id']}")
    late = await opened(api, minutes=2, subject="Re: invoice", ticket=invoice["number"])
    assert late["id"] == lamp["id"]
    again = await api("POST", f"{PATH}/{lamp['id']}/merge", json={"other": invoice["id"]})
    assert (again.status_code, again.json()["code"]) == (409, "ticket_elsewhere")
    preview = await api("POST", f"/api/v1/edits/{made['edit_id']}/undo?preview=true")
    assert [one["number"] for one in preview.json()["tickets"]["changed"]] == [lamp["number"], invoice["number"]]
    assert (await api("GET", f"{PATH}/{invoice['id']}")).status_code == 308
    done = await undone(api, made["edit_id"])
    assert (done["kind"], done["undoes"], done["tickets"]) == ("merge", made["edit_id"], preview.json()["tickets"])
    back = await ticket_of(api, invoice["number"])
    assert (back["id"], back["items"], back["tags"]) == (invoice["id"], 4, ["paid"])
    assert len(await items_of(api, lamp["number"])) == 1
    twice = await api("POST", f"/api/v1/edits/{made['edit_id']}/undo")
    assert twice.status_code == 409
    edits = (await api("GET", f"{PATH}/{lamp['id']}/edits")).json()["items"]
    assert [(one["kind"], one["undone_by"]) for one in edits] == [("merge", done["event_id"])]


async def test_what_is_split_off_keeps_its_number_for_ever(api: Api) -> None:
    lamp, kim = await asks(api, subject="Lamp"), await agent(api)
    other = await asks(api, minutes=1, subject="Lamp", body="And where is my chair?", conversation="c")
    number = lamp["ticket"]["number"]
    await patched(api, number, assignee=kim, priority="high")
    made = await said(api, f"{PATH}/{number}/split", 201, items=[other["event_id"]], subject="Chair")
    chair = made["ticket"]
    assert {name: chair[name] for name in ("id", "subject", "status", "assignee", "priority", "waiting", "items")} == {
        "id": other["event_id"], "subject": "Chair", "status": "open", "assignee": kim, "priority": "high",
        "waiting": "us", "items": 2,
    }  # fmt: skip
    assert await items_of(api, number) == [lamp["event_id"]]
    follows = await opened(api, minutes=2, subject="Re: lamp", conversation="c")
    assert follows["id"] == chair["id"]
    await undone(api, made["edit_id"])
    gone = await api("GET", f"{PATH}/{chair['number']}")
    assert gone.headers["location"] == f"{PATH}/{lamp['ticket']['id']}"
    assert len(await items_of(api, number)) == 3
    again = await said(api, f"{PATH}/{number}/split", 201, items=[other["event_id"]])
    assert (again["ticket"]["number"], again["ticket"]["subject"]) == (chair["number"], "Lamp")


async def test_an_item_is_moved_and_shared_and_comes_back(api: Api) -> None:
    lamp, invoice = await two(api)
    more = await asks(api, minutes=2, subject="Lamp")
    path = f"{PATH}/{invoice['number']}/items"
    shared = await said(api, path, event=more["event_id"], mode="share")
    item = (await api("GET", f"{PATH}/{lamp['id']}/timeline")).json()["items"][0]
    assert {one["id"] for one in item["tickets"]} == {lamp["id"], invoice["id"]}
    already = await api("POST", path, json={"event": more["event_id"]})
    assert already.status_code == 422
    await undone(api, shared["edit_id"])
    moved = await said(api, path, event=more["event_id"])
    assert moved["ticket"]["items"] == 3
    assert await items_of(api, lamp["number"]) == [lamp["id"]]
    edits = (await api("GET", f"{PATH}/{lamp['number']}/edits")).json()["items"]
    assert [(one["kind"], one["items"]) for one in edits] == [(kind, [more["event_id"]]) for kind in ("share", "move")]
    await undone(api, moved["edit_id"])
    assert await items_of(api, lamp["number"]) == [more["event_id"], lamp["id"]]


async def test_an_item_without_a_ticket_is_filed(api: Api) -> None:
    order = await asks(api, kind="order", direction="internal", subject="Order 7")
    lamp = await opened(api, minutes=1, subject="Lamp")
    assert order["ticket"] is None
    filed = await said(api, f"{PATH}/{lamp['id']}/items", event=order["event_id"])
    assert filed["ticket"]["items"] == 3
    await undone(api, filed["edit_id"])
    assert (await ticket_of(api, lamp["id"]))["items"] == 1


async def test_tickets_are_linked_across_customers(api: Api) -> None:
    ann, ben = await opened(api, "ann"), await opened(api, "ben")
    made = await said(api, f"{PATH}/{ann['number']}/links", 201, other=ben["number"], kind="parent")
    again = await said(api, f"{PATH}/{ann['number']}/links", 201, other=ben["id"], kind="parent")
    turned = await said(api, f"{PATH}/{ben['number']}/links", 201, other=ann["id"], kind="child")
    assert made["edit_id"] == again["edit_id"] == turned["edit_id"]
    for ticket, other, kind in ((ann, ben, "parent"), (ben, ann, "child")):
        (link,) = (await api("GET", f"{PATH}/{ticket['id']}/links")).json()["items"]
        assert (link["id"], link["kind"], link["ticket"]) == (made["edit_id"], kind, other)
    await undone(api, made["edit_id"])
    assert (await api("GET", f"{PATH}/{ann['id']}/links")).json()["items"] == []


async def test_what_cannot_be_says_why_and_changes_nothing(api: Api) -> None:
    ann, ben = await asks(api, "ann"), await asks(api, "ben")
    more = await asks(api, "ann", minutes=1)
    here, before = f"{PATH}/{ann['ticket']['number']}", await api.counts()
    event, foreign = ann["event_id"], ben["event_id"]
    refused: list[tuple[str, Any, int, str | None]] = [
        ("merge", {"other": ben["ticket"]["id"]}, 422, "other"),
        ("merge", {"other": ann["ticket"]["id"]}, 422, "other"),
        ("merge", {"other": str(uuid4())}, 404, None),
        ("merge", {"other": ben["ticket"]["id"], "version": 1}, 412, "version"),
        ("split", {"items": []}, 400, "items"),
        ("split", {"items": [event, event]}, 400, "items"),
        ("split", {"items": [event]}, 422, "items[0]"),
        ("split", {"items": [more["event_id"], foreign]}, 422, "items[1]"),
        ("split", {"items": [more["event_id"]], "subject": " "}, 400, "subject"),
        ("items", {"event": foreign}, 422, "event"),
        ("items", {"event": str(uuid4())}, 404, None),
        ("items", {"event": event, "mode": "copy"}, 400, "mode"),
        ("links", {"other": ann["ticket"]["id"], "kind": "related"}, 422, "other"),
        ("links", {"other": ben["ticket"]["id"], "kind": "twin"}, 400, "kind"),
    ]
    for route, body, status, field in refused:
        response = await api("POST", f"{here}/{route}", json=body)
        assert response.status_code == status, (route, body, response.text)
        assert [one["field"] for one in response.json()["fields"]] == ([field] if field else [])
    await patched(api, ann["ticket"]["id"], status="closed")
    other = await opened(api, "ann", minutes=2, subject="Another")
    ended = await api("POST", f"{here}/merge", json={"other": other["id"]})
    assert (ended.status_code, ended.json()["fields"][0]["field"]) == (422, "other")
    after = await api.counts()
    assert after == before | {name: after[name] for name in after if name.startswith("event of")}


async def test_asked_twice_under_one_key_it_is_one_edit(api: Api) -> None:
    lamp, invoice = await two(api)
    answers = [
        await api("POST", f"{PATH}/{lamp['id']}/merge", headers={"Idempotency-Key": "m"}, json={"other": invoice["id"]})
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len((await api("GET", f"{PATH}/{lamp['id']}/edits")).json()["items"]) == 1


async def test_the_customer_neither_sees_nor_answers_what_is_backstage(api: Api) -> None:
    lamp = await opened(api, subject="Lamp")
    queued = await api("POST", "/api/v1/queues", json={"key": "warehouse", "name": "Warehouse"})
    assert queued.status_code == 201
    made = await said(api, f"{PATH}/{lamp['number']}/backstage", 201, subject="Where is the lamp?", queue="warehouse")
    ours = made["ticket"]
    assert {name: ours[name] for name in ("backstage_of", "subject", "queue", "status", "waiting", "customer_id")} == {
        "backstage_of": lamp["id"], "subject": "Where is the lamp?", "queue": "warehouse", "status": "new",
        "waiting": None, "customer_id": (await ticket_of(api, lamp["id"]))["customer_id"],
    }  # fmt: skip
    (shown,) = (await api("GET", f"{PATH}/{lamp['number']}/backstage")).json()["items"]
    assert shown == {"id": ours["id"], "number": ours["number"], "status": "new"}
    path = f"{PATH}/{ours['number']}"
    assert (await api("POST", f"{path}/replies", json={"body": "Hello"})).status_code == 422
    assert (await api("POST", f"{path}/notes", json={"body": "In aisle 7"})).status_code == 201
    for minutes, words in ((1, {"ticket": ours["number"]}), (2, {"subject": "Re: Where is the lamp?"})):
        assert (await opened(api, minutes=minutes, **words))["id"] != ours["id"]
    message = await asks(api, minutes=3, subject="Lamp")
    assert (await api("POST", f"{path}/items", json={"event": message["event_id"]})).status_code == 422
    for one, other in ((lamp, ours), (ours, lamp)):
        refused = await api("POST", f"{PATH}/{one['id']}/merge", json={"other": other["id"]})
        assert refused.status_code == 422
    assert (await api("POST", f"{path}/backstage", json={"subject": "More"})).status_code == 422
    assert (await patched(api, ours["number"], status="closed"))["status"] == "closed"
    assert (await ticket_of(api, lamp["id"]))["status"] == "new"


async def test_an_erasure_leaves_edits_and_takes_their_words(api: Api) -> None:
    lamp = await asks(api, subject="Lamp")
    other = await asks(api, minutes=1, subject="Lamp", body="And where is my chair?")
    here = f"{PATH}/{lamp['ticket']['number']}"
    chair = (await said(api, f"{here}/split", 201, items=[other["event_id"]], subject="Ann's chair"))["ticket"]
    ours = (await said(api, f"{here}/backstage", 201, subject="Ann wants a chair"))["ticket"]
    task = await said(api, f"{here}/tasks", 201, title="Call Ann")
    await said(api, f"/api/v1/customers/{lamp['customer_id']}/erase")
    for ticket, items in ((chair, 2), (ours, 1)):
        shown = await ticket_of(api, ticket["number"])
        assert (shown["subject"], shown["items"]) == (None, items)
    (left,) = (await api("GET", f"/api/v1/tasks?ticket={lamp['ticket']['id']}")).json()["items"]
    assert (left["id"], left["title"]) == (task["id"], "")
    for path in ("changes", "tickets?status=all", "tasks?state=all", f"customers/{lamp['customer_id']}/timeline"):
        assert "chair" not in (await api("GET", f"/api/v1/{path}")).text.lower()
