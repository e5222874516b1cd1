"""Reading the ledger in batches from a checkpoint, safely behind open transactions.

Order and checkpoint are `(epoch, xid, position)`, never the position alone: a transaction that began earlier may
commit later with a lower position. What is older than every open transaction can no longer gain a predecessor.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from identity.claims import lock_key
from identity.customers import CustomerId, WorkspaceId
from timeline import store
from timeline.events import RecordedEvent

BATCH: Final = 1_000


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """How far a follower has read: everything up to and including this place."""

    epoch: int
    xid: int
    position: int


START: Final = Checkpoint(epoch=0, xid=0, position=0)


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """An event where a follower meets it, with the customer of today."""

    at: Checkpoint
    event: RecordedEvent
    customer_id: CustomerId


async def head(db: store.Db, workspace: WorkspaceId) -> Checkpoint:
    """Before everything that is not yet settled: reading on from here misses nothing that a page read in the
    same snapshot does not show."""
    return head_of(await store.head(db, workspace))


def head_of(row: store.Row) -> Checkpoint:
    return Checkpoint(epoch=row["epoch"], xid=row["xid"], position=0)


async def read_after(db: store.Db, workspace: WorkspaceId, after: Checkpoint, limit: int = BATCH) -> list[Followed]:
    """The next settled events, in ledger order."""
    rows = await store.follow(db, workspace, (after.epoch, after.xid, after.position), limit)
    return [
        Followed(
            at=Checkpoint(epoch=row["epoch"], xid=row["xid"], position=row["position"]),
            event=recorded(row),
            customer_id=row["customer_id"],
        )
        for row in rows
    ]


def recorded(row: store.Row) -> RecordedEvent:
    """A row of the ledger as an event."""
    return RecordedEvent(
        id=row["id"],
        contact_id=row["contact_id"],
        type=row["type"],
        channel=row["channel"],
        direction=row["direction"],
        conversation=row["conversation"],
        source=row["source"],
        source_id=row["source_id"],
        actor=row["actor"],
        about=row["about"],
        shown_at=row["shown_at"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        data=msgspec.Raw(row["data"]),
    )


async def read_checkpoint(db: store.Db, workspace: WorkspaceId, follower: str) -> Checkpoint:
    """Where the follower goes on; a new one starts at the beginning."""
    row = await store.checkpoint(db, workspace, follower)
    return Checkpoint(**dict(row)) if row else START


async def advance(
    db: store.Db,
    workspace: WorkspaceId,
    follower: str,
    take: Callable[[list[Followed]], Awaitable[None]],
    now: datetime,
    limit: int = BATCH,
    start: Checkpoint = START,
) -> int:
    """Hand the next batch to `take` and move the checkpoint in the same transaction; returns the batch's length. What
    lies before `start` is passed over.

    What `take` writes with `db` is done exactly once. What it does elsewhere is done at least once: a follower that
    dies between batch and commit reads the batch again. Another worker on the same follower gets 0."""
    if not await store.lock_follower(db, lock_key(workspace, "follower", follower)):
        return 0
    after = max(start, await read_checkpoint(db, workspace, follower))
    batch = await read_after(db, workspace, after, limit)
    if batch:
        await take(batch)
        last = batch[-1].at
        await store.move_checkpoint(db, workspace, follower, (last.epoch, last.xid, last.position), now)
    return len(batch)
