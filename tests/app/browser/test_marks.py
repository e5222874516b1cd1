"""What became of an answer by mail stands on its item without loading the page again."""

from pathlib import Path

from playwright.async_api import expect

from app.mailing import Mailer
from tests.app.browser.conftest import Desk
from tests.app.browser.test_answering import opened
from tests.app.posting import follow, mail_account, mailer, send
from tests.channels.email.smtp_server import mail_server


async def settle(desk: Desk, out: Mailer) -> None:
    await follow(out, desk.mine.id)
    await send(out, desk.mine.id)


async def test_an_answer_says_that_it_was_sent_as_soon_as_it_is(desk: Desk, tmp_path: Path) -> None:
    page = desk.page
    async with mail_server() as there, mailer(desk.database, tmp_path) as out:
        await mail_account(desk.database, desk.mine.id, there, source="shop")
        await opened(desk, page, source="shop")
        await page.keyboard.press("r")
        await page.keyboard.type("It left today.")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_role("button", name="Undo")).to_be_focused()
        await page.keyboard.press("Control+Enter")
        mine = page.locator(".item-out", has_text="It left today.")
        await expect(mine).to_be_visible()
        await expect(mine.locator(".tag-good")).to_have_count(0)
        await settle(desk, out)
        assert len(there.taken) == 1
        await expect(mine.locator(".tag-good")).to_have_text("sent", timeout=20_000)


async def test_what_was_typed_goes_on_at_its_end_after_loading(desk: Desk) -> None:
    page = desk.page
    await opened(desk, page)
    await page.keyboard.press("r")
    await page.keyboard.type("It left")
    await page.reload()
    text = page.locator("#composer [name=body]")
    await expect(text).to_have_value("It left")
    await text.focus()
    await page.keyboard.type(" today")
    await expect(text).to_have_value("It left today")
