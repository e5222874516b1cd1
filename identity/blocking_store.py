"""Every statement about finding candidates and weighing values: blocking keys, counts, policies of identity."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from identity.customers import WorkspaceId
from identity.store import CONTACT, HELD, Db, Row


async def homes_under(db: Db, workspace: WorkspaceId, keys: Sequence[int], most: int) -> list[Row]:
    """The homes under each key with the customer that they add up to; a key with more than `most` finds nobody."""
    return await db.fetch(
        "SELECT k.key, h.home_id, c.customer_id FROM unnest($2::bigint[]) AS k(key) "
        "CROSS JOIN LATERAL (SELECT array_agg(f.home_id) AS homes FROM (SELECT o.home_id FROM home_key o "
        "  WHERE o.workspace_id = $1 AND o.key = k.key LIMIT $3 + 1) AS f) AS u "
        "CROSS JOIN LATERAL unnest(u.homes) AS h(home_id) "
        "CROSS JOIN LATERAL (SELECT o.customer_id FROM contact o WHERE o.workspace_id = $1 AND o.home_id = h.home_id "
        "  LIMIT 1) AS c WHERE cardinality(u.homes) <= $3",
        workspace,
        sorted(set(keys)),
        most,
    )


async def contacts_at(db: Db, workspace: WorkspaceId, homes: Sequence[UUID]) -> list[Row]:
    """People's contacts that have these homes, with what they hold."""
    return await db.fetch(
        f"SELECT {CONTACT}, {HELD} FROM contact c WHERE c.workspace_id = $1 AND c.home_id = ANY($2::uuid[]) "
        "AND c.source <> 'desk'",
        workspace,
        homes,
    )


async def write_keys(db: Db, workspace: WorkspaceId, keys: Sequence[int], homes: Sequence[UUID]) -> None:
    """Put homes under keys, pair by pair."""
    await db.execute(
        "INSERT INTO home_key (workspace_id, key, home_id) SELECT $1, k.key, k.home_id "
        "FROM unnest($2::bigint[], $3::uuid[]) AS k(key, home_id) ORDER BY k.key, k.home_id ON CONFLICT DO NOTHING",
        workspace,
        keys,
        homes,
    )


async def replace_keys(
    db: Db, workspace: WorkspaceId, anew: Sequence[UUID], keys: Sequence[int], homes: Sequence[UUID]
) -> None:
    """Let the homes `anew` stand under these pairs of key and home and no others; what stays is not touched."""
    await db.execute(
        "DELETE FROM home_key o WHERE o.workspace_id = $1 AND o.home_id = ANY($2::uuid[]) AND NOT EXISTS "
        "(SELECT FROM unnest($3::bigint[], $4::uuid[]) AS k(key, home_id) WHERE k.key = o.key "
        "AND k.home_id = o.home_id)",
        workspace,
        anew,
        keys,
        homes,
    )
    await write_keys(db, workspace, keys, homes)


async def people_on(db: Db, workspace: WorkspaceId, values: Sequence[tuple[str, str, str]], most: int) -> list[Row]:
    """Who was seen on each (kind, scope, value), and when: the newest `most` contacts that hold it and the newest
    `most` that proved it, the oldest of them first: no number of claims hides a proof."""
    held = (
        "SELECT i.contact_id, i.verified_at IS NOT NULL AS verified, i.first_seen, i.last_seen FROM identifier i "
        "WHERE i.workspace_id = $1 AND i.kind = k.kind AND i.scope = k.scope AND i.value = k.value "
        "AND i.problem IS NULL"
    )
    return await db.fetch(
        "SELECT k.kind, k.scope, k.value, h.contact_id, h.verified, h.first_seen, h.last_seen, c.name, "
        "c.attributes->>'given_name' AS given_name, c.attributes->>'family_name' AS family_name, c.customer_id "
        "FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS k(kind, scope, value, at) CROSS JOIN "
        f"LATERAL (({held} ORDER BY i.contact_id DESC LIMIT $5) UNION "
        f"({held} AND i.verified_at IS NOT NULL ORDER BY i.contact_id DESC LIMIT $5)) AS h "
        "CROSS JOIN LATERAL (SELECT o.name, o.attributes, o.customer_id FROM contact o WHERE o.workspace_id = $1 "
        "  AND o.id = h.contact_id LIMIT 1) AS c ORDER BY k.at, h.contact_id",
        workspace,
        [v[0] for v in values],
        [v[1] for v in values],
        [v[2] for v in values],
        most,
    )


