"""What happens to a ticket in its life beyond state, owner, tags and subject: facts, past tense.

Of each, `ticket` is what it was meant for and `cause` what asked for it."""

from datetime import datetime
from uuid import UUID

import msgspec

FieldValue = str | int | float | bool | tuple[str, ...]
"""Of a custom field: what it may be says the ticket's type."""


class TicketTyped(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket was found to be of a type that the desk knows, or of none."""

    v: int = 1
    ticket: UUID
    type: str | None = None
    cause: str | None = None


class TicketFieldsSet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Custom fields of a ticket were filled; null empties one."""

    v: int = 1
    ticket: UUID
    fields: dict[str, FieldValue | None]
    cause: str | None = None


class TicketQueued(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket was put into a queue, by its key, or taken out of all."""

    v: int = 1
    ticket: UUID
    queue: str | None = None
    cause: str | None = None
    reason: str | None = None


class TicketSnoozed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket was laid aside until a time or until its customer writes, whichever comes first; null: no time."""

    v: int = 1
    ticket: UUID
    until: datetime | None = None
    cause: str | None = None


class TicketAwoke(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket that was laid aside is back: its time has come (`due`), or somebody fetched it."""

    v: int = 1
    ticket: UUID
    due: datetime | None = None
    cause: str | None = None


class TicketResolved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Silence resolved a ticket at its due time; this only announces it."""

    v: int = 1
    ticket: UUID
    due: datetime
    cause: str | None = None


class TicketReminded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The customer was reminded that silence is about to resolve a ticket."""

    v: int = 1
    ticket: UUID
    due: datetime
    cause: str | None = None


class TicketConfirmed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The customer said whether a resolution is one."""

    v: int = 1
    ticket: UUID
    confirmed: bool
    comment: str | None = None
    cause: str | None = None


LifeCommand = (
    TicketTyped
    | TicketFieldsSet
    | TicketQueued
    | TicketSnoozed
    | TicketAwoke
    | TicketResolved
    | TicketReminded
    | TicketConfirmed
)
