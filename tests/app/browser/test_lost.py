"""What is lost is said and comes back: live updates, a session that ended, and what was typed meanwhile."""

import re
from typing import Any
from urllib.parse import unquote

from playwright.async_api import Page, expect

from tests.app.browser.conftest import Desk
from tests.app.browser.test_live import LOOKED_AT
from tests.builders import contact, identifier

SECRET = "a secret that is nobody's business"


async def opened(desk: Desk) -> tuple[dict[str, Any], str]:
    made = await desk.push(
        contact=contact("ann", identifier(value="ann@one.example"), name="Ann Lee"),
        kind="message", channel="email", subject="Boots", body="Where are they?",
    )  # fmt: skip
    path = f"/tickets/{made['ticket']['number']}"
    await desk.page.goto(path)
    return made, path


async def look_away_and_back(page: Page) -> None:
    for state in ("hidden", "visible"):
        await page.evaluate(LOOKED_AT, state)


async def signed_out(page: Page) -> Any:
    """What the browser forgets, to be given back."""
    cookies = await page.context.cookies()
    await page.context.clear_cookies()
    return cookies


async def signed_in_again(page: Page, cookies: Any) -> None:
    """As who has filled in the door's form: to where it leads."""
    await page.wait_for_url(re.compile("/sign-in"))
    target = await page.locator("[name=next]").get_attribute("value")
    assert target
    await page.context.add_cookies(cookies)
    await page.goto(target)


async def test_live_updates_that_are_lost_are_said_until_they_are_back(desk: Desk) -> None:
    page = desk.page
    made, _path = await opened(desk)
    line = page.locator("#lost")
    await expect(line).to_be_empty()
    for lost in ("**/live*", "**/me/rail"):
        await page.route(lost, lambda route: route.abort())
    await look_away_and_back(page)
    await expect(line).to_have_text("Not live: trying again …", timeout=15_000)
    assert await line.get_attribute("role") == "status"
    await page.unroute_all()
    await expect(line).to_be_empty(timeout=15_000)
    await desk.push(contact=contact("ann"), kind="message", channel="email", body="I am still waiting")
    await expect(page.get_by_text("I am still waiting").first).to_be_visible()
    assert made["customer_id"]
    desk.complaints[:] = [one for one in desk.complaints if "net::ERR_FAILED" not in one]


async def test_a_session_that_ended_says_so_and_nothing_typed_is_lost(desk: Desk) -> None:
    page = desk.page
    _made, path = await opened(desk)
    text = page.locator("#composer [name=body]")
    await text.fill("Half an answer")
    cookies = await signed_out(page)
    await look_away_and_back(page)
    line = page.locator("#lost")
    await expect(line).to_contain_text("Your session has ended.", timeout=15_000)
    await line.get_by_role("link", name="Sign in again").click()
    await signed_in_again(page, cookies)
    assert page.url.endswith(path)
    await expect(text).to_have_value("Half an answer")
    desk.complaints.clear()


async def test_what_was_typed_in_a_dialog_is_on_its_page_after_signing_in(desk: Desk) -> None:
    page = desk.page
    _made, path = await opened(desk)
    await page.goto(f"{path}/do/subject")
    await page.goto(path)
    await page.evaluate("path => htmx.ajax('GET', path, '#doing')", f"{path}/do/subject")
    await page.locator("dialog [name=subject]").fill("Boots that leak")
    cookies = await signed_out(page)
    await page.keyboard.press("Enter")
    await signed_in_again(page, cookies)
    assert page.url.endswith(f"{path}/do/subject")
    await expect(page.locator("[name=subject]")).to_have_value("Boots that leak")
    await page.get_by_role("button", name="Rename").click()
    await expect(page.get_by_text("Boots that leak").first).to_be_visible()
    desk.complaints.clear()


async def test_a_form_of_the_settings_is_as_it_was_typed_after_signing_in(desk: Desk) -> None:
    admin = await desk.somebody("Ada", "admin")
    await admin.goto("/settings/agents")
    await admin.get_by_role("link", name="Add an agent").click()
    await admin.get_by_label("E-mail address").fill("eve@desk.example")
    await admin.get_by_label("Name").fill("Eve Neu")
    await admin.evaluate(
        "secret => document.querySelector('form.stack, main form[method=post]').insertAdjacentHTML("
        "'beforeend', `<input type=password name=secret value=\"${secret}\">`)", SECRET
    )  # fmt: skip
    cookies = await signed_out(admin)
    await admin.get_by_role("button", name="Add", exact=True).click()
    await admin.wait_for_url(re.compile("/sign-in"))
    kept = await admin.evaluate("sessionStorage.getItem('typed')")
    assert "eve@desk.example" in kept
    assert SECRET not in kept
    assert "csrf" not in kept
    assert unquote(admin.url).endswith("#typed")
    await signed_in_again(admin, cookies)
    await expect(admin.get_by_label("E-mail address")).to_have_value("eve@desk.example")
    await expect(admin.get_by_label("Name")).to_have_value("Eve Neu")
    await expect(admin.locator("#lost")).to_contain_text("What you typed is here again")
    assert await admin.evaluate("sessionStorage.getItem('typed')") is None
    assert not admin.url.endswith("#typed")
    await admin.get_by_role("button", name="Add", exact=True).click()
    await expect(admin.locator(".s-once-text")).to_be_visible()
    desk.complaints.clear()
