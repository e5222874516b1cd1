"""Statements about mails to others that name somebody who is erased."""

from collections.abc import Sequence
from uuid import UUID

from channels.outbox_store import Db, Row


async def naming(db: Db, workspace: UUID, patterns: Sequence[str]) -> list[Row]:
    """Mails that name one of these addresses among their recipients or in what a server said; nobody else changes them
    until the transaction ends."""
    return await db.fetch(
        "SELECT id, recipients, outcomes, raw, reason, state, next_try_at FROM outbound_mail WHERE workspace_id = $1 "
        "AND lower(recipients::text || coalesce(outcomes::text, '') || coalesce(reason, '')) LIKE ANY($2::text[]) "
        "ORDER BY id FOR UPDATE",
        workspace,
        list(patterns),
    )


async def rewrite(
    db: Db, workspace: UUID, mail: UUID, *, recipients: bytes, outcomes: bytes, raw: bytes | None, ends: bool
) -> None:
    """`ends`: nobody is left whom it could go to. Who has it in hand and has not begun, may not any more."""
    await db.execute(
        "UPDATE outbound_mail SET recipients = $3, outcomes = $4, raw = $5, "
        "tries = CASE WHEN next_try_at IS NOT NULL AND state <> 'sending' THEN tries + 1 ELSE tries END, "
        "reason = CASE WHEN reason IS NULL THEN NULL ELSE 'erased' END, "
        "state = CASE WHEN $6 AND next_try_at IS NOT NULL THEN 'suppressed' ELSE state END, "
        "next_try_at = CASE WHEN $6 THEN NULL ELSE next_try_at END WHERE workspace_id = $1 AND id = $2",
        workspace,
        mail,
        recipients,
        outcomes,
        raw,
        ends,
    )


async def forget_words(db: Db, workspace: UUID, addresses: Sequence[str], patterns: Sequence[str]) -> None:
    """What servers said of these addresses: that mail bounced there, and why a domain takes none."""
    await db.execute(
        "DELETE FROM mail_bounce WHERE workspace_id = $1 AND address = ANY($2::text[])", workspace, list(addresses)
    )
    await db.execute(
        "DELETE FROM outbound_lane WHERE workspace_id = $1 AND lower(reason) LIKE ANY($2::text[])",
        workspace,
        list(patterns),
    )
