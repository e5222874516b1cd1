"""The promises of tickets under the fold: the page's own cases, and random histories beside the oracle."""

import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from identity.customers import ContactId
from tests.laws.sla_oracle import Promises, first_match
from timeline.events import Command, EventId, TicketPrioritised, TicketStatusSet, TicketTagged
from timeline.interactions import InvalidField
from timeline.sla_events import SlaBreached, SlaWarned
from timeline.ticket_events import TicketFieldsSet, TicketQueued, TicketTyped
from timeline.tickets.clocks import MOST_OVER, alarm_at, clocks_at, due_at
from timeline.tickets.configuration import DeskConfiguration, DeskRules, desk_rules_of
from timeline.tickets.fold import Root
from timeline.tickets.items import FoldEvent, Written
from timeline.tickets.policy import STANDARD, Closes, Continues, Rules, TicketPolicy, rules_of
from timeline.tickets.sla import Clock
from timeline.tickets.ticket import Ticket

EXAMPLES = int(os.environ.get("THROUGHLINE_CLOCK_EXAMPLES", "60"))
MONDAY = datetime(2026, 10, 19, 8, 0, tzinfo=UTC)
CONTACT = ContactId(UUID(int=1))
OFFICE = {"zone": "Europe/Berlin", "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}
NIGHTS = {
    "zone": "Australia/Lord_Howe",
    "hours": {day: [["00:00", "03:00"], ["20:00", "24:00"]] for day in ("sat", "sun", "mon")},
}
CALENDARS = {"office": OFFICE, "nights": NIGHTS}
HOUR, MINUTE = 3_600, 60


def desk(policies: list[dict[str, Any]], answers: dict[str, Any] | None = None, version: int = 7) -> DeskRules:
    sla = {"policies": policies, "answers": answers or {}}
    written = msgspec.convert({"calendars": CALENDARS, "sla": sla}, DeskConfiguration)
    return desk_rules_of(written, version)


def under(rules: DeskRules, policy: TicketPolicy = STANDARD) -> Rules:
    return msgspec.structs.replace(rules_of(policy, 0), desk=rules)


class History:
    """One customer's events, a minute's number each, folded as they come."""

    def __init__(self, rules: Rules, start: datetime = MONDAY) -> None:
        self.rules, self.start = rules, start
        self.root = Root(Written())
        self.position = 0

    def say(self, at: float, **said: Any) -> EventId:
        self.position += 1
        now = self.start + timedelta(minutes=at)
        what: dict[str, Any] = {
            "position": self.position,
            "id": EventId(UUID(int=1_000 + self.position)),
            "contact_id": CONTACT,
            "kind": "message",
            "channel": "email",
            "direction": "inbound",
            "source": None,
            "conversation": None,
            "about": None,
            "shown_at": now,
            "now": now,
            "history": False,
            "ticket": None,
            "subject": None,
            "body": None,
            "object": None,
            "command": None,
        }
        event = FoldEvent(**{**what, **said})
        self.root.step(event, self.rules)
        return event.id

    def command(self, at: float, command: Command) -> EventId:
        return self.say(at, kind="change", channel=None, direction=None, command=command)

    def reply(self, at: float, **said: Any) -> EventId:
        return self.say(at, direction="outbound", **said)

    def status(self, at: float, status: Any) -> EventId:
        return self.command(at, TicketStatusSet(ticket=self.ticket.id, status=status))

    @property
    def ticket(self) -> Ticket:
        return next(iter(self.root.tickets.values()))

    def clock(self, target: str, which: int = -1) -> Clock:
        return [clock for clock in self.ticket.clocks if clock.target == target][which]


def at(minutes: float) -> datetime:
    return MONDAY + timedelta(minutes=minutes)


ALL = {
    "key": "all",
    "targets": {
        "first_response": {"seconds": 2 * HOUR, "calendar": "office", "warn": 30 * MINUTE},
        "next_response": {"seconds": HOUR},
        "resolution": {"seconds": 6 * HOUR, "calendar": "office", "pauses": ["pending", "on_hold"]},
    },
}


def test_a_message_starts_a_first_response_and_a_resolution():
    one = History(under(desk([ALL])))
    event = one.say(0)
    first, whole = one.clock("first_response"), one.clock("resolution")
    assert (first.started_by, first.started_at, first.due_at) == (event, at(0), at(120))
    assert first.warn_at == at(90)
    assert (first.policy, first.version) == ("all", 7)
    assert whole.due_at == at(6 * 60)
    assert due_at(one.ticket) == at(120)
    assert alarm_at(one.ticket) == at(90)


def test_a_reply_by_people_keeps_it_and_one_by_a_rule_does_not():
    one = History(under(desk([ALL])))
    one.say(0)
    one.reply(5, automatic=True)
    assert one.clock("first_response").met_at is None
    one.reply(10)
    assert one.clock("first_response").met_at == at(10)
    any_reply = History(under(desk([ALL], {"by": "anybody"})))
    any_reply.say(0)
    any_reply.reply(5, automatic=True)
    assert any_reply.clock("first_response").met_at == at(5)
    calls = History(under(desk([ALL], {"calls": False, "but_sources": ["robot"]})))
    calls.say(0)
    calls.reply(5, kind="call")
    calls.reply(6, source="robot")
    assert calls.clock("first_response").met_at is None


def test_exactly_when_it_is_due_is_in_time_and_a_moment_later_is_not():
    for late, breached in ((0, None), (1 / 60, at(120))):
        one = History(under(desk([ALL])))
        one.say(0)
        one.reply(120 + late)
        assert one.clock("first_response").breached_at == breached
        assert one.clock("first_response").met_at == at(120 + late)


def test_the_next_message_starts_a_next_response_and_a_second_one_does_not():
    one = History(under(desk([ALL])))
    one.say(0)
    one.reply(1)
    second = one.say(10)
    one.say(20)
    assert [clock.started_by for clock in one.ticket.clocks if clock.target == "next_response"] == [second]
    assert one.clock("next_response").due_at == at(70)
    one.reply(30)
    one.say(40)
    assert [clock.met_at for clock in one.ticket.clocks if clock.target == "next_response"] == [at(30), None]


def test_pending_pauses_what_says_so_and_what_is_left_goes_on():
    one = History(under(desk([ALL])))
    one.say(0)
    one.reply(60)
    paused = one.clock("resolution")
    assert (paused.left, paused.due_at, paused.since) == (timedelta(hours=5), None, at(60))
    assert due_at(one.ticket) is None
    one.say(24 * 60)
    assert one.clock("resolution").due_at == at(24 * 60 + 5 * 60)


def test_an_end_keeps_the_resolution_and_stops_what_nobody_answered():
    one = History(under(desk([ALL])))
    one.say(0)
    one.status(30, "resolved")
    assert one.clock("resolution").met_at == at(30)
    assert (one.clock("first_response").met_at, one.clock("first_response").stopped_at) == (None, at(30))
    assert due_at(one.ticket) is None
    again = one.say(60)
    assert [clock.started_by for clock in one.ticket.clocks] == [*[one.ticket.id] * 2, again, again]
    assert one.clock("resolution").due_at == at(7 * 60)


def test_a_breach_is_never_taken_back():
    generous = {"key": "low", "when": {"priority": ["low"]}, "targets": {"first_response": {"seconds": 999_999}}}
    one = History(under(desk([generous, ALL])))
    one.say(0)
    one.status(9 * 60, "on_hold")
    one.command(9 * 60 + 1, TicketPrioritised(ticket=one.ticket.id, priority="low"))
    one.status(9 * 60 + 2, "resolved")
    assert [(c.target, c.breached_at) for c in one.ticket.clocks] == [
        ("first_response", at(120)),
        ("resolution", at(360)),
    ]


def test_another_first_match_takes_the_promise_over_with_what_has_passed():
    urgent = {"key": "urgent", "when": {"priority": ["urgent"]}, "targets": {"first_response": {"seconds": HOUR}}}
    one = History(under(desk([urgent, ALL])))
    one.say(0)
    one.command(20, TicketPrioritised(ticket=one.ticket.id, priority="urgent"))
    assert (one.clock("first_response").policy, one.clock("first_response").due_at) == ("urgent", at(60))
    assert one.clock("resolution").policy == "all", "which the other does not promise"
    late = History(under(desk([urgent, ALL])))
    late.say(0)
    late.command(90, TicketPrioritised(ticket=late.ticket.id, priority="urgent"))
    assert late.clock("first_response").due_at == at(90), "no promise is broken before it was made"


def test_what_nobody_promised_is_promised_from_its_start_when_a_policy_comes_to_hold():
    vip = {"key": "vip", "when": {"tag": ["vip"]}, "targets": {"first_response": {"seconds": HOUR}}}
    one = History(under(desk([vip])))
    one.say(0)
    assert one.clock("first_response").policy is None
    assert alarm_at(one.ticket) is None
    one.command(10, TicketTagged(ticket=one.ticket.id, added=("vip",)))
    assert one.clock("first_response").due_at == at(60)


@pytest.mark.parametrize(
    ("when", "commands"),
    [
        ({"queue": ["billing"]}, [TicketQueued(ticket=UUID(int=1_001), queue="billing")]),
        ({"type": ["claim"]}, [TicketTyped(ticket=UUID(int=1_001), type="claim")]),
        ({"tier": ["gold"]}, [TicketFieldsSet(ticket=UUID(int=1_001), fields={"tier": "gold"})]),
        ({"fields": {"days": [3, 4]}}, [TicketFieldsSet(ticket=UUID(int=1_001), fields={"days": 3})]),
        ({"fields": {"parts": ["lid"]}}, [TicketFieldsSet(ticket=UUID(int=1_001), fields={"parts": ("box", "lid")})]),
        ({"channel": ["email"], "priority": ["normal"]}, []),
    ],
)
def test_every_condition_matches(when: dict[str, Any], commands: list[Command]):
    policy = {"key": "one", "when": when, "targets": {"resolution": {"seconds": HOUR}}}
    one = History(under(desk([policy])))
    one.say(0)
    for command in commands:
        assert one.clock("resolution").policy is None
        one.command(1, command)
    assert one.clock("resolution").policy == "one"


def test_what_is_told_once_is_not_told_again():
    one = History(under(desk([ALL])))
    first = one.say(0)
    told: dict[str, Any] = {
        "ticket": one.ticket.id,
        "target": "first_response",
        "started_by": first,
        "due": at(120),
        "policy": "all",
    }
    one.command(91, SlaWarned(**told))
    assert alarm_at(one.ticket) == at(120)
    assert alarm_at(clocks_at(one.ticket, at(121), one.rules)) == at(120)
    one.command(121, SlaBreached(**told))
    assert alarm_at(one.ticket) == at(360)
    one.reply(130)
    assert one.clock("first_response").breached_at == at(120)
    assert one.clock("first_response").met_at == at(130)


def test_what_was_imported_never_alarms_and_is_broken_all_the_same():
    one = History(under(desk([ALL])))
    one.say(0, history=True)
    assert alarm_at(one.ticket) is None
    assert {c.breached_at for c in clocks_at(one.ticket, at(600), one.rules).clocks} == {at(120), at(360)}


def test_a_clock_that_jumps_back_gives_nothing_back():
    one = History(under(desk([ALL])))
    one.say(0)
    one.reply(60)
    one.say(120)
    assert one.clock("resolution").due_at == at(7 * 60)
    one.status(90, "pending")
    assert one.clock("resolution").left == timedelta(hours=5)
    one.status(121, "open")
    assert one.clock("resolution").due_at == at(23 * 60 + 1)


def test_of_long_exchanges_a_tally_is_kept():
    one = History(under(desk([ALL])))
    for turn in range(MOST_OVER + 10):
        one.say(turn * 10)
        one.reply(turn * 10 + 1)
    assert len([c for c in one.ticket.clocks if c.target == "next_response"]) == MOST_OVER
    assert (one.ticket.clocks_met, one.ticket.clocks_missed) == (9, 0)


@pytest.mark.parametrize(
    ("sla", "field", "words"),
    [
        ({"policies": [{"key": "A", "targets": ALL["targets"]}]}, "sla.policies[0].key", "small letters"),
        ({"policies": [ALL, ALL]}, "sla.policies[1].key", "already"),
        ({"policies": [{"key": "a", "targets": {}}]}, "sla.policies[0].targets", "first_response"),
        (
            {"policies": [{"key": "a", "targets": {"resolution": {"seconds": 60, "calendar": "offise"}}}]},
            "sla.policies[0].targets.resolution.calendar",
            "nights, office",
        ),
        (
            {"policies": [{"key": "a", "targets": {"resolution": {"seconds": 60, "warn": 60}}}]},
            "sla.policies[0].targets.resolution.warn",
            "fewer",
        ),
    ],
)
def test_bad_policies_say_what_was_expected_and_where(sla: dict[str, Any], field: str, words: str):
    written = msgspec.convert({"calendars": CALENDARS, "sla": sla}, DeskConfiguration)
    with pytest.raises(InvalidField) as caught:
        desk_rules_of(written, 1)
    assert caught.value.field == field
    assert words in caught.value.words


# -- random histories beside the oracle --------------------------------------------------------------------------------

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
