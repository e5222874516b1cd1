"""What the oracle of tickets knows: events, merges, policies and tickets, in the words of docs/tickets.md."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

ENDED: Final = ("resolved", "closed")
PRIORITIES: Final = ("low", "normal", "high", "urgent")
MOVES: Final = {
    "new": ("open", "pending", "on_hold", "resolved", "closed"),
    "open": ("pending", "on_hold", "resolved", "closed"),
    "pending": ("open", "on_hold", "resolved", "closed"),
    "on_hold": ("open", "pending", "resolved", "closed"),
    "resolved": ("open", "closed"),
    "closed": ("open",),
}
STANDARD: Final[dict[str, Any]] = {
    "opens": {"message": ["inbound"], "call": ["inbound"]},
    "continues": {
        "gap": "3 days",
        "same_channel": False,
        "same_conversation": False,
        "same_object": True,
        "same_subject": True,
    },
    "reopens": {"within": "7 days"},
    "closes": {"resolved_after": "4 days", "pending_after": "14 days", "history_after": "3 days"},
    "resolves": {"pending_after": None, "reminder_before": None},
    "after_reply": "pending",
    "on_link": "suggest",
}
UNITS: Final = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
MOST_OBJECTS: Final = 50
NO_TICKET: Final = "no ticket"
NOT_ALLOWED: Final = "not allowed"


@dataclass(frozen=True, kw_only=True)
class OEvent:
    """An event as the fold sees it. `contact` is where it stands; `sets` is what a command asks for."""

    position: int
    id: Any
    contact: Any
    kind: str
    direction: str | None = None
    channel: str | None = None
    source: str | None = None
    conversation: str | None = None
    ticket: Any = None
    about: Any = None
    object: tuple[str, str] | None = None
    subject: str | None = None
    body: str | None = None
    shown: datetime
    recorded: datetime
    history: bool = False
    reminder: bool = False
    answered: bool = False
    begins: bool = False
    sets: tuple[str, Any] | None = None

    @property
    def talk(self) -> tuple[str, str] | None:
        """The conversation of its source."""
        return None if self.source is None or self.conversation is None else (self.source, self.conversation)

    @property
    def now(self) -> datetime:
        return self.shown if self.history else self.recorded


@dataclass(frozen=True)
class OMerge:
    position: int
    a: Any
    b: Any


@dataclass(frozen=True)
class OPolicy:
    version: int
    from_position: int
    words: Mapping[str, Any]

    def of(self, section: str, name: str) -> Any:
        return self.words.get(section, {}).get(name, STANDARD[section][name])

    def opens(self, event: OEvent) -> bool:
        if event.begins:
            return True
        if event.reminder or self.only_talks(event):
            return False
        return event.direction in self.words.get("opens", STANDARD["opens"]).get(event.kind, ())

    def lasts(self, section: str, name: str) -> timedelta | None:
        return duration(self.of(section, name))

    def only_talks(self, event: OEvent) -> bool:
        spoken = event.kind in ("message", "call") and event.direction in ("inbound", "outbound")
        return (
            spoken
            and not event.reminder
            and not event.begins
            and event.channel in self.words.get("opens_on_escalation", ())
        )

    @property
    def gap(self) -> timedelta:
        return self.lasts("continues", "gap") or timedelta()

    @property
    def within(self) -> timedelta:
        return self.lasts("reopens", "within") or timedelta()

    @property
    def after_reply(self) -> str:
        return self.words.get("after_reply", STANDARD["after_reply"])

    @property
    def on_link(self) -> str:
        return self.words.get("on_link", STANDARD["on_link"])


@dataclass(kw_only=True)
class OTicket:
    """A ticket as its last event left it; `position` is of what changed it last."""

    id: Any
    contact: Any
    opened_position: int
    position: int
    opened_at: datetime
    opened_now: datetime
    last_at: datetime
    last_now: datetime
    status: str = "new"
    waiting: str | None = None
    waiting_since: datetime | None = None
    first_customer_at: datetime | None = None
    last_customer_at: datetime | None = None
    last_agent_at: datetime | None = None
    snoozed: bool = False
    snoozed_until: datetime | None = None
    reminded_at: datetime | None = None
    resolves_at: datetime | None = None
    reminds_at: datetime | None = None
    disposition: str | None = None
    confirmed: bool | None = None
    asked_at: datetime | None = None
    first_reply_at: datetime | None = None
    ended_at: Any = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    closes_at: datetime | None = None
    subject: str | None = None
    matter: str | None = None
    channels: list[str] = field(default_factory=list)
    objects: list[tuple[str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    type: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    queue: str | None = None
    priority: str = "normal"
    assignee: Any = None
    history: bool = False
    reopened: int = 0
    follow_up_of: Any = None
    joined_into: Any = None
    parts: list[Any] = field(default_factory=list)
    version: int = 0
    items: list[Any] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def live(self) -> bool:
        return not self.ended

    def reopenable(self, shown: datetime, policy: OPolicy) -> bool:
        return self.ended_at is not None and shown <= self.ended_at + policy.within


@dataclass(frozen=True)
class Derived:
    tickets: dict[Any, OTicket]
    voids: dict[Any, str]
    """Commands that came to nothing, and why: `NO_TICKET` or `NOT_ALLOWED`."""

    @property
    def items(self) -> set[tuple[Any, Any]]:
        return {(event, ticket.id) for ticket in self.tickets.values() for event in ticket.items}


@dataclass(frozen=True)
class Asked:
    """What rule 6 asks a ticket about: an item, or another ticket as if it were its opening item."""

    shown: datetime
    channel: str | None
    objects: tuple[tuple[str, str], ...]
    matter: str | None
    converses: bool = False

    def same_object(self, ticket: OTicket) -> bool:
        return bool(set(self.objects) & set(ticket.objects))

    def same_subject(self, ticket: OTicket) -> bool:
        return self.matter is not None and self.matter == ticket.matter

    def other_subject(self, ticket: OTicket) -> bool:
        return self.matter is not None and ticket.matter is not None and self.matter != ticket.matter


def as_asked(event: OEvent) -> Asked:
    things = (event.object,) if event.object else ()
    return Asked(event.shown, event.channel, things, normalised(event.subject), event.talk is not None)


def united(one: Iterable[Any], other: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys([*one, *other]))


def duration(words: str | None) -> timedelta | None:
    if words is None:
        return None
    number, unit = words.split()
    return timedelta(seconds=int(number) * UNITS[unit.removesuffix("s")])


def normalised(subject: str | None) -> str | None:
    """A subject without the marks of replying and forwarding, in small letters; None where nothing is left."""
    left = " ".join((subject or "").split()).casefold()
    while (shorter := re.sub(r"^(re|fwd|aw|wg|sv|tr|vs|antw)\s*(\[\d+\])?\s*:\s*", "", left)) != left:
        left = shorter
    return left or None


def beginning(text: str | None) -> str | None:
    """What a short text is called after, whatever its white space."""
    return " ".join((text or "").split()) or None
