"""Somebody who has never seen it: what the customer ordered last month, an answer to her, the wrong merge undone, and
the promises that were missed this week, by clicking what a page offers."""

import re
from datetime import UTC, datetime, timedelta

from playwright.async_api import Page, expect

from tests.app.browser.conftest import WIDE, Desk

NARROW = {"width": 390, "height": 800}
A_LINE = 28
DRAWN = """cell => {
    const held = document.createRange()
    held.selectNodeContents(cell)
    return held.getBoundingClientRect().height
}"""


async def test_a_newcomer_finds_the_way_about_the_demo(furnished: Desk) -> None:
    page = furnished.page
    await page.goto("/")
    await page.get_by_role("link", name=re.compile("Where is my order NO-58821")).first.click()
    who = page.get_by_role("complementary", name="Who this is")
    month = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%B")
    ordered = who.locator("section", has=page.get_by_role("heading", name="Orders", exact=True)).locator("li")
    await expect(ordered.filter(has_text=re.compile(rf"\d+ {month}"))).not_to_have_count(0)
    await expect(ordered.filter(has_text="NO-56610")).to_contain_text("Gift card, Carbon trekking poles and 2 more")
    await ordered.filter(has_text="NO-56610").get_by_role("link").click()
    await expect(page.locator("article", has_text=re.compile("Order NO-56610.*Delivered"))).to_be_in_viewport()

    await page.get_by_role("link", name="Last", exact=True).click()
    await page.locator("textarea").first.fill("Hello Hannah, it left this morning.")
    await page.get_by_role("button", name=re.compile("^Answer hannah")).click()
    answer = page.locator(".item-out", has_text="it left this morning")
    await expect(answer).to_be_visible(timeout=15_000)  # it is held for six seconds

    await page.get_by_role("link", name="Same person?").click()
    merged = page.get_by_role("row", name=re.compile("Two customers were merged.*Robert Thornton and Rachel Thornton"))
    await merged.get_by_role("link", name="Undo …").click()
    await expect(page.get_by_role("heading", name="What undoing it changes")).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Undo")).click()
    await expect(page.get_by_role("heading", name="Rachel Thornton")).to_be_visible()
    await page.get_by_role("link", name="Same person?").click()
    await expect(merged).to_contain_text("undone")

    await page.get_by_role("link", name="Numbers").click()
    missed = page.get_by_role("row", name=re.compile("AUTUMN10.*First response"))
    await expect(missed).to_contain_text("still open")


async def test_a_ticket_leads_to_its_customer_where_there_is_no_room_for_both(desk: Desk) -> None:
    made = await desk.push(kind="message", channel="chat", body="Where is it?")
    page = desk.page
    await page.goto(f"/tickets/{made['ticket']['number']}")
    away = page.locator(f".thread-bar a[href='/customers/{made['customer_id']}']")
    await expect(away).to_be_hidden()
    await page.set_viewport_size(NARROW)  # pyright: ignore[reportArgumentType] - a TypedDict
    await away.click()
    await expect(page.get_by_role("complementary", name="Who this is")).to_be_visible()
    await page.set_viewport_size(WIDE)  # pyright: ignore[reportArgumentType]


async def test_what_heads_a_page_stays_a_line_and_words_stay_whole(furnished: Desk) -> None:
    page = furnished.page
    await page.goto("/customers")
    assert await _height(page, "main h1") < A_LINE
    await page.goto("/suggestions")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Are these one person?")).to_be_visible()
    await page.keyboard.press("x")
    await expect(page.get_by_text("That was done.")).to_be_visible()
    assert await _height(page, ".page-head") < 2 * A_LINE
    await page.goto("/settings/sla/of/at-once")
    await page.get_by_role("button", name="Show what it would change").click()
    cell = page.locator("#preview").get_by_role("cell", name="letters").first
    assert await cell.evaluate(DRAWN) < A_LINE


async def _height(page: Page, what: str) -> float:
    box = await page.locator(what).bounding_box()
    assert box is not None
    return box["height"]
