"""Times as an agent says them: what was typed into a form, where the agent is, and until when one lays aside."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from timeline.interactions import InvalidField

_MORNING: Final = time(9)
_EVENING: Final = time(18)
_MONDAY: Final = 0


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """One of the times that are asked for often: `name` says which."""

    name: str
    at: datetime


def presets(now: datetime, zone: ZoneInfo) -> list[Preset]:
    """In their order, none of them twice and none within the next half an hour."""
    here = now.astimezone(zone)
    today = here.date()
    monday = today + timedelta(days=(_MONDAY - today.weekday()) % 7 or 7)
    wanted = [
        ("hours", (now + timedelta(hours=3)).astimezone(zone).replace(second=0, microsecond=0)),
        ("evening", datetime.combine(today, _EVENING, zone)),
        ("tomorrow", datetime.combine(today + timedelta(days=1), _MORNING, zone)),
        ("monday", datetime.combine(monday, _MORNING, zone)),
        ("week", datetime.combine(today + timedelta(days=7), _MORNING, zone)),
    ]
    found: dict[datetime, Preset] = {}
    for name, at in wanted:
        if at > now + timedelta(minutes=30):
            found.setdefault(at, Preset(name=name, at=at))
    return list(found.values())


def read_local(field: str, text: str, zone: ZoneInfo) -> datetime | None:
    """A time with its offset, or one on the clocks where the agent is; nothing: None. Raises `InvalidField`."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidField(field, "expected a day and a time") from None
    if not 1970 <= at.year < 2200:
        raise InvalidField(field, "expected a time between 1970 and 2200")
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
