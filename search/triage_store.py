"""Every statement on what was learned from labelled tickets, and what was predicted by it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from identity.customers import WorkspaceId

Db = Any
Row = asyncpg.Record


async def add(
    db: Db, workspace: WorkspaceId, *, embedder: str, report: bytes, heads: bytes, actor: str, now: datetime
) -> int:
    """The version of a new model, which nothing is done by yet."""
    return await db.fetchval(
        "INSERT INTO triage_model (workspace_id, version, embedder, report, heads, active, made_at, actor) SELECT $1, "
        "coalesce((SELECT max(version) FROM triage_model WHERE workspace_id = $1), 0) + 1, $2, $3::jsonb, $4, false, "
        "$5, $6 RETURNING version",
        workspace,
        embedder,
        report,
        heads,
        now,
        actor,
    )


async def stop(db: Db, workspace: WorkspaceId) -> int | None:
    """The version that was in force."""
    return await db.fetchval(
        "UPDATE triage_model SET active = false WHERE workspace_id = $1 AND active RETURNING version", workspace
    )


async def activate(db: Db, workspace: WorkspaceId, version: int) -> None:
    """After `stop`: one at most is in force."""
    await db.execute(
        "UPDATE triage_model SET active = true WHERE workspace_id = $1 AND version = $2", workspace, version
    )


async def forget_old(db: Db, workspace: WorkspaceId, keep: int) -> None:
    """Empty all heads but those in force and of the latest versions; reports stay."""
    await db.execute(
        "UPDATE triage_model SET heads = '' WHERE workspace_id = $1 AND NOT active AND heads <> '' AND version <= "
        "(SELECT max(version) FROM triage_model WHERE workspace_id = $1) - $2",
        workspace,
        keep,
    )


async def in_force(db: Db, workspace: WorkspaceId) -> Row | None:
    return await db.fetchrow("SELECT version, embedder FROM triage_model WHERE workspace_id = $1 AND active", workspace)


async def heads(db: Db, workspace: WorkspaceId, version: int) -> bytes:
    found = await db.fetchval(
        "SELECT heads FROM triage_model WHERE workspace_id = $1 AND version = $2", workspace, version
    )
    return found or b""


async def models(db: Db, workspace: WorkspaceId, limit: int) -> list[Row]:
    """The latest first."""
    return await db.fetch(
        "SELECT version, embedder, report::text AS report, active, made_at, actor FROM triage_model "
        "WHERE workspace_id = $1 ORDER BY version DESC LIMIT $2",
        workspace,
        limit,
    )


async def predictions(db: Db, workspace: WorkspaceId, ticket: UUID, limit: int) -> list[Row]:
    """What was said of a ticket, the latest first."""
    return await db.fetch(
        "SELECT id, recorded_at, data FROM event WHERE workspace_id = $1 AND about = $2 AND type = 'TicketClassified' "
        "AND NOT data ? 'erased' ORDER BY position DESC LIMIT $3",
        workspace,
        ticket,
        limit,
    )
