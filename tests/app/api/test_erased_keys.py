"""The keys by which an erased person was found go with them, from every home where they ever were."""

from typing import Any
from uuid import UUID

from app.db import Db
from identity import blocking_store
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.app.api.lives import CUSTOMERS, erase
from tests.builders import contact, identifier


async def put_under(api: Api, customer: dict[str, Any], *keys: int) -> None:
    """Put a customer's home under these keys."""
    home = UUID(customer["customer_id"])

    async def work(db: Db) -> None:
        await blocking_store.write_keys(db, WorkspaceId(api.mine.id), keys, [home] * len(keys))

    await api.database.write(api.mine.id, work)


async def kept(api: Api) -> set[int]:
    async with api.database.read(api.mine.id) as db:
        return {row["key"] for row in await db.fetch("SELECT key FROM home_key")}


async def push(api: Api, name: str) -> dict[str, Any]:
    return await api.push(source_id=f"item-{name}", contact=contact(name))


async def merge(api: Api, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    made = await api("POST", f"{CUSTOMERS}/{one['customer_id']}/merge", json={"other": other["customer_id"]})
    assert made.status_code == 200, made.text
    return made.json()


async def test_every_home_of_a_customer_loses_its_keys_and_no_other(api: Api):
    one, two, neighbour = await push(api, "one"), await push(api, "two"), await push(api, "neighbour")
    await merge(api, one, two)
    for customer, *keys in ((one, 1, 2), (two, 2, 3), (neighbour, 9)):
        await put_under(api, customer, *keys)
    await erase(api, one["customer_id"])
    assert await kept(api) == {9}


async def test_a_preview_and_a_refused_erasure_take_no_key(api: Api):
    one = await push(api, "one")
    await put_under(api, one, 1)
    await erase(api, one["customer_id"], query="?preview=true")
    assert (await api("POST", "/api/v1/holds", json={"customer": one["customer_id"], "reason": "r"})).status_code == 201
    await erase(api, one["customer_id"], 409)
    assert await kept(api) == {1}


async def test_a_home_that_they_were_split_from_and_came_back_to(api: Api):
    one, two = await push(api, "one"), await push(api, "two")
    await merge(api, one, two)
    path = f"{CUSTOMERS}/{one['customer_id']}/unmerge"
    split = (await api("POST", path, json={"contacts": [two["contact_id"]]})).json()
    home = {"customer_id": split["customer_id"]}
    await put_under(api, home, 5)
    undone = await api("POST", f"{CUSTOMERS}/{split['customer_id']}/unmerge", json={"decision": split["decision_id"]})
    assert undone.status_code == 200, undone.text
    await erase(api, one["customer_id"])
    assert await kept(api) == set()


async def test_a_home_where_somebody_else_stays_keeps_its_keys(api: Api):
    """Who parts them gives both homes keys of their own."""
    same = identifier(value="both@example.com")
    one = await api.push(source_id="one", contact=contact("one", same))
    two = await api.push(source_id="two", contact=contact("two", same))
    assert one["customer_id"] == two["customer_id"]
    path = f"{CUSTOMERS}/{one['customer_id']}/unmerge"
    split = (await api("POST", path, json={"contacts": [two["contact_id"]]})).json()
    await erase(api, split["customer_id"])
    assert await kept(api)
    await erase(api, one["customer_id"])
    assert await kept(api) == set()
