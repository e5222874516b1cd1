"""Ticket types over HTTP: set up by leads, filled in by agents, and every mistake named by its path."""

from typing import Any

import pytest

from tests.app.api.asking import PATH, opened, patched, ticket_of
from tests.app.api.conftest import Api

TYPES = "/api/v1/ticket-types"
RETURN = {
    "key": "return",
    "name": "Return",
    "fields": [
        {"key": "order_total", "name": "Order total", "kind": "number"},
        {"key": "reason", "name": "Reason", "kind": "choice", "options": ["broken", "late"], "required": "at_close"},
    ],
}
DESK: dict[str, Any] = {"types": [RETURN]}


async def set_up(api: Api, **desk: Any) -> dict[str, Any]:
    seen = (await api("GET", TYPES)).headers["ETag"]
    put = await api("PUT", TYPES, json=desk or DESK, headers={"If-Match": seen})
    assert put.status_code == 200, put.text
    return put.json()


async def test_types_are_replaced_by_who_saw_the_latest(api: Api) -> None:
    assert (await api("GET", TYPES)).json()["types"] == []
    assert (await api("PUT", TYPES, json=DESK)).status_code == 428
    made = await api("PUT", TYPES, json=DESK, headers={"If-Match": '"0"'})
    assert (made.status_code, made.json()["version"], made.headers["ETag"]) == (200, 1, '"1"')
    assert made.json()["types"][0]["fields"][0] == {"key": "order_total", "name": "Order total", "kind": "number"}
    again = await api("PUT", TYPES, json=DESK, headers={"If-Match": '"0"'})
    assert again.json() == made.json()
    stale = await api("PUT", TYPES, json={"version": 0})
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"1"')
    assert (await api("GET", TYPES, api.mine.keys["auditor"])).json() == made.json()
    assert (await api("GET", TYPES, api.other.keys["admin"])).json()["types"] == []
    for role in ("integration", "agent", "auditor"):
        assert (await api("PUT", TYPES, api.mine.keys[role], json=DESK)).status_code == 403


@pytest.mark.parametrize(
    ("desk", "field"),
    [
        ({"types": [{"key": "Return", "name": "Return"}]}, "types[0].key"),
        ({"types": [{"key": "a", "name": "A", "fields": [{"key": "x", "name": "X", "kind": "money"}]}]},
         "types[0].fields[0].kind"),
        ({"types": [], "colours": []}, "colours"),
        ({"disposition_required": True}, "disposition_required"),
    ],
)  # fmt: skip
async def test_a_typo_in_what_is_set_up_is_named(api: Api, desk: dict[str, Any], field: str) -> None:
    refused = await api("PUT", TYPES, json={"version": 0, **desk})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, field)
    assert (await api("GET", TYPES)).json()["version"] == 0


async def test_a_ticket_gets_a_type_its_fields_and_a_queue(api: Api) -> None:
    await set_up(api)
    assert (await api("POST", "/api/v1/queues", json={"key": "returns", "name": "Returns"})).status_code == 201
    ticket = await ticket_of(api, (await opened(api))["id"])
    assert (ticket["type"], ticket["fields"], ticket["queue"]) == (None, {}, None)
    filled = await patched(
        api, ticket["id"], type="return", fields={"order_total": 12.5, "reason": "late"}, queue="returns"
    )
    assert (filled["type"], filled["queue"], filled["version"]) == ("return", "returns", 4)
    assert filled["fields"] == {"order_total": 12.5, "reason": "late"}
    same = await patched(api, ticket["id"], type="return", fields={"order_total": 12.5}, queue="returns")
    assert same["version"] == filled["version"]
    less = await patched(api, ticket["id"], fields={"reason": None}, queue=None, type=None)
    assert (less["fields"], less["queue"], less["type"]) == ({"order_total": 12.5}, None, None)
    assert (await patched(api, ticket["id"], fields={"order_total": None}))["fields"] == {}
    events = (await api("GET", f"{PATH}/{ticket['id']}/timeline?kind=change")).json()["items"]
    assert {one["type"] for one in events} == {"TicketTyped", "TicketFieldsSet", "TicketQueued"}


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"type": "bill"}, 422, "type"),
        ({"fields": {"order_total": "12"}}, 422, "fields.order_total"),
        ({"fields": {"reason": "lost"}}, 422, "fields.reason"),
        ({"fields": {"colour": "red"}}, 422, "fields.colour"),
        ({"fields": [1]}, 400, "fields"),
        ({"queue": "Two words"}, 400, "queue"),
        ({"tags": ["x" * 10_000]}, 400, "tags"),
    ],
)
async def test_what_does_not_fit_is_named_and_nothing_is_done(
    api: Api, asked: dict[str, Any], status: int, field: str
) -> None:
    await set_up(api)
    ticket = await opened(api)
    await patched(api, ticket["id"], type="return")
    before = await api.counts()
    refused = await api("PATCH", f"{PATH}/{ticket['id']}", json={"version": 2, "priority": "high", **asked})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (status, field)
    assert await api.counts() == before
