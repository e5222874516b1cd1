"""What the desk is asked that cannot be, and what was seen of a ticket whose past was folded again."""

import asyncio
from typing import Any

import pytest

from app.rebuilding import rebuild_all
from identity.customers import WorkspaceId
from tests.app.api.asking import PATH, agent, asks, opened, patched, ticket_of
from tests.app.api.conftest import Api

TOO_FAR = ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2200-01-01T00:00:00", "2301-01-01T00:00:00Z")


def fields_of(response: Any) -> list[str]:
    assert response.status_code == 400, response.text
    return [one["field"] for one in response.json()["fields"]]


@pytest.mark.parametrize("until", TOO_FAR)
async def test_a_time_that_is_none_of_ours_is_refused_by_name(api: Api, until: str) -> None:
    ticket = await opened(api)
    assert fields_of(await api("POST", f"{PATH}/{ticket['id']}/snooze", json={"until": until})) == ["until"]
    state = {"state": "away", "until": until}
    assert fields_of(await api("PUT", f"/api/v1/agents/{await agent(api)}/state", json=state)) == ["until"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["teams", "queues", "views"])
async def test_a_name_with_a_null_is_nobodys(api: Api, method: str, kind: str) -> None:
    nobodys = await api(method, f"/api/v1/{kind}/a%00b", json={} if method == "PATCH" else None)
    assert nobodys.status_code == 404, nobodys.text


async def test_a_channel_of_a_policy_has_a_name(api: Api) -> None:
    policy = {"name": "Chats", "opens_on_escalation": ["a\0b"]}
    assert fields_of(await api("POST", "/api/v1/ticket-policies", json={"policy": policy})) == [
        "policy.opens_on_escalation"
    ]


async def test_a_report_says_which_words_there_are(api: Api) -> None:
    refused = await api("GET", "/api/v1/reports/opened?priority=bogus")
    assert fields_of(refused) == ["priority"]
    assert "urgent" in refused.text
    assert (await api("GET", "/api/v1/reports/opened?agent=xyz")).status_code == 404
    assert (await api("GET", "/api/v1/reports/opened?priority=none&agent=none")).status_code == 200


async def test_the_machines_own_zone_is_no_zone(api: Api) -> None:
    asked = {
        "calendar": {"zone": "localtime", "hours": {"mon": [["09:00", "17:00"]]}},
        "start": "2026-01-05T09:00:00Z",
        "seconds": 60,
    }
    assert fields_of(await api("POST", "/api/v1/calendars/due", json=asked)) == ["calendar.zone"]


async def test_a_version_is_never_shown_of_two_states_though_an_edit_is_undone(api: Api) -> None:
    lamp, item = await opened(api, subject="Lamp"), await asks(api, minutes=1, subject="Lamp")
    if item["ticket"]["id"] != lamp["id"]:
        pytest.fail("both are one matter")
    split = await api("POST", f"{PATH}/{lamp['id']}/split", json={"items": [item["event_id"]]})
    assert split.status_code in (200, 201), split.text
    seen = (await ticket_of(api, lamp["id"]))["version"]
    undone = await api("POST", f"/api/v1/edits/{split.json()['edit_id']}/undo")
    assert undone.status_code == 200
    await patched(api, lamp["id"], status="resolved")
    stale = await api("PATCH", f"{PATH}/{lamp['id']}", json={"status": "closed"}, headers={"If-Match": f'"{seen}"'})
    assert stale.status_code == 412, stale.text


async def test_nor_though_an_unmerge_takes_steps_back(api: Api) -> None:
    ann, ben = await asks(api, "ann", subject="Lamp"), await asks(api, "ben", subject="Sofa")
    merged = await api("POST", f"/api/v1/customers/{ann['customer_id']}/merge", json={"other": ben["customer_id"]})
    ticket = ann["ticket"]["id"]
    joined = await api("POST", f"{PATH}/{ticket}/merge", json={"other": ben["ticket"]["id"]})
    assert joined.status_code in (200, 201), joined.text
    seen = (await ticket_of(api, ticket))["version"]
    gone = {"decision": merged.json()["decision_id"]}
    assert (await api("POST", f"/api/v1/customers/{ann['customer_id']}/unmerge", json=gone)).status_code == 200
    shown = [(await ticket_of(api, ticket))["version"]]
    while shown[-1] < seen + 2:
        shown.append((await patched(api, ticket, tags=[f"t{len(shown)}"]))["version"])
    assert seen not in shown


@pytest.mark.parametrize(
    ("policies", "field"),
    [
        ([{"key": "a", "when": {"queue": ["typo"]}}], "sla.policies[0].when.queue"),
        ([{"key": "a", "when": {"type": ["typo"]}}], "sla.policies[0].when.type"),
        ([{"key": "a", "when": {"fields": {"typo": ["x"]}}}], "sla.policies[0].when.fields"),
        ([{"key": "all"}, {"key": "a", "when": {"tag": ["vip"]}}], "sla.policies[1]"),
    ],
)
async def test_a_policy_that_would_never_apply_is_refused_by_path(api: Api, policies: list[Any], field: str) -> None:
    version = (await api("GET", "/api/v1/sla-policies")).json()["version"]
    promised = [{**one, "targets": {"resolution": {"seconds": 60}}} for one in policies]
    refused = await api("PUT", "/api/v1/sla-policies", json={"version": version, "sla": {"policies": promised}})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, field), refused.text


