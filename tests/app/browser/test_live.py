"""Many tabs over one desk: a page that nobody looks at holds no connection, and learns later what it missed; who comes
is seen at once."""

import re

from playwright.async_api import Page, Route, expect

from tests.app.browser.conftest import Desk
from tests.builders import contact, identifier

MOST_TO_A_SERVER = 6
"""Connections that a browser opens to one server; each stream is one for as long as it lasts."""
LOOKED_AT = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_the_next_tab_opens_however_many_there_are(desk: Desk) -> None:
    made = await desk.push(contact={"key": "one", "identifiers": []}, body="the first words")
    path = f"/customers/{made['customer_id']}"
    tabs: list[Page] = [desk.page, *[await desk.page.context.new_page() for _ in range(MOST_TO_A_SERVER)]]
    for tab in tabs:
        await tab.goto(path, timeout=5_000)
        await expect(tab.get_by_text("the first words").first).to_be_visible()
        if tab is not tabs[-1]:
            await tab.evaluate(LOOKED_AT, "hidden")
    await desk.push(contact={"key": "one", "identifiers": []}, body="words that came behind its back")
    await expect(tabs[-1].get_by_text("words that came behind its back").first).to_be_visible()
    await expect(tabs[0].get_by_text("words that came behind its back")).to_have_count(0)
    await tabs[0].evaluate(LOOKED_AT, "visible")
    await expect(tabs[0].get_by_text("words that came behind its back").first).to_be_visible()


async def test_who_comes_is_seen_at_once_by_one_who_was_there_alone(desk: Desk) -> None:
    who = contact("ann", identifier(value="ann@one.example"))
    made = await desk.push(kind="message", channel="email", subject="Boots", contact=who)
    path, page = f"/tickets/{made['ticket']['number']}", desk.page
    async with page.expect_response("**/presence"):
        await page.goto(path)
    ben = await desk.somebody("Ben")
    await ben.goto(path)
    await expect(page.locator("#composer-here")).to_have_text("Ben is looking", timeout=3_000)
    await ben.get_by_label("What you say").fill("Dear")
    await expect(page.locator("#composer-here")).to_have_text("Ben is replying", timeout=3_000)


async def test_after_a_restore_under_another_secret_a_page_goes_on_from_now(desk: Desk) -> None:
    """What the page knew last is nobody's: it looks once at all of its parts, and hears what comes."""
    page, made = desk.page, await desk.push(contact={"key": "one", "identifiers": []})
    path = f"/customers/{made['customer_id']}"

    async def of_before(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(
            response=answer, body=re.sub('data-head="[^"]+"', 'data-head="of-before"', await answer.text())
        )

    await page.route(f"**{path}", of_before)
    async with page.expect_response(f"**{path}/who"):
        await page.goto(path)
    await desk.push(contact={"key": "one", "identifiers": []}, body="words that came since")
    await expect(page.get_by_text("words that came since").first).to_be_visible()
