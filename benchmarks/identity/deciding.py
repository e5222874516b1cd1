"""What a decision costs beside fifty thousand contacts: pushes that bring somebody, in turns with pushes by contacts
that are known and say nothing new, on one desk; and how many contacts a second batches bring in."""

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from benchmarks import house
from benchmarks.client import Client
from benchmarks.identity import crowd
from benchmarks.identity.records import Record
from benchmarks.identity.replay import Way, push_batches, quantile, set_policy
from benchmarks.table import Line

CONTACTS: Final = 50_000
PUSHES: Final = 2_000
TENTHS: Final = 10
SETTLE_SECONDS: Final = 12
PUSH: Final = b'"route":"/api/v1/interactions"'


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of some pushes: as the client waited for them, and as the server wrote into its log."""

    waited: Sequence[float]
    logged: Sequence[float]

    @property
    def words(self) -> str:
        shown = (f"{quantile(some, 0.5):.1f} / {quantile(some, 0.99):.1f}" for some in (self.waited, self.logged))
        return "{} ms (server {})".format(*shown)


async def measure(where: house.House, contacts: int, pushes: int, way: Way) -> list[Line]:
    """Fill a workspace, let it settle, push on: new and returning people come as they come to a desk."""
    workspace, key = house.workspace(where.home, "decision")
    stream = crowd.records(contacts + pushes)
    there, coming = stream[:contacts], stream[contacts:]
    async with Client("127.0.0.1", where.port, key) as client:
        await set_policy(client, way)
        tenths = await _fill(client, there, way.batch)
        await asyncio.sleep(SETTLE_SECONDS)
        waited = await _in_turns(client, there, coming)
    logged = _logged(where.home / "up.log", workspace, len(waited))
    bringing, known = (Times(waited=waited[turn::2], logged=logged[turn::2]) for turn in (0, 1))
    return [_decision(contacts, bringing, known), _intake(contacts, tenths, way.batch)]


async def _fill(client: Client, records: Sequence[Record], batch: int) -> list[float]:
    """Seconds for each tenth of them."""
    tenth = -(-len(records) // TENTHS)
    taken: list[float] = []
    for start in range(0, len(records), tenth):
        pushed = await push_batches(client, records[start : start + tenth], batch)
        if pushed.refused:
            raise RuntimeError(f"{len(pushed.refused)} refused: {next(iter(pushed.refused.items()))}")
        taken.append(pushed.seconds)
    return taken


async def _in_turns(client: Client, there: Sequence[Record], coming: Sequence[Record]) -> list[float]:
    """Push what comes, and after each something by a contact that is there: what it said before, said again."""
    rng = random.Random(2)
    waited: list[float] = []
    for number, record in enumerate(coming):
        waited.append(await _push(client, record.item))
        waited.append(await _push(client, _again(rng.choice(there), record, number)))
    return waited


def _again(known: Record, after: Record, number: int) -> dict[str, Any]:
    at = datetime.fromisoformat(after.item["occurred_at"]) + timedelta(seconds=1)
    return {**known.item, "source_id": f"again-{number}", "occurred_at": at.isoformat()}


async def _push(client: Client, item: dict[str, Any]) -> float:
    body = msgspec.json.encode(item)
    began = time.perf_counter()
    status, raw = await client.ask("POST", "/api/v1/interactions", body)
    seconds = time.perf_counter() - began
    if status != 201:
        raise RuntimeError(f"{status} {raw[:300]!r}")
    return seconds


def _logged(log: Path, workspace: UUID, many: int) -> list[float]:
    """The server's own seconds of the single pushes into a workspace, in their order."""
    with log.open("rb") as file:
        pushes = [msgspec.json.decode(line) for line in file if PUSH in line]
    found = [push["ms"] / 1e3 for push in pushes if push["workspace"] == str(workspace)]
    if len(found) != many:
        raise RuntimeError(f"{len(found)} of {many} pushes are in the server's log")
    return found


def _decision(contacts: int, bringing: Times, known: Times) -> Line:
    p50, p99 = quantile(bringing.waited, 0.5), quantile(bringing.waited, 0.99)
    return Line(
        what=f"push of a new contact, of a new or a known person, beside {contacts:,}: p50 / p99",
        floor="10 / 40 ms",
        target="3 / 15 ms",
        measured=f"{bringing.words}; in turns, a known contact with nothing new: {known.words}",
        met=(p50 <= 10 and p99 <= 40, p50 <= 3 and p99 <= 15),
    )


def _intake(contacts: int, tenths: Sequence[float], batch: int) -> Line:
    rate, first, last = (contacts / sum(tenths), *(contacts / len(tenths) / tenths[at] for at in (0, -1)))
    return Line(
        what=f"batch intake with resolution, contacts a second, {contacts:,} in batches of {batch}",
        floor="300",
        target="1,000",
        measured=f"{rate:,.0f} (the first tenth {first:,.0f}, the last {last:,.0f})",
        met=(rate >= 300, rate >= 1_000),
    )
