"""Every statement of the quarantine."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

_ENTRY: Final = (
    "id, door, source, source_id, event_id, code, reason, fields, state, tries, actor, proves, received_at, "
    "decided_at, decided_by, coalesce(length(raw), 0) AS size"
)


async def keep(
    db: Db,
    workspace: UUID,
    entry: UUID,
    *,
    door: str,
    source: str | None,
    source_id: str | None,
    event_id: UUID | None,
    code: str,
    reason: str,
    fields: Sequence[str],
    raw: bytes,
    digest: bytes,
    actor: str,
    proves: Sequence[str],
) -> UUID:
    """Keep a payload, or count that the same one came again: one that was decided on waits anew."""
    kept = await db.fetchval(
        "INSERT INTO quarantine AS q (workspace_id, id, door, source, source_id, event_id, code, reason, fields, raw, "
        "digest, state, actor, proves, received_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting', $12, $13, now()) "
        "ON CONFLICT (workspace_id, door, digest) DO UPDATE SET tries = q.tries + 1, raw = excluded.raw, "
        "state = 'waiting', decided_at = NULL, decided_by = NULL RETURNING id",
        workspace,
        entry,
        door,
        source,
        source_id,
        event_id,
        code,
        reason,
        list(fields),
        raw,
        digest,
        actor,
        list(proves),
    )
    assert kept is not None
    return kept


async def entries(db: Db, workspace: UUID, states: Sequence[str], after: UUID | None, limit: int) -> list[Row]:
    """In order of id, the oldest first."""
    return await db.fetch(
        f"SELECT {_ENTRY} FROM quarantine WHERE workspace_id = $1 AND state = ANY($2::text[]) "
        "AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4",
        workspace,
        list(states),
        after,
        limit,
    )


async def entry(db: Db, workspace: UUID, entry_id: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_ENTRY}, raw FROM quarantine WHERE workspace_id = $1 AND id = $2", workspace, entry_id
    )


async def lock(db: Db, number: int) -> None:
    """Hold an advisory lock until the transaction ends. A row lock would number the transaction too early."""
    await db.execute("SELECT pg_advisory_xact_lock($1)", number)


async def decide(db: Db, workspace: UUID, entry_id: UUID, state: str, by: str) -> Row:
    """Replayed keeps its bytes; discarded loses them."""
    row = await db.fetchrow(
        "UPDATE quarantine SET state = $3, decided_at = now(), decided_by = $4, "
        "raw = CASE WHEN $3 = 'discarded' THEN NULL ELSE raw END "
        f"WHERE workspace_id = $1 AND id = $2 RETURNING {_ENTRY}",
        workspace,
        entry_id,
        state,
        by,
    )
    assert row is not None
    return row


async def count_try(db: Db, workspace: UUID, entry_id: UUID) -> Row:
    row = await db.fetchrow(
        f"UPDATE quarantine SET tries = tries + 1 WHERE workspace_id = $1 AND id = $2 RETURNING {_ENTRY}",
        workspace,
        entry_id,
    )
    assert row is not None
    return row
