"""What history costs: merging and opening a customer with 100,000 events against one with 100; following the ledger."""

import os
import statistics
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.db import Database, Db
from benchmarks import bare
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.table import Line
from benchmarks.writes import BODY, push
from identity.customers import WorkspaceId
from timeline.followers import Followed, advance

ROUNDS = 12
LONG_AGO = "2015-12-01T10:00:00Z"
"""Before any history that comes after it: what is late would go on with whatever was live then."""


async def measure(house: House, size: Size) -> list[Line]:
    async with Client("127.0.0.1", house.port, house.key) as client:
        db = await bare.connect(house.dsn)
        sides: dict[str, tuple[UUID, UUID]] = {}
        for name, events in (("few", 100), ("many", size.many)):
            sides[name] = (await a_person(client, f"g-{name}-kept", 1), await a_person(client, f"g-{name}", 10))
            await _grow(db, house.workspace, sides[name][1], events)
        merges, profiles = {"few": [], "many": []}, {"few": [], "many": []}
        for _ in range(ROUNDS):
            for name, (kept, other) in sides.items():
                began = time.perf_counter()
                await client.json("GET", f"/api/v1/customers/{other}")
                profiles[name].append(time.perf_counter() - began)
                began = time.perf_counter()
                done = await client.json("POST", f"/api/v1/customers/{kept}/merge", {"other": str(other)})
                merges[name].append(time.perf_counter() - began)
                await client.json("POST", f"/api/v1/customers/{kept}/unmerge", {"decision": done["decision_id"]})
        await db.close()
    return [
        _line("merge", merges, size.many),
        _line("profile", profiles, size.many),
    ]


async def a_person(client: Client, name: str, contacts: int) -> UUID:
    """A customer of the desk's own making, with some contacts (their keys end in a number) that one address holds
    together."""
    answer: dict[str, Any] = {}
    for at in range(contacts):
        key = f"{name}-{at}"
        identifiers = [
            {"kind": "email", "value": f"{name}@growth.example", "verified": True},
            {"kind": "external", "scope": "crm", "value": key, "verified": True},
        ]
        contact = {"key": key, "name": name, "identifiers": identifiers}
        answer = await client.json(
            "POST", "/api/v1/interactions", {**push(1, key), "occurred_at": LONG_AGO, "contact": contact}
        )
    return UUID(answer["customer_id"])


async def _grow(db: asyncpg.Connection, workspace: UUID, customer: UUID, events: int) -> None:
    contacts = await bare.contacts_of(db, workspace, customer)
    for start in range(0, events, 1000):
        chosen = [contacts[at % len(contacts)] for at in range(min(1000, events - start))]
        await bare.insert_many(db, workspace, chosen, BODY)


def _line(what: str, times: dict[str, list[float]], many: int) -> Line:
    few, lots = (statistics.median(times[name]) * 1e3 for name in ("few", "many"))
    ratio = lots / few
    return Line(
        what=f"{what}: customer with {many:,} events against one with 100",
        floor="1.5x",
        target="1.2x",
        measured=f"{ratio:.2f}x ({lots:.2f} ms against {few:.2f} ms)",
        met=(ratio <= 1.5, ratio <= 1.2),
    )


async def follow(house: House, _: Size) -> list[Line]:
    """Everything in the workspace, read by a new follower that counts."""
    database = Database(house.dsn)
    await database.open()
    seen = 0

    async def take(batch: list[Followed]) -> None:
        nonlocal seen
        seen += len(batch)

    name = f"bench-{os.getpid()}"
    began = time.perf_counter()
    while True:

        async def step(db: Db) -> int:
            return await advance(db, WorkspaceId(house.workspace), name, take, datetime.now(UTC))

        if not await database.write(house.workspace, step):
            break
    rate = seen / (time.perf_counter() - began)
    await database.close()
    return [
        Line(
            what="follower, events a second, one worker",
            floor="10,000",
            target="30,000",
            measured=f"{rate:,.0f} ({seen:,} events)",
            met=(rate >= 10000, rate >= 30000),
        )
    ]
