"""A matter's way over the channels: who waited for whom and how long, and where all of it lies on one axis of time.

Values in, values out. An axis is as long as what happened: stretches in which nothing did are drawn short, and say how
long they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

import msgspec

Side = Literal["customer", "desk", "note", "fact", "change"]
Waiting = Literal["customer", "desk"]
Turn = Literal["asks", "answers", "ends"]

MOST_BREAKS: Final = 10
BREAK: Final = 2.6
SMALL: Final = 40
"""A gap shorter than such a part of the whole is not worth a break."""
LONG: Final = 3.0
"""Nor is one that is not so many times as long as the usual one."""
LEAST_PIECE: Final = 2.5
NEAR: Final = 1.1
"""Marks nearer to one another than so many per cent are drawn as one."""
START: Final = 1.5
END: Final = 98.5
_WAITS: Final[Mapping[Turn, Waiting | None]] = {"asks": "customer", "answers": "desk", "ends": None}
_LENGTHS: Final = tuple(
    timedelta(seconds=one)
    for one in (
        60,
        600,
        3_600,
        14_400,
        43_200,
        86_400,
        259_200,
        604_800,
        1_209_600,
        2_592_000,
        3_888_000,
        5_184_000,
        7_776_000,
        15_552_000,
        31_536_000,
    )
)


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One item: when, on which lane, by whom."""

    id: str
    at: datetime
    lane: str
    side: Side
    kind: str
    words: str
    who: str


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """`waiting`: who waited. `open`: until now."""

    waiting: Waiting
    start: datetime
    end: datetime
    open: bool = False

    @property
    def seconds(self) -> float:
        return max((self.end - self.start).total_seconds(), 0.0)


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A time for which a matter was open; `open`: it still is."""

    start: datetime
    end: datetime
    open: bool


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time that is drawn to scale."""

    start: datetime
    end: datetime
    left: float
    right: float


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch that is drawn short."""

    left: float
    right: float
    seconds: float


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces in the order of time, with a break between each two."""

    pieces: Sequence[Piece]
    breaks: Sequence[Break]

    def x(self, at: datetime) -> float:
        """Where a moment lies; one in a break lies as far into it as into its time."""
        first = self.pieces[0]
        if at <= first.start:
            return first.left
        before = first
        for piece in self.pieces:
            if at < piece.start:
                return _between(at, before.end, piece.start, before.right, piece.left)
            if at <= piece.end:
                return _between(at, piece.start, piece.end, piece.left, piece.right)
            before = piece
        return before.right


def labels_of(axis: Axis, apart: float = 13.0) -> list[tuple[float, datetime]]:
    """Where the axis says what time it is: at the beginnings of its pieces and along long ones, as far as there is
    room."""
    found: list[tuple[float, datetime]] = []
    for piece in axis.pieces:
        steps = max(int((piece.right - piece.left) / (apart * 1.5)), 1)
        for step in range(steps):
            x = round(piece.left + (piece.right - piece.left) * step / steps, 3)
            if (not found or x - found[-1][0] >= apart) and x <= 100 - apart:
                found.append((x, piece.start + (piece.end - piece.start) * step / steps))
    return found


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One item, or several that lie too near to be drawn apart."""

    x: float
    side: Side
    items: Sequence[Happened]


def axis_of(moments: Sequence[datetime]) -> Axis:
    """An axis over at least one moment. What is drawn short is what is longer than the shortest length that leaves few
    breaks."""
    times = sorted(set(moments))
    limit = _limit(times)
    runs: list[list[datetime]] = [[times[0]]]
    for before, at in pairwise(times):
        if at - before > limit:
            runs.append([at])
        else:
            runs[-1].append(at)
    widths = _widths([(run[-1] - run[0]).total_seconds() for run in runs], len(runs) - 1)
    pieces: list[Piece] = []
    breaks: list[Break] = []
    left = START
    for run, width in zip(runs, widths, strict=True):
        if pieces:
            gap = (run[0] - pieces[-1].end).total_seconds()
            breaks.append(Break(left=round(left, 3), right=round(left + BREAK, 3), seconds=gap))
            left += BREAK
        pieces.append(Piece(start=run[0], end=run[-1], left=round(left, 3), right=round(left + width, 3)))
        left += width
    return Axis(pieces=pieces, breaks=breaks)


def _limit(times: Sequence[datetime]) -> timedelta:
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    if not gaps:
        return timedelta.max
    least = max((times[-1] - times[0]) / SMALL, gaps[len(gaps) // 2] * LONG)
    lengths = (one for one in _LENGTHS if one >= least)
    return next((one for one in lengths if sum(gap > one for gap in gaps) <= MOST_BREAKS), timedelta.max)


def _widths(seconds: Sequence[float], breaks: int) -> list[float]:
    """To one scale, and none so narrow that it cannot be seen."""
    room = END - START - BREAK * breaks
    spare = room - LEAST_PIECE * len(seconds)
    total = sum(seconds)
    return [LEAST_PIECE + (spare * one / total if total else spare / len(seconds)) for one in seconds]


def _between(at: datetime, start: datetime, end: datetime, left: float, right: float) -> float:
    whole = (end - start).total_seconds()
    part = (at - start).total_seconds() / whole if whole else 0.5
    return round(left + (right - left) * part, 3)


def marks_of(items: Sequence[Happened], axis: Axis) -> list[Mark]:
    """The marks of one lane, in the order of time. Of what is drawn as one, a customer's is never hidden."""
    groups: list[tuple[float, list[Happened]]] = []
    for item in sorted(items, key=lambda one: one.at):
        x = axis.x(item.at)
        if groups and x - groups[-1][0] < NEAR:
            groups[-1][1].append(item)
        else:
            groups.append((x, [item]))
    return [Mark(x=x, side=_side(held), items=tuple(held)) for x, held in groups]


def _side(held: Sequence[Happened]) -> Side:
    known = {one.side for one in held}
    order: tuple[Side, ...] = ("customer", "desk", "note", "change", "fact")
    return next(one for one in order if one in known)


def waits_of(turns: Sequence[tuple[datetime, Turn]], now: datetime | None) -> list[Wait]:
    """Who waited for whom: the customer from the first message that nobody has answered, the desk from its answer on
    until the customer comes back; nobody once the matter has ended. `now` is null where it is not open."""
    found: list[Wait] = []
    waiting: Waiting | None = None
    since: datetime | None = None
    for at, turn in sorted(turns, key=lambda one: (one[0], one[1] == "ends")):
        becomes = _WAITS[turn]
        if becomes == waiting:
            continue
        if waiting is not None and since is not None:
            found.append(Wait(waiting=waiting, start=since, end=at))
        waiting, since = becomes, at
    if waiting is not None and since is not None and now is not None:
        found.append(Wait(waiting=waiting, start=since, end=max(now, since), open=True))
    return [one for one in found if one.seconds > 0]


def stretches_of(opened: datetime, turns: Sequence[tuple[datetime, bool]], now: datetime) -> list[Stretch]:
    """When a matter was open: from its opening on, ended (False) and opened again (True) in turn."""
    found: list[Stretch] = []
    since: datetime | None = opened
    for at, opens in sorted(turns):
        if opens and since is None:
            since = at
        elif not opens and since is not None:
            found.append(Stretch(start=since, end=max(at, since), open=False))
            since = None
    return found if since is None else [*found, Stretch(start=since, end=max(now, since), open=True)]


def total(waits: Sequence[Wait], waiting: Waiting) -> float:
    """How many seconds somebody waited in all."""
    return sum(one.seconds for one in waits if one.waiting == waiting)