async def counters(db: Db, workspace: WorkspaceId) -> list[Row]:
    return await db.fetch("SELECT counter, amount FROM identity_count WHERE workspace_id = $1", workspace)


async def values(db: Db, workspace: WorkspaceId, least: int) -> list[Row]:
    """The values that at least `least` customers hold, and how many; what only one holds is never among them."""
    return await db.fetch(
        "SELECT value, customers FROM value_count WHERE workspace_id = $1 AND customers > 1 AND customers >= $2",
        workspace,
        least,
    )


async def add_counters(db: Db, workspace: WorkspaceId, names: Sequence[str], amounts: Sequence[float]) -> None:
    """Add to counters, in their order, so that processes that add at once never wait for each other in a ring."""
    await db.execute(
        "INSERT INTO identity_count AS c (workspace_id, counter, amount) SELECT $1, k.counter, sum(k.amount) "
        "FROM unnest($2::text[], $3::float8[]) AS k(counter, amount) GROUP BY k.counter ORDER BY k.counter "
        "ON CONFLICT (workspace_id, counter) DO UPDATE SET amount = c.amount + excluded.amount",
        workspace,
        names,
        amounts,
    )


async def add_values(db: Db, workspace: WorkspaceId, hashes: Sequence[int], amounts: Sequence[int]) -> list[Row]:
    """Add customers to values, or take them off, in the order of their hashes; how many hold each now. That is below
    none where what is taken off comes before what was added."""
    return await db.fetch(
        "INSERT INTO value_count AS c (workspace_id, value, customers) SELECT $1, k.value, "
        "sum(k.amount) FROM unnest($2::bigint[], $3::int[]) AS k(value, amount) "
        "GROUP BY k.value ORDER BY k.value ON CONFLICT (workspace_id, value) DO UPDATE SET "
        "customers = c.customers + excluded.customers RETURNING value, customers",
        workspace,
        hashes,
        amounts,
    )


async def replace_values(
    db: Db, workspace: WorkspaceId, span: tuple[int, int], hashes: Sequence[int], customers: Sequence[int]
) -> None:
    """Let these be the counted values from the first to the last hash of `span`, and no others: a rebuild goes span
    by span, so that no value is ever without its count."""
    await db.execute(
        "DELETE FROM value_count c WHERE c.workspace_id = $1 AND c.value BETWEEN $2 AND $3 "
        "AND NOT EXISTS (SELECT FROM unnest($4::bigint[]) AS k(value) WHERE k.value = c.value)",
        workspace,
        *span,
        hashes,
    )
    await db.execute(
        "INSERT INTO value_count AS c (workspace_id, value, customers) SELECT $1, k.value, k.customers "
        "FROM unnest($2::bigint[], $3::int[]) AS k(value, customers) ORDER BY k.value "
        "ON CONFLICT (workspace_id, value) DO UPDATE SET customers = excluded.customers",
        workspace,
        hashes,
        customers,
    )


async def policies(db: Db, workspace: WorkspaceId) -> list[Row]:
    """Every version, the one in force first."""
    return await db.fetch(
        "SELECT version, policy, actor, reason, decided_at FROM identity_policy WHERE workspace_id = $1 "
        "ORDER BY version DESC",
        workspace,
    )


async def policy_in_force(db: Db, workspace: WorkspaceId) -> Row | None:
    return await db.fetchrow(
        "SELECT version, policy FROM identity_policy WHERE workspace_id = $1 ORDER BY version DESC LIMIT 1", workspace
    )


async def add_policy(
    db: Db,
    workspace: WorkspaceId,
    version: int,
    policy: bytes,
    *,
    actor: str,
    reason: str | None,
    now: datetime,
) -> None:
    await db.execute(
        "INSERT INTO identity_policy (workspace_id, version, policy, actor, reason, decided_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        workspace,
        version,
        policy,
        actor,
        reason,
        now,
    )
