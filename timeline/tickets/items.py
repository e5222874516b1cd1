"""What the fold of tickets reads of an event, and what it writes: the records between ledger and projection."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import ContactId
from timeline.events import Command, Edit, EventId
from timeline.tickets.moments import Moment
from timeline.tickets.policy import Rules
from timeline.tickets.ticket import Named, Ticket, TicketId

MOVING_KINDS: Final = ("message", "call")
MOVING_DIRECTIONS: Final = ("inbound", "outbound")


class FoldEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the fold reads of an event. `contact_id` is where it stands; `now` the time that silence runs by; `moved`
    are the items that an edit is about, those that stand in its root. `answered`: a call that somebody of us took;
    `reminder`: our clock sent it; `begins`: the desk wrote first."""

    position: int
    id: EventId
    contact_id: ContactId
    kind: str
    channel: str | None
    direction: str | None
    source: str | None
    conversation: str | None
    about: EventId | None
    shown_at: datetime
    now: datetime
    history: bool
    reminder: bool = False
    answered: bool = False
    begins: bool = False
    ticket: UUID | None
    subject: str | None
    body: str | None
    object: Named | None
    command: Command | None
    edit: Edit | None = None
    automatic: bool = False
    moved: tuple["FoldEvent", ...] = ()

    @property
    def moves(self) -> bool:
        return self.kind in MOVING_KINDS and self.direction in MOVING_DIRECTIONS and not self.reminder

    def opens(self, rules: Rules) -> bool:
        if self.begins:
            return True
        return (self.kind, self.direction) in rules.opens and not self.reminder and not self.only_talks(rules)

    def only_talks(self, rules: Rules) -> bool:
        """Whether it is of a channel on which a conversation is a ticket only once somebody made it one."""
        return self.moves and not self.begins and self.channel in rules.escalates

    def is_activity(self, rules: Rules) -> bool:
        return self.moves or self.opens(rules)

    def seeks(self, rules: Rules) -> bool:
        """Whether it concerns tickets at all."""
        return (
            self.command is not None
            or self.edit is not None
            or self.ticket is not None
            or self.conversation is not None
            or self.object is not None
            or self.is_activity(rules)
        )


class ItemOf(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event belongs to a ticket."""

    event_id: EventId
    ticket_id: TicketId
    position: int
    shown_at: datetime


class Holding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """From a position on a conversation belongs to a ticket."""

    source: str
    conversation: str
    since: int
    ticket_id: TicketId


class Void(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A command that came to nothing, and why."""

    event_id: EventId
    contact_id: ContactId
    position: int
    reason: str


class Past(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a ticket was up to a position, before the first change behind a merge."""

    ticket: Ticket
    until: int


class Written:
    """What folding adds, in the order in which it came; tickets are read from the root."""

    def __init__(self) -> None:
        self.changed: dict[TicketId, Ticket | None] = {}
        """Tickets that changed, as they were when they were loaded (None: not there)."""
        self.items: list[ItemOf] = []
        self.gone: list[tuple[EventId, TicketId]] = []
        """Items that were kept before and left their ticket."""
        self.holdings: list[Holding] = []
        self.voids: list[Void] = []
        self.past: list[Past] = []
        self.moments: list[Moment] = []

    def take_off(self, item: EventId, ticket: TicketId) -> None:
        """An item leaves a ticket, whether it came to it in this folding or before."""
        for at in range(len(self.items) - 1, -1, -1):
            if (self.items[at].event_id, self.items[at].ticket_id) == (item, ticket):
                del self.items[at]
                return
        self.gone.append((item, ticket))
