"""Every statement of channels: their accounts, what they were handed, and the quarantine."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

_ENTRY: Final = (
    "id, door, source, source_id, event_id, account_id, delivery_id, code, reason, fields, state, tries, actor, "
    "proves, received_at, decided_at, decided_by, coalesce(length(raw), 0) AS size"
)
_ACCOUNT: Final = (
    "id, kind, name, source, settings, secrets, hint, overlap_until, proves, rate, created_at, created_by, "
    "disabled_at, disabled_by"
)
_DELIVERY: Final = (
    "d.id, d.account_id, a.kind, d.delivery_key AS key, d.state, d.tries, d.size, d.reason, d.event_ids, "
    "d.received_at, d.next_try_at, d.decided_at"
)

_READY: Final = (
    "state = 'waiting' AND (next_try_at IS NULL OR next_try_at <= {now}) AND (claimed_until IS NULL "
    "OR claimed_until + least(power(2, tries), {pause}::int) * interval '1 second' <= {now})"
)
"""May be tried now. One whose worker died waits a little longer at each try, so that others pass it."""


async def keep(
    db: Db,
    workspace: UUID,
    entry: UUID,
    *,
    door: str,
    source: str | None,
    source_id: str | None,
    event_id: UUID | None,
    code: str,
    reason: str,
    fields: Sequence[str],
    raw: bytes,
    digest: bytes,
    actor: str,
    proves: Sequence[str],
    account_id: UUID | None = None,
    delivery_id: UUID | None = None,
    headers: bytes = b"{}",
) -> UUID:
    """Keep a payload, or count that the same one came again: one that was decided on waits anew."""
    kept = await db.fetchval(
        "INSERT INTO quarantine AS q (workspace_id, id, door, source, source_id, event_id, code, reason, fields, raw, "
        "digest, state, actor, proves, account_id, delivery_id, headers, received_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting', $12, $13, $14, $15, $16, now()) "
        "ON CONFLICT (workspace_id, door, digest) DO UPDATE SET tries = q.tries + 1, raw = excluded.raw, "
        "state = 'waiting', decided_at = NULL, decided_by = NULL RETURNING id",
        workspace,
        entry,
        door,
        source,
        source_id,
        event_id,
        code,
        reason,
        list(fields),
        raw,
        digest,
        actor,
        list(proves),
        account_id,
        delivery_id,
        headers,
    )
    assert kept is not None
    return kept


async def entries(db: Db, workspace: UUID, states: Sequence[str], after: UUID | None, limit: int) -> list[Row]:
    """In order of id, the oldest first."""
    return await db.fetch(
        f"SELECT {_ENTRY} FROM quarantine WHERE workspace_id = $1 AND state = ANY($2::text[]) "
        "AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4",
        workspace,
        list(states),
        after,
        limit,
    )


async def entry(db: Db, workspace: UUID, entry_id: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_ENTRY}, raw, headers FROM quarantine WHERE workspace_id = $1 AND id = $2", workspace, entry_id
    )


async def lock(db: Db, number: int) -> None:
    """Hold an advisory lock until the transaction ends. A row lock would number the transaction too early."""
    await db.execute("SELECT pg_advisory_xact_lock($1)", number)


async def decide(db: Db, workspace: UUID, entry_id: UUID, state: str, by: str) -> Row:
    """Replayed keeps its bytes; discarded loses them."""
    row = await db.fetchrow(
        "UPDATE quarantine SET state = $3, decided_at = now(), decided_by = $4, "
        "raw = CASE WHEN $3 = 'discarded' THEN NULL ELSE raw END "
        f"WHERE workspace_id = $1 AND id = $2 RETURNING {_ENTRY}",
        workspace,
        entry_id,
        state,
        by,
    )
    assert row is not None
    return row


async def count_try(db: Db, workspace: UUID, entry_id: UUID) -> Row:
    row = await db.fetchrow(
        f"UPDATE quarantine SET tries = tries + 1 WHERE workspace_id = $1 AND id = $2 RETURNING {_ENTRY}",
        workspace,
        entry_id,
    )
    assert row is not None
    return row


async def add_account(db: Db, workspace: UUID, account: UUID, **columns: Any) -> Row:
    """`columns`: kind, name, source, settings, secrets, hint, proves, rate, created_by."""
    row = await db.fetchrow(
        "INSERT INTO channel_account (workspace_id, id, kind, name, source, settings, secrets, hint, proves, rate, "
        f"created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now(), $11) RETURNING {_ACCOUNT}",
        workspace,
        account,
        columns["kind"],
        columns["name"],
        columns["source"],
        columns["settings"],
        columns["secrets"],
        columns["hint"],
        columns["proves"],
        columns["rate"],
        columns["created_by"],
    )
    assert row is not None
    return row


async def accounts(db: Db, workspace: UUID, after: UUID | None, limit: int) -> list[Row]:
    """In order of id, disabled ones too."""
    return await db.fetch(
        f"SELECT {_ACCOUNT} FROM channel_account WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id > $2) "
        "ORDER BY id LIMIT $3",
        workspace,
        after,
        limit,
    )


async def account(db: Db, workspace: UUID, account_id: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_ACCOUNT} FROM channel_account WHERE workspace_id = $1 AND id = $2", workspace, account_id
    )


async def switch_account(db: Db, workspace: UUID, account_id: UUID, disabled_by: str | None) -> Row:
    """Disabled by somebody from now on; by nobody: enabled."""
    row = await db.fetchrow(
        "UPDATE channel_account SET disabled_at = CASE WHEN $3::text IS NULL THEN NULL ELSE now() END, "
        f"disabled_by = $3 WHERE workspace_id = $1 AND id = $2 RETURNING {_ACCOUNT}",
        workspace,
        account_id,
        disabled_by,
    )
    assert row is not None
    return row


async def set_secrets(
    db: Db, workspace: UUID, account_id: UUID, secrets: bytes, hint: str, overlap_until: datetime | None
) -> Row:
    row = await db.fetchrow(
        "UPDATE channel_account SET secrets = $3, hint = $4, overlap_until = $5 WHERE workspace_id = $1 AND id = $2 "
        f"RETURNING {_ACCOUNT}",
        workspace,
        account_id,
        secrets,
        hint,
        overlap_until,
    )
    assert row is not None
    return row


async def standing(db: Db, workspace: UUID, account_id: UUID) -> Row:
    """How an account's deliveries stand: the last, those that wait, the oldest of them, those in the quarantine."""
    row = await db.fetchrow(
        "SELECT w.waiting, w.oldest, (SELECT received_at FROM inbound_delivery WHERE workspace_id = $1 "
        "AND account_id = $2 ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*) FROM quarantine "
        "WHERE workspace_id = $1 AND state = 'waiting' AND account_id = $2) AS quarantined FROM (SELECT count(*) "
        "AS waiting, min(received_at) AS oldest FROM inbound_delivery WHERE workspace_id = $1 AND account_id = $2 "
        "AND state = 'waiting') AS w",
        workspace,
        account_id,
    )
    assert row is not None
    return row


