"""What happens to an index when something happens on the desk: it follows, and comparing it with the ledger finds
nothing that it missed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.indexing import Indexer
from app.rebuilding import activate, recut
from identity.customers import WorkspaceId
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
