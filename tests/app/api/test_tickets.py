"""Tickets over HTTP: their shape and lists, as they are and were, where old ids went, commands that came to nothing."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from app.rebuilding import activate, rebuild_all
from identity.customers import WorkspaceId
from tests.app.api.asking import PATH, agent, asks, joined, opened, patched, soon, ticket_of
from tests.app.api.conftest import Api
from tests.builders import contact
from timeline.tickets.policy import Opens, TicketPolicy

# -- reading ---------------------------------------------------------------------------------------------------------


async def test_a_ticket_has_its_shape_by_id_and_by_number(api: Api) -> None:
    asked = await asks(api, subject="Two left shoes", body="Both of them")
    await asks(api, minutes=1, channel="chat", body="Hello?")
    response = await api("GET", f"{PATH}/{asked['ticket']['id']}")
    ticket = response.json()
    assert set(ticket) == {
        "id", "number", "customer_id", "subject", "status", "priority", "type", "queue", "assignee", "assignee_name",
        "tags", "fields", "sla_due_at",
        "sla", "opened_at", "version", "channel", "channels", "objects", "waiting", "first_reply_at", "last_at",
        "resolved_at", "closed_at", "closes_at", "reopened", "can_reopen_until", "follow_up_of", "parts", "contact_id",
        "items", "could_join", "timeline",
        "waiting_since", "first_customer_at", "last_customer_at", "last_agent_at", "snoozed", "snoozed_until",
        "disposition", "confirmed", "resolves_at", "backstage_of",
    }  # fmt: skip
    assert {name: ticket[name] for name in ("number", "customer_id", "subject", "status", "items", "version")} == {
        "number": asked["ticket"]["number"],
        "customer_id": asked["customer_id"],
        "subject": "Two left shoes",
        "status": "new",
        "items": 2,
        "version": 2,
    }
    assert response.headers["ETag"] == '"2"'
    assert [item["body"] for item in ticket["timeline"]["items"]] == ["Hello?", "Both of them"]
    assert ticket["timeline"]["items"][0]["tickets"] == [asked["ticket"]]
    assert (await ticket_of(api, asked["ticket"]["number"])) == ticket


async def test_what_belongs_to_a_ticket_is_paged_and_filtered(api: Api) -> None:
    ticket = await opened(api)
    for minute in range(1, 7):
        await asks(api, minutes=minute, channel="chat" if minute % 2 else "email")
    path, seen, before = f"{PATH}/{ticket['number']}/timeline", [], ""
    whole = (await api("GET", path)).json()["items"]
    assert len(whole) == 7
    while before is not None:
        page = (await api("GET", f"{path}?limit=3{before and '&before='}{before}")).json()
        seen.extend(page["items"])
        before = page["next"]
    assert seen == whole
    assert len((await api("GET", f"{path}?channel=chat")).json()["items"]) == 3
    assert (await api("GET", f"{path}?kind=order")).json()["items"] == []
    first = (await api("GET", f"{PATH}/{ticket['id']}?limit=2")).json()["timeline"]
    assert first["items"] == whole[:2]
    assert (await api("GET", f"{PATH}/{ticket['id']}?before={first['next']}")).json()["timeline"]["items"] == whole[2:]
    assert (await api("GET", f"{PATH}/{ticket['id']}?kind=order")).json()["fields"][0]["field"] == "kind"


async def test_a_thread_shows_some_tickets_only(api: Api) -> None:
    first = await asks(api, subject="Shoes")
    second = await asks(api, minutes=1, subject="Hats")
    await api.push(contact=contact("ann"))
    theirs, strange = await opened(api, "ben"), (await api.push(api.other.keys["admin"], kind="message"))["ticket"]
    path = f"/api/v1/customers/{first['customer_id']}/timeline"

    async def shown(*names: Any) -> list[str]:
        found = await api("GET", f"{path}?{'&'.join(f'ticket={name}' for name in names)}")
        assert found.status_code == 200, found.text
        return [item["event_id"] for item in found.json()["items"]]

    assert len(await shown()) == 3
    assert await shown(first["ticket"]["id"]) == [first["event_id"]]
    assert await shown(second["ticket"]["number"]) == [second["event_id"]]
    assert await shown(first["ticket"]["id"], second["ticket"]["number"]) == [second["event_id"], first["event_id"]]
    profile = (await api("GET", f"{path.removesuffix('/timeline')}?ticket={first['ticket']['id']}")).json()
    assert [item["event_id"] for item in profile["timeline"]["items"]] == [first["event_id"]]
    assert [one["number"] for one in profile["tickets"]] == [second["ticket"]["number"], first["ticket"]["number"]]
    nobodys = {(await api("GET", f"{path}?ticket={name}")).content for name in (
        theirs["id"], theirs["number"], strange["id"], uuid4(), 10**12, "no-id", "",
    )}  # fmt: skip
    assert nobodys == {(await api("GET", f"/api/v1/customers/{uuid4()}")).content}


async def test_tickets_are_shown_as_they_were(api: Api) -> None:
    asked = await asks(api)
    ticket, path = asked["ticket"], f"/api/v1/customers/{asked['customer_id']}"
    before = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    await patched(api, ticket["id"], status="resolved", tags=["done"])
    then = (await api("GET", f"{path}?as_of={before}")).json()
    assert [(one["id"], one["status"], one["tags"]) for one in then["tickets"]] == [(ticket["id"], "new", [])]
    assert (then["tickets_state"], then["counts"]["tickets"], then["counts"]["tickets_open"]) == ("current", 1, 1)
    assert [item["tickets"][0]["status"] for item in then["timeline"]["items"]] == ["new"]
    now = (await api("GET", path)).json()
    assert (now["tickets"], now["counts"]["tickets"], now["counts"]["tickets_open"]) == ([], 1, 0)
    assert {item["tickets"][0]["status"] for item in now["timeline"]["items"]} == {"resolved"}
    of_ticket = f"{path}/timeline?ticket={ticket['number']}"
    assert len((await api("GET", f"{of_ticket}&as_of={before}")).json()["items"]) == 1
    assert len((await api("GET", of_ticket)).json()["items"]) == 3


async def test_a_thread_too_long_to_fold_for_a_moment_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = await asks(api)
    await asks(api, minutes=1)
    monkeypatch.setattr("timeline.tickets.then.MOST_AT_ONCE", 1)
    path, now = f"/api/v1/customers/{asked['customer_id']}", datetime.now(UTC).isoformat().replace("+00:00", "Z")
    then = (await api("GET", f"{path}?as_of={now}")).json()
    assert (then["tickets_state"], then["tickets"], len(then["timeline"]["items"])) == ("too_many", [], 2)
    refused = await api("GET", f"{path}/timeline?as_of={now}&ticket={asked['ticket']['id']}")
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "ticket")


# -- lists -----------------------------------------------------------------------------------------------------------


async def test_lists_are_filtered_and_or_within_a_filter(api: Api) -> None:
    kim = await agent(api)
    numbers = [(await opened(api, f"k{n}", n, channel="chat" if n % 2 else "email"))["number"] for n in range(6)]
    await patched(api, numbers[0], status="closed")
    await patched(api, numbers[1], status="pending", tags=["VIP"])
    await patched(api, numbers[2], assignee=kim, priority="urgent")
    await api("POST", f"{PATH}/{numbers[3]}/replies", json={"body": "Hello"})
    customer = (await ticket_of(api, numbers[4]))["customer_id"]

    async def listed(query: str) -> list[int]:
        found = await api("GET", f"{PATH}?{query}")
        assert found.status_code == 200, found.text
        return [numbers.index(one["number"]) for one in found.json()["items"]]

    assert sorted(await listed("")) == [1, 2, 3, 4, 5]
    assert sorted(await listed("status=all")) == [0, 1, 2, 3, 4, 5]
    assert sorted(await listed("status=closed&status=new")) == [0, 4, 5]
    assert sorted(await listed("status=pending")) == [1, 3]
    assert await listed(f"assignee={kim}") == [2]
    assert sorted(await listed("assignee=none")) == [1, 3, 4, 5]
    assert sorted(await listed(f"assignee=none&assignee={kim}&status=all")) == [0, 1, 2, 3, 4, 5]
    assert await listed("tag=vip&tag=other") == [1]
    assert await listed("priority=urgent") == [2]
    assert sorted(await listed("channel=chat")) == [1, 3, 5]
    assert await listed("waiting=customer") == [3]
    assert await listed(f"customer={customer}") == [4]
    assert await listed(f"customer={customer}&channel=chat") == []
    assert await listed("sort=opened_at") == [5, 4, 3, 2, 1]
    assert (await listed("sort=opened_at&status=all&limit=2")) == [5, 4]
    assert await listed(f"to={soon(2)[:19]}Z&sort=opened_at") in ([1], [2, 1])


@pytest.mark.parametrize("query", ["", "status=all", "sort=opened_at", "customer={customer}", "assignee=none"])
async def test_pages_show_each_ticket_once(api: Api, query: str) -> None:
    made = [await asks(api, "ann", n, conversation=f"c{n}", subject=f"Matter {n}") for n in range(7)]
    query = query.format(customer=made[0]["customer_id"])
    seen, cursor = [], ""
    while cursor is not None:
        page = (await api("GET", f"{PATH}?{query}&limit=3{cursor and '&cursor='}{cursor}")).json()
        seen.extend(one["number"] for one in page["items"])
        cursor = page["next"]
        assert cursor is None or cursor.replace("-", "").replace("_", "").isalnum()
    assert seen == [one["ticket"]["number"] for one in reversed(made)]
    first = (await api("GET", f"{PATH}?{query}&limit=3")).json()["next"]
    other = await api("GET", f"{PATH}?{query}&priority=low&cursor={first}")
    assert (other.status_code, other.json()["fields"][0]["field"]) == (400, "cursor")


async def test_lists_know_whom_they_are_asked_about(api: Api) -> None:
    ann, ben = await asks(api, "ann"), await asks(api, "ben")
    strange = (await api.push(api.other.keys["admin"], kind="message"))["customer_id"]
    nobodys = [
        *(f"customer={one}" for one in (strange, uuid4(), "no-id")),
        *(f"assignee={one}" for one in (await agent(api, api.other), uuid4(), "no-id")),
    ]
    answers = {(one.status_code, one.content) for one in [await api("GET", f"{PATH}?{query}") for query in nobodys]}
    assert [status for status, _ in answers] == [404]
    await api("POST", f"/api/v1/customers/{ann['customer_id']}/merge", json={"other": ben["customer_id"]})
    found = (await api("GET", f"{PATH}?customer={ben['customer_id']}")).json()["items"]
    assert {one["customer_id"] for one in found} == {ann["customer_id"]}
    assert len(found) == 2
    for query, field in (
        ("status=done", "status"), ("priority=x", "priority"), ("channel=x", "channel"), ("waiting=x", "waiting"),
        ("sort=number", "sort"), ("cursor=x", "cursor"), ("limit=0", "limit"), ("from=x", "from"), ("text=x", "text"),
    ):  # fmt: skip
        refused = await api("GET", f"{PATH}?{query}")
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, field)


# -- where they went -------------------------------------------------------------------------------------------------


async def test_a_ticket_that_was_joined_answers_with_the_path_of_the_other(api: Api) -> None:
    ann, ben, decision = await joined(api)
    stays, went = ann["ticket"], ben["ticket"]
    for name in (went["id"], went["number"], str(went["id"]).upper()):
        for tail in ("", "?limit=1", "/timeline?channel=chat&kind=order&kind=note"):
            moved = await api("GET", f"{PATH}/{name}{tail}")
            assert moved.status_code == 308
            assert moved.headers["Location"] == f"{PATH}/{stays['id']}{tail}"
            assert moved.headers["Cache-Control"] == "no-store"
            assert (await api("GET", f"{PATH}/{name}{tail}", api.other.keys["admin"])).status_code == 404 or (
                name == went["number"]
            )
    assert (await ticket_of(api, stays["number"]))["parts"] == [went["id"]]
    assert len((await ticket_of(api, stays["number"]))["timeline"]["items"]) == 2
    assert [one["number"] for one in (await api("GET", PATH)).json()["items"]] == [stays["number"]]
    for method, tail, body in (("PATCH", "", {"version": 1}), ("POST", "/replies", {"body": "x"})):
        refused = await api(method, f"{PATH}/{went['number']}{tail}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "ticket_elsewhere")
        assert stays["id"] in refused.json()["fields"][0]["words"]
    bulk = await api("POST", f"{PATH}/bulk", json={"tickets": [went["id"], stays["id"]], "priority": "high"})
    assert [one["status"] for one in bulk.json()["items"]] == [409, 200]

    unmerged = await api("POST", f"/api/v1/customers/{ann['customer_id']}/unmerge", json={"decision": decision})
    assert unmerged.status_code == 200
    back = [await ticket_of(api, one["ticket"]["number"]) for one in (ann, ben)]
    assert [(one["id"], one["customer_id"], one["parts"], one["priority"]) for one in back] == [
        (stays["id"], ann["customer_id"], [], "high"),
        (went["id"], ben["customer_id"], [], "normal"),
    ]


async def test_a_ticket_whose_matter_is_part_of_another_answers_with_that(api: Api) -> None:
    ann, ben = await asks(api, "ann"), await asks(api, "ben", 1)
    placed = await api(
        "POST",
        f"/api/v1/customers/{ben['customer_id']}/place",
        json={"event": ben["event_id"], "customer": ann["customer_id"]},
    )
    assert placed.status_code == 200, placed.text
    went = await api("GET", f"{PATH}/{ben['ticket']['number']}/timeline?limit=1")
    assert (went.status_code, went.headers["Location"]) == (308, f"{PATH}/{ann['ticket']['id']}/timeline?limit=1")
    path = f"/api/v1/customers/{ann['customer_id']}/timeline?ticket={ben['ticket']['number']}"
    for items in (
        (await ticket_of(api, ann["ticket"]["number"]))["timeline"]["items"],
        (await api("GET", f"{PATH}/{ann['ticket']['number']}/timeline?channel=email")).json()["items"],
        (await api("GET", path)).json()["items"],
    ):
        assert [item["event_id"] for item in items] == [ben["event_id"], ann["event_id"]]
        assert {item["tickets"][0]["number"] for item in items} == {ann["ticket"]["number"]}


async def test_a_ticket_that_is_none_any_more_answers_with_its_customers_path(api: Api) -> None:
    ann = await asks(api)
    policy = TicketPolicy(name="Calls only", opens=Opens(call=("inbound",)))
    mine = WorkspaceId(api.mine.id)
    await activate(api.database, mine, policy, past=True, actor="agent:x", reason=None)
    await rebuild_all(api.database, mine, lambda _: None)
    for tail in ("", "/timeline?limit=1"):
        went = await api("GET", f"{PATH}/{ann['ticket']['number']}{tail}")
        assert (went.status_code, went.headers["Location"]) == (308, f"/api/v1/customers/{ann['customer_id']}{tail}")
    refused = await api("PATCH", f"{PATH}/{ann['ticket']['id']}", json={"version": 1, "priority": "low"})
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket_elsewhere")
    assert (await api("GET", f"{PATH}/{ann['event_id']}", api.other.keys["admin"])).status_code == 404
    ben = await asks(api, "ben")
    assert ben["ticket"] is None
    assert (await api("GET", f"{PATH}/{ben['event_id']}")).status_code == 404


async def test_commands_that_came_to_nothing_are_listed(api: Api) -> None:
    ann, ben = await asks(api, "ann"), await api.push(contact=contact("ben"))
    merged = await api("POST", f"/api/v1/customers/{ann['customer_id']}/merge", json={"other": ben["customer_id"]})
    await patched(api, ann["ticket"]["id"], status="resolved")
    again = await asks(api, "ben", 5)
    assert again["ticket"] == ann["ticket"] | {"status": "open"}
    await patched(api, ann["ticket"]["id"], status="pending")
    assert (await api("GET", "/api/v1/void-commands")).json() == {"items": [], "next": None}
    await api(
        "POST", f"/api/v1/customers/{ann['customer_id']}/unmerge", json={"decision": merged.json()["decision_id"]}
    )
    assert (await ticket_of(api, ann["ticket"]["id"]))["status"] == "resolved"
    (void,) = (await api("GET", "/api/v1/void-commands?limit=1")).json()["items"]
    assert {name: void[name] for name in ("type", "ticket_id", "ticket_number", "customer_id", "about", "actor")} == {
        "type": "TicketStatusSet",
        "ticket_id": ann["ticket"]["id"],
        "ticket_number": ann["ticket"]["number"],
        "customer_id": ann["customer_id"],
        "about": ann["event_id"],
        "actor": f"key:{api.mine.ids['admin']}",
    }
    assert (void["data"]["status"], void["reason"]) == ("pending", "its ticket is in no state for it here")
    for customer, count in ((ann["customer_id"], 1), (ben["customer_id"], 0)):
        found = (await api("GET", f"/api/v1/void-commands?customer={customer}")).json()["items"]
        assert len(found) == count
    assert (await api("GET", "/api/v1/void-commands", api.other.keys["admin"])).json()["items"] == []
