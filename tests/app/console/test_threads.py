"""The thread of one customer: filters, places, the past, why an item is there, mails in their frame, files."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from litestar import Litestar

from app.console.letters import letter_of, with_pictures
from app.console.things import MOST_MORE, beyond, goods_of
from app.filing import keep
from app.indexing import Indexer
from channels import files
from channels.files import FileUse
from search.postgres import PostgresEngine
from tests.app.api.asking import soon
from tests.app.api.indexed import Indexed
from tests.app.console.conftest import Browser, edge_of_app
from tests.app.console.test_account import at_account
from tests.builders import contact, identifier
from timeline.object_types import Card, Status

ITEM = re.compile(r'id="item-([0-9a-f-]{36})"')
LETTER = (
    '<p>Dear you</p><img alt="a > b" data-src="https://spy.example/1.png"><img src="cid:logo@x" alt="">'
    '<div data-fold="quote">On Monday you wrote</div>'
)


async def told(browser: Browser) -> tuple[str, list[dict[str, Any]]]:
    """A customer's page, and what was pushed for it: a message, an order, a note."""
    await browser.choose()
    start = datetime.now(UTC) - timedelta(days=3)
    made = [
        await browser.api.push(
            kind=kind, channel=channel, body=body, occurred_at=(start + timedelta(days=day)).isoformat()
        )
        for day, (kind, channel, body) in enumerate(
            [
                ("message", "chat", "Zebra stripes please"),
                ("order", "orders", "Two shoes"),
                ("note", "crm", "Calls back"),
            ]
        )
    ]
    return f"/customers/{made[0]['customer_id']}", made


def shown(page: str) -> set[str]:
    return set(ITEM.findall(page))


async def test_filters_narrow_and_each_is_a_chip_that_goes_again(browser: Browser) -> None:
    path, made = await told(browser)
    order = made[1]["event_id"]
    page = (await browser.get(f"{path}?kind=order&kind=payment&channel=orders")).text
    assert shown(page) == {order}
    assert page.count('class="chip"') == 3
    without = [unescape(one) for one in re.findall(r'class="chip" href="([^"]+)"', page)]
    assert without[0] == "?kind=payment&channel=orders"
    day = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    assert shown((await browser.get(f"{path}?from={day}&to={day}")).text) == {order}
    number = made[0]["ticket"]["number"]
    assert made[0]["event_id"] in shown((await browser.get(f"{path}?ticket=%23{number}")).text)
    assert "no ticket of that number" in (await browser.get(f"{path}?ticket=99999")).text
    assert "Nothing passes these filters" in (await browser.get(f"{path}?kind=visit")).text


@pytest.mark.parametrize(
    ("day", "within", "after"),
    [
        ("2026-03-08", "2026-03-09T03:59:00Z", "2026-03-09T04:01:00Z"),  # 23 hours long in New York
        ("2025-11-02", "2025-11-03T04:59:00Z", "2025-11-03T05:01:00Z"),  # 25
    ],
)
async def test_a_day_that_the_clocks_change_on_is_as_long_as_it_is(
    browser: Browser, day: str, within: str, after: str
) -> None:
    csrf = await at_account(browser)
    assert (await browser.post("/account/zone", csrf=csrf, zone="America/New_York")).status_code == 303
    made = [await browser.api.push(occurred_at=at) for at in (within, after)]
    page = await browser.get(f"/customers/{made[0]['customer_id']}?from={day}&to={day}")
    assert shown(page.text) == {made[0]["event_id"]}


