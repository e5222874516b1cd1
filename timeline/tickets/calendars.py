"""When a desk is open: a business calendar, and how long after a moment so many open seconds have passed.

An instant is open when its wall time in the calendar's zone lies in an interval of its local day. So a time that a
change of clocks skips is open for nobody, and one that it doubles is open twice. All arithmetic is in UTC.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from timeline.interactions import InvalidField

NEVER_DUE: Final = "nothing can ever be due: expected at least one interval on a day of the week"
LAST_YEAR: Final = 2200
MOST_INTERVALS: Final = 24
MOST_HOLIDAYS: Final = 5_000

Interval = tuple[str, str]

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MIDNIGHT: Final = date(1970, 1, 1).toordinal()
_SECOND: Final = 1_000_000
_DAY: Final = 86_400
_MICROSECOND: Final = timedelta(microseconds=1)


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The open intervals of each day of the week, as local times from "00:00" to "24:00"."""

    mon: tuple[Interval, ...] = ()
    tue: tuple[Interval, ...] = ()
    wed: tuple[Interval, ...] = ()
    thu: tuple[Interval, ...] = ()
    fri: tuple[Interval, ...] = ()
    sat: tuple[Interval, ...] = ()
    sun: tuple[Interval, ...] = ()


class Holiday(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A date with hours of its own in place of its weekday's; none: closed."""

    date: str
    hours: tuple[Interval, ...] = ()


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One calendar as it is written and kept. A holiday that is only a date is closed."""

    zone: str
    hours: Hours
    holidays: tuple[str | Holiday, ...] = ()


class OpenHours:
    """A calendar compiled, for asking; equal where the calendars are."""

    def __init__(self, calendar: Calendar, week: tuple["_Seconds", ...], special: dict[int, "_Seconds"]) -> None:
        self.calendar = calendar
        self._week = week
        self._special = special
        self._years: dict[int, _Year] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpenHours) and self.calendar == other.calendar

    def __hash__(self) -> int:
        return hash(self.calendar)

    def due(self, start: datetime, seconds: int) -> datetime | None:
        """The earliest instant by which so many open seconds have passed since `start`; None: not before 2201."""
        return self.add(start, timedelta(seconds=seconds))

    def add(self, start: datetime, span: timedelta) -> datetime | None:
        """`due` to the microsecond. Nothing has passed at `start` itself, open or not."""
        if span <= timedelta():
            return start
        start = start.astimezone(UTC)
        number = start.year
        year = self._year(number)
        wanted = year.passed(_instant(start)) + span // _MICROSECOND
        while wanted > year.total:
            wanted -= year.total
            number += 1
            if number > LAST_YEAR:
                return None
            year = self._year(number)
        return _EPOCH + timedelta(microseconds=year.at(wanted))

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The open time between two instants; none where the second is not the later."""
        if end <= start:
            return timedelta()
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        passed = self._year(end.year).passed(_instant(end)) - self._year(start.year).passed(_instant(start))
        passed += sum(self._year(number).total for number in range(start.year, end.year))
        return timedelta(microseconds=passed)

    def _year(self, number: int) -> "_Year":
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = _Year(self._open_in(number))
        return year

    def _open_in(self, number: int) -> Iterator[tuple[int, int]]:
        """The open intervals of a year of UTC, in seconds since 1970: day for day of each stretch between two changes
        of the clocks, in which wall time runs as UTC does."""
        for start, end, offset in _stretches(self.calendar.zone, number):
            low, high = start + offset, end + offset
            for day in range(low // _DAY, (high - 1) // _DAY + 1):
                hours = self._special.get(day)
                for opens, closes in self._week[(day + 3) % 7] if hours is None else hours:
                    first, last = max(day * _DAY + opens, low), min(day * _DAY + closes, high)
                    if first < last:
                        yield first - offset, last - offset


class _Year:
    """The open intervals of a year, and what is open before each, in microseconds."""

    def __init__(self, intervals: Iterator[tuple[int, int]]) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.until: list[int] = []
        """Open since the year began, at the end of each interval."""
        self.total = 0
        for start, end in intervals:
            self.total += (end - start) * _SECOND
            if self.ends and self.ends[-1] == start * _SECOND:
                self.ends[-1], self.until[-1] = end * _SECOND, self.total
            else:
                self.starts.append(start * _SECOND)
                self.ends.append(end * _SECOND)
                self.until.append(self.total)

    def passed(self, instant: int) -> int:
        """What is open from the beginning of the year to an instant in it."""
        at = bisect_right(self.starts, instant) - 1
        return 0 if at < 0 else self.until[at] - max(0, self.ends[at] - instant)

    def at(self, passed: int) -> int:
        """The first instant by which so much is open; more than none, and no more than all."""
        at = bisect_left(self.until, passed)
        return self.ends[at] - (self.until[at] - passed)


def compiled(calendar: Calendar, path: str = "") -> OpenHours:
    """Raises `InvalidField` with the path at fault, which begins with `path`."""
    under = f"{path}." if path else ""
    if not calendar.zone or calendar.zone not in _zones():
        raise InvalidField(f"{under}zone", 'expected a zone of the IANA database, such as "Europe/Berlin"')
    days = calendar.hours.__struct_fields__
    week = tuple(_seconds(getattr(calendar.hours, day), f"{under}hours.{day}") for day in days)
    if not any(week):
        raise InvalidField(f"{under}hours", NEVER_DUE)
    if len(calendar.holidays) > MOST_HOLIDAYS:
        raise InvalidField(f"{under}holidays", f"expected at most {MOST_HOLIDAYS:,} dates")
    special: dict[int, _Seconds] = {}
    for at, written in enumerate(calendar.holidays):
        here = f"{under}holidays[{at}]"
        holiday = Holiday(date=written) if isinstance(written, str) else written
        field = here if isinstance(written, str) else f"{here}.date"
        day = _day(holiday.date, field)
        if day in special:
            raise InvalidField(field, "this date is there already")
        special[day] = _seconds(holiday.hours, f"{here}.hours")
    return OpenHours(calendar, week, special)


_Seconds = tuple[tuple[int, int], ...]
"""Intervals of one day, in seconds since midnight on the wall."""


def _seconds(intervals: tuple[Interval, ...], path: str) -> _Seconds:
    if len(intervals) > MOST_INTERVALS:
        raise InvalidField(path, f"expected at most {MOST_INTERVALS} intervals a day")
    found: list[tuple[int, int]] = []
    for at, (opens, closes) in enumerate(intervals):
        one = (_second(opens, f"{path}[{at}][0]"), _second(closes, f"{path}[{at}][1]"))
        if one[0] >= one[1]:
            raise InvalidField(f"{path}[{at}]", "expected an end after the beginning (midnight at the end is 24:00)")
        if found and one[0] < found[-1][1]:
            raise InvalidField(f"{path}[{at}]", "expected a beginning at or after the end of the interval before")
        found.append(one)
    return tuple(found)


def _second(text: str, path: str) -> int:
    parts = _TIME.fullmatch(text)
    if parts is None:
        raise InvalidField(path, 'expected a time from "00:00" to "24:00"')
    return int(parts[1] or parts[3]) * 3_600 + int(parts[2] or parts[4]) * 60


def _day(text: str, path: str) -> int:
    """The number of a date, 1970-01-01 being 0."""
    try:
        found = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise InvalidField(path, 'expected a date, such as "2026-01-26"')
    return found.toordinal() - _MIDNIGHT


def _instant(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime"}  # the machine's own


@lru_cache(maxsize=4_096)
def _stretches(zone: str, number: int) -> tuple[tuple[int, int, int], ...]:
    """A year of UTC as stretches (start, end, offset) between changes of a zone's clocks, in seconds."""
    clock = ZoneInfo(zone)
    start = int(datetime(number, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(number + 1, 1, 1, tzinfo=UTC).timestamp())
    changes: list[tuple[int, int]] = [(start, _offset(clock, start))]
    for day in range(start, end, _DAY):
        if _offset(clock, day + _DAY) != changes[-1][1]:
            changes.append(_change(clock, day, day + _DAY))
    edges = [*(at for at, _ in changes[1:]), end]
    return tuple((at, until, offset) for (at, offset), until in zip(changes, edges, strict=True) if at < until)


def _change(clock: ZoneInfo, before: int, after: int) -> tuple[int, int]:
    """The first second of the offset that holds at `after`, and that offset; at `before` another one does."""
    offset = _offset(clock, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(clock, middle) == offset:
            after = middle
        else:
            before = middle
    return after, offset


def _offset(clock: ZoneInfo, instant: int) -> int:
    shift = datetime.fromtimestamp(instant, clock).utcoffset()
    assert shift is not None
    return round(shift.total_seconds())
