"""What was pushed is found again: by words and ids, by meaning, within filters, and as it stands today."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from app.db import new_id
from app.indexing import Indexer
from app.main import edge_of
from search.embeddings import trigrams
from search.postgres import PostgresEngine
from tests.app.api.asking import asks, patched, soon
from tests.app.api.conftest import Api, edge_of_app
from tests.app.api.indexed import Indexed
from tests.builders import contact, identifier, settings
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

    def __init__(self, app: Litestar, api: Api, indexed: Indexed) -> None:
        self.app = app
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
async def desk(app: Litestar, api: Api) -> AsyncIterator[Desk]:
    embedder = trigrams()
    yield Desk(app, api, Indexed(api, Indexer(api.database, None, PostgresEngine(api.database), embedder)))
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
    assert first["highlight"] == ("The <mark>card</mark> was <mark>swallowed</mark> by the <mark>machine</mark>")


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


async def test_customers_are_found_as_they_are_typed(desk: Desk) -> None:
    api = desk.api
    made = [
        await api.push(contact=contact(key=key, name=name, identifiers=[identifier("email", mail)]))
        for key, name, mail in (
            ("ann", "Ann Brewster", "ann.b@shop.example"),
            ("ben", "Ben Whitfield", "whitfield77@mail.example"),
            ("cyd", "Cyd Brewer", "cyd@mail.example"),
        )
    ]
    await desk.taken_in()

    async def called(q: str) -> list[str]:
        response = await api("GET", "/api/v1/customers", params={"q": q})
        assert response.status_code == 200, response.text
        return [one["id"] for one in response.json()["items"]]

    ann, ben, cyd = (one["customer_id"] for one in made)
    assert set(await called("brew")) == {ann, cyd}
    assert (await called("Ann Brew"))[0] == ann
    assert (await called("brewstre"))[0] == ann
    assert await called("ann.b@shop.example") == [ann]
    assert await called("whitfield77") == [ben]
    assert await called("nobody") == []
    page = (await api("GET", "/api/v1/customers", params={"q": "brew", "limit": 1})).json()
    rest = (await api("GET", "/api/v1/customers", params={"q": "brew", "cursor": page["next"]})).json()
    assert {one["id"] for one in (*page["items"], *rest["items"])} == {ann, cyd}
    await api("POST", f"/api/v1/customers/{cyd}/merge", json={"other": ann})
    assert await called("Ann Brewster") == [cyd], "found by the name of a contact that is its own today"


async def test_a_number_is_found_by_its_beginning(desk: Desk) -> None:
    made = await desk.api.push(
        contact=contact(key="ann", name="Ann", identifiers=[identifier("phone", "+43 664 900 0017")])
    )
    await desk.taken_in()
    for q in ("+43 664 9", "0043664", "+43 (664) 900-00"):
        response = await desk.api("GET", "/api/v1/customers", params={"q": q})
        assert [one["id"] for one in response.json()["items"]] == [made["customer_id"]], q
    assert (await desk.api("GET", "/api/v1/customers", params={"q": "+49 170 5"})).json()["items"] == []


NOTE = "The customer is a friend of the owner"


async def test_only_who_may_read_notes_finds_them_and_counts_them(desk: Desk) -> None:
    made = await asks(desk.api, "ann", body="Is the owner there?")
    ticket = made["ticket"]["id"]
    noted = await desk.api("POST", f"/api/v1/tickets/{ticket}/notes", json={"body": NOTE, "about": ticket})
    assert noted.status_code == 201
    await desk.taken_in()
    for role, seen in (("admin", 2), ("auditor", 2), ("agent", 2), ("lead", 2), ("integration", 1)):
        asked = await desk.ask("owner", desk.api.mine.keys[role], mode="keyword")
        assert (len(asked["items"]), asked["total"], sum(asked["facets"]["kind"].values())) == (seen, seen, seen), role
        assert ("note" in asked["facets"]["kind"]) == (seen == 2)


async def test_words_that_stand_in_notes_alone_correct_only_those_who_may_read_notes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.vocabulary.YOUNG_SECONDS", 0.0)
    made = await asks(desk.api, "ann", body="Is the owner there?")
    ticket = made["ticket"]["id"]
    await desk.api("POST", f"/api/v1/tickets/{ticket}/notes", json={"body": "Zanzibar again", "about": ticket})
    await desk.taken_in()
    assert (await desk.ask("zanzibra", mode="keyword"))["corrected"] == {"zanzibra": ["zanzibar"]}
    plain = desk.api.mine.keys["integration"]
    assert (await desk.ask("zanzibra", plain, mode="keyword"))["corrected"] == {}
    await asks(desk.api, "ann", 1, body="To Zanziba, please")
    await desk.taken_in()
    assert (await desk.ask("zanzibar", mode="keyword"))["corrected"] == {}
    assert (await desk.ask("zanzibar", plain, mode="keyword"))["corrected"] == {"zanzibar": ["zanziba"]}


async def test_who_is_erased_corrects_nobody_any_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.vocabulary.YOUNG_SECONDS", 60.0)
    made = await desk.api.push(kind="message", contact=contact("ben", name="Ben Quackenbush"), body=CARD)
    await desk.taken_in()
    assert (await desk.ask("quackenbsh"))["corrected"] == {"quackenbsh": ["quackenbush"]}
    assert (await desk.api("POST", f"/api/v1/customers/{made['customer_id']}/erase", json={})).status_code == 200
    assert (await desk.ask("quackenbsh"))["corrected"] == {}


async def test_search_follows_a_merge_and_its_undoing_in_one_request_each(desk: Desk) -> None:
    api = desk.api
    ann = await api.push(source_id="a", kind="message", contact=contact("ann"), body="The lamp is broken")
    ben = await api.push(source_id="b", kind="message", contact=contact("ben"), body="My lamp too")
    await desk.taken_in()
    assert await desk.found("lamp", customer=ann["customer_id"]) == ["a"]
    merged = await api("POST", f"/api/v1/customers/{ann['customer_id']}/merge", json={"other": ben["customer_id"]})
    for name in (ann["customer_id"], ben["customer_id"]):
        asked = await desk.ask("lamp", customer=name)
        assert {hit["source_id"] for hit in asked["items"]} == {"a", "b"}
        assert {hit["customer_id"] for hit in asked["items"]} == {ann["customer_id"]}
    await api(
        "POST", f"/api/v1/customers/{ann['customer_id']}/unmerge", json={"decision": merged.json()["decision_id"]}
    )
    assert await desk.found("lamp", customer=ann["customer_id"]) == ["a"]
    assert await desk.found("lamp", customer=ben["customer_id"]) == ["b"]


async def test_filters_operators_and_facets(desk: Desk) -> None:
    made = await desk.api.push(
        source_id="a",
        kind="message",
        channel="chat",
        contact=contact(key="ann", name="Ann Brewster"),
        occurred_at=soon(0),
        body="The lamp is broken",
    )
    await patched(desk.api, made["ticket"]["id"], tags=["vip"])
    await asks(desk.api, "ben", source_id="b", body="My lamp arrived, thank you")
    await desk.taken_in()
    number = made["ticket"]["number"]
    for q in (
        "lamp channel:chat",
        "lamp tag:vip",
        f"lamp ticket:{number}",
        "lamp -arrived",
        '"lamp is"',
        "lamp from:Ann",
    ):
        assert await desk.found(q, mode="keyword") == ["a"], q
    assert await desk.found("lamp", ticket=str(number), status="open", mode="keyword") == []
    assert set(await desk.found("lamp", status="new", mode="keyword")) == {"a", "b"}
    assert await desk.found("broken OR thank", mode="keyword", sort="newest") == ["b", "a"]
    assert await desk.found("lamp before:2001", mode="keyword") == []
    facets = (await desk.ask("lamp", mode="keyword"))["facets"]
    assert facets["channel"] == {"chat": 1, "email": 1}
    assert facets["tag"] == {"vip": 1}
    grouped = await desk.ask("lamp broken", group="case")
    assert (grouped["items"][0]["source_id"], grouped["items"][0]["found"]) == ("a", 2)


async def test_lists_are_paged_and_cursors_are_of_one_question(desk: Desk) -> None:
    for at in range(5):
        await asks(desk.api, "ann", at, source_id=f"{at}", body=f"The lamp number {at} is broken")
    await desk.taken_in()
    for params in ({"sort": "relevance"}, {"sort": "newest"}, {"sort": "newest", "mode": "keyword"}):
        whole = await desk.found("lamp broken", **params)
        assert len(set(whole)) == 5
        first = await desk.ask("lamp broken", limit=2, **params)
        second = await desk.ask("lamp broken", limit=3, cursor=first["next"], **params)
        assert [hit["source_id"] for hit in (*first["items"], *second["items"])] == whole
        assert second["next"] is None
        for other in ("lamp", "broken lamp"):
            refused = await desk.api("GET", PATH, params={"q": other, "cursor": first["next"], **params})
            assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, "cursor")


async def test_each_case_comes_once_in_a_list_of_the_newest(desk: Desk) -> None:
    for at, who in enumerate(("ann", "ben", "ann", "ann")):
        await asks(desk.api, who, at, source_id=f"{at}", body=f"The lamp number {at} is broken")
    await desk.taken_in()
    for q in ("lamp broken", None):
        found: list[tuple[str, int]] = []
        asked = await desk.ask(q, group="case", sort="newest", kind="message", limit=1)
        while asked["items"]:
            found += [(hit["source_id"], hit["found"]) for hit in asked["items"]]
            if asked["next"] is None:
                break
            asked = await desk.ask(q, group="case", sort="newest", kind="message", limit=1, cursor=asked["next"])
        assert found == [("3", 3), ("1", 1)]


BAD = {
    "q": ["x" * 1_001, '"never closed', "OR", "-only", "status:odd", "before:0000", "agent:me"],
    "mode": ["magic"],
    "limit": ["1000000000", "0", "x"],
    "cursor": ["nonsense"],
    "from": ["0000-01-01T00:00:00Z", "soon"],
    "status": ["odd"],
    "channel": ["odd", '" OR workspace_id != ""'],
    "group": ["all"],
    "sort": ["_geoPoint(48,2)"],
    "kind[]": ["message"],
}


ODD = ("the and of", "😀🎉", '" OR workspace_id != ""', "_geoRadius(1,2,3)", "\u202e", "%_", "a" * 999, "( ) & | ! :*")


async def test_bad_input_is_refused_with_its_place_or_answered_within_bounds(desk: Desk) -> None:
    await desk.api.push(kind="message", contact=contact("ann"), body="The lamp is broken")
    await desk.taken_in()
    for field, values in BAD.items():
        for value in values:
            response = await desk.api("GET", PATH, params={field: value})
            assert response.status_code == 400, (field, value, response.text)
            assert response.json()["fields"][0]["field"] == field
            assert field != "q" or "character" in response.json()["detail"]
    for odd in ODD:
        response = await desk.api("GET", PATH, params={"q": odd})
        assert response.status_code in (200, 400), (odd, response.text)
    assert await desk.found("😀🎉") == []
    response = await desk.api("GET", PATH, params={"q": "lamp", "customer": str(new_id())})
    assert response.status_code == 404


async def test_meaning_without_a_model_is_said_and_never_an_empty_answer(desk: Desk) -> None:
    await desk.api.push(source_id="a", kind="message", contact=contact("ann"), body="The lamp is broken today")
    await desk.taken_in()
    edge = edge_of_app(desk.app)
    embedder, edge.embedder = edge.embedder, None
    try:
        asked = await desk.ask("lamp")
        assert [hit["source_id"] for hit in asked["items"]] == ["a"]
        assert asked["degraded"] == ["Found by words alone: this server has no model for meaning."]
        refused = await desk.api("GET", PATH, params={"q": "lamp", "mode": "semantic"})
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "mode")
        assert (await desk.ask("lamp", mode="keyword"))["degraded"] == []
    finally:
        edge.embedder = embedder