async def test_an_order_says_when_it_was_placed_and_what_was_bought(browser: Browser) -> None:
    await browser.choose()
    placed = datetime.now(UTC) - timedelta(days=40)
    goods = [{"name": "Lamp", "quantity": 2}, {"title": "Tent"}, {"sku": "X-1"}, "Peg"]
    for version, status, days in ((1, "placed", 0), (2, "delivered", 9)):
        state = {"status": status, "items": goods, "total": 1189.0, "currency": "GBP"}
        made = await browser.api.push(
            kind="order",
            channel="orders",
            occurred_at=(placed + timedelta(days=days)).isoformat(),
            object={"type": "order", "id": "NO-1", "version": version, "state": state},
        )
    parcel = {"type": "shipment", "id": "P-1", "version": 1, "state": {"status": "lost"}}
    await browser.api.push(kind="shipment", channel="orders", object=parcel)
    page = (await browser.get(f"/customers/{made['customer_id']}/who")).text
    orders, others = (
        page.partition('id="who-things"')[0].partition('id="who-orders"')[2],
        page.partition("who-things")[2],
    )
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", orders))
    assert "Order NO-1 · 1,189.00 GBP" in said
    assert f'<time datetime="{placed.isoformat()}">' in orders
    assert "2 × Lamp, Tent and 2 more" in said
    assert "Delivered" in said
    assert f'#item-{made["event_id"]}"' in orders
    assert "Shipment P-1" in others
    assert "Shipment P-1" not in orders


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"items": [{"name": "Lamp"}]}, "Lamp"),
        (
            {"line_items": [{"product": {"name": "Lamp"}, "qty": 1.5}, {"description": " A \n mat "}]},
            "1.5 × Lamp, A mat",
        ),
        ({"lines": [{"price": 3}, {"name": "Lamp"}]}, "Lamp and 1 more"),
        ({"items": [{"price": 3}]}, ""),
        ({"items": "Lamp", "products": ["Mat"] * 5}, "Mat, Mat and 3 more"),
        ({"items": [{"name": "x" * 99}]}, "x" * 59 + "…"),
        ({"items": []}, ""),
        ("placed", ""),
        (None, ""),
    ],
)
def test_goods_are_named_in_a_few_words(state: Any, words: str) -> None:
    assert goods_of(state) == words


@pytest.mark.parametrize(
    ("subject", "more"),
    [
        ("Order NO-1 shipped: Gale windshirt and 1 more", "Gale windshirt and 1 more"),
        ("Order NO-1 shipped", ""),
        ("Parcel lost", "Parcel lost"),
        (None, ""),
        ("word " * MOST_MORE, f"{'word ' * (MOST_MORE // 5 - 1)}word …"),
    ],
)
def test_a_card_does_not_say_what_its_title_and_state_say(subject: str | None, more: str) -> None:
    card = Card(title="Order NO-1 · 12.00 GBP", status=Status(value="shipped", label="Shipped", final=False))
    assert beyond(subject, card) == more


async def test_words_are_found_within_the_thread(browser: Browser) -> None:
    path, made = await told(browser)
    await Indexed(
        browser.api, Indexer(browser.api.database, None, PostgresEngine(browser.api.database), None)
    ).caught_up()
    page = (await browser.get(f"{path}?q=zebra")).text
    assert "<mark>Zebra</mark>" in page
    assert f"#item-{made[0]['event_id']}" in page
    assert "No item of this customer says that" in (await browser.get(f"{path}?q=crocodile")).text


async def test_a_place_in_the_middle_shows_what_is_around_it(browser: Browser) -> None:
    await browser.choose()
    start = datetime(2025, 1, 1, tzinfo=UTC)
    times = [(start + timedelta(minutes=number)).isoformat() for number in range(80)]
    made = [await browser.api.push(occurred_at=at) for at in times]
    path = f"/customers/{made[0]['customer_id']}"
    page = (await browser.get(f"{path}?at=2025-01-01T00:40:00Z")).text
    assert {made[40]["event_id"], made[45]["event_id"], made[30]["event_id"]} < shown(page)
    assert made[79]["event_id"] not in shown(page)
    newer = unescape(re.findall(r'more-newer" [^>]*hx-get="([^"]+)"', page)[0])
    after = (await browser.get(newer)).text
    assert not shown(after) & shown(page)
    assert made[53]["event_id"] in shown(after)
    first = (await browser.get(f"{path}?at=first")).text
    assert made[0]["event_id"] in shown(first)
    assert 'id="start"' in first
    assert "more-older" not in first.partition('<template id="more-older">')[0]


async def test_the_past_is_marked_and_offers_nothing_to_do(browser: Browser) -> None:
    path, made = await told(browser)
    later = await browser.api.push(kind="message", channel="chat", body="After that")
    then = (await browser.api("GET", f"/api/v1{path}/timeline")).json()["items"]
    before = next(one["recorded_at"] for one in then if one["event_id"] == made[2]["event_id"])
    page = (await browser.get(f"{path}?as_of={before}")).text
    assert later["event_id"] not in shown(page)
    assert "Nothing can be done in the past" in page
    assert "data-live" not in page.partition("<main")[2]
    ticket = await browser.get(f"/tickets/{made[0]['ticket']['number']}?as_of={before}")
    assert 'class="composer"' not in ticket.text
    unknown = await browser.get(f"{path}?as_of=2001-01-01T00:00:00Z")
    assert unknown.status_code == 404
    assert "Of this customer nothing was known at that moment." in unknown.text


