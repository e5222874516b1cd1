"""What somebody does with tickets beyond asking something of one: edits and links, tasks, work of our own; past tense.

`ticket` is the ticket that it was done to; an erasure leaves every field that the fold reads."""

from datetime import datetime
from uuid import UUID

import msgspec


class TicketsJoined(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody made two tickets of one customer one: `absorbed` became part of `ticket`. This and the next three are
    edits; an erasure leaves the fields that they are folded by."""

    v: int = 1
    ticket: UUID
    absorbed: UUID
    cause: str | None = None


class TicketSplit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Items of a ticket became a ticket of their own, whose id is the first of them. The conversations of those in
    `kept` stay with the ticket that they were in."""

    v: int = 1
    ticket: UUID
    items: tuple[UUID, ...]
    kept: tuple[UUID, ...] = ()
    subject: str | None = None
    cause: str | None = None


class TicketItemMoved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An item was given to a ticket, from the one that it was in, or from none; with `kept` its conversation stays."""

    v: int = 1
    ticket: UUID
    event: UUID
    kept: bool = False
    cause: str | None = None


class TicketItemShared(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An item belongs to one more ticket."""

    v: int = 1
    ticket: UUID
    event: UUID
    cause: str | None = None


class TicketEscalated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation that was no ticket became one, whose id is the first of its items."""

    v: int = 1
    ticket: UUID
    items: tuple[UUID, ...]
    cause: str | None = None


class BackstageOpened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Work of our own began for a ticket: a ticket that the customer neither sees nor answers."""

    v: int = 1
    ticket: UUID
    subject: str
    cause: str | None = None


class TicketLinked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Two tickets have to do with each other: `event` opened the other one, whosever it is."""

    v: int = 1
    ticket: UUID
    event: UUID
    kind: str = ""


class TicketEditUndone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An edit or a link of a ticket was taken back."""

    v: int = 1
    ticket: UUID
    undoes: UUID
    reason: str | None = None


class TaskAdded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something is to be done about a ticket, by somebody and by a time, or by either; the task's id is the event's."""

    v: int = 1
    ticket: UUID
    title: str
    due: datetime | None = None
    assignee: UUID | None = None


class TaskChanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task was given to somebody else, or is due at another time."""

    v: int = 1
    ticket: UUID
    event: UUID
    due: datetime | None = None
    assignee: UUID | None = None


class TaskDone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task was done."""

    v: int = 1
    ticket: UUID
    event: UUID


class TaskReopened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task was not done after all."""

    v: int = 1
    ticket: UUID
    event: UUID
