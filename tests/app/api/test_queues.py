"""Queues as tickets come to them: routed, claimed by one of two, handed back, moved before their queue goes."""

import asyncio
from typing import Any

from app.rebuilding import rebuild_all
from identity.customers import WorkspaceId
from tests.app.api.asking import PATH, agent, opened, patched, ticket_of
from tests.app.api.conftest import Api
from tests.app.api.test_people import key_of, said

TYPES: dict[str, Any] = {"types": [{"key": "refund", "name": "Refund"}]}


async def queues(api: Api, *keys: str) -> None:
    for key in keys:
        await said(api, "POST", "queues", key=key, name=key.title(), expected=201)


async def route(api: Api, *rules: dict[str, Any], **rest: Any) -> dict[str, Any]:
    version = (await said(api, "GET", "routing"))["version"]
    return await said(api, "PUT", "routing", version=version, rules=list(rules), **rest)


async def test_the_first_rule_that_fits_names_the_queue_of_a_new_ticket(api: Api) -> None:
    before = (await opened(api, "zoe"))["id"]
    await queues(api, "mail", "shop", "refunds", "rest")
    await said(api, "PUT", "ticket-types", version=0, **TYPES)
    set_up = await route(
        api, {"type": "refund", "queue": "refunds"}, {"channel": "email", "source": "store", "queue": "shop"},
        {"channel": "email", "queue": "mail"}, default="rest",
    )  # fmt: skip
    assert (await route(api, *set_up["rules"], default="rest"))["version"] == set_up["version"]
    pushes: dict[str, dict[str, Any]] = {
        "ann": {"channel": "email"},
        "ben": {"channel": "email", "source": "store"},
        "cem": {"channel": "chat", "source": "store"},
    }
    found = {
        who: (await ticket_of(api, (await opened(api, who, **asked))["id"]))["queue"] for who, asked in pushes.items()
    }
    assert found == {"ann": "mail", "ben": "shop", "cem": "rest"}
    assert (await ticket_of(api, before))["queue"] is None
    typed = await patched(api, before, type="refund")
    assert (typed["type"], typed["queue"]) == ("refund", "refunds")
    moved = await patched(api, before, queue="shop")
    assert moved["queue"] == "shop"
    assert (await patched(api, before, type=None))["queue"] == "shop"
    assert (await rebuild_all(api.database, WorkspaceId(api.mine.id), lambda _: None)).rows == 0


async def test_a_typo_in_routing_is_named(api: Api) -> None:
    await queues(api, "mail")
    twice = [{"channel": "email", "queue": "mail"}, {"channel": "email", "source": "x", "queue": "mail"}]
    for asked, status, field in (
        ({"rules": [{"queue": "nobodys"}]}, 422, "rules[0].queue"),
        ({"default": "nobodys"}, 422, "default"),
        ({"rules": twice}, 400, "rules[1]"),
        ({"rules": [{"chanel": "email", "queue": "mail"}]}, 400, "rules[0].chanel"),
        ({"version": 7}, 412, "version"),
    ):
        refused = await api("PUT", "/api/v1/routing", json={"version": 0, "default": "mail"} | asked)
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (status, field), refused.text
    assert (await api("PUT", "/api/v1/routing", json={"rules": []})).status_code == 428


async def test_of_two_who_claim_one_gets_it_and_the_other_is_told_who(api: Api) -> None:
    kim, lea = await agent(api), await agent(api)
    keys = {kim: await key_of(api, kim), lea: await key_of(api, lea)}
    for round_ in range(3):
        ticket = await opened(api, f"customer-{round_}")
        path = f"{PATH}/{ticket['number']}/claim"
        answers = await asyncio.gather(*(api("POST", path, keys[who]) for who in (kim, lea)))
        assert sorted(one.status_code for one in answers) == [200, 409]
        won, lost = sorted(answers, key=lambda one: one.status_code)
        winner = won.json()["assignee"]
        assert (lost.json()["code"], lost.json()["detail"]) == ("already_claimed", "Kim has this ticket already")
        assert lost.json()["fields"] == [{"field": "assignee", "words": winner}]
        again = await api("POST", path, keys[winner])
        assert (again.status_code, again.json()["version"]) == (200, won.json()["version"])


