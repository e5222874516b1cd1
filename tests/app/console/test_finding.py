"""Finding from the console: what was found is text with marks, and a question that cannot be read says where."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar

from app.console.marking import breakable, marked
from app.indexing import Indexer
from search.embeddings import trigrams
from search.postgres import PostgresEngine
from tests.app.api.indexed import Indexed
from tests.app.console.conftest import Browser, edge_of_app
from tests.app.console.seats import HX
from tests.builders import contact, identifier, pushed

EVIL = "<script>alert(1)</script>"


@pytest.fixture
async def indexed(browser: Browser, app: Litestar) -> AsyncIterator[Indexed]:
    embedder, database = trigrams(), browser.api.database
    edge_of_app(app).embedder = embedder
    yield Indexed(browser.api, Indexer(database, None, PostgresEngine(database), embedder))
    await embedder.close()


async def many(browser: Browser, said: Sequence[dict[str, Any]]) -> None:
    items = [pushed(source_id=f"many-{at}", **one) for at, one in enumerate(said)]
    answer = await browser.api("POST", "/api/v1/interactions/batch", json=items)
    assert {one["status"] for one in answer.json()["items"]} == {201}


async def test_what_was_found_leads_to_its_place(browser: Browser, indexed: Indexed) -> None:
    await browser.choose()
    made = await browser.api.push(
        kind="message", channel="chat", subject="Boots & <i>laces</i>", body="My <script>boots</script> leak."
    )
    await indexed.caught_up()
    page = (await browser.get("/search", params={"q": "boots", "kind": "message"})).text
    assert "<mark>boots</mark>" in page
    assert "<script>boots" not in page
    assert "&lt;i&gt;laces" in page
    assert re.search(rf'/tickets/{made["ticket"]["number"]}\?at=[^"]+#item-{made["event_id"]}"', page)
    assert "Nothing like this" in (await browser.get("/search", params={"q": '"no such phrase at all"'})).text


async def test_a_question_that_cannot_be_read_says_where(browser: Browser, indexed: Indexed) -> None:
    await browser.choose()
    page = await browser.get("/search", params={"q": f"boots before:yesteryear {EVIL}"})
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert "boots <mark>before:yesteryear</mark> &lt;script&gt;" in page.text
    assert "takes a day such as" in page.text
    assert EVIL not in page.text
    for asked in ("from=nonsense", "from=0001-01-01", "status=nonsense", "cursor=nonsense&q=a", "customer=nothing"):
        assert 'role="alert"' in (await browser.get(f"/search?{asked}")).text, asked
    assert (await browser.get("/search")).status_code == 200


async def test_what_was_found_is_narrowed_by_its_facts_and_days(browser: Browser, indexed: Indexed) -> None:
    await browser.choose()
    for key, channel in (("ann", "chat"), ("ben", "email")):
        await browser.api.push(kind="message", channel=channel, body="The lantern broke", contact=contact(key))
    await indexed.caught_up()
    page = (await browser.get("/search?q=lantern&kind=message")).text
    assert page.count('class="hit"') == 2
    narrower = unescape(re.search(r'href="(/search\?[^"]*channel=email[^"]*)"', page)[1])  # type: ignore[index]
    page = (await browser.get(narrower)).text
    assert page.count('class="hit"') == 1
    assert 'aria-current="true"><span class="long">email' in page
    assert "Nothing like this was found" in (await browser.get("/search?q=lantern&to=2020-01-01")).text
    assert (await browser.get("/search?q=lantern&kind=message&kind=case")).text.count('class="hit"') == 2


async def test_a_wrong_letter_is_said_and_a_page_goes_on(browser: Browser, indexed: Indexed) -> None:
    await browser.choose()
    said = {"kind": "message", "channel": "chat", "body": "A fine kaleidoscope"}
    await many(browser, [{**said, "contact": contact(f"c{at}")} for at in range(54)])
    await indexed.caught_up()
    page = (await browser.get("/search?q=kaleidoscpe&kind=message&sort=newest")).text
    assert "Nothing here holds “kaleidoscpe”" in page
    more = unescape(re.search(r'hx-get="([^"]+)"', page.partition('class="more"')[2])[1])  # type: ignore[index]
    rest = (await browser.get(more, headers={"HX-Request": "true"})).text
    assert page.count('class="hit"') + rest.count('class="hit"') == 54
    assert "<html" not in rest


# -- as it is typed --------------------------------------------------------------------------------------------------


async def test_the_palette_finds_each_kind_as_it_is_typed(browser: Browser, indexed: Indexed) -> None:
    await browser.choose()
    who = contact("mara", identifier(value="mara.lind@example.com"), name=f"Mara Lindqvist {EVIL}")
    asked = await browser.api.push(kind="message", channel="email", subject=f"Boots {EVIL}", body="Leak", contact=who)
    state = {"type": "order", "id": "ORD-482133", "version": 1, "state": {"status": "shipped"}}
    order = await browser.api.push(
        kind="order", channel="orders", subject="Order ORD-482133", object=state, contact=who
    )
    await indexed.caught_up()
    customer, number = asked["customer_id"], asked["ticket"]["number"]
    for typed in ("mara.li", "lindqvst", "Mara"):
        page = (await browser.get("/palette", params={"q": typed}, headers=HX)).text
        assert f'href="/customers/{customer}"' in page, typed
        assert EVIL not in page
    for typed in (str(number), f"#{number}", "boots"):
        assert f'href="/tickets/{number}"' in (await browser.get("/palette", params={"q": typed}, headers=HX)).text, (
            typed
        )
    for typed in ("482133", "ORD-482133"):
        assert f"#item-{order['event_id']}" in (await browser.get("/palette", params={"q": typed}, headers=HX)).text, (
            typed
        )
    newer = await browser.api.push(kind="message", channel="chat", subject="Lamp", body="Dark", contact=who)
    page = (await browser.get("/palette", params={"q": "mara"}, headers=HX)).text
    assert f'href="/tickets/{newer["ticket"]["number"]}"' in page, "what they have open, whatever the index knows"
    while await indexed.indexer.embed(indexed.workspace, datetime.now(UTC)):
        pass
    assert (
        f"/tickets/{number}" in (await browser.get("/palette/cases", params={"q": "boots that leak"}, headers=HX)).text
    )
    assert "Nothing like this was found." in (await browser.get("/palette?q=qz", headers=HX)).text


async def test_the_palette_takes_whatever_is_typed(browser: Browser, indexed: Indexed, app: Litestar) -> None:
    await browser.choose()
    for typed in ("", " ", '"', "before:nonsense", "-", EVIL, "x" * 1_000, "9" * 40, "\x00", "%"):
        page = await browser.get("/palette", params={"q": typed}, headers=HX)
        assert page.status_code == 200
        assert EVIL not in page.text
        assert (await browser.get("/palette/cases", params={"q": typed}, headers=HX)).status_code == 200
    edge_of_app(app).embedder = None
    assert "palette-cases" not in (await browser.get("/palette?q=boots", headers=HX)).text
    assert (await browser.get("/palette/cases?q=boots", headers=HX)).text.strip() == ""


async def test_the_palettes_address_leads_to_the_page_of_the_search(browser: Browser) -> None:
    await browser.choose()
    for path in ("/palette", "/palette/cases"):
        page = await browser.get(path, params={"q": "no 1&2"})
        assert (page.status_code, page.headers["location"]) == (303, "/search?q=no+1%262")


async def test_what_cannot_be_read_is_said_in_a_sentence(browser: Browser, indexed: Indexed) -> None:
    await browser.choose()
    for path, headers in (("/palette", HX), ("/search", {})):
        page = (await browser.get(path, params={"q": "-paypal"}, headers=headers)).text
        assert "Say also what is to be there" in page
        assert "at character" not in page
        assert "q:" not in page


async def test_who_is_found_by_a_number_shows_it_first(browser: Browser, indexed: Indexed) -> None:
    await browser.choose()
    held = [identifier("email", f"mara{at}@lind.example") for at in range(5)]
    await browser.api.push(contact=contact("mara", *held, identifier("phone", "+49 171 234 56 78"), name="Mara"))
    await indexed.caught_up()
    for path in ("/palette", "/customers", "/find/customers"):
        page = (await browser.get(path, params={"q": "+49 1712345"}, headers=HX)).text
        assert "<bdi>+<mark>49 171 234 5</mark>6 78</bdi>" in page, path


async def test_the_list_of_customers_finds_by_name_and_pages(browser: Browser, indexed: Indexed) -> None:
    await browser.choose()
    await many(browser, [{"contact": contact(f"c{at}", name=f"Otto Zimmer{'mann' * (at % 2)}")} for at in range(52)])
    await indexed.caught_up()
    page = (await browser.get("/customers")).text
    more = unescape(page.partition('class="more" href="')[2].partition('"')[0])
    assert page.count('href="/customers/') == 50
    assert (await browser.get(more)).text.count('href="/customers/') == 2
    found = await browser.get("/customers", params={"q": "zimmermann"}, headers={"HX-Request": "true"})
    assert found.text.count('href="/customers/') == 26
    assert "<html" not in found.text
    assert "Nobody is called" in (await browser.get("/customers", params={"q": "qqqqqq"})).text
    chosen = await browser.get("/find/customers", params={"q": "otto"})
    assert chosen.text.count('type="radio" name="customer"') == 8


@settings(max_examples=40)
@given(st.text(alphabet='<>&"ab ', max_size=24), st.text(alphabet="ab <", max_size=4))
def test_marks_are_the_only_markup(text: str, typed: str) -> None:
    shown = str(marked(text, typed))
    bare = shown.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    assert unescape(bare) == text


def test_little_words_are_marked_only_where_nothing_else_was_typed() -> None:
    assert str(marked("The zip of my bag came off", "the zip of my bag")) == (
        "The <mark>zip</mark> of my <mark>bag</mark> came off"
    )
    assert str(marked("The Who", "the")) == "<mark>The</mark> Who"


def test_an_address_may_be_broken_at_its_signs_alone() -> None:
    broken = "<mark>ann</mark>@<wbr>one.<wbr>example &amp; co."
    assert str(breakable(marked("ann@one.example & co.", "ann"))) == broken
    assert str(breakable("<b>.a")) == "&lt;b&gt;.a"
