"""What happens to an index when something happens on the desk: it follows, and comparing it with the ledger finds
nothing that it missed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.db import new_id
from app.indexing import Indexer
from app.rebuilding import activate, recut
from identity.customers import WorkspaceId
from search import indexing
from search.documents import Document
from search.embeddings import trigrams
from search.engine import Refused
from search.postgres import PostgresEngine
from tests.app.api.asking import PATH, agent, asks, opened, patched
from tests.app.api.conftest import Api
from tests.app.api.indexed import Indexed, hex_of
from timeline.tickets.policy import Continues, TicketPolicy

CUSTOMERS = "/api/v1/customers"


@pytest.fixture
async def indexed(api: Api) -> Indexed:
    return Indexed(api, Indexer(api.database, None, PostgresEngine(api.database), None))


async def done(api: Api, path: str, **json: Any) -> dict[str, Any]:
    response = await api("POST", path, json=json)
    assert response.status_code in (200, 201), response.text
    return response.json()


async def test_what_is_pushed_is_in_the_index_with_its_case_and_its_contact(indexed: Indexed) -> None:
    await indexed.caught_up()
    assert await indexed.digests() == {}
    told = await asks(indexed.api, body="My order #ORD-482133 never came")
    await indexed.api.push(subject="An order")
    await indexed.caught_up()
    assert set(await indexed.digests()) >= {f"item-{hex_of(told)}", f"case-{hex_of(told)}"}
    assert await indexed.kinds() == {"item": 2, "case": 1, "contact": 2}
    assert await indexed.drift() == {}


async def test_a_ticket_that_changes_takes_its_items_along(indexed: Indexed) -> None:
    told = await asks(indexed.api, body="Where is my parcel?")
    for minute in range(1, 4):
        await asks(indexed.api, minutes=minute, body=f"And now, {minute}?")
    await indexed.caught_up()
    before = await indexed.digests()
    await patched(indexed.api, told["ticket"]["id"], tags=["late"], status="pending")
    await indexed.caught_up()
    after = await indexed.digests()
    assert sum(before[name] != after[name] for name in before) == 5, "four items and the case"
    assert await indexed.drift() == {}


async def test_a_merge_writes_no_document(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, ben = await asks(indexed.api, "ann"), await asks(indexed.api, "ben")
    await indexed.caught_up()
    written: list[Any] = []
    engine = indexed.indexer.engine
    monkeypatch.setattr(engine, "write", lambda *parts: written.append(parts))
    await done(indexed.api, f"{CUSTOMERS}/{ann['customer_id']}/merge", other=ben["customer_id"])
    await indexed.caught_up()
    assert written == []
    monkeypatch.undo()
    assert await indexed.drift() == {}


async def test_the_index_follows_whatever_is_done_with_tickets(indexed: Indexed) -> None:
    api = indexed.api
    lamp = await asks(api, subject="Lamp")
    invoice = await opened(api, minutes=1, subject="Invoice")
    more = await asks(api, minutes=2, subject="Lamp")
    made: list[str] = []

    async def edited(path: str, **json: Any) -> None:
        made.append((await done(api, f"{PATH}/{path}", **json))["edit_id"])

    async def undone() -> None:
        await done(api, f"/api/v1/edits/{made.pop()}/undo")

    kim, number = await agent(api), invoice["number"]
    steps: list[Callable[[], Awaitable[Any]]] = [
        lambda: edited(f"{lamp['ticket']['number']}/merge", other=number),
        undone,
        lambda: edited(f"{lamp['ticket']['number']}/split", items=[more["event_id"]], subject="Bulb"),
        undone,
        lambda: edited(f"{number}/items", event=more["event_id"], mode="share"),
        undone,
        lambda: edited(f"{number}/items", event=more["event_id"]),
        lambda: patched(api, number, assignee=kim, tags=["paid", "late"], priority="high"),
        lambda: done(api, f"{PATH}/{number}/replies", body="We have sent it again"),
        lambda: done(api, f"{PATH}/{number}/notes", body="He is angry"),
        lambda: patched(api, number, status="resolved"),
        lambda: asks(api, minutes=3, subject="Re: Invoice", ticket=number),
    ]
    await indexed.caught_up()
    for at, step in enumerate(steps):
        before = await indexed.digests()
        await step()
        await indexed.caught_up()
        assert await indexed.digests() != before, at
        assert await indexed.drift() == {}, at


async def test_the_index_follows_decisions_about_people(indexed: Indexed) -> None:
    api = indexed.api
    joins = {"policy": {"name": "Joins", "on_link": "join"}}
    assert (await api("POST", "/api/v1/ticket-policies", json=joins)).status_code == 201
    ann, ben = await asks(api, "ann", subject="Shoes"), await asks(api, "ben", subject="Shoes")
    await indexed.caught_up()
    cases = (await indexed.kinds())["case"]
    merged = await done(api, f"{CUSTOMERS}/{ann['customer_id']}/merge", other=ben["customer_id"])
    await indexed.caught_up()
    assert ((await indexed.kinds())["case"], await indexed.drift()) == (cases - 1, {})
    unmerge = {"decision": merged["decision_id"]}
    await done(api, f"{CUSTOMERS}/{ann['customer_id']}/unmerge", **unmerge)
    await indexed.caught_up()
    assert ((await indexed.kinds())["case"], await indexed.drift()) == (cases, {})
    place = {"event": ben["event_id"], "contact": ann["contact_id"]}
    placed = await done(api, f"{CUSTOMERS}/{ben['customer_id']}/place", **place)
    before = await indexed.digests()
    await indexed.caught_up()
    name = f"item-{hex_of(ben)}"
    assert ((await indexed.digests())[name] != before[name], await indexed.drift()) == (True, {})
    await done(api, f"{CUSTOMERS}/{ann['customer_id']}/unmerge", decision=placed["decision_id"])
    await indexed.caught_up()
    assert ((await indexed.digests())[name], await indexed.drift()) == (before[name], {})


async def test_a_past_that_is_cut_again_is_in_the_index(indexed: Indexed) -> None:
    api, workspace = indexed.api, WorkspaceId(indexed.api.mine.id)
    for minute, subject in enumerate(("Lamp", "Chair", "Table")):
        await asks(api, minutes=minute, subject=subject)
    await indexed.caught_up()
    before = await indexed.digests()
    policy = TicketPolicy(name="One a person", continues=Continues(same_subject=False))
    await activate(api.database, workspace, policy, past=True, actor="system", reason=None)
    await recut(api.database, workspace, lambda _: None)
    await indexed.caught_up()
    assert await indexed.digests() != before
    assert await indexed.drift() == {}


async def test_a_silence_that_ends_a_ticket_is_in_the_index_before_it_is_announced(indexed: Indexed) -> None:
    api = indexed.api
    told = await asks(api, body="Where is it?")
    await patched(api, told["ticket"]["id"], status="pending")
    await indexed.caught_up()
    before = await indexed.digests()
    later = datetime.now(UTC) + timedelta(days=15)
    while await indexed.indexer.step(indexed.workspace, later):
        pass
    after = await indexed.digests()
    assert {name for name in before if before[name] != after[name]} == {f"item-{hex_of(told)}", f"case-{hex_of(told)}"}


async def test_the_page_says_how_far_the_index_is(indexed: Indexed) -> None:
    api = indexed.api

    async def page() -> dict[str, Any]:
        return (await api("GET", "/api/v1/index")).json()

    assert ((await page())["live"], (await page())["documents"]) == (None, None)
    await asks(api, body="Where is it?")
    await indexed.caught_up()
    await asks(api, minutes=1, body="And now?")
    shown = await page()
    assert (shown["engine"], shown["documents"], shown["live"]["behind"], shown["live"]["faults"]) == (
        "postgres",
        3,
        1,
        0,
    )
    assert shown["live"]["lag_seconds"] > 0
    await indexed.caught_up()
    shown = await page()
    assert (shown["documents"], shown["live"]["documents"], shown["live"]["behind"]) == (4, 4, 0)
    assert (shown["live"]["lag_seconds"], shown["live"]["checked"]["done_at"] is not None) == (0, True)


async def test_a_document_that_is_not_taken_is_set_aside_alone_and_tried_again(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, engine = indexed.api, indexed.indexer.engine
    bad = await asks(api, body="This one is poisonous")
    good = await asks(api, "ben", body="This one is not")
    name, write = f"item-{hex_of(bad)}", engine.write

    async def refusing(workspace: Any, index: Any, documents: Any) -> list[Refused]:
        taken = [one for one in documents if one.id != name]
        return [
            *await write(workspace, index, taken),
            *(Refused(id=name, words="no") for one in documents if one not in taken),
        ]

    monkeypatch.setattr(engine, "write", refusing)
    await indexed.caught_up()
    assert f"item-{hex_of(good)}" in await indexed.digests()
    assert await indexed.drift() == {}, "it is known to be missing"
    (fault,) = (await api("GET", "/api/v1/index/faults")).json()["items"]
    assert (fault["document"], fault["step"], fault["words"]) == (name, "write", "no")
    monkeypatch.undo()
    retried = (await api("POST", f"/api/v1/index/faults/{fault['id']}/retry")).json()
    assert retried == {"indexed": True, "fault": None}
    assert (await api("GET", "/api/v1/index/faults")).json()["items"] == []
    assert name in await indexed.digests()


async def test_drift_made_by_hand_is_found_and_mended_and_the_second_time_there_is_none(indexed: Indexed) -> None:
    told = [await asks(indexed.api, minutes=minute, body=f"Message {minute}") for minute in range(4)]
    await indexed.caught_up()
    before, live, engine = await indexed.digests(), await indexed.live(), indexed.indexer.engine
    gone, stale = (f"item-{hex_of(told[at])}" for at in (1, 2))
    await engine.delete(indexed.workspace, live.index, [gone])
    for name in (stale, f"item-{'0' * 31}1", f"case-{'f' * 32}"):
        document = Document(id=name, kind="message", contact_id=new_id(), at=datetime.now(UTC), text="something else")
        await engine.write(indexed.workspace, live.index, [document])
    assert await indexed.drift() == {"missing": 1, "stale": 1, "orphaned": 2}
    assert await indexed.digests() == before
    assert await indexed.drift() == {}


async def test_an_index_that_was_wiped_comes_back_by_itself(indexed: Indexed) -> None:
    for minute in range(3):
        await asks(indexed.api, minutes=minute, body=f"Message {minute}")
    await indexed.caught_up()
    before, live = await indexed.digests(), await indexed.live()
    await indexed.indexer.engine.drop(indexed.workspace, live.index)
    assert await indexed.digests() == {}
    again = Indexed(indexed.api, Indexer(indexed.api.database, None, indexed.indexer.engine, None))
    await again.caught_up()
    assert await again.digests() == before


async def test_another_model_is_an_index_beside_the_live_one_and_then_in_its_place(indexed: Indexed) -> None:
    for minute in range(3):
        await asks(indexed.api, minutes=minute, body=f"Where is my parcel number {minute}?")
    await indexed.caught_up()
    first, words = await indexed.live(), await indexed.digests()
    model = trigrams(64)
    beside = Indexed(indexed.api, Indexer(indexed.api.database, None, indexed.indexer.engine, model))
    await beside.indexer.step(beside.workspace, datetime.now(UTC))
    assert (await beside.live()).index == first.index, "the one without vectors answers until the other is whole"
    while await beside.indexer.step(beside.workspace, datetime.now(UTC)) + await beside.indexer.embed(
        beside.workspace, datetime.now(UTC)
    ):
        pass
    live = await beside.live()
    assert (live.index.generation, live.index.model, live.index.dimensions) == (2, model.model, 64)
    assert await beside.digests() == words
    counts = await beside.indexer.engine.count(beside.workspace, live.index)
    assert (counts.documents, counts.unembedded) == (len(words), 0)
    assert (await beside.indexer.engine.count(beside.workspace, first.index)).documents == 0
    assert await beside.drift() == {}


async def test_who_is_erased_is_out_of_the_index_with_the_same_request(indexed: Indexed) -> None:
    ann = await asks(indexed.api, "ann", body="I am Ann")
    ben = await asks(indexed.api, "ben", body="I am Ben")
    place = {"event": ben["event_id"], "contact": ann["contact_id"]}
    await done(indexed.api, f"{CUSTOMERS}/{ben['customer_id']}/place", **place)
    await asks(indexed.api, "ben", minutes=1, body="And this stays")
    await indexed.caught_up()
    await done(indexed.api, f"{CUSTOMERS}/{ann['customer_id']}/erase")
    left = await indexed.digests()
    assert not {f"item-{hex_of(ann)}", f"case-{hex_of(ann)}", f"item-{hex_of(ben)}"} & set(left)
    assert len(left) == 3, "Ben, his message and its case"
    assert await indexed.drift() == {}


async def test_the_figures_say_how_far_search_is_behind(indexed: Indexed) -> None:
    await indexed.caught_up()
    async with indexed.api.database.read(indexed.workspace) as db:
        slug = await db.fetchval("SELECT slug FROM workspace WHERE id = $1", indexed.workspace)

    async def lag() -> float:
        lines = (await indexed.api("GET", "/metrics")).text.splitlines()
        (found,) = [one for one in lines if one.startswith(f'throughline_search_lag_seconds{{workspace="{slug}"}}')]
        return float(found.rpartition(" ")[2])

    assert await lag() == 0
    await asks(indexed.api, body="Where is it?")
    assert await lag() > 0
    await indexed.caught_up()
    assert await lag() == 0


async def test_an_engine_that_served_before_keeps_nothing(indexed: Indexed) -> None:
    await asks(indexed.api, body="Where is it?")
    await indexed.caught_up()
    before = await indexed.live()

    class Other(PostgresEngine):
        name = "other"

    other = Indexed(indexed.api, Indexer(indexed.api.database, None, Other(indexed.api.database), None))
    await other.caught_up()
    assert (await other.live()).index.generation == 2
    assert await other.kinds() == {"item": 1, "case": 1, "contact": 1}
    assert (await indexed.indexer.engine.count(indexed.workspace, before.index)).documents == 0
    assert await other.drift() == {}


async def test_a_long_ticket_is_followed_page_by_page(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "INLINE", 2)
    monkeypatch.setattr(indexing, "PAGE", 2)
    told = await asks(indexed.api, body="Message 0")
    for minute in range(1, 6):
        await asks(indexed.api, minutes=minute, body=f"Message {minute}")
    await indexed.caught_up()
    before = await indexed.digests()
    await patched(indexed.api, told["ticket"]["id"], tags=["long"])
    await indexed.caught_up()
    after = await indexed.digests()
    assert sum(before[name] != after[name] for name in before) == 7, "six items and the case"
    assert await indexed.drift() == {}
