"""A journey as a template draws it: a row for each ticket with its waits and promises, a lane for each channel."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from app.console.journey_reading import DESK, Matter, Read
from app.console.journeys import Axis, Happened, Mark, Side, Wait, axis_of, labels_of, marks_of, stretches_of, waits_of
from app.console.language import _, counted
from app.console.number_words import lasting
from app.console.rendering import words as plain
from app.console.ticket_words import target_words
from timeline.tickets.promises import ClockView
from timeline.tickets.reading import TicketView

MOST_PROMISES: Final = 60
SEAMS: Final = frozenset({"CustomersMerged", "CustomersUnmerged", "ContactsSplit"})
_RUNNING: Final = ("running", "paused")
State = Literal["met", "missed", "running", "paused", "stopped"]


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a row."""

    x: float
    width: float
    tone: str
    words: str


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """Where a promise was kept, or was due; `late` is from then until it was kept after all, or the ticket ended, or
    until now."""

    at: float | None
    late: tuple[float, float] | None
    state: str
    words: str


class TicketRow(msgspec.Struct, frozen=True, kw_only=True):
    ticket: TicketView
    open: Sequence[Strip]
    waits: Sequence[Strip]
    promises: Sequence[Promise]
    back: Sequence[tuple[float, str]]
    """Where it was reopened."""


class LaneMark(msgspec.Struct, frozen=True, kw_only=True):
    x: float
    side: Side
    count: int
    words: str
    first: Happened


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    marks: Sequence[LaneMark]


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    axis: Axis
    tickets: Sequence[TicketRow]
    lanes: Sequence[Lane]
    seams: Sequence[tuple[float, str]]
    said: Sequence[str]
    labels: Sequence[tuple[float, datetime]]
    breaks: Sequence[tuple[float, str]]
    shared: bool
    """Whether several items are drawn as one mark somewhere."""


def drawn(read: Read) -> Journey | None:
    """None where nothing happened."""
    waits = {matter.ticket.id: _waits(matter, read.now) for matter in read.matters}
    moments = [one.at for one in read.items]
    for matter in read.matters:
        moments += _moments(matter, waits[matter.ticket.id], read.now)
    if read.items and read.more:
        moments = [max(one, read.items[0].at) for one in moments]
    if not moments:
        return None
    axis = axis_of(moments)
    lanes = _lanes(read.items, axis)
    return Journey(
        axis=axis,
        tickets=[_ticket_row(one, waits[one.ticket.id], axis, read.now) for one in read.matters],
        lanes=lanes,
        seams=[(axis.x(one.at), one.words) for one in read.items if one.kind in SEAMS],
        said=_said(read, [wait for found in waits.values() for wait in found]),
        labels=labels_of(axis),
        breaks=[(round((one.left + one.right) / 2, 3), lasting(one.seconds)) for one in axis.breaks],
        shared=any(mark.count > 1 for lane in lanes for mark in lane.marks),
    )


def _ends(matter: Matter) -> list[datetime]:
    told = [one.at for one in matter.moments if one.turn in ("resolved", "closed")]
    ended = matter.ticket.resolved_at or matter.ticket.closed_at
    return told if ended is None or ended in told else [*told, ended]


def _waits(matter: Matter, now: datetime) -> list[Wait]:
    ends = _ends(matter)
    is_open = matter.ticket.resolved_at is None and matter.ticket.closed_at is None
    return waits_of([*matter.turns, *((at, "ends") for at in ends)], now if is_open else None)


def _stopped(matter: Matter, clock: ClockView) -> datetime | None:
    """When a promise that nobody kept came to nothing: with the end of its ticket."""
    due = clock.breached_at or clock.due_at
    if clock.met_at is not None or due is None:
        return None
    return min((at for at in _ends(matter) if at >= due), default=None)


def _moments(matter: Matter, waits: Sequence[Wait], now: datetime) -> list[datetime]:
    """Whatever of a ticket has a place of its own on the axis."""
    ticket = matter.ticket
    found = [ticket.opened_at, *_ends(matter), *(one.at for one in matter.moments)]
    found += [at for one in waits for at in (one.start, one.end)]
    found += [at for clock in ticket.sla for at in _places(clock) if at is not None]
    if any(one.open for one in waits) or any(clock.state in _RUNNING for clock in ticket.sla):
        found.append(now)
    return found


def _places(clock: ClockView) -> tuple[datetime | None, ...]:
    """Where a promise is drawn: a kept one when it was kept, others when they were due."""
    if clock.state == "met":
        return (clock.met_at,)
    return (clock.breached_at or clock.due_at, clock.met_at) if clock.state == "missed" else (clock.due_at,)


def _ticket_row(matter: Matter, waits: Sequence[Wait], axis: Axis, now: datetime) -> TicketRow:
    back = [one.at for one in matter.moments if one.turn == "reopened"]
    turns = [*((at, False) for at in _ends(matter)), *((at, True) for at in back)]
    return TicketRow(
        ticket=matter.ticket,
        open=[
            _strip(axis, one.start, one.end, "open", _("open, until now") if one.open else _("open"))
            for one in stretches_of(matter.ticket.opened_at, turns, now)
        ],
        waits=[_strip(axis, one.start, one.end, one.waiting, _wait_words(one)) for one in waits],
        promises=[_promise(one, axis, _stopped(matter, one), now) for one in matter.ticket.sla[-MOST_PROMISES:]],
        back=[(axis.x(at), _("reopened")) for at in back],
    )


