"""Every statement about mails that others may refer to."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from channels.email.threading import Member

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

MOST_MEMBERS = 1_000


async def members(
    db: Db, workspace: UUID, account: UUID, messages: Sequence[bytes], addresses: Sequence[bytes]
) -> list[Row]:
    """The mails with these ids, and those in their threads in which one of the addresses takes part; the oldest
    first."""
    return await db.fetch(
        "WITH found AS MATERIALIZED (SELECT event_id, conversation, message, author, named, is_proved FROM mail_thread "
        "WHERE workspace_id = $1 AND account_id = $2 AND message = ANY($3::bytea[]) ORDER BY event_id LIMIT $5), "
        "others AS (SELECT m.event_id, m.conversation, m.message, m.author, m.named, m.is_proved "
        "FROM (SELECT DISTINCT conversation FROM found) AS f CROSS JOIN LATERAL (SELECT event_id, conversation, "
        "message, author, named, is_proved FROM mail_thread WHERE workspace_id = $1 AND account_id = $2 "
        "AND conversation = f.conversation ORDER BY event_id DESC LIMIT $5) AS m "
        "WHERE m.author = ANY($4::bytea[]) OR m.named && $4::bytea[]) "
        "SELECT event_id, conversation, message, author, named, is_proved FROM found UNION "
        "SELECT event_id, conversation, message, author, named, is_proved FROM others ORDER BY event_id",
        workspace,
        account,
        list(messages),
        list(addresses),
        MOST_MEMBERS,
    )


async def add(db: Db, workspace: UUID, account: UUID, placed: Sequence[tuple[UUID, Member]]) -> None:
    """Mails by the events that they became."""
    await db.executemany(
        "INSERT INTO mail_thread (workspace_id, account_id, event_id, conversation, message, author, named, is_proved) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        [
            (workspace, account, event, one.conversation, one.message, one.author, sorted(one.named), one.is_proved)
            for event, one in placed
        ],
    )


async def forget(db: Db, workspace: UUID, erasure: UUID) -> None:
    """Let go of the mails that an erasure has blanked: nothing follows them any more."""
    await db.execute(
        "DELETE FROM mail_thread t USING erased_record r WHERE r.workspace_id = $1 AND r.erasure_id = $2 "
        "AND t.workspace_id = $1 AND t.event_id = r.id",
        workspace,
        erasure,
    )
