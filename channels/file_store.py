"""Every statement about files: what is stored, what points to it, and what nothing points to any more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

_NEEDED = (
    "(EXISTS (SELECT FROM file_use u WHERE u.workspace_id = $1 AND u.sha256 = {sha256}) "
    "OR EXISTS (SELECT FROM file_upload l WHERE l.workspace_id = $1 AND l.sha256 = {sha256}))"
)


async def lock(db: Db, numbers: Sequence[int]) -> None:
    """Keep announcing and deleting the same bytes apart until the transaction ends, in the order given."""
    for number in numbers:
        await db.execute("SELECT pg_advisory_xact_lock($1)", number)


async def announce(
    db: Db, workspace: UUID, hashes: Sequence[bytes], sizes: Sequence[int], look_at: datetime, soon: datetime
) -> None:
    """Say that these bytes are about to be stored: nobody deletes them before `look_at`, or `soon` where they were
    announced just before. The locks are held."""
    await db.execute(
        "INSERT INTO stored_file AS f (workspace_id, sha256, size, look_at) SELECT $1, n.sha256, n.size, $4 "
        "FROM unnest($2::bytea[], $3::bigint[]) AS n(sha256, size) ORDER BY n.sha256 "
        "ON CONFLICT (workspace_id, sha256) DO UPDATE SET look_at = $4, going = false "
        "WHERE f.going OR f.look_at IS NULL OR f.look_at < $5",
        workspace,
        list(hashes),
        list(sizes),
        look_at,
        soon,
    )


async def hold(db: Db, workspace: UUID, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of the files that are stored; they stay until this transaction ends."""
    rows = await db.fetch(
        "SELECT sha256 FROM stored_file WHERE workspace_id = $1 AND sha256 = ANY($2::bytea[]) AND NOT going "
        "ORDER BY sha256 FOR KEY SHARE",
        workspace,
        list(hashes),
    )
    return {row["sha256"] for row in rows}


async def add_uses(db: Db, workspace: UUID, uses: Sequence[tuple[object, ...]]) -> None:
    """Each in the order of `file_use`'s columns after the workspace. A part that its event has already stays."""
    await db.executemany(
        "INSERT INTO file_use (workspace_id, id, event_id, ordinal, part, name, type, size, sha256, content_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        [(workspace, *use) for use in uses],
    )


async def opened(db: Db, workspace: UUID, file: UUID) -> Row | None:
    """A part of an event, or an upload."""
    return await db.fetchrow(
        "SELECT id, event_id, part, name, type, size, sha256 FROM file_use WHERE workspace_id = $1 AND id = $2 "
        "UNION ALL SELECT id, NULL, 'attachment', name, type, size, sha256 FROM file_upload "
        "WHERE workspace_id = $1 AND id = $2 LIMIT 1",
        workspace,
        file,
    )


async def uses_of(db: Db, workspace: UUID, events: Sequence[UUID]) -> list[Row]:
    """The parts of these events, in their order."""
    return await db.fetch(
        "SELECT id, event_id, ordinal, part, name, type, size, sha256, content_id FROM file_use "
        "WHERE workspace_id = $1 AND event_id = ANY($2::uuid[]) ORDER BY event_id, ordinal",
        workspace,
        list(events),
    )


async def add_upload(
    db: Db, workspace: UUID, upload: UUID, *, name: str, type_: str, size: int, sha256: bytes, now: datetime, by: str
) -> None:
    await db.execute(
        "INSERT INTO file_upload (workspace_id, id, name, type, size, sha256, made_at, made_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        workspace,
        upload,
        name,
        type_,
        size,
        sha256,
        now,
        by,
    )


async def waiting(db: Db, workspace: UUID, by: str) -> int:
    found = await db.fetchval(
        "SELECT count(*) FROM file_upload WHERE workspace_id = $1 AND made_by = $2", workspace, by
    )
    return int(found or 0)


async def take_uploads(db: Db, workspace: UUID, uploads: Sequence[UUID]) -> list[Row]:
    """Those that were still unused, and are no uploads any more."""
    return await db.fetch(
        "DELETE FROM file_upload WHERE workspace_id = $1 AND id = ANY($2::uuid[]) "
        "RETURNING id, name, type, size, sha256",
        workspace,
        list(uploads),
    )


