"""Triage through the desk: learned from its labels, said of new tickets once, and never before somebody puts it in
force."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.indexing import Indexer
from app.triaging import NoSuchModel, Triage, activate, keep_learned, stop, train
from identity.customers import WorkspaceId
from search import studying
from search.embeddings import Threaded, trigrams
from search.postgres import PostgresEngine
from tests.app.api.asking import asks, settled, soon
from tests.app.api.conftest import Api
from tests.app.api.indexed import Indexed
from tests.builders import contact, pushed

MANY = 40
ABOUT = {"late": "where is my parcel, the delivery is late", "refund": "please refund me, i want my money back"}
WHOSE = ("today", "for the lamp", "for the shoes", "again", "thank you", "since monday", "at all")


class Desk:
    """A desk whose tickets are labelled, and the lane that reads them."""

    def __init__(self, api: Api, embedder: Threaded) -> None:
        engine = PostgresEngine(api.database)
        self.api = api
        self.workspace = WorkspaceId(api.mine.id)
        self.embedder = embedder
        self.indexed = Indexed(api, Indexer(api.database, None, engine, embedder))
        self.lane = Triage(api.database, None, engine, embedder)

    async def fill(self) -> None:
        items = [
            pushed(
                kind="message",
                channel="email",
                occurred_at=soon(n % 100),
                body=f"{list(ABOUT.values())[n % 2]} {WHOSE[n % len(WHOSE)]}",
                contact=contact(f"customer-{n}"),
            )
            for n in range(MANY)
        ]
        done = (await self.api("POST", "/api/v1/interactions/batch", json=items)).json()["items"]
        for n, one in enumerate(done):
            asked = {"version": 1, "tags": [list(ABOUT)[n % 2]]}
            changed = await self.api("PATCH", f"/api/v1/tickets/{one['ticket']['id']}", json=asked)
            assert changed.status_code == 200, changed.text
        await self.caught_up()

    async def caught_up(self) -> None:
        await self.indexed.caught_up()
        while await self.indexed.indexer.embed(self.workspace, datetime.now(UTC)):
            pass

    async def learn(self) -> int:
        learned = await train(self.api.database, self.workspace, self.embedder, lambda *_: None)
        return await keep_learned(self.api.database, self.workspace, learned, "test")

    async def step(self) -> int:
        await settled(self.api)
        return await self.lane.step(self.workspace, datetime.now(UTC))

    async def said(self, ticket: dict[str, Any]) -> list[dict[str, Any]]:
        response = await self.api("GET", f"/api/v1/tickets/{ticket['id']}/predictions")
        assert response.status_code == 200, response.text
        return response.json()["items"]


@pytest.fixture
async def desk(api: Api, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    for name, value in (("LEAST_TICKETS", 20), ("LEAST_HELD", 4), ("HELD", 2)):
        monkeypatch.setattr(studying, name, value)
    embedder = trigrams()
    made = Desk(api, embedder)
    await made.fill()
    yield made
    await embedder.close()


async def test_it_is_learned_reported_put_in_force_and_said_once(desk: Desk) -> None:
    assert await desk.learn() == 1
    (shown,) = (await desk.api("GET", "/api/v1/triage")).json()["items"]
    assert (shown["version"], shown["active"], shown["report"]["tickets"]) == (1, False, MANY)
    topic, queue, priority = shown["report"]["aims"]
    assert topic["top1"] > 0.9
    assert topic["right"] is None or topic["right"] > 0.9
    assert {one["label"]: one["tickets"] for one in topic["by_label"]} == dict.fromkeys(ABOUT, MANY // 2)
    assert "fewer than two labels" in queue["why_not"]
    assert "fewer than two labels" in priority["why_not"]

    early = (await asks(desk.api, "early", body="where is my parcel, the delivery is late again"))["ticket"]
    assert await desk.step() == 0, "nothing is in force"
    await activate(desk.api.database, desk.workspace, 1)
    fresh = await asks(desk.api, "fresh", body="where is my parcel, the delivery is late for the lamp")
    strange = await asks(desk.api, "strange", body="quantum chromodynamics zzyzx vowels jury")
    await settled(desk.api)
    other = Triage(desk.api.database, None, PostgresEngine(desk.api.database), desk.embedder)
    now = datetime.now(UTC)
    done = await asyncio.gather(desk.lane.step(desk.workspace, now), other.step(desk.workspace, now))
    assert sorted(done) == [0, 2]
    assert await desk.step() == 2, "its own events"
    assert await desk.step() == 0

    assert await desk.said(early) == [], "it came before"
    (told,) = await desk.said(fresh["ticket"])
    (likely,) = told["likely"]
    assert (told["model"], told["embedder"], likely["aim"], likely["label"]) == (1, "trigrams-256.1", "topic", "late")
    assert [label for label, _ in likely["likeliest"]] == ["late", "refund"]
    assert len(likely["cases"]) == 3
    for case in likely["cases"]:
        assert (await desk.api("GET", f"/api/v1/tickets/{case}")).json()["tags"] == ["late"]
    (told,) = await desk.said(strange["ticket"])
    assert "label" not in told["likely"][0]
    assert told["likely"][0]["why"] == "unlike"
    assert (await desk.api("GET", f"/api/v1/tickets/{fresh['ticket']['id']}")).json()["tags"] == [], "nothing acts"

    erased = await desk.api("POST", f"/api/v1/customers/{fresh['customer_id']}/erase", json={"reason": "asked"})
    assert erased.status_code in (200, 201), erased.text
    async with desk.api.database.read(desk.workspace) as db:
        data = str(
            await db.fetchval("SELECT data::text FROM event WHERE type = 'TicketClassified' AND data ? 'erased'")
        )
    assert "late" not in data
    assert '"likely": []' in data


async def test_the_version_in_force_is_changed_and_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    database, workspace = desk.api.database, desk.workspace
    assert [await desk.learn(), await desk.learn()] == [1, 2]
    await activate(database, workspace, 1)
    await activate(database, workspace, 2)
    shown = (await desk.api("GET", "/api/v1/triage")).json()["items"]
    assert [(one["version"], one["active"]) for one in shown] == [(2, True), (1, False)]
    with pytest.raises(NoSuchModel):
        await activate(database, workspace, 3)
    words = trigrams(64)
    stranger = Triage(database, None, PostgresEngine(database), words)
    ticket = (await asks(desk.api, "fresh", body="where is my parcel, the delivery is late"))["ticket"]
    await settled(desk.api)
    assert await stranger.step(workspace, datetime.now(UTC)) == 0, "its vectors are of another model"
    await words.close()
    monkeypatch.setattr("app.triaging.BATCH", 1)
    assert await desk.step() == 1
    assert [one["model"] for one in await desk.said(ticket)] == [2]
    assert await stop(database, workspace) == 2
    assert await stop(database, workspace) is None
    assert await desk.step() == 0
