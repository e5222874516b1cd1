"""Every event type: a fact in a contact's stream, past tense.

What a channel hands in becomes one of the eight recorded kinds; everything else that the ledger knows is a
change. A type's fields may grow; a change of meaning gets a new version and an upcast in `codec`.
"""

from datetime import datetime
from typing import Any, Final, Literal, NewType
from uuid import UUID

import msgspec

from identity.customers import ContactClaim, ContactId, CustomerId, DecisionId
from timeline.edit_events import (
    BackstageOpened,
    TaskAdded,
    TaskChanged,
    TaskDone,
    TaskReopened,
    TicketEditUndone,
    TicketEscalated,
    TicketItemMoved,
    TicketItemShared,
    TicketLinked,
    TicketsJoined,
    TicketSplit,
)
from timeline.interactions import ObjectState
from timeline.mail_events import MailSettled
from timeline.sla_events import SlaEvent
from timeline.ticket_events import LifeCommand
from timeline.triage_events import TicketClassified

EventId = NewType("EventId", UUID)
Actor = NewType("Actor", str)
"""`kind:id` of who acted: key, agent, import, rule, policy, or plain `system`."""


def is_automatic(actor: str) -> bool:
    """Whether nobody did it, but something that was set up."""
    return actor.partition(":")[0] in ("rule", "policy", "system")


