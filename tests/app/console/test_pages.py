"""What pages show: escaped, of one's own workspace, and where a page moved to."""

from html import unescape
from uuid import uuid4

import pytest

from app.console.rendering import read_static, static
from tests.app.console.conftest import Browser

SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


async def test_the_thread_is_shown_and_what_strangers_wrote_is_text(browser: Browser) -> None:
    await browser.choose()
    made = await browser.api.push(
        kind="message", channel="email", subject=SCRIPT, body=SCRIPT, contact={"name": SCRIPT, "identifiers": []}
    )
    page = (await browser.get(f"/customers/{made['customer_id']}")).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 3
    assert f'id="item-{made["event_id"]}"' in page
    assert f"/items/{made['event_id']}/why?at=" in page
    inbox = (await browser.get("/")).text
    assert "<script>alert" not in inbox
    assert "&lt;script&gt;" in inbox


async def test_a_foreign_customer_is_nothing_as_a_random_one(browser: Browser) -> None:
    await browser.choose()
    foreign = await browser.api.push(browser.api.other.keys["admin"])
    pages = [await browser.get(f"/customers/{one}") for one in (foreign["customer_id"], uuid4(), "nobody")]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1


async def test_an_absorbed_customer_moves_on(browser: Browser) -> None:
    await browser.choose()
    one, two = [await browser.api.push(contact={"key": key, "identifiers": []}) for key in ("one", "two")]
    asked = {"other": two["customer_id"]}
    merged = await browser.api("POST", f"/api/v1/customers/{one['customer_id']}/merge", json=asked)
    assert merged.status_code == 200
    moved = await browser.get(f"/customers/{two['customer_id']}")
    assert (moved.status_code, moved.headers["location"]) == (308, f"/customers/{one['customer_id']}")


async def test_a_long_thread_is_paged_both_ways(browser: Browser) -> None:
    await browser.choose()
    made = [await browser.api.push(contact={"key": "me", "identifiers": []}) for _ in range(40)]
    path = f"/customers/{made[0]['customer_id']}"
    first = (await browser.get(path)).text
    older = unescape(first.partition('more-older"')[2].partition('hx-get="')[2].partition('"')[0])
    assert older.startswith(f"{path}/thread?before=")
    second = (await browser.get(older)).text
    assert f'id="item-{made[0]["event_id"]}"' in second
    assert f'id="item-{made[0]["event_id"]}"' not in first
    assert (await browser.get(f"{path}/thread?before=nonsense")).status_code == 400


@pytest.mark.parametrize("name", ["console.css", "vendor/htmx-2.0.11.min.js", "mark.svg"])
async def test_files_are_kept_for_ever_under_an_address_of_their_bytes(browser: Browser, name: str) -> None:
    file = await browser.get(static(name))
    assert file.status_code == 200
    assert "immutable" in file.headers["cache-control"]
    assert file.content == read_static(name)
    old = await browser.get(f"/static/000000000000/{name}")
    assert old.headers["cache-control"] == "no-cache"
    assert (await browser.get("/static/000000000000/..%2F..%2Fpages.py")).status_code == 404


def test_what_is_sent_stays_small() -> None:
    assert len(read_static("console.css")) < 60_000
