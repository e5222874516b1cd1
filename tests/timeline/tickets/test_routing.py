"""Routing: the first rule that fits, beside an oracle over random tickets that open, get types and are moved."""

import random
from typing import Any

import msgspec
import pytest

from tests.timeline.tickets.test_clocks import History, under
from timeline.interactions import InvalidField
from timeline.ticket_events import TicketQueued, TicketTyped
from timeline.tickets import carrying, fold
from timeline.tickets.configuration import DeskConfiguration, desk_rules_of
from timeline.tickets.policy import Rules
from timeline.tickets.routing import Routing, check_routing, choose_queue

WORDS: dict[str, tuple[str | None, ...]] = {
    "channel": ("email", "chat"),
    "source": ("shop", "desk", None),
    "type": ("refund", "fault"),
}


def written(dice: random.Random) -> dict[str, Any]:
    """Rules of which some never fit, as somebody might have set them up before that was refused."""
    rules: list[dict[str, Any]] = []
    for queue in dice.sample("abcdef", dice.randint(0, 5)):
        asks = {name: dice.choice(words) for name, words in WORDS.items() if dice.random() < 0.5}
        rules.append({"queue": queue, **{name: one for name, one in asks.items() if one is not None}})
    return {"rules": rules, "default": dice.choice([None, "rest"])}


def wanted(routing: dict[str, Any], **ticket: str | None) -> str | None:
    """The same, said otherwise: of the rules that nothing contradicts the earliest."""
    fits = [all(ticket[name] == rule[name] for name in WORDS if name in rule) for rule in routing["rules"]]
    return routing["rules"][fits.index(True)]["queue"] if True in fits else routing["default"]


def rules_of(routing: dict[str, Any]) -> Rules:
    desk = desk_rules_of(DeskConfiguration(), 7)
    return under(msgspec.structs.replace(desk, routing=msgspec.convert(routing, Routing)))


def compared(dice: random.Random) -> None:
    """One ticket's life under rules that may change, beside the oracle's."""
    routing = written(dice)
    history = History(rules_of(routing))
    channel, source = dice.choice(WORDS["channel"]), dice.choice(WORDS["source"])
    history.say(0, channel=channel, source=source)
    kind: str | None = None
    queue = wanted(routing, channel=channel, source=source, type=None)
    for at in range(1, 8):
        assert history.ticket.queue == queue, (routing, at)
        act = dice.choice(("type", "move", "rules", "say"))
        if act == "type":
            chosen = wanted(routing, channel=channel, source=source, type=kind)
            kind = dice.choice((*WORDS["type"], None))
            if queue is None or queue == chosen:
                queue = wanted(routing, channel=channel, source=source, type=kind)
            history.command(at, TicketTyped(ticket=history.ticket.id, type=kind))
        elif act == "move":
            queue = dice.choice(("a", "b", "elsewhere", None))
            history.command(at, TicketQueued(ticket=history.ticket.id, queue=queue))
        elif act == "rules":
            routing = written(dice)
            history.rules = rules_of(routing)
        else:
            history.say(at, channel=dice.choice(WORDS["channel"]), source="other")
    assert len(history.root.tickets) == 1
    assert history.ticket.queue == queue


def test_a_ticket_waits_where_the_oracle_says() -> None:
    for seed in range(300):
        compared(random.Random(seed))


def last_that_fits(routing: Routing, *ticket: str | None) -> str | None:
    return choose_queue(Routing(rules=tuple(reversed(routing.rules)), default=routing.default), *ticket)


@pytest.mark.parametrize("where", [fold, carrying])
def test_another_order_is_found(monkeypatch: pytest.MonkeyPatch, where: Any) -> None:
    monkeypatch.setattr(where, "choose_queue", last_that_fits)
    with pytest.raises(AssertionError):
        test_a_ticket_waits_where_the_oracle_says()


@pytest.mark.parametrize(
    ("routing", "field"),
    [
        ({"rules": [{"queue": "A b"}]}, "rules[0].queue"),
        ({"default": ""}, "default"),
        ({"rules": [{"queue": "a"}, {"channel": "email", "queue": "b"}]}, "rules[1]"),
        ({"rules": [{"type": "x", "queue": "a"}, {"type": "x", "queue": "b"}]}, "rules[1]"),
        ({"rules": [{"queue": "a", "source": f"s{one}"} for one in range(501)]}, "rules"),
    ],
)
def test_a_rule_that_never_fits_is_refused(routing: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_routing(msgspec.convert(routing, Routing))
    assert refused.value.field == field
    check_routing(Routing())
