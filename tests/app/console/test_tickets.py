"""Working a ticket from its page: who is answered is shown, nothing typed is lost, nothing is done twice."""

import re
from html import unescape

from tests.app.console.conftest import Browser

FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def form_in(page: str, action: str) -> dict[str, str]:
    part = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    assert part, page
    return {name: unescape(value) for name, value in FIELD.findall(part)}


async def opened(browser: Browser) -> int:
    await browser.choose()
    made = await browser.api.push(kind="message", channel="chat", body="Where is my order?")
    return made["ticket"]["number"]


async def bodies(browser: Browser, number: int) -> list[str]:
    ticket = (await browser.api("GET", f"/api/v1/tickets/{number}")).json()
    page = await browser.api("GET", f"/api/v1/customers/{ticket['customer_id']}/timeline")
    return [one["body"] for one in page.json()["items"] if one["body"]]


async def test_a_reply_is_sent_once_however_often_the_form_is(browser: Browser) -> None:
    number = await opened(browser)
    path = f"/tickets/{number}/say"
    fields = form_in((await browser.get(f"/tickets/{number}")).text, path)
    said = {**fields, "as": "reply", "body": "It left today.", "status": "pending"}
    first, again = await browser.post(path, **said), await browser.post(path, **said)
    assert first.status_code == again.status_code == 303
    assert (await bodies(browser, number)).count("It left today.") == 1
    page = (await browser.get(f"/tickets/{number}")).text
    assert "It left today." in page
    assert re.search(r'id="panel-status"[^>]*>pending', page)
    assert "Ann Desk" in page


async def test_a_note_stays_with_colleagues(browser: Browser) -> None:
    number = await opened(browser)
    path = f"/tickets/{number}/say"
    fields = form_in((await browser.get(f"/tickets/{number}")).text, path)
    assert (await browser.post(path, **{**fields, "as": "note", "body": "Sounds angry."})).status_code == 303
    page = (await browser.get(f"/tickets/{number}")).text
    assert re.search(r'item-note"[^>]*>(?:(?!</article>).)*Sounds angry\.', page, re.DOTALL)


async def test_what_cannot_be_taken_comes_back_with_the_words(browser: Browser) -> None:
    number = await opened(browser)
    path = f"/tickets/{number}/say"
    fields = form_in((await browser.get(f"/tickets/{number}")).text, path)
    refused = await browser.post(path, **{**fields, "as": "reply", "body": "Dear <b>you</b>", "status": "nonsense"})
    assert refused.status_code == 400
    assert "Dear &lt;b&gt;you&lt;/b&gt;</textarea>" in refused.text
    assert "status" in refused.text
    assert "Dear <b>you</b>" not in await bodies(browser, number)


async def test_forms_of_nobody_and_of_others_do_nothing(browser: Browser) -> None:
    number = await opened(browser)
    path = f"/tickets/{number}/say"
    fields = form_in((await browser.get(f"/tickets/{number}")).text, path) | {"as": "reply", "body": "No."}
    assert (await browser.post(path, **{**fields, "csrf": "A" * 43})).status_code == 403
    assert (await browser.post("/tickets/999999/say", **fields)).status_code == 404
    browser.client.cookies.clear()
    assert (await browser.post(path, **fields)).headers["location"].startswith("/sign-in")
    assert "No." not in await bodies(browser, number)
