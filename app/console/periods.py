"""Which days are looked at, in steps of what, and what they are compared with: by the clocks of whoever looks."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from app.console.dates import date_words
from app.console.language import _, counted
from timeline.interactions import InvalidField

Step = Literal["hour", "day", "week", "month"]
Versus = Literal["before", "year", "none"]

DAYS: Final = (7, 28, 90)
USUAL: Final = 28
MOST_DAYS: Final = 3_700
YEAR: Final = timedelta(weeks=52)
VERSUS: Final[tuple[Versus, ...]] = ("before", "year", "none")
_FIRST: Final = date(1971, 1, 1)
_LAST: Final = date(2190, 1, 1)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """From the beginning of a day on to before another's, or to now where that comes first."""

    first: date
    last: date
    """The last day in it."""
    start: datetime
    end: datetime


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `days` is null for dates of one's own."""

    days: int | None
    span: Span
    before: Span | None
    versus: Versus
    step: Step
    zone: ZoneInfo
    now: datetime

    @property
    def runs(self) -> bool:
        """Whether it is not over yet: its last step is only a part."""
        return self.span.end == self.now

    def steps(self, span: Span) -> list[datetime]:
        """When each step begins, as the reports group by them."""
        if self.step == "hour":
            return _hours(span)
        day = _beginning(span.first, self.step)
        found: list[datetime] = []
        while day <= span.last:
            found.append(_midnight(day, self.zone))
            day = _next(day, self.step)
        return found

    def ends(self, span: Span) -> list[datetime]:
        """When each step is over; the last of a span, with it."""
        return [*self.steps(span)[1:], span.end]

    @property
    def asked(self) -> dict[str, str]:
        """As an address says it."""
        own = {"from": str(self.span.first), "to": str(self.span.last)}
        chosen = own if self.days is None else {"days": str(self.days)}
        return {**chosen, "versus": self.versus}


def read_period(asked: Mapping[str, str], zone: ZoneInfo, now: datetime) -> Period:
    """Raises `InvalidField` with the field at fault and words for whoever typed it."""
    versus = asked.get("versus") or "before"
    if versus not in VERSUS:
        raise InvalidField("versus", _("Choose what to compare with: the time before, last year, or nothing."))
    today = now.astimezone(zone).date()
    own = bool(asked.get("from") or asked.get("to"))
    if own:
        first, last = _date(asked, "from"), _date(asked, "to")
        _check(first, last, today)
        days = None
    else:
        days = _days(asked.get("days"))
        first, last = today - timedelta(days=days - 1), today
    span = _span(first, last, zone, now)
    return Period(
        days=days, span=span, before=_before(span, versus, zone, now), versus=versus,
        step=_step((last - first).days + 1), zone=zone, now=now,
    )  # fmt: skip


def this_week(zone: ZoneInfo, now: datetime) -> Span:
    """From Monday on."""
    today = now.astimezone(zone).date()
    return _span(_beginning(today, "week"), today, zone, now)


def week_before(zone: ZoneInfo, now: datetime) -> Span:
    """The whole of the one that ended with Sunday."""
    monday = this_week(zone, now).first
    return _span(monday - timedelta(days=7), monday - timedelta(days=1), zone, now)


def _days(text: str | None) -> int:
    if not text:
        return USUAL
    if text not in {str(one) for one in DAYS}:
        raise InvalidField("days", _("Choose 7, 28 or 90 days, or two dates."))
    return int(text)


def _date(asked: Mapping[str, str], name: str) -> date:
    text = asked.get(name, "").strip()
    if not text:
        raise InvalidField(name, _("Give both dates: the first day and the last."))
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InvalidField(name, _("This is no date. Write it as 2026-03-01.")) from None
    if not _FIRST <= found <= _LAST:
        raise InvalidField(name, _("Choose a day between the years 1971 and 2190."))
    return found


def _check(first: date, last: date, today: date) -> None:
    if first > last:
        raise InvalidField("to", _("The last day lies before the first."))
    if first > today:
        raise InvalidField("from", _("This day has not come yet: there is nothing to count."))
    if (last - first).days >= MOST_DAYS:
        raise InvalidField("to", _("Choose at most ten years."))


def _step(days: int) -> Step:
    return "hour" if days == 1 else "day" if days <= 100 else "week" if days <= 750 else "month"


def _span(first: date, last: date, zone: ZoneInfo, now: datetime) -> Span:
    end = _midnight(last + timedelta(days=1), zone)
    return Span(first=first, last=last, start=_midnight(first, zone), end=min(end, now))


def _before(span: Span, versus: Versus, zone: ZoneInfo, now: datetime) -> Span | None:
    """As long, ending as far into its last day: a part of today is compared with the same part of a day."""
    if versus == "none":
        return None
    back = YEAR if versus == "year" else span.last - span.first + timedelta(days=1)
    first, last = span.first - back, span.last - back
    end = _midnight(last + timedelta(days=1), zone)
    if span.end == now:
        local = now.astimezone(zone)
        end = datetime.combine(local.date() - back, local.time(), zone).astimezone(UTC)
    return Span(first=first, last=last, start=_midnight(first, zone), end=end)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _hours(span: Span) -> list[datetime]:
    count = int((span.end - span.start).total_seconds() // 3_600) + 1
    return [one for at in range(count) if (one := span.start + timedelta(hours=at)) < span.end]


def _beginning(day: date, step: Step) -> date:
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


def _next(day: date, step: Step) -> date:
    if step == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if step == "week" else 1)


def in_words(span: Span) -> str:
    """`1 to 28 November 2026`, with as much of the first as differs."""
    first, last = span.first, span.last
    end = date_words(last)
    if first == last:
        return end
    begin = str(first.day)
    if (first.month, first.year) != (last.month, last.year):
        begin = date_words(first, year=first.year != last.year)
    return _("%(first)s to %(last)s", first=begin, last=end)


def against(period: Period) -> str:
    """What it is compared with, as the end of a sentence."""
    if period.versus == "year":
        return _("the same weeks a year before")
    length = (period.span.last - period.span.first).days + 1
    return _("the day before") if length == 1 else counted(
        "the %(num)s day before", "the %(num)s days before", length
    )  # fmt: skip
