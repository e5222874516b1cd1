"""Every statement of a pass over all contacts: its pages, what is counted again, how far it got, what was trained."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from identity.customers import CustomerId, WorkspaceId
from identity.store import Db, Row


async def homes_after(db: Db, workspace: WorkspaceId, after: CustomerId, limit: int) -> list[CustomerId]:
    """All homes in the order in which they were opened: each bears the id of a customer, merged away or not."""
    rows = await db.fetch(
        "SELECT id FROM customer WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        workspace,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def at_homes(db: Db, workspace: WorkspaceId, homes: Sequence[CustomerId]) -> dict[CustomerId, CustomerId]:
    """The customer that each home adds up to."""
    rows = await db.fetch(
        "SELECT DISTINCT home_id, customer_id FROM contact WHERE workspace_id = $1 AND home_id = ANY($2::uuid[])",
        workspace,
        homes,
    )
    return {row["home_id"]: row["customer_id"] for row in rows}


async def keys_at(db: Db, workspace: WorkspaceId, homes: Sequence[CustomerId]) -> list[Row]:
    return await db.fetch(
        "SELECT home_id, key FROM home_key WHERE workspace_id = $1 AND home_id = ANY($2::uuid[])", workspace, homes
    )


async def customers_after(db: Db, workspace: WorkspaceId, after: CustomerId, limit: int) -> list[CustomerId]:
    """Customers of whom somebody is known, in the order in which they came."""
    rows = await db.fetch(
        "SELECT u.id FROM customer u WHERE u.workspace_id = $1 AND u.id > $2 AND EXISTS (SELECT FROM contact c "
        "WHERE c.workspace_id = $1 AND c.customer_id = u.id AND c.source <> 'desk' "
        "AND c.source_key <> 'erased/' || c.id) ORDER BY u.id LIMIT $3",
        workspace,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def extent(db: Db, workspace: WorkspaceId) -> Row:
    """How many contacts of people there are, of how many customers, and about how many pairs was asked."""
    row = await db.fetchrow(
        "SELECT count(*) AS contacts, count(DISTINCT c.customer_id) AS customers, "
        "(SELECT count(*) FROM link_suggestion s WHERE s.workspace_id = $1 AND s.kind = 'link') AS asked "
        "FROM contact c WHERE c.workspace_id = $1 AND c.source <> 'desk' AND c.source_key <> 'erased/' || c.id",
        workspace,
    )
    assert row is not None
    return row


async def sightings_after(db: Db, workspace: WorkspaceId, after: tuple[str, str, str, UUID], limit: int) -> list[Row]:
    """Who was seen on each address, number and device that no operator listed as shared, value by value, on each the
    first who came first."""
    return await db.fetch(
        "SELECT i.kind, i.scope, i.value, i.contact_id, c.name, c.attributes->>'given_name' AS given_name, "
        "c.attributes->>'family_name' AS family_name, EXISTS (SELECT FROM value_class v WHERE v.workspace_id = $1 "
        "AND v.kind = i.kind AND v.scope = i.scope AND v.value = i.value AND v.class <> 'personal' "
        "AND v.actor <> 'system') AS listed FROM (SELECT kind, scope, value, contact_id, problem FROM identifier "
        "WHERE workspace_id = $1 AND kind IN ('email', 'phone', 'visitor') "
        "AND (kind, scope, value, contact_id) > ($2::text, $3::text, $4::text, $5::uuid) "
        "ORDER BY kind, scope, value, contact_id LIMIT $6) AS i CROSS JOIN LATERAL (SELECT o.name, o.attributes "
        "FROM contact o WHERE o.workspace_id = $1 AND o.id = i.contact_id LIMIT 1) AS c "
        "ORDER BY i.kind, i.scope, i.value, i.contact_id",
        workspace,
        *after,
        limit,
    )


async def values_within(db: Db, workspace: WorkspaceId, span: tuple[int, int]) -> list[Row]:
    """What is counted from the first to the last hash of `span`."""
    return await db.fetch(
        "SELECT value, customers FROM value_count WHERE workspace_id = $1 AND value BETWEEN $2 AND $3",
        workspace,
        *span,
    )


async def replace_some(
    db: Db, workspace: WorkspaceId, beginning: Sequence[str], names: Sequence[str], amounts: Sequence[float]
) -> None:
    """Let these be the counters whose names begin so, and no others; counters that begin otherwise stay."""
    await db.execute(
        "DELETE FROM identity_count WHERE workspace_id = $1 AND split_part(counter, ' ', 1) = ANY($2::text[]) "
        "AND counter <> ALL($3::text[])",
        workspace,
        beginning,
        names,
    )
    await db.execute(
        "INSERT INTO identity_count AS c (workspace_id, counter, amount) SELECT $1, k.counter, k.amount "
        "FROM unnest($2::text[], $3::float8[]) AS k(counter, amount) ORDER BY k.counter "
        "ON CONFLICT (workspace_id, counter) DO UPDATE SET amount = excluded.amount",
        workspace,
        names,
        amounts,
    )


# -- how far a pass got ------------------------------------------------------------------------------------------


async def stand(db: Db, workspace: WorkspaceId, of: str, since: datetime) -> bytes | None:
    """How far a pass got that went on after that moment."""
    return await db.fetchval(
        "SELECT state FROM identity_pass WHERE workspace_id = $1 AND pass = $2 AND moved_at > $3", workspace, of, since
    )


async def keep_stand(db: Db, workspace: WorkspaceId, of: str, state: bytes, now: datetime) -> None:
    await db.execute(
        "INSERT INTO identity_pass (workspace_id, pass, state, moved_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (workspace_id, pass) DO UPDATE SET state = excluded.state, moved_at = excluded.moved_at",
        workspace,
        of,
        state,
        now,
    )


async def drop_stand(db: Db, workspace: WorkspaceId, of: str) -> None:
    await db.execute("DELETE FROM identity_pass WHERE workspace_id = $1 AND pass = $2", workspace, of)


# -- trainings ---------------------------------------------------------------------------------------------------


async def trainings(db: Db, workspace: WorkspaceId) -> list[Row]:
    """Every version, the latest first."""
    return await db.fetch(
        "SELECT version, model, training, actor, reason, decided_at FROM identity_training WHERE workspace_id = $1 "
        "ORDER BY version DESC",
        workspace,
    )


async def add_training(
    db: Db,
    workspace: WorkspaceId,
    version: int,
    model: str,
    training: bytes,
    *,
    actor: str,
    reason: str | None,
    now: datetime,
) -> None:
    await db.execute(
        "INSERT INTO identity_training (workspace_id, version, model, training, actor, reason, decided_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        workspace,
        version,
        model,
        training,
        actor,
        reason,
        now,
    )