async def drop_old_uploads(db: Db, workspace: UUID, before: datetime, now: datetime) -> int:
    """Uploads that nobody used in time; their bytes are looked at next."""
    dropped = await db.fetchval(
        "WITH gone AS (DELETE FROM file_upload WHERE workspace_id = $1 AND made_at < $2 RETURNING sha256), "
        "due AS (UPDATE stored_file f SET look_at = $3 FROM (SELECT DISTINCT sha256 FROM gone) AS g "
        "WHERE f.workspace_id = $1 AND f.sha256 = g.sha256) SELECT count(*) FROM gone",
        workspace,
        before,
        now,
    )
    return int(dropped or 0)


async def forget(db: Db, workspace: UUID, erasure: UUID, now: datetime) -> int:
    """Let go of the parts of the events that an erasure has blanked; their bytes are looked at next."""
    gone = await db.fetchval(
        "WITH gone AS (DELETE FROM file_use u USING erased_record r WHERE r.workspace_id = $1 AND r.erasure_id = $2 "
        "AND u.workspace_id = $1 AND u.event_id = r.id RETURNING u.sha256), "
        "due AS (UPDATE stored_file f SET look_at = $3 FROM (SELECT DISTINCT sha256 FROM gone) AS g "
        "WHERE f.workspace_id = $1 AND f.sha256 = g.sha256) SELECT count(*) FROM gone",
        workspace,
        erasure,
        now,
    )
    return int(gone or 0)


async def due(db: Db, workspace: UUID, now: datetime, limit: int) -> list[bytes]:
    """Files to look at, those that are due longest first."""
    rows = await db.fetch(
        "SELECT sha256 FROM stored_file WHERE workspace_id = $1 AND look_at <= $2 ORDER BY look_at LIMIT $3",
        workspace,
        now,
        limit,
    )
    return [row["sha256"] for row in rows]


async def take(db: Db, workspace: UUID, sha256: bytes) -> bool:
    """Whether there is such a file; nothing can begin to point to it until this transaction ends."""
    return (
        await db.fetchval(
            "SELECT true FROM stored_file WHERE workspace_id = $1 AND sha256 = $2 FOR UPDATE", workspace, sha256
        )
        is True
    )


async def is_going(db: Db, workspace: UUID, sha256: bytes) -> bool:
    return (
        await db.fetchval("SELECT going FROM stored_file WHERE workspace_id = $1 AND sha256 = $2", workspace, sha256)
        is True
    )


async def is_needed(db: Db, workspace: UUID, sha256: bytes) -> bool:
    """Whether anything points to it. Ask in a statement of its own after `take`, which may have waited."""
    return await db.fetchval(f"SELECT {_NEEDED.format(sha256='$2')}", workspace, sha256) is True


async def mark(db: Db, workspace: UUID, sha256: bytes, *, going: bool) -> None:
    """Going: nothing may point to it from now on. Else it was looked at, and is needed."""
    await db.execute(
        "UPDATE stored_file SET going = $3, look_at = CASE WHEN $3 THEN look_at END "
        "WHERE workspace_id = $1 AND sha256 = $2",
        workspace,
        sha256,
        going,
    )


async def drop(db: Db, workspace: UUID, sha256: bytes) -> None:
    """Its bytes are gone."""
    await db.execute("DELETE FROM stored_file WHERE workspace_id = $1 AND sha256 = $2", workspace, sha256)


async def known(db: Db, workspace: UUID, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of which there is a row."""
    rows = await db.fetch(
        "SELECT sha256 FROM stored_file WHERE workspace_id = $1 AND sha256 = ANY($2::bytea[])", workspace, list(hashes)
    )
    return {row["sha256"] for row in rows}


async def adopt(db: Db, workspace: UUID, hashes: Sequence[bytes], sizes: Sequence[int], look_at: datetime) -> int:
    """Rows for bytes that have none, to be looked at; returns how many. The locks are held."""
    done = await db.execute(
        "INSERT INTO stored_file (workspace_id, sha256, size, look_at) SELECT $1, n.sha256, n.size, $4 "
        "FROM unnest($2::bytea[], $3::bigint[]) AS n(sha256, size) ON CONFLICT DO NOTHING",
        workspace,
        list(hashes),
        list(sizes),
        look_at,
    )
    return int(done.split()[-1])


async def needed(db: Db, workspace: UUID, after: bytes, limit: int) -> list[Row]:
    """Files that something points to, in the order of their hashes."""
    return await db.fetch(
        "SELECT sha256, max(size) AS size FROM (SELECT sha256, size FROM file_use WHERE workspace_id = $1 "
        "AND sha256 > $2 UNION ALL SELECT sha256, size FROM file_upload WHERE workspace_id = $1 AND sha256 > $2) AS n "
        "GROUP BY sha256 ORDER BY sha256 LIMIT $3",
        workspace,
        after,
        limit,
    )
