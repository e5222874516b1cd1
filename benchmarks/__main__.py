"""`make bench`: build the stated desk in a house of its own, measure every promise, write the table."""

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path

import msgspec

from benchmarks import desk, growth, house, reads, table, writes
from benchmarks.client import Client
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


def cold_start(where: house.House) -> Line:
    """`throughline up` on a home that exists, until it says that it is ready."""
    home, times = where.home, []
    for _ in range(5):
        process, seconds = house.start(home, house.PORT + 1)
        house.stop(process)
        times.append(seconds)
    p50 = statistics.median(times)
    return Line(
        what="cold start of `throughline up` on an existing home",
        floor="5 s",
        target="2 s",
        measured=f"{p50:.2f} s (median of 5)",
        met=(p50 <= 5, p50 <= 2),
    )


def memory(where: house.House) -> Line:
    server, worker = house.memory(where.server()), house.memory(where.worker())
    total = server + worker
    return Line(
        what="memory of server and worker after the load",
        floor="400 MB",
        target="250 MB",
        measured=f"{total:.0f} MB (server {server:.0f}, worker {worker:.0f})",
        met=(total <= 400, total <= 250),
    )


async def measure(where: house.House, customers: int, total: int, many: int) -> list[Line]:
    say(f"Pushing {total:,} interactions of {customers:,} customers …")
    rate = await fill(where, customers, total)
    say(f"  {rate:,.0f} a second, new contacts among them")
    await asyncio.sleep(12)
    lines: list[Line] = []
    say("Reading …")
    lines += await reads.measure(where, 300)
    say("Writing …")
    lines += await writes.measure(where, customers, 300)
    say("Growing …")
    lines += await growth.measure(where, many)
    lines.append(await growth.follow(where))
    lines.append(memory(where))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the desk")
    parser.add_argument("--no-write", action="store_true", help="print the table only")
    options = parser.parse_args()
    customers, total, many = (2_000, 40_000, 100_000) if options.quick else (20_000, 400_000, 100_000)
    with house.installation() as where:
        lines = asyncio.run(measure(where, customers, total, many))
        house.stop_up(where)
        lines.insert(len(lines) - 1, cold_start(where))
    what = f"a desk of {customers:,} customers and {total:,} interactions"
    print(table.render(lines, what))
    if not options.no_write:
        table.write(lines, what, RESULTS)


main()
