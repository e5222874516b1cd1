"""`make bench`: build the stated desk in a house of its own, measure every promise, write the table."""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from benchmarks import (
    archives,
    console,
    desk,
    finding,
    folding,
    growth,
    hostile,
    house,
    mails,
    outbox,
    promises,
    queues,
    reads,
    reports,
    table,
    tickets,
    webhooks,
    writes,
)
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.table import Line

RESULTS = Path(__file__).parent / "results.md"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def fill(where: house.House, customers: int, total: int) -> float:
    """Push the stated desk in batches; interactions a second."""
    began, done = time.perf_counter(), 0
    async with Client("127.0.0.1", where.port, where.key) as client:
        batch: list[bytes] = []
        for item in desk.interactions(customers, total):
            batch.append(msgspec.json.encode(item))
            if len(batch) == 500:
                done += await _push(client, batch)
                if done % 20_000 == 0:
                    say(f"  {done:,} of {total:,}")
        done += await _push(client, batch)
    return done / (time.perf_counter() - began)


async def _push(client: Client, batch: list[bytes]) -> int:
    if not batch:
        return 0
    status, answer = await client.ask("POST", "/api/v1/interactions/batch", b"\n".join(batch), "application/x-ndjson")
    if status != 200 or b'"status":4' in answer:
        raise RuntimeError(f"{status} {answer[:400]!r}")
    pushed = len(batch)
    batch.clear()
    return pushed


async def cold_start(where: house.House, _: Size) -> list[Line]:
    """`throughline up` on a home that exists, until it says that it is ready. Ends the installation's own."""
    p50 = statistics.median(await asyncio.to_thread(_start_again, where, 5))
    return [
        Line(
            what="cold start of `throughline up` on an existing home",
            floor="5 s",
            target="2 s",
            measured=f"{p50:.2f} s (median of 5)",
            met=(p50 <= 5, p50 <= 2),
        )
    ]


def _start_again(where: house.House, times: int) -> list[float]:
    house.stop_up(where)
    taken: list[float] = []
    for _ in range(times):
        process, seconds = house.start(where.home, house.PORT + 1)
        house.stop(process)
        taken.append(seconds)
    return taken


async def memory(where: house.House, _: Size) -> list[Line]:
    server, worker = house.memory(where.server()), house.memory(where.worker())
    total = server + worker
    return [
        Line(
            what="memory of server and worker after the load",
            floor="400 MB",
            target="250 MB",
            measured=f"{total:.0f} MB (server {server:.0f}, worker {worker:.0f})",
            met=(total <= 400, total <= 250),
        )
    ]


PARTS: dict[str, Callable[[house.House, Size], Awaitable[list[Line]]]] = {
    "reads": reads.measure,
    "tickets": tickets.measure_reads,
    "queues": queues.measure,
    "console": console.measure,
    "derive": folding.measure_derive,
    "rebuild": folding.measure_rebuild,  # before events come that were inserted bare, of which no tickets were made
    "writes": writes.measure,
    "push": tickets.measure_push,
    "merge-tickets": folding.measure_merge,
    "unmerge": folding.measure_unmerge,
    "growth": growth.measure,
    "follow": growth.follow,
    "webhooks": webhooks.measure,
    "outbox": outbox.measure,
    "reports": reports.measure,
    "due": promises.measure_due,
    "settle-sla": promises.measure_settle,
    "alarms": promises.measure_alarms,
    "mail-in": mails.measure,
    "hostile": hostile.measure,
    "mbox": archives.measure,
    "search": finding.measure,
    "memory": memory,
    "cold": cold_start,
}


async def measure(where: house.House, size: Size, parts: list[str]) -> list[Line]:
    say(f"Pushing {size.interactions:,} interactions of {size.customers:,} customers …")
    rate = await fill(where, size.customers, size.interactions)
    say(f"  {rate:,.0f} a second, new contacts among them")
    await asyncio.sleep(12)
    lines: list[Line] = []
    for part in parts:
        say(f"Measuring {part} …")
        lines += await PARTS[part](where, size)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the desk")
    parser.add_argument("--no-write", action="store_true", help="print the table only")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part (again for more); prints it only")
    options = parser.parse_args()
    size = desk.QUICK if options.quick else desk.FULL
    with house.installation() as where:
        lines = asyncio.run(measure(where, size, [part for part in PARTS if part in (options.only or PARTS)]))
    what = f"a desk of {size.customers:,} customers and {size.interactions:,} interactions"
    print(table.render(lines, what))
    if not options.no_write and not options.only:
        table.write(lines, what, RESULTS)


main()
