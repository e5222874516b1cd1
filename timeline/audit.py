"""Has anybody changed the past? A chain of SHA-256 over every event, decision and erasure, in ledger order.

A seal covers a run of settled records, behind which nothing can still appear, so computing it again gives the same
digest for ever, whatever is being written meanwhile.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from identity.claims import lock_key
from identity.customers import WorkspaceId
from timeline import store
from timeline.followers import BATCH, START, Checkpoint

_ORIGIN: Final = b"\0" * 32


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain: everything up to and including `at`, on top of the seal before."""

    number: int
    at: Checkpoint
    records: int
    digest: bytes
    sealed_at: datetime


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A seal that does not hold, and why, in words."""

    number: int
    words: str


_KINDS: Final = (
    ("event", "event"),
    ("link_decision", "decision"),
    ("erasure", "erasure"),
    ("restoration", "restoration"),
)
_AFTER: Final = "AND (e.epoch, e.xid, e.position) > ($2, $3::bigint::text::xid8, $4) "
_SETTLED: Final = (
    "AND (e.xid < pg_snapshot_xmin(pg_current_snapshot()) OR e.epoch < (SELECT epoch FROM workspace WHERE id = $1)) "
)
_COVERED: Final = "AND (e.epoch, e.xid, e.position) <= ($6, $7::bigint::text::xid8, $8) "


def _records(bound: str) -> str:
    """Records in ledger order with their digests. What an erasure blanked counts as what it was, as long as its
    tombstone is the one that the erasure left."""
    part = f"{_AFTER}{bound}ORDER BY e.epoch, e.xid, e.position LIMIT $5"
    kinds = " UNION ALL ".join(
        f"(SELECT e.epoch, e.xid, e.position, e.id, {name}_digest(e) AS digest FROM {table} e "
        f"WHERE e.workspace_id = $1 {part})"
        for table, name in _KINDS
    )
    return (
        "SELECT r.epoch, r.xid::text::bigint AS xid, r.position, coalesce(x.original, r.digest) AS digest "
        f"FROM (SELECT * FROM ({kinds}) AS k ORDER BY k.epoch, k.xid, k.position LIMIT $5) AS r LEFT JOIN LATERAL "
        "(SELECT original FROM erased_record o WHERE o.workspace_id = $1 AND o.id = r.id AND o.tombstone = r.digest "
        "LIMIT 1) AS x ON true ORDER BY r.epoch, r.xid, r.position"
    )


_UNSEALED, _SEALED = _records(_SETTLED), _records(_COVERED)


async def seal(db: store.Db, workspace: WorkspaceId, now: datetime, limit: int = BATCH) -> Seal | None:
    """Seal the next settled records, in the transaction of the caller. None: nothing new, or another does it."""
    if not await store.lock_follower(db, lock_key(workspace, "follower", "audit")):
        return None
    before = await last_seal(db, workspace)
    at = before.at if before else START
    rows = await db.fetch(_UNSEALED, workspace, at.epoch, at.xid, at.position, limit)
    if not rows:
        return None
    made = Seal(
        number=before.number + 1 if before else 1,
        at=_place(rows[-1]),
        records=len(rows),
        digest=_digest(before.digest if before else _ORIGIN, rows),
        sealed_at=now,
    )
    await db.execute(
        "INSERT INTO audit_seal (workspace_id, number, epoch, xid, position, records, digest, sealed_at) "
        "VALUES ($1, $2, $3, $4::bigint::text::xid8, $5, $6, $7, $8)",
        workspace,
        made.number,
        made.at.epoch,
        made.at.xid,
        made.at.position,
        made.records,
        made.digest,
        made.sealed_at,
    )
    return made


async def last_seal(db: store.Db, workspace: WorkspaceId) -> Seal | None:
    rows = await db.fetch(
        "SELECT number, epoch, xid::text::bigint AS xid, position, records, digest, sealed_at FROM audit_seal "
        "WHERE workspace_id = $1 ORDER BY number DESC LIMIT 1",
        workspace,
    )
    return _seal(rows[0]) if rows else None


async def seals_after(db: store.Db, workspace: WorkspaceId, number: int, limit: int) -> list[Seal]:
    """Seals in their order, from behind a number."""
    rows = await db.fetch(
        "SELECT number, epoch, xid::text::bigint AS xid, position, records, digest, sealed_at FROM audit_seal "
        "WHERE workspace_id = $1 AND number > $2 ORDER BY number LIMIT $3",
        workspace,
        number,
        limit,
    )
    return [_seal(row) for row in rows]


async def verify(db: store.Db, workspace: WorkspaceId) -> AsyncIterator[Seal | Broken]:
    """Compute every seal again in one snapshot: each as it is, or broken. After a broken one the chain goes on from
    what that seal says, so that each fault is told once."""
    before, at, number = _ORIGIN, START, 0
    while page := await seals_after(db, workspace, number, BATCH):
        for one in page:
            if one.number != number + 1:
                yield Broken(number=number + 1, words=f"seals {number + 1} to {one.number - 1} are gone")
            rows = await db.fetch(
                _SEALED, workspace, at.epoch, at.xid, at.position, one.records + BATCH, one.at.epoch, one.at.xid,
                one.at.position,
            )  # fmt: skip
            yield one if _digest(before, rows) == one.digest else Broken(number=one.number, words=_fault(one, rows))
            before, at, number = one.digest, one.at, one.number


class Restoration(msgspec.Struct, frozen=True, kw_only=True):
    """A restore: what was recorded between `taken_at` and `restored_at` is not in the ledger, nor in its chain."""

    epoch: int
    taken_at: datetime
    restored_at: datetime
    actor: str


async def restorations(db: store.Db, workspace: WorkspaceId) -> list[Restoration]:
    """The restores that this ledger has been through, the oldest first."""
    rows = await db.fetch(
        "SELECT epoch, taken_at, restored_at, actor FROM restoration WHERE workspace_id = $1 ORDER BY epoch", workspace
    )
    return [Restoration(**dict(row)) for row in rows]


def _fault(one: Seal, rows: Sequence[store.Row]) -> str:
    when = one.sealed_at.isoformat(timespec="seconds")
    if len(rows) < one.records:
        return f"{one.records - len(rows)} of {one.records} records sealed at {when} were removed"
    if len(rows) > one.records:
        return f"{len(rows) - one.records} records were put among the {one.records} sealed at {when}"
    return f"a record sealed at {when}, or the seal itself, was changed"


def _digest(before: bytes, rows: Sequence[store.Row]) -> bytes:
    return sha256(before + b"".join(row["digest"] for row in rows)).digest()


def _place(row: store.Row) -> Checkpoint:
    return Checkpoint(epoch=row["epoch"], xid=row["xid"], position=row["position"])


def _seal(row: store.Row) -> Seal:
    return Seal(
        number=row["number"],
        at=_place(row),
        records=row["records"],
        digest=row["digest"],
        sealed_at=row["sealed_at"],
    )
