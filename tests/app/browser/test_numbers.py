"""A lead finds what was missed, reads the numbers and drills down; and follows one matter over its channels."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.app.browser.conftest import Desk

SHIFT = """() => { window.shifted = []; new PerformanceObserver(list => window.shifted.push(...list.getEntries()
  .filter(one => !one.hadRecentInput).map(one => one.value))).observe({type: "layout-shift", buffered: true}); }"""


async def barriers(page: Page) -> list[Any]:
    return [
        (one["id"], [node["html"] for node in one["nodes"]]) for one in (await Axe().run(page)).response["violations"]
    ]


async def pushed(desk: Desk, **fields: Any) -> dict[str, Any]:
    return await desk.push(kind="message", occurred_at=datetime.now(UTC).isoformat(), **fields)


async def furnished(desk: Desk) -> dict[str, Any]:
    """A promise of a second, which nobody could keep, and a matter over two channels."""
    sla = {"policies": [{"key": "all", "targets": {"first_response": {"seconds": 1}}}], "answers": {"by": "anybody"}}
    assert (await desk.api.put("/sla-policies", json={"sla": sla, "version": 0})).status_code == 200
    late = await pushed(desk, channel="email", subject="Where is my lamp?")
    for at in range(2):
        await pushed(desk, channel="chat", subject=f"Shoes {at}", contact={"key": f"c{at}", "identifiers": []})
    await pushed(desk, channel="chat", direction="outbound", ticket=late["ticket"]["number"], body="On its way")
    await asyncio.sleep(1.1)  # the second passes
    return late


async def test_a_lead_finds_what_was_missed_and_where_a_number_comes_from(desk: Desk) -> None:
    late = await furnished(desk)
    page = await desk.somebody("Lea", "lead", reduced_motion="reduce")
    await page.goto("/")
    await page.get_by_role("navigation", name="Console").get_by_role("link", name="Numbers").click()
    await page.evaluate(SHIFT)
    await expect(page.locator("#missed .figure-said")).to_contain_text("missed")
    await expect(page.locator("#load .group").first).to_be_visible()
    assert sum(await page.evaluate("window.shifted")) < 0.1
    assert await barriers(page) == []
    opened = page.locator("#number-opened")
    await expect(opened.locator(".figure-said")).to_have_text("3 tickets")
    await expect(opened.locator(".what-tip")).to_be_hidden()
    await opened.locator(".what summary").focus()
    await page.keyboard.press("Enter")
    await expect(opened.get_by_text("Tickets that were opened. It belongs")).to_be_visible()
    await opened.get_by_text("Table", exact=True).click()
    await opened.get_by_role("row", name=re.compile("so far")).get_by_role("link").click()
    await expect(page.locator("tbody tr")).to_have_count(3)
    await page.go_back()
    await expect(page.locator("#number-opened .chart a")).not_to_have_count(0)
    await page.locator("#number-opened .chart a").last.click()
    await expect(page.locator("tbody tr")).to_have_count(3)
    await page.get_by_role("link", name=f"#{late['ticket']['number']} ").click()
    await expect(page).to_have_url(re.compile(f"/tickets/{late['ticket']['number']}$"))


async def test_a_journey_leads_from_each_mark_to_its_event(desk: Desk) -> None:
    late = await furnished(desk)
    page = await desk.somebody("Lea", "lead", color_scheme="dark")
    await page.goto(f"/tickets/{late['ticket']['number']}/journey")
    assert await barriers(page) == []
    await expect(page.locator(".journey-said")).to_contain_text("on 2 channels")
    await expect(page.locator(".journey-line")).to_have_count(3)
    await page.locator(f".journey a[href$='#item-{late['event_id']}']").click()
    await expect(page.locator(f"#item-{late['event_id']}")).to_be_visible()
    await page.set_viewport_size({"width": 390, "height": 800})
    for path in (
        f"/tickets/{late['ticket']['number']}/journey",
        "/numbers/missed",
        "/numbers/first_response",
        "/numbers",
    ):
        await page.goto(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, path
