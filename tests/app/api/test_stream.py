"""The live stream: nothing missed and nothing twice over resumes, ids only, closed to revoked keys."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from app.api.feeds import BEHIND_AT_ONCE, Feed, Feeds
from app.main import create_app
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api, Tenant, edge_of_app, tenant_of
from tests.app.api.serving import served
from tests.builders import pushed, settings
from tests.conftest import Database as Cloned
from timeline.followers import START, Followed, read_after


class Served(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    tenant: Tenant

    def client(self, role: str = "admin") -> httpx.Client:
        said = {"Authorization": f"Bearer {self.tenant.keys[role]}"}
        return httpx.Client(base_url=self.url, headers=said, timeout=15)


@pytest.fixture
def served_api(database: Cloned, tmp_path: Path) -> Iterator[Served]:
    tenant = asyncio.run(tenant_of(database.app_dsn))
    with served(create_app(settings(tmp_path), database.app_dsn, logs=False)) as url:
        yield Served(url=url, tenant=tenant)


def _events(response: httpx.Response) -> Iterator[tuple[str, dict[str, str]]]:
    name = ""
    for line in response.iter_lines():
        if line.startswith("id: "):
            name = line[4:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def test_a_stream_resumes_without_a_gap(served_api: Served) -> None:
    with served_api.client() as client:
        head = client.get("/api/v1/changes").json()["head"]
        pushed_ids: list[str] = []

        def push() -> None:
            with served_api.client("integration") as pushing:
                answers = (pushing.post("/api/v1/interactions", json=pushed()).json() for _ in range(60))
                pushed_ids.extend(answer["event_id"] for answer in answers)

        writer = threading.Thread(target=push)
        writer.start()
        seen: list[str] = []
        last, connections = head, 0
        while len(seen) < 60:
            connections += 1
            headers = {"Last-Event-ID": last} if connections > 1 else {}
            with client.stream("GET", "/api/v1/stream", params={"after": head}, headers=headers) as response:
                assert response.status_code == 200
                assert response.headers["content-type"].startswith("text/event-stream")
                for name, data in _events(response):
                    last = name
                    assert set(data) == {"event_id", "contact_id", "customer_id", "kind", "type"}
                    seen.append(data["event_id"])
                    if len(seen) % 17 == 0 or len(seen) == 60:
                        break
        writer.join()
        assert seen == pushed_ids
        assert connections >= 4


def test_news_arrive_within_a_second(served_api: Served) -> None:
    with served_api.client() as client, client.stream("GET", "/api/v1/stream") as response:
        events = _events(response)
        waits: list[float] = []
        with served_api.client("integration") as pushing:
            for _ in range(3):
                event = pushing.post("/api/v1/interactions", json=pushed()).json()["event_id"]
                answered = time.monotonic()
                assert next(events)[1]["event_id"] == event
                waits.append(time.monotonic() - answered)
        assert min(waits) < 0.5
        assert max(waits) < 4.5


def test_a_revoked_key_hears_nothing_after_five_seconds(served_api: Served) -> None:
    tenant = served_api.tenant
    with served_api.client() as admin, served_api.client("agent") as agent:
        with agent.stream("GET", "/api/v1/stream") as response:
            lines = response.iter_lines()
            assert next(lines).startswith("retry")
            assert admin.delete(f"/api/v1/keys/{tenant.ids['agent']}").status_code == 200
            started = time.monotonic()
            admin.post("/api/v1/interactions", json=pushed())
            assert not [line for line in lines if line.startswith("data")]
            assert time.monotonic() - started < 5


def test_a_stream_begins_at_its_head_and_pages_agree(served_api: Served) -> None:
    with served_api.client() as client:
        first = client.post("/api/v1/interactions", json=pushed()).json()
        head = client.get(f"/api/v1/customers/{first['customer_id']}").json()["head"]
        second = client.post("/api/v1/interactions", json=pushed()).json()
        with client.stream("GET", "/api/v1/stream", params={"after": head}) as response:
            heard = next(_events(response))[1]["event_id"]
            # A transaction that is open anywhere in the cluster keeps the head before the first: it is told again.
            assert heard in (first["event_id"], second["event_id"])
        items = []
        after: str | None = None
        while True:
            page = client.get("/api/v1/changes", params={"limit": 1} | ({"after": after} if after else {})).json()
            items.extend(item["event_id"] for item in page["items"])
            after = page["head"]
            if page["next"] is None:
                break
        assert items == [first["event_id"], second["event_id"]]
        assert client.get("/api/v1/stream", headers={"Last-Event-ID": "forged"}).status_code == 400


async def _far_behind(feeds: Feeds, tenant: Tenant, events: int) -> None:
    """One stream from the beginning of the ledger, until it has heard as many."""
    heard = 0
    async with feeds.seat(WorkspaceId(tenant.id), tenant.ids["admin"], START) as seat:
        while heard < events:
            said = await seat.hear(5)
            assert said is not None
            heard += said.count(b"event: change")


async def test_streams_that_come_back_from_far_leave_connections_to_others(
    api: Api, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await api.push()
    reading, most = 0, 0

    async def counted(*asked: Any) -> list[Followed]:
        nonlocal reading, most
        reading, most = reading + 1, max(most, reading + 1)
        await asyncio.sleep(0.01)
        reading -= 1
        return await read_after(*asked)

    monkeypatch.setattr("app.api.feeds.read_after", counted)
    await asyncio.gather(*(_far_behind(edge_of_app(app).feeds, api.mine, 3) for _ in range(40)))
    assert most <= BEHIND_AT_ONCE + 1  # with the feed's own


async def test_who_was_there_before_the_first_look_of_its_feed_is_told(
    api: Api, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    look = Feed._look

    async def late(self: Feed) -> list[Followed]:
        if self.base is None:
            await asyncio.sleep(0.3)  # in which the stream looks by itself
            told.append((await api.push())["event_id"])
        return await look(self)

    monkeypatch.setattr(Feed, "_look", late)
    async with edge_of_app(app).feeds.seat(WorkspaceId(api.mine.id), api.mine.ids["admin"], START) as seat:
        said = await seat.hear(3)
    assert said is not None
    assert told[0].encode() in said
