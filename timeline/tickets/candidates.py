"""Which ticket does an item continue? Those that it could, kept by what tells matters apart, so that a customer with
thousands of open tickets is not asked about each at every item."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import heappop, heappush
from itertools import chain

from timeline.tickets.matters import Asking, Rank, order_of, rank_of
from timeline.tickets.policy import Rules
from timeline.tickets.ticket import Named, Ticket, TicketId, can_reopen


class Candidates:
    """Tickets of one root that were not joined into another: those not closed, and those closed with their ends."""

    def __init__(self) -> None:
        self._tickets: dict[TicketId, Ticket] = {}
        self._live: list[tuple[datetime, int, TicketId]] = []
        self._resolved: dict[TicketId, None] = {}
        self._by_matter: dict[str, dict[TicketId, None]] = {}
        self._by_object: dict[Named, dict[TicketId, None]] = {}
        self._closed: list[tuple[datetime, TicketId]] = []
        self._due: list[tuple[datetime, TicketId]] = []

    def put(self, ticket: Ticket) -> None:
        """Take in a ticket, or what became of it."""
        self.drop(ticket.id)
        self._tickets[ticket.id] = ticket
        if ticket.backstage_of is not None:
            if ticket.closes_at is not None:
                heappush(self._due, (ticket.closes_at, ticket.id))
            return
        if ticket.until_at is not None:
            insort(self._closed, (ticket.until_at, ticket.id))
            return
        self._by_matter.setdefault(ticket.matter, {})[ticket.id] = None
        for named in ticket.objects:
            self._by_object.setdefault(named, {})[ticket.id] = None
        if ticket.is_ended:
            self._resolved[ticket.id] = None
        else:
            insort(self._live, _recency(ticket))
        if ticket.turns_at is not None:
            heappush(self._due, (ticket.turns_at, ticket.id))

    def drop(self, ticket_id: TicketId) -> None:
        old = self._tickets.pop(ticket_id, None)
        if old is None or old.backstage_of is not None:
            return
        if old.until_at is not None:
            del self._closed[bisect_left(self._closed, (old.until_at, old.id))]
            return
        del self._by_matter[old.matter][old.id]
        for named in old.objects:
            del self._by_object[named][old.id]
        if old.is_ended:
            del self._resolved[old.id]
        else:
            del self._live[bisect_left(self._live, _recency(old))]

    @property
    def not_closed(self) -> list[TicketId]:
        return [*self._resolved, *(ticket for _, _, ticket in self._live)]

    def due(self, now: datetime) -> list[Ticket]:
        """Those whose silence has lasted long enough. They are not told again unless they are put again."""
        found: dict[TicketId, Ticket] = {}
        while self._due and self._due[0][0] <= now:
            turns_at, ticket_id = heappop(self._due)
            ticket = self._tickets.get(ticket_id)
            if ticket is not None and ticket.turns_at == turns_at:
                found[ticket_id] = ticket
        return list(found.values())

    def best(self, asking: Asking, rules: Rules) -> Ticket | None:
        """The one that is continued best: by the same object, else the same subject, else the latest."""
        found = None
        if asking.objects:
            found = self._ranked(chain(*(self._by_object.get(named, ()) for named in asking.objects)), asking, rules)
        if found is None and asking.matter:
            found = self._ranked(self._by_matter.get(asking.matter, ()), asking, rules)
        if found is None:
            found = self._latest(asking, rules)
        closed = self._ranked(self._closed_since(asking.shown_at - rules.reach), asking, rules)
        ranks = [rank for rank in (found, closed) if rank is not None]
        return self._tickets[max(ranks)[-1]] if ranks else None

    def _latest(self, asking: Asking, rules: Rules) -> Rank | None:
        """Of those not closed that share neither object nor subject."""
        if rules.same_subject and asking.matter:
            return self._ranked(self._by_matter.get("", ()), asking, rules)
        for last_at, _, ticket_id in reversed(self._live):
            if asking.shown_at > last_at + rules.gap:
                break
            rank = rank_of(asking, self._tickets[ticket_id], rules)
            if rank is not None:
                return rank
        return self._ranked(self._resolved, asking, rules)

    def _ranked(self, ids: Iterable[TicketId], asking: Asking, rules: Rules) -> Rank | None:
        ranks = (rank_of(asking, self._tickets[i], rules) for i in ids)
        return max((rank for rank in ranks if rank is not None), default=None)

    def _closed_since(self, moment: datetime) -> Sequence[TicketId]:
        start = bisect_left(self._closed, moment, key=lambda kept: kept[0])
        return [ticket for _, ticket in self._closed[start:]]

    def about(self, asking: Asking, rules: Rules) -> Ticket | None:
        """The best of those that name the same object and can be continued."""
        shown = asking.shown_at
        ids = chain(
            *(self._by_object.get(named, ()) for named in asking.objects), self._closed_since(shown - rules.reach)
        )
        ranks = [
            order_of(asking, ticket)
            for ticket in (self._tickets[i] for i in ids)
            if any(named in ticket.objects for named in asking.objects)
            and (not ticket.is_ended or can_reopen(ticket, shown, rules))
        ]
        return self._tickets[max(ranks)[-1]] if ranks else None

    def spanning(self, shown_at: datetime, rules: Rules) -> Ticket | None:
        """The one in whose span a late item lies; of several the one that opened last."""
        holding = [
            ticket
            for ticket in (self._tickets[i] for i in chain(self.not_closed, self._closed_since(shown_at)))
            if ticket.opened_at <= shown_at
            and (shown_at < ticket.ended_at if ticket.ended_at else shown_at <= ticket.last_at + rules.gap)
        ]
        return max(holding, key=lambda t: (t.opened_at, t.opened_position), default=None)


def _recency(ticket: Ticket) -> tuple[datetime, int, TicketId]:
    return ticket.last_at, ticket.opened_position, ticket.id
