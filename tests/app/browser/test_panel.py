"""An agent works a ticket by keyboard beside its thread; another changes it meanwhile; nothing breaks what is shown."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.app.browser.conftest import Desk

SCRIPT = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"


async def pushed(desk: Desk, **fields: Any) -> int:
    made = await desk.push(kind="message", channel="chat", **fields)
    return made["ticket"]["number"]


async def press(page: Page, *keys: str) -> None:
    """Each key once the dialog that it opens is there."""
    for key in keys:
        await page.keyboard.press(key)
        await expect(page.locator("dialog[data-doing]")).to_be_visible()


async def is_done(page: Page) -> None:
    await expect(page.locator("dialog[data-doing]")).to_have_count(0)


async def violations(page: Page, part: str) -> list[Any]:
    found = (await Axe().run(page, context=part)).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


async def test_a_ticket_is_worked_by_keyboard(desk: Desk) -> None:
    number = await pushed(desk, subject="My lamp")
    page, panel = desk.page, desk.page.locator("#panel")
    await page.goto(f"/tickets/{number}")
    await press(page, "s")
    await page.keyboard.type("pend")
    await page.keyboard.press("Enter")
    await is_done(page)
    await expect(panel.locator("#panel-status")).to_contain_text("pending")
    await page.keyboard.press("a")
    await expect(panel.locator("#panel-owner")).to_contain_text("Ann")
    await page.locator("#panel-priority").focus()
    await press(page, "p")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await is_done(page)
    await expect(panel.locator("#panel-priority")).to_contain_text("urgent")
    await expect(page.locator("#panel-priority")).to_be_focused()
    await press(page, "t")
    await page.keyboard.type("refund, late")
    await page.keyboard.press("Enter")
    await is_done(page)
    await expect(panel.locator(".panel-tags")).to_contain_text("refund")
    await press(page, "z")
    await page.get_by_label("A note for colleagues").fill("Waits for the carrier")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Until the customer writes").click()
    await is_done(page)
    await expect(panel).to_contain_text("Snoozed until the customer writes")
    await page.keyboard.press("z")
    await expect(panel).not_to_contain_text("Snoozed")
    await press(page, "h")
    await expect(page.locator(".history li")).to_have_count(6)
    await page.keyboard.press("Escape")
    await is_done(page)
    await page.keyboard.press("n")
    await expect(page.locator(".composer textarea")).to_be_focused()


async def test_what_others_do_comes_in_and_what_is_typed_stays(desk: Desk) -> None:
    number, other = await pushed(desk, subject="My lamp"), await pushed(desk, subject="My chair")
    page, panel = desk.page, desk.page.locator("#panel")
    await page.goto(f"/tickets/{number}")
    await page.locator("#panel-queue").focus()
    await press(page, "m")
    await page.keyboard.type("chair")
    await expect(page.locator("#found li")).to_have_count(1)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name=f"Merge into #{number}").click()
    await is_done(page)
    await expect(page.locator("#panel-queue")).to_be_focused()
    await expect(panel).to_contain_text(f"#{other} became part of #{number}")
    await page.locator("#panel-told").get_by_role("link", name="Undo").click()
    await expect(page.locator("dialog[data-doing]")).to_contain_text(f"#{other} is back")
    await page.get_by_role("button", name="Take it back").click()
    await is_done(page)
    await page.keyboard.press("a")
    await expect(panel.locator("#panel-owner")).to_contain_text("Ann")
    await press(page, "b")
    await page.get_by_label("Why").fill("I am off today")
    seen = (await desk.api.get(f"/tickets/{number}")).json()["version"]
    changed = await desk.api.patch(f"/tickets/{number}", json={"priority": "high", "version": seen})
    assert changed.status_code == 200
    await expect(panel.locator("#panel-priority")).to_contain_text("high")
    await expect(page.get_by_label("Why")).to_have_value("I am off today")
    await page.get_by_role("button", name="Hand back").click()
    told = page.get_by_role("alert")
    await expect(told).to_contain_text("This ticket changed while you were here")
    await expect(told).to_contain_text("set the priority to high")
    await expect(page.get_by_label("Why")).to_have_value("I am off today")
    assert desk.complaints == [one for one in desk.complaints if "412" in one]
    desk.complaints.clear()
    await told.get_by_role("link", name="Leave it as it is now").click()
    await expect(page.locator("dialog[data-doing]")).to_have_count(0)
    await expect(panel.locator("#panel-owner")).to_contain_text("Ann")
    await press(page, "p")
    changed = await desk.api.patch(f"/tickets/{number}", json={"priority": "low", "version": changed.json()["version"]})
    assert changed.status_code == 200
    await expect(panel.locator("#panel-priority")).to_contain_text("low")
    await page.locator("dialog").get_by_role("button", name="urgent").click()
    await expect(told).to_contain_text("set the priority to low")
    await expect(page.locator("dialog .pick", has_text="urgent")).to_contain_text("your choice")
    desk.complaints.clear()
    await page.get_by_role("button", name="Do it anyway").click()
    await is_done(page)
    await expect(panel.locator("#panel-priority")).to_contain_text("urgent")


async def test_odd_and_long_words_break_nothing_and_everybody_can_read_it(desk: Desk) -> None:
    number = await pushed(desk, subject=SCRIPT, contact={"key": "x", "name": SCRIPT + "y" * 9_000})
    await desk.api.post(f"/tickets/{number}/tasks", json={"title": SCRIPT + "z" * 400})
    seen = (await desk.api.get(f"/tickets/{number}")).json()["version"]
    tags = [f"{'long' * 11}{n}" for n in range(40)] + ["<b>bold</b>"]
    changed = await desk.api.patch(f"/tickets/{number}", json={"tags": tags, "version": seen})
    assert changed.status_code == 200, changed.text
    page = desk.page
    await page.goto(f"/tickets/{number}")
    await expect(page.locator("#panel bdi").first).to_contain_text("<script>")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page, ".panel") == []
    await press(page, "t")
    assert await violations(page, "dialog[data-doing]") == []
    assert await page.title() != "run"
    await page.keyboard.press("Escape")
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate(
            "document.querySelector('.panel').scrollWidth <= document.querySelector('.panel').clientWidth"
        )
