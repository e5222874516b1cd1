"""Every statement of the outbox: mails on their way out, and the domains that are left alone for a while."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from channels.store import Db, Row

_MAIL: Final = (
    "id, key, account_id, event_id, contact_id, conversation, purpose, message_id, recipients, domain, state, "
    "outcomes, tries, doubts, status, reason, made_at, due_at, next_try_at, tried_at, sent_at"
)


async def add(db: Db, workspace: UUID, mail: UUID, **columns: Any) -> bool:
    """False where one of this key is there already. `columns`: key, account, event, contact, conversation, purpose,
    message_id, recipients (bytes), domain, raw, files (bytes), state, reason, next_try_at, now."""
    done = await db.fetchval(
        "INSERT INTO outbound_mail (workspace_id, id, key, account_id, event_id, contact_id, conversation, purpose, "
        "message_id, recipients, domain, raw, files, state, reason, next_try_at, made_at, due_at) VALUES ($1, $2, $3, "
        "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17) "
        "ON CONFLICT (workspace_id, key) DO NOTHING RETURNING id",
        workspace,
        mail,
        columns["key"],
        columns["account"],
        columns["event"],
        columns["contact"],
        columns["conversation"],
        columns["purpose"],
        columns["message_id"],
        columns["recipients"],
        columns["domain"],
        columns["raw"],
        columns["files"],
        columns["state"],
        columns["reason"],
        columns["next_try_at"],
        columns["now"],
    )
    return done is not None


async def mail(db: Db, workspace: UUID, mail_id: UUID, *, alone: bool = False) -> Row | None:
    """With `alone`, nobody else changes it until the transaction ends."""
    ending = " FOR UPDATE" if alone else ""
    return await db.fetchrow(
        f"SELECT {_MAIL} FROM outbound_mail WHERE workspace_id = $1 AND id = $2{ending}", workspace, mail_id
    )


async def mails(
    db: Db, workspace: UUID, states: Sequence[str], account: UUID | None, before: UUID | None, limit: int
) -> list[Row]:
    """The newest first; without states, in any."""
    values: list[Any] = [workspace, before, limit]
    wanted = ""
    if account is not None:
        values.append(account)
        wanted += f" AND account_id = ${len(values)}"
    if states and {*states} <= {"failed", "uncertain"}:
        wanted += " AND state IN ('failed', 'uncertain')"  # said outright: a partial index has them
    if states:
        values.append(list(states))
        wanted += f" AND state = ANY(${len(values)}::text[])"
    return await db.fetch(
        f"SELECT {_MAIL} FROM outbound_mail WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2){wanted} "
        "ORDER BY id DESC LIMIT $3",
        *values,
    )
