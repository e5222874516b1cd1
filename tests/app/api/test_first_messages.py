"""Writing to a customer first: to an address of that customer's own, once, in the ticket that the policy says; and
notes about a customer in no ticket."""

from typing import Any

import pytest

from app.mailing import Mailer
from channels.accounts import public_id
from tests.app.api.conftest import Api
from tests.app.api.replies import now_of, opened, reply, written
from tests.app.posting import DESK, follow, mail_account, send
from tests.builders import contact, identifier
from tests.channels.email.smtp_server import MailServer


@pytest.fixture
async def account(api: Api, there: MailServer) -> str:
    return public_id(api.mine.id, await mail_account(api.database, api.mine.id, there))


async def ann(api: Api, *more: dict[str, Any]) -> str:
    """A customer who never wrote."""
    who = contact("ann", identifier(value="ann@example.org"), *more, name="Ann")
    return (await api.push(kind="fact", channel="crm", contact=who))["customer_id"]


def first(account: str, **fields: Any) -> dict[str, Any]:
    return {"account": account, "to": "ann@example.org", "subject": "Your guarantee", "body": "It ends soon.", **fields}


async def test_a_first_mail_opens_a_ticket_and_goes_out_once(
    api: Api, there: MailServer, out: Mailer, account: str
) -> None:
    customer = await ann(api)
    path, once = f"/api/v1/customers/{customer}/messages", {"Idempotency-Key": "once"}
    answers = [await api("POST", path, json=first(account), headers=once) for _ in range(2)]
    assert {one.status_code for one in answers} == {201}
    assert answers[0].content == answers[1].content
    said = answers[0].json()
    ticket = said["ticket"]
    assert ticket["id"] == said["event_id"]
    assert (ticket["subject"], ticket["status"], ticket["waiting"]) == ("Your guarantee", "pending", "customer")
    for _ in range(2):
        await follow(out, api.mine.id)
        await send(out, api.mine.id)
    (mail,) = there.mails
    read = opened(mail.raw)
    assert (mail.sender, mail.recipients) == (DESK, ["ann@example.org"])
    assert (read["Subject"], read["To"], read["In-Reply-To"]) == ("Your guarantee", "ann@example.org", None)
    (item,) = (await api("GET", f"/api/v1/tickets/{ticket['number']}/timeline?kind=message")).json()["items"]
    assert (item["delivery"]["status"], item["direction"], item["channel"]) == ("sent", "outbound", "email")
    again = await reply(api, {"ticket": ticket}, "One more thing.")
    await follow(out, api.mine.id)
    await send(out, api.mine.id)
    second = opened(there.mails[1].raw)
    assert there.mails[1].recipients == ["ann@example.org"]
    assert second["In-Reply-To"] == read["Message-ID"]
    assert (second["Subject"], again["ticket"]["id"]) == ("Re: Your guarantee", ticket["id"])


async def test_the_policy_says_which_ticket_it_goes_on_with(api: Api, account: str) -> None:
    open_one = await written(api, occurred_at=(await now_of(api)).isoformat())
    path = f"/api/v1/customers/{open_one['customer_id']}/messages"
    same = (await api("POST", path, json=first(account, subject="Red shoes"))).json()
    assert same["ticket"]["id"] == open_one["ticket"]["id"]
    other = (await api("POST", path, json=first(account, subject="Your guarantee"))).json()
    assert other["ticket"]["id"] == other["event_id"]
    end = {"status": "closed", "version": other["ticket"]["version"]}
    assert (await api("PATCH", f"/api/v1/tickets/{other['event_id']}", json=end)).status_code == 200
    later = (await api("POST", path, json=first(account))).json()
    assert (later["ticket"]["id"], later["ticket"]["follow_up_of"]) == (later["event_id"], other["event_id"])
    policy = {"policy": {"opens_on_escalation": ["email"]}}
    assert (await api("POST", "/api/v1/ticket-policies", json=policy)).status_code == 201
    anyway = (await api("POST", path, json=first(account, subject="Something else"))).json()
    assert anyway["ticket"]["id"] == anyway["event_id"]


