"""Before saying hello: lines that cite what was said, stale when that changes; answers of the past."""

from typing import Any

import pytest

from app.indexing import Indexer
from search.embeddings import trigrams
from search.postgres import PostgresEngine
from tests.app.api.asking import PATH, asks, patched
from tests.app.api.conftest import Api, edge_of_app
from tests.app.api.indexed import Indexed
from tests.builders import contact

CUSTOMERS = "/api/v1/customers"
ORDER = {"type": "order", "id": "ORD-7", "version": 1, "state": {"status": "sent"}}


async def got(api: Api, path: str, key: str | None = "") -> dict[str, Any]:
    response = await api("GET", path, key)
    assert response.status_code == 200, response.text
    return response.json()


async def said(api: Api, ticket: Any, body: str, what: str = "replies") -> dict[str, Any]:
    response = await api("POST", f"{PATH}/{ticket}/{what}", json={"body": body})
    assert response.status_code == 201, response.text
    return response.json()


def words(shown: dict[str, Any]) -> list[tuple[str, str]]:
    return [(line["who"], line["words"]) for line in shown["lines"]]


async def test_a_ticket_is_told_turn_by_turn_and_notes_to_those_who_may_read_them(api: Api) -> None:
    told = await asks(api, body="Hello,\nmy parcel never came. What now?")
    number = told["ticket"]["number"]
    await asks(api, minutes=1, body="Anybody there at all?")
    await said(api, number, "Hi Ann,\nwe have sent it again. It comes tomorrow.")
    await said(api, number, "The depot loses everything of hers", "notes")
    shown = await got(api, f"{PATH}/{number}/catch-up")
    spoken = [
        ("customer", "my parcel never came."),
        ("desk", "we have sent it again."),
    ]
    assert words(shown) == [*spoken, ("note", "The depot loses everything of hers")]
    assert shown["lines"][0]["event_id"] == told["event_id"]
    plain = await got(api, f"{PATH}/{number}/catch-up", api.mine.keys["integration"])
    assert words(plain) == spoken


async def test_a_customer_is_told_matter_by_matter_and_what_was_ordered(api: Api) -> None:
    lamp = await asks(api, "ann", subject="Lamp", body="The lamp is broken.")
    await said(api, lamp["ticket"]["number"], "Dear Ann, a new lamp is on its way.")
    await asks(api, "ann", minutes=1, subject="Invoice", body="I was charged twice for it.")
    order = await api.push(subject="Order ORD-7", contact=contact("ann"), object=ORDER)
    shown = await got(api, f"{CUSTOMERS}/{lamp['customer_id']}/catch-up")
    assert set(words(shown)) == {
        ("record", "Order ORD-7"),
        ("customer", "The lamp is broken."),
        ("desk", "a new lamp is on its way."),
        ("customer", "I was charged twice for it."),
    }
    assert order["event_id"] in [line["event_id"] for line in shown["lines"]]
    times = [line["at"] for line in shown["lines"]]
    assert times == sorted(times)


async def test_lines_are_stale_when_a_merge_or_an_item_touches_what_they_were_taken_from(api: Api) -> None:
    ann, ben = await asks(api, "ann", subject="Lamp"), await asks(api, "ben", subject="Chair", body="My chair broke.")
    path = f"{CUSTOMERS}/{ann['customer_id']}/catch-up"

    async def stale(version: str) -> bool:
        return (await got(api, f"{path}?version={version}"))["stale"]

    first = await got(api, path)
    assert (first["stale"], await stale(first["version"])) == (False, False)
    await asks(api, "cem", body="Somebody else says something")
    assert not await stale(first["version"])
    merged = await api("POST", f"{CUSTOMERS}/{ann['customer_id']}/merge", json={"other": ben["customer_id"]})
    assert await stale(first["version"])
    assert ("customer", "My chair broke.") in words(await got(api, path))
    gone = await api("GET", f"{CUSTOMERS}/{ben['customer_id']}/catch-up?version=x")
    assert (gone.status_code, gone.headers["location"]) == (308, f"{path}?version=x")
    undo = {"decision": merged.json()["decision_id"]}
    await api("POST", f"{CUSTOMERS}/{ann['customer_id']}/unmerge", json=undo)
    assert not await stale(first["version"]), "it is as it was"
    await asks(api, "ann", minutes=2, subject="Lamp", body="And it smells of smoke.")
    assert await stale(first["version"])


async def test_who_is_erased_leaves_no_line(api: Api) -> None:
    told = await asks(api, body="My name is Ann and I live here.")
    await api("POST", f"{CUSTOMERS}/{told['customer_id']}/erase")
    assert (await got(api, f"{CUSTOMERS}/{told['customer_id']}/catch-up"))["lines"] == []
    assert (await got(api, f"{PATH}/{told['ticket']['id']}/catch-up"))["lines"] == []


async def test_answers_of_the_past_are_suggested_with_the_case_that_they_ended(api: Api, app: Any) -> None:
    past = await asks(api, "ann", body="My parcel with the lamp never arrived here")
    answered = await said(api, past["ticket"]["number"], "We have sent a new lamp, it arrives on Monday")
    await patched(api, past["ticket"]["number"], status="resolved")
    now = await asks(api, "ben", minutes=5, body="The parcel with my lamp never arrived")
    model = trigrams(64)
    indexed = Indexed(api, Indexer(api.database, None, PostgresEngine(api.database), model))
    await indexed.caught_up()
    while await indexed.indexer.embed(indexed.workspace, (await indexed.live()).made_at):
        pass
    edge_of_app(app).embedder = model
    path = f"{PATH}/{now['ticket']['number']}/suggested-answers"
    shown = await got(api, path)
    assert shown["asked"] == {"event_id": now["event_id"], "text": "The parcel with my lamp never arrived"}
    (one,) = shown["items"]
    assert (one["event_id"], one["text"]) == (answered["event_id"], "We have sent a new lamp, it arrives on Monday")
    assert one["case"]["case"]["ticket"]["number"] == past["ticket"]["number"]
    edge_of_app(app).embedder = None
    assert [one["event_id"] for one in (await got(api, path))["items"]] == [answered["event_id"]], "like the whole case"


@pytest.mark.parametrize("what", ["catch-up", "suggested-answers"])
async def test_a_matter_without_words_has_nothing_to_say(api: Api, what: str) -> None:
    told = await asks(api, body=None)
    shown = await got(api, f"{PATH}/{told['ticket']['id']}/{what}")
    assert (shown.get("lines") or shown.get("items") or []) == []
