"""Reading a thread in a browser: both ways without a jump, new items beside what is read, mails in their frame."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from app.filing import FOLDER, keep
from channels import files
from channels.files import FileUse, open_files
from tests.app.browser.conftest import Desk
from tests.builders import identifier, pushed

MANY = 260
MOST_HELD = 230
LETTER = (
    '<p>As made</p><script>parent.document.title = "taken"</script>'
    '<img alt="" data-src="http://127.0.0.1:9/spy.png"><div data-fold="quote">On Monday</div>' + "<p>line</p>" * 40
)
WALK = """async (by) => {
  const frame = document.querySelector(".thread-scroll"), jumps = [];
  for (let at = 0; at < 26; at++) {
    const top = frame.getBoundingClientRect().top + 150;
    const seen = [...document.querySelectorAll(".leaf .item")].find((one) => one.getBoundingClientRect().top > top);
    const was = seen.getBoundingClientRect().top, from = frame.scrollTop;
    frame.scrollTop += by;
    const moved = frame.scrollTop - from;
    await new Promise((done) => setTimeout(done, 60));
    const jump = seen.getBoundingClientRect().top - (was - moved);
    if (seen.isConnected && Math.abs(jump) > 2 && Math.abs(frame.scrollTop) > 2) jumps.push(jump);
  }
  return [jumps, document.querySelectorAll("#thread .item").length];
}"""


TOP = "document.querySelector('.thread-scroll').scrollTop"


async def many(desk: Desk) -> dict[str, Any]:
    start = datetime.now(UTC) - timedelta(days=20)
    times = [(start + timedelta(hours=number)).isoformat() for number in range(MANY)]
    said = [
        pushed(kind="message", channel="chat", subject=None, body=f"Line {at}", occurred_at=time)
        for at, time in enumerate(times)
    ]
    answer = await desk.api.post("/interactions/batch", json=said)
    return answer.json()["items"][-1]


async def test_a_long_thread_is_read_both_ways_without_a_jump(desk: Desk) -> None:
    last = await many(desk)
    page = desk.page
    await page.goto(f"/customers/{last['customer_id']}")
    await expect(page.locator(f"#item-{last['event_id']}")).to_be_in_viewport()
    up = [await page.evaluate(WALK, -900) for _ in range(2)]
    assert [jumps for jumps, _ in up] == [[], []]
    await expect(page.locator("#thread .more-newer")).to_have_count(1)
    assert up[1][1] <= MOST_HELD
    down = [await page.evaluate(WALK, 900) for _ in range(2)]
    assert [jumps for jumps, _ in down] == [[], []]
    await expect(page.locator(f"#item-{last['event_id']}")).to_be_in_viewport()
    read = await page.locator("#thread .item").nth(-30).get_attribute("id")
    link = page.locator(f"#{read} .why").last
    await link.evaluate("(one) => { one.focus({ preventScroll: true }); one.scrollIntoView({ block: 'center' }); }")
    assert await page.evaluate(TOP) < -50
    place = await link.evaluate("(one) => one.getBoundingClientRect().top")
    new = await desk.push(
        kind="message", channel="chat", body="Still there?", occurred_at=datetime.now(UTC).isoformat()
    )
    await expect(page.locator(f"#item-{new['event_id']}")).to_have_count(1)
    assert await link.evaluate("(one) => one.getBoundingClientRect().top") == pytest.approx(place, abs=0.5)
    await expect(link).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".why-told")).to_be_focused()
    await page.keyboard.press("[")
    await expect(page.locator("#start")).to_be_in_viewport()
    await expect(page.locator(".item-body", has_text="Line 0").first).to_be_in_viewport()
    await page.keyboard.press("]")
    await expect(page.locator(f"#item-{new['event_id']}")).to_be_in_viewport()


async def with_letter(desk: Desk, folders: pytest.TempPathFactory, event: str, said: str = LETTER) -> None:
    """Into the file store of the server, whose home is the newest."""
    body, kept = said.encode(), folders.mktemp("letter") / "letter"
    homes = [one for one in folders.getbasetemp().glob("site*") if not one.is_symlink()]
    home = max(homes, key=lambda one: one.stat().st_ctime)
    kept.write_bytes(body)
    sha256, work = hashlib.sha256(body).hexdigest(), desk.mine.id
    letter = FileUse(
        id=uuid4(), ordinal=0, part="html", name="message.html", type="text/html", size=len(body), sha256=sha256
    )
    await keep(desk.database, open_files(None, home / FOLDER), work, {sha256: kept})
    await desk.database.write(work, lambda db: files.record(db, work, UUID(event), [letter]))


async def test_a_short_mail_has_a_short_frame_and_figures_in_tables_stay_whole(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    words = "<td>A waterproof headtorch, with straps, cables, a bag for storage and a guarantee of two years</td>" * 2
    table = f"<p>Thanks</p><table><tr>{words}<td>Quantity</td><td>1,259.80</td></tr></table>"
    made = await desk.push(kind="message", channel="email", body="Thanks", data={"mail": {"html": True}})
    await with_letter(desk, tmp_path_factory, made["event_id"], table)
    page = desk.page
    await page.goto(f"/customers/{made['customer_id']}")
    await page.get_by_role("link", name="Show the mail as it was made").click()
    cell = page.frame_locator(".letter-frame").get_by_text("1,259.80")
    await expect(cell).to_be_visible()
    lines = "(one) => { const all = new Range(); all.selectNode(one.firstChild); return all.getClientRects().length; }"
    assert await cell.evaluate(lines) == 1
    frame = page.locator(".letter-frame")
    said = await frame.evaluate("(one) => one.contentDocument.documentElement.offsetHeight")
    await expect(frame).to_have_css("height", f"{said + 2}px")  # with its border


async def clean(page: Page) -> None:
    found = await Axe().run(page)
    assert not found.response["violations"], found.generate_report()


async def test_a_profile_is_clean_in_both_themes_and_a_mail_runs_nothing(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    who = {
        "key": "mara",
        "name": "Mara مارا",
        "identifiers": [identifier(value="mara@example.com")],
        "attributes": {"time_zone": "America/New_York", "language": "ar", "company": "Reeds"},
    }
    now = datetime.now(UTC)
    order = {"type": "order", "id": "7", "version": 1, "state": {"status": "shipped", "total": 3, "currency": "EUR"}}
    await desk.push(contact=who, object=order, occurred_at=(now - timedelta(days=9)).isoformat())
    data = {"mail": {"html": True, "quoted_at": 6}}
    body = "Hello\nOn Monday you wrote"
    made = await desk.push(
        kind="message", channel="email", body=body, data=data, contact=who, occurred_at=now.isoformat()
    )
    await with_letter(desk, tmp_path_factory, made["event_id"])
    page = await desk.somebody("Dee", color_scheme="dark")
    for one in (desk.page, page):
        await one.goto(f"/customers/{made['customer_id']}")
        await expect(one.get_by_text("there (America/New_York)")).to_be_visible()
        await one.keyboard.press(",")
        await expect(one.get_by_label("Words within this thread")).to_be_focused()
        await clean(one)
        await one.keyboard.press("Escape")
    await page.get_by_role("link", name="Show the mail as it was made").click()
    frame = page.frame_locator(".letter-frame")
    await expect(frame.get_by_text("As made")).to_be_visible()
    await expect(frame.get_by_text("On Monday")).to_be_hidden()
    await expect(page.locator(".letter-shown")).to_contain_text("1 picture from elsewhere")
    box = await page.locator(".letter-frame").bounding_box()
    assert box is not None
    assert box["height"] > 700
    assert "Mara" in await page.title()
    await page.get_by_role("link", name="Show what was quoted and signed").click()
    await expect(frame.get_by_text("On Monday")).to_be_visible()
    desk.complaints[:] = [one for one in desk.complaints if not one.startswith("Blocked script execution")]


async def test_a_very_long_name_makes_no_page_wider(desk: Desk) -> None:
    who = {"key": "long", "name": "N" * 10_000, "identifiers": [identifier(value="long@example.com")]}
    made = await desk.push(contact=who, kind="message", channel="email", subject="S" * 5_000, body="Hello")
    page = await desk.somebody("Dee", viewport={"width": 390, "height": 800})
    path = f"/customers/{made['customer_id']}"
    for one in (path, f"{path}/identity", f"{path}/merge", f"{path}/journey", f"/tickets/{made['ticket']['number']}"):
        await page.goto(one)
        assert await page.evaluate("document.documentElement.scrollWidth") == 390, one
        assert await page.locator("h1").first.evaluate("(one) => one.offsetHeight") < 300, one
