"""What is told of a promise when its time has come: facts, past tense, by the clock.

`target` and `started_by` name the promise, wherever it went since; `ticket` is where it was when this was told."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

SlaTarget = Literal["first_response", "next_response", "resolution"]


class SlaWarned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A promise will be broken soon."""

    v: int = 1
    ticket: UUID
    target: SlaTarget
    started_by: UUID
    due: datetime
    policy: str
    cause: str | None = None


class SlaBreached(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A promise was broken. `found_missed`: it was over already when a decision about the past brought it here, so it
    is kept on record and alarms nobody."""

    v: int = 1
    ticket: UUID
    target: SlaTarget
    started_by: UUID
    due: datetime
    policy: str
    found_missed: bool = False
    cause: str | None = None


SlaEvent = SlaWarned | SlaBreached
