"""The past under another policy, beside the one in force: which tickets would open, join, split, reopen and close."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from timeline.events import EventId, TicketClosed
from timeline.sla_events import SlaEvent
from timeline.tickets.items import FoldEvent
from timeline.tickets.policy import Rules, Versions
from timeline.tickets.refolding import Refold
from timeline.tickets.stage import Stage
from timeline.tickets.ticket import Ticket, TicketId, as_of

EXAMPLES: Final = 20


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many tickets something holds of, with the first of them by id."""

    count: int = 0
    examples: tuple[TicketId, ...] = ()


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How many open tickets wait in a queue (None: in none), today and under the other policy."""

    queue: str | None
    before: int
    after: int


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What another policy would have made of some threads.

    `opened`: tickets of events that belong to none today; `split`: of events that belong to another's today; `joined`:
    tickets of today whose opening event would belong to another; `gone`: to none. `reopened`, `closed` and `left_open`:
    tickets of both that would have been reopened more often, be closed now, or not be. `follow_ups`: more of them.
    `load`: what waits in each queue."""

    customers: int = 0
    events: int = 0
    tickets_before: int = 0
    tickets_after: int = 0
    opened: Count = Count()
    split: Count = Count()
    joined: Count = Count()
    gone: Count = Count()
    reopened: Count = Count()
    closed: Count = Count()
    left_open: Count = Count()
    follow_ups: Count = Count()
    load: tuple[Load, ...] = ()

    def plus(self, other: "Comparison") -> "Comparison":
        both = {}
        for field in self.__struct_fields__:
            one, two = getattr(self, field), getattr(other, field)
            if isinstance(one, Count):
                both[field] = Count(count=one.count + two.count, examples=(*one.examples, *two.examples)[:EXAMPLES])
            elif field == "load":
                both[field] = _loads((*one, *two))
            else:
                both[field] = one + two
        return Comparison(**both)


class Cut:
    """Threads folded once under the policies in force and once under the other one."""

    def __init__(self, stage: Stage, present: Versions, other: Rules) -> None:
        self.stage = stage
        self._present = Refold(stage, present)
        self._other = Refold(stage, Versions(kept=((0, other),), desks=present.desks))

    def step(self, events: Iterable[FoldEvent]) -> None:
        """What rules and policies did by themselves is left out: under another policy they would do it elsewhere."""
        heard = [event for event in events if not isinstance(event.command, TicketClosed | SlaEvent)]
        self._present.step(heard)
        self._other.step(heard)

    def compared(self, customers: int, now: datetime) -> Comparison:
        before, after = _seen(self._present, now), _seen(self._other, now)
        was, becomes = self._present.holders, self._other.holders
        both = before.keys() & after.keys()
        return Comparison(
            customers=customers,
            events=self._present.events,
            tickets_before=len(before),
            tickets_after=len(after),
            opened=_count(i for i in after if EventId(i) not in was),
            split=_count(i for i in after if i not in before and EventId(i) in was),
            joined=_count(i for i in before if i not in after and EventId(i) in becomes),
            gone=_count(i for i in before if EventId(i) not in becomes),
            reopened=_count(i for i in both if after[i].reopened > before[i].reopened),
            closed=_count(i for i in both if after[i].status == "closed" != before[i].status),
            left_open=_count(i for i in both if after[i].status != "closed" == before[i].status),
            follow_ups=_count(i for i in after if after[i].follow_up_of and not _follows(before.get(i))),
            load=_loads(
                (
                    *(Load(queue=one.queue, before=1, after=0) for one in before.values() if one.is_open),
                    *(Load(queue=one.queue, before=0, after=1) for one in after.values() if one.is_open),
                )
            ),
        )


def _seen(refold: Refold, now: datetime) -> dict[TicketId, Ticket]:
    refold.join_until(float("inf"))
    return {i: as_of(ticket, now) for i, ticket in refold.folds.items() if ticket.joined_into is None}


def _follows(ticket: Ticket | None) -> bool:
    return ticket is not None and ticket.follow_up_of is not None


def _loads(loads: Iterable[Load]) -> tuple[Load, ...]:
    """One of each queue, in the order of their keys; what is in none comes last."""
    before, after = Counter[str | None](), Counter[str | None]()
    for one in loads:
        before[one.queue] += one.before
        after[one.queue] += one.after
    names = sorted(before, key=lambda queue: (queue is None, queue or ""))
    return tuple(Load(queue=name, before=before[name], after=after[name]) for name in names)


def _count(ids: Iterable[TicketId]) -> Count:
    found = sorted(ids, key=str)
    return Count(count=len(found), examples=tuple(found[:EXAMPLES]))
