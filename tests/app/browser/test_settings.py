"""Setting up a desk in a browser: somebody comes in by a link, a key is shown once, what was refused is read again."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.app.browser.conftest import Desk
from tests.builders import pushed


async def test_somebody_new_is_let_in_by_a_link(desk: Desk) -> None:
    admin = await desk.somebody("Ada", "admin")
    await admin.goto("/settings")
    await admin.click("main >> text=Agents")
    await admin.click("text=Add an agent")
    await admin.get_by_label("E-mail address").fill("eve@desk.example")
    await admin.get_by_label("Name").fill("Eve Neu")
    await admin.get_by_role("button", name="Add", exact=True).click()
    link = (await admin.locator(".s-once-text").inner_text()).strip()
    hers = await desk.chromium.new_context(base_url=desk.url)
    page = await hers.new_page()
    await page.goto("/welcome" + link.partition("/welcome")[2])
    await page.get_by_label("Password").fill("a long enough secret")
    await page.get_by_label("Once more").fill("a long enough secret")
    await page.get_by_role("button").click()
    await page.wait_for_url(f"{desk.url}/")
    assert await page.get_by_text("Eve Neu").first.is_visible()
    await page.goto("/settings/agents")
    assert await page.get_by_text("Add an agent").count() == 0
    await hers.close()
    await admin.get_by_role("link", name="Go on").click()
    assert await admin.get_by_role("heading", name="Eve Neu").is_visible()
    assert await admin.get_by_text("Signed in on").is_visible()


async def test_a_key_is_made_by_keyboard_and_what_was_refused_is_read_again(desk: Desk) -> None:
    admin = await desk.somebody("Ada", "admin")
    await admin.goto("/settings/keys")
    await admin.get_by_role("link", name="Make a key").focus()
    await admin.keyboard.press("Enter")
    await admin.get_by_label("Name").fill("The shop")
    await admin.keyboard.press("Enter")
    key = (await admin.locator(".s-once-text").inner_text()).strip()
    first = pushed(subject="A tent")
    made = await desk.api.post("/interactions", json=first, headers={"Authorization": f"Bearer {key}"})
    assert made.status_code == 201
    await desk.api.post("/interactions", json={**first, "subject": "<b>Another</b>"})
    await admin.goto("/settings/quarantine")
    await admin.locator("tbody a").first.click()
    assert "<b>Another</b>" in await admin.locator("pre").inner_text()
    await admin.get_by_role("button", name="Read it again").click()
    assert await admin.get_by_text("refused again").is_visible()


async def test_a_disabled_account_is_enabled_again_and_says_who_did_it(desk: Desk) -> None:
    made = await desk.api.post("/channel-accounts", json={"kind": "orders", "name": "shop"})
    admin = await desk.somebody("Ada", "admin")
    await admin.goto(f"/settings/accounts/of/{made.json()['id']}")
    await admin.get_by_role("link", name="Disable").click()
    await admin.get_by_role("button", name="Disable").click()
    await admin.get_by_text("It was disabled on").wait_for()
    assert await admin.get_by_role("link", name="Disable").count() == 0
    await admin.get_by_role("button", name="Enable").click()
    await admin.get_by_role("link", name="Disable").wait_for()
    assert await admin.get_by_text("enabled again").count() == 1
    assert await admin.get_by_text("It was disabled on").count() == 0


async def test_what_a_policy_would_change_is_shown_before_it_is_saved(desk: Desk) -> None:
    for channel in ("email", "chat"):
        await desk.push(kind="message", channel=channel, subject=None, contact={"key": "mara", "name": "Mara"})
    lead = await desk.somebody("Lea", "lead")
    await lead.goto("/settings/ticket-policy")
    await lead.get_by_label("Another channel is another matter").check()
    await lead.get_by_role("button", name="Show what it would change").click()
    shown = lead.locator("#preview")
    await expect(shown).to_contain_text("Looked at the one customer with 2 events. Nothing is saved yet.")
    await expect(shown.get_by_role("row", name="there would be")).to_contain_text("2")
    await expect(shown.get_by_role("row", name="would be split off one of today")).to_contain_text("1")
    assert not (await Axe().run(lead, context="#preview")).response["violations"]
    versions = (await desk.api.get("/ticket-policies")).json()["items"]
    assert [one["version"] for one in versions] == [0]
    await expect(lead.get_by_label("Another channel is another matter")).to_be_checked()
    await lead.get_by_role("button", name="Save", exact=True).click()
    await lead.get_by_text("Saved.").wait_for()
    versions = (await desk.api.get("/ticket-policies")).json()["items"]
    assert versions[0]["policy"]["continues"]["same_channel"]

    await lead.goto("/settings/sla/new")
    await lead.locator("#f-key").fill("fast")
    await lead.get_by_label("First response within").fill("1 hour")
    await lead.get_by_role("button", name="Show what it would change").click()
    await expect(lead.locator("#preview").get_by_role("row", name="fast First response")).to_be_visible()
    assert (await desk.api.get("/sla-policies")).json()["sla"] == {}

    admin = await desk.somebody("Ada", "admin")
    await admin.goto("/settings/retention")
    await admin.get_by_label("Customers who were not heard of, and not written to, for").fill("1 year")
    await admin.get_by_role("button", name="Show what it would change").click()
    erased = admin.locator("#preview").get_by_role("row", name="Customers, with all that they said")
    await expect(erased).to_contain_text("0")
    assert (await desk.api.get("/retention-policies")).json()["items"][0]["version"] == 0
