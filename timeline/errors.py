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
    """This process has no ticket numbers left for the workspace: roll back, take a block, try again."""

    def __init__(self, workspace: UUID) -> None:
        super().__init__("no ticket numbers left")
        self.workspace = workspace
