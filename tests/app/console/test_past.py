"""Past answers beside the composer, with their source; and where a customer's last words can be answered."""

from typing import Any

from litestar import Litestar

from app.db import new_id
from app.indexing import Indexer
from search.embeddings import trigrams
from search.engine import EngineAway
from search.postgres import PostgresEngine
from tests.app.api.asking import asks, patched
from tests.app.api.conftest import Api, edge_of_app
from tests.app.api.indexed import Indexed
from tests.app.console.conftest import Browser
from tests.app.console.test_answering import mailed
from tests.builders import identifier


async def indexed(api: Api, app: Litestar) -> None:
    model = trigrams(64)
    lanes = Indexed(api, Indexer(api.database, None, PostgresEngine(api.database), model))
    await lanes.caught_up()
    while await lanes.indexer.embed(lanes.workspace, (await lanes.live()).made_at):
        pass
    edge_of_app(app).embedder = model


async def test_answers_of_the_past_stand_beside_with_their_source(browser: Browser, app: Litestar) -> None:
    api = browser.api
    await browser.choose()
    past = await asks(api, "ann", body="My parcel with the <b>lamp</b> never arrived here")
    number = past["ticket"]["number"]
    await api("POST", f"/api/v1/tickets/{number}/replies", json={"body": "We sent a <new> lamp"})
    await patched(api, number, status="resolved")
    now = await asks(api, "ben", minutes=5, body="The parcel with my lamp never arrived")
    here = f"/tickets/{now['ticket']['number']}/past"
    assert "is being made" in (await browser.get(here)).text
    await indexed(api, app)
    try:
        shown = (await browser.get(here)).text
    finally:
        edge_of_app(app).embedder = None
    assert "We sent a &lt;new&gt; lamp" in shown
    assert f'data-of="#{number}"' in shown
    assert "the same customer" not in shown
    assert (await browser.get("/tickets/999999/past")).status_code == 404


async def test_without_search_the_page_says_so(browser: Browser, app: Litestar, monkeypatch: Any) -> None:
    number = await mailed(browser)

    async def away(*_: Any) -> Any:
        raise EngineAway("nobody answers")

    monkeypatch.setattr("app.api.similar.live_index", away)
    monkeypatch.setattr("app.api.assistance.indexes.live", away)
    shown = await browser.get(f"/tickets/{number}/past")
    assert shown.status_code == 200
    assert "Search is away" in shown.text


async def test_a_customer_is_answered_where_the_last_words_stand(browser: Browser) -> None:
    number = await mailed(browser)
    customer = (await browser.api("GET", f"/api/v1/tickets/{number}")).json()["customer_id"]
    assert f'href="/customers/{customer}/answer"' in (await browser.get(f"/customers/{customer}")).text
    goes = await browser.get(f"/customers/{customer}/answer?as=note")
    assert goes.headers["location"].startswith(f"/tickets/{number}?about=")
    assert "as=note" in goes.headers["location"]
    talk = await browser.api.push(
        kind="visit", channel="api", body=None, contact={"identifiers": [identifier("account", "a-1", scope="s")]}
    )
    silent = await browser.get(f"/customers/{talk['customer_id']}/answer")
    assert silent.headers["location"] == f"/customers/{talk['customer_id']}/message#say"
    noted = await browser.get(f"/customers/{talk['customer_id']}/answer?as=note")
    assert noted.headers["location"] == f"/customers/{talk['customer_id']}/message?as=note#say"
    assert (await browser.get(f"/customers/{new_id()}/answer")).status_code == 404
