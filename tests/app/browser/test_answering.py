"""Answering in a browser: nothing typed is lost, nothing is sent twice, and nobody sends a note to a customer."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import FilePayload, Page, expect

from app.limits import UPLOAD_BYTES
from tests.app.browser.conftest import Desk
from tests.builders import identifier


async def opened(desk: Desk, page: Page, **fields: Any) -> int:
    who = {
        "key": "mara",
        "name": "Mara Lind",
        "identifiers": [identifier(value="mara@example.com"), identifier(value="m.lind@work.example", verified=False)],
        "attributes": {"given_name": "Mara"},
    }
    said = {"kind": "message", "channel": "email", "subject": "My parcel", "body": "Where is it?", "contact": who}
    number = (await desk.push(**{**said, **fields}))["ticket"]["number"]
    await page.goto(f"/tickets/{number}")
    return number


async def timeline(desk: Desk, number: int) -> list[dict[str, Any]]:
    ticket = (await desk.api.get(f"/tickets/{number}")).json()
    found = await desk.api.get(f"/customers/{ticket['customer_id']}/timeline", params={"ticket": number})
    return [one for one in found.json()["items"] if one["body"]]


async def said(desk: Desk, number: int) -> list[str]:
    return [one["body"] for one in await timeline(desk, number)]


async def test_an_answer_can_be_undone_and_is_sent_once(desk: Desk) -> None:
    page = desk.page
    number = await opened(desk, page)
    await page.keyboard.press("r")
    await page.keyboard.type("Dear {{customer.given_name}}, it left today.")
    await expect(page.locator(".composer-filled")).to_have_text("Dear Mara, it left today.")
    await expect(page.get_by_role("button", name="Answer mara@example.com")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.keyboard.press("Escape")
    box = page.get_by_label("What you say")
    await expect(box).to_have_value("Dear {{customer.given_name}}, it left today.")
    await expect(box).to_be_focused()
    assert await said(desk, number) == ["Where is it?"]
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".item-out")).to_contain_text("Dear Mara, it left today.")
    await expect(box).to_have_value("")
    await page.keyboard.type("And once more.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.goto("/")
    await page.goto(f"/tickets/{number}")
    await expect(page.locator(".item-out", has_text="And once more.")).to_have_count(1)
    await expect(box).to_have_value("")
    assert sorted(await said(desk, number)) == ["And once more.", "Dear Mara, it left today.", "Where is it?"]


async def test_a_box_that_was_made_larger_by_hand_is_swapped_without_a_complaint(desk: Desk) -> None:
    page = desk.page
    number = await opened(desk, page)
    await page.keyboard.press("n")
    box = page.get_by_label("What you say")
    await box.evaluate("box => box.style.height = '160px'")  # as dragging its corner does
    await page.keyboard.type("Ask the depot.")
    await page.keyboard.press("Control+Enter")
    await expect(box).to_have_value("")
    assert await said(desk, number) == ["Ask the depot.", "Where is it?"]
    await page.wait_for_timeout(100)


async def test_what_was_sent_on_leaving_is_not_there_again_on_coming_back(desk: Desk) -> None:
    page = desk.page
    await opened(desk, page)
    box = page.get_by_label("What you say")
    await box.fill("It left today.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.goto("/")
    await page.go_back()
    await expect(page.locator(".item-out")).to_contain_text("It left today.")
    await expect(box).to_have_value("")


async def test_what_is_typed_is_kept_and_what_came_meanwhile_is_shown(desk: Desk) -> None:
    page = desk.page
    number = await opened(desk, page)
    await page.keyboard.press("n")
    await page.keyboard.type("Sounds angry.")
    await expect(page.get_by_role("button", name="Save note")).to_be_visible()
    await page.reload()
    box = page.get_by_label("What you say")
    await expect(box).to_have_value("Sounds angry.")
    await expect(page.get_by_label("Note", exact=True)).to_be_checked()
    await page.get_by_label("Reply", exact=True).check()
    await expect(box).to_have_value("Sounds angry.")
    await box.fill("It is on its way.")
    who = {"key": "mara", "identifiers": [identifier(value="mara@example.com")]}
    await desk.push(kind="message", channel="email", body="Found it, thanks!", contact=who, ticket=number)
    ben = await desk.somebody("Ben")
    await ben.goto(f"/tickets/{number}")
    await expect(ben.locator(".composer-here")).to_have_text("Ann is replying")
    await box.focus()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Found it, thanks!")
    await expect(box).to_have_value("It is on its way.")
    assert "It is on its way." not in await said(desk, number)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Send anyway").click()
    await expect(page.get_by_role("alert").first).to_contain_text("no connection")
    await page.context.set_offline(False)
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Send anyway").click()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    await expect(box).to_have_value("It is on its way.")
    assert "It is on its way." not in await said(desk, number)
    desk.complaints[:] = [one for one in desk.complaints if "409" not in one and "INTERNET_DISCONNECTED" not in one]
    assert not (await Axe().run(page, context="#composer")).response["violations"]


async def test_files_go_along_and_text_stays_text(desk: Desk) -> None:
    page = desk.page
    number = await opened(desk, page)
    name = '"><img src=x onerror=alert(1)>.txt'
    chooser = page.locator("[data-chooser]")
    await chooser.set_input_files([{"name": name, "mimeType": "text/plain", "buffer": b"hello"}])
    await expect(page.locator("[data-file]")).to_contain_text("img src=x")
    large: FilePayload = {
        "name": "large.bin",
        "mimeType": "application/octet-stream",
        "buffer": bytes(UPLOAD_BYTES + 1),
    }
    await chooser.set_input_files([large])
    refused = page.locator("[data-files] li").filter(has_text="large.bin")
    await expect(refused).to_contain_text("This file is larger than 25 MB.")
    box = page.get_by_label("What you say")
    await box.fill("As promised.")
    await page.reload()
    await expect(page.locator("[data-file]")).to_contain_text("img src=x")
    await page.get_by_label("Recipient").select_option("m.lind@work.example")
    await expect(page.get_by_role("button", name="Answer m.lind@work.example")).to_be_visible()
    await box.press("Control+Enter")
    await page.get_by_role("button", name="Send now").click()
    await expect(page.locator(".item-out")).to_contain_text("As promised.")
    await expect(page.locator(".item-out .item-files")).to_contain_text("img src=x")
    await expect(page.locator("[data-file]")).to_have_count(0)
    sent = (await timeline(desk, number))[0]
    assert sent["data"]["mail"]["to"] == ["m.lind@work.example"]
    assert len(sent["data"]["mail"]["attachments"]) == 1
