"""Objects and their types by the API: histories, lists, ids of any characters, and states that a schema refuses."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from tests.app.api.conftest import Api
from tests.builders import contact, identifier, pushed
from timeline import objects

BOOKING = {
    "schema": {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"items": {"properties": {"price": {"type": "number"}}}}},
    },
    "title": "Booking {id} · {state.guest.name}",
    "states": {"path": "state.word", "known": {"in": {"label": "Checked in"}, "out": {"label": "Left", "final": True}}},
}
TYPE = "/api/v1/object-types/booking"


def booking(version: int = 1, id_: str = "7", **state: Any) -> dict[str, Any]:
    return {"type": "booking", "id": id_, "version": version, "state": {"items": [], **state}}


async def define(api: Api, body: Any = BOOKING, path: str = TYPE, role: str = "lead") -> dict[str, Any]:
    response = await api("PUT", path, api.mine.keys[role], json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def get(api: Api, path: str, status: int = 200) -> Any:
    response = await api("GET", f"/api/v1/{path}")
    assert response.status_code == status, response.text
    return response.json()


def path_of(type_: str, id_: str) -> str:
    return f"objects/{quote(type_, safe='')}/{quote(id_, safe='')}"


async def test_a_type_is_defined_shown_and_a_new_version_only_when_it_differs(api: Api) -> None:
    assert [one["type"] for one in (await get(api, "object-types"))["items"]] == ["order", "reservation", "shipment"]
    made = await define(api)
    assert (made["version"], made["built_in"], made["schema"]) == (1, False, BOOKING["schema"])
    assert made["actor"] == f"key:{api.mine.ids['lead']}"
    assert await define(api) == made, "twice is once"
    assert await get(api, "object-types/booking") == made
    changed = await define(api, {**BOOKING, "title": "{id}"}, role="admin")
    assert (changed["version"], changed["title"]) == (2, "{id}")
    assert [(one["type"], one["version"]) for one in (await get(api, "object-types"))["items"]] == [
        ("booking", 2),
        ("order", 0),
        ("reservation", 0),
        ("shipment", 0),
    ]
    back = await define(api, {})
    assert (back["version"], back["schema"], back["title"], back["states"]["path"]) == (3, None, None, "status")
    order = await define(api, {"schema": {"type": "object"}}, "/api/v1/object-types/order")
    assert (order["built_in"], order["title"]) == (False, "Order {id} · {state.total} {state.currency}")


async def test_types_come_in_pages(api: Api) -> None:
    for name in "abc":
        await define(api, {}, f"/api/v1/object-types/{name}")
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = await get(api, f"object-types?limit=2{cursor and f'&cursor={cursor}'}")
        seen.extend(one["type"] for one in page["items"])
        cursor = page["next"]
    assert seen == ["a", "b", "c", "order", "reservation", "shipment"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"schema": {"$ref": "https://example.com/x.json"}}, "schema.$ref"),
        ({"schema": {"properties": {"a": {"type": "nothing"}}}}, "schema.properties.a.type"),
        ({"schema": {"pattern": "(?=a)"}}, "schema.pattern"),
        ({"schema": []}, "schema"),
        ({"title": "{state"}, "title"),
        ({"title": "{state.a.__class__} {x}"}, "title"),
        ({"states": {"path": ".."}}, "states.path"),
        ({"states": {"known": {"a": {"label": 3}}}}, "states.known[...].label"),
        ({"states": {"unknown": 1}}, "states.unknown"),
        ({"more": 1}, "more"),
    ],
)
async def test_a_definition_with_a_fault_is_refused_by_its_path(api: Api, body: Any, field: str) -> None:
    response = await api("PUT", TYPE, json=body)
    assert response.status_code == 400, response.text
    assert [fault["field"] for fault in response.json()["fields"]] == [field]
    await get(api, "object-types/booking", 404)


async def test_a_state_that_its_schema_does_not_allow_is_refused_and_nothing_else(api: Api) -> None:
    before = await api.push(source_id="before", object=booking(items=[{"price": "none"}]))
    await define(api)
    bad = pushed(object=booking(2, items=[{"price": 1}, {"price": "x"}]))
    counted = await api.counts()
    for _ in range(2):
        response = await api("POST", "/api/v1/interactions", json=bad)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (400, "invalid")
        assert [fault["field"] for fault in problem["fields"]] == ["object.state.items[1].price"]
    assert await api.counts() == counted
    again = await api("POST", "/api/v1/interactions", json=pushed(source_id="before", object=booking()))
    assert again.status_code == 409, "what is in the ledger is compared and not checked"
    known = {**bad, "source_id": "before", "object": booking(items=[{"price": "none"}])}
    shown = await api("GET", f"/api/v1/customers/{before['customer_id']}")
    item = shown.json()["timeline"]["items"][0]
    known.update(occurred_at=item["occurred_at"], subject=item["subject"])
    redelivered = await api("POST", "/api/v1/interactions", json=known)
    assert (redelivered.status_code, redelivered.json()["event_id"]) == (200, before["event_id"])
    for fine in ({**booking(3), "state": None}, {**booking(4), "type": "order"}):
        await api.push(object=fine)


async def test_a_batch_refuses_the_item_alone(api: Api) -> None:
    await define(api)
    items = [
        pushed(source_id="good", object=booking(items=[{"price": 1}])),
        pushed(source_id="bad", object=booking(items=[{"price": "x"}])),
        pushed(source_id="bad", object=booking(items=[{"price": "x"}])),
        pushed(source_id="bad", object=booking(items=[{"price": 2}])),
        pushed(source_id="plain"),
    ]
    response = await api("POST", "/api/v1/interactions/batch", json=items)
    results = response.json()["items"]
    assert [one["status"] for one in results] == [201, 400, 400, 201, 201]
    assert results[1]["error"]["fields"][0]["field"] == "object.state.items[0].price"
    assert "event_id" not in results[2]


async def test_a_new_definition_holds_from_the_next_push_on_in_every_process(api: Api) -> None:
    """Another process is one whose memory the change did not pass through."""
    await define(api)
    await api.push(object=booking())
    elsewhere = objects.KnownTypes()

    async def define_there(db: Any) -> None:
        await objects.define(
            db, objects.WorkspaceId(api.mine.id), "booking", schema={"type": "null"}, title=None, states=None, actor="x"
        )

    async with api.database.read(api.mine.id) as db:
        assert (await elsewhere.read(db, objects.WorkspaceId(api.mine.id))).of("booking").version == 1
    await api.database.write(api.mine.id, define_there)
    refused = await api("POST", "/api/v1/interactions", json=pushed(object=booking(2)))
    assert refused.status_code == 400
    async with api.database.read(api.mine.id) as db:
        assert (await elsewhere.read(db, objects.WorkspaceId(api.mine.id))).of("booking").version == 2


async def test_definitions_at_once_make_one_version_each(api: Api) -> None:
    bodies = [{"title": f"{n} {{id}}"} for n in range(6)] + [{"title": "0 {id}"}] * 2
    made = await asyncio.gather(*(define(api, body) for body in bodies))
    versions = {one["title"]: one["version"] for one in made}
    assert len({one["version"] for one in made}) >= len(versions) == 6
    assert (await get(api, "object-types/booking"))["version"] == max(one["version"] for one in made)


async def test_types_of_one_workspace_are_nothing_to_another(api: Api) -> None:
    await define(api)
    await api.push(api.other.keys["admin"], object=booking(items=[{"price": "x"}]))
    listed = (await api("GET", "/api/v1/object-types", api.other.keys["admin"])).json()["items"]
    assert [one["type"] for one in listed] == ["order", "reservation", "shipment"]


async def test_at_most_two_hundred_types(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MOST_TYPES", 2)
    for name in "ab":
        await define(api, {}, f"/api/v1/object-types/{name}")
    response = await api("PUT", TYPE, json={})
    assert (response.status_code, response.json()["code"]) == (422, "impossible")
    await define(api, {"title": "A {id}"}, "/api/v1/object-types/a")


async def test_profile_and_timeline_show_cards(api: Api) -> None:
    await define(api)
    state: dict[str, Any] = {"guest": {"name": "Ann"}, "state": {"word": "out"}}
    paid = await api.push(kind="payment", object={"type": "booking", "id": "7"})
    stub = (await get(api, f"customers/{paid['customer_id']}"))["objects"]
    assert [(one["title"], one["status"], one["stub"], one["state"], one["version"]) for one in stub] == [
        ("Booking 7", None, True, None, None)
    ]
    await api.push(object=booking(1, **state))
    note = await api.push(kind="note")
    profile = await get(api, f"customers/{paid['customer_id']}")
    (shown,) = profile["objects"]
    out = {"value": "out", "label": "Left", "final": True}
    assert (shown["title"], shown["status"], shown["stub"], shown["events"]) == ("Booking 7 · Ann", out, False, 2)
    cards = {item["event_id"]: item["card"] for item in profile["timeline"]["items"]}
    assert cards[note["event_id"]] is None
    assert cards[paid["event_id"]] == {"title": "Booking 7", "status": None}
    assert {"title": "Booking 7 · Ann", "status": out} in cards.values()
    filtered = await get(api, f"customers/{paid['customer_id']}/timeline?kind=order")
    assert [item["card"]["title"] for item in filtered["items"]] == ["Booking 7 · Ann"]
    assert profile["counts"]["orders"] == 1


async def test_an_object_shows_its_states_newest_first_and_whom_it_stands_on(api: Api) -> None:
    ann = contact("ann", identifier(value="ann@example.com"))
    bob = contact("bob", identifier(value="bob@example.com"))
    told = {}
    for version, who in ((2, ann), (10, bob), (1, ann), ("x", bob), (10, ann)):
        made = await api.push(contact=who, object=booking(version))  # pyright: ignore[reportArgumentType]
        told[made["event_id"]] = (version, made["customer_id"])
    await api.push(kind="payment", contact=bob, object={"type": "booking", "id": "7", "version": 99})
    whole = await get(api, path_of("booking", "7"))
    shown = [(one["version"], one["customer_id"]) for one in whole["history"]["items"]]
    assert shown == [told[event] for event in (list(told)[n] for n in (4, 1, 0, 2, 3))]
    assert (whole["version"], whole["customer_id"], whole["events"]) == (10, told[list(told)[4]][1], 6)
    assert set(whole["customers"]) == {customer for _, customer in told.values()}
    seen: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = await get(api, f"{path_of('booking', '7')}?limit=2{cursor and f'&cursor={cursor}'}")
        assert page["title"] == whole["title"]
        seen.extend(page["history"]["items"])
        cursor = page["history"]["next"]
    assert seen == whole["history"]["items"]


@pytest.mark.parametrize(
    "id_", ["a/b", "/", "a//b/", "é ø", "100%", "%2F", "?x=1&y#z", "a b+c", "…", "'\"<>{}[]\\", "."]
)
async def test_ids_and_types_may_hold_any_character(api: Api, id_: str) -> None:
    name = id_ if id_.strip("/.") else f"x{id_}"
    await api.push(object={"type": name, "id": id_, "version": 1, "state": {"status": "paid"}})
    await define(api, {"title": "It {id}"}, f"/api/v1/object-types/{quote(name, safe='')}")
    if id_ != ".":  # whatever stands on the way takes it for a place in the path
        shown = await get(api, path_of(name, id_))
        assert (shown["type"], shown["id"], shown["title"]) == (name, id_, f"It {id_}")
    listed = await get(api, f"objects?type={quote(name, safe='')}&id={quote(id_, safe='')}")
    assert [one["id"] for one in listed["items"]] == [id_]


@pytest.mark.parametrize(
    "path",
    [
        "objects/order/none",
        "objects/none/1",
        "objects/order",
        "objects/order/1/2",
        "objects/order/1/",
        "objects/order/",
        "objects//1",
        "objects/order/%FF",
        "objects/order/%00",
        f"objects/order/{'x' * 513}",
        "object-types/none",
        "object-types/a/b",
        "object-types/%FF",
        "objects?customer=none",
        "objects?customer=00000000-0000-0000-0000-000000000000",
    ],
)
async def test_what_is_not_there_is_nothing(api: Api, path: str) -> None:
    await api.push(object={"type": "order", "id": "1", "state": {}})
    assert await get(api, path, 404) == await get(api, "customers/none", 404)


@pytest.mark.parametrize("query", ["id=1", "type=order&id=1&id=2", "limit=0", "cursor=x", "unknown=1"])
async def test_a_query_with_a_fault_is_refused(api: Api, query: str) -> None:
    await get(api, f"objects?{query}", 400)


async def test_lists_of_objects_by_type_and_by_customer(api: Api) -> None:
    customers: dict[str, str] = {}
    for number, (who, name) in enumerate([("ann", "order"), ("bob", "order"), ("ann", "parcel"), ("ann", "order")]):
        thing = {"type": name, "id": f"{number}", "version": 1, "state": {"n": number}}
        made = await api.push(contact=contact(who, identifier(value=f"{who}@example.com")), object=thing)
        customers[who] = made["customer_id"]

    async def ids(query: str) -> list[str]:
        found: list[str] = []
        cursor = ""
        while cursor is not None:
            page = await get(api, f"objects?limit=1&{query}{cursor and f'&cursor={cursor}'}")
            found.extend(f"{one['type']} {one['id']}" for one in page["items"])
            cursor = page["next"]
        return found

    ann, bob = customers["ann"], customers["bob"]
    assert await ids("") == ["order 0", "order 1", "order 3", "parcel 2"]
    assert await ids("type=order") == ["order 0", "order 1", "order 3"]
    assert await ids("type=parcel&type=order") == ["order 0", "order 1", "order 3", "parcel 2"]
    assert await ids(f"customer={ann}") == ["order 0", "order 3", "parcel 2"]
    assert await ids(f"customer={bob}&type=order") == ["order 1"]
    assert await ids(f"customer={bob}&type=order&id=0") == []
    assert await ids("type=parcel&type=order&id=2") == ["parcel 2"]
    await api("POST", f"/api/v1/customers/{ann}/merge", json={"other": bob})
    assert await ids(f"customer={bob}") == await ids(f"customer={ann}") == await ids("")
    shown = await get(api, "objects?type=order&id=1")
    assert shown["items"][0]["customer_id"] == ann
    cursor = (await get(api, "objects?limit=1"))["next"]
    await get(api, f"objects?limit=1&type=order&cursor={cursor}", 400)


async def test_a_history_follows_placements(api: Api) -> None:
    bob = await api.push(contact=contact("bob", identifier(value="bob@example.com")))
    made = await api.push(contact=contact("ann", identifier(value="ann@example.com")), object=booking(1))
    place = f"/api/v1/customers/{made['customer_id']}/place"
    placed = await api("POST", place, json={"event": made["event_id"], "contact": bob["contact_id"]})
    shown = await get(api, path_of("booking", "7"))
    assert (shown["customers"], shown["contact_id"]) == ([bob["customer_id"]], bob["contact_id"])
    assert [one["customer_id"] for one in shown["history"]["items"]] == [bob["customer_id"]]
    undo = {"decision": placed.json()["decision_id"]}
    await api("POST", f"/api/v1/customers/{bob['customer_id']}/unmerge", json=undo)
    assert (await get(api, path_of("booking", "7")))["customers"] == [made["customer_id"]]
