"""Reports by brute force: every answer, end and reopening told by the oracle of tickets while it walks the ledger, and
counted in Python by the letter of docs/reports.md. Knows no SQL and none of the code that it judges."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.laws.edits_oracle import _Edited
from tests.laws.ticket_ledger import Ledger
from tests.laws.ticket_records import OEvent, OMerge, OTicket

Span = tuple[Any, datetime, datetime | None, Any]
"""Of a ticket: when, since when, who had it."""


class Watched(_Edited):
    """The oracle at work, watched: what reports count is noted as it happens."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(list(ledger.merges), ledger.homes, list(ledger.policies))
        self.every = {event.id: event for event in ledger.events}
        self.seen = dict(self.every)
        self.ends: list[tuple[int, Span]] = []
        self.reopenings: list[tuple[int, Span]] = []
        self.firsts: list[Span] = []
        self.nexts: list[Span] = []
        for thing in sorted([*ledger.events, *self.merges], key=lambda thing: thing.position):
            if isinstance(thing, OMerge):
                self.join(thing)
            else:
                self.step(thing)

    def let_time_pass(self, mine: list[OTicket], now: Any) -> None:
        for ticket in mine:
            turns_at = ticket.resolves_at or ticket.closes_at
            if ticket.joined_into is None and ticket.live and turns_at is not None and turns_at <= now:
                self.end(ticket, turns_at)
        super().let_time_pass(mine, now)

    def end(self, ticket: OTicket, at: datetime) -> None:
        self.ends.append((ticket.reopened, (ticket.id, at, ticket.opened_now, ticket.assignee)))

    def set_status(self, ticket: OTicket, status: str, event: OEvent) -> None:
        was_live = ticket.live
        super().set_status(ticket, status, event)
        if was_live and ticket.ended:
            self.end(ticket, event.now)
        if not was_live and ticket.live:
            self.reopenings.append((ticket.reopened, (ticket.id, event.now, None, ticket.assignee)))

    def late(self, here: list[OTicket], event: OEvent, policy: Any) -> None:
        before = len(self.tickets)
        super().late(here, event, policy)
        if len(self.tickets) > before:
            born = self.tickets[-1]
            self.ends = [(again, end) for again, end in self.ends if end[0] != born.id]
            self.ends.append((0, (born.id, event.shown, None, None)))

    def take(self, ticket: OTicket, event: OEvent, policy: Any) -> None:
        asked, is_first, agent = ticket.asked_at, ticket.first_reply_at is None, ticket.assignee
        super().take(ticket, event, policy)
        if (
            event.kind in ("message", "call")
            and event.direction == "outbound"
            and asked is not None
            and not event.reminder
        ):
            (self.firsts if is_first else self.nexts).append((ticket.id, event.now, asked, agent))


@dataclass(frozen=True)
class Found:
    """One fact: what the ticket is, when, how long it took."""

    ticket: OTicket
    at: datetime
    took: timedelta | None
    agent: Any


