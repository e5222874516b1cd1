"""What a report costs: 100,000 tickets of a year in a workspace of their own, asked by queue and week over HTTP."""

import asyncio
import statistics
import time
from typing import Final

import asyncpg

from benchmarks import house
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.table import Line
from timeline.tickets.reporting import NUMBERS

TICKETS: Final = 100_000
TURNS: Final = 7
ASKED: Final = "group=queue,week&zone=Europe/Berlin&from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"
_TICKETS: Final = (
    "INSERT INTO ticket (workspace_id, id, contact_id, number, opened_position, position, status, is_open, priority, "
    "assignee, tags, channel, queue, opened_at, last_at, until_at, closes_at, history, fold) "
    "SELECT $1, id, gen_random_uuid(), n, n * 10, n * 10 + 5, CASE WHEN open THEN 'open' ELSE 'closed' END, open, "
    "'normal', md5('agent' || n % 20)::uuid, CASE WHEN n % 3 = 0 THEN ARRAY['refund'] ELSE '{}' END, "
    "(ARRAY['email', 'chat', 'voice'])[n % 3 + 1], 'queue-' || n % 6, at, at + interval '3 hours', "
    "CASE WHEN open THEN 'infinity' ELSE at + interval '3 hours' END, NULL, false, jsonb_strip_nulls("
    "jsonb_build_object('id', id, 'contact_id', id, 'opened_position', n * 10, 'position', n * 10 + 5, 'queue', "
    "'queue-' || n % 6, 'subject', 'Where is the parcel of order ' || n, 'matter', 'where is the parcel of order', "
    "'channels', ARRAY['email'], 'tags', ARRAY['refund'], 'opened_at', at, 'opened_now', at, 'last_at', at, "
    "'last_now', at, 'first_reply_at', at, 'ended_at', CASE WHEN NOT open THEN at END, 'clocks', jsonb_build_array("
    "jsonb_build_object('target', 'first_response', 'started_by', id, 'started_at', at, 'since', at, 'policy', 'all', "
    "'seconds', 3600, 'due_at', at + interval '1 hour', 'met_at', at + n % 90 * interval '1 minute', 'breached_at', "
    "CASE WHEN n % 90 > 60 THEN at + interval '1 hour' END)))) "
    "FROM (SELECT n, gen_random_uuid() AS id, n % 50 = 0 AS open, "
    "timestamptz '2025-01-01 00:00+00' + n * (interval '365 days' / $2) AS at FROM generate_series(1, $2) AS n) AS t"
)
_MOMENTS: Final = (
    "INSERT INTO ticket_moment (workspace_id, ticket_id, position, turn, round, at, since, agent) "
    "SELECT $1, t.id, t.opened_position + m.at, m.turn, m.round, t.opened_at + (m.at * (7 + t.number % 97)) * "
    "interval '1 minute', CASE WHEN m.turn <> 'reopened' THEN t.opened_at END, t.assignee FROM ticket t CROSS JOIN "
    "(VALUES (1, 'first_response', 0), (2, 'next_response', 0), (3, 'next_response', 0), (4, 'resolved', 0), "
    "(5, 'reopened', 1), (6, 'resolved', 1)) AS m(at, turn, round) WHERE t.workspace_id = $1 "
    "AND (NOT t.is_open OR m.at < 4) AND (m.round = 0 OR t.number % 10 = 1)"
)


async def measure(where: House, _: Size) -> list[Line]:
    workspace, key = house.workspace(where.home, "reports")
    db = await asyncpg.connect(where.dsn)
    async with db.transaction():
        await db.execute("SELECT set_config('tl.workspace', $1, true)", str(workspace))
        await db.execute(_TICKETS, workspace, TICKETS)
        await db.execute(_MOMENTS, workspace)
    await asyncio.sleep(2)  # until what was inserted is counted
    await db.execute("SELECT analyze_young_tables()")
    await db.close()
    p50: dict[str, float] = {}
    async with Client("127.0.0.1", where.port, key) as client:
        for number in NUMBERS:
            taken: list[float] = []
            for _turn in range(TURNS):
                began = time.perf_counter()
                told = await client.json("GET", f"/api/v1/reports/{number}?{ASKED}")
                taken.append(time.perf_counter() - began)
                if number == "opened" and sum(row["count"] for row in told["rows"]) < TICKETS - 1:
                    raise RuntimeError("not every ticket was counted")
            p50[number] = statistics.median(taken[1:]) * 1e3
    worst = max(p50.values())
    return [
        Line(
            what=f"a report over {TICKETS:,} tickets by queue and week, p50 of the slowest",
            floor="1 s",
            target="200 ms",
            measured=", ".join(f"{name} {ms:.0f} ms" for name, ms in p50.items()),
            met=(worst <= 1_000, worst <= 200),
        )
    ]
