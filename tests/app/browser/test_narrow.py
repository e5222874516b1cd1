"""A narrow window: the rail is one line, and its menu works by keyboard and without a script."""

import pytest
from playwright.async_api import Page, expect

from tests.app.browser.conftest import WIDE, Desk
from tests.builders import contact, identifier

NARROW = {"width": 390, "height": 800}
A_LINE = 56


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
async def test_the_rail_is_a_line_with_a_menu(desk: Desk, script: bool) -> None:
    page: Page = await desk.somebody("Cleo", viewport=NARROW, java_script_enabled=script)
    await page.goto("/customers")
    box = await page.locator(".rail").bounding_box()
    assert box is not None
    assert box["height"] <= A_LINE
    place = page.get_by_role("link", name="Same person?")
    await expect(place).to_be_hidden()
    menu = page.get_by_role("button", name="Menu")
    await menu.focus()
    await page.keyboard.press("Enter")
    await expect(place).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(place).to_be_hidden()
    await menu.click()
    await place.click()
    await page.wait_for_url("**/suggestions")


async def test_keys_and_the_palette_go_where_the_menu_would(desk: Desk) -> None:
    page = await desk.somebody("Cleo", viewport=NARROW)
    await page.goto("/customers")
    await page.keyboard.press("/")
    await page.locator("#palette-q").fill("go to inb")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{desk.url}/")
    await page.keyboard.press("g")
    await page.keyboard.press("m")
    await page.wait_for_url("**/suggestions")


LINES = """() => {
  const box = document.querySelector(".catch-up"), { top } = box.getBoundingClientRect();
  const from = top + box.querySelector("h2").offsetHeight, to = top + box.clientHeight;
  const lines = [...box.querySelectorAll("li")].map((line) => line.getBoundingClientRect());
  const seen = lines.filter((line) => line.bottom > from + 1 && line.top < to - 1);
  const whole = seen.filter((line) => line.top > from - 1 && line.bottom < to + 1);
  return { seen: seen.length, whole: whole.length, all: lines.length };
}"""


@pytest.mark.parametrize("size", [WIDE, {"width": 390, "height": 844}], ids=["wide", "narrow"])
async def test_what_to_know_before_saying_hello_stands_in_whole_lines(desk: Desk, size: dict[str, int]) -> None:
    page: Page = await desk.somebody("Cleo", viewport=size)
    who = contact("ann", identifier(value="ann@one.example"))
    made = await desk.push(kind="message", channel="email", subject="Boots", contact=who)
    path = f"/tickets/{made['ticket']['number']}"
    for body in ("One", "Two", "Three"):
        for what in ("replies", "notes"):
            assert (await desk.api.post(f"{path}/{what}", json={"body": f"{body}."})).status_code == 201
    await page.goto(path)
    await expect(page.locator("#catch-up li")).to_have_count(7)
    assert await page.evaluate(LINES) == {"seen": 2, "whole": 2, "all": 7}
    assert await page.locator(".catch-up").evaluate("box => (box.scrollBy(0, 40), box.scrollTop)") > 0
    assert await page.evaluate(LINES) == {"seen": 2, "whole": 2, "all": 7}