Status = Literal["new", "open", "pending", "on_hold", "resolved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An interaction as it was handed in, with what its source said about the contact."""

    v: int = 1
    subject: str | None = None
    body: str | None = None
    data: dict[str, Any] | None = None
    object: ObjectState | None = None
    ticket: str | int | None = None
    ticket_id: UUID | None = None
    """The ticket that `ticket` named, or that a reply or note was written in."""
    contact: ContactClaim = msgspec.field(default_factory=ContactClaim)
    ahead: bool = False
    """Its clock was more than five minutes ahead of ours."""
    history: bool = False
    """It was imported: shown, and never reacted to."""
    answered: bool = False
    """A call of a customer that somebody took: `data.answered_by` said who."""
    reminder: bool = False
    """The desk's clock sent it: it answers nothing, and no silence ends with it."""
    begins: bool = False
    """The desk wrote first: it opens a ticket, whatever the policy opens tickets for."""


class MessageRecorded(Recorded, frozen=True, kw_only=True):
    """Somebody wrote, on whatever channel."""


class CallRecorded(Recorded, frozen=True, kw_only=True):
    """Somebody called or was called."""


class NoteRecorded(Recorded, frozen=True, kw_only=True):
    """Somebody on our side wrote something down."""


class OrderRecorded(Recorded, frozen=True, kw_only=True):
    """A state of an order or a reservation."""


class PaymentRecorded(Recorded, frozen=True, kw_only=True):
    """Money moved or failed to."""


class ShipmentRecorded(Recorded, frozen=True, kw_only=True):
    """A state of a delivery."""


class VisitRecorded(Recorded, frozen=True, kw_only=True):
    """Somebody was seen, on a page or in a shop."""


class FactRecorded(Recorded, frozen=True, kw_only=True):
    """Something another system knows."""


class CustomersMerged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Two customers were found to be one; written to both desk contacts."""

    v: int = 1
    decision: DecisionId
    kept: CustomerId
    absorbed: CustomerId
    reason: str | None = None


class CustomersUnmerged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A merge was taken back; written to the desk contacts that it had joined."""

    v: int = 1
    decision: DecisionId
    undoes: DecisionId
    kept: CustomerId
    restored: CustomerId
    reason: str | None = None


class ContactsSplit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Contacts were given a home of their own."""

    v: int = 1
    decision: DecisionId
    contacts: list[ContactId]
    old_home: CustomerId
    new_home: CustomerId
    reason: str | None = None


class ItemPlaced(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item was given to another contact by hand."""

    v: int = 1
    decision: DecisionId
    event: EventId
    contact: ContactId
    reason: str | None = None


class DecisionUndone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A split, a placement or a "not the same person" was taken back."""

    v: int = 1
    decision: DecisionId
    undoes: DecisionId
    reason: str | None = None


class CustomerErased(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What these contacts said and were called is gone; written to the desk contact. Followers drop what they hold."""

    v: int = 1
    erasure: UUID
    contacts: list[ContactId]


class ItemsErased(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What these items said is gone, by a policy; written to the desk contacts of those concerned."""

    v: int = 1
    erasure: UUID
    items: list[EventId]


class TicketStatusSet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody moved a ticket to another state. This and the next four are commands carried out: `ticket` is what they
    were meant for, `cause` what asked for them."""

    v: int = 1
    ticket: UUID
    status: Status
    disposition: str | None = None
    waiting: Literal["third_party"] | None = None
    """Who is waited for while it is on hold, where that is neither side."""
    cause: str | None = None


class TicketAssigned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket was given to an agent, or taken from one, perhaps with the reason that somebody gave."""

    v: int = 1
    ticket: UUID
    assignee: UUID | None = None
    cause: str | None = None
    reason: str | None = None


class TicketTagged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tags were put on a ticket or taken off."""

    v: int = 1
    ticket: UUID
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    cause: str | None = None


class TicketPrioritised(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket was found more or less urgent."""

    v: int = 1
    ticket: UUID
    priority: Priority
    cause: str | None = None


class TicketRenamed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket got another subject."""

    v: int = 1
    ticket: UUID
    subject: str | None = None
    cause: str | None = None


class TicketClosed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Silence closed a ticket at its due time; this only announces it."""

    v: int = 1
    ticket: UUID
    due: datetime
    cause: str | None = None


RecordedKind = (
    MessageRecorded
    | CallRecorded
    | NoteRecorded
    | OrderRecorded
    | PaymentRecorded
    | ShipmentRecorded
    | VisitRecorded
    | FactRecorded
)
Edit = TicketsJoined | TicketSplit | TicketItemMoved | TicketItemShared | BackstageOpened | TicketEscalated
"""What somebody did to the tickets that items are in. One that was undone is left out of the fold."""
Command = (
    TicketStatusSet
    | TicketAssigned
    | TicketTagged
    | TicketPrioritised
    | TicketRenamed
    | TicketClosed
    | LifeCommand
    | SlaEvent
)
"""What happened to a ticket by a person, a rule or the clock."""

Change = (
    CustomersMerged
    | CustomersUnmerged
    | ContactsSplit
    | ItemPlaced
    | DecisionUndone
    | CustomerErased
    | ItemsErased
    | TicketLinked
    | TicketEditUndone
    | TaskAdded
    | TaskChanged
    | TaskDone
    | TaskReopened
    | MailSettled
    | TicketClassified
)
Event = RecordedKind | Change | Command | Edit

RECORDED: Final[dict[str, type[RecordedKind]]] = {
    "message": MessageRecorded,
    "call": CallRecorded,
    "note": NoteRecorded,
    "order": OrderRecorded,
    "payment": PaymentRecorded,
    "shipment": ShipmentRecorded,
    "visit": VisitRecorded,
    "fact": FactRecorded,
}
KIND_OF: Final[dict[str, str]] = {event_type.__name__: kind for kind, event_type in RECORDED.items()}
CHANGE: Final = "change"


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event about to be appended; `event` says what, the rest where it lies."""

    id: EventId
    contact_id: ContactId
    event: Event
    channel: str | None = None
    direction: str | None = None
    conversation: str | None = None
    source: str | None = None
    source_id: str | None = None
    actor: Actor
    about: EventId | None = None
    shown_at: datetime
    occurred_at: datetime
    recorded_at: datetime


class RecordedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it lies in the ledger. `data` are its bytes: `codec.decode` reads them."""

    id: EventId
    contact_id: ContactId
    type: str
    channel: str | None
    direction: str | None
    conversation: str | None
    source: str | None
    source_id: str | None
    actor: Actor
    about: EventId | None
    shown_at: datetime
    occurred_at: datetime
    recorded_at: datetime
    data: msgspec.Raw

    @property
    def kind(self) -> str:
        return KIND_OF.get(self.type, CHANGE)
