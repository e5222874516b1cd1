"""A number broken down: by queue, channel, type, priority, agent, tag or promise; each part beside the time before."""

from collections.abc import Sequence
from typing import Final

from app.api.reports import NONE
from app.console import charts
from app.console.counting import Asked, count, measure_of, tickets_at
from app.console.graphs import Group, Groups, Tone, address
from app.console.language import _
from app.console.number_words import lasting, many, part
from app.console.pages import Visit
from app.console.periods import against
from app.console.ticket_words import target_words
from timeline.tickets.reporting import Line, Measure
from timeline.tickets.reporting_views import Dimension, Number

MOST_GROUPS: Final = 12
LOADED: Final[tuple[Dimension, ...]] = ("queue", "channel", "agent")


def dimension_name(dimension: Dimension) -> str:
    return {
        "queue": _("By queue"),
        "channel": _("By the channel it opened on"),
        "type": _("By type"),
        "priority": _("By priority"),
        "agent": _("By agent"),
        "tag": _("By tag"),
        "target": _("By promise"),
        "policy": _("By SLA policy"),
    }[dimension]


async def broken_down(visit: Visit, number: Number, asked: Asked) -> list[Groups]:
    """By what was asked for, if anything was."""
    return [] if asked.by is None else [await grouped(visit, number, asked, asked.by)]


async def by_target(visit: Visit, number: Number, asked: Asked) -> list[Groups]:
    """Which of the promises; nothing where none was due."""
    found = await grouped(visit, number, asked, "target")
    return [found] if found.groups else []


async def grouped(visit: Visit, number: Number, asked: Asked, by: Dimension) -> Groups:
    """The greatest first; what is left out is counted."""
    period = asked.period
    rows = (await count(visit, number, asked, period.span, by)).rows
    before: dict[str | None, Line] = {}
    if period.before is not None and number != "backlog":
        before = {row.values[0]: row for row in (await count(visit, number, asked, period.before, by)).rows}
    measure = "count" if number == "backlog" else measure_of(number)
    rows = sorted(rows, key=lambda row: (-_size(row, measure), str(row.values[0])))
    shown = rows[:MOST_GROUPS]
    beside = [before[row.values[0]] for row in shown if row.values[0] in before]
    top = max((_size(one, measure) for one in [*shown, *beside]), default=0)
    groups = [_group(number, asked, by, measure, row, before.get(row.values[0]), top) for row in shown]
    keys: list[tuple[Tone, str]] = [("good", _("kept")), ("bad", _("missed"))] if measure == "share" else []
    if before and measure != "share":
        keys = [("now", _("this period")), ("tick", against(period))]
    return Groups(heading=_heading(by, measure), groups=groups, left=len(rows) - len(shown), keys=keys)


def _heading(by: Dimension, measure: Measure) -> str:
    said = dimension_name(by)
    return _("%(by)s: half within", by=said) if measure == "seconds" else said


def _size(row: Line, measure: Measure) -> float:
    return (row.p50 or 0.0) if measure == "seconds" else float(row.count)


def _group(
    number: Number, asked: Asked, by: Dimension, measure: Measure, row: Line, before: Line | None, top: float
) -> Group:
    value = row.values[0]
    only = {by: NONE if value is None else value}
    narrow = None if by in ("target", "policy") else address("/numbers", {**asked.query, **only})
    missed = row.count - (row.kept or 0) if measure == "share" else 0
    more = {"kept": "false"} if missed else {}
    kept = row.count - missed if measure == "share" else _size(row, measure)
    then = None if before is None or measure == "share" else charts.share(_size(before, measure), top)
    where = {name: values for name, values in asked.where.items() if name != by}
    narrowed = _without(asked, where)
    return Group(
        name=target_words(value or "") if by == "target" else asked.name(by, value),
        narrow=narrow,
        href=tickets_at(number, narrowed, None, asked.period.span.end, **only, **more),
        words=_words(row, measure, missed),
        detail="" if before is None else _words(before, measure, before.count - (before.kept or 0)),
        share=charts.share(kept, top),
        before=then,
        missed=charts.share(missed, top),
    )


def _without(asked: Asked, where: dict[str, Sequence[str]]) -> Asked:
    return Asked(period=asked.period, where=where, by=asked.by, names=asked.names)


def _words(row: Line, measure: Measure, missed: int) -> str:
    if measure == "seconds":
        return _("%(time)s, %(num)s in all", time=lasting(row.p50 or 0), num=many(row.count))
    if measure == "share":
        return _("%(missed)s missed; %(part)s kept", missed=many(missed), part=part(row.kept or 0, row.count))
    return many(row.count)


async def read_load(visit: Visit, asked: Asked) -> list[Groups]:
    """What is open at the end of the period: in which queues, on which channels, with whom."""
    return [await grouped(visit, "backlog", asked, by) for by in LOADED]
