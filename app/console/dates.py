"""Days and months by name, a date, and how long something takes: in words that a translator finds."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from app.console.language import _, noted

_MONTHS: Final = (
    noted("January"), noted("February"), noted("March"), noted("April"), noted("May"), noted("June"), noted("July"),
    noted("August"), noted("September"), noted("October"), noted("November"), noted("December"),
)  # fmt: skip
_MONTHS_SHORT: Final = (
    noted("Jan"), noted("Feb"), noted("Mar"), noted("Apr"), noted("May"), noted("Jun"), noted("Jul"), noted("Aug"),
    noted("Sep"), noted("Oct"), noted("Nov"), noted("Dec"),
)  # fmt: skip
_WEEKDAYS: Final = (
    noted("Monday"), noted("Tuesday"), noted("Wednesday"), noted("Thursday"), noted("Friday"), noted("Saturday"),
    noted("Sunday"),
)  # fmt: skip
_WEEKDAYS_SHORT: Final = (
    noted("Mon"), noted("Tue"), noted("Wed"), noted("Thu"), noted("Fri"), noted("Sat"), noted("Sun")
)  # fmt: skip
_WEEK: Final = timedelta(days=6)
_UNITS: Final = (
    (86_400 * 365, noted("%(n)s y")),
    (86_400 * 30, noted("%(n)s mo")),
    (86_400, noted("%(n)s d")),
    (3_600, noted("%(n)s h")),
    (60, noted("%(n)s min")),
    (1, noted("%(n)s s")),
)
DAYS: Final = _UNITS[2:]
"""The units of a span, days down to seconds: how many seconds each is, and its words."""


def month(at: date, *, short: bool = False) -> str:
    return _((_MONTHS_SHORT if short else _MONTHS)[at.month - 1])


def weekday(at: date, *, short: bool = False) -> str:
    return _((_WEEKDAYS_SHORT if short else _WEEKDAYS)[at.weekday()])


def date_words(at: date, *, year: bool = True, short: bool = False) -> str:
    """`3 May 2026`."""
    if year:
        return _("%(day)s %(month)s %(year)s", day=at.day, month=month(at, short=short), year=at.year)
    return _("%(day)s %(month)s", day=at.day, month=month(at, short=short))


def day_words(here: date, today: date, *, within: bool = False) -> str:
    """The day as one says it, alone or `within` a sentence: today, yesterday, a weekday, a date."""
    if here == today:
        return _("today") if within else _("Today")
    if here == today - timedelta(days=1):
        return _("yesterday") if within else _("Yesterday")
    if timedelta(0) < today - here <= _WEEK:
        return weekday(here)
    return date_words(here, year=here.year != today.year)


def ago_words(seconds: int) -> str:
    """How long since, or until where it is negative, in one unit; nothing smaller than minutes."""
    for length, unit in _UNITS[:-1]:
        if abs(seconds) >= length:
            span = _(unit, n=abs(seconds) // length)
            return span if seconds >= 0 else _("in %(span)s", span=span)
    return _("now")


def span_words(seconds: float, units: Sequence[tuple[int, str]] = DAYS) -> str:
    """How long, in at most two units; seconds only where nothing else is said."""
    left, parts = max(0, int(seconds)), list[str]()
    for length, unit in units:
        if left >= length and not (length == 1 and parts):
            parts.append(_(unit, n=left // length))
            left %= length
    return " ".join(parts[:2]) or _(DAYS[-1][1], n=0)
