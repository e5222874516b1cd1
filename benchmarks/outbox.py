"""What the worker sends by mail: replies a second to a local server, and how much a domain that answers 4xx slows the
others."""

import asyncio
import json
import time
from typing import Any
from uuid import UUID

from benchmarks import bare
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.table import Line

REPLIES = 600
PATIENCE = 90.0
WELL, FAILING = "well.example", "failing.example"


class Server:
    """Takes every mail but those to the domain that fails, and notes when."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.wanted = 0
        self.whole = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"220 here\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    writer.write(b"354 go on\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    self.arrived.append(time.perf_counter())
                    if len(self.arrived) == self.wanted:
                        self.whole.set()
                refused = verb == b"RCPT" and FAILING.encode() in line
                writer.write(b"451 4.7.1 later\r\n" if refused else b"250 ok\r\n")
                if verb == b"QUIT":
                    break
        except (OSError, asyncio.CancelledError):  # the run is over
            pass
        finally:
            writer.close()


async def measure(house: House, _: Size) -> list[Line]:
    there = Server()
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0, limit=2**22)
    smtp = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "security": "none"}
    async with Client("127.0.0.1", house.port, house.key) as client:
        settings = {"address": "desk@bench.example", "smtp": smtp}
        made = await client.json(
            "POST", "/api/v1/channel-accounts", {"kind": "email", "name": "b", "settings": settings}
        )
        account = UUID(hex=made["id"].rpartition("_")[2])
        alone = await _round(house, client, there, account, "a", {WELL: REPLIES})
        beside = await _round(house, client, there, account, "b", {WELL: REPLIES, FAILING: REPLIES // 2})
        await client.json("DELETE", f"/api/v1/channel-accounts/{made['id']}")
    server.close()
    slower = alone / beside
    return [
        Line(
            what="replies sent a second by mail to a local server, one domain",
            floor="20",
            target="100",
            measured=f"{alone:,.0f}",
            met=(alone >= 20, alone >= 100),
        ),
        Line(
            what="a domain that answers 4xx slows another by",
            floor="2 x",
            target="1.1 x",
            measured=f"{slower:.2f} x ({beside:,.0f} a second)",
            met=(slower <= 2, slower <= 1.1),
        ),
    ]


async def _round(
    house: House, client: Client, there: Server, account: UUID, name: str, domains: dict[str, int]
) -> float:
    """Replies a second to the domain that is well, all let go at once."""
    await _hold(house, account, domains)
    total = 0
    for domain, count in domains.items():
        items = [_mail(f"{name}{at}@{domain}", f"{name}-{domain}-{at}") for at in range(count)]
        for start in range(0, count, 200):
            answers = await client.json("POST", "/api/v1/interactions/batch", items[start : start + 200])
            for one in answers["items"]:
                body = {"body": "Thank you, it is on its way. " * 20}
                await client.json("POST", f"/api/v1/tickets/{one['ticket']['id']}/replies", body)
        total += count
    await _until_made(house, account, total)
    there.arrived.clear()
    there.whole.clear()
    there.wanted = domains[WELL]
    await _let_go(house, account)
    await asyncio.wait_for(there.whole.wait(), PATIENCE)
    return (domains[WELL] - 1) / (there.arrived[-1] - there.arrived[0])


def _mail(address: str, name: str) -> dict[str, Any]:
    return {
        "source": "b",
        "source_id": name,
        "kind": "message",
        "channel": "email",
        "direction": "inbound",
        "occurred_at": "2026-06-02T10:00:00Z",
        "conversation": name,
        "subject": "Where is it?",
        "body": "I am waiting for my order.",
        "contact": {"key": address, "identifiers": [{"kind": "email", "value": address, "verified": True}]},
    }


async def _hold(house: House, account: UUID, domains: dict[str, int]) -> None:
    for domain in domains:
        await _say(
            house,
            "INSERT INTO outbound_lane (workspace_id, account_id, domain, failures, failing_since, paused_until, "
            "reason) VALUES ($1, $2, $3, 1, now(), now() + interval '1 hour', 'held')",
            account,
            domain,
        )


async def _let_go(house: House, account: UUID) -> None:
    await _say(house, "DELETE FROM outbound_lane WHERE workspace_id = $1 AND account_id = $2", account)


async def _say(house: House, statement: str, *values: Any) -> None:
    db = await bare.connect(house.dsn)
    await bare.begin(db, house.workspace)
    await db.execute(statement, house.workspace, *values)
    await db.execute("COMMIT")
    await db.close()


async def _until_made(house: House, account: UUID, wanted: int) -> None:
    db = await bare.connect(house.dsn)
    deadline = time.monotonic() + PATIENCE
    waiting = 0
    while waiting < wanted and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        await bare.begin(db, house.workspace)
        counted = await db.fetchval(
            "SELECT count(*) FROM outbound_mail WHERE workspace_id = $1 AND account_id = $2 AND state = 'waiting' "
            "AND tries = 0",
            house.workspace,
            account,
        )
        waiting = int(counted or 0)
        await db.execute("COMMIT")
    await db.close()
    if waiting < wanted:
        raise RuntimeError(json.dumps({"made": waiting, "of": wanted}))
