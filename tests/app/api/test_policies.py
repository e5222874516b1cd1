"""Ticket policies over HTTP: read by all, decided by leads, in force for the next event and for no earlier one."""

from typing import Any

import pytest

from tests.app.api.conftest import Api

PATH = "/api/v1/ticket-policies"
BY_CHANNEL = {"policy": {"name": "By channel", "continues": {"same_channel": True}}, "reason": "chats apart"}


async def test_the_standard_is_there_from_the_beginning(api: Api):
    body = (await api("GET", PATH)).json()
    assert [one["version"] for one in body["items"]] == [0]
    assert body["items"][0]["policy"]["continues"]["gap"] == "3 days"
    assert "TicketPolicy" in str(body["schema"])


async def test_a_new_one_holds_for_the_next_event_only(api: Api):
    first = await api.push(kind="message", channel="email", subject=None)
    second = await api.push(kind="message", channel="chat", subject=None)
    assert second["ticket"]["number"] == first["ticket"]["number"]
    made = await api("POST", PATH, json=BY_CHANNEL, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201
    again = await api("POST", PATH, json=BY_CHANNEL, headers={"Idempotency-Key": "k"})
    assert again.json() == made.json()
    listed = (await api("GET", PATH)).json()["items"]
    assert [(one["version"], one["reason"]) for one in listed] == [(1, "chats apart"), (0, None)]
    third = await api.push(kind="message", channel="sms", subject=None)
    assert third["ticket"]["number"] != first["ticket"]["number"]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"continues": {"gap": "soon"}}, "policy.continues.gap"),
        ({"opens": {"letter": ["inbound"]}}, "policy.opens.letter"),
        ({"after_reply": "closed"}, "policy.after_reply"),
        ({"name": " "}, "policy.name"),
        ({"name": "n" * 201}, "policy.name"),
        ({"continues": {"gap": "1\N{FULLWIDTH DIGIT TWO} days"}}, "policy.continues.gap"),
    ],
)
async def test_what_is_wrong_is_named_by_its_path(api: Api, policy: dict[str, Any], field: str):
    refused = await api("POST", PATH, json={"policy": policy})
    assert refused.status_code == 400
    assert [fault["field"] for fault in refused.json()["fields"]] == [field]
    assert len((await api("GET", PATH)).json()["items"]) == 1


async def test_a_word_that_is_none_is_told_which_there_are(api: Api):
    refused = await api("POST", PATH, json={"policy": {"on_link": "jump"}})
    assert refused.json()["fields"] == [
        {"field": "policy.on_link", "words": "Invalid enum value 'jump': expected one of join, leave, suggest"}
    ]


async def test_only_leads_and_admins_decide_and_only_at_home(api: Api):
    for role in ("integration", "agent", "auditor"):
        assert (await api("POST", PATH, api.mine.keys[role], json=BY_CHANNEL)).status_code == 403
        assert (await api("GET", PATH, api.mine.keys[role])).status_code == 200
    assert (await api("POST", PATH, api.other.keys["lead"], json=BY_CHANNEL)).status_code == 201
    assert len((await api("GET", PATH)).json()["items"]) == 1
