"""What happens to a ticket in its life beyond state, owner, tags and subject: facts, past tense.

Of each, `ticket` is what it was meant for and `cause` what asked for it."""

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


LifeCommand = TicketTyped | TicketFieldsSet | TicketQueued
