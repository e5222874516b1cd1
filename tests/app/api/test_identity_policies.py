"""Policies of identity over HTTP: read by all, decided by leads, in force for the next contact."""

from typing import Any

import pytest

from app.auth import Doorkeeper, read_workspace
from identity.policy import STANDARD, IdentityPolicy
from tests.app.api.conftest import Api
from timeline.pseudonyms import pseudonyms

PATH = "/api/v1/identity/policies"
PROOF = {"policy": {"automatic": "proof", "precision": 0.999}, "reason": "only what is proved"}
NAMES = pseudonyms("a secret of tests, long enough")


async def admitted(api: Api, doorkeeper: Doorkeeper, key: str = "") -> IdentityPolicy:
    return (await doorkeeper.admit(f"Bearer {key or api.mine.keys['integration']}")).workspace.identity


async def test_the_standard_is_there_from_the_beginning(api: Api):
    body = (await api("GET", PATH)).json()
    assert [(one["version"], one["actor"]) for one in body["items"]] == [(0, None)]
    assert body["items"][0]["policy"] == {
        "automatic": "evidence",
        "precision": 0.99,
        "claims": "met",
        "suggestions": 0.04,
    }
    assert "IdentityPolicy" in str(body["schema"])


async def test_versions_stay_and_the_newest_is_in_force(api: Api):
    made = await api("POST", PATH, json=PROOF, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201
    assert made.json()["policy"]["claims"] == "met"
    again = await api("POST", PATH, json=PROOF, headers={"Idempotency-Key": "k"})
    assert again.json() == made.json()
    same = await api("POST", PATH, json={**PROOF, "reason": "once more"})
    assert same.json() == made.json(), "the one in force makes no new version"
    assert (await api("POST", PATH, json={"policy": {}})).json()["version"] == 2
    listed = (await api("GET", PATH)).json()["items"]
    assert [(one["version"], one["reason"]) for one in listed] == [(2, None), (1, "only what is proved"), (0, None)]


async def test_it_is_part_of_what_is_known_of_the_workspace(api: Api):
    edge, elsewhere = Doorkeeper(api.database, NAMES), Doorkeeper(api.database, NAMES)
    assert await admitted(api, edge) == await admitted(api, elsewhere) == STANDARD
    assert (await api("POST", PATH, json=PROOF)).status_code == 201
    assert await admitted(api, elsewhere) == STANDARD, "remembered for half a minute"
    edge.forget_workspace(api.mine.id)
    wanted = IdentityPolicy(automatic="proof", precision=0.999)
    assert await admitted(api, edge) == wanted
    assert await admitted(api, edge, api.other.keys["integration"]) == STANDARD
    async with api.database.read(api.mine.id) as db:
        found = await read_workspace(db, api.mine.id, NAMES)
    assert found is not None
    assert found.identity == wanted


async def test_the_process_that_decides_knows_at_once(api: Api, monkeypatch: pytest.MonkeyPatch):
    forgotten: list[Any] = []
    monkeypatch.setattr(Doorkeeper, "forget_workspace", lambda _, workspace: forgotten.append(workspace))
    assert (await api("POST", PATH, api.mine.keys["lead"], json=PROOF)).status_code == 201
    assert forgotten == [api.mine.id]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"automatic": "always"}, "policy.automatic"),
        ({"precision": 0.5}, "policy.precision"),
        ({"precision": 1}, "policy.precision"),
        ({"precision": "high"}, "policy.precision"),
        ({"precision": None}, "policy.precision"),
        ({"claims": "all"}, "policy.claims"),
        ({"suggestions": -0.01}, "policy.suggestions"),
        ({"suggestions": 1}, "policy.suggestions"),
        ({"version": 3}, "policy.version"),
    ],
)
async def test_what_is_wrong_is_named_by_its_path(api: Api, policy: dict[str, Any], field: str):
    refused = await api("POST", PATH, json={"policy": policy})
    assert refused.status_code == 400
    assert [fault["field"] for fault in refused.json()["fields"]] == [field]
    assert len((await api("GET", PATH)).json()["items"]) == 1


async def test_what_is_no_policy_is_refused(api: Api):
    for body in ({}, {"policy": []}, {"policy": {}, "because": "x"}, {"policy": {}, "reason": "r" * 10_000}):
        assert (await api("POST", PATH, json=body)).status_code == 400
    assert len((await api("GET", PATH)).json()["items"]) == 1


async def test_only_leads_and_admins_decide_and_only_at_home(api: Api):
    for role in ("integration", "agent", "auditor"):
        assert (await api("POST", PATH, api.mine.keys[role], json=PROOF)).status_code == 403
        assert (await api("GET", PATH, api.mine.keys[role])).status_code == 200
    assert (await api("POST", PATH, api.other.keys["lead"], json=PROOF)).status_code == 201
    assert len((await api("GET", PATH)).json()["items"]) == 1
