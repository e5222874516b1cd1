"""Calendars over HTTP: a due time to the second, and what is wrong with a calendar by its path."""

from datetime import datetime
from typing import Any

from tests.app.api.conftest import Api

PATH = "/api/v1/calendars/due"
OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
ASKED: dict[str, Any] = {
    "calendar": {"zone": "Europe/Berlin", "hours": OFFICE},
    "start": "2026-10-23T16:00:00+02:00",
    "seconds": 28_800,
}


async def test_a_calendar_is_tried(api: Api):
    for zone, hours, start, seconds, due in (
        ("Europe/Berlin", OFFICE, "2026-10-23T16:00:00+02:00", 28_800, "2026-10-26T16:00:00+01:00"),
        ("Europe/Berlin", ALWAYS, "2026-03-28T12:00:00+01:00", 86_400, "2026-03-29T13:00:00+02:00"),
        ("Australia/Lord_Howe", ALWAYS, "2026-04-04T12:00:00+11:00", 86_400, "2026-04-05T11:30:00+10:30"),
    ):
        calendar = {"zone": zone, "hours": hours, "holidays": ["2026-01-26"]}
        asked = {"calendar": calendar, "start": start, "seconds": seconds}
        answered = await api("POST", PATH, api.mine.keys["auditor"], json=asked)
        assert answered.status_code == 200, answered.text
        assert answered.json()["due"].endswith("Z")
        assert datetime.fromisoformat(answered.json()["due"]) == datetime.fromisoformat(due)


async def test_what_is_wrong_is_named_by_its_path(api: Api):
    calendar = ASKED["calendar"]
    for change, field, words in (
        ({"calendar": {**calendar, "hours": {}}}, "calendar.hours", "nothing can ever be due"),
        ({"calendar": {**calendar, "hours": {"mon": [["09:00"]]}}}, "calendar.hours.mon[0]", "length 2"),
        ({"calendar": {**calendar, "hours": {"monday": []}}}, "calendar.hours.monday", "unknown field"),
        ({"calendar": {**calendar, "hours": {"mon": [["9", "17:00"]]}}}, "calendar.hours.mon[0][0]", "expected a time"),
        ({"calendar": {**calendar, "zone": "Mars/Base"}}, "calendar.zone", "IANA"),
        ({"calendar": {**calendar, "holidays": [{"date": "26.1."}]}}, "calendar.holidays[0].date", "expected a date"),
        ({"start": "2026-10-23T16:00:00"}, "start", "zone"),
        ({"start": "1969-10-23T16:00:00Z"}, "start", "1970"),
        ({"seconds": -1}, "seconds", "0"),
        ({"seconds": 1.5}, "seconds", "int"),
        ({"seconds": 10**12}, "seconds", "366"[:1]),
        (
            {"calendar": {**calendar, "hours": {"mon": [["09:00", "09:01"]]}}, "seconds": 10**7},
            "seconds",
            "after the year",
        ),
    ):
        refused = await api("POST", PATH, json={**ASKED, **change})
        assert refused.status_code == 400, (change, refused.text)
        (fault,) = refused.json()["fields"]
        assert fault["field"] == field, (change, fault)
        assert words in fault["words"], (change, fault)
