"""What can be subscribed to: every event type of the ledger under a name for the outside, and groups of them.

The names come from the types themselves: `TicketStatusSet` is `ticket.status_set`, so that a new type has one at once.
"""

import re
import types
from collections.abc import Sequence
from typing import Final, get_args

from timeline.events import KIND_OF, Event
from timeline.interactions import InvalidField

EVERYTHING: Final = "*"
OPENED: Final = "ticket.opened"
"""No event of its own in the ledger: an event that opened a ticket, whose id is the ticket's."""
PING: Final = "webhook.ping"
MOST_PATTERNS: Final = 100

_WORD: Final = re.compile(r"[A-Z][a-z0-9]*")


def name_of(event_type: str) -> str:
    """What an event type is called outside."""
    if event_type in KIND_OF:
        return f"interaction.{KIND_OF[event_type]}"
    first, *rest = (word.lower() for word in _WORD.findall(event_type))
    first = first.removesuffix("s") if not first.endswith(("ss", "us", "is")) else first
    return f"{first}.{'_'.join(rest) or 'changed'}"


def _event_types(event: object) -> list[str]:
    parts = get_args(event) if isinstance(event, types.UnionType) else ()
    return [name for part in parts for name in _event_types(part)] if parts else [getattr(event, "__name__", "")]


NAMES: Final = frozenset((*map(name_of, _event_types(Event)), OPENED))
GROUPS: Final = frozenset(f"{name.partition('.')[0]}.*" for name in NAMES)


def read_patterns(texts: Sequence[str]) -> list[str]:
    """Each once, in order. Raises `InvalidField`, which names the first that is not known."""
    if not 0 < len(texts) <= MOST_PATTERNS:
        raise InvalidField("events", f"expected 1 to {MOST_PATTERNS} types or groups of types")
    for at, text in enumerate(texts):
        if text != EVERYTHING and text not in NAMES and text not in GROUPS:
            known = ", ".join([EVERYTHING, *sorted(GROUPS), *sorted(NAMES)])
            raise InvalidField(f"events[{at}]", f"unknown; expected some of {known}")
    return sorted(set(texts))


def matches(patterns: Sequence[str], name: str) -> bool:
    return any(one in (EVERYTHING, name, f"{name.partition('.')[0]}.*") for one in patterns)
