"""Business calendars: the examples that are promised, the walls they meet, and a walk minute by minute beside them.

`THROUGHLINE_CALENDAR_EXAMPLES=20000` compares so many random cases."""

import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.timeline.tickets import calendar_oracle
from timeline.interactions import InvalidField
from timeline.tickets.calendars import NEVER_DUE, Calendar, OpenHours, compiled

EXAMPLES = int(os.environ.get("THROUGHLINE_CALENDAR_EXAMPLES", "200"))
OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
ALWAYS = {day: [["00:00", "24:00"]] for day in calendar_oracle.DAYS}


def opening(zone: str, hours: dict[str, Any], holidays: list[Any] | None = None) -> OpenHours:
    return compiled(msgspec.convert({"zone": zone, "hours": hours, "holidays": holidays or []}, Calendar))


def wall(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "hours", "start", "seconds", "due"),
    [
        ("Europe/Berlin", OFFICE, "2026-10-23 16:00", 8 * 3_600, "2026-10-26 16:00"),
        ("Europe/Berlin", ALWAYS, "2026-03-28 12:00", 86_400, "2026-03-29 13:00"),
        ("Europe/Berlin", ALWAYS, "2026-10-24 12:00", 86_400, "2026-10-25 11:00"),
        ("Australia/Lord_Howe", ALWAYS, "2026-04-04 12:00", 86_400, "2026-04-05 11:30"),
        ("Australia/Lord_Howe", ALWAYS, "2026-10-03 12:00", 86_400, "2026-10-04 12:30"),
        ("Europe/Berlin", OFFICE, "2026-10-23 16:00", 3_600, "2026-10-23 17:00"),
        ("Europe/Berlin", OFFICE, "2026-10-23 16:00", 3_601, "2026-10-26 09:00:01"),
        ("Europe/Berlin", OFFICE, "2026-10-24 12:00", 0, "2026-10-24 12:00"),
        ("Europe/Berlin", OFFICE, "2026-10-24 12:00", 1, "2026-10-26 09:00:01"),
        ("Europe/Berlin", OFFICE, "2027-12-31 16:59:59", 2, "2028-01-03 09:00:01"),
        ("Pacific/Apia", ALWAYS, "2011-12-29 12:00", 86_400, "2011-12-31 12:00"),
        ("America/Sao_Paulo", ALWAYS, "2018-11-03 23:59:59", 2, "2018-11-04 01:00:01"),
        ("UTC", ALWAYS, "2016-12-31 23:59:59", 1, "2017-01-01 00:00"),
    ],
)
def test_due_in_wall_time(zone: str, hours: dict[str, Any], start: str, seconds: int, due: str) -> None:
    assert opening(zone, hours).due(wall(zone, start), seconds) == wall(zone, due)


def test_what_the_clocks_skip_is_open_for_nobody_and_what_they_double_is_open_twice() -> None:
    night = opening("Europe/Berlin", {"sun": [["02:30", "03:30"]]})
    assert night.elapsed(wall("Europe/Berlin", "2026-03-29 00:00"), wall("Europe/Berlin", "2026-03-30 00:00")) == (
        timedelta(minutes=30)
    )
    assert night.due(wall("Europe/Berlin", "2026-03-29 00:00"), 1) == datetime(2026, 3, 29, 1, 0, 1, tzinfo=UTC)
    doubled = night.elapsed(wall("Europe/Berlin", "2026-10-25 00:00"), wall("Europe/Berlin", "2026-10-26 00:00"))
    assert doubled == timedelta(minutes=90)
    first, second = (wall("Europe/Berlin", "2026-10-25 02:45", fold) for fold in (0, 1))
    assert second - first == timedelta(hours=1)
    assert night.elapsed(first, second) == timedelta(minutes=30)
    skipped = opening("Pacific/Apia", {"fri": [["09:00", "17:00"]]})
    assert skipped.due(wall("Pacific/Apia", "2011-12-29 12:00"), 3_600) == wall("Pacific/Apia", "2012-01-06 10:00")


def test_holidays_are_closed_or_have_hours_of_their_own() -> None:
    desk = opening("Europe/Berlin", OFFICE, ["2026-01-26", {"date": "2026-01-27", "hours": [["09:00", "12:00"]]}])
    start = wall("Europe/Berlin", "2026-01-23 16:00")
    assert desk.due(start, 3_600 + 3 * 3_600) == wall("Europe/Berlin", "2026-01-27 12:00")
    assert desk.due(start, 3_600 + 3 * 3_600 + 1) == wall("Europe/Berlin", "2026-01-28 09:00:01")
    sunday = opening("Europe/Berlin", OFFICE, [{"date": "2026-01-25", "hours": [["10:00", "11:00"]]}])
    assert sunday.due(start, 2 * 3_600) == wall("Europe/Berlin", "2026-01-25 11:00")


