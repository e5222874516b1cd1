"""Every statement about mails that others may refer to."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from channels.email.threading import Member

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

MOST_BEARERS: Final = 100
MOST_MEMBERS: Final = 200

_MEMBER: Final = "event_id, conversation, message, author, named, is_proved"
_OF: Final = "workspace_id = $1 AND account_id = $2"
_TAKES_PART: Final = "(author = ANY($4::bytea[]) OR named && $4::bytea[])"


async def members(
    db: Db, workspace: UUID, account: UUID, messages: Sequence[bytes], addresses: Sequence[bytes]
) -> list[Row]:
    """The mails with these ids, and those in their threads in which one of the addresses takes part; the oldest first.
    However many bear one id, those in which an address takes part are among them."""
    return await db.fetch(
        f"WITH bearers AS MATERIALIZED (SELECT b.* FROM unnest($3::bytea[]) AS w(id) CROSS JOIN LATERAL ((SELECT "
        f"{_MEMBER} FROM mail_thread WHERE {_OF} AND message = w.id ORDER BY event_id LIMIT {MOST_BEARERS}) UNION "
        f"(SELECT {_MEMBER} FROM mail_thread WHERE {_OF} AND message = w.id AND {_TAKES_PART} "
        f"ORDER BY is_proved DESC, event_id LIMIT {MOST_MEMBERS})) AS b), "
        "members AS (SELECT m.* FROM (SELECT DISTINCT conversation FROM bearers) AS c CROSS JOIN LATERAL (SELECT "
        f"{_MEMBER} FROM mail_thread WHERE {_OF} AND conversation = c.conversation AND {_TAKES_PART} "
        f"ORDER BY is_proved DESC, event_id LIMIT {MOST_MEMBERS}) AS m) "
        f"SELECT {_MEMBER} FROM bearers UNION SELECT {_MEMBER} FROM members ORDER BY event_id",
        workspace,
        account,
        list(messages),
        list(addresses),
    )


async def referring(
    db: Db, workspace: UUID, account: UUID, messages: Sequence[bytes], addresses: Sequence[bytes]
) -> list[Row]:
    """The mails of these addresses that refer to these ids, each with the id as `referred`; the oldest first."""
    return await db.fetch(
        "SELECT r.message AS referred, t.event_id, t.conversation, t.message, t.author, t.named, t.is_proved "
        "FROM mail_reference r JOIN mail_thread t ON t.workspace_id = $1 AND t.account_id = $2 "
        "AND t.event_id = r.event_id WHERE r.workspace_id = $1 AND r.account_id = $2 "
        "AND r.message = ANY($3::bytea[]) AND t.author = ANY($4::bytea[]) "
        f"ORDER BY t.is_proved DESC, t.event_id LIMIT {MOST_MEMBERS}",
        workspace,
        account,
        list(messages),
        list(addresses),
    )


async def add(db: Db, workspace: UUID, account: UUID, placed: Sequence[tuple[UUID, Member]]) -> None:
    """Mails by the events that they became, and what they refer to."""
    await db.executemany(
        "INSERT INTO mail_thread (workspace_id, account_id, event_id, conversation, message, author, named, is_proved) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        [
            (workspace, account, event, one.conversation, one.message, one.author, sorted(one.named), one.is_proved)
            for event, one in placed
        ],
    )
    await db.executemany(
        "INSERT INTO mail_reference (workspace_id, account_id, message, event_id) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING",
        [(workspace, account, message, event) for event, one in placed for message in sorted(one.refers)],
    )


async def opened(db: Db, workspace: UUID, events: Sequence[UUID]) -> set[UUID]:
    """Those of some events that opened a ticket, which has their id."""
    rows = await db.fetch(
        "SELECT ticket_id FROM ticket_number WHERE workspace_id = $1 AND ticket_id = ANY($2::uuid[])",
        workspace,
        list(events),
    )
    return {UUID(bytes=row["ticket_id"].bytes) for row in rows}


async def named(db: Db, workspace: UUID, account: UUID, name: bytes) -> list[UUID]:
    """The events that bear a name of ours."""
    rows = await db.fetch(
        "SELECT event_id FROM mail_reference WHERE workspace_id = $1 AND account_id = $2 AND message = $3 "
        "ORDER BY event_id",
        workspace,
        account,
        name,
    )
    return [UUID(bytes=row["event_id"].bytes) for row in rows]


async def name(db: Db, workspace: UUID, account: UUID, name: bytes, events: Sequence[UUID]) -> None:
    """Name events that are no mails of a thread: nothing that refers to others finds them."""
    await db.executemany(
        "INSERT INTO mail_reference (workspace_id, account_id, message, event_id) VALUES ($1, $2, $3, $4)",
        [(workspace, account, name, event) for event in events],
    )


async def forget(db: Db, workspace: UUID, erasure: UUID) -> None:
    """Let go of the mails that an erasure has blanked: nothing follows them any more."""
    await db.execute(
        "DELETE FROM mail_reference t USING erased_record r WHERE r.workspace_id = $1 AND r.erasure_id = $2 "
        "AND t.workspace_id = $1 AND t.event_id = r.id",
        workspace,
        erasure,
    )
    await db.execute(
        "DELETE FROM mail_thread t USING erased_record r WHERE r.workspace_id = $1 AND r.erasure_id = $2 "
        "AND t.workspace_id = $1 AND t.event_id = r.id",
        workspace,
        erasure,
    )
