"""What writing costs: a push, many pushes at once, batches; against the bare insert in turns on one desk.

Messages open and continue tickets; `unticketed` makes the same item seek none."""

import asyncio
import json
import random
import statistics
import time
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks import bare
from benchmarks.client import Client
from benchmarks.desk import WORDS, Size
from benchmarks.house import House
from benchmarks.table import Line

TURNS = 4
PER_TURN = 300
CLIENTS = 16
BATCH = 500
BODY = b'{"v": 1, "body": "%s", "contact": {"key": "email-1"}}' % (b"parcel late refund wrong size please " * 4)


def push(person: int, name: str) -> dict[str, Any]:
    """A mail of somebody whom the desk knows, with the address proved: identity is decided."""
    return {
        "source": "email",
        "source_id": name,
        "kind": "message",
        "channel": "email",
        "direction": "inbound",
        "occurred_at": "2026-06-02T10:00:00Z",
        "conversation": f"c-{name}",
        "body": " ".join(random.Random(name).choices(WORDS, k=20)),
        "contact": {
            "key": f"email-{person}",
            "name": f"Person {person}",
            "identifiers": [{"kind": "email", "value": f"person{person}@mail{person % 97}.example", "verified": True}],
        },
    }


def unticketed(item: dict[str, Any]) -> dict[str, Any]:
    """The same item of a kind that opens nothing, without a conversation: it seeks no ticket."""
    return {**{name: value for name, value in item.items() if name != "conversation"}, "kind": "visit"}


async def measure(house: House, size: Size) -> list[Line]:
    db = await bare.connect(house.dsn)
    contacts = await _contacts(db, house.workspace)
    lines = [await _one(house, db, contacts, size.customers, PER_TURN)]
    lines.append(await _many(house, size.customers, PER_TURN * 8))
    lines += await _batches(house, db, contacts, size.customers, PER_TURN * 20)
    await db.close()
    return lines


async def _contacts(db: asyncpg.Connection, workspace: UUID) -> list[UUID]:
    await bare.begin(db, workspace)
    rows = await db.fetch("SELECT id FROM contact WHERE workspace_id = $1 LIMIT 5000", workspace)
    await db.execute("COMMIT")
    return [row["id"] for row in rows]


async def _one(house: House, db: asyncpg.Connection, contacts: list[UUID], customers: int, per_turn: int) -> Line:
    taken: dict[str, list[float]] = {"bare": [], "ours": []}
    rng = random.Random(1)
    async with Client("127.0.0.1", house.port, house.key) as client:
        for turn in range(TURNS):
            for _ in range(per_turn):
                began = time.perf_counter()
                await bare.insert(db, house.workspace, rng.choice(contacts), BODY)
                taken["bare"].append(time.perf_counter() - began)
            for at in range(per_turn):
                body = json.dumps(push(rng.randrange(customers), f"one-{turn}-{at}")).encode()
                began = time.perf_counter()
                status, answer = await client.ask("POST", "/api/v1/interactions", body)
                taken["ours"].append(time.perf_counter() - began)
                if status != 201:
                    raise RuntimeError(f"{status} {answer[:300]!r}")
    p50 = {name: statistics.median(times) * 1e3 for name, times in taken.items()}
    more = p50["ours"] - p50["bare"]
    return Line(
        what="one push, p50 above the bare insert and commit",
        floor="+ 3 ms",
        target="+ 1.5 ms",
        measured=f"+ {more:.2f} ms ({p50['ours']:.2f} against {p50['bare']:.2f})",
        met=(more <= 3, more <= 1.5),
    )


async def _many(house: House, customers: int, total: int) -> Line:
    rng = random.Random(2)
    bodies = [json.dumps(push(rng.randrange(customers), f"many-{at}")).encode() for at in range(total)]
    todo = iter(bodies)

    async def work() -> None:
        async with Client("127.0.0.1", house.port, house.key) as client:
            for body in todo:
                status, answer = await client.ask("POST", "/api/v1/interactions", body)
                if status != 201:
                    raise RuntimeError(f"{status} {answer[:300]!r}")

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(work())
    rate = total / (time.perf_counter() - began)
    return Line(
        what=f"pushes a second, {CLIENTS} clients, one workspace",
        floor="500",
        target="1,200",
        measured=f"{rate:,.0f}",
        met=(rate >= 500, rate >= 1200),
    )


async def _batches(
    house: House, db: asyncpg.Connection, contacts: list[UUID], customers: int, total: int
) -> list[Line]:
    rng = random.Random(3)
    used = {"bare": 0.0, "unticketed": 0.0, "ticketed": 0.0}
    async with Client("127.0.0.1", house.port, house.key) as client:
        for start in range(0, total, BATCH):
            chosen = [rng.choice(contacts) for _ in range(BATCH)]
            began = time.perf_counter()
            for at in range(0, BATCH, 100):
                await bare.insert_many(db, house.workspace, chosen[at : at + 100], BODY)
            used["bare"] += time.perf_counter() - began
            batch = [push(rng.randrange(customers), f"batch-{start}-{at}") for at in range(BATCH)]
            used["ticketed"] += await push_batch(client, batch)
            used["unticketed"] += await push_batch(
                client, [unticketed({**item, "source_id": f"{item['source_id']}-v"}) for item in batch]
            )
    plain, without, rate = (total / used[name] for name in ("bare", "unticketed", "ticketed"))
    return [
        Line(
            what="batch intake a second, known contacts, items that seek no ticket",
            floor="4,000",
            target="10,000, within 3x of bare multi-row inserts",
            measured=f"{without:,.0f} ({plain / without:.1f}x of {plain:,.0f})",
            met=(without >= 4000, without >= 10000 and plain / without <= 3),
        ),
        Line(
            what="batch intake a second, identity and tickets decided",
            floor="3,000",
            target="8,000",
            measured=f"{rate:,.0f} ({plain / rate:.1f}x of {plain:,.0f})",
            met=(rate >= 3000, rate >= 8000),
        ),
    ]


async def push_batch(client: Client, items: list[dict[str, Any]]) -> float:
    """The seconds that it took."""
    body = json.dumps(items).encode()
    began = time.perf_counter()
    status, answer = await client.ask("POST", "/api/v1/interactions/batch", body)
    seconds = time.perf_counter() - began
    if status != 200 or b'"status":4' in answer:
        raise RuntimeError(f"{status} {answer[:300]!r}")
    return seconds
