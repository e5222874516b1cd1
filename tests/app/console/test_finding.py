"""Finding from the console: what was found is text with marks, and a question that cannot be read says where."""

from collections.abc import AsyncIterator

import pytest

from app.indexing import Indexer
from search.embeddings import trigrams
from search.postgres import PostgresEngine
from tests.app.api.indexed import Indexed
from tests.app.console.conftest import Browser


@pytest.fixture
async def indexed(browser: Browser) -> AsyncIterator[Indexed]:
    embedder, database = trigrams(), browser.api.database
    yield Indexed(browser.api, Indexer(database, None, PostgresEngine(database), embedder))
    await embedder.close()


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
    assert f'/tickets/{made["ticket"]["number"]}#item-{made["event_id"]}"' in page
    assert "Nothing like this" in (await browser.get("/search", params={"q": '"no such phrase at all"'})).text


async def test_a_question_that_cannot_be_read_says_where(browser: Browser, indexed: Indexed) -> None:
    await browser.choose()
    page = await browser.get("/search", params={"q": "before:yesteryear"})
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert "before" in page.text
    assert (await browser.get("/search")).status_code == 200
