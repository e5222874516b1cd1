"""One number of the desk as a page shows it: a sentence, what changed, charts, and the same as a table."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from app.console import charts
from app.console.counting import Asked, count, in_steps, measure_of
from app.console.graphs import (
    Bar,
    Cell,
    Graph,
    Groups,
    Run,
    Table,
    Tone,
    address,
    highest,
    last,
    names_of,
    scale_of,
)
from app.console.groups import broken_down, by_target
from app.console.language import _, counted
from app.console.number_words import compared, compared_shares, compared_times, lasting, many, part
from app.console.pages import Visit
from app.console.periods import Period, against
from app.console.spreads import spread_graph, spread_table
from app.console.steps import Steps, coarser, steps_of, when
from timeline.tickets.reporting import DEFINITIONS, Line
from timeline.tickets.reporting_views import Number

FEW_TIMES: Final = 10
"""Of fewer, nine of ten are all of them."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """`said` is the number in words, `compared` what changed (empty: nothing to compare with), `beside` what one has
    to know to read it right."""

    name: Number
    title: str
    definition: str
    dated: str
    said: str
    compared: str
    beside: str
    graphs: Sequence[Graph]
    groups: Sequence[Groups]
    tables: Sequence[Table]
    csv: str
    page: str


def within(period: Period) -> str:
    return _("in %(that)s", that=against(period))


def title_of(number: Number) -> str:
    return {
        "opened": _("Opened"),
        "ended": _("Ended"),
        "reopened": _("Reopened"),
        "backlog": _("Backlog: still open"),
        "first_response": _("Time to the first response"),
        "next_response": _("Time to the next responses"),
        "first_resolution": _("Time to the first resolution"),
        "resolution": _("Time to the last resolution"),
        "sla": _("Promises kept and missed"),
    }[number]


async def read_figure(visit: Visit, number: Number, asked: Asked) -> Figure:
    if number == "backlog":
        return await _level(visit, number, asked)
    made: dict[str, Callable[[Visit, Number, Asked], Awaitable[Figure]]]
    made = {"count": _counts, "seconds": _times, "share": _promises}
    return await made[measure_of(number)](visit, number, asked)


def _figure(
    number: Number,
    asked: Asked,
    said: str,
    changed: str,
    *,
    beside: str = "",
    graphs: Sequence[Graph] = (),
    groups: Sequence[Groups] = (),
    tables: Sequence[Table] = (),
) -> Figure:
    return Figure(
        name=number,
        title=title_of(number),
        definition=DEFINITIONS[number].definition,
        dated=DEFINITIONS[number].dated,
        said=said,
        compared=changed,
        beside=beside,
        graphs=graphs,
        groups=groups,
        tables=tables,
        csv=address(f"/numbers/{number}/csv", asked.query),
        page=address(f"/numbers/{number}", asked.query),
    )


# -- how many --------------------------------------------------------------------------------------------------------


async def _counts(visit: Visit, number: Number, asked: Asked) -> Figure:
    period, steps = asked.period, steps_of(asked.period)
    now = _of(in_steps((await count(visit, number, asked, period.span, period.step)).rows, steps.starts))
    before, changed = None, ""
    if period.before is not None:
        rows = (await count(visit, number, asked, period.before, period.step)).rows
        before = _of(in_steps(rows, steps.before)) if steps.before else None
        changed = compared(sum(now), sum(row.count for row in rows), within(period))
    told = {"total": many(sum(now))}
    said = _("%(total)s times", **told) if number == "reopened" else _("%(total)s tickets", **told)
    hrefs = steps.hrefs(number, asked)
    return _figure(
        number, asked, said, changed,
        graphs=[_columns(now, before, steps, hrefs)] if any(now) or any(before or ()) else [],
        groups=await broken_down(visit, number, asked),
        tables=[_table_of_counts(title_of(number), now, before, steps, hrefs)],
    )  # fmt: skip


def _of(rows: Sequence[Line | None]) -> list[int]:
    return [row.count if row is not None else 0 for row in rows]


def _columns(
    now: Sequence[int], before: Sequence[int] | None, steps: Steps, hrefs: Sequence[str], tone: Tone = "now"
) -> Graph:
    top, scale = scale_of(max([*now, *(before or ()), 0]))
    boxes = charts.columns(now, top)
    bars = [
        Bar(box=box, words=f"{steps.long(at)}: {many(now[at])}", href=href, partial=steps.partial(at))
        for at, (box, href) in enumerate(zip(boxes, hrefs, strict=True))
    ]
    runs: list[Run] = []
    keys: list[tuple[Tone, str]] = []
    if before is not None:
        runs = [Run(tone="before", line=charts.line(before, top))]
        keys = [(tone, _("this period")), ("before", against(steps.period))]
    told = highest(boxes, now)
    return Graph(scale=scale, bars=bars, tone=tone, runs=runs, names=names_of(steps.short), told=told, keys=keys)


def _table_of_counts(
    caption: str, now: Sequence[int], before: Sequence[int] | None, steps: Steps, hrefs: Sequence[str]
) -> Table:
    rows = [
        [
            Cell(words=steps.long(at)),
            Cell(words=many(value), href=hrefs[at] if value else None),
            *([Cell(words=many(before[at]))] if before is not None and at < len(before) else []),
        ]
        for at, value in enumerate(now)
    ]
    head = [when(steps), _("This period"), *([_sentence(against(steps.period))] if before is not None else [])]
    return Table(caption=caption, head=head, rows=rows)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


# -- how many at a time ----------------------------------------------------------------------------------------------


async def _level(visit: Visit, number: Number, asked: Asked) -> Figure:
    period, steps = asked.period, steps_of(asked.period)
    rows = in_steps((await count(visit, number, asked, period.span, period.step)).rows, steps.starts)
    now, newest = _of(rows), rows[-1]
    before, changed = None, ""
    if period.before is not None:
        then = (await count(visit, number, asked, period.before, period.step)).rows
        before = _of(in_steps(then, steps.before)) if steps.before else None
        last_then = in_steps(then, [period.steps(period.before)[-1]])[0]
        changed = compared(
            now[-1], last_then.count if last_then else 0, _("at the end of %(that)s", that=against(period))
        )
    hrefs = steps.hrefs(number, asked)
    return _figure(
        number, asked, _open_words(now[-1], period), changed, beside=_ages(newest),
        graphs=[_levels(now, before, steps, hrefs)],
        groups=await broken_down(visit, number, asked),
        tables=[_table_of_counts(title_of(number), now, before, steps, hrefs)],
    )  # fmt: skip


def _open_words(now: int, period: Period) -> str:
    return _("%(num)s open now", num=many(now)) if period.runs else _("%(num)s open at its end", num=many(now))


def _ages(row: Line | None) -> str:
    if row is None or row.p50 is None or row.p90 is None:
        return ""
    if row.count < FEW_TIMES:
        return _("Half of them for %(half)s or less.", half=lasting(row.p50))
    return _(
        "Half of them for %(half)s or less, one in ten for longer than %(most)s.",
        half=lasting(row.p50),
        most=lasting(row.p90),
    )


def _levels(now: Sequence[int], before: Sequence[int] | None, steps: Steps, hrefs: Sequence[str]) -> Graph:
    top, scale = scale_of(max([*now, *(before or ()), 0]))
    run = charts.dots(now, top)
    dots = [(dot, f"{steps.long(at)}: {many(now[at])}", hrefs[at]) for at, dot in enumerate(run) if dot is not None]
    runs = [Run(tone="now", line=charts.line(now, top), dots=dots)]
    keys: list[tuple[Tone, str]] = []
    if before is not None:
        runs = [Run(tone="before", line=charts.line(before, top)), *runs]
        keys = [("now", _("this period")), ("before", against(steps.period))]
    return Graph(scale=scale, runs=runs, names=names_of(steps.short), told=last(run, now, many), keys=keys)


# -- how long --------------------------------------------------------------------------------------------------------


async def _times(visit: Visit, number: Number, asked: Asked) -> Figure:
    period, steps = asked.period, steps_of(coarser(asked.period))
    whole = await count(visit, number, asked, period.span, spread="true")
    row = whole.rows[0] if whole.rows else None
    rows = in_steps((await count(visit, number, asked, period.span, steps.period.step)).rows, steps.starts)
    then, changed = None, ""
    if period.before is not None:
        then = await count(visit, number, asked, period.before, spread="true")
        if row is not None and row.p50 is not None:
            earlier = then.rows[0]
            changed = compared_times(row.p50, earlier.p50, earlier.count, within(period))
    hrefs = steps.hrefs(number, asked)
    return _figure(
        number, asked, _times_words(row), changed,
        graphs=[
            spread_graph(number, asked, whole, then),
            _middles(rows, steps, hrefs),
        ]
        if row is not None and row.count
        else [],
        groups=await broken_down(visit, number, asked),
        tables=[spread_table(number, asked, whole), _table_of_times(rows, steps, hrefs)],
    )  # fmt: skip


def _times_words(row: Line | None) -> str:
    if row is None or row.count == 0 or row.p50 is None or row.p90 is None:
        return _("None")
    told = {"num": many(row.count), "half": lasting(row.p50), "most": lasting(row.p90)}
    if row.count == 1:
        return _("%(half)s: there is only one", **told)
    if row.count < FEW_TIMES:
        return _("Half of %(num)s within %(half)s, all within %(most)s", **told)
    return _("Half of %(num)s within %(half)s, nine of ten within %(most)s", **told)


def _middles(rows: Sequence[Line | None], steps: Steps, hrefs: Sequence[str]) -> Graph:
    halves, most = [row and row.p50 for row in rows], [row and row.p90 for row in rows]
    top, scale = scale_of(max([one for one in most if one is not None], default=0), lasting, times=True)
    tones: tuple[tuple[Tone, Sequence[float | None], str], ...]
    tones = (("high", most, _("nine of ten within")), ("now", halves, _("half within")))
    runs = [
        Run(
            tone=tone,
            line=charts.line(values, top),
            dots=[
                (dot, f"{steps.long(at)}: {words} {lasting(value)}, {_all(rows[at])}", hrefs[at])
                for at, (dot, value) in enumerate(zip(charts.dots(values, top), values, strict=True))
                if dot is not None and value is not None
            ],
        )
        for tone, values, words in tones
    ]
    keys: list[tuple[Tone, str]] = [("now", _("half within")), ("high", _("nine of ten within"))]
    told = last(charts.dots(halves, top), halves, lasting)
    return Graph(scale=scale, runs=runs, names=names_of(steps.short), told=told, keys=keys, heading=_("When they came"))


def _all(row: Line | None) -> str:
    return counted("%(num)s in all", "%(num)s in all", row.count if row else 0)


def _table_of_times(rows: Sequence[Line | None], steps: Steps, hrefs: Sequence[str]) -> Table:
    found = [
        [
            Cell(words=steps.long(at)),
            Cell(words=many(row.count), href=hrefs[at]),
            Cell(words=lasting(row.p50 or 0)),
            Cell(words=lasting(row.p90 or 0)),
        ]
        for at, row in enumerate(rows)
        if row is not None and row.count
    ]
    head = [when(steps), _("How many"), _("Half within"), _("Nine of ten within")]
    return Table(caption=_("When they came"), head=head, rows=found)


# -- kept and missed -------------------------------------------------------------------------------------------------


async def _promises(visit: Visit, number: Number, asked: Asked) -> Figure:
    period, steps = asked.period, steps_of(asked.period)
    rows = in_steps((await count(visit, number, asked, period.span, period.step)).rows, steps.starts)
    kept = sum(row.kept or 0 for row in rows if row is not None)
    of = sum(row.count for row in rows if row is not None)
    missed = [row.count - (row.kept or 0) if row is not None else 0 for row in rows]
    before, changed = None, ""
    if period.before is not None:
        then = (await count(visit, number, asked, period.before, period.step)).rows
        changed = compared_shares(
            (kept, of), (sum(one.kept or 0 for one in then), sum(one.count for one in then)), within(period)
        )
        placed = in_steps(then, steps.before)
        before = [one.count - (one.kept or 0) if one is not None else 0 for one in placed] if steps.before else None
    hrefs = steps.hrefs(number, asked, kept="false")
    graph = msgspec.structs.replace(
        _columns(missed, before, steps, hrefs, tone="bad"), heading=_("Missed, by when they were due")
    )
    return _figure(
        number, asked, _kept_words(kept, of), changed,
        graphs=[graph] if of else [],
        groups=[*await by_target(visit, number, asked), *await broken_down(visit, number, asked)],
        tables=[_table_of_promises(rows, steps, hrefs)],
    )  # fmt: skip


def _kept_words(kept: int, of: int) -> str:
    if of == 0:
        return _("No promise was due")
    return _("%(missed)s missed; %(part)s kept", missed=many(of - kept), part=part(kept, of))


def _table_of_promises(rows: Sequence[Line | None], steps: Steps, hrefs: Sequence[str]) -> Table:
    found = []
    for at, row in enumerate(rows):
        if row is None or row.count == 0:
            continue
        kept = row.kept or 0
        missed = Cell(words=many(row.count - kept), href=hrefs[at] if row.count > kept else None)
        found.append([Cell(words=steps.long(at)), missed, Cell(words=many(kept)), Cell(words=part(kept, row.count))])
    head = [when(steps), _("Missed"), _("Kept"), _("Part that was kept")]
    return Table(caption=_("By when they were due"), head=head, rows=found)
