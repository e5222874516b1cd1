"""What can be wrong with a request to the ledger or the front desk; `app.errors` maps each to a status."""

from collections.abc import Sequence
from uuid import UUID


class TimelineError(Exception):
    """Everything below; the message is for people."""


class UnknownEventType(TimelineError):
    def __init__(self, event_type: str) -> None:
        super().__init__(f"the ledger holds no event type {event_type!r} that this version knows")


class ContentDiffers(TimelineError):
    """The same source and source id came again with other content; `fields` are those that differ."""

    def __init__(self, event_id: UUID, fields: list[str]) -> None:
        super().__init__("this source and source_id were pushed before with other content: " + ", ".join(fields))
        self.event_id = event_id
        self.fields = fields


class ItemRefused(TimelineError):
    """A well-formed request that this state makes impossible; `field` is at fault."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


class UnderHold(TimelineError):
    """A legal hold stands over somebody who was to be erased."""

    def __init__(self, holds: Sequence[UUID]) -> None:
        named = f" ({', '.join(map(str, holds))})" if holds else ""
        super().__init__(f"a legal hold stands{named}: lift it first")
        self.holds = list(holds)


class StartOver(TimelineError):
    """What was read before the locks changed until they were held: roll back and try again."""


class NumbersSpent(StartOver):
    """This process has not the `wanted` ticket numbers left for the workspace: roll back, take a block, try again."""

    def __init__(self, workspace: UUID, wanted: int) -> None:
        super().__init__("no ticket numbers left")
        self.workspace = workspace
        self.wanted = wanted


class TicketElsewhere(TimelineError):
    """The ticket is not there any more: `survivor` answers for it, or where nothing does, `customer`'s thread."""

    def __init__(
        self, ticket: UUID, *, survivor: UUID | None = None, number: int | None = None, customer: UUID | None = None
    ) -> None:
        where = f"part of ticket {number}" if survivor else "in no ticket any more"
        super().__init__(f"what ticket {ticket} was about is {where}")
        self.ticket = ticket
        self.survivor = survivor
        self.number = number
        self.customer = customer


class TicketStale(TimelineError):
    """Somebody changed the ticket meanwhile; `version` is the current one."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the ticket changed meanwhile: it is at version {version}")
        self.version = version


class AlreadyClaimed(TimelineError):
    """Somebody has the ticket: `assignee`, called `name`."""

    def __init__(self, assignee: UUID, name: str) -> None:
        super().__init__(f"{name} has this ticket already")
        self.assignee = assignee
        self.name = name


class StillDeriving(TimelineError):
    """The tickets of this customer are being folded again: nothing can be asked of them until that is done."""
