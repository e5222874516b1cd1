"""What was pushed is found again: by words and ids, by meaning, within filters, and as it stands today."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from app.indexing import Indexer
from app.main import edge_of
from search.embeddings import trigrams
from search.postgres import PostgresEngine
from tests.app.api.asking import asks, patched
from tests.app.api.conftest import Api, edge_of_app
from tests.app.api.indexed import Indexed
from tests.builders import contact, settings
from tests.conftest import Database as Cloned

PATH = "/api/v1/search"
CARD = "The card was swallowed by the machine"


@pytest.fixture
def app(routed: Litestar, database: Cloned, tmp_path: Path) -> Litestar:
    chosen = settings(tmp_path, embedder="trigrams")
    edge_of_app(routed).__dict__.update(vars(edge_of(chosen, database.app_dsn)))
    return routed


class Desk:
    """Pushes, the lanes of search, and questions."""

    def __init__(self, api: Api, indexed: Indexed) -> None:
        self.api = api
        self.indexed = indexed

    async def taken_in(self) -> None:
        await self.indexed.caught_up()
        while await self.indexed.indexer.embed(self.indexed.workspace, datetime.now(UTC)):
            pass

    async def ask(self, q: str | None = None, key: str | None = "", **params: Any) -> dict[str, Any]:
        response = await self.api("GET", PATH, key, params=({"q": q} if q is not None else {}) | params)
        assert response.status_code == 200, response.text
        return response.json()

    async def found(self, q: str | None = None, key: str | None = "", **params: Any) -> list[str]:
        """The source ids of the items found."""
        asked = await self.ask(q, key, **params)
        return [hit["source_id"] for hit in asked["items"] if hit["kind"] != "contact"]


@pytest.fixture
async def desk(api: Api) -> AsyncIterator[Desk]:
    embedder = trigrams()
    yield Desk(api, Indexed(api, Indexer(api.database, None, PostgresEngine(api.database), embedder)))
    await embedder.close()


async def test_an_item_is_found_by_words_id_name_and_meaning(desk: Desk) -> None:
    await desk.api.push(
        source_id="late",
        kind="message",
        contact=contact(key="ann", name="Ann Brewster"),
        body="My order #ORD-482133 has not arrived",
    )
    await desk.api.push(source_id="card", kind="message", contact=contact(key="ben"), body=CARD)
    await desk.taken_in()
    assert await desk.found("arrived order", mode="keyword") == ["late"]
    for spelling in ("ord 482133", "#ORD-482133", "482133", "ord482133", "order:482133"):
        assert (await desk.found(spelling))[0] == "late", spelling
    assert (await desk.found("brewster", mode="keyword")) == ["late"]
    asked = await desk.ask("cards swallowed by machines")
    [first, *_] = asked["items"]
    assert first["source_id"] == "card"
    assert first["parts"]["meaning"] > 0.3
    assert first["highlight"] == (
        "The <mark>card</mark> was <mark>swallowed</mark> <mark>by</mark> the <mark>machine</mark>"
    )


async def test_a_mistyped_word_is_taken_for_the_nearest_that_is_known(desk: Desk) -> None:
    pushed = await desk.api.push(
        source_id="card", kind="message", contact=contact(key="ben", name="Ben Whitfield"), body=CARD
    )
    await desk.taken_in()
    asked = await desk.ask("swalowed machnie", mode="keyword")
    assert [hit["source_id"] for hit in asked["items"]] == ["card"]
    assert asked["corrected"] == {"swalowed": ["swallowed"], "machnie": ["machine"]}
    assert "<mark>swallowed</mark>" in asked["items"][0]["highlight"]
    assert await desk.found("swalowed machnie", mode="keyword", correct="false") == []
    async with desk.api.database.read(desk.api.mine.id) as db:
        assert await db.fetchval("SELECT documents FROM search_word WHERE word = 'whitfield'") == 2
    await desk.api("POST", f"/api/v1/customers/{pushed['customer_id']}/erase", json={})
    await desk.taken_in()
    async with desk.api.database.read(desk.api.mine.id) as db:
        assert await db.fetch("SELECT word FROM search_word") == []


async def test_cases_like_a_ticket_come_with_the_answer_that_ended_them(desk: Desk) -> None:
    api = desk.api
    past = await asks(api, "ann", subject="Card swallowed", body="The machine has swallowed my card")
    answered = {"body": "A new card is on its way.", "about": past["ticket"]["id"]}
    assert (await api("POST", f"/api/v1/tickets/{past['ticket']['id']}/replies", json=answered)).status_code == 201
    await patched(api, past["ticket"]["id"], status="resolved")
    await asks(api, "cyd", subject="Opening hours", body="When do you open on Sundays?")
    now = await asks(api, "ben", subject="Card gone", body="My card was swallowed by a machine")
    await desk.taken_in()
    response = await api("GET", f"/api/v1/tickets/{now['ticket']['number']}/similar")
    [like] = response.json()["items"]
    assert like["case"]["ticket"]["id"] == past["ticket"]["id"]
    assert (like["case"]["outcome"], like["own"]) == ("solved", False)
    assert like["answer"]["text"] == "A new card is on its way."
    asked = {"text": "the machine swallowed my card", "customer": past["customer_id"]}
    response = await api("POST", "/api/v1/search/similar", json=asked)
    first, second = response.json()["items"]
    assert (first["case"]["ticket"]["id"], first["own"]) == (past["ticket"]["id"], True)
    assert (second["case"]["ticket"]["id"], second["own"], second["answer"]) == (now["ticket"]["id"], False, None)
