"""Business time by walking: every minute is asked what the clock on the wall says. Slow, and right by looking at it.

It shares nothing with `timeline.tickets.calendars`; random calendars are made here too."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHANGES = {
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-04-04", "2026-10-03"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "America/Sao_Paulo": ("2018-11-04", "2018-02-18"),
    "Asia/Beirut": ("2026-03-28", "2026-10-24"),
    "Africa/Cairo": ("2023-04-27", "2025-10-30"),
    "Pacific/Apia": ("2011-12-30", "2011-09-24"),
    "Africa/Casablanca": ("2026-02-15", "2026-03-22"),
    "America/St_Johns": ("2006-10-29", "2010-03-14"),
    "Antarctica/Troll": ("2026-03-29", "2026-10-25"),
    "Europe/Dublin": ("2026-03-29", "1971-10-31"),
    "Pacific/Chatham": ("2026-04-04", "2026-09-26"),
    "Asia/Tehran": ("2022-03-21", "2022-09-21"),
    "America/Caracas": ("2007-12-09", "2016-05-01"),
    "Asia/Pyongyang": ("2015-08-14", "2018-05-04"),
    "America/Havana": ("2026-03-08", "2026-11-01"),
    "Pacific/Kwajalein": ("1993-08-21", "2026-12-31"),
    "Asia/Kathmandu": ("1985-12-31", "2024-02-29"),
    "UTC": ("2016-12-31", "2024-02-29"),
}
"""Zones, and days of UTC on or about which each changes its clocks (or a leap second or day makes one look)."""
MINUTE = timedelta(minutes=1)


def random_case(dice: random.Random) -> tuple[dict[str, Any], datetime, int]:
    """A calendar, a start near a change of some clocks, and a number of seconds."""
    zone = dice.choice(tuple(CHANGES))
    change = datetime.fromisoformat(dice.choice(CHANGES[zone])).replace(tzinfo=UTC)
    start = change + timedelta(seconds=dice.randrange(-2 * 86_400, 2 * 86_400))
    hours = {day: _hours(dice) for day in DAYS if dice.random() < 0.75} or {"wed": [["09:00", "10:30"]]}
    if not any(hours.values()):
        hours["sun"] = [["01:30", "02:30"]]
    dates = dice.sample([str(start.date() + timedelta(days=n)) for n in range(-1, 8)], dice.randrange(4))
    holidays = [day if dice.random() < 0.6 else {"date": day, "hours": _hours(dice)} for day in dates]
    span = dice.choice((0, 1, 59, 60, 1_800, 3_600, 8 * 3_600, 86_400, dice.randrange(40_000), dice.randrange(90_000)))
    return {"zone": zone, "hours": hours, "holidays": holidays}, start, span


def _hours(dice: random.Random) -> list[list[str]]:
    """Up to three intervals of a day, often about the hours in which clocks change."""
    if dice.random() < 0.2:
        return [["00:00", "24:00"]]
    grid = sorted(dice.sample((*range(0, 300, 15), *range(300, 1_441, 30)), 2 * dice.randrange(1, 4)))
    return [
        [f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}"] for a, b in zip(grid[::2], grid[1::2], strict=True)
    ]


def due(calendar: dict[str, Any], start: datetime, seconds: int) -> datetime:
    """Walk on until so many seconds were open."""
    if seconds == 0:
        return start
    left = timedelta(seconds=seconds)
    for begin, end, is_open in _walk(calendar, start):
        if is_open:
            if left <= end - begin:
                return begin + left
            left -= end - begin
    raise AssertionError


def elapsed(calendar: dict[str, Any], start: datetime, end: datetime) -> timedelta:
    passed = timedelta()
    for begin, until, is_open in _walk(calendar, start):
        if begin >= end:
            break
        if is_open:
            passed += min(until, end) - begin
    return passed


def _walk(calendar: dict[str, Any], start: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
    """Minute by minute of UTC, the first one from `start`."""
    clock = ZoneInfo(calendar["zone"])
    open_on = {day: _minutes(hours) for day, hours in calendar["hours"].items()}
    special: dict[date, set[int]] = {}
    for one in calendar["holidays"]:
        day, hours = (one, []) if isinstance(one, str) else (one["date"], one["hours"])
        special[date.fromisoformat(day)] = _minutes(hours)
    at = start
    while True:
        end = at.replace(second=0, microsecond=0) + MINUTE
        wall = at.astimezone(clock)
        day = special.get(wall.date())
        minutes = open_on.get(DAYS[wall.weekday()], set[int]()) if day is None else day
        yield at, end, wall.hour * 60 + wall.minute in minutes
        at = end


def _minutes(hours: list[list[str]]) -> set[int]:
    def minute(text: str) -> int:
        return int(text[:2]) * 60 + int(text[3:])

    return {at for opens, closes in hours for at in range(minute(opens), minute(closes))}
