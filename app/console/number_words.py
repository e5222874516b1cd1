"""Numbers of the desk in words: how many, how long, which part, what changed. A few are never told in per cent."""

from typing import Final

from app.console.dates import DAYS
from app.console.language import _, counted

FEW: Final = 20
"""Below so many a share or a change in per cent says more than is known."""


def lasting(seconds: float) -> str:
    """How long, in one unit: two digits that mean something."""
    for length, unit in DAYS[:-1]:
        if seconds >= length * 0.9995:
            value = seconds / length
            shown = f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:,.0f}"
            return _(unit, n=shown)
    return _(DAYS[-1][1], n=f"{seconds:.0f}")


def many(value: float) -> str:
    return f"{value:,.0f}"


def short(value: float) -> str:
    """For the scale of a chart."""
    if value >= 10_000:
        return f"{value / 1_000:,.0f}k"
    return f"{value / 1_000:.1f}k".replace(".0k", "k") if value >= 1_000 else f"{value:g}"


def part(some: int, of: int) -> str:
    """A share: in per cent of many, in words of few."""
    if of == 0:
        return _("none")
    if of < FEW:
        return _("%(some)s of %(of)s", some=many(some), of=many(of))
    return _("%(share)s %% of %(of)s", share=per_cent(some, of), of=many(of))


def per_cent(some: int, of: int) -> str:
    """Never 100 nor 0 where one is missing, or there is one."""
    if some in (0, of):
        return "100" if some and some == of else "0"
    return f"{min(max(100 * some / of, 0.1), 99.9):.1f}".removesuffix(".0")


def compared(now: float, before: float, against: str) -> str:
    """What became of a count."""
    if now == before:
        return _("As many as %(against)s.", against=against) if now else _("None %(against)s either.", against=against)
    if before == 0:
        return _("None %(against)s.", against=against)
    more, told = now > before, {"against": against, "before": many(before)}
    if before < FEW:
        told["num"] = many(abs(now - before))
        if more:
            return _("%(num)s more than %(against)s (%(before)s).", **told)
        return _("%(num)s fewer than %(against)s (%(before)s).", **told)
    told["num"] = _percent_of(abs(now - before), before)
    if more:
        return _("%(num)s %% more than %(against)s (%(before)s).", **told)
    return _("%(num)s %% fewer than %(against)s (%(before)s).", **told)


def compared_times(now: float, before: float | None, facts_before: int, against: str) -> str:
    """What became of a median."""
    if before is None:
        return _("None %(against)s.", against=against)
    of = counted("%(num)s then", "%(num)s then", facts_before)
    if lasting(now) == lasting(before):
        return _("As long as %(against)s (%(of)s).", against=against, of=of)
    told = {"by": lasting(abs(now - before)), "against": against, "before": lasting(before), "of": of}
    if now > before:
        return _("%(by)s longer than %(against)s (%(before)s, %(of)s).", **told)
    return _("%(by)s shorter than %(against)s (%(before)s, %(of)s).", **told)


def compared_shares(now: tuple[int, int], before: tuple[int, int], against: str) -> str:
    """What became of a share: in points where both are of many, else both in words."""
    if before[1] == 0:
        return _("None %(against)s.", against=against)
    if min(now[1], before[1]) < FEW:
        return _("%(before)s %(against)s.", against=against, before=part(*before))
    points = 100 * now[0] / now[1] - 100 * before[0] / before[1]
    if abs(points) < 0.05:
        return _("The same share as %(against)s.", against=against)
    told = {"by": f"{abs(points):.1f}".removesuffix(".0"), "against": against, "before": part(*before)}
    if points > 0:
        return _("%(by)s points more than %(against)s (%(before)s).", **told)
    return _("%(by)s points less than %(against)s (%(before)s).", **told)


def _percent_of(change: float, before: float) -> str:
    value = 100 * change / before
    return f"{value:.0f}" if value >= 9.5 else f"{value:.1f}".removesuffix(".0")
