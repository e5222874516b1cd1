"""What a ticket is, and the small rules that make one change: moves between states, matters, silence.

`docs/tickets.md` is the definition; `fold` applies these rules to a thread. Nothing here knows a clock.
"""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NewType
from uuid import UUID

import msgspec

from identity.customers import ContactId
from timeline.events import Priority, Status
from timeline.pseudonyms import is_pseudonym
from timeline.ticket_events import FieldValue
from timeline.tickets.policy import Rules
from timeline.tickets.sla import Clock, together

TicketId = NewType("TicketId", UUID)
"""The id of the event that opened it."""

Waiting = Literal["us", "customer", "third_party"]
Named = tuple[str, str]
"""An object, by type and id."""
Filled = tuple[tuple[str, FieldValue], ...]
"""Custom fields that are filled, in order of their keys."""

ENDED: Final = ("resolved", "closed")
OPEN: Final = ("new", "open", "pending", "on_hold")
MOVES: Final[dict[Status, tuple[Status, ...]]] = {
    "new": ("open", "pending", "on_hold", "resolved", "closed"),
    "open": ("pending", "on_hold", "resolved", "closed"),
    "pending": ("open", "on_hold", "resolved", "closed"),
    "on_hold": ("open", "pending", "resolved", "closed"),
    "resolved": ("open", "closed"),
    "closed": ("open",),
}
PRIORITIES: Final[tuple[Priority, ...]] = ("low", "normal", "high", "urgent")
MOST_OBJECTS: Final = 50
SUBJECT_LENGTH: Final = 120
SUBJECT_READ: Final = 480
"""Characters of a subject or body that the fold reads."""

_PREFIXES: Final = re.compile(r"(?:\s*(?:re|aw|sv|antw|fwd?|wg|tr|vs)\s*(?:\[\d+\])?\s*:)+", re.IGNORECASE)


class Ticket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A ticket as the last event of its root that concerned it left it.

    `opened_at`, `last_at`, `ended_at` are times of the thread (`shown_at`); `opened_now`, `last_now`, `asked_at`,
    `first_reply_at`, `resolved_at`, `closed_at`, `closes_at` are times at which it was known, from which silence and
    promises run."""

    id: TicketId
    contact_id: ContactId
    opened_position: int
    position: int
    version: int = 1
    version_base: int = 0
    """What folding the past again adds to its version, so that no version is shown of two states."""
    status: Status = "new"
    subject: str | None = None
    matter: str = ""
    priority: Priority = "normal"
    assignee: UUID | None = None
    tags: tuple[str, ...] = ()
    type: str | None = None
    fields: Filled = ()
    queue: str | None = None
    channel: str | None = None
    source: str | None = None
    channels: tuple[str, ...] = ()
    objects: tuple[Named, ...] = ()
    items: int = 1
    disposition: str | None = None
    confirmed: bool | None = None
    waiting: Waiting | None = None
    waiting_since: datetime | None = None
    snoozed: bool = False
    history: bool = False
    reopened: int = 0
    follow_up_of: TicketId | None = None
    joined_into: TicketId | None = None
    backstage_of: TicketId | None = None
    """The ticket that this one is work of our own for: no customer's item comes to it."""
    parts: tuple[TicketId, ...] = ()
    opened_at: datetime
    opened_now: datetime
    last_at: datetime
    last_now: datetime
    asked_at: datetime | None = None
    first_reply_at: datetime | None = None
    first_customer_at: datetime | None = None
    last_customer_at: datetime | None = None
    last_agent_at: datetime | None = None
    snoozed_until: datetime | None = None
    reminded_at: datetime | None = None
    ended_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    closes_at: datetime | None = None
    clocks: tuple[Clock, ...] = ()
    clocks_met: int = 0
    clocks_missed: int = 0
    """Clocks that are over long since, of which only this is kept."""
    resolves_at: datetime | None = None
    reminds_at: datetime | None = None

    @property
    def is_ended(self) -> bool:
        return self.ended_at is not None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None and self.joined_into is None

    @property
    def until_at(self) -> datetime | None:
        """After this it meets no item that does not name it, but for the policy's reach; None: not closed."""
        if self.status != "closed" or self.ended_at is None:
            return None
        return max(self.ended_at, self.last_at)

    @property
    def turns_at(self) -> datetime | None:
        """When silence gives it another state next."""
        return self.resolves_at or self.closes_at

    @property
    def shown_version(self) -> int:
        return self.version_base + self.version

    @property
    def next_at(self) -> datetime | None:
        """When time alone does anything to it next: a state, a reminder, the end of a snooze."""
        times = (self.closes_at, self.resolves_at, self.reminds_at, self.snoozed_until)
        return min((at for at in times if at is not None), default=None)


