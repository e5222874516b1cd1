"""Where a link lands: in the field that it is for, on an item that can be seen, on a page that does not scroll."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tests.app.browser.conftest import Desk
from tests.builders import pushed

HIDDEN = """(item) => {
  const day = document.querySelector(".thread-scroll").getBoundingClientRect().top + 30;
  return item.getBoundingClientRect().top < day;
}"""


async def test_a_link_lands_where_one_goes_on(desk: Desk) -> None:
    start = datetime.now(UTC) - timedelta(hours=40)
    said = [
        pushed(kind="message", channel="chat", body=f"Line {at}", occurred_at=(start + timedelta(hours=at)).isoformat())
        for at in range(40)
    ]
    items = (await desk.api.post("/interactions/batch", json=said)).json()["items"]
    page, customer, wanted = desk.page, f"/customers/{items[0]['customer_id']}", items[20]["event_id"]
    await page.goto(customer)
    assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0
    at = (start + timedelta(hours=20)).isoformat().replace("+00:00", "Z")
    await page.evaluate("(to) => location.assign(to)", f"{customer}?at={at}#item-{wanted}")
    item = page.locator(f"#item-{wanted}")
    await expect(item).to_be_focused()
    assert not await item.evaluate(HIDDEN)
    await page.get_by_role("link", name="Answer", exact=True).click()
    await expect(page.get_by_label("What you say")).to_be_focused()
