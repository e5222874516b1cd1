"""The promises of tickets under the fold: the page's own cases."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.timeline.tickets.clock_history import CALENDARS, HOUR, MINUTE, History, at, desk, under
from timeline.edit_events import TicketsJoined, TicketSplit
from timeline.events import Command, TicketPrioritised, TicketTagged
from timeline.interactions import InvalidField
from timeline.sla_events import SlaBreached, SlaWarned
from timeline.ticket_events import TicketFieldsSet, TicketQueued, TicketTyped
from timeline.tickets.clocks import MOST_OVER, alarm_at, clocks_at, due_at
from timeline.tickets.configuration import DeskConfiguration, desk_rules_of
from timeline.tickets.ticket import TicketId

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


def test_a_split_takes_along_what_its_items_started_and_a_join_brings_it_back():
    one = History(under(desk([ALL])))
    first = one.say(0, subject="Lamp")
    one.reply(5)
    second = one.say(10, ticket=first)
    moved = one.events[second]
    split = TicketSplit(ticket=first, items=(second,))
    one.say(20, kind="change", channel=None, direction=None, edit=split, moved=(moved,))
    kept, made = one.root.tickets[TicketId(first)], one.root.tickets[TicketId(second)]
    assert [(c.target, c.started_by) for c in kept.clocks] == [("first_response", first), ("resolution", first)]
    assert [(c.target, c.started_by, c.started_at) for c in made.clocks] == [
        ("next_response", second, at(10)),
        ("resolution", second, at(20)),
    ]
    assert made.clocks[0].due_at == at(70)
    joined = TicketsJoined(ticket=first, absorbed=second)
    one.say(100, kind="change", channel=None, direction=None, edit=joined)
    kept, made = one.root.tickets[TicketId(first)], one.root.tickets[TicketId(second)]
    assert made.clocks == ()
    assert [(c.target, c.breached_at) for c in kept.clocks] == [
        ("first_response", None),
        ("resolution", None),
        ("next_response", at(70)),
        ("resolution", None),
    ]