async def archive(
    db: Db,
    workspace: UUID,
    delivery: UUID,
    *,
    account_id: UUID,
    key: str,
    erased: str,
    digest: bytes,
    raw: bytes,
    headers: bytes,
) -> bool:
    """False where the account has a delivery of this key, or one that bears `erased` in its place: whoever comes at
    the same time waits for that one."""
    done = await db.execute(
        "INSERT INTO inbound_delivery (workspace_id, id, account_id, delivery_key, digest, raw, size, headers, state, "
        "received_at) SELECT $1, $2, $3, $4, $5, $6, length($6::bytea), $7, 'waiting', now() WHERE NOT EXISTS (SELECT "
        "FROM inbound_delivery WHERE workspace_id = $1 AND account_id = $3 AND delivery_key = $8) "
        "ON CONFLICT (workspace_id, account_id, delivery_key) DO NOTHING",
        workspace,
        delivery,
        account_id,
        key,
        digest,
        raw,
        headers,
        erased,
    )
    return done.endswith("1")


async def delivery_of_key(db: Db, workspace: UUID, account_id: UUID, keys: Sequence[str]) -> Row:
    row = await db.fetchrow(
        "SELECT id, digest FROM inbound_delivery WHERE workspace_id = $1 AND account_id = $2 "
        "AND delivery_key = ANY($3::text[])",
        workspace,
        account_id,
        keys,
    )
    assert row is not None
    return row


async def waiting_accounts(db: Db, workspace: UUID, now: datetime, longest_pause: int) -> list[UUID]:
    """Accounts with a delivery that may be tried, those that wait longest first."""
    rows = await db.fetch(
        f"SELECT account_id FROM inbound_delivery WHERE workspace_id = $1 AND {_READY.format(now='$2', pause='$3')} "
        "GROUP BY account_id ORDER BY min(received_at)",
        workspace,
        now,
        longest_pause,
    )
    return [row["account_id"] for row in rows]


