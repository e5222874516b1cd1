"""Where things lie in a chart: scales, ticks, columns, lines. Values in, places out; no word and no colour.

Places across are per cent of the width and places down are pixels, so that a chart fits any width while its text keeps
its size. Lines are paths in a box of `ACROSS` by `HEIGHT`, which is stretched to the same width.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

HEIGHT: Final = 150
TOP: Final = 18.0
FLOOR: Final = 124.0
LEFT: Final = 9.0
RIGHT: Final = 100.0
ACROSS: Final = 1_000
MOST_TICKS: Final = 4
LEAST_SEEN: Final = 1.5
"""Pixels of what is more than nothing."""
_STEPS: Final = (1, 2, 2.5, 5, 10)
_TIMES: Final = tuple(
    float(one * unit) for unit, ones in (
        (1, (1, 2, 5, 10, 15, 30)), (60, (1, 2, 5, 10, 15, 30)), (3_600, (1, 2, 4, 6, 8, 12)),
        (86_400, (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)),
    ) for one in ones
)  # fmt: skip


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """A line across the chart."""

    value: float
    y: float


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A column, and the whole height in which it can be hit."""

    x: float
    width: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 3)


class Dot(msgspec.Struct, frozen=True, kw_only=True):
    x: float
    y: float


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A path with gaps where nothing is known, and the dots that stand alone between two gaps."""

    path: str
    alone: list[Dot]


def ticks(top: float, *, times: bool = False) -> tuple[float, ...]:
    """From nothing to at least `top`, in steps that one reads at a glance: whole numbers, or times in whole units."""
    if top <= 0:
        top = 60.0 if times else 1.0
    step = _time_step(top) if times else _step(top)
    return tuple(step * at for at in range(max(math.ceil(round(top / step, 9)), 1) + 1))


def _step(top: float) -> float:
    bare = top / MOST_TICKS
    if bare <= 1:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(bare))
    return next(one * unit for one in _STEPS if one * unit >= bare and (one * unit).is_integer())


def _time_step(top: float) -> float:
    bare = top / MOST_TICKS
    return next((one for one in _TIMES if one >= bare), math.ceil(bare / 86_400) * 86_400.0)


def height_of(value: float, top: float) -> float:
    """How many pixels high a value is; what is more than nothing is seen."""
    if value <= 0 or top <= 0:
        return 0.0
    return round(max(min(value / top, 1.0) * (FLOOR - TOP), LEAST_SEEN), 2)


def y_of(value: float, top: float) -> float:
    return round(FLOOR - (height_of(value, top) if value > 0 else 0.0), 2)


def grid(marks: Sequence[float]) -> list[Tick]:
    """The lines of a scale that ends at its last tick."""
    return [Tick(value=one, y=y_of(one, marks[-1])) for one in marks]


def slot(at: float, of: int) -> float:
    """Where the `at`-th of so many slots begins."""
    return round(LEFT + (RIGHT - LEFT) * at / max(of, 1), 3)


def columns(values: Sequence[float], top: float, *, gap: float = 0.28) -> list[Box]:
    """One beside the other; `gap` is the part of each slot that stays free."""
    wide = (RIGHT - LEFT) / max(len(values), 1)
    return [
        Box(
            x=round(slot(at, len(values)) + wide * gap / 2, 3),
            width=round(wide * (1 - gap), 3),
            y=y_of(value, top),
            height=height_of(value, top),
        )
        for at, value in enumerate(values)
    ]


def dots(values: Sequence[float | None], top: float) -> list[Dot | None]:
    """In the middle of each slot."""
    return [
        None if value is None else Dot(x=slot(at + 0.5, len(values)), y=y_of(value, top))
        for at, value in enumerate(values)
    ]


def line(values: Sequence[float | None], top: float) -> Line:
    """Through what is known, and not across what is not."""
    runs: list[list[Dot]] = [[]]
    for dot in dots(values, top):
        if dot is None:
            runs.append([])
        else:
            runs[-1].append(dot)
    path = " ".join(
        "M" + " L".join(f"{round(dot.x * ACROSS / 100, 1):g},{dot.y:g}" for dot in run) for run in runs if len(run) > 1
    )
    return Line(path=path, alone=[run[0] for run in runs if len(run) == 1])


def named(count: int, most: int = 5) -> list[int]:
    """Which of so many slots carry their name: evenly, the last one always."""
    if count <= most:
        return list(range(count))
    every = math.ceil(count / most)
    return list(range(count - 1, -1, -every))[::-1]


def share(value: float, of: float) -> float:
    """Per cent of the width."""
    return round(100 * value / of, 2) if of > 0 else 0.0


def place_in_spread(seconds: float, bounds: Sequence[float]) -> float:
    """Where a time lies across a spread whose slots are cut at `bounds`, the last without an end: within a slot in
    proportion, in the last one in its middle."""
    edges = [0.0, *bounds]
    of = len(edges)
    at = sum(seconds >= one for one in bounds)
    if at == len(bounds):
        return slot(at + 0.5, of)
    return slot(at + (seconds - edges[at]) / (edges[at + 1] - edges[at]), of)


def shown_parts(counts: Sequence[int]) -> range:
    """The slots of a spread from the first that holds anything to the last, one more at each side, four at least."""
    held = [at for at, count in enumerate(counts) if count]
    if not held:
        return range(len(counts))
    first, last = max(held[0] - 1, 0), min(held[-1] + 2, len(counts))
    return range(max(min(first, last - 4), 0), min(max(last, first + 4), len(counts)))
