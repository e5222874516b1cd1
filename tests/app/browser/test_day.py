"""An agent's day in a browser: open what waits, read it, answer it."""

import re

from playwright.async_api import expect

from tests.app.browser.conftest import Desk
from tests.builders import identifier


async def test_an_agent_opens_reads_and_answers(desk: Desk) -> None:
    who = {"key": "ann", "name": "Mara Lind", "identifiers": [identifier(value="mara@example.com")]}
    await desk.push(kind="message", channel="email", subject="My parcel", body="Where is it?", contact=who)
    page = desk.page
    await page.goto("/")
    await page.get_by_role("link", name="My parcel").click()
    await expect(page).to_have_url(re.compile(r"/tickets/\d+"))
    await expect(page.locator(".item-in")).to_contain_text("Where is it?")
    await page.keyboard.press("r")
    await page.keyboard.type("It is on its way.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".item-out")).to_contain_text("It is on its way.")
    await expect(page.locator(".composer textarea")).to_have_value("")
