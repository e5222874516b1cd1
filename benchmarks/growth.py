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
from benchmarks.house import House
from benchmarks.table import Line
from benchmarks.writes import BODY, push
from identity.customers import WorkspaceId
from timeline.followers import Followed, advance

ROUNDS = 12


async def measure(house: House, many: int) -> list[Line]:
    async with Client("127.0.0.1", house.port, house.key) as client:
        db = await bare.connect(house.dsn)
        sides = {name: await _pair(client, db, house.workspace, name, n) for name, n in (("few", 100), ("many", many))}
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
        _line("merge", merges, many),
        _line("profile", profiles, many),
    ]


async def _pair(client: Client, db: asyncpg.Connection, workspace: UUID, name: str, events: int) -> tuple[str, str]:
    """A small customer and one with many events in ten contacts; both as a merge would meet them."""
    kept = await client.json("POST", "/api/v1/interactions", _own(push(1, f"g-{name}-kept"), f"g-{name}-kept"))
    other = None
    for at in range(10):
        item = _own(push(1, f"g-{name}-{at}"), f"g-{name}-{at}")
        item["contact"]["identifiers"] = [
            {"kind": "email", "value": f"{name}@growth.example", "verified": True},
            {"kind": "external", "scope": "crm", "value": f"{name}-{at}", "verified": True},
        ]
        other = await client.json("POST", "/api/v1/interactions", item)
    assert other is not None
    await bare.begin(db, workspace)
    rows = await db.fetch(
        "SELECT id FROM contact WHERE workspace_id = $1 AND customer_id = $2", workspace, UUID(other["customer_id"])
    )
    await db.execute("COMMIT")
    contacts = [row["id"] for row in rows]
    for start in range(0, events, 1000):
        chosen = [contacts[at % len(contacts)] for at in range(min(1000, events - start))]
        await bare.insert_many(db, workspace, chosen, BODY)
    return kept["customer_id"], other["customer_id"]


def _own(item: dict[str, Any], name: str) -> dict[str, Any]:
    contact = {
        "key": name,
        "name": name,
        "identifiers": [{"kind": "external", "scope": "g", "value": name, "verified": True}],
    }
    return {**item, "contact": contact}


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


async def follow(house: House) -> Line:
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
    return Line(
        what="follower, events a second, one worker",
        floor="10,000",
        target="30,000",
        measured=f"{rate:,.0f} ({seen:,} events)",
        met=(rate >= 10000, rate >= 30000),
    )
