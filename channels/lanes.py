"""Which domains an account cannot send to right now: why, since when, and how many mails wait for each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from channels import lane_store
from channels.email.sending import BREAKS
from channels.outbox_store import Db

MOST: Final = 100
MOST_TOLD: Final = 5


class FailingLane(msgspec.Struct, frozen=True, kw_only=True):
    """A domain that has put off or refused the account so many times in a row, with its last words. Nothing goes there
    before `paused_until`; `waiting` counts the mails that would."""

    domain: str
    failures: int
    failing_since: datetime
    paused_until: datetime | None
    reason: str
    waiting: int


async def list_failing(db: Db, workspace: UUID, account: UUID) -> list[FailingLane]:
    """Those that have failed for longest first, a hundred at most."""
    rows = await lane_store.failing(db, workspace, account, MOST)
    return [FailingLane(**dict(row)) for row in rows]


def faults_of(lanes: Sequence[FailingLane]) -> list[str]:
    """A sentence each, for those that are left alone by now: a first refusal is no fault of anybody's."""
    left_alone = [one for one in lanes if one.failures >= BREAKS]
    told = [
        f"Sending to {one.domain} fails since {one.failing_since:%Y-%m-%d %H:%M} UTC, {one.failures} times in a row, "
        f"and {_wait(one.waiting)}: {one.reason}"
        for one in left_alone[:MOST_TOLD]
    ]
    more = len(left_alone) - MOST_TOLD
    return [*told, f"Sending fails to {more} domains more."] if more > 0 else told


def _wait(mails: int) -> str:
    return "1 mail waits" if mails == 1 else f"{mails} mails wait"
