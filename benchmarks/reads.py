"""What reading costs: a profile and a timeline page over HTTP against the bare statements, in turns on one desk."""

import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import psutil

from benchmarks import bare
from benchmarks.client import Client
from benchmarks.house import House, cpu
from benchmarks.table import Line

TURNS = 6


async def some_customers(db: asyncpg.Connection, workspace: UUID, most: int, seed: int = 3) -> list[UUID]:
    await bare.begin(db, workspace)
    rows = await db.fetch("SELECT id FROM customer WHERE workspace_id = $1", workspace)
    await db.execute("COMMIT")
    return random.Random(seed).sample([row["id"] for row in rows], min(most, len(rows)))


async def measure(house: House, per_turn: int) -> list[Line]:
    db = await bare.connect(house.dsn)
    customers = await some_customers(db, house.workspace, per_turn)
    lines: list[Line] = []
    async with Client("127.0.0.1", house.port, house.key) as client:

        async def profile_bare(customer: UUID) -> None:
            await bare.profile(db, house.workspace, customer)

        async def timeline_bare(customer: UUID) -> None:
            await bare.timeline(db, house.workspace, customer)

        async def profile(customer: UUID) -> None:
            await _get(client, f"/api/v1/customers/{customer}")

        async def timeline(customer: UUID) -> None:
            await _get(client, f"/api/v1/customers/{customer}/timeline")

        for what, plain, ours in (("profile", profile_bare, profile), ("timeline page", timeline_bare, timeline)):
            lines.extend(await _compare(house, what, plain, ours, customers))
    await db.close()
    return lines


async def _get(client: Client, path: str) -> None:
    status, body = await client.ask("GET", path)
    if status != 200:
        raise RuntimeError(f"{path}: {status} {body[:200]!r}")


async def _compare(
    house: House,
    what: str,
    plain: Callable[[UUID], Awaitable[None]],
    ours: Callable[[UUID], Awaitable[None]],
    customers: list[UUID],
) -> list[Line]:
    """In turns, so that a noisy machine is noisy for both. CPU: of PostgreSQL and of whoever asks it."""
    me = [psutil.Process(os.getpid())]
    used = {"plain": 0.0, "ours": 0.0}
    taken: dict[str, list[float]] = {"plain": [], "ours": []}
    for call in (plain, ours):
        for customer in customers[:100]:
            await call(customer)
    for _ in range(TURNS):
        for name, call, askers in (("plain", plain, me), ("ours", ours, house.server())):
            measured = [*askers, *house.postgres()]
            before = cpu(measured)
            for customer in customers:
                began = time.perf_counter()
                await call(customer)
                taken[name].append(time.perf_counter() - began)
            used[name] += cpu(measured) - before
    calls = TURNS * len(customers)
    p50 = {name: statistics.median(times) for name, times in taken.items()}
    ratio, slower = used["ours"] / used["plain"], p50["ours"] / p50["plain"]
    spent = f"{used['ours'] / calls * 1e3:.2f} ms against {used['plain'] / calls * 1e3:.2f} ms"
    waited = f"{p50['ours'] * 1e3:.2f} ms against {p50['plain'] * 1e3:.2f} ms"
    return [
        Line(
            what=f"{what} over HTTP, CPU",
            floor="2x",
            target="1.5x",
            measured=f"{ratio:.2f}x ({spent})",
            met=(ratio <= 2, ratio <= 1.5),
        ),
        Line(
            what=f"{what}, p50 at one client",
            floor="3x",
            target="2x",
            measured=f"{slower:.2f}x ({waited})",
            met=(slower <= 3, slower <= 2),
        ),
    ]