_ENDS: Final[dict[str, Any]] = {"resolves_at": None, "reminds_at": None, "snoozed": False, "snoozed_until": None}
"""What no ended ticket has."""


def as_of(ticket: Ticket, now: datetime) -> Ticket:
    """The ticket as silence has left it by now: what it does by itself is derived at its due time."""
    replace = msgspec.structs.replace
    if ticket.resolves_at is not None and ticket.resolves_at <= now:
        due = ticket.resolves_at
        ticket = replace(ticket, **_ENDS, status="resolved", resolved_at=due, ended_at=due)
    if ticket.closes_at is None or ticket.closes_at > now:
        return ticket
    due = ticket.closes_at
    ended = ticket.ended_at or due
    return replace(ticket, **_ENDS, status="closed", closed_at=due, ended_at=ended, closes_at=None)


def can_reopen(ticket: Ticket, shown_at: datetime, rules: Rules) -> bool:
    return ticket.ended_at is not None and shown_at <= ticket.ended_at + rules.within


def with_status(ticket: Ticket, status: Status, shown_at: datetime, now: datetime) -> Ticket:
    """The ticket in another state; whether the move is allowed was asked before."""
    replace = msgspec.structs.replace
    if status == "resolved":
        return replace(ticket, **_ENDS, status=status, resolved_at=now, ended_at=shown_at)
    if status == "closed":
        return replace(ticket, **_ENDS, status=status, closed_at=now, ended_at=ticket.ended_at or shown_at)
    if ticket.is_ended:
        return reopened(ticket)
    return replace(ticket, status=status)


def reopened(ticket: Ticket) -> Ticket:
    return msgspec.structs.replace(
        ticket,
        status="open",
        reopened=ticket.reopened + 1,
        disposition=None,
        confirmed=None,
        ended_at=None,
        resolved_at=None,
        closed_at=None,
    )


def waits(ticket: Ticket, whom: Waiting, now: datetime) -> Ticket:
    """The ticket waiting for somebody, since now unless it did already."""
    since = ticket.waiting_since if ticket.waiting == whom else now
    return msgspec.structs.replace(ticket, waiting=whom, waiting_since=since)


def timed(ticket: Ticket, rules: Rules) -> Ticket:
    """The ticket with the times at which silence will do something to it."""
    closes = closing_time(ticket, rules)
    resolves, reminds = resolving_time(ticket, rules), None
    if resolves is not None and (closes is None or resolves < closes):
        closes = None if rules.resolved_after is None else resolves + rules.resolved_after
        told = ticket.reminded_at is not None and ticket.reminded_at >= ticket.last_now
        reminds = None if told or rules.reminder_before is None else resolves - rules.reminder_before
    else:
        resolves = None
    return msgspec.structs.replace(ticket, closes_at=closes, resolves_at=resolves, reminds_at=reminds)


def resolving_time(ticket: Ticket, rules: Rules) -> datetime | None:
    if ticket.status != "pending" or ticket.history or rules.resolves_after is None:
        return None
    return _silent_since(ticket) + rules.resolves_after


def _silent_since(ticket: Ticket) -> datetime:
    """A ticket that is laid aside until a time is silent from then on."""
    return max(ticket.last_now, ticket.snoozed_until or ticket.last_now)


