"""Every statement of the edge's own tables: workspace, api_key, agent, idempotency_key; and the hint."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from app.migrations import IDS

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

_KEY: Final = (
    "id, name, role, agent_id, hint, proves, rate, created_at, created_by, expires_at, revoked_at, last_used_at"
)
HINTS: Final = "tl"
"""The channel that hints go through."""


async def is_migrated(db: Db) -> bool:
    """Whether the database has seen every migration of this version."""
    if await db.fetchval("SELECT to_regclass('public.migration')") is None:
        return False
    seen = await db.fetchval(
        "SELECT count(DISTINCT name) FROM migration WHERE app_name = 'app' AND name = ANY($1)", IDS
    )
    return seen == len(IDS)


async def add_workspace(db: Db, workspace: UUID, slug: str, region: str | None, channels: Sequence[str]) -> bool:
    """False where the slug is taken."""
    done = await db.execute(
        "INSERT INTO workspace (id, slug, region, channels) VALUES ($1, $2, $3, $4) ON CONFLICT (slug) DO NOTHING",
        workspace,
        slug,
        region,
        list(channels),
    )
    return done.endswith("1")


async def workspaces(db: Db) -> list[Row]:
    return await db.fetch("SELECT id, slug, region, channels, epoch, created_at FROM workspace ORDER BY slug")


async def workspace(db: Db, workspace: UUID) -> Row | None:
    return await db.fetchrow("SELECT id, slug, region, channels, created_at FROM workspace WHERE id = $1", workspace)


async def workspace_by_slug(db: Db, slug: str) -> Row | None:
    return await db.fetchrow("SELECT id, slug, region, channels, created_at FROM workspace WHERE slug = $1", slug)


async def key_with_workspace(db: Db, workspace: UUID, digest: bytes) -> Row | None:
    """The key of this hash that holds now, with what its workspace is like."""
    return await db.fetchrow(
        "SELECT k.id, k.role, k.agent_id, k.proves, k.rate, k.session, w.slug, w.region, w.channels FROM api_key k "
        "JOIN workspace w ON w.id = k.workspace_id WHERE k.workspace_id = $1 AND k.hash = $2 "
        "AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) "
        "AND (NOT k.session OR coalesce(k.last_used_at, k.created_at) > now() - interval '24 hours')",
        workspace,
        digest,
    )


async def add_key(
    db: Db,
    workspace: UUID,
    key: UUID,
    *,
    name: str,
    role: str,
    digest: bytes,
    hint: str,
    proves: Sequence[str],
    rate: int,
    expires_at: datetime | None,
    created_by: str,
    agent: UUID | None,
) -> Row:
    row = await db.fetchrow(
        "INSERT INTO api_key (workspace_id, id, name, role, hash, hint, proves, rate, created_at, created_by, "
        f"expires_at, agent_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), $9, $10, $11) RETURNING {_KEY}",
        workspace,
        key,
        name,
        role,
        digest,
        hint,
        list(proves),
        rate,
        created_by,
        expires_at,
        agent,
    )
    assert row is not None
    return row


async def keys(db: Db, workspace: UUID, after: UUID | None, limit: int) -> list[Row]:
    return await db.fetch(
        f"SELECT {_KEY} FROM api_key WHERE workspace_id = $1 AND NOT session "
        "AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
        workspace,
        after,
        limit,
    )


async def key(db: Db, workspace: UUID, key_id: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_KEY} FROM api_key WHERE workspace_id = $1 AND id = $2 AND NOT session", workspace, key_id
    )


async def keys_holding(db: Db, workspace: UUID, keys: Sequence[UUID]) -> set[UUID]:
    """Those, sessions among them, that were not revoked and have not expired."""
    rows = await db.fetch(
        "SELECT id FROM api_key WHERE workspace_id = $1 AND id = ANY($2) AND revoked_at IS NULL "
        "AND (expires_at IS NULL OR expires_at > now())",
        workspace,
        keys,
    )
    return {row["id"] for row in rows}


async def revoke_key(db: Db, workspace: UUID, key_id: UUID) -> Row | None:
    return await db.fetchrow(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE workspace_id = $1 AND id = $2 "
        f"AND NOT session RETURNING {_KEY}",
        workspace,
        key_id,
    )


async def touch_keys(db: Db, workspace: UUID, used: dict[UUID, datetime]) -> None:
    """When each key was used last; never set back."""
    await db.execute(
        "UPDATE api_key k SET last_used_at = greatest(k.last_used_at, u.at) "
        "FROM unnest($2::uuid[], $3::timestamptz[]) AS u(id, at) WHERE k.workspace_id = $1 AND k.id = u.id",
        workspace,
        list(used),
        list(used.values()),
    )


async def add_agent(db: Db, workspace: UUID, agent: UUID, *, email: str, name: str, role: str) -> bool:
    """False where the address is taken."""
    done = await db.execute(
        "INSERT INTO agent (workspace_id, id, email, name, role, created_at) VALUES ($1, $2, $3, $4, $5, now()) "
        "ON CONFLICT (workspace_id, email) DO NOTHING",
        workspace,
        agent,
        email,
        name,
        role,
    )
    return done.endswith("1")


async def agents(db: Db, workspace: UUID) -> list[Row]:
    return await db.fetch(
        "SELECT id, email, name, role, created_at, disabled_at FROM agent WHERE workspace_id = $1 ORDER BY email",
        workspace,
    )


async def lock(db: Db, number: int) -> None:
    """Hold an advisory lock until the transaction ends."""
    await db.execute("SELECT pg_advisory_xact_lock($1)", number)


async def kept_answer(db: Db, workspace: UUID, caller: str, route: str, keys: Sequence[str]) -> Row | None:
    """The answer of a key, under its own name or the one that an erasure gave it."""
    return await db.fetchrow(
        "SELECT request_hash, status, body FROM idempotency_key "
        "WHERE workspace_id = $1 AND caller = $2 AND route = $3 AND key = ANY($4::text[])",
        workspace,
        caller,
        route,
        keys,
    )


async def keep_answer(
    db: Db, workspace: UUID, caller: str, route: str, key: str, *, request_hash: bytes, status: int, body: bytes
) -> None:
    await db.execute(
        "INSERT INTO idempotency_key (workspace_id, caller, route, key, request_hash, status, body, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, now()) ON CONFLICT DO NOTHING",
        workspace,
        caller,
        route,
        key,
        request_hash,
        status,
        body,
    )


async def forget_answers(db: Db, workspace: UUID, before: datetime) -> int:
    done = await db.execute(
        "DELETE FROM idempotency_key WHERE workspace_id = $1 AND created_at < $2", workspace, before
    )
    return int(done.rpartition(" ")[2])


async def blank_answers(db: Db, workspace: UUID, erasure: UUID, people: Sequence[UUID], keys: Sequence[bytes]) -> None:
    """Blank the kept answers that name somebody of these, or what an erasure has blanked; they go on answering."""
    await db.execute(
        "UPDATE idempotency_key k SET body = convert_to('{\"erased\": true}', 'UTF8'), "
        "key = CASE WHEN k.key ~ '^erased:[0-9a-f]{64}$' THEN k.key ELSE pseudonym($4::bytea[], $1, 'request', k.key) "
        "END WHERE k.workspace_id = $1 "
        "AND EXISTS (SELECT FROM regexp_matches(encode(k.body, 'escape'), "
        "'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') AS m(said) WHERE m.said[1]::uuid = ANY($3::uuid[]) "
        "OR EXISTS (SELECT FROM erased_record r WHERE r.workspace_id = $1 AND r.id = m.said[1]::uuid "
        "AND r.erasure_id = $2))",
        workspace,
        erasure,
        people,
        keys,
        timeout=600,
    )


async def announce(db: Db, hints: Sequence[str]) -> None:
    """NOTIFY, on a connection of its own and outside any transaction: inside one it takes a global lock."""
    await db.execute("SELECT pg_notify($1, $2)", HINTS, ",".join(hints))
