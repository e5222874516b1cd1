"""What tickets cost whoever pushes and reads: one push with a ticket decided beside the same without."""

import json
import random
import statistics
import time
from typing import Any

from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.table import Line
from benchmarks.writes import push, unticketed

PUSHES = 1_000


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
