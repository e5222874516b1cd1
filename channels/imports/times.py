"""When did it happen, where the source does not say? Times drawn from a stable hash of the record's own id.

A record's times depend on that record alone, so mending one bad line moves no other; there is no clock and no
chance in them. Hours are those of a shop's day in the Americas (13:00 to 24:00 UTC).
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

ANCHOR: Final = datetime(2026, 10, 1, tzinfo=UTC)
"""The "today" of sources without dates: what they tell as past lies before, their chats in the two weeks
after."""

_OPENS: Final = 13 * 3600
_OPEN_FOR: Final = 11 * 3600


def draw(key: str, low: int, high: int) -> int:
    """A number from `low` to `high`, both included, always the same for the same key."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return low + int.from_bytes(digest, "big") % (high - low + 1)


def days_from(day: datetime, key: str, low: int, high: int) -> datetime:
    """A moment within shop hours, `low` to `high` days after midnight of `day` (negative: before)."""
    return day + timedelta(days=draw(f"day {key}", low, high), seconds=_OPENS + draw(f"hour {key}", 0, _OPEN_FOR - 1))


def later(at: datetime, key: str, low: int, high: int) -> datetime:
    """`low` to `high` days after `at`, at an hour of its own that is at most eight hours later in the day."""
    return at + timedelta(days=draw(f"days {key}", low, high), seconds=draw(f"seconds {key}", 60, 8 * 3600))


def turn_times(started_at: datetime, key: str, count: int) -> list[datetime]:
    """The first turn at `started_at`, each next one 20 to 90 seconds after the one before."""
    times, at = [], started_at
    for number in range(count):
        times.append(at)
        at += timedelta(seconds=draw(f"turn {key} {number}", 20, 90))
    return times
