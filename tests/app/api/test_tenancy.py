"""Every route, asked by whoever may not: the table below fails when a route is missing from it."""

from uuid import uuid4

import msgspec
import pytest

from app.access import RIGHTS
from app.main import all_routes
from tests.app.api.cases import CASES, Things, make_things, nobodys
from tests.app.api.conftest import Api, make_tenant

KEYLESS = {
    "GET /api/v1/confirmations/{token}",
    "GET /api/v1/file-links/{link}",
    "POST /api/v1/confirmations/{token}",
    "POST /api/v1/hooks/{account}",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /schema",
    "GET /schema/openapi.json",
}
ROUTES = {f"{one.method} {one.path}": one for one in all_routes()}


def test_every_route_is_in_the_table() -> None:
    assert set(ROUTES) == set(CASES) | KEYLESS
    assert {name for name, one in ROUTES.items() if one.right is None} == KEYLESS


def test_rights_are_as_the_design_says() -> None:
    everything = {right for rights in RIGHTS.values() for right in rights}
    assert RIGHTS["admin"] == everything
    assert RIGHTS["integration"] == {"push", "read"}
    assert RIGHTS["agent"] == RIGHTS["integration"] | {"desk", "notes.read", "suggestions.read", "suggestions.decide"}
    assert all(right == "read" or right.endswith(".read") for right in RIGHTS["auditor"])


async def test_foreign_things_are_nobodys_by_any_verb(api: Api) -> None:
    mine, theirs = await make_things(api, api.mine), await make_things(api, api.other)
    before = await api.counts()
    for name, case in CASES.items():
        if not case.names:
            continue
        method = name.split()[0]
        mixed = [theirs, nobodys()]
        if case.body(mine) is not None:
            own = msgspec.structs.asdict(mine)
            foreign = msgspec.structs.asdict(theirs)
            for field in ("other_customer", "decision", "event", "other_contact", "contact", "ticket", "agent"):
                mixed.append(Things(**{**own, field: foreign[field]}))
                mixed.append(Things(**{**own, field: str(uuid4())}))
                mixed.append(Things(**{**own, field: "no id"}))
        asked = [
            (case.path(things), case.body(things))
            for things in mixed
            if (case.path(things), case.body(things)) != (case.path(mine), case.body(mine))
        ]
        asked.append(
            (case.path(mine).replace(mine.customer, "no-id"), case.body(mine))
            if mine.customer in case.path(mine)
            else asked[0]
        )
        answers = set()
        for number, (path, body) in enumerate(asked):
            said = {"Idempotency-Key": f"{name} {number}"} if method != "GET" else {}
            for headers in ({}, said, said):
                response = await api(method, path, json=body, headers=headers)
                answers.add((response.status_code, response.content))
        assert len(answers) == 1, (name, answers)
        assert answers.pop()[0] == 404, name
    assert await api.counts() == before


async def test_without_the_right_nothing_is_done(api: Api) -> None:
    mine = await make_things(api, api.mine)
    before = await api.counts()
    for name, case in CASES.items():
        method, right = name.split()[0], ROUTES[name].right
        for role, rights in RIGHTS.items():
            if right in rights:
                continue
            for headers in ({}, {"Idempotency-Key": "x"}, {"Idempotency-Key": "x"}):
                response = await api(
                    method, case.path(mine), api.mine.keys[role], json=case.body(mine), headers=headers
                )
                assert (response.status_code, response.json()["code"]) == (403, "forbidden"), (name, role)
    assert await api.counts() == before


@pytest.mark.parametrize("said", [None, "", "tl_", "x" * 500, "tl_" + "0" * 32 + "_" + "a" * 52])
async def test_without_a_key_there_is_nothing(api: Api, said: str | None) -> None:
    before = await api.counts()
    things = nobodys()
    for name, case in CASES.items():
        headers = {} if said is None else {"Authorization": f"Bearer {said}"}
        response = await api(name.split()[0], case.path(things), None, json=case.body(things), headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "unauthorized"), name
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert await api.counts() == before


async def test_with_the_right_every_route_answers(api: Api) -> None:
    """So that the refusals above are not refusals of something else."""
    read = await make_things(api, api.mine)
    for number, (name, case) in enumerate(CASES.items()):
        tenant, things = api.mine, read
        if case.names and not name.startswith("GET"):
            tenant = await make_tenant(api.database, f"tenant-{number}")
            things = await make_things(api, tenant)
        if "unmerge" in name:
            merged = (
                await api("GET", "/api/v1/customers?identifier=email:kit@example.com", tenant.keys["admin"])
            ).json()
            things = msgspec.structs.replace(things, customer=merged["items"][0]["id"])
        response = await api(name.split()[0], case.path(things), tenant.keys["admin"], json=case.body(things))
        assert response.status_code in ({case.fails} if case.fails else {200, 201}), (name, response.text)


async def test_the_other_workspace_shows_nothing_of_mine(api: Api) -> None:
    await make_things(api, api.mine)
    key = api.other.keys["admin"]
    for path in (
        "customers",
        "quarantine",
        "changes",
        "objects",
        "tickets",
        "void-commands",
        "identity/suggestions",
        "identity/decisions",
        "identity/values",
        "customers?identifier=email:ann@example.com",
    ):
        assert (await api("GET", f"/api/v1/{path}", key)).json()["items"] == [], path
    assert len((await api("GET", "/api/v1/keys", key)).json()["items"]) == 5
    head = (await api("GET", "/api/v1/changes")).json()["head"]
    assert (await api("GET", f"/api/v1/changes?after={head}", key)).status_code == 400
