"""What happens to an index when something happens on the desk: it follows, and comparing it with the ledger finds
nothing that it missed."""

import pytest

from app.indexing import Indexer
from search.postgres import PostgresEngine
from tests.app.api.asking import asks, patched
from tests.app.api.conftest import Api
from tests.app.api.indexed import Indexed, hex_of


@pytest.fixture
async def indexed(api: Api) -> Indexed:
    return Indexed(api, Indexer(api.database, None, PostgresEngine(api.database), None))


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
    changed = {name.partition("-")[0] for name in before if before[name] != after[name]}
    assert changed == {"item", "case"}
    assert sum(before[name] != after[name] for name in before) == 5
    assert await indexed.drift() == {}
