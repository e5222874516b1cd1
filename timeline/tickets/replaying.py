"""The past under other SLA policies, beside what was promised: which promises would have been kept, and which not."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from timeline.interactions import check_json, refused_json
from timeline.sla_events import SlaEvent
from timeline.tickets.calendars import Calendar
from timeline.tickets.clocks import clocks_at
from timeline.tickets.items import FoldEvent
from timeline.tickets.policy import Versions
from timeline.tickets.promises import state_of
from timeline.tickets.refolding import Refold
from timeline.tickets.sla import Clock, Sla, SlaRules, sla_rules_of
from timeline.tickets.stage import Stage
from timeline.tickets.ticket import TicketId

EXAMPLES: Final = 20


class OtherSla(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is tried: policies, with calendars of their own where those in force are not meant."""

    sla: Sla
    calendars: dict[str, Calendar] | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How promises of one policy and target ended; `examples` are tickets with one that was missed."""

    policy: str
    target: str
    met: int = 0
    missed: int = 0
    stopped: int = 0
    going_on: int = 0
    examples: tuple[TicketId, ...] = ()


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """Today's promises and those of the other policies, over the same past."""

    customers: int = 0
    events: int = 0
    tickets: int = 0
    today: tuple[Tally, ...] = ()
    then: tuple[Tally, ...] = ()

    def plus(self, other: "Replay") -> "Replay":
        return Replay(
            customers=self.customers + other.customers,
            events=self.events + other.events,
            tickets=self.tickets + other.tickets,
            today=_summed((*self.today, *other.today)),
            then=_summed((*self.then, *other.then)),
        )


def read_other(raw: bytes) -> OtherSla:
    """What is tried, from JSON. Raises `InvalidField` with the path at fault."""
    try:
        other = msgspec.json.decode(raw, type=OtherSla)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refused_json(error, raw, OtherSla) from None
    check_json(msgspec.to_builtins(other))
    return other


def rules_of_other(other: OtherSla, calendars: dict[str, Calendar]) -> SlaRules:
    """What is tried, with the calendars in force where it brings none. Raises `InvalidField` with the path at fault."""
    return sla_rules_of(other.sla, calendars if other.calendars is None else other.calendars, 0)


class SlaCut:
    """Threads folded once under what was in force, and once with the other promises from the beginning."""

    def __init__(self, stage: Stage, present: Versions, rules: SlaRules) -> None:
        self.stage = stage
        self._versions = (present, _with(present, rules))
        self._folds = tuple(Refold(stage, versions) for versions in self._versions)

    def step(self, events: Iterable[FoldEvent]) -> None:
        """What was told of promises is left out: of others, other things would have been told."""
        heard = [event for event in events if not isinstance(event.command, SlaEvent)]
        for fold in self._folds:
            fold.step(heard)

    def compared(self, customers: int, now: datetime) -> Replay:
        (today, _), (then, tickets) = (
            _tallies(fold, versions, now) for fold, versions in zip(self._folds, self._versions, strict=True)
        )
        return Replay(customers=customers, events=self._folds[0].events, tickets=tickets, today=today, then=then)


def _with(present: Versions, rules: SlaRules) -> Versions:
    """What was in force, version by version, with the other promises in each."""
    desks = ((0, present.at(0).desk), *present.desks)
    replaced = tuple((start, msgspec.structs.replace(desk, sla=rules)) for start, desk in desks)
    return msgspec.structs.replace(present, desks=replaced)


def _tallies(fold: Refold, versions: Versions, now: datetime) -> tuple[tuple[Tally, ...], int]:
    fold.join_until(float("inf"))
    standing = [ticket for ticket in fold.folds.values() if ticket.joined_into is None]
    found: list[Tally] = []
    for ticket in standing:
        after = clocks_at(ticket, now, versions.latest)
        found.extend(_of(clock, ticket.id) for clock in after.clocks if clock.policy is not None)
        if after.clocks_met or after.clocks_missed:
            found.append(
                Tally(policy="(long ago)", target="next_response", met=after.clocks_met, missed=after.clocks_missed)
            )
    return _summed(found), len(standing)


def _of(clock: Clock, ticket: TicketId) -> Tally:
    state = state_of(clock)
    return Tally(
        policy=clock.policy or "",
        target=clock.target,
        met=int(state == "met"),
        missed=int(state == "missed"),
        stopped=int(state == "stopped"),
        going_on=int(state in ("running", "paused")),
        examples=(ticket,) if state == "missed" else (),
    )


def _summed(tallies: Iterable[Tally]) -> tuple[Tally, ...]:
    sums: dict[tuple[str, str], Tally] = {}
    for one in tallies:
        there = sums.get((one.policy, one.target))
        sums[one.policy, one.target] = one if there is None else _both(there, one)
    return tuple(sums[name] for name in sorted(sums))


def _both(one: Tally, other: Tally) -> Tally:
    return Tally(
        policy=one.policy,
        target=one.target,
        met=one.met + other.met,
        missed=one.missed + other.missed,
        stopped=one.stopped + other.stopped,
        going_on=one.going_on + other.going_on,
        examples=(*one.examples, *other.examples)[:EXAMPLES],
    )