async def claim(
    db: Db,
    workspace: UUID,
    account_id: UUID,
    now: datetime,
    until: datetime,
    longest_pause: int,
    most: int,
    most_bytes: int,
) -> list[Row]:
    """Count a try of the account's next deliveries, in order, and take them until a time; the first, and those after
    it up to so many bytes together.

    None while another worker has some of them; one that was tried before is taken alone. Hold the account's lock."""
    rows = await db.fetch(
        "WITH ready AS (SELECT id, tries, size FROM inbound_delivery WHERE workspace_id = $1 AND account_id = $2 "
        f"AND {_READY.format(now='$3', pause='$6')} ORDER BY id LIMIT $5), "
        "first AS (SELECT id, tries FROM ready ORDER BY id LIMIT 1), "
        "summed AS (SELECT id, tries, sum(size) OVER (ORDER BY id) AS bytes FROM ready), "
        "taken AS (SELECT r.id FROM summed r CROSS JOIN first f WHERE r.id = f.id "
        "OR (f.tries = 0 AND r.tries = 0 AND r.bytes <= $7)) "
        "UPDATE inbound_delivery d SET tries = d.tries + 1, claimed_until = $4 FROM taken t "
        "WHERE d.workspace_id = $1 AND d.id = t.id AND NOT EXISTS (SELECT FROM inbound_delivery c "
        "WHERE c.workspace_id = $1 AND c.account_id = $2 AND c.state = 'waiting' AND c.claimed_until > $3) "
        "RETURNING d.id, d.delivery_key, d.raw, d.headers, d.tries, d.received_at",
        workspace,
        account_id,
        now,
        until,
        most,
        longest_pause,
        most_bytes,
    )
    return sorted(rows, key=lambda row: row["id"])


async def mark_understood(db: Db, workspace: UUID, events: Sequence[tuple[UUID, UUID]]) -> None:
    """Pairs of delivery and event, in order; each delivery is told of with all its events."""
    await db.execute(
        "UPDATE inbound_delivery d SET state = 'understood', event_ids = e.ids, reason = NULL, next_try_at = NULL, "
        "claimed_until = NULL, decided_at = now() FROM (SELECT k.id, array_agg(k.event ORDER BY k.ord) AS ids "
        "FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS k(id, event, ord) GROUP BY k.id) AS e "
        "WHERE d.workspace_id = $1 AND d.id = e.id",
        workspace,
        [pair[0] for pair in events],
        [pair[1] for pair in events],
    )


async def mark_failed(db: Db, workspace: UUID, delivery: UUID, reason: str, events: Sequence[UUID]) -> None:
    """Its bytes are in the quarantine from now on."""
    await db.execute(
        "UPDATE inbound_delivery SET state = 'failed', reason = $3, event_ids = $4, raw = NULL, next_try_at = NULL, "
        "claimed_until = NULL, decided_at = now() WHERE workspace_id = $1 AND id = $2",
        workspace,
        delivery,
        reason,
        list(events),
    )


async def is_waiting(db: Db, workspace: UUID, delivery: UUID) -> bool:
    found = await db.fetchval(
        "SELECT state = 'waiting' FROM inbound_delivery WHERE workspace_id = $1 AND id = $2", workspace, delivery
    )
    return found is True


async def put_off(db: Db, workspace: UUID, delivery: UUID, reason: str, until: datetime) -> None:
    """Let it wait for another try; others pass it meanwhile."""
    await db.execute(
        "UPDATE inbound_delivery SET reason = $3, next_try_at = $4, claimed_until = NULL "
        "WHERE workspace_id = $1 AND id = $2 AND state = 'waiting'",
        workspace,
        delivery,
        reason,
        until,
    )


async def set_aside(db: Db, workspace: UUID, delivery: UUID, until: datetime) -> None:
    """Let others pass one that is still being read; whoever reads it may go on, and another begins anew then."""
    await db.execute(
        "UPDATE inbound_delivery SET next_try_at = $3, claimed_until = NULL "
        "WHERE workspace_id = $1 AND id = $2 AND state = 'waiting'",
        workspace,
        delivery,
        until,
    )


async def deliveries(
    db: Db, workspace: UUID, states: Sequence[str], account_id: UUID | None, before: UUID | None, limit: int
) -> list[Row]:
    """The newest first; without states, in any."""
    return await db.fetch(
        f"SELECT {_DELIVERY} FROM inbound_delivery d CROSS JOIN LATERAL (SELECT kind FROM channel_account "
        "WHERE workspace_id = $1 AND id = d.account_id LIMIT 1) AS a WHERE d.workspace_id = $1 "
        "AND (cardinality($2::text[]) = 0 OR d.state = ANY($2::text[])) AND ($3::uuid IS NULL OR d.account_id = $3) "
        "AND ($4::uuid IS NULL OR d.id < $4) ORDER BY d.id DESC LIMIT $5",
        workspace,
        list(states),
        account_id,
        before,
        limit,
    )
