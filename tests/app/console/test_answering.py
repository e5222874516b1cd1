"""Answering from a page: to whom is said, placeholders are filled in, what came meanwhile stops it, nothing is lost."""

from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.console.placeholders import fill
from app.db import new_id
from tests.app.console.conftest import Browser
from tests.app.console.seats import seat
from tests.app.console.test_tickets import form_in
from tests.builders import identifier

FRAGMENT = {"HX-Request": "true"}


async def mailed(browser: Browser, *more: dict[str, Any], **fields: Any) -> int:
    await browser.choose()
    address = f"mara-{new_id().hex[-8:]}@example.com"
    contact = {
        "key": address,
        "name": "Mara Lind",
        "identifiers": [identifier(value=address), *more],
        "attributes": {"given_name": "Mara"},
    }
    said: Any = {"kind": "message", "channel": "email", "subject": "Parcel", "body": "Where is it?", "contact": contact}
    return (await browser.api.push(**{**said, **fields}))["ticket"]["number"]


def fields_in(page: str, number: int) -> dict[str, str]:
    return form_in(page.partition("<template")[0] + "</form>", f"/tickets/{number}/say") | {"as": "reply"}


async def form_of(browser: Browser, number: int, query: str = "") -> dict[str, str]:
    page = await browser.get(f"/tickets/{number}/composer{query}", headers=FRAGMENT)
    assert page.status_code == 200, page.text
    return fields_in(page.text, number)


async def post(browser: Browser, path: str, fields: dict[str, Any]) -> httpx.Response:
    return await browser.client.post(path, data=fields, headers=FRAGMENT)


async def items(browser: Browser, number: int) -> list[dict[str, Any]]:
    ticket = (await browser.api("GET", f"/api/v1/tickets/{number}")).json()
    page = await browser.api("GET", f"/api/v1/customers/{ticket['customer_id']}/timeline")
    return [one for one in page.json()["items"] if one["body"]]


@pytest.mark.parametrize(
    ("text", "filled", "unknown"),
    [
        ("Dear {{customer.name}},", "Dear Mara Lind,", ()),
        ("{{ Customer.Name }}{{x}}", "Mara Lind{{x}}", ("{{x}}",)),
        ("{{}} {{customer.given_name}} {{}}", "{{}} {{customer.given_name}} {{}}", ("{{}}", "{{customer.given_name}}")),
        ("a {{ line\nbreak }} {b} {{{customer.name}}}", "a {{ line\nbreak }} {b} {Mara Lind}", ()),
        ("{{ticket.subject}}", "{{agent.name}}", ()),
    ],
)
def test_placeholders_are_filled_in_once_or_named(text: str, filled: str, unknown: tuple[str, ...]) -> None:
    values = {"customer.name": "Mara Lind", "ticket.subject": "{{agent.name}}", "agent.name": "Ann"}
    done = fill(text, values)
    assert (done.text, done.unknown) == (filled, unknown)


async def test_what_cannot_be_filled_in_stops_the_answer_and_is_named(browser: Browser) -> None:
    number = await mailed(browser)
    fields = await form_of(browser, number)
    path = f"/tickets/{number}/say"
    refused = await post(browser, path, {**fields, "body": "Dear {{customer.nick}}"})
    assert refused.status_code == 400
    assert "{{customer.nick}}" in unescape(refused.text).partition("role=")[2].partition("</div>")[0]
    assert "<p>{{customer.nick}} cannot be filled in" in unescape(refused.text)
    assert "Dear {{customer.nick}}</textarea>" in refused.text
    files = [f"{uuid4()} 3 {name}.txt" for name in range(21)]
    many = await post(browser, f"/tickets/{number}/check", {**fields, "body": "Here they are.", "file": files})
    assert "<p>At most 20 files go along. Take some out.</p>" in many.text
    assert many.text.count("data-file>") == 21
    shown = await post(browser, f"/tickets/{number}/check", {**fields, "body": "Dear {{customer.given_name}}: <b>"})
    assert "Dear Mara: &lt;b&gt;" in shown.text
    sent = await post(browser, path, {**fields, "body": "Dear {{customer.given_name}}, #{{ticket.number}}"})
    assert sent.status_code == 200
    assert [one["body"] for one in await items(browser, number)] == [f"Dear Mara, #{number}", "Where is it?"]


async def test_nothing_is_sent_past_what_came_meanwhile(browser: Browser) -> None:
    number = await mailed(browser)
    fields = await form_of(browser, number) | {"body": "It is on its way."}
    contact = {"identifiers": [identifier(value=fields["to"])]}
    await browser.api.push(kind="message", channel="email", body="Found <it>!", contact=contact, ticket=number)
    path = f"/tickets/{number}/say"
    warned = await post(browser, path, fields)
    assert warned.status_code == 409
    assert "Found &lt;it&gt;!" in warned.text
    assert "It is on its way.</textarea>" in warned.text
    assert len(await items(browser, number)) == 2
    news = await browser.get(f"/tickets/{number}/news?seen={fields['seen']}")
    assert "Found &lt;it&gt;!" in news.text
    again = {**fields_in(warned.text, number), "body": fields["body"]}
    assert again["once"] == fields["once"]
    assert (await post(browser, path, again)).status_code == 200
    assert (await items(browser, number))[0]["body"] == "It is on its way."
    assert "Found" not in (await browser.get(f"/tickets/{number}/news?seen={again['seen']}")).text