def _strip(axis: Axis, start: datetime, end: datetime, tone: str, words: str) -> Strip:
    left, right = axis.x(start), axis.x(end)
    return Strip(x=left, width=round(max(right - left, 0.3), 3), tone=tone, words=words)


def _wait_words(wait: Wait) -> str:
    time = lasting(wait.seconds)
    if wait.waiting == "customer":
        return _("the customer waited %(time)s, until now", time=time) if wait.open else _(
            "the customer waited %(time)s", time=time
        )  # fmt: skip
    return _("we waited %(time)s, until now", time=time) if wait.open else _("we waited %(time)s", time=time)


def _promise(clock: ClockView, axis: Axis, stopped: datetime | None, now: datetime) -> Promise:
    places = _places(clock)
    late = None
    if clock.state == "missed" and places[0] is not None:
        late = (axis.x(places[0]), axis.x(clock.met_at or stopped or now))
    at = None if places[0] is None else axis.x(places[0])
    return Promise(at=at, late=late, state=clock.state, words=promise_words(clock, stopped, now))


def promise_words(clock: ClockView, stopped: datetime | None, now: datetime) -> str:
    """One promise: which, what became of it, by how much."""
    name = target_words(clock.target)
    due = clock.breached_at or clock.due_at
    if clock.state == "met":
        return _("%(promise)s: kept", promise=name)
    if clock.state == "missed" and due is not None:
        if clock.met_at is not None:
            late = lasting((clock.met_at - due).total_seconds())
            return _("%(promise)s: missed by %(time)s", promise=name, time=late)
        if stopped is not None:
            return _("%(promise)s: missed, and the ticket ended without it", promise=name)
        return _("%(promise)s: missed, for %(time)s so far", promise=name, time=lasting((now - due).total_seconds()))
    if clock.state == "stopped":
        return _("%(promise)s: the ticket ended first", promise=name)
    if clock.state == "paused":
        return _("%(promise)s: stands still", promise=name)
    if due is None:
        return name
    return _("%(promise)s: due in %(time)s", promise=name, time=lasting(max((due - now).total_seconds(), 0)))


def _lanes(items: Sequence[Happened], axis: Axis) -> list[Lane]:
    """Channels in the order in which they came in, the desk's own last."""
    found: dict[str, list[Happened]] = {}
    for item in items:
        if item.kind not in SEAMS:
            found.setdefault(item.lane, []).append(item)
    within = found.pop(DESK, None)
    lanes = [_lane(plain(name), held, axis) for name, held in found.items()]
    return [*lanes, _lane(_("within the desk"), within, axis)] if within else lanes


def _lane(name: str, held: Sequence[Happened], axis: Axis) -> Lane:
    return Lane(name=name, marks=[_lane_mark(one) for one in marks_of(held, axis)])


def _lane_mark(mark: Mark) -> LaneMark:
    first = mark.items[0]
    words = f"{first.who}: {first.words}"[:160]
    if len(mark.items) > 1:
        words = counted("%(words)s, and %(num)s more", "%(words)s, and %(num)s more", len(mark.items) - 1, words=words)
    return LaneMark(x=mark.x, side=mark.side, count=len(mark.items), words=words, first=first)


def _said(read: Read, waits: Sequence[Wait]) -> list[str]:
    """What a lead wants to know first, in sentences."""
    found: list[str] = []
    channels = {one.lane for one in read.items if one.lane != DESK}
    if read.items:
        lasted = lasting((read.items[-1].at - read.items[0].at).total_seconds())
        count = counted("%(num)s item", "%(num)s items", len(read.items))
        on = counted("on %(num)s channel", "on %(num)s channels", len(channels))
        found.append(_("%(items)s %(channels)s in %(time)s.", items=count, channels=on, time=lasted))
    found += [one for one in (_waited(waits, "customer"), _waited(waits, "desk")) if one]
    clocks = [(matter, clock) for matter in read.matters for clock in matter.ticket.sla]
    missed = [(matter, clock) for matter, clock in clocks if clock.state == "missed"]
    kept = sum(clock.state == "met" for _matter, clock in clocks)
    if clocks:
        found.append(_("Promises: %(kept)s kept, %(missed)s missed.", kept=kept, missed=len(missed)))
        found += [f"{promise_words(one, _stopped(matter, one), read.now)}." for matter, one in missed[-5:]]
    handed = sum(one.kind in ("TicketAssigned", "TicketQueued") for one in read.items)
    if handed:
        found.append(counted("Handed on once.", "Handed on %(num)s times.", handed))
    back = sum(matter.ticket.reopened for matter in read.matters)
    if back:
        found.append(counted("Reopened once.", "Reopened %(num)s times.", back))
    return found


def _waited(waits: Sequence[Wait], waiting: str) -> str:
    held = [one for one in waits if one.waiting == waiting]
    if not held:
        return ""
    told = {"total": lasting(sum(one.seconds for one in held)), "longest": lasting(max(one.seconds for one in held))}
    if waiting == "customer":
        return counted(
            "The customer waited once, %(total)s.",
            "The customer waited %(num)s times, %(total)s in all, %(longest)s at most.",
            len(held),
            **told,
        )
    return counted(
        "We waited for the customer once, %(total)s.",
        "We waited for the customer %(num)s times, %(total)s in all, %(longest)s at most.",
        len(held),
        **told,
    )
