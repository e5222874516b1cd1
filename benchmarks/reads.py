"""What reading costs: a profile and a timeline page over HTTP against the bare statements, in turns on one desk."""

import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec
import psutil

from benchmarks import bare
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House, cpu
from benchmarks.table import Line

TURNS = 6
PER_TURN = 300
T = TypeVar("T")


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of one call, ours and the bare statements': CPU, and the median wait."""

    cpu: tuple[float, float]
    p50: tuple[float, float]


async def some_customers(db: asyncpg.Connection, workspace: UUID, most: int, seed: int = 3) -> list[UUID]:
    await bare.begin(db, workspace)
    rows = await db.fetch("SELECT id FROM customer WHERE workspace_id = $1", workspace)
    await db.execute("COMMIT")
    return random.Random(seed).sample([row["id"] for row in rows], min(most, len(rows)))


async def measure(house: House, _: Size) -> list[Line]:
    db = await bare.connect(house.dsn)
    customers = await some_customers(db, house.workspace, PER_TURN)
    lines: list[Line] = []
    async with Client("127.0.0.1", house.port, house.key) as client:

        async def profile_bare(customer: UUID) -> None:
            await bare.profile(db, house.workspace, customer)

        async def timeline_bare(customer: UUID) -> None:
            await bare.timeline(db, house.workspace, customer)

        async def profile(customer: UUID) -> None:
            await get(client, f"/api/v1/customers/{customer}")

        async def timeline(customer: UUID) -> None:
            await get(client, f"/api/v1/customers/{customer}/timeline")

        for what, plain, ours in (("profile", profile_bare, profile), ("timeline page", timeline_bare, timeline)):
            lines.extend(_lines(what, await in_turns(house, plain, ours, customers)))
    await db.close()
    return lines


async def get(client: Client, path: str) -> None:
    status, body = await client.ask("GET", path)
    if status != 200:
        raise RuntimeError(f"{path}: {status} {body[:200]!r}")


async def in_turns(
    house: House,
    plain: Callable[[T], Awaitable[None]],
    ours: Callable[[T], Awaitable[None]],
    things: list[T],
) -> Compared:
    """In turns, so that a noisy machine is noisy for both. CPU: of PostgreSQL and of whoever asks it."""
    me = [psutil.Process(os.getpid())]
    used = {"plain": 0.0, "ours": 0.0}
    taken: dict[str, list[float]] = {"plain": [], "ours": []}
    for call in (plain, ours):
        for thing in things[:100]:
            await call(thing)
    for _ in range(TURNS):
        for name, call, askers in (("plain", plain, me), ("ours", ours, house.server())):
            measured = [*askers, *house.postgres()]
            before = cpu(measured)
            for thing in things:
                began = time.perf_counter()
                await call(thing)
                taken[name].append(time.perf_counter() - began)
            used[name] += cpu(measured) - before
    calls = TURNS * len(things) / 1e3
    p50 = {name: statistics.median(times) * 1e3 for name, times in taken.items()}
    return Compared(cpu=(used["ours"] / calls, used["plain"] / calls), p50=(p50["ours"], p50["plain"]))


def _lines(what: str, compared: Compared) -> list[Line]:
    return [
        times_bare(f"{what} over HTTP, CPU", compared.cpu, 2, 1.5),
        times_bare(f"{what}, p50 at one client", compared.p50, 3, 2),
    ]


def times_bare(what: str, compared: tuple[float, float], floor: float, target: float) -> Line:
    """What a call costs as a multiple of the bare statements."""
    ours, plain = compared
    ratio = ours / plain
    return Line(
        what=what,
        floor=f"{floor:g}x",
        target=f"{target:g}x",
        measured=f"{ratio:.2f}x ({ours:.2f} ms against {plain:.2f} ms)",
        met=(ratio <= floor, ratio <= target),
    )