async def test_what_colleagues_note_stops_an_answer_and_no_note(browser: Browser) -> None:
    number = await mailed(browser)
    fields = await form_of(browser, number)
    await browser.api("POST", f"/api/v1/tickets/{number}/notes", json={"body": "Do not refund."})
    noted = await post(browser, f"/tickets/{number}/say", {**fields, "as": "note", "body": "Sounds angry."})
    assert noted.status_code == 200
    fields |= {"once": new_id().hex, "body": "Refunded."}
    warned = await post(browser, f"/tickets/{number}/say", fields)
    assert warned.status_code == 409
    assert "Do not refund." in warned.text
    assert "Sounds angry." not in warned.text


async def test_whom_it_goes_to_is_shown_and_chosen_never_guessed(browser: Browser) -> None:
    second = f"work-{new_id().hex[-8:]}@example.com"
    number = await mailed(browser, identifier(value=second, verified=False))
    page = (await browser.get(f"/tickets/{number}/composer", headers=FRAGMENT)).text
    assert f"{second} · claimed" in page
    assert "· verified" in page
    assert "no account of this desk sends it" in page
    fields = await form_of(browser, number)
    await post(browser, f"/tickets/{number}/say", {**fields, "to": second, "body": "As you asked."})
    assert (await items(browser, number))[0]["data"]["mail"]["to"] == [second]


async def test_without_an_address_only_a_note_is_possible(browser: Browser) -> None:
    contact = {"name": "Nobody", "identifiers": [identifier("account", "no-7", scope="shop")]}
    number = await mailed(browser, contact=contact)
    page = (await browser.get(f"/tickets/{number}/composer", headers=FRAGMENT)).text
    assert "No address of this customer is known" in page
    fields = await form_of(browser, number) | {"body": "Hello?"}
    assert (await post(browser, f"/tickets/{number}/say", fields)).status_code == 422
    assert (await post(browser, f"/tickets/{number}/say", {**fields, "as": "note"})).status_code == 200
    assert [one["kind"] for one in await items(browser, number)] == ["note", "message"]


async def test_what_came_by_a_form_that_told_no_address_goes_to_one_that_the_customer_proved(browser: Browser) -> None:
    account = identifier("account", f"NC-{new_id().hex[-8:]}", scope="shop")
    number = await mailed(browser, channel="web_form", contact={"key": "form", "identifiers": [account]})
    path = f"/tickets/{number}"
    assert "It is not known by what" in (await browser.get(f"{path}/composer", headers=FRAGMENT)).text
    one, two, claimed = (f"{name}-{new_id().hex[-8:]}@example.com" for name in ("one", "two", "claimed"))

    async def register(key: str, address: str, *, verified: bool = True) -> None:
        contact = {"key": key, "identifiers": [account, identifier(value=address, verified=verified)]}
        await browser.api.push(kind="fact", channel="crm", contact=contact)

    await register("one", one)
    await register("claimed", claimed, verified=False)
    fields = await form_of(browser, number)
    assert fields["to"] == one
    for to in ("", claimed, "else@example.com"):
        assert (await post(browser, f"{path}/say", {**fields, "to": to, "body": "The long one."})).status_code == 400
    assert (await post(browser, f"{path}/say", {**fields, "body": "The long one."})).status_code == 200
    said = (await items(browser, number))[0]
    assert (said["channel"], said["data"]["to"]) == ("web_form", {"kind": "email", "value": one})
    await register("two", two)
    page = (await browser.get(f"{path}/composer", headers=FRAGMENT)).text
    assert "Choose an address" in page
    assert f"{two} · verified" in page
    assert claimed not in page
    fields = await form_of(browser, number)
    assert "to" not in fields
    assert (await post(browser, f"{path}/check", {**fields, "body": "Or not."})).status_code == 400
    assert (await post(browser, f"{path}/say", {**fields, "to": two, "body": "Or not."})).status_code == 200
    assert (await items(browser, number))[0]["data"]["to"]["value"] == two


async def test_an_item_is_answered_where_it_came_in(browser: Browser) -> None:
    number = await mailed(browser)
    address = (await form_of(browser, number))["to"]
    contact = {"identifiers": [identifier(value=address)]}
    chat = await browser.api.push(kind="message", channel="chat", body="Hello?", contact=contact, ticket=number)
    assert (await form_of(browser, number))["about"] == chat["event_id"]
    first = (await items(browser, number))[-1]["event_id"]
    fields = await form_of(browser, number, f"?about={first}")
    assert (fields["about"], fields["to"]) == (first, address)
    await post(browser, f"/tickets/{number}/say", {**fields, "body": "By mail."})
    assert (await items(browser, number))[0]["channel"] == "email"
    assert (await form_of(browser, number, f"?about={new_id()}"))["about"] == chat["event_id"]


