"""A desk on Meilisearch: with it away, pushes are answered as ever and searches say so; what came meanwhile is found
afterwards, and what is erased or changed by hand is mended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from app.indexing import Indexer
from app.main import edge_of
from search.meilisearch import Meilisearch
from search.meilisearch_rows import index_name
from tests.app.api.conftest import Api, edge_of_app
from tests.app.api.indexed import Indexed, hex_of
from tests.app.api.lives import erase
from tests.builders import settings
from tests.conftest import Database as Cloned
from tests.search.fake_server import KEY, FakeMeilisearch

SEARCH = "/api/v1/search"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeMeilisearch]:
    with FakeMeilisearch().listening() as listening:
        yield listening


@pytest.fixture
def app(routed: Litestar, database: Cloned, tmp_path: Path, server: FakeMeilisearch) -> Litestar:
    chosen = settings(tmp_path, meilisearch_url=server.url, meilisearch_key=KEY)
    edge_of_app(routed).__dict__.update(vars(edge_of(chosen, database.app_dsn)))
    return routed


@pytest.fixture
async def indexed(api: Api, server: FakeMeilisearch) -> AsyncIterator[Indexed]:
    engine = Meilisearch(server.url, KEY)
    await engine.open()
    yield Indexed(api, Indexer(api.database, None, engine, None))
    await engine.close()


async def found(api: Api, q: str) -> set[str]:
    response = await api("GET", SEARCH, params={"q": q})
    assert response.status_code == 200, response.text
    return {hit["event_id"] for hit in response.json()["items"]}


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(500):
        if await true():
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"never {true.__name__}")


async def test_the_engine_goes_away_and_comes_back(
    api: Api, indexed: Indexed, server: FakeMeilisearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.indexing.ENGINE_SECONDS", 0.02)
    monkeypatch.setattr("app.indexing.POLL_SECONDS", 0.02)
    first = await api.push(source_id="o-1", body="The parcel is late")
    await indexed.caught_up()
    assert await found(api, "parcel") == {first["event_id"]}

    server.away = True
    second = await api.push(source_id="o-2", body="Another parcel")
    refused = await api("GET", SEARCH, params={"q": "parcel"})
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable"), refused.text
    assert int(refused.headers["Retry-After"]) >= 1
    assert "Meilisearch does not answer" in refused.json()["detail"]
    ready = await api("GET", "/health/ready", None)
    assert (ready.status_code, ready.json()["checks"]["search"]) == (200, False)

    async def told() -> bool:
        return (await indexed.live()).trouble is not None

    async def back() -> bool:
        return not await told() and await found(api, "parcel") == {first["event_id"], second["event_id"]}

    lane = asyncio.create_task(indexed.indexer.attend(indexed.workspace))
    try:
        await until(told)
        server.away = False
        await until(back)
    finally:
        server.away = False
        lane.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await lane
    ready = await api("GET", "/health/ready", None)
    assert (ready.status_code, ready.json()["checks"]["search"]) == (200, True)
    assert await indexed.drift() == {}


async def test_who_is_erased_is_gone_from_it_at_once_or_as_soon_as_it_is_back(
    api: Api, indexed: Indexed, server: FakeMeilisearch
) -> None:
    def held(word: str) -> bool:
        return any(word in str(row) for index in server.indexes.values() for row in index.rows.values())

    first = await api.push(source_id="o-1", body="zanzibar", contact=contact("zoe"))
    second = await api.push(source_id="o-2", body="quetzal", contact=contact("quin"))
    await indexed.caught_up()
    assert held("zanzibar")
    assert held("zoe@example.com")
    await erase(api, first["customer_id"])
    assert not held("zanzibar")
    assert not held("zoe@example.com")
    server.away = True
    try:
        await erase(api, second["customer_id"])
    finally:
        server.away = False
    assert held("quetzal")
    await indexed.caught_up()
    assert not held("quetzal")
    assert not held("quin@example.com")
    assert await indexed.drift() == {}


def contact(name: str) -> dict[str, Any]:
    email = {"kind": "email", "value": f"{name}@example.com", "verified": True}
    return {"key": name, "name": name.title(), "identifiers": [email]}


async def test_drift_by_hand_is_found_and_mended(api: Api, indexed: Indexed, server: FakeMeilisearch) -> None:
    told = [
        await api.push(source_id=f"d-{number}", body=f"ostrich {number}", contact=contact("una")) for number in "abc"
    ]
    await indexed.caught_up()
    there = server.indexes[index_name(indexed.workspace, (await indexed.live()).index)]
    deleted, stale, kept = (f"item-{hex_of(each)}" for each in told)
    there.delete([deleted])
    there.rows[stale]["text"] = "emu"
    there.put([{**there.rows[kept], "id": f"item-{0:032x}"}, {"id": "item-nothing"}], "id", update=False)
    assert await indexed.drift() == {"missing": 1, "stale": 1, "orphaned": 2}
    assert await indexed.drift() == {}
    assert await found(api, "ostrich") == {each["event_id"] for each in told}
    assert await found(api, "emu") == set()
