"""A narrow window: the rail is one line, and its menu works by keyboard and without a script."""

import pytest
from playwright.async_api import Page, expect

from tests.app.browser.conftest import Desk

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
