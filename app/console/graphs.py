"""A chart as a template draws it: places with the words and the address of each part of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from app.console import charts
from app.console.charts import Box, Dot, Line
from app.console.dates import date_words, month, weekday
from app.console.language import _
from app.console.number_words import short
from app.console.periods import Step

Tone = Literal["now", "before", "good", "bad", "high", "tick"]
Query = Mapping[str, str | Sequence[str]]
Words = Callable[[float], str]

ENDS: Final = 12.0
"""Nearer to an edge than this a label is set towards the middle."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A column that opens what it was counted from. `partial`: its time is not over yet."""

    box: Box
    words: str
    href: str | None
    partial: bool = False


class Label(msgspec.Struct, frozen=True, kw_only=True):
    x: float
    y: float
    words: str
    anchor: Literal["start", "middle", "end"] = "middle"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A line through the chart: which one, and its dots with what each says."""

    tone: Tone
    line: Line
    dots: Sequence[tuple[Dot, str, str | None]] = ()


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A place that has a name, as a line down the chart."""

    label: Label
    tone: Tone


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    y: float
    words: str


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """`keys` say which look means what; `heading` what is drawn where a number has several."""

    scale: list[Scale]
    bars: list[Bar] = []
    tone: Tone = "now"
    runs: list[Run] = []
    marks: list[Mark] = []
    names: list[Label] = []
    told: list[Label] = []
    keys: list[tuple[Tone, str]] = []
    heading: str = ""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    words: str
    href: str | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The first cell of a row is its name."""

    caption: str
    head: list[str]
    rows: list[list[Cell]]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One of what a number is broken down by: a bar across, beside the one before; of promises also what was missed."""

    name: str
    narrow: str | None
    href: str
    words: str
    share: float
    before: float | None
    missed: float = 0.0
    detail: str = ""


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    heading: str
    groups: list[Group]
    left: int = 0
    keys: list[tuple[Tone, str]] = []


def address(path: str, query: Query) -> str:
    asked = urlencode({name: value for name, value in query.items() if value}, doseq=True)
    return f"{path}?{asked}" if asked else path


def step_name(at: datetime, step: Step, zone: ZoneInfo, *, long: bool = False) -> str:
    """What a step is called under the chart, or in full in a table."""
    here = at.astimezone(zone)
    if step == "hour":
        return f"{here:%H:%M}"
    if step == "month":
        name = month(here, short=not long)
        return _("%(month)s %(year)s", month=name, year=here.year if long else f"{here:%y}")
    day = date_words(here, year=False, short=True)
    if step == "week":
        return _("week of %(day)s %(year)s", day=day, year=here.year) if long else day
    if not long:
        return day
    return _("%(weekday)s %(date)s", weekday=weekday(here, short=True), date=date_words(here, short=True))


def names_of(words: Sequence[str], most: int = 5) -> list[Label]:
    """The names of some of the slots, below the chart."""
    return [_placed(charts.slot(at + 0.5, len(words)), words[at]) for at in charts.named(len(words), most)]


def edges_of(words: Sequence[str], slots: int) -> list[Label]:
    """The names of the borders between slots."""
    every = 1 if slots <= 8 else 2
    return [
        Label(x=charts.slot(at + 1, slots), y=charts.HEIGHT - 6, words=one)
        for at, one in enumerate(words)
        if at % every == 0 and at + 1 < slots
    ]


def _placed(x: float, words: str, y: float = charts.HEIGHT - 6) -> Label:
    anchor = "end" if x > 100 - ENDS / 2 else "start" if x < charts.LEFT + 1 else "middle"
    return Label(x=100.0 if anchor == "end" else x, y=y, words=words, anchor=anchor)


def scale_of(top: float, words: Words = short, *, times: bool = False) -> tuple[float, list[Scale]]:
    """Where the chart ends, and its lines with their words."""
    marks = charts.ticks(top, times=times)
    return marks[-1], [Scale(y=one.y, words=words(one.value)) for one in charts.grid(marks)]


def highest(boxes: Sequence[Box], values: Sequence[float], words: Words = short) -> list[Label]:
    """The highest column says how high it is; none where it is nothing."""
    if not values or max(values) <= 0:
        return []
    at = max(range(len(values)), key=lambda one: values[one])
    return [_placed(boxes[at].middle, words(values[at]), boxes[at].y - 5)]


def last(run: Sequence[Dot | None], values: Sequence[float | None], words: Words) -> list[Label]:
    """The last place of a line says its value."""
    known = [(dot, value) for dot, value in zip(run, values, strict=True) if dot is not None and value is not None]
    return [_placed(known[-1][0].x, words(known[-1][1]), max(known[-1][0].y - 7, 10.0))] if known else []