async def test_a_ticket_is_not_above_itself(api: Api) -> None:
    first, second, third = [(await opened(api, who, subject=who))["id"] for who in ("ann", "ben", "eve")]
    for child, parent in ((first, second), (second, third)):
        linked = await api("POST", f"{PATH}/{child}/links", json={"other": parent, "kind": "parent"})
        assert linked.status_code == 201, linked.text
    for ticket, other, kind in ((second, first, "parent"), (third, first, "parent"), (first, third, "child")):
        refused = await api("POST", f"{PATH}/{ticket}/links", json={"other": other, "kind": kind})
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "other"), refused.text


async def test_what_is_asked_for_elsewhere_is_not_taken_away(api: Api) -> None:
    await api("POST", "/api/v1/queues", json={"key": "vip", "name": "VIP"})
    hours = {"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}
    version = (await api("PUT", "/api/v1/calendars", json={"version": 0, "calendars": {"office": hours}})).json()
    promised = {"policies": [{"key": "a", "when": {"queue": ["vip"]}, "targets": {"resolution": {"seconds": 60}}}]}
    put = await api("PUT", "/api/v1/sla-policies", json={"version": version["version"], "sla": promised})
    assert put.status_code == 200, put.text
    kept = await api("DELETE", "/api/v1/queues/vip")
    assert (kept.status_code, kept.json()["fields"][0]["field"]) == (422, "queue")
    assert (await api("PATCH", f"/api/v1/agents/{await agent(api)}", json={"calendar": "office"})).status_code == 200
    none = await api("PUT", "/api/v1/calendars", json={"version": put.json()["version"], "calendars": {}})
    assert (none.status_code, none.json()["fields"][0]["field"]) == (422, "calendars.office")
    routing = {"version": put.json()["version"], "rules": [{"type": "nosuch", "queue": "vip"}]}
    unknown = await api("PUT", "/api/v1/routing", json=routing)
    assert (unknown.status_code, unknown.json()["fields"][0]["field"]) == (422, "rules[0].type")


PROMISES = {"first_response": {"seconds": 600}, "next_response": {"seconds": 300}, "resolution": {"seconds": 900}}


def running(ticket: Any) -> list[tuple[str, str, str]]:
    return [(one["target"], one["state"], one["started_by"]) for one in ticket["sla"]]


async def test_what_is_split_off_unanswered_is_promised_an_answer(api: Api) -> None:
    sla = {"policies": [{"key": "all", "targets": PROMISES}]}
    assert (await api("PUT", "/api/v1/sla-policies", json={"version": 0, "sla": sla})).status_code == 200
    lamp, more = await asks(api, subject="Lamp"), await asks(api, minutes=1, subject="Lamp")
    path = f"{PATH}/{lamp['ticket']['id']}"
    split = await api("POST", f"{path}/split", json={"items": [more["event_id"]]})
    off = await ticket_of(api, more["event_id"])
    opening = more["event_id"]
    assert running(off) == [("first_response", "running", opening), ("resolution", "running", opening)]
    assert [one[2] for one in running(await ticket_of(api, lamp["ticket"]["id"]))] == [lamp["event_id"]] * 2
    assert (await api("POST", f"{PATH}/{off['id']}/replies", json={"body": "Soon"})).status_code == 201
    assert running(await ticket_of(api, off["id"]))[0][1] == "met"
    assert (await rebuild_all(api.database, WorkspaceId(api.mine.id), lambda _: None)).rows == 0
    assert (await api("POST", f"/api/v1/edits/{split.json()['edit_id']}/undo")).status_code == 200
    assert [one[2] for one in running(await ticket_of(api, lamp["ticket"]["id"]))] == [lamp["event_id"]] * 2


async def test_a_chat_that_becomes_a_ticket_is_promised_an_answer(api: Api) -> None:
    policy = {"name": "Chats are talk", "opens_on_escalation": ["chat"]}
    assert (await api("POST", "/api/v1/ticket-policies", json={"policy": policy})).status_code == 201
    sla = {"policies": [{"key": "all", "targets": PROMISES}]}
    version = (await api("GET", "/api/v1/sla-policies")).json()["version"]
    assert (await api("PUT", "/api/v1/sla-policies", json={"version": version, "sla": sla})).status_code == 200
    said = [await asks(api, minutes=at, channel="chat", conversation="c1") for at in (0, 2)]
    escalated = f"/api/v1/customers/{said[0]['customer_id']}/escalate"
    ticket = (await api("POST", escalated, json={"event": said[0]["event_id"]})).json()
    opening = said[0]["event_id"]
    assert running(ticket) == [("first_response", "running", opening), ("resolution", "running", opening)]
    assert (await rebuild_all(api.database, WorkspaceId(api.mine.id), lambda _: None)).rows == 0


async def test_two_who_put_somebody_into_a_team_do_not_undo_each_other(api: Api) -> None:
    one, two, gone = [await agent(api) for _ in range(3)]
    await api("POST", "/api/v1/teams", json={"key": "mail", "name": "Mail", "members": [gone]})

    async def change(**members: list[str]) -> Any:
        return await api("PATCH", "/api/v1/teams/mail", json={"members": members})

    done = await asyncio.gather(change(add=[one]), change(add=[two]), change(remove=[gone]))
    assert [response.status_code for response in done] == [200] * 3
    assert {*(await api("GET", "/api/v1/teams/mail")).json()["members"]} == {one, two}
    assert (await change(add=["nobodys"])).status_code == 404