async def test_what_came_of_it_is_asked_for_and_what_was_typed_kept(browser: Browser) -> None:
    number = await mailed(browser)
    types = {"types": [], "dispositions": [{"key": "refunded", "name": "Refunded"}], "disposition_required": True}
    made = await browser.api("PUT", "/api/v1/ticket-types", json=types, headers={"If-Match": '"0"'})
    assert made.status_code == 200
    fields = await form_of(browser, number) | {"body": "Done.", "status": "resolved"}
    refused = await post(browser, f"/tickets/{number}/say", fields)
    assert refused.status_code == 422
    assert "Done.</textarea>" in refused.text
    assert len(await items(browser, number)) == 1
    done = await post(browser, f"/tickets/{number}/say", {**fields, "disposition": "refunded"})
    assert done.status_code == 200
    ticket = (await browser.api("GET", f"/api/v1/tickets/{number}")).json()
    assert (ticket["status"], ticket["disposition"]) == ("resolved", "refunded")


async def test_a_form_that_was_sent_with_other_words_is_not_sent_again(browser: Browser) -> None:
    number = await mailed(browser)
    fields = await form_of(browser, number) | {"body": "One."}
    path = f"/tickets/{number}/say"
    assert (await post(browser, path, fields)).status_code == 200
    assert (await post(browser, path, fields)).status_code == 200
    refused = await post(browser, path, {**fields, "body": "Two."})
    assert refused.status_code == 409
    assert "sent already" in refused.text
    assert "Two.</textarea>" in refused.text
    assert [one["body"] for one in await items(browser, number)] == ["One.", "Where is it?"]


async def test_what_an_earlier_session_began_is_not_sent_by_the_next(browser: Browser) -> None:
    number = await mailed(browser)
    before = await form_of(browser, number) | {"body": "One."}
    path = f"/tickets/{number}/say"
    assert (await post(browser, path, before)).status_code == 200
    await browser.sign_in()
    now = await form_of(browser, number)
    assert now["session"] != before["session"]
    again = await post(browser, path, {**before, "csrf": now["csrf"]})
    assert again.status_code == 409
    assert "One.</textarea>" in again.text
    assert [one["body"] for one in await items(browser, number)] == ["One.", "Where is it?"]
    sent = await post(browser, path, {**fields_in(again.text, number), "body": "Two."})
    assert sent.status_code == 200


async def test_files_go_along_once_and_their_names_are_text(browser: Browser) -> None:
    number = await mailed(browser)
    fields = await form_of(browser, number) | {"body": "Here it is."}
    name = '"><img src=x onerror=alert(1)>.txt'
    token = {"X-CSRF-Token": fields["csrf"], "HX-Request": "true"}
    kept = await browser.client.post("/uploads", params={"name": name}, content=b"hello", headers=token)
    assert kept.status_code == 201
    assert "<img" not in kept.text
    value = unescape(kept.text.partition('name="file" value="')[2].partition('">')[0])
    assert (await browser.client.post("/uploads", params={"name": "x"}, content=b"hello")).status_code == 403
    sent = await post(browser, f"/tickets/{number}/say", {**fields, "file": value})
    assert sent.status_code == 200
    assert len((await items(browser, number))[0]["data"]["mail"]["attachments"]) == 1
    refused = await post(browser, f"/tickets/{number}/say", {**fields, "once": new_id().hex, "file": value})
    assert refused.status_code == 422
    assert "img src=x onerror=alert(1)" in refused.text
    assert "<img" not in refused.text


async def test_words_of_another_case_name_their_source(browser: Browser) -> None:
    number = await mailed(browser)
    fields = await form_of(browser, number) | {"body": "Try another plug.", "source": "#77"}
    assert (await post(browser, f"/tickets/{number}/say", fields)).status_code == 200
    assert (await post(browser, f"/tickets/{number}/say", fields)).status_code == 200
    found = await items(browser, number)
    assert [one["kind"] for one in found].count("note") == 1
    assert "#77" in found[0]["body"]


async def test_colleagues_are_found_by_the_beginning_of_their_name(browser: Browser) -> None:
    await browser.choose()
    assert "@Ann Desk" in (await browser.get("/colleagues?q=des")).text
    assert "Ann" not in (await browser.get("/colleagues?q=zz")).text


async def test_where_no_mailbox_sends_the_page_says_who_can_add_one(browser: Browser) -> None:
    customer = (await browser.api.push(kind="fact", channel="crm", contact={"key": "x"}))["customer_id"]
    link, asking = 'href="/settings/accounts"', "An admin can add one under Settings."
    for role, there, elsewhere in (("admin", link, asking), ("agent", asking, link)):
        page = (await (await seat(browser.api, role, role)).get(f"/customers/{customer}/message")).text
        composer = page.partition('id="composer"')[2].partition("</form>")[0]
        assert "No mailbox of this desk sends mail" in composer
        assert there in composer
        assert elsewhere not in composer