async def test_a_ticket_before_a_merge_is_looked_back_at_with_whom_it_was(browser: Browser) -> None:
    await browser.choose()
    one = await browser.api.push(contact=contact("one"), kind="message", channel="chat", body="Of one")
    two = await browser.api.push(contact=contact("two"), kind="message", channel="chat", body="Of the other")
    items = (await browser.api("GET", f"/api/v1/customers/{two['customer_id']}/timeline")).json()["items"]
    asked, before = {"other": two["customer_id"], "reason": "she said so"}, items[0]["recorded_at"]
    merged = await browser.api("POST", f"/api/v1/customers/{one['customer_id']}/merge", json=asked)
    kept = merged.json()["customer_id"]
    lost = next(made for made in (one, two) if made["customer_id"] != kept)
    path = f"/tickets/{lost['ticket']['number']}"
    moved = await browser.get(f"{path}?as_of={before}")
    assert moved.headers["location"] == f"/customers/{lost['customer_id']}?as_of={before}"
    then = await browser.get(moved.headers["location"])
    assert then.status_code == 200
    assert lost["event_id"] in shown(then.text)
    unknown = await browser.get(f"{path}?as_of=2001-01-01T00:00:00Z")
    assert unknown.status_code == 404
    assert "was not known at that moment" in unknown.text


async def test_why_an_item_is_here_names_identifier_decision_and_who(browser: Browser) -> None:
    await browser.choose()
    one = await browser.api.push(contact=contact("one", identifier(value="one@example.com"), name="Ann"))
    two = await browser.api.push(contact=contact("two", identifier(value="two@example.com"), name="Ann"))
    asked = {"other": two["customer_id"], "reason": "she said so"}
    merged = await browser.api("POST", f"/api/v1/customers/{one['customer_id']}/merge", json=asked)
    path, decision = f"/customers/{one['customer_id']}", merged.json()["decision_id"]
    page = (await browser.get(path)).text
    assert re.search(rf'class="seam".*href="/decisions/{decision}"', page)
    why = unescape(page.partition(f'href="{path}/items/{two["event_id"]}/why')[2].partition('"')[0])
    for headers in ({}, {"hx-request": "true"}):
        answer = (await browser.get(f"{path}/items/{two['event_id']}/why{why}", headers=headers)).text
        assert "she said so" in answer
        assert f'href="/decisions/{decision}"' in answer
        assert f"/place?event={two['event_id']}" in answer
    assert (await browser.get(f"{path}/items/{uuid4()}/why{why}")).status_code == 404
    assert (await browser.get(f"{path}/items/{two['event_id']}/why")).status_code == 404
    foreign = await browser.api.push(browser.api.other.keys["admin"])
    away = f"/customers/{foreign['customer_id']}"
    for part in ("", "/thread", "/who", "/catch-up", f"/items/{foreign['event_id']}/why{why}"):
        assert (await browser.get(away + part)).status_code == 404


async def test_a_tail_answers_what_came_after_it_and_no_more(browser: Browser) -> None:
    path, made = await told(browser)
    page = (await browser.get(path)).text
    tail = unescape(re.findall(r'id="tail"[^>]*data-from="([^"]+)"', page)[0])
    assert shown((await browser.get(tail)).text) == set()
    new = await browser.api.push(kind="message", channel="chat", body="And?", occurred_at=soon(0))
    came = (await browser.get(tail)).text
    assert shown(came) == {new["event_id"]}
    again = unescape(re.findall(r'id="tail"[^>]*data-from="([^"]+)"', came)[0])
    assert shown((await browser.get(again)).text) == set()
    assert made[0]["event_id"] not in shown(came)


def use(part: Any, body: bytes, ordinal: int, name: str, kind: str, content_id: str | None = None) -> FileUse:
    sha256 = hashlib.sha256(body).hexdigest()
    size = len(body)
    return FileUse(
        id=uuid4(), ordinal=ordinal, part=part, name=name, type=kind, size=size, sha256=sha256, content_id=content_id
    )


