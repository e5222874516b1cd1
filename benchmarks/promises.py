"""What promises cost: one due time, in this process and without a database."""

import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmarks.desk import Size
from benchmarks.house import House
from benchmarks.table import Line
from timeline.tickets.calendars import Calendar, Hours, compiled

OFFICE: Final = (("09:00", "12:30"), ("13:15", "17:00"))
TURNS: Final = 9
CALLS: Final = 2_000


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
