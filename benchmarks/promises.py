"""What promises cost: one due time, in this process and without a database; a push under ten policies; and how late
the worker tells of many that are broken at once."""

import asyncio
import json
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from benchmarks import bare
from benchmarks.client import Client
from benchmarks.desk import Size
from benchmarks.house import House, workspace
from benchmarks.table import Line
from benchmarks.writes import BATCH, push, push_batch
from timeline.tickets.calendars import Calendar, Hours, compiled

OFFICE: Final = (("09:00", "12:30"), ("13:15", "17:00"))
TURNS: Final = 9
CALLS: Final = 2_000
PUSHES: Final = 400
WARM_UP: Final = 50
CLOCKS: Final = 10_000
CALENDARS: Final = {
    "office": {
        "zone": "Europe/Berlin",
        "hours": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), OFFICE),
        "holidays": [f"{year}-{month:02}-06" for year in range(2020, 2030) for month in range(1, 13)],
    }
}
PROMISES: Final = {
    "first_response": {"seconds": 3_600, "calendar": "office", "warn": 600},
    "next_response": {"seconds": 7_200, "calendar": "office"},
    "resolution": {"seconds": 86_400, "calendar": "office", "pauses": ["pending", "on_hold"], "warn": 3_600},
}
POLICIES: Final = [
    *({"key": f"tag-{at}", "when": {"tag": [f"t{at}"], "queue": ["q"]}, "targets": PROMISES} for at in range(9)),
    {"key": "all", "targets": PROMISES},
]
LATENESS: Final = (
    "SELECT extract(epoch FROM recorded_at - (data->>'due')::timestamptz)::float8 AS late FROM event "
    "WHERE workspace_id = $1 AND type = 'SlaBreached'"
)


async def measure_due(_: House, __: Size) -> list[Line]:
    """A week of two intervals a day in Berlin, 24 holidays a year for ten years; starts all over them, eight hours on.
    Asked first once in each year, as a process does that runs."""
    holidays = tuple(
        f"{year}-{month:02}-{day:02}" for year in range(2020, 2030) for month in range(1, 13) for day in (2, 16)
    )
    hours = compiled(
        Calendar(
            zone="Europe/Berlin",
            hours=Hours(mon=OFFICE, tue=OFFICE, wed=OFFICE, thu=OFFICE, fri=OFFICE),
            holidays=holidays,
        )
    )
    starts = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=157_003 * n) for n in range(CALLS)]
    taken: list[float] = []
    for _turn in range(TURNS):
        began = time.perf_counter()
        for start in starts:
            hours.due(start, 28_800)
        taken.append((time.perf_counter() - began) / CALLS * 1e6)
    p50 = statistics.median(taken[1:])
    return [
        Line(
            what="one due time, pure code, a calendar with ten years of holidays",
            floor="100 us",
            target="20 us",
            measured=f"{p50:.1f} us (the first ten years compiled: {taken[0] * CALLS / 1e3:.0f} ms for {CALLS:,})",
            met=(p50 <= 100, p50 <= 20),
        )
    ]


async def measure_settle(house: House, size: Size) -> list[Line]:
    """The same pushes in two workspaces of one house, in turns: one promises by ten policies, of which the last is for
    everybody; the other promises nothing. Half of them open a ticket, half continue one."""
    plain, promising = [_other_desk(house, slug) for slug in ("unpromised", "promised")]
    taken: dict[str, list[float]] = {plain.key: [], promising.key: []}
    async with Client("127.0.0.1", plain.port, plain.key) as one, Client("127.0.0.1", plain.port, promising.key) as two:
        await _promise(two, POLICIES)
        for at in range(PUSHES + WARM_UP):
            for client, key in ((one, plain.key), (two, promising.key))[:: 1 if at % 2 else -1]:
                for name in (f"sla-{at}", f"sla-{at}-more"):
                    item = {**push(at % size.customers, f"sla-{at}"), "source_id": name, "conversation": f"c{at}"}
                    began = time.perf_counter()
                    await _pushed(client, {**item, "subject": f"Matter {at}"})
                    if at >= WARM_UP:
                        taken[key].append(time.perf_counter() - began)
    without, with_them = (statistics.median(times) * 1e3 for times in taken.values())
    added = with_them - without
    return [
        Line(
            what="settle after one push with 10 SLA policies, p50 above the push without",
            floor="+ 1 ms",
            target="+ 0.4 ms",
            measured=f"+ {added:.2f} ms ({without:.2f} without)",
            met=(added <= 1, added <= 0.4),
        )
    ]


async def measure_alarms(house: House, _: Size) -> list[Line]:
    """A minute of 500 messages every three seconds, each promised an answer within 75 seconds that nobody gives: so
    10,000 promises are broken within a minute. How late each was told, by the database's clock."""
    where = _other_desk(house, "alarms")
    async with Client("127.0.0.1", where.port, where.key) as client:
        await _promise(client, [{"key": "soon", "targets": {"first_response": {"seconds": 75}}}])
        began = time.perf_counter()
        for start in range(0, CLOCKS, BATCH):
            await push_batch(client, [push(person, f"alarm-{person}") for person in range(start, start + BATCH)])
            await asyncio.sleep(max(0.0, began + (start / BATCH + 1) * 60 * BATCH / CLOCKS - time.perf_counter()))
    db = await bare.connect(where.dsn)
    late: list[float] = []
    for _wait in range(120):
        await bare.begin(db, where.workspace)
        late = [row["late"] for row in await db.fetch(LATENESS, where.workspace)]
        await db.execute("COMMIT")
        if len(late) == CLOCKS:
            break
        await asyncio.sleep(1)
    await db.close()
    if len(late) != CLOCKS or min(late) < 0:
        raise RuntimeError(f"{len(late)} told, {min(late, default=0)} s")
    p99 = sorted(late)[CLOCKS * 99 // 100]
    return [
        Line(
            what="10,000 clocks due in one minute: p99 lateness",
            floor="5 s",
            target="1 s",
            measured=f"{p99:.2f} s (p50 {statistics.median(late):.2f}, the latest {max(late):.2f}; none early)",
            met=(p99 <= 5, p99 <= 1),
        )
    ]


async def _promise(client: Client, policies: list[dict[str, Any]]) -> None:
    for path, body in (("calendars", {"calendars": CALENDARS}), ("sla-policies", {"sla": {"policies": policies}})):
        there = await client.json("GET", f"/api/v1/{path}")
        said = json.dumps({**body, "version": there["version"]}).encode()
        status, answer = await client.ask("PUT", f"/api/v1/{path}", said)
        if status != 200:
            raise RuntimeError(f"{status} {answer[:300]!r}")


async def _pushed(client: Client, item: dict[str, Any]) -> None:
    status, answer = await client.ask("POST", "/api/v1/interactions", json.dumps(item).encode())
    if status != 201 or b'"ticket":null' in answer:
        raise RuntimeError(f"{status} {answer[:300]!r}")


def _other_desk(house: House, slug: str) -> House:
    where, key = workspace(house.home, slug)
    return msgspec.structs.replace(house, workspace=where, key=key)