class Desk:
    """A ledger's facts, number by number, as they are known at `now`."""

    def __init__(self, ledger: Ledger, now: datetime) -> None:
        self.watched = Watched(ledger)
        self.now = now
        self.tickets = {ticket.id: ticket for ticket in self.watched.tickets}
        self.standing = [
            ticket
            for ticket in self.watched.tickets
            if ticket.joined_into is None and ticket.id not in self.watched.behind
        ]
        self.ends = list(self.watched.ends)
        for ticket in self.standing:
            turns_at = ticket.resolves_at or ticket.closes_at
            if ticket.live and turns_at is not None and turns_at <= now:
                self.ends.append((ticket.reopened, (ticket.id, turns_at, ticket.opened_now, ticket.assignee)))

    def root(self, ticket: Any) -> OTicket:
        found = self.tickets[ticket]
        return found if found.joined_into is None else self.root(found.joined_into)

    def _own(self, spans: Sequence[tuple[int, Span]]) -> list[tuple[int, Span]]:
        own = {ticket.id for ticket in self.standing}
        return [(again, span) for again, span in spans if span[0] in own]

    def facts(self, number: str, instants: Sequence[datetime]) -> list[Found]:
        match number:
            case "opened":
                return [Found(ticket, ticket.opened_at, None, ticket.assignee) for ticket in self.standing]
            case "reopened":
                return [self._found(span) for _, span in self._own(self.watched.reopenings)]
            case "ended" | "resolution":
                last = [span for again, span in self._own(self.ends) if again == self.tickets[span[0]].reopened]
                if number == "ended":
                    return [self._found((ticket, at, None, agent)) for ticket, at, _, agent in last]
                return [self._found(span) for span in last if span[2] is not None]
            case "first_resolution":
                return [self._found(span) for again, span in self._own(self.ends) if again == 0 and span[2] is not None]
            case "backlog":
                return [found for at in instants for found in self._backlog(at)]
            case _:
                firsts, nexts = self._answers()
                return [self._found(span) for span in (firsts if number == "first_response" else nexts)]

    def _found(self, span: Span) -> Found:
        ticket, at, since, agent = span
        return Found(self.root(ticket), at, None if since is None else at - since, agent)

    def _answers(self) -> tuple[list[Span], list[Span]]:
        """Of the first answers of tickets that became one, the earliest is its first; the others are next ones."""
        firsts: dict[Any, list[Span]] = {}
        for span in self.watched.firsts:  # in order of position
            firsts.setdefault(self.root(span[0]).id, []).append(span)
        best = [min(spans, key=lambda span: span[1]) for spans in firsts.values()]
        others = [span for spans in firsts.values() for span in spans if span not in best]
        return best, [*self.watched.nexts, *others]

    def _backlog(self, at: datetime) -> Iterator[Found]:
        for ticket in self.standing:
            begun = [(0, ticket.opened_at)]
            begun += [(again, span[1]) for again, span in self.watched.reopenings if span[0] == ticket.id]
            for again, start in begun:
                ends = [end[1] for nth, end in self.ends if nth == again and end[0] == ticket.id]
                if start < at and all(at <= end for end in ends):
                    yield Found(ticket, at, at - ticket.opened_at, ticket.assignee)


def beginning(at: datetime, period: str, zone: str) -> datetime:
    """When the period that holds a moment began, by the clocks of a zone."""
    local = at.astimezone(ZoneInfo(zone))
    if period == "hour":
        return at - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == "week":
        day -= timedelta(days=day.weekday())
    return (day.replace(day=1) if period == "month" else day).replace(fold=0)


def following(start: datetime, period: str, zone: str) -> datetime:
    """The beginning of the next period."""
    more = {"hour": timedelta(hours=1), "day": timedelta(days=1.5), "week": timedelta(days=8), "month": timedelta(33)}
    return beginning(start.astimezone(ZoneInfo("UTC")) + more[period], period, zone)


def ends_of(start: datetime, until: datetime, period: str, zone: str) -> list[tuple[datetime, datetime]]:
    """The periods between two moments: when each began, and when it ended or the time was over."""
    found, at = [], beginning(start, period, zone)
    while at < until:
        found.append((at, min(following(at, period, zone), until)))
        at = following(at, period, zone)
    return found


def values(found: Found, dimension: str) -> list[str | None]:
    if dimension == "tag":
        return list(found.ticket.tags) or [None]
    if dimension == "agent":
        return [None if found.agent is None else str(found.agent)]
    if dimension == "channel":
        return [found.ticket.channels[0] if found.ticket.channels else None]
    return [getattr(found.ticket, dimension)]


def counted(facts: Sequence[tuple[Any, Found]], group: Sequence[str]) -> Mapping[Any, tuple[Any, ...]]:
    """Count, mean and percentiles (nearest rank), in microseconds, of each group; the key begins with the period."""
    groups: dict[Any, list[Found]] = {}
    for period, found in facts:
        keys: list[tuple[Any, ...]] = [(period,)]
        for dimension in group:
            keys = [(*key, value) for key in keys for value in values(found, dimension)]
        for key in keys:
            groups.setdefault(key, []).append(found)
    return {key: (len(members), *_shares(members)) for key, members in groups.items()}


def _shares(members: Sequence[Found]) -> tuple[float | None, ...]:
    took = sorted(found.took // timedelta(microseconds=1) for found in members if found.took is not None)
    if not took:
        return None, None, None, None
    return sum(took) / len(took), *(took[math.ceil(share * len(took)) - 1] for share in (0.5, 0.9, 0.95))
