"""A day in the inbox, in a browser: what is new comes in without moving anything, much is done by key, once."""

import re
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.app.browser.conftest import Desk
from tests.builders import identifier

SHIFTS = """() => { window.shifted = 0; new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.shifted += one.value; }).observe({ type: "layout-shift" }); }"""


async def writes(desk: Desk, name: str, subject: str) -> dict[str, Any]:
    who = {"key": name, "name": name, "identifiers": [identifier(value=f"{name.lower()}@example.com")]}
    return await desk.push(kind="message", channel="email", subject=subject, body=f"{subject}?", contact=who)


async def change(desk: Desk, number: int, **fields: Any) -> None:
    tag = (await desk.api.get(f"/tickets/{number}")).headers["ETag"]
    done = await desk.api.patch(f"/tickets/{number}", headers={"If-Match": tag}, json=fields)
    assert done.status_code == 200, done.text


async def no_faults(page: Page) -> None:
    found = await Axe().run(page)
    assert not found.response["violations"], found.generate_report()


async def test_what_is_new_comes_in_and_moves_nothing(desk: Desk) -> None:
    page = desk.page
    first = (await writes(desk, "Mara", "My parcel"))["ticket"]["number"]
    second = (await writes(desk, "Nils", "My refund"))["ticket"]["number"]
    await page.goto("/?sort=last_at")
    await page.evaluate(SHIFTS)
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.locator(".bulk-count")).to_have_text("2 selected")
    await change(desk, first, priority="urgent", tags=["late"])
    line = page.locator("tr", has_text=f"#{first}")
    await expect(line).to_contain_text("urgent")
    await writes(desk, "Olga", "My invoice")
    await expect(page.locator(".list-new")).to_have_text("1 new")
    await expect(page.locator("#list-count")).to_have_text("3 tickets")
    await expect(page.locator("tbody tr")).to_have_count(2)
    focused = await page.evaluate("document.activeElement.getAttribute('href')")
    assert focused == f"/tickets/{first}"
    assert await page.evaluate("window.shifted") == 0
    await page.keyboard.press("i")
    await expect(page.locator("tbody tr")).to_have_count(3)
    await expect(page.locator(".pick:checked")).to_have_count(2)
    assert await page.evaluate("document.activeElement.getAttribute('href')") == focused
    await page.keyboard.press("p")
    await page.get_by_label("Priority of them").select_option("high")
    await page.get_by_role("button", name="Set the priority").click()
    outcome = page.locator("#outcome")
    await expect(outcome).to_contain_text(f"1 ticket done. 1 stayed as it is: #{first} somebody changed it meanwhile")
    await page.get_by_role("button", name="Undo").click()
    await expect(outcome).to_have_text(re.compile(r"^\s*1 ticket done\.\s*$"))
    assert (await desk.api.get(f"/tickets/{second}")).json()["priority"] == "normal"


async def test_a_list_is_narrowed_kept_and_worked_by_keys(desk: Desk) -> None:
    page = await desk.somebody("Lea", "lead", color_scheme="dark")
    for name in ("Mara", "Nils"):
        await writes(desk, name, f"From {name}")
    await page.goto("/")
    await no_faults(page)
    await page.keyboard.press("f")
    await page.get_by_label("nobody's").check()
    await no_faults(page)
    await page.get_by_role("button", name="Show").click()
    await page.get_by_role("link", name="Keep as a view").click()
    await page.get_by_label("Name").fill("Free")
    await page.get_by_label("Who sees it").select_option("workspace")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Free")).to_be_visible()
    await page.keyboard.press("c")
    await expect(page).to_have_url(re.compile(r"/tickets/\d+"))
    await desk.page.goto("/")
    await desk.page.get_by_role("link", name="Free").click()
    await expect(desk.page.locator("tbody tr")).to_have_count(1)
    await desk.page.keyboard.press("j")
    await desk.page.keyboard.press("a")
    await desk.page.keyboard.press("Tab")
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.locator("#outcome")).to_contain_text("1 ticket done.")
    await expect(desk.page.get_by_role("link", name="Mine")).to_contain_text("1")
    await no_faults(desk.page)
    for path in ("/notices", "/tasks", "/?assignee=none"):
        await desk.page.goto(path)
        await no_faults(desk.page)


async def test_the_sheet_of_keys_names_each_key_of_the_page_and_no_other(desk: Desk) -> None:
    page = desk.page
    made = await writes(desk, "Mara", "From Mara")
    sheet = page.locator("dialog.keys")
    shown = """() => [...document.querySelectorAll("[aria-keyshortcuts]")].filter((one) => one.checkVisibility())
      .map((one) => one.ariaKeyShortcuts).filter((one) => one.length === 1)"""
    for path, one, other in (
        ("/", "claim the next", "split"),
        (f"/tickets/{made['ticket']['number']}", "split", "claim the next"),
    ):
        await page.goto(path)
        keys = await page.evaluate(shown)
        await page.keyboard.press("?")
        await expect(sheet.get_by_text(one, exact=True)).to_be_visible()
        await expect(sheet.get_by_text(other, exact=True)).to_be_hidden()
        said = set(await sheet.locator("kbd:visible").all_text_contents())
        assert keys
        assert not set(keys) - said
        await no_faults(page)


async def test_clocks_count_while_one_looks(desk: Desk) -> None:
    page = desk.page
    ticket = await writes(desk, "Mara", "My parcel")
    title = {"title": "Call back", "owner": str(desk.agents["Ann"])}
    moment = await page.evaluate("new Date(Date.now() + 62500).toISOString()")
    made = await desk.api.post(f"/tickets/{ticket['ticket']['number']}/tasks", json={**title, "due_at": moment})
    assert made.status_code == 201, made.text
    await page.goto("/tasks")
    due = page.locator(".due")
    await expect(due).to_have_text("in 1 min")
    await page.evaluate(SHIFTS)
    await expect(due).to_have_text(re.compile(r"in 5\d s"))
    await page.get_by_role("button", name="Done: Call back").click()
    await expect(page.get_by_role("button", name="Not done after all: Call back")).to_be_focused()
    await expect(page.locator("#rail-tasks")).to_contain_text("1")
