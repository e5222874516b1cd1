"""What is asked of tickets over HTTP: by whom, what comes of it, who comes too late, many at once."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.app.api.asking import PATH, agent, asks, opened, patched, soon, ticket_of
from tests.app.api.conftest import Api
from tests.builders import contact

WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "/{ticket}", {"version": 1, "priority": "high"}),
    ("POST", "/{ticket}/replies", {"body": "Hello"}),
    ("POST", "/{ticket}/notes", {"body": "Hm"}),
    ("POST", "/bulk", {"tickets": ["{ticket}"], "priority": "high"}),
]


# -- asking something of one -----------------------------------------------------------------------------------------


async def test_a_change_is_events_with_actor_about_and_cause(api: Api) -> None:
    asked, kim = await asks(api), await agent(api)
    path = f"{PATH}/{asked['ticket']['number']}"
    changed = await api(
        "PATCH",
        path,
        headers={"If-Match": '"1"'},
        json={"status": "pending", "assignee": kim, "priority": "high", "subject": "Shoes", "tags": ["b", "A", "a"]},
    )
    ticket = changed.json()
    assert {name: ticket[name] for name in ("status", "assignee", "priority", "subject", "tags", "version")} == {
        "status": "pending", "assignee": kim, "priority": "high", "subject": "Shoes", "tags": ["a", "b"], "version": 6,
    }  # fmt: skip
    assert changed.headers["ETag"] == '"6"'
    events = (await api("GET", f"{path}/timeline?kind=change")).json()["items"]
    assert [one["type"] for one in reversed(events)] == [
        "TicketRenamed", "TicketPrioritised", "TicketTagged", "TicketAssigned", "TicketStatusSet",
    ]  # fmt: skip
    assert {one["actor"] for one in events} == {f"key:{api.mine.ids['admin']}"}
    assert {one["data"]["cause"] for one in events} == {"api"}
    more = await patched(api, asked["ticket"]["id"], tags={"add": ["c"], "remove": ["a"]}, assignee=None, subject=None)
    assert (more["tags"], more["assignee"], more["subject"]) == (["b", "c"], None, None)
    same = await patched(api, asked["ticket"]["id"], tags=["c", "b"], status="pending")
    assert same["version"] == more["version"]


async def test_whoever_did_not_see_the_latest_is_refused(api: Api) -> None:
    ticket = await opened(api)
    path, before = f"{PATH}/{ticket['id']}", await api.counts()
    unsaid = await api("PATCH", path, json={"priority": "high"})
    assert (unsaid.status_code, unsaid.json()["code"]) == (428, "version_required")
    for json, headers in (({"version": 2}, {}), ({}, {"If-Match": '"0"'})):
        stale = await api("PATCH", path, json={"priority": "high", **json}, headers=headers)
        assert (stale.status_code, stale.json()["code"]) == (412, "stale")
        assert stale.headers["ETag"] == '"1"'
    for headers, field in (
        ({"If-Match": "1"}, "If-Match"),
        ({"If-Match": "*"}, "If-Match"),
        ({"If-Match": '"2"'}, "version"),
    ):
        confused = await api("PATCH", path, json={"priority": "high", "version": 1}, headers=headers)
        assert (confused.status_code, confused.json()["fields"][0]["field"]) == (400, field)
    for verb in ("replies", "notes"):
        assert (await api("POST", f"{path}/{verb}", json={"body": "x", "version": 9})).status_code == 412
    assert await api.counts() == before
    assert (await api("PATCH", path, json={"priority": "high"}, headers={"If-Match": '"1"'})).status_code == 200
    assert (await api("PATCH", path, json={"priority": "low"}, headers={"If-Match": '"1"'})).status_code == 412


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"status": "done"}, 400, "status"),
        ({"status": None}, 400, "status"),
        ({"state": "open"}, 400, "state"),
        ({"tags": ["x" * 51]}, 400, "tags"),
        ({"subject": " "}, 400, "subject"),
        ({"priority": "high", "version": "1"}, 400, "version"),
        ({"priority": "high", "status": "new"}, 422, "status"),
    ],
)
async def test_what_may_not_be_is_named_and_nothing_is_done(
    api: Api, asked: dict[str, Any], status: int, field: str
) -> None:
    ticket = await opened(api)
    await patched(api, ticket["id"], status="open")
    before = await api.counts()
    refused = await api("PATCH", f"{PATH}/{ticket['id']}", json={"version": 2, **asked})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (status, field)
    assert await api.counts() == before


async def test_nobody_elses_agent_gets_a_ticket(api: Api) -> None:
    ticket, before = await opened(api), await api.counts()
    for assignee in (await agent(api, api.other), str(uuid4()), "no-id"):
        for method, path, more in (("PATCH", f"/{ticket['id']}", {"version": 1}), ("POST", "/bulk", {"tickets": [1]})):
            refused = await api(method, f"{PATH}{path}", json={"assignee": assignee, **more})
            assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert {name: count - before[name] for name, count in (await api.counts()).items() if count != before[name]} == {}


async def test_a_reply_resolves_where_it_is_asked_to(api: Api) -> None:
    asked = await asks(api)
    path = f"{PATH}/{asked['ticket']['number']}"
    replied = await api("POST", f"{path}/replies", json={"body": "Sent again", "status": "resolved", "version": 1})
    said = replied.json()
    assert replied.status_code == 201
    assert said["ticket"]["status"] == "resolved"
    assert replied.headers["ETag"] == f'"{said["ticket"]["version"]}"'
    assert said["events"][0] == said["event_id"]
    items = (await api("GET", f"{path}/timeline")).json()["items"]
    assert [one["event_id"] for one in reversed(items)] == [asked["event_id"], *said["events"]]
    message = items[1]
    assert (message["kind"], message["direction"], message["channel"], message["body"]) == (
        "message", "outbound", "email", "Sent again",
    )  # fmt: skip
    noted = await api("POST", f"{path}/notes", json={"body": "was angry", "about": asked["event_id"]})
    assert (noted.status_code, len(noted.json()["events"])) == (201, 1)
    assert noted.json()["ticket"]["status"] == "resolved"
    note = (await api("GET", f"{path}/timeline?kind=note")).json()["items"][0]
    assert (note["kind"], note["direction"], note["body"]) == ("note", "internal", "was angry")


async def test_of_many_at_once_one_is_first(api: Api) -> None:
    ticket = await opened(api)
    path = f"{PATH}/{ticket['id']}"
    changes = [api("PATCH", path, json={"version": 1, "subject": f"Matter {n}"}) for n in range(12)]
    assert sorted(done.status_code for done in await asyncio.gather(*changes)) == [200, *[412] * 11]
    same: Any = {"json": {"body": "Hello"}, "headers": {"Idempotency-Key": "k"}}
    replies = await asyncio.gather(*(api("POST", f"{path}/replies", **same) for _ in range(12)))
    assert {done.status_code for done in replies} == {201}
    assert len({done.json()["event_id"] for done in replies}) == 1
    assert (await ticket_of(api, ticket["id"]))["items"] == 3


@pytest.mark.parametrize("who", [None, {}, {"key": "a"}, {"key": "a", "identifiers": None}, {"key": "a", "name": ""}])
async def test_whoever_told_nothing_of_themselves_is_answered_too(api: Api, who: Any) -> None:
    said = {} if who is None else {"contact": who}
    ticket = (await api.push(kind="message", occurred_at=soon(0), **said))["ticket"]
    for verb in ("replies", "notes"):
        done = await api("POST", f"{PATH}/{ticket['id']}/{verb}", json={"body": "Hello"})
        assert done.status_code == 201, done.text


async def test_what_is_said_is_said_once_and_of_this_ticket(api: Api) -> None:
    ticket, other = await opened(api), await asks(api, "ben")
    path = f"{PATH}/{ticket['id']}/replies"
    twice = [await api("POST", path, json={"body": "Hello"}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert twice[0].json() == twice[1].json()
    assert (await ticket_of(api, ticket["id"]))["items"] == 2
    before = await api.counts()
    elsewhere = await api("POST", path, json={"body": "Hello", "about": other["event_id"]})
    assert (elsewhere.status_code, elsewhere.json()["fields"][0]["field"]) == (422, "about")
    for about in (str(uuid4()), "no-id", (await api.push(api.other.keys["admin"]))["event_id"]):
        assert (await api("POST", path, json={"body": "Hello", "about": about})).status_code == 404
    for body in ("", " ", "x" * 100_001, "a\x00b"):
        refused = await api("POST", path, json={"body": body})
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, "body")
    refused = await api("POST", path, json={"body": "Bye", "status": "new"})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "status")
    mine = f"event of {api.mine.id}"
    assert (await api.counts())[mine] == before[mine]


async def test_only_the_desk_asks_and_every_role_reads(api: Api) -> None:
    ticket, before = await opened(api), await api.counts()
    for role in ("integration", "auditor"):
        for method, path, body in WRITES:
            refused = await api(method, f"{PATH}{path.format(ticket=ticket['id'])}", api.mine.keys[role], json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert await api.counts() == before
    for role in api.mine.keys:
        for path in (PATH, f"{PATH}/{ticket['id']}", f"{PATH}/{ticket['number']}/timeline", "/api/v1/void-commands"):
            assert (await api("GET", path, api.mine.keys[role])).status_code == 200
    for role in ("agent", "lead"):
        changed = await api("PATCH", f"{PATH}/{ticket['id']}", api.mine.keys[role], json={"version": 1})
        assert changed.status_code == 200


async def test_nothing_is_asked_of_tickets_that_are_folded_again(api: Api) -> None:
    asked = await asks(api)

    async def work(db: Any) -> None:
        await db.execute(
            "INSERT INTO ticket_deriving (workspace_id, home_id, asked_at) VALUES ($1, $2, now())",
            api.mine.id,
            asked["customer_id"],
        )

    await api.database.write(api.mine.id, work)
    refused = await api("PATCH", f"{PATH}/{asked['ticket']['id']}", json={"version": 1, "priority": "low"})
    assert (refused.status_code, refused.json()["code"]) == (409, "still_deriving")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await api("GET", f"/api/v1/customers/{asked['customer_id']}")).json()["tickets_state"] == "deriving"


# -- many at once ----------------------------------------------------------------------------------------------------


async def test_many_change_alike_and_each_says_how_it_went(api: Api) -> None:
    tickets = [await opened(api, f"k{n}") for n in range(5)]
    await patched(api, tickets[1]["id"], status="closed")
    await patched(api, tickets[2]["id"], priority="low")
    named = [
        tickets[0]["id"],
        tickets[1]["number"],
        {"ticket": tickets[2]["id"], "version": 1},
        str(tickets[3]["number"]),
    ]
    asked = {"tickets": [*named, {"ticket": tickets[4]["number"], "version": 1}], "status": "pending", "tags": ["x"]}
    done = await api("POST", f"{PATH}/bulk", json=asked, headers={"Idempotency-Key": "k"})
    assert done.status_code == 200, done.text
    items = done.json()["items"]
    assert [(one["index"], one["status"], one["number"]) for one in items] == [
        (n, status, tickets[n]["number"]) for n, status in enumerate((200, 422, 412, 200, 200))
    ]
    assert [one["error"]["code"] for one in items if "error" in one] == ["impossible", "stale"]
    assert [len(one["events"]) for one in items if "events" in one] == [2, 2, 2]
    shown = [await ticket_of(api, one["id"]) for one in tickets]
    assert [(one["status"], one["tags"]) for one in shown] == [
        ("pending", ["x"]), ("closed", []), ("new", []), ("pending", ["x"]), ("pending", ["x"]),
    ]  # fmt: skip
    again = await api("POST", f"{PATH}/bulk", json=asked, headers={"Idempotency-Key": "k"})
    assert again.content == done.content
    once_more = await api("POST", f"{PATH}/bulk", json={"tickets": [tickets[0]["id"]], "status": "pending"})
    assert once_more.json()["items"][0]["events"] == []


async def test_a_bulk_change_with_somebody_elses_ticket_is_refused_whole(api: Api) -> None:
    mine = [(await opened(api, f"k{n}"))["id"] for n in range(3)]
    theirs = (await api.push(api.other.keys["admin"], kind="message"))["ticket"]["id"]
    before = await api.counts()
    answers = set()
    for nobodys in (theirs, str(uuid4()), "no-id", 10**12, -1, {"ticket": theirs, "version": 1}):
        refused = await api("POST", f"{PATH}/bulk", json={"tickets": [*mine, nobodys], "status": "pending"})
        answers.add((refused.status_code, refused.content))
    assert [status for status, _ in answers] == [404]
    twice = await api("POST", f"{PATH}/bulk", json={"tickets": [*mine, mine[1]], "status": "pending"})
    assert (twice.status_code, twice.json()["fields"][0]["field"]) == (400, "tickets[3]")
    for tickets, status in (([], 400), ([mine[0]] * 501, 413)):
        assert (await api("POST", f"{PATH}/bulk", json={"tickets": tickets, "status": "open"})).status_code == status
    assert await api.counts() == before


async def test_five_hundred_change_in_one_request(api: Api) -> None:
    items = [
        {
            "source": "shop",
            "source_id": f"m{n}",
            "kind": "message",
            "channel": "email",
            "direction": "inbound",
            "occurred_at": soon(0),
            "contact": contact(f"k{n}"),
        }
        for n in range(500)
    ]
    pushed = (await api("POST", "/api/v1/interactions/batch", json=items)).json()["items"]
    tickets = [one["ticket"]["id"] for one in pushed]
    done = await api("POST", f"{PATH}/bulk", json={"tickets": tickets, "status": "resolved", "tags": {"add": ["x"]}})
    assert [(one["id"], one["status"]) for one in done.json()["items"]] == [(ticket, 200) for ticket in tickets]
    assert len((await api("GET", f"{PATH}?status=resolved&tag=x&limit=200")).json()["items"]) == 200
    assert (await api("GET", PATH)).json()["items"] == []
