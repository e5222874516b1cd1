"""Every statement about the versions of ticket policies and of what desks set up."""

from datetime import datetime
from typing import Literal

from identity.customers import WorkspaceId
from timeline.store import Db, Row

Part = Literal["policy", "desk"]


async def policies(db: Db, workspace: WorkspaceId) -> list[Row]:
    return await db.fetch(
        "SELECT version, part, from_position, policy, actor, reason, decided_at FROM ticket_policy "
        "WHERE workspace_id = $1 ORDER BY version",
        workspace,
    )


async def latest_policy(db: Db, workspace: WorkspaceId) -> int:
    return await db.fetchval("SELECT max(version) FROM ticket_policy WHERE workspace_id = $1", workspace) or 0


async def add_policy(
    db: Db,
    workspace: WorkspaceId,
    version: int,
    policy: bytes,
    *,
    part: Part = "policy",
    past: bool,
    actor: str,
    reason: str | None,
    now: datetime,
) -> None:
    """In force from now on, or for the past too."""
    await db.execute(
        "INSERT INTO ticket_policy (workspace_id, version, from_position, policy, actor, reason, decided_at, part) "
        "VALUES ($1, $2, CASE WHEN $4 THEN 0 ELSE nextval('ledger_position') END, $3, $5, $6, $7, $8)",
        workspace,
        version,
        policy,
        past,
        actor,
        reason,
        now,
        part,
    )