async def test_a_claim_says_for_whom_and_of_what(api: Api) -> None:
    kim, lea = await agent(api), await agent(api)
    ticket = await opened(api)
    await said(api, "POST", f"tickets/{ticket['id']}/claim", expected=422)
    await said(api, "POST", f"tickets/{ticket['id']}/claim", await key_of(api, kim), agent=lea, expected=422)
    assert (await said(api, "POST", f"tickets/{ticket['id']}/claim", agent=kim))["assignee"] == kim
    back = await said(api, "POST", f"tickets/{ticket['number']}/handback", reason="It is about invoices")
    assert (back["assignee"], back["status"]) == (None, "open")
    told = (await ticket_of(api, ticket["id"]))["timeline"]["items"][0]
    assert told["data"] == {"ticket": ticket["id"], "cause": "api", "reason": "It is about invoices"}
    same = await said(api, "POST", f"tickets/{ticket['number']}/handback")
    assert same["version"] == back["version"]
    await patched(api, ticket["id"], status="closed")
    refused = await said(api, "POST", f"tickets/{ticket['id']}/claim", agent=lea, expected=422)
    assert refused["fields"][0]["field"] == "ticket"
    await said(api, "PATCH", f"agents/{lea}", disabled=True)
    other = await opened(api, "ben")
    refused = await said(api, "POST", f"tickets/{other['id']}/claim", agent=lea, expected=422)
    assert refused["fields"][0]["field"] == "assignee"
    stale = await api("POST", f"{PATH}/{other['id']}/handback", headers={"If-Match": '"9"'})
    assert stale.status_code == 412


async def test_a_queue_with_open_tickets_goes_when_they_have_moved(api: Api) -> None:
    await queues(api, "mail", "rest", "shop")
    await route(api, {"channel": "email", "queue": "mail"})
    tickets = [(await opened(api, f"customer-{one}"))["id"] for one in range(3)]
    await patched(api, tickets[2], status="closed")
    refused = await said(api, "DELETE", "queues/mail?move_to=rest", expected=422)
    assert "routing" in refused["detail"]
    await route(api, default="rest")
    refused = await said(api, "DELETE", "queues/mail", expected=422)
    assert refused["detail"] == "2 open tickets wait here: say with move_to where they go"
    await said(api, "DELETE", "queues/mail?move_to=nobodys", expected=404)
    await said(api, "DELETE", "queues/mail?move_to=mail", expected=422)
    headers = {"Idempotency-Key": "gone"}
    gone = [await api("DELETE", "/api/v1/queues/mail?move_to=rest", headers=headers) for _ in range(2)]
    assert [one.status_code for one in gone] == [200, 200]
    assert [(await ticket_of(api, one))["queue"] for one in tickets] == ["rest", "rest", "mail"]
    told = (await ticket_of(api, tickets[0]))["timeline"]["items"][0]["data"]
    assert (told["queue"], told["reason"]) == ("rest", "the queue Mail was removed")
    assert [one["key"] for one in (await said(api, "GET", "queues"))["items"]] == ["rest", "shop"]
    ticket = await ticket_of(api, tickets[0])
    refused = await said(api, "PATCH", f"tickets/{tickets[0]}", version=ticket["version"], queue="mail", expected=422)
    assert refused["fields"][0]["field"] == "queue"
    assert (await said(api, "DELETE", "queues/shop"))["key"] == "shop"


async def test_a_bulk_change_with_one_foreign_ticket_of_fifty_does_nothing(api: Api) -> None:
    mine = [(await opened(api, f"customer-{one}"))["id"] for one in range(49)]
    theirs = (await api.push(api.other.keys["admin"], kind="message"))["ticket"]["id"]
    refused = await api("POST", f"{PATH}/bulk", json={"tickets": [*mine, theirs], "priority": "high"})
    assert refused.status_code == 404
    assert {one["priority"] for one in (await api("GET", PATH)).json()["items"]} == {"normal"}