async def test_only_an_address_of_the_customers_own_is_written_to(
    api: Api, there: MailServer, out: Mailer, account: str
) -> None:
    customer = await ann(api, identifier(value="Ann@Home.example", verified=False), identifier(value="no address"))
    await api.push(contact=contact("bob", identifier(value="bob@example.org")))
    await api.push(contact=contact("us", identifier(value=DESK)))
    shop = (await api("POST", "/api/v1/channel-accounts", json={"kind": "orders", "name": "shop"})).json()
    shown = (await api("GET", f"/api/v1/customers/{customer}/recipients")).json()
    assert shown["accounts"] == [{"id": account, "name": "The Shop", "address": DESK}]
    assert [(one["address"], one["verified"]) for one in shown["recipients"]] == [
        ("ann@example.org", True),
        ("ann@home.example", False),
    ]
    path = f"/api/v1/customers/{customer}/messages"
    for change, status, field in (
        ({"to": "bob@example.org"}, 422, "to"), ({"to": DESK}, 422, "to"), ({"account": shop["id"]}, 422, "account"),
        ({"to": "ann@example.org, bob@example.org"}, 400, "to[0]"), ({"to": ""}, 400, "to[0]"), ({"to": 5}, 400, "to"),
        ({"subject": ""}, 400, "subject"), ({"subject": "a\nBcc: b@c.example"}, 400, "subject"),
        ({"body": " "}, 400, "body"), ({"cc": []}, 400, "cc"), ({"attachments": ["x"] * 21}, 400, "attachments"),
    ):  # fmt: skip
        refused = await api("POST", path, json={**first(account), **change})
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (status, field), refused.text
    for change in ({"account": "nonsense"}, {"attachments": ["x"]}):
        assert (await api("POST", path, json={**first(account), **change})).status_code == 404
    assert (await api("POST", path, json=first(account, to="ANN@home.example"))).status_code == 201
    assert (await api("DELETE", f"/api/v1/channel-accounts/{account}")).status_code == 200
    refused = await api("POST", path, json=first(account))
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "account")
    await follow(out, api.mine.id)
    await send(out, api.mine.id)
    assert there.mails == []


async def test_a_merge_that_comes_after_changes_nobody_it_goes_to(
    api: Api, there: MailServer, out: Mailer, account: str
) -> None:
    customer = await ann(api)
    bob = (await api.push(contact=contact("bob", identifier(value="bob@example.org"))))["customer_id"]
    path = f"/api/v1/customers/{customer}/messages"
    assert (await api("POST", path, json=first(account))).status_code == 201
    assert (await api("POST", f"/api/v1/customers/{bob}/merge", json={"other": customer})).status_code == 200
    gone = await api("POST", path, json=first(account))
    assert (gone.status_code, gone.json()["code"]) == (409, "absorbed")
    assert (await api("GET", f"/api/v1/customers/{customer}/recipients")).status_code == 308
    assert (await api("POST", f"/api/v1/customers/{bob}/messages", json=first(account))).status_code == 201
    await follow(out, api.mine.id)
    await send(out, api.mine.id)
    assert [one.recipients for one in there.mails] == [["ann@example.org"]] * 2


async def test_files_go_along_once(api: Api, account: str) -> None:
    customer = await ann(api)
    file = (await api("POST", "/api/v1/files?name=a.txt", content=b"hello")).json()["id"]
    path = f"/api/v1/customers/{customer}/messages"
    said = await api("POST", path, json=first(account, attachments=[file]))
    assert said.status_code == 201, said.text
    (item,) = (await api("GET", f"/api/v1/tickets/{said.json()['ticket']['number']}/timeline?kind=message")).json()[
        "items"
    ]
    assert item["data"]["mail"]["attachments"] == [file]
    used = await api("POST", path, json=first(account, attachments=[file]))
    assert (used.status_code, used.json()["fields"][0]["field"]) == (422, "attachments")


async def test_a_note_about_a_customer_is_in_no_ticket_and_stays_with_the_customer(api: Api) -> None:
    item = await written(api)
    customer, path = item["customer_id"], f"/api/v1/customers/{item['customer_id']}/notes"
    once = {"Idempotency-Key": "once"}
    noted = [await api("POST", path, json={"body": "Prefers the telephone."}, headers=once) for _ in range(2)]
    assert [one.status_code for one in noted] == [201, 201]
    assert noted[0].json() == noted[1].json()
    assert noted[0].json()["ticket"] is None
    (note,) = (await api("GET", f"/api/v1/customers/{customer}/timeline?kind=note")).json()["items"]
    assert (note["event_id"], note["body"]) == (noted[0].json()["event_id"], "Prefers the telephone.")
    assert (note["direction"], note["tickets"], note["contact_id"] == item["contact_id"]) == ("internal", [], False)
    ticket = (await api("GET", f"/api/v1/tickets/{item['ticket']['id']}")).json()
    assert (ticket["version"], ticket["items"]) == (1, 1)
    for body in ({}, {"body": ""}, {"body": "x", "mentions": []}, {"body": "a\0b"}):
        assert (await api("POST", path, json=body)).status_code == 400
    policy = {"policy": {"opens": {"message": ["inbound"], "note": ["internal"]}}}
    assert (await api("POST", "/api/v1/ticket-policies", json=policy)).status_code == 201
    opens = (await api("POST", path, json={"body": "Look into this."})).json()
    assert opens["ticket"] is not None
    other = (await api.push(contact=contact("bob", identifier(value="bob@example.org"))))["customer_id"]
    assert (await api("POST", f"/api/v1/customers/{other}/merge", json={"other": customer})).status_code == 200
    gone = await api("POST", path, json={"body": "x"})
    assert (gone.status_code, gone.json()["code"]) == (409, "absorbed")
