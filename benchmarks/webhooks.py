"""What the worker sends: deliveries a second to one receiver on this machine, signed, claimed and settled."""

import asyncio
import contextlib
import json
import time
from typing import Any

from benchmarks import bare
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.table import Line
from benchmarks.writes import push, unticketed

EVENTS = 5_000
PATIENCE = 60.0


class Sink(asyncio.Protocol):
    """Answers 204 to whatever has a body of the length that it says, and notes when."""

    arrived: list[float]
    whole: asyncio.Event

    def __init__(self) -> None:
        self.held = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            head = self.held[:end].lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self.held) < end + 4 + length:
                return
            self.held = self.held[end + 4 + length :]
            self.arrived.append(time.perf_counter())
            if len(self.arrived) == EVENTS:
                self.whole.set()
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def measure(house: House, size: Size) -> list[Line]:
    arrived: list[float] = []
    sink = type("Counting", (Sink,), {"arrived": arrived, "whole": asyncio.Event()})
    server = await asyncio.get_running_loop().create_server(sink, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with Client("127.0.0.1", house.port, house.key) as client:
        made = await client.json("POST", "/api/v1/webhooks", {"url": url, "events": ["interaction.*"]})
        await _pause(house, made["id"], "now() + interval '1 hour'")
        for start in range(0, EVENTS, 500):
            items = [unticketed(push(at % size.customers, f"hook-{at}")) for at in range(start, start + 500)]
            await client.json("POST", "/api/v1/interactions/batch", items)
        await _until_queued(house, made["id"])
        await _pause(house, made["id"], "NULL")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(sink.whole.wait(), PATIENCE)
        await client.json("DELETE", f"/api/v1/webhooks/{made['id']}")
    server.close()
    if len(arrived) < EVENTS:
        raise RuntimeError(f"{len(arrived)} of {EVENTS} deliveries arrived")
    rate = EVENTS / (arrived[EVENTS - 1] - arrived[0])
    return [
        Line(
            what="webhooks delivered a second to a local sink, one endpoint",
            floor="200",
            target="1,000",
            measured=f"{rate:,.0f} ({len(arrived):,} of {EVENTS:,})",
            met=(rate >= 200, rate >= 1_000),
        )
    ]


async def _pause(house: House, webhook: str, until: str) -> None:
    db = await bare.connect(house.dsn)
    await bare.begin(db, house.workspace)
    await db.execute(f"UPDATE webhook SET paused_until = {until} WHERE workspace_id = $1 AND id = $2",
                     house.workspace, webhook)  # fmt: skip
    await db.execute("COMMIT")
    await db.close()


async def _until_queued(house: House, webhook: str) -> None:
    db = await bare.connect(house.dsn)
    deadline = time.monotonic() + PATIENCE
    waiting = 0
    while waiting < EVENTS and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        await bare.begin(db, house.workspace)
        counted = await db.fetchval(
            "SELECT count(*) FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2",
            house.workspace,
            webhook,
        )
        waiting = int(counted or 0)
        await db.execute("COMMIT")
    await db.close()
    if waiting < EVENTS:
        raise RuntimeError(json.dumps({"queued": waiting, "of": EVENTS}))