async def with_files(browser: Browser, app: Litestar, folder: Path, event: str, *parts: tuple[FileUse, bytes]) -> None:
    edge, work = edge_of_app(app), browser.api.mine.id
    paths: dict[str, Path] = {}
    for one, body in parts:
        paths[one.sha256] = folder / one.sha256
        paths[one.sha256].write_bytes(body)
    await keep(browser.api.database, edge.files, work, paths)
    uses = [one for one, _ in parts]
    await browser.api.database.write(work, lambda db: files.record(db, work, UUID(event), uses))


async def test_a_mail_stands_in_a_frame_where_nothing_runs_and_nothing_is_fetched(
    browser: Browser, app: Litestar, tmp_path: Path
) -> None:
    await browser.choose()
    image, data = b"\x89PNG\r\n\x1a\n", {"mail": {"html": True, "quoted_at": 9}}
    made = await browser.api.push(kind="message", channel="email", body="Dear you\nOn Monday", data=data)
    picture = use("inline", image, 0, "x.png", "image/png", "logo@x")
    letter = use("html", LETTER.encode(), 1, "message.html", "text/html")
    await with_files(browser, app, tmp_path, made["event_id"], (picture, image), (letter, LETTER.encode()))
    page = (await browser.get(f"/customers/{made['customer_id']}")).text
    assert f'href="/letters/{made["event_id"]}"' in page
    assert '<details class="quoted">' in page
    outer = (await browser.get(f"/letters/{made['event_id']}", headers={"hx-request": "true"})).text
    assert 'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"' in outer
    assert "1 picture from elsewhere is not loaded" in outer
    frame = await browser.get(f"/letters/{made['event_id']}/frame")
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'self';")
    assert "script" not in policy.replace("allow-scripts", "script")
    assert ' src="https://spy' not in frame.text
    assert f'src="/files/{picture.id}"' in frame.text
    asked = await browser.get(f"/letters/{made['event_id']}/frame?pictures=yes")
    assert ' referrerpolicy="no-referrer" src="https://spy.example/1.png"' in asked.text
    assert "img-src 'self' https: http:;" in asked.headers["content-security-policy"]
    file = await browser.get(f"/files/{letter.id}")
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in file.headers["content-security-policy"]
    assert (await browser.get(f"/letters/{uuid4()}")).status_code == 404
    assert (await browser.get(f"/files/{uuid4()}")).status_code == 404
    browser.client.cookies.clear()
    assert (await browser.get(f"/files/{letter.id}")).status_code == 303


def test_only_pictures_ask_for_what_is_elsewhere() -> None:
    safe = '<a title=" data-src=&quot;https://x">data-src="https://text.example"</a><img data-src="javascript:x">'
    assert with_pictures(safe) == safe
    assert letter_of(safe, []).away == 0
    assert letter_of('<img src="cid:none">', []).html == '<img src="">'
    assert letter_of('<img src="CID:none">', []).html == '<img src="">'


@pytest.mark.parametrize("address", ["HTTP://x.example/a.png", " https://x.example/a.png", "\n//x.example/a.png"])
def test_a_picture_is_asked_for_however_its_address_is_written(address: str) -> None:
    safe = f'<img alt="" data-src="{address}">'
    assert letter_of(safe, []).away == 1
    assert with_pictures(safe) == f'<img alt="" referrerpolicy="no-referrer" src="{address.strip()}">'


async def test_the_latest_notes_about_a_customer_stand_beside_the_thread(browser: Browser) -> None:
    path, made = await told(browser)
    customer = made[0]["customer_id"]
    assert "Notes about the customer" not in (await browser.get(path)).text
    moment = datetime.now(UTC)
    for words in ("first", "second", "third", "Prefers <b>chat</b>"):
        noted = await browser.api("POST", f"/api/v1/customers/{customer}/notes", json={"body": words})
        assert noted.status_code == 201
    for part in ("", "/who"):
        page = (await browser.get(path + part)).text
        beside = page.partition('id="who-notes"')[2].partition("</section>")[0]
        assert re.findall(r'<span dir="auto">([^<]*)', beside) == ["Prefers &lt;b&gt;chat&lt;/b&gt;", "third", "second"]
        assert f"#item-{noted.json()['event_id']}" in beside
    stamp = moment.isoformat().replace("+00:00", "Z")
    assert "Notes about the customer" not in (await browser.get(path, params={"as_of": stamp})).text
