"""Random histories of one ticket under random SLA policies agree with the oracle, minute by minute.

`THROUGHLINE_CLOCK_EXAMPLES=1500` compares so many."""

import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.laws.sla_oracle import Promises, first_match
from tests.timeline.tickets.clock_history import CALENDARS, History, desk, under
from timeline.events import Command, EventId, TicketPrioritised, TicketTagged
from timeline.ticket_events import TicketFieldsSet, TicketQueued
from timeline.tickets.policy import Closes, Continues, TicketPolicy
from timeline.tickets.ticket import Ticket

EXAMPLES = int(os.environ.get("THROUGHLINE_CLOCK_EXAMPLES", "40"))
STILL = TicketPolicy(
    continues=Continues(gap="5000 weeks"),
    closes=Closes(resolved_after="6 hours", pending_after="1 day", history_after=None),
)
STARTS = (
    datetime(2026, 3, 28, 18, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 4, 4, 9, tzinfo=UTC),
    datetime(2026, 10, 3, 12, tzinfo=UTC), datetime(2026, 10, 23, 13, tzinfo=UTC),
)  # fmt: skip


def random_policies(dice: random.Random) -> list[dict[str, Any]]:
    def promise() -> dict[str, Any]:
        calendar = dice.choice((None, "office", "nights"))
        pauses = dice.choice(([], ["pending"], ["pending", "on_hold"], ["on_hold"]))
        return {"seconds": 60 * dice.choice((1, 5, 30, 60, 120, 240, 480)), "calendar": calendar, "pauses": pauses}

    def targets() -> dict[str, Any]:
        names = dice.sample(("first_response", "next_response", "resolution"), dice.randrange(1, 4))
        return {name: promise() for name in names}

    whens = ({"priority": ["urgent", "high"]}, {"tag": ["vip"]}, {"queue": ["q1"]}, {"tier": ["gold"]}, {})
    chosen = sorted(dice.sample(range(len(whens)), dice.randrange(1, 4)))
    return [{"key": f"p{at}", "when": whens[at], "targets": targets()} for at in chosen]


def test_random_histories_agree_with_the_oracle():
    for seed in range(EXAMPLES):
        dice = random.Random(seed)
        policies = random_policies(dice)
        answers = dice.choice(({}, {"by": "anybody"}, {"calls": False}))
        one = History(under(desk(policies, answers), STILL), dice.choice(STARTS))
        beside = Beside(one, policies, answers)
        minute = 0
        for _ in range(dice.randrange(3, 14)):
            minute += dice.choice((0, 1, 5, 29, 60, 61, 240, 700, 1_500))
            beside.step(dice, minute)
            assert beside.found() == beside.wanted(), (seed, minute, policies)


class Beside:
    """A fold and the oracle, told the same."""

    def __init__(self, one: History, policies: list[dict[str, Any]], answers: dict[str, Any]) -> None:
        self.one, self.policies, self.answers = one, policies, answers
        self.oracle = Promises(CALENDARS)

    def step(self, dice: random.Random, minute: int) -> None:
        one, oracle, now = self.one, self.oracle, self.one.start + timedelta(minutes=minute)
        before = one.ticket if one.root.tickets else None
        ended = before is not None and before.is_ended
        if before is not None and before.closes_at is not None and before.closes_at <= now:
            oracle.pass_until(before.closes_at)
            if not ended:
                oracle.end(before.closes_at)
            ended = True
        oracle.now = oracle.now or now
        oracle.pass_until(now)
        event, said = self._random(dice, minute, first=before is None)
        after = one.ticket
        self._tell(said, event, now, before, after, ended=ended)

    def _random(self, dice: random.Random, minute: int, *, first: bool) -> tuple[EventId, str]:
        one = self.one
        what = "in" if first else dice.choice(("in", "in", "out", "auto", "call", "status", "status", "life"))
        named = {} if first else {"ticket": one.ticket.id}
        if what == "in":
            return one.say(minute, **named, history=dice.random() < 0.1), what
        if what in ("out", "auto", "call"):
            kind = "call" if what == "call" else "message"
            return one.reply(minute, **named, kind=kind, automatic=what == "auto"), what
        ticket = one.ticket.id
        if what == "status":
            return one.status(minute, dice.choice(("open", "pending", "on_hold", "resolved", "open", "on_hold"))), what
        commands: list[Command] = [
            TicketPrioritised(ticket=ticket, priority=dice.choice(("low", "normal", "urgent"))),
            TicketTagged(ticket=ticket, added=("vip",)),
            TicketTagged(ticket=ticket, removed=("vip",)),
            TicketQueued(ticket=ticket, queue=dice.choice(("q1", "q2"))),
            TicketFieldsSet(ticket=ticket, fields={"tier": dice.choice(("gold", None))}),
        ]
        return one.command(minute, dice.choice(commands)), what

    def _tell(
        self, said: str, event: EventId, now: datetime, before: Ticket | None, after: Ticket, *, ended: bool
    ) -> None:
        oracle = self.oracle
        by_people = self.answers.get("by", "people") == "people"
        replied = any(c.met for c in oracle.clocks if c.target == "first_response")
        if said == "out" or (said == "call" and self.answers.get("calls", True)) or (said == "auto" and not by_people):
            oracle.answer(now)
        if after.is_ended:
            if not ended:
                oracle.end(now)
            return
        policy = first_match(self.policies, seen(after))
        if before is not None and policy is not None and policy is not first_match(self.policies, seen(before)):
            oracle.promise(policy, 7, now)
        silent = said == "in" and self.one.root.tickets[after.id].history
        if said == "in" and all(c.over for c in oracle.clocks if c.target != "resolution"):
            oracle.start("next_response" if replied else "first_response", event, now, policy, 7, silent)
        if before is None or ended:
            oracle.start("resolution", event, now, policy, 7, silent)
        oracle.hold(after.status, now)

    def found(self) -> list[dict[str, Any]]:
        return [
            {
                "target": c.target,
                "by": c.started_by,
                "at": c.started_at,
                "policy": c.policy,
                "version": c.version,
                "due": None if c.is_over else c.due_at,
                "left": c.left if not c.is_over else None,
                "met": c.met_at,
                "breached": c.breached_at,
                "stopped": c.stopped_at,
                "silent": c.silent,
            }
            for c in self.one.ticket.clocks
        ]

    def wanted(self) -> list[dict[str, Any]]:
        return self.oracle.look_ahead()


def seen(ticket: Ticket) -> dict[str, Any]:
    names = ("priority", "queue", "channel", "type")
    return {name: getattr(ticket, name) for name in names} | {"tags": ticket.tags, "fields": dict(ticket.fields)}
