"""Every statement of mailboxes: passwords, changes of accounts, how fetching goes, which mails of a folder are here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record


async def set_password(db: Db, workspace: UUID, account: UUID, door: str, sealed: bytes, by: str) -> None:
    await db.execute(
        "INSERT INTO mailbox_password (workspace_id, account_id, door, sealed, set_at, set_by) "
        "VALUES ($1, $2, $3, $4, now(), $5) ON CONFLICT (workspace_id, account_id, door) DO UPDATE "
        "SET sealed = excluded.sealed, set_at = excluded.set_at, set_by = excluded.set_by",
        workspace,
        account,
        door,
        sealed,
        by,
    )


async def drop_password(db: Db, workspace: UUID, account: UUID, door: str) -> None:
    await db.execute(
        "DELETE FROM mailbox_password WHERE workspace_id = $1 AND account_id = $2 AND door = $3",
        workspace,
        account,
        door,
    )


async def password(db: Db, workspace: UUID, account: UUID, door: str) -> bytes | None:
    return await db.fetchval(
        "SELECT sealed FROM mailbox_password WHERE workspace_id = $1 AND account_id = $2 AND door = $3",
        workspace,
        account,
        door,
    )


async def passwords(db: Db, workspace: UUID, account: UUID) -> list[Row]:
    """Which there are, and since when."""
    return await db.fetch(
        "SELECT door, set_at, set_by FROM mailbox_password WHERE workspace_id = $1 AND account_id = $2 ORDER BY door",
        workspace,
        account,
    )


async def change_account(
    db: Db, workspace: UUID, account: UUID, name: str, settings: bytes, proves: Sequence[str], rate: int
) -> None:
    await db.execute(
        "UPDATE channel_account SET name = $3, settings = $4, proves = $5, rate = $6 "
        "WHERE workspace_id = $1 AND id = $2",
        workspace,
        account,
        name,
        settings,
        list(proves),
        rate,
    )


async def add_change(
    db: Db,
    workspace: UUID,
    change: UUID,
    account: UUID,
    before: bytes,
    after: bytes,
    passwords: Sequence[str],
    by: str,
) -> None:
    await db.execute(
        "INSERT INTO channel_account_change (workspace_id, id, account_id, before, after, passwords, changed_at, "
        "changed_by) VALUES ($1, $2, $3, $4, $5, $6, now(), $7)",
        workspace,
        change,
        account,
        before,
        after,
        list(passwords),
        by,
    )


async def changes(db: Db, workspace: UUID, account: UUID, before: UUID | None, limit: int) -> list[Row]:
    """The newest first."""
    return await db.fetch(
        "SELECT id, before, after, passwords, changed_at, changed_by FROM channel_account_change "
        "WHERE workspace_id = $1 AND account_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        workspace,
        account,
        before,
        limit,
    )


async def fetching_accounts(db: Db, workspace: UUID) -> list[Row]:
    """Accounts that mail is fetched for, each with what its fetching depends on."""
    return await db.fetch(
        "SELECT a.id, md5(a.settings::text || coalesce(p.set_at::text, '')) AS state FROM channel_account a "
        "LEFT JOIN mailbox_password p ON p.workspace_id = a.workspace_id AND p.account_id = a.id AND p.door = 'imap' "
        "WHERE a.workspace_id = $1 AND a.kind = 'email' AND a.disabled_at IS NULL "
        "AND jsonb_typeof(a.settings->'imap') = 'object' ORDER BY a.id",
        workspace,
    )


async def claim(
    db: Db, workspace: UUID, account: UUID, folder: str, by: UUID, now: datetime, until: datetime
) -> Row | None:
    """Take a mailbox, or go on having it; None while another has it."""
    return await db.fetchrow(
        "INSERT INTO mailbox AS m (workspace_id, account_id, folder, claimed_by, claimed_until) "
        "VALUES ($1, $2, $3, $4, $6) ON CONFLICT (workspace_id, account_id, folder) DO UPDATE "
        "SET claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until "
        "WHERE m.claimed_by IS NULL OR m.claimed_by = excluded.claimed_by OR m.claimed_until <= $5 "
        "RETURNING m.uidvalidity, m.failures, m.next_at",
        workspace,
        account,
        folder,
        by,
        now,
        until,
    )


async def release(db: Db, workspace: UUID, account: UUID, folder: str, by: UUID) -> None:
    await db.execute(
        "UPDATE mailbox SET claimed_by = NULL, claimed_until = NULL WHERE workspace_id = $1 AND account_id = $2 "
        "AND folder = $3 AND claimed_by = $4",
        workspace,
        account,
        folder,
        by,
    )


async def begin_anew(db: Db, workspace: UUID, account: UUID, folder: str, uidvalidity: int) -> None:
    """The server's numbers are others now: what was known by the old ones is forgotten, but for what could not be had:
    it may come under its new number."""
    await db.execute(
        "DELETE FROM mailbox_mail WHERE workspace_id = $1 AND account_id = $2 AND folder = $3 AND uidvalidity <> $4 "
        "AND state <> 'refused'",
        workspace,
        account,
        folder,
        uidvalidity,
    )
    await db.execute(
        "UPDATE mailbox SET uidvalidity = $4 WHERE workspace_id = $1 AND account_id = $2 AND folder = $3",
        workspace,
        account,
        folder,
        uidvalidity,
    )


async def note_look(db: Db, workspace: UUID, account: UUID, folder: str, mails: int, now: datetime) -> None:
    await db.execute(
        "UPDATE mailbox SET mails = $4, fetched_at = $5, failures = 0, failing_since = NULL, next_at = NULL "
        "WHERE workspace_id = $1 AND account_id = $2 AND folder = $3",
        workspace,
        account,
        folder,
        mails,
        now,
    )


async def note_fault(
    db: Db, workspace: UUID, account: UUID, folder: str, fault: str, now: datetime, next_at: datetime
) -> None:
    await db.execute(
        "UPDATE mailbox SET failures = failures + 1, failing_since = coalesce(failing_since, $5), failed_at = $5, "
        "fault = $4, next_at = $6 WHERE workspace_id = $1 AND account_id = $2 AND folder = $3",
        workspace,
        account,
        folder,
        fault,
        now,
        next_at,
    )


async def forget_faults(db: Db, workspace: UUID, account: UUID) -> None:
    """Under other settings it is tried at once."""
    await db.execute(
        "UPDATE mailbox SET failures = 0, failing_since = NULL, next_at = NULL "
        "WHERE workspace_id = $1 AND account_id = $2",
        workspace,
        account,
    )


async def standing(db: Db, workspace: UUID, account: UUID, folder: str) -> Row | None:
    """How a mailbox stands, with how many of its mails are here, and how many could not be fetched."""
    return await db.fetchrow(
        "SELECT m.folder, m.mails, m.fetched_at, m.next_at, m.failures, m.failing_since, m.failed_at, m.fault, "
        "count(k.uid) FILTER (WHERE k.state = 'archived') AS archived, "
        "count(k.uid) FILTER (WHERE k.state = 'refused') AS refused FROM mailbox m LEFT JOIN mailbox_mail k "
        "ON k.workspace_id = m.workspace_id AND k.account_id = m.account_id AND k.folder = m.folder "
        "AND k.uidvalidity = m.uidvalidity WHERE m.workspace_id = $1 AND m.account_id = $2 AND m.folder = $3 "
        "GROUP BY m.workspace_id, m.account_id, m.folder",
        workspace,
        account,
        folder,
    )


async def known(
    db: Db, workspace: UUID, account: UUID, folder: str, uidvalidity: int, uids: Sequence[int]
) -> list[Row]:
    return await db.fetch(
        "SELECT uid, size, arrived, state, tries, next_try_at FROM mailbox_mail WHERE workspace_id = $1 "
        "AND account_id = $2 AND folder = $3 AND uidvalidity = $4 AND uid = ANY($5::bigint[])",
        workspace,
        account,
        folder,
        uidvalidity,
        list(uids),
    )


async def highest_archived(db: Db, workspace: UUID, account: UUID, folder: str, uidvalidity: int) -> int:
    found = await db.fetchval(
        "SELECT max(uid) FROM mailbox_mail WHERE workspace_id = $1 AND account_id = $2 AND folder = $3 "
        "AND uidvalidity = $4 AND state = 'archived'",
        workspace,
        account,
        folder,
        uidvalidity,
    )
    return int(found or 0)


async def count_try(
    db: Db,
    workspace: UUID,
    account: UUID,
    folder: str,
    uidvalidity: int,
    mails: Sequence[tuple[int, int, str]],
) -> None:
    """Of mails by uid, size and arrival: one that has another fingerprint than before is another mail."""
    await db.execute(
        "INSERT INTO mailbox_mail AS k (workspace_id, account_id, folder, uidvalidity, uid, size, arrived, state, "
        "tries) SELECT $1, $2, $3, $4, m.uid, m.size, m.arrived, 'tried', 1 "
        "FROM unnest($5::bigint[], $6::bigint[], $7::text[]) AS m(uid, size, arrived) "
        "ON CONFLICT (workspace_id, account_id, folder, uidvalidity, uid) DO UPDATE SET size = excluded.size, "
        "arrived = excluded.arrived, state = 'tried', tries = CASE WHEN k.size = excluded.size "
        "AND k.arrived = excluded.arrived AND k.state <> 'archived' THEN k.tries + 1 ELSE 1 END, "
        "entry_id = CASE WHEN k.size = excluded.size AND k.arrived = excluded.arrived THEN k.entry_id END",
        workspace,
        account,
        folder,
        uidvalidity,
        [one[0] for one in mails],
        [one[1] for one in mails],
        [one[2] for one in mails],
    )


async def mark_archived(
    db: Db, workspace: UUID, account: UUID, folder: str, uidvalidity: int, uids: Sequence[int]
) -> list[UUID]:
    """Returns what the quarantine has said of some of them."""
    rows = await db.fetch(
        "UPDATE mailbox_mail SET state = 'archived', next_try_at = NULL WHERE workspace_id = $1 AND account_id = $2 "
        "AND folder = $3 AND uidvalidity = $4 AND uid = ANY($5::bigint[]) RETURNING entry_id",
        workspace,
        account,
        folder,
        uidvalidity,
        list(uids),
    )
    return [row["entry_id"] for row in rows if row["entry_id"] is not None]


async def mark_refused(
    db: Db,
    workspace: UUID,
    account: UUID,
    folder: str,
    uidvalidity: int,
    mail: tuple[int, int, str],
    entry: UUID,
    next_try_at: datetime | None,
) -> None:
    await db.execute(
        "INSERT INTO mailbox_mail (workspace_id, account_id, folder, uidvalidity, uid, size, arrived, state, entry_id, "
        "next_try_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'refused', $8, $9) "
        "ON CONFLICT (workspace_id, account_id, folder, uidvalidity, uid) DO UPDATE SET size = excluded.size, "
        "arrived = excluded.arrived, state = 'refused', entry_id = excluded.entry_id, "
        "next_try_at = excluded.next_try_at",
        workspace,
        account,
        folder,
        uidvalidity,
        *mail,
        entry,
        next_try_at,
    )


async def forget_refused_before(
    db: Db, workspace: UUID, account: UUID, folder: str, uidvalidity: int, uids: Sequence[int]
) -> list[UUID]:
    """Of these mails, what the quarantine has said of them under numbers that the server had before: there they are
    known by their size and arrival."""
    rows = await db.fetch(
        # two ranges of the key, and short ones: what was archived under other numbers is forgotten
        "WITH before AS MATERIALIZED (SELECT * FROM mailbox_mail WHERE workspace_id = $1 AND account_id = $2 "
        "AND folder = $3 AND uidvalidity < $4 UNION ALL SELECT * FROM mailbox_mail WHERE workspace_id = $1 "
        "AND account_id = $2 AND folder = $3 AND uidvalidity > $4) "
        "DELETE FROM mailbox_mail o USING before b, mailbox_mail n WHERE (o.workspace_id, o.account_id, o.folder, "
        "o.uidvalidity, o.uid) = (b.workspace_id, b.account_id, b.folder, b.uidvalidity, b.uid) "
        "AND o.state = 'refused' AND n.workspace_id = $1 AND n.account_id = $2 AND n.folder = $3 "
        "AND n.uidvalidity = $4 AND n.uid = ANY($5::bigint[]) AND b.size = n.size AND b.arrived = n.arrived "
        "RETURNING o.entry_id",
        workspace,
        account,
        folder,
        uidvalidity,
        list(uids),
    )
    return [row["entry_id"] for row in rows if row["entry_id"] is not None]


async def forget_mail(db: Db, workspace: UUID, account: UUID, folder: str, uidvalidity: int, uid: int) -> None:
    await db.execute(
        "DELETE FROM mailbox_mail WHERE workspace_id = $1 AND account_id = $2 AND folder = $3 AND uidvalidity = $4 "
        "AND uid = $5",
        workspace,
        account,
        folder,
        uidvalidity,
        uid,
    )


async def keep_only(db: Db, workspace: UUID, account: UUID, folder: str, uidvalidity: int, uids: Sequence[int]) -> None:
    """Forget mails that the folder no longer has, so that a number given to another mail is new."""
    await db.execute(
        "DELETE FROM mailbox_mail k WHERE workspace_id = $1 AND account_id = $2 AND folder = $3 AND uidvalidity = $4 "
        "AND NOT EXISTS (SELECT FROM unnest($5::bigint[]) AS u(uid) WHERE u.uid = k.uid)",
        workspace,
        account,
        folder,
        uidvalidity,
        list(uids),
    )
