"""Every statement about who has which customer before them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from app.store import Db, Row

MOST_FORGOTTEN: Final = 50


async def stand(
    db: Db,
    workspace: UUID,
    customer: UUID,
    agent: UUID,
    ticket: int | None,
    replying: bool,
    until: datetime,
    now: datetime,
) -> bool | None:
    """The agent is here until then; whether others do not know it yet. None where there is no such customer."""
    return await db.fetchval(
        "WITH known AS (SELECT FROM presence WHERE workspace_id = $1 AND customer_id = $2 AND agent_id = $3 "
        "AND ticket IS NOT DISTINCT FROM $4 AND replying = $5 AND until > $7) "
        "INSERT INTO presence (workspace_id, customer_id, agent_id, ticket, replying, until) SELECT $1, $2, $3, $4, "
        "$5, $6 WHERE EXISTS (SELECT FROM contact WHERE workspace_id = $1 AND customer_id = $2) "
        "ON CONFLICT (workspace_id, customer_id, agent_id) DO UPDATE "
        "SET ticket = excluded.ticket, replying = excluded.replying, until = excluded.until "
        "RETURNING NOT EXISTS (SELECT FROM known)",
        workspace,
        customer,
        agent,
        ticket,
        replying,
        until,
        now,
    )


async def leave(db: Db, workspace: UUID, customer: UUID, agent: UUID) -> None:
    await db.execute(
        "DELETE FROM presence WHERE workspace_id = $1 AND customer_id = $2 AND agent_id = $3",
        workspace,
        customer,
        agent,
    )


async def others(db: Db, workspace: UUID, customer: UUID, agent: UUID, now: datetime, limit: int) -> list[Row]:
    """Who else is here and works here, those who reply first."""
    return await db.fetch(
        "SELECT a.name, p.ticket, p.replying FROM presence p CROSS JOIN LATERAL (SELECT name FROM agent "
        "WHERE workspace_id = $1 AND id = p.agent_id AND disabled_at IS NULL LIMIT 1) AS a WHERE p.workspace_id = $1 "
        "AND p.customer_id = $2 AND p.agent_id <> $3 AND p.until > $4 ORDER BY p.replying DESC, a.name LIMIT $5",
        workspace,
        customer,
        agent,
        now,
        limit,
    )


async def forget(db: Db, workspace: UUID, before: datetime) -> None:
    """Some of those whose time is over; those that somebody else is at are left alone."""
    await db.execute(
        "DELETE FROM presence WHERE workspace_id = $1 AND (customer_id, agent_id) IN (SELECT customer_id, agent_id "
        "FROM presence WHERE workspace_id = $1 AND until < $2 LIMIT $3 FOR UPDATE SKIP LOCKED)",
        workspace,
        before,
        MOST_FORGOTTEN,
    )
