"""How long until something is due, or since it was: the words of a clock, the same in a page and in its script."""

from datetime import UTC, datetime, timedelta
from typing import Final

from app.console.language import _

SOON: Final = timedelta(minutes=30)
_DAY: Final = 86_400
_HOUR: Final = 3_600
_GAP: Final = "#"
"""Stands for what the script fills in."""


def span(seconds: int) -> str:
    """Minutes up to an hour, hours with minutes up to two hours, hours up to two days, days."""
    if seconds >= 2 * _DAY:
        return _("%(n)s d", n=seconds // _DAY)
    if seconds >= 2 * _HOUR or _HOUR <= seconds < _HOUR + 60:
        return _("%(n)s h", n=seconds // _HOUR)
    if seconds > _HOUR:
        return _("1 h %(n)s min", n=(seconds - _HOUR) // 60)
    return _("%(n)s min", n=seconds // 60) if seconds >= 60 else _("%(n)s s", n=seconds)


def due(at: datetime, now: datetime | None = None) -> str:
    """`in 12 min`, or `3 min over`."""
    seconds = int((at - (now or datetime.now(UTC))).total_seconds())
    return _("in %(span)s", span=span(seconds)) if seconds >= 0 else _("%(span)s over", span=span(-seconds))


def urgency(at: datetime, now: datetime | None = None) -> str:
    """Which of three it is: later, soon, over."""
    left = at - (now or datetime.now(UTC))
    return "over" if left < timedelta(0) else "soon" if left <= SOON else "later"


def script_words() -> str:
    """The same words with gaps, for the script: later, over, days, hours, minutes, seconds, an hour and minutes."""
    units = (_("%(n)s d", n=_GAP), _("%(n)s h", n=_GAP), _("%(n)s min", n=_GAP), _("%(n)s s", n=_GAP))
    units = (*units, _("1 h %(n)s min", n=_GAP))
    return "|".join((_("in %(span)s", span=_GAP), _("%(span)s over", span=_GAP), *units))