def test_parts_of_a_second_are_kept() -> None:
    start = datetime(2026, 10, 23, 14, 0, 0, 123_456, tzinfo=UTC)
    desk = opening("Europe/Berlin", OFFICE)
    due = desk.due(start, 8 * 3_600)
    assert due is not None
    assert due == datetime(2026, 10, 26, 15, 0, 0, 123_456, tzinfo=UTC)
    assert desk.elapsed(start, due) == timedelta(hours=8)
    assert desk.elapsed(due, start) == timedelta()


def test_random_calendars_agree_with_a_walk() -> None:
    dice = random.Random(20_260_328)
    for number in range(EXAMPLES):
        calendar, start, seconds = calendar_oracle.random_case(dice)
        hours = compiled(msgspec.convert(calendar, Calendar))
        due = hours.due(start, seconds)
        assert due is not None
        story = (number, calendar, start, seconds)
        assert due == calendar_oracle.due(calendar, start, seconds), story
        assert hours.elapsed(start, due) == timedelta(seconds=seconds), story
        between = start + (due - start) * dice.random()
        assert hours.elapsed(start, between) == calendar_oracle.elapsed(calendar, start, between), story
        assert hours.add(between, timedelta(seconds=seconds) - hours.elapsed(start, between)) in (due, between), story


def test_midnight_to_midnight_is_always() -> None:
    dice = random.Random(7)
    for zone, changes in calendar_oracle.CHANGES.items():
        start = datetime.fromisoformat(dice.choice(changes)).replace(tzinfo=UTC)
        assert opening(zone, ALWAYS).due(start, 1_000_000) == start + timedelta(seconds=1_000_000)


def test_what_is_due_after_2200_is_never_due() -> None:
    assert opening("UTC", {"mon": [["09:00", "09:01"]]}).due(datetime(2026, 1, 1, tzinfo=UTC), 10**8) is None
    assert opening("UTC", ALWAYS).due(datetime(2200, 12, 31, 23, tzinfo=UTC), 3_600) == datetime(2201, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("calendar", "field", "words"),
    [
        ({"hours": {}}, "hours", NEVER_DUE),
        ({"hours": {"mon": []}, "holidays": [{"date": "2026-01-26", "hours": [["09:00", "10:00"]]}]}, "hours", "never"),
        ({"zone": "Europe/Berlim"}, "zone", "IANA"),
        ({"zone": "../etc/passwd"}, "zone", "IANA"),
        ({"zone": ""}, "zone", "IANA"),
        ({"hours": {"mon": [["9:00", "17:00"]]}}, "hours.mon[0][0]", "00:00"),
        ({"hours": {"mon": [["09:00", "24:01"]]}}, "hours.mon[0][1]", "24:00"),
        ({"hours": {"mon": [["17:00", "09:00"]]}}, "hours.mon[0]", "after"),
        ({"hours": {"mon": [["09:00", "09:00"]]}}, "hours.mon[0]", "after"),
        ({"hours": {"mon": [["09:00", "12:00"], ["11:59", "17:00"]]}}, "hours.mon[1]", "before"),
        ({"hours": {"mon": [["13:00", "17:00"], ["09:00", "12:00"]]}}, "hours.mon[1]", "before"),
        ({"holidays": ["2026-02-29"]}, "holidays[0]", "date"),
        ({"holidays": ["20260126"]}, "holidays[0]", "date"),
        ({"holidays": ["2026-01-26", {"date": "2026-01-26"}]}, "holidays[1].date", "already"),
        ({"holidays": [{"date": "2026-01-26", "hours": [["x", "10:00"]]}]}, "holidays[0].hours[0][0]", "00:00"),
    ],
)
def test_bad_calendars_say_what_was_expected_and_where(calendar: dict[str, Any], field: str, words: str) -> None:
    whole = msgspec.convert({"zone": "UTC", "hours": OFFICE, **calendar}, Calendar)
    with pytest.raises(InvalidField) as caught:
        compiled(whole)
    assert caught.value.field == field
    assert words.replace("never", "nothing can ever be due") in caught.value.words
