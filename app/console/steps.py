"""A period cut into hours, days, weeks or months: what each step is called, and where its tickets are listed."""

from datetime import datetime
from typing import Final

import msgspec

from app.console.counting import Asked, tickets_at
from app.console.graphs import step_name
from app.console.language import _
from app.console.periods import Period
from timeline.tickets.reporting_views import Number

MOST_DOTS: Final = 31


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """A period cut into steps; `before` are those that it is drawn beside: weeks and months of two spans do not lie on
    one another, so only hours and days are."""

    period: Period
    starts: list[datetime]
    ends: list[datetime]
    before: list[datetime]

    @property
    def short(self) -> list[str]:
        return [step_name(at, self.period.step, self.period.zone) for at in self.starts]

    def long(self, at: int) -> str:
        name = step_name(self.starts[at], self.period.step, self.period.zone, long=True)
        return _("%(day)s, so far", day=name) if self.partial(at) else name

    def partial(self, at: int) -> bool:
        return self.period.runs and at == len(self.starts) - 1

    def hrefs(self, number: Number, asked: Asked, **more: str) -> list[str]:
        """Where each step's tickets are listed; the first step begins with the period."""
        begins = [max(at, self.period.span.start) for at in self.starts]
        return [tickets_at(number, asked, begin, end, **more) for begin, end in zip(begins, self.ends, strict=True)]


def steps_of(period: Period) -> Steps:
    before = period.before if period.step in ("hour", "day") else None
    return Steps(
        period=period,
        starts=period.steps(period.span),
        ends=period.ends(period.span),
        before=period.steps(before) if before else [],
    )


def coarser(period: Period) -> Period:
    """A middle of a few is no middle: over more than a month in weeks."""
    days = (period.span.last - period.span.first).days + 1
    return msgspec.structs.replace(period, step="week") if period.step == "day" and days > MOST_DOTS else period


def when(steps: Steps) -> str:
    return {"hour": _("Hour"), "day": _("Day"), "week": _("Week"), "month": _("Month")}[steps.period.step]
