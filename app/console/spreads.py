"""How times are spread: how many took how long, with the middle and nine of ten marked, beside the time before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.api.reports import Report
from app.console import charts
from app.console.counting import Asked, tickets_at
from app.console.graphs import Bar, Cell, Graph, Label, Mark, Run, Table, Tone, edges_of, scale_of
from app.console.language import _
from app.console.number_words import lasting, many
from app.console.periods import against
from timeline.tickets.reporting import Part
from timeline.tickets.reporting_views import Number

NEAR: Final = 30.0
"""Nearer than so many per cent, names would stand on one another."""


def range_words(part: Part) -> str:
    if part.below is None:
        return _("%(least)s or longer", least=lasting(part.least))
    if part.least == 0:
        return _("less than %(below)s", below=lasting(part.below))
    return _("%(least)s to %(below)s", least=lasting(part.least), below=lasting(part.below))


def spread_graph(number: Number, asked: Asked, now: Report, then: Report | None) -> Graph:
    """Only the slots that hold something, with one more at each side; both times lie on the same ones."""
    every, earlier = now.spread or [], (then.spread or []) if then else []
    both = [one.count + (earlier[at].count if earlier else 0) for at, one in enumerate(every)]
    held = charts.shown_parts(both)
    parts = [every[at] for at in held]
    counts, before = [one.count for one in parts], [earlier[at].count for at in held] if earlier else None
    top, scale = scale_of(max([*counts, *(before or ()), 0]))
    boxes = charts.columns(counts, top, gap=0.06)
    bars = [
        Bar(box=box, words=f"{range_words(one)}: {many(one.count)}", href=part_href(number, asked, one))
        for box, one in zip(boxes, parts, strict=True)
    ]
    runs, keys = _before(before, top, asked)
    bounds = [one.below for one in parts if one.below is not None]
    return Graph(
        scale=scale, bars=bars, runs=runs, keys=keys, marks=_marks(now, parts),
        names=edges_of([lasting(one) for one in bounds], len(parts)), heading=_("How long they took"),
    )  # fmt: skip


def _before(counts: Sequence[int] | None, top: float, asked: Asked) -> tuple[list[Run], list[tuple[Tone, str]]]:
    if counts is None or not any(counts):
        return [], []
    keys: list[tuple[Tone, str]] = [("now", _("this period")), ("before", against(asked.period))]
    return [Run(tone="before", line=charts.line(counts, top))], keys


def _marks(report: Report, parts: Sequence[Part]) -> list[Mark]:
    row = report.rows[0] if report.rows else None
    if row is None or row.count < 2 or row.p50 is None or row.p90 is None or not parts:
        return []
    low = parts[0].least
    bounds = [one.below - low for one in parts if one.below is not None]
    tones: tuple[tuple[Tone, float, str, float], ...]
    tones = (("now", row.p50, _("half"), 9.0), ("high", row.p90, _("9 of 10"), 9.0))
    found: list[Mark] = []
    for tone, seconds, words, y in tones:
        x = round(charts.place_in_spread(seconds - low, bounds), 3)
        near = bool(found) and abs(x - found[0].label.x) < NEAR
        anchor = "start" if x < 80 else "end"
        label = Label(x=x, y=y + (11 if near else 0), words=f"{words}: {lasting(seconds)}", anchor=anchor)
        found.append(Mark(label=label, tone=tone))
    return found


def part_href(number: Number, asked: Asked, part: Part) -> str:
    below = {} if part.below is None else {"below": f"{part.below:g}"}
    return tickets_at(number, asked, None, _end(asked), least=f"{part.least:g}", **below)


def _end(asked: Asked) -> datetime:
    return asked.period.span.end


def spread_table(number: Number, asked: Asked, report: Report) -> Table:
    rows = [
        [Cell(words=range_words(one)), Cell(words=many(one.count), href=part_href(number, asked, one))]
        for one in report.spread or []
        if one.count
    ]
    return Table(caption=_("How long they took"), head=[_("Time"), _("How many")], rows=rows)