def closing_time(ticket: Ticket, rules: Rules) -> datetime | None:
    """When silence will close it, unless it resolves it before; None: never."""
    after: timedelta | None = None
    since = _silent_since(ticket)
    if ticket.status == "resolved":
        after, since = rules.resolved_after, max(ticket.resolved_at or since, since)
    elif ticket.ended_at is None and ticket.history:
        after = rules.history_after
    elif ticket.status == "pending":
        after = rules.pending_after
    return None if after is None else since + after


def matter_of(subject: str | None) -> str:
    """A subject as it is compared: without the marks of replies and forwards, case and spaces."""
    if not subject:
        return ""
    marks = _PREFIXES.match(subject)
    return " ".join((subject[marks.end() :] if marks else subject).casefold().split())


def headline(subject: str | None, body: str | None) -> str | None:
    """What a ticket is called: its subject, else how it begins."""
    for text, most in ((subject, SUBJECT_READ), (body, SUBJECT_LENGTH)):
        words = " ".join((text or "")[:SUBJECT_READ].split())
        if words and not is_pseudonym(words):
            return words if len(words) <= most else words[: most - 1].rstrip() + "…"
    return None


def joined(earlier: Ticket, later: Ticket, position: int, rules: Rules) -> tuple[Ticket, Ticket]:
    """Two tickets that a merge of customers found to be one: the earlier with what it takes over, and the later."""
    newer = later if later.last_now > earlier.last_now else earlier
    replies = [at for at in (earlier.first_reply_at, later.first_reply_at) if at is not None]
    one = msgspec.structs.replace(
        earlier,
        position=position,
        version=earlier.version + (earlier.position != position),
        status=_status_of_both(earlier.status, later.status),
        priority=max(earlier.priority, later.priority, key=PRIORITIES.index),
        assignee=earlier.assignee or later.assignee,
        tags=tuple(sorted({*earlier.tags, *later.tags})),
        type=earlier.type or later.type,
        fields=earlier.fields if earlier.type else later.fields,
        queue=earlier.queue or later.queue,
        channels=tuple(dict.fromkeys((*earlier.channels, *later.channels))),
        objects=tuple(dict.fromkeys((*earlier.objects, *later.objects)))[:MOST_OBJECTS],
        items=earlier.items + later.items,
        waiting=newer.waiting,
        waiting_since=newer.waiting_since,
        asked_at=newer.asked_at,
        history=newer.history,
        parts=(*earlier.parts, later.id, *later.parts),
        last_at=max(earlier.last_at, later.last_at),
        last_now=newer.last_now,
        first_reply_at=min(replies, default=None),
        clocks=together(earlier.clocks, later.clocks),
        clocks_met=earlier.clocks_met + later.clocks_met,
        clocks_missed=earlier.clocks_missed + later.clocks_missed,
        first_customer_at=_first(earlier.first_customer_at, later.first_customer_at),
        last_customer_at=_last(earlier.last_customer_at, later.last_customer_at),
        last_agent_at=_last(earlier.last_agent_at, later.last_agent_at),
    )
    gone = msgspec.structs.replace(
        later,
        position=position,
        version=later.version + (later.position != position),
        joined_into=earlier.id,
        closes_at=None,
        clocks=(),
        clocks_met=0,
        clocks_missed=0,
        **_ENDS,
    )
    return timed(one, rules), gone


def _first(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _last(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _status_of_both(one: Status, other: Status) -> Status:
    both = (one, other)
    if both == ("new", "new"):
        return "new"
    if "open" in both or "new" in both:
        return "open"
    return "pending" if "pending" in both else "on_hold"


def counts_of(changes: Iterable[tuple[Ticket | None, Ticket | None]]) -> dict[ContactId, int]:
    """By how much each contact has more tickets after (before, after); one that was joined into another is none."""
    counts: Counter[ContactId] = Counter()
    for before, after in changes:
        for ticket, sign in ((before, -1), (after, 1)):
            if ticket is not None and ticket.joined_into is None:
                counts[ticket.contact_id] += sign
    return {contact: count for contact, count in counts.items() if count}
