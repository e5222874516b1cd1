"""Where a new ticket waits: the first rule that fits names its queue, by channel, source and type.

Who takes it is another question, of which this is the seam: skills and capacity will be a pure function
`decide(ticket, people, now) -> commands` over the agents' states, called by `timeline.reactions` once a push has
settled, whose commands go through `timeline.acting` with the rule as actor. Nothing of it is here yet.
"""

import re
from typing import Final

import msgspec

from timeline.interactions import InvalidField

KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
KEY_WORDS: Final = "expected 1 to 63 small letters, digits, dashes and underscores, a letter or a digit first"
MOST_RULES: Final = 500


class RoutingRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fits where all that it says is so. `source` is the channel account or program that an item came from."""

    channel: str | None = None
    source: str | None = None
    type: str | None = None
    queue: str


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Rules in their order; `default` is the queue where none fits (null: none)."""

    rules: tuple[RoutingRule, ...] = ()
    default: str | None = None

    @property
    def queues(self) -> frozenset[str]:
        """Every queue that it may choose."""
        chosen = {rule.queue for rule in self.rules}
        return frozenset(chosen if self.default is None else chosen | {self.default})


def choose_queue(routing: Routing, channel: str | None, source: str | None, kind: str | None) -> str | None:
    """The queue of a ticket that opens with an item of this channel and source, as a ticket of this type."""
    for rule in routing.rules:
        asked = ((rule.channel, channel), (rule.source, source), (rule.type, kind))
        if all(wanted is None or wanted == there for wanted, there in asked):
            return rule.queue
    return routing.default


def check_routing(routing: Routing) -> None:
    """Raises `InvalidField` with the path at fault."""
    if len(routing.rules) > MOST_RULES:
        raise InvalidField("rules", f"expected at most {MOST_RULES}")
    earlier: set[tuple[str | None, str | None, str | None]] = set()
    for index, rule in enumerate(routing.rules):
        path = f"rules[{index}]"
        if not KEY.fullmatch(rule.queue):
            raise InvalidField(f"{path}.queue", KEY_WORDS)
        asks = (rule.channel, rule.source, rule.type)
        if earlier & _weaker(asks):
            raise InvalidField(path, "it never fits: one before it asks the same, or less")
        earlier.add(asks)
    if routing.default is not None and not KEY.fullmatch(routing.default):
        raise InvalidField("default", KEY_WORDS)


def _weaker(asks: tuple[str | None, str | None, str | None]) -> set[tuple[str | None, str | None, str | None]]:
    """What asks the same, or for less of it."""
    channel, source, kind = asks
    return {(c, s, k) for c in (None, channel) for s in (None, source) for k in (None, kind)}
