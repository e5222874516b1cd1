"""Statements about domains that an account cannot reach right now."""

from uuid import UUID

from channels.outbox_store import Db, Row


async def failing(db: Db, workspace: UUID, account: UUID, limit: int) -> list[Row]:
    """Those that have failed for longest first, each with how many mails wait for it."""
    return await db.fetch(
        "SELECT l.domain, l.failures, l.failing_since, l.paused_until, l.reason, (SELECT count(*) FROM outbound_mail m "
        "WHERE m.workspace_id = $1 AND m.account_id = $2 AND m.domain = l.domain AND m.next_try_at IS NOT NULL) "
        "AS waiting FROM outbound_lane l WHERE l.workspace_id = $1 AND l.account_id = $2 "
        "ORDER BY l.failing_since, l.domain LIMIT $3",
        workspace,
        account,
        limit,
    )
