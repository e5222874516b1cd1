"""Every statement of webhooks: subscriptions, what is on its way to them, and what a payload tells of an event."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

_WEBHOOK: Final = (
    "id, url, events, content, description, secrets, hint, overlap_until, enabled, reason, since_epoch, "
    "since_xid::text::bigint AS since_xid, failures, failing_since, paused_until, delivered_at, created_at, "
    "created_by, changed_at, changed_by"
)
_DELIVERY: Final = (
    "id, webhook_id, type, event_id, state, tries, status, reason, made_at, due_at, next_try_at, tried_at"
)


async def lock(db: Db, number: int) -> None:
    """Hold an advisory lock until the transaction ends."""
    await db.execute("SELECT pg_advisory_xact_lock($1)", number)


async def add(db: Db, workspace: UUID, webhook: UUID, **columns: Any) -> Row:
    """`columns`: url, events, content, description, secrets, hint, enabled, since (epoch and xid), by."""
    row = await db.fetchrow(
        "INSERT INTO webhook (workspace_id, id, url, events, content, description, secrets, hint, enabled, "
        "since_epoch, since_xid, created_at, created_by, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, "
        f"$8, $9, $10, $11::bigint::text::xid8, now(), $12, now(), $12) RETURNING {_WEBHOOK}",
        workspace,
        webhook,
        columns["url"],
        columns["events"],
        columns["content"],
        columns["description"],
        columns["secrets"],
        columns["hint"],
        columns["enabled"],
        *columns["since"],
        columns["by"],
    )
    assert row is not None
    return row


async def change(db: Db, workspace: UUID, webhook: UUID, **columns: Any) -> Row | None:
    """`columns`: url, events, content, description, enabled (each None where it stays) and by. Enabled again, it begins
    anew at `since`."""
    return await db.fetchrow(
        "UPDATE webhook SET url = coalesce($3, url), events = coalesce($4, events), content = coalesce($5, content), "
        "description = coalesce($6, description), enabled = coalesce($7, enabled), "
        "reason = CASE WHEN $7 THEN NULL ELSE reason END, failures = CASE WHEN $7 THEN 0 ELSE failures END, "
        "failing_since = CASE WHEN $7 THEN NULL ELSE failing_since END, "
        "paused_until = CASE WHEN $7 THEN NULL ELSE paused_until END, "
        "since_epoch = CASE WHEN $7 AND NOT enabled THEN $8 ELSE since_epoch END, "
        "since_xid = CASE WHEN $7 AND NOT enabled THEN $9::bigint::text::xid8 ELSE since_xid END, "
        f"changed_at = now(), changed_by = $10 WHERE workspace_id = $1 AND id = $2 RETURNING {_WEBHOOK}",
        workspace,
        webhook,
        columns.get("url"),
        columns.get("events"),
        columns.get("content"),
        columns.get("description"),
        columns.get("enabled"),
        *columns["since"],
        columns["by"],
    )


async def set_secrets(
    db: Db, workspace: UUID, webhook: UUID, *, secrets: bytes, hint: str, overlap_until: datetime | None, by: str
) -> Row:
    row = await db.fetchrow(
        "UPDATE webhook SET secrets = $3, hint = $4, overlap_until = $5, changed_at = now(), changed_by = $6 "
        f"WHERE workspace_id = $1 AND id = $2 RETURNING {_WEBHOOK}",
        workspace,
        webhook,
        secrets,
        hint,
        overlap_until,
        by,
    )
    assert row is not None
    return row


async def remove(db: Db, workspace: UUID, webhook: UUID) -> Row | None:
    return await db.fetchrow(
        f"DELETE FROM webhook WHERE workspace_id = $1 AND id = $2 RETURNING {_WEBHOOK}", workspace, webhook
    )


async def webhook(db: Db, workspace: UUID, webhook_id: UUID, *, alone: bool = False) -> Row | None:
    """With `alone`, nobody else changes it until the transaction ends."""
    ending = " FOR UPDATE" if alone else ""
    return await db.fetchrow(
        f"SELECT {_WEBHOOK} FROM webhook WHERE workspace_id = $1 AND id = $2{ending}", workspace, webhook_id
    )


async def webhooks(db: Db, workspace: UUID, after: UUID | None, limit: int) -> list[Row]:
    """In order of id, disabled ones too."""
    return await db.fetch(
        f"SELECT {_WEBHOOK} FROM webhook WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id "
        "LIMIT $3",
        workspace,
        after,
        limit,
    )


async def count(db: Db, workspace: UUID) -> int:
    found = await db.fetchval("SELECT count(*) FROM webhook WHERE workspace_id = $1", workspace)
    return int(found or 0)


async def listening(db: Db, workspace: UUID) -> list[Row]:
    """Those that are enabled."""
    return await db.fetch(
        "SELECT id, events, since_epoch, since_xid::text::bigint AS since_xid, failures FROM webhook "
        "WHERE workspace_id = $1 AND enabled ORDER BY id",
        workspace,
    )


async def opened(db: Db, workspace: UUID, events: Sequence[UUID]) -> set[UUID]:
    """Which of these events opened a ticket."""
    rows = await db.fetch(
        "SELECT t.id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT id FROM ticket WHERE "
        "workspace_id = $1 AND id = k.id LIMIT 1) AS t",
        workspace,
        list(events),
    )
    return {row["id"] for row in rows}


async def queue(
    db: Db,
    workspace: UUID,
    ids: Sequence[UUID],
    webhooks: Sequence[UUID],
    types: Sequence[str],
    events: Sequence[UUID | None],
    now: datetime,
) -> None:
    """Write deliveries down, each once."""
    await db.execute(
        "INSERT INTO webhook_delivery (workspace_id, id, webhook_id, type, event_id, state, made_at, due_at, "
        "next_try_at) SELECT $1, k.*, 'waiting', $6, $6, $6 FROM unnest($2::uuid[], $3::uuid[], $4::text[], "
        "$5::uuid[]) AS k ON CONFLICT (workspace_id, webhook_id, event_id, type) DO NOTHING",
        workspace,
        list(ids),
        list(webhooks),
        list(types),
        list(events),
        now,
    )


async def waiting(db: Db, workspace: UUID, webhook_id: UUID, most: int) -> int:
    """How many wait for a webhook, counted up to `most`."""
    found = await db.fetchval(
        "SELECT count(*) FROM (SELECT FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2 "
        "AND state = 'waiting' LIMIT $3) AS w",
        workspace,
        webhook_id,
        most,
    )
    return int(found or 0)


async def due(db: Db, workspace: UUID, now: datetime) -> list[UUID]:
    """Webhooks that have something to be sent now."""
    rows = await db.fetch(
        "SELECT w.id FROM webhook w CROSS JOIN LATERAL (SELECT FROM webhook_delivery d WHERE d.workspace_id = $1 "
        "AND d.webhook_id = w.id AND d.state = 'waiting' AND d.next_try_at <= $2 LIMIT 1) AS d "
        "WHERE w.workspace_id = $1 AND w.enabled AND (w.paused_until IS NULL OR w.paused_until <= $2) ORDER BY w.id",
        workspace,
        now,
    )
    return [row["id"] for row in rows]


async def claim(
    db: Db, workspace: UUID, webhook_id: UUID, now: datetime, claimed_until: datetime, limit: int
) -> list[Row]:
    """The next due deliveries, counted as tried before anybody tries; two workers never get the same."""
    return await db.fetch(
        "WITH taken AS MATERIALIZED (SELECT id FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2 "
        "AND state = 'waiting' AND next_try_at <= $3 ORDER BY next_try_at, id LIMIT $5 FOR UPDATE SKIP LOCKED), "
        "moved AS (UPDATE webhook_delivery d SET tries = d.tries + 1, tried_at = $3, next_try_at = $4 FROM taken t "
        "WHERE d.workspace_id = $1 AND d.id = t.id RETURNING d.id, d.type, d.event_id, d.tries, d.due_at, d.made_at) "
        "SELECT id, type, event_id, tries, due_at, made_at FROM moved ORDER BY id",
        workspace,
        webhook_id,
        now,
        claimed_until,
        limit,
    )


async def settle(
    db: Db,
    workspace: UUID,
    ids: Sequence[UUID],
    states: Sequence[str],
    statuses: Sequence[int | None],
    reasons: Sequence[str | None],
    next_tries: Sequence[datetime | None],
) -> None:
    await db.execute(
        "UPDATE webhook_delivery d SET state = k.state, status = k.status, reason = k.reason, next_try_at = k.next_try "
        "FROM unnest($2::uuid[], $3::text[], $4::int[], $5::text[], $6::timestamptz[]) "
        "AS k(id, state, status, reason, next_try) WHERE d.workspace_id = $1 AND d.id = k.id AND d.state = 'waiting'",
        workspace,
        list(ids),
        list(states),
        list(statuses),
        list(reasons),
        list(next_tries),
    )


async def set_standing(
    db: Db,
    workspace: UUID,
    webhook_id: UUID,
    *,
    failures: int,
    failing_since: datetime | None,
    paused_until: datetime | None,
    delivered_at: datetime | None,
    ends: str | None,
) -> None:
    """How an endpoint does now; `ends` disables it with the reason."""
    await db.execute(
        "UPDATE webhook SET failures = $3, failing_since = $4, paused_until = $5, "
        "delivered_at = coalesce($6, delivered_at), enabled = enabled AND $7::text IS NULL, "
        "reason = coalesce($7, reason) WHERE workspace_id = $1 AND id = $2",
        workspace,
        webhook_id,
        failures,
        failing_since,
        paused_until,
        delivered_at,
        ends,
    )


async def disable(db: Db, workspace: UUID, webhook_id: UUID, reason: str) -> None:
    await db.execute(
        "UPDATE webhook SET enabled = false, reason = $3 WHERE workspace_id = $1 AND id = $2 AND enabled",
        workspace,
        webhook_id,
        reason,
    )


async def facts(db: Db, workspace: UUID, events: Sequence[UUID], recorded: Sequence[str]) -> list[Row]:
    """What a payload says of events: ids, the customer and the tickets of today. `named` is the ticket that a command
    was meant for; `recorded` are the types that are no commands."""
    return await db.fetch(
        "SELECT e.id, e.contact_id, c.customer_id, e.type, e.occurred_at, e.shown_at, "
        "CASE WHEN e.type <> ALL($3::text[]) THEN e.data->>'ticket' END AS named, "
        "ARRAY(SELECT i.ticket_id FROM ticket_item i WHERE i.workspace_id = $1 AND i.event_id = e.id) AS tickets "
        "FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT * FROM event o WHERE o.workspace_id = $1 "
        "AND o.id = k.id LIMIT 1) AS e CROSS JOIN LATERAL (SELECT customer_id FROM contact WHERE workspace_id = $1 "
        "AND id = e.contact_id LIMIT 1) AS c",
        workspace,
        list(events),
        list(recorded),
    )


async def deliveries(
    db: Db, workspace: UUID, states: list[str], webhook_id: UUID | None, before: UUID | None, limit: int
) -> list[Row]:
    """The newest first; without states, in any."""
    values: list[Any] = [workspace, before, limit]
    wanted = ""
    if webhook_id is not None:
        values.append(webhook_id)
        wanted += f" AND webhook_id = ${len(values)}"
    if states == ["failed"]:
        wanted += " AND state = 'failed'"  # said outright: a partial index has them
    elif states:
        values.append(states)
        wanted += f" AND state = ANY(${len(values)}::text[])"
    return await db.fetch(
        f"SELECT {_DELIVERY} FROM webhook_delivery WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2){wanted} "
        "ORDER BY id DESC LIMIT $3",
        *values,
    )


async def delivery(db: Db, workspace: UUID, delivery_id: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_DELIVERY} FROM webhook_delivery WHERE workspace_id = $1 AND id = $2", workspace, delivery_id
    )


async def replay(db: Db, workspace: UUID, delivery_id: UUID, now: datetime) -> Row:
    """Let it be due now and its schedule begin anew; one that waits is only sent sooner."""
    row = await db.fetchrow(
        "UPDATE webhook_delivery SET tries = CASE WHEN state = 'waiting' THEN tries ELSE 0 END, "
        "due_at = CASE WHEN state = 'waiting' THEN due_at ELSE $3 END, state = 'waiting', next_try_at = $3 "
        f"WHERE workspace_id = $1 AND id = $2 RETURNING {_DELIVERY}",
        workspace,
        delivery_id,
        now,
    )
    assert row is not None
    return row


async def expire(db: Db, workspace: UUID, due_before: datetime, limit: int) -> int:
    """Give up what waits for too long, or for a webhook that is gone; how many."""
    done = await db.fetch(
        "WITH late AS (SELECT d.id, w.id IS NOT NULL AS wanted FROM webhook_delivery d LEFT JOIN webhook w "
        "ON w.workspace_id = $1 AND w.id = d.webhook_id WHERE d.workspace_id = $1 AND d.state = 'waiting' "
        "AND (w.id IS NULL OR d.due_at < $2) LIMIT $3) "
        "UPDATE webhook_delivery d SET state = 'failed', next_try_at = NULL, reason = CASE WHEN late.wanted "
        "THEN coalesce(d.reason || '; ', '') || 'not sent within three days' ELSE 'its webhook was deleted' END "
        "FROM late WHERE d.workspace_id = $1 AND d.id = late.id RETURNING d.id",
        workspace,
        due_before,
        limit,
    )
    return len(done)


async def forget(db: Db, workspace: UUID, made_before: datetime, before: UUID, limit: int) -> int:
    """Drop what was decided long ago; how many. `before` is an id of that time: ids are in order of time."""
    done = await db.fetch(
        "WITH old AS (SELECT id FROM webhook_delivery WHERE workspace_id = $1 AND id < $3 AND state <> 'waiting' "
        "AND made_at < $2 ORDER BY id LIMIT $4) DELETE FROM webhook_delivery d USING old "
        "WHERE d.workspace_id = $1 AND d.id = old.id RETURNING d.id",
        workspace,
        made_before,
        before,
        limit,
    )
    return len(done)
