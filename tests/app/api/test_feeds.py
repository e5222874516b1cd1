"""One reader tells all streams: none misses or doubles an event, whenever it comes, however far behind it is."""

import asyncio
import itertools
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from app.main import create_app
from tests.app.api.conftest import Tenant, tenant_of
from tests.app.api.serving import served
from tests.builders import pushed, settings
from tests.conftest import Database as Cloned
from timeline.followers import Followed, read_after

EVENTS = 120
LISTENERS = 12


class House(msgspec.Struct, frozen=True):
    url: str
    tenant: Tenant
    other: Tenant

    def client(self, tenant: Tenant, role: str = "admin") -> httpx.AsyncClient:
        said = {"Authorization": f"Bearer {tenant.keys[role]}"}
        return httpx.AsyncClient(base_url=self.url, headers=said, timeout=20)


@pytest.fixture
def house(database: Cloned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A server whose feeds keep seven events and hand on three at a time."""
    monkeypatch.setattr("app.api.feeds.KEPT", 7)
    monkeypatch.setattr("app.api.feeds.BATCH", 3)
    monkeypatch.setattr("app.api.feeds.AT_ONCE", 2)
    tenant, other = asyncio.run(tenant_of(database.app_dsn)), asyncio.run(tenant_of(database.app_dsn))
    with served(create_app(settings(tmp_path), database.app_dsn, logs=False)) as url:
        yield House(url, tenant, other)


async def lines(response: httpx.Response) -> AsyncIterator[tuple[str, str]]:
    """The id and the event of each message."""
    name = ""
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            name = line[4:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])["event_id"]


async def listen(house: House, head: str, seed: int) -> list[str]:
    """All that a client hears that loses its connection now and then."""
    rng, heard, last = random.Random(seed), list[str](), head
    async with house.client(house.tenant) as client:
        while len(heard) < EVENTS:
            await asyncio.sleep(rng.random() / 5)
            until = rng.randrange(1, 40)
            async with client.stream("GET", "/api/v1/stream", headers={"Last-Event-ID": last}) as response:
                assert response.status_code == 200
                async for name, event in lines(response):
                    last = name
                    heard.append(event)
                    until -= 1
                    if not until or len(heard) == EVENTS:
                        break
    return heard


async def push(house: House) -> list[str]:
    said: list[str] = []
    async with house.client(house.tenant) as client:
        for number in range(EVENTS):
            answer = await client.post("/api/v1/interactions", json=pushed(source_id=f"fed-{number}"))
            said.append(answer.json()["event_id"])
            await asyncio.sleep(0.02 if number % 10 else 0.2)
    return said


async def test_every_stream_hears_every_event_once_and_in_order(house: House) -> None:
    async with house.client(house.tenant) as client:
        head = (await client.get("/api/v1/changes")).json()["head"]
    async with asyncio.timeout(60):
        said, *heard = await asyncio.gather(push(house), *(listen(house, head, seed) for seed in range(LISTENERS)))
    for one in heard:
        assert one == said


async def test_a_neighbour_hears_nothing_and_who_was_thrown_out_no_more(house: House) -> None:
    async def all_of(client: httpx.AsyncClient, heard: list[str]) -> None:
        async with client.stream("GET", "/api/v1/stream") as response:
            async for _, event in lines(response):
                heard.append(event)

    told: dict[str, list[str]] = {"admin": [], "agent": [], "neighbour": []}
    async with (
        house.client(house.tenant) as admin,
        house.client(house.tenant, "agent") as agent,
        house.client(house.other) as neighbour,
    ):
        clients = {"admin": admin, "agent": agent, "neighbour": neighbour}
        tasks = {name: asyncio.create_task(all_of(client, told[name])) for name, client in clients.items()}
        await asyncio.sleep(0.5)
        first = (await admin.post("/api/v1/interactions", json=pushed())).json()["event_id"]
        await _until(lambda: told["admin"] and told["agent"])
        assert (await admin.delete(f"/api/v1/keys/{house.tenant.ids['agent']}")).status_code == 200
        second = (await admin.post("/api/v1/interactions", json=pushed())).json()["event_id"]
        await asyncio.wait_for(tasks["agent"], 5)
        await _until(lambda: len(told["admin"]) == 2)
        assert told == {"admin": [first, second], "agent": [first], "neighbour": []}
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def test_many_streams_read_the_ledger_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, heard = itertools.count(), [0] * LISTENERS

    async def counted(*asked: Any) -> list[Followed]:
        next(reads)
        return await read_after(*asked)

    async def hear(number: int) -> None:
        async with house.client(house.tenant) as client, client.stream("GET", "/api/v1/stream") as response:
            async for _ in lines(response):
                heard[number] += 1

    tasks = [asyncio.create_task(hear(number)) for number in range(LISTENERS)]
    await asyncio.sleep(1)
    monkeypatch.setattr("app.api.feeds.read_after", counted)
    await push(house)
    await _until(lambda: heard == [EVENTS] * LISTENERS)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert next(reads) < LISTENERS * EVENTS / 2


async def _until(holds: Callable[[], object]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError
