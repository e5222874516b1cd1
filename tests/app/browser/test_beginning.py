"""Writing first in a browser: whom it goes to is chosen by hand, it can be undone, and it is sent once; and a note
about a customer is no message."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.app.browser.conftest import Desk
from tests.builders import identifier

SMTP = {"host": "mail.shop.example", "port": 587}


async def known(desk: Desk) -> str:
    """A customer who bought something and never wrote."""
    settings = {"address": "help@shop.example", "name": "The Shop", "smtp": SMTP}
    made = await desk.api.post("/channel-accounts", json={"kind": "email", "name": "Help", "settings": settings})
    assert made.status_code == 201, made.text
    who = {
        "key": "mara",
        "name": "Mara Lind",
        "identifiers": [identifier(value="mara@example.com"), identifier(value="m.lind@work.example", verified=False)],
        "attributes": {"given_name": "Mara"},
    }
    return (await desk.push(kind="fact", channel="crm", subject="A guarantee", contact=who))["customer_id"]


async def said(desk: Desk, customer: str) -> list[dict[str, Any]]:
    found = await desk.api.get(f"/customers/{customer}/timeline", params={"kind": ["message", "note"]})
    return found.json()["items"]


async def hold(page: Page) -> None:
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()


async def test_a_first_mail_goes_to_whom_was_chosen_and_can_be_undone(desk: Desk) -> None:
    page, customer = desk.page, await known(desk)
    await page.goto(f"/customers/{customer}")
    await page.keyboard.press("Shift+R")
    box, to = page.get_by_label("What you say"), page.get_by_label("Recipient")
    await expect(to).to_have_value("")
    await box.fill("Dear {{customer.given_name}}, it ends soon.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_have_text("Choose whom it goes to.")
    warning = page.get_by_text("Nobody has proved that this address")
    await to.select_option("m.lind@work.example")
    await expect(warning).to_be_visible()
    await to.select_option("mara@example.com")
    await expect(warning).to_be_hidden()
    await page.get_by_label("Subject").fill("Your guarantee")
    await page.locator("[data-chooser]").set_input_files(
        [{"name": "guarantee.txt", "mimeType": "text/plain", "buffer": b"hello"}]
    )
    await expect(page.locator("[data-file]")).to_contain_text("guarantee.txt")
    await page.reload()
    await expect(box).to_have_value("Dear {{customer.given_name}}, it ends soon.")
    await expect(page.get_by_label("Subject")).to_have_value("Your guarantee")
    await expect(to).to_have_value("mara@example.com")
    assert not (await Axe().run(page, context="#composer")).response["violations"]
    await box.focus()
    await hold(page)
    await page.keyboard.press("Escape")
    await expect(box).to_be_focused()
    assert await said(desk, customer) == []
    await hold(page)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".item-out")).to_contain_text("Dear Mara, it ends soon.")
    await expect(box).to_have_value("")
    (mail,) = await said(desk, customer)
    assert mail["data"]["mail"]["to"] == ["mara@example.com"]
    assert (mail["subject"], len(mail["data"]["mail"]["attachments"])) == ("Your guarantee", 1)
    await page.get_by_role("link", name=f"It is in ticket #{mail['tickets'][0]['number']}").click()
    await expect(page.locator("#panel")).to_contain_text("Your guarantee")
    desk.complaints[:] = [one for one in desk.complaints if "400" not in one]


async def test_a_note_about_a_customer_is_in_no_ticket_and_reaches_nobody(desk: Desk) -> None:
    page, customer = desk.page, await known(desk)
    await page.goto(f"/customers/{customer}")
    await page.keyboard.press("Shift+N")
    await expect(page.get_by_label("Note", exact=True)).to_be_checked()
    box = page.get_by_label("What you say")
    await expect(box).to_be_focused()
    await page.keyboard.type("Prefers the telephone.")
    await expect(page.get_by_label("Recipient")).to_be_hidden()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".item", has_text="Prefers the telephone.")).to_have_count(1)
    await expect(box).to_have_value("")
    (note,) = await said(desk, customer)
    assert (note["kind"], note["direction"], note["tickets"]) == ("note", "internal", [])
    assert not (await Axe().run(page, context="#composer")).response["violations"]


async def test_colleagues_are_offered_where_a_note_tells_them(desk: Desk) -> None:
    page, customer = desk.page, await known(desk)
    who = {"key": "mara", "identifiers": [identifier(value="mara@example.com")]}
    number = (await desk.push(kind="message", channel="email", subject="Boots", contact=who))["ticket"]["number"]
    await desk.somebody("Ben")
    names = page.locator("[data-names]")
    for path, key, offered in ((f"/customers/{customer}", "Shift+N", ""), (f"/tickets/{number}", "n", "@Ben")):
        await page.goto(path)
        await page.keyboard.press(key)
        await expect(page.get_by_label("What you say")).to_be_focused()
        await page.keyboard.type("For @be")
        if offered:
            await expect(names).to_have_text(offered)
        else:
            await page.wait_for_timeout(700)
            await expect(names).to_be_empty()


async def test_without_an_address_only_a_note_is_possible_and_the_page_says_why(desk: Desk) -> None:
    page = desk.page
    customer = (await desk.push(kind="fact", channel="crm", contact={"key": "x", "name": "Nobody"}))["customer_id"]
    await page.goto(f"/customers/{customer}/answer")
    await expect(page.get_by_text("No mailbox of this desk sends mail")).to_be_visible()
    await known(desk)
    await page.goto(f"/customers/{customer}/message")
    await expect(page.get_by_text("No address of this customer is known")).to_be_visible()
    await expect(page.get_by_role("button", name="Save note")).to_be_visible()
