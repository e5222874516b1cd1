"""What tickets cost whoever pushes and reads: a push with a ticket decided beside the same without; a ticket with its
thread, and a list, beside the bare statements."""

import asyncio
import json
import random
import statistics
import time
from typing import Any
from uuid import UUID

import msgspec

from benchmarks import bare, house
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.reads import PER_TURN, Compared, get, in_turns, times_bare
from benchmarks.table import Line
from benchmarks.writes import BATCH, push, push_batch, unticketed

PUSHES = 1_000
OPEN = 10_000
LONG = 20
"""Items of a ticket that is read."""


async def measure_push(house: House, size: Size) -> list[Line]:
    """In turns on one desk, item by item: a mail that opens a ticket, one that continues one, one that seeks none."""
    taken: dict[str, list[float]] = {"opens": [], "continues": [], "none": []}
    rng = random.Random(4)
    async with Client("127.0.0.1", house.port, house.key) as client:
        opened = _mail(rng.randrange(size.customers), "ticket-first")
        await _timed(client, "opens", opened)
        for at in range(PUSHES):
            fresh = _mail(rng.randrange(size.customers), f"ticket-{at}")
            answer = {**opened, "source_id": f"ticket-{at}-answer"}
            turn = [("opens", fresh), ("continues", answer), ("none", unticketed({**fresh, "source_id": f"none-{at}"}))]
            for name, item in turn[at % 3 :] + turn[: at % 3]:
                taken[name].append(await _timed(client, name, item))
            opened = fresh
    p50 = {name: statistics.median(times) * 1e3 for name, times in taken.items()}
    opens, continues = p50["opens"] - p50["none"], p50["continues"] - p50["none"]
    return [
        Line(
            what="one push with tickets decided, p50 above the push without",
            floor="+ 1 ms",
            target="+ 0.4 ms",
            measured=f"+ {opens:.2f} ms opening one, + {continues:.2f} ms continuing one ({p50['none']:.2f} without)",
            met=(max(opens, continues) <= 1, max(opens, continues) <= 0.4),
        )
    ]


def _mail(person: int, name: str) -> dict[str, Any]:
    """About a matter of its own, long after whatever the desk holds: it continues nothing."""
    return {**push(person, name), "subject": f"Matter {name}", "occurred_at": "2026-07-01T10:00:00Z"}


async def _timed(client: Client, name: str, item: dict[str, Any]) -> float:
    """The seconds of one push, of which the answer says that it did what it is to measure."""
    body = json.dumps(item).encode()
    began = time.perf_counter()
    status, answer = await client.ask("POST", "/api/v1/interactions", body)
    seconds = time.perf_counter() - began
    if status != 201:
        raise RuntimeError(f"{status} {answer[:300]!r}")
    said = json.loads(answer)
    ticket = said.get("ticket")
    did = "none" if ticket is None else "opens" if ticket["id"] == said["event_id"] else "continues"
    if did != name:
        raise RuntimeError(f"{item['source_id']}: {did}, not {name}")
    return seconds


async def measure_reads(where: House, _: Size) -> list[Line]:
    """On a desk of its own with 10,000 open tickets, of which every tenth has twenty items."""
    workspace, key = house.workspace(where.home, "tickets")
    where = msgspec.structs.replace(where, workspace=workspace, key=key)
    db = await bare.connect(where.dsn)
    async with Client("127.0.0.1", where.port, where.key) as client:
        for start in range(0, OPEN, BATCH):
            await push_batch(client, [_first(person) for person in range(start, start + BATCH)])
        talks = [_next(person, at) for person in range(0, OPEN, OPEN // PER_TURN) for at in range(1, LONG)]
        for start in range(0, len(talks), BATCH):
            await push_batch(client, talks[start : start + BATCH])
        await asyncio.sleep(12)  # the worker looks at young tables
        long = await _long_ones(client)

        async def one_bare(ticket: UUID) -> None:
            row, items = await bare.ticket(db, workspace, ticket)
            if row is None or len(items) != LONG:
                raise RuntimeError(f"{ticket}: {len(items)} items")

        async def one(ticket: UUID) -> None:
            await get(client, f"/api/v1/tickets/{ticket}")

        async def some_bare(_: UUID) -> None:
            if len(await bare.open_tickets(db, workspace)) != 50:
                raise RuntimeError("no fifty tickets")

        async def some(_: UUID) -> None:
            await get(client, "/api/v1/tickets?limit=50")

        ticket = await in_turns(where, one_bare, one, long)
        listed = await in_turns(where, some_bare, some, long)
    await db.close()
    return [
        _read(f"ticket with its thread of {LONG} items as JSON, p50", ticket),
        _read(f"list of 50 of {OPEN:,} open tickets, p50", listed),
    ]


def _read(what: str, compared: Compared) -> Line:
    line = times_bare(what, compared.p50, 4, 3)
    return msgspec.structs.replace(line, measured=f"{line.measured}; CPU {compared.cpu[0] / compared.cpu[1]:.2f}x")


def _first(person: int) -> dict[str, Any]:
    return {**push(person, f"open-{person}"), "conversation": f"open-{person}", "subject": f"Matter {person}"}


def _next(person: int, at: int) -> dict[str, Any]:
    """Another turn of the conversation; the last is the customer's, so that the ticket stays open."""
    direction = "outbound" if at % 2 and at < LONG - 1 else "inbound"
    return {**_first(person), "source_id": f"open-{person}-{at}", "direction": direction}


async def _long_ones(client: Client) -> list[UUID]:
    """Those with a whole thread, seen over the API; and that as many are open as were to be."""
    found: list[UUID] = []
    opened, path = 0, "/api/v1/tickets?limit=100"
    while path:
        page = await client.json("GET", path)
        opened += len(page["items"])
        found += [UUID(one["id"]) for one in page["items"] if one["items"] == LONG]
        path = page["next"] and f"/api/v1/tickets?limit=100&cursor={page['next']}"
    if opened != OPEN:
        raise RuntimeError(f"{opened} open tickets")
    return found
