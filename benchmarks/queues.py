"""What a queue costs whoever works through it: its tickets by due time, beside the bare statement."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from app.db import new_id
from benchmarks import bare, house
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.reads import PER_TURN, get, in_turns, times_bare
from benchmarks.table import Line
from benchmarks.writes import BATCH, push, push_batch

OPEN: Final = 10_000
QUEUE: Final = "orders"


async def measure(where: House, _: Size) -> list[Line]:
    async with furnished(where) as (desk, db), Client("127.0.0.1", desk.port, desk.key) as client:
        path = f"/api/v1/tickets?queue={QUEUE}&sort=sla_due_at&limit=50"
        shown = (await client.json("GET", path))["items"]
        expected = await queue_of(db, desk.workspace)
        if [one["number"] for one in shown] != [row["number"] for row in expected] or not shown[0]["sla_due_at"]:
            raise RuntimeError("the list is not that of the bare statement")

        async def plain(_: int) -> None:
            await queue_of(db, desk.workspace)

        async def ours(_: int) -> None:
            await get(client, path)

        listed = await in_turns(desk, plain, ours, list(range(PER_TURN)))
    line = times_bare(f"queue list by SLA due, 50 of {OPEN:,} open, p50", listed.p50, 4, 3)
    return [msgspec.structs.replace(line, measured=f"{line.measured}; CPU {listed.cpu[0] / listed.cpu[1]:.2f}x")]


@asynccontextmanager
async def furnished(where: House) -> AsyncIterator[tuple[House, asyncpg.Connection]]:
    """A desk of its own with 10,000 open tickets in two queues, each with three promises that run, and a connection for
    the bare statements."""
    workspace, key = house.workspace(where.home, f"queues-{new_id().hex[-8:]}")
    desk = msgspec.structs.replace(where, workspace=workspace, key=key)
    db = await bare.connect(desk.dsn)
    async with Client("127.0.0.1", desk.port, desk.key) as client:
        await _set_up(client)
        for start in range(0, OPEN, BATCH):
            await push_batch(client, [_asked(person) for person in range(start, start + BATCH)])
    await asyncio.sleep(12)  # the worker looks at young tables
    try:
        yield desk, db
    finally:
        await db.close()


async def _set_up(client: Client) -> None:
    """A queue by its channel, another for the rest, and promises to everybody."""
    for one in (QUEUE, "rest"):
        await client.json("POST", "/api/v1/queues", {"key": one, "name": one})
    promises: dict[str, Any] = {
        "first_response": {"seconds": 3_600},
        "next_response": {"seconds": 7_200},
        "resolution": {"seconds": 86_400},
    }
    sla = {"policies": [{"key": "all", "targets": promises}]}
    await client.json("PUT", "/api/v1/sla-policies", {"version": 0, "sla": sla})
    version = (await client.json("GET", "/api/v1/routing"))["version"]
    rules = [{"channel": "email", "queue": QUEUE}]
    await client.json("PUT", "/api/v1/routing", {"version": version, "rules": rules, "default": "rest"})


def _asked(person: int) -> dict[str, Any]:
    """Half of them by mail, each at a time of its own within the last hours."""
    at = datetime.now(UTC) - timedelta(seconds=person)
    channel = "email" if person % 2 else "chat"
    item = push(person, f"queued-{person}")
    return {**item, "channel": channel, "subject": f"Matter {person}", "occurred_at": at.isoformat()}


async def queue_of(db: asyncpg.Connection, workspace: Any) -> list[asyncpg.Record]:
    rows = await bare.queue_by_due(db, workspace, QUEUE)
    if len(rows) != 50:
        raise RuntimeError("no fifty tickets")
    return rows
