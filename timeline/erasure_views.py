"""Every statement of erasure, legal holds and retention; the database's own function blanks the ledger."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from identity.customers import ContactId, CustomerId, WorkspaceId
from timeline.store import EVENT, Db, Row

HELD = "TL001"
"""What the database says where a legal hold stands."""


async def take_time(db: Db) -> None:
    """Let the statements of this transaction take as long as a long life's thread needs."""
    await db.execute("SELECT set_config('statement_timeout', '0', true)")


async def placed_here(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> list[UUID]:
    """The items of others that a person placed on these contacts, with everything about them."""
    rows = await db.fetch(
        "WITH placed AS (SELECT event_id FROM placement WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[]) "
        "AND origin_id <> ALL($2) AND until = 'infinity') SELECT event_id AS id FROM placed "
        "UNION SELECT e.id FROM event e JOIN placed p ON e.about = p.event_id WHERE e.workspace_id = $1",
        workspace,
        contacts,
    )
    return [row["id"] for row in rows]


async def own_values(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> list[Row]:
    """The identifiers on these contacts that no other contact holds."""
    return await db.fetch(
        "SELECT i.kind, i.scope, i.value, i.raw FROM identifier i WHERE i.workspace_id = $1 "
        "AND i.contact_id = ANY($2::uuid[]) AND NOT EXISTS (SELECT FROM identifier o WHERE o.workspace_id = $1 "
        "AND o.kind = i.kind AND o.scope = i.scope AND o.value = i.value AND o.contact_id <> ALL($2))",
        workspace,
        contacts,
    )


async def extent(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], items: Sequence[UUID]) -> Row:
    """How much an erasure would blank."""
    row = await db.fetchrow(
        "SELECT (SELECT count(*) FROM event e WHERE e.workspace_id = $1 AND (e.contact_id = ANY($2::uuid[]) "
        "  OR e.id = ANY($3::uuid[])) AND e.type <> 'CustomerErased' AND NOT e.data ? 'erased') AS events, "
        "(SELECT count(*) FROM identifier WHERE workspace_id = $1 AND contact_id = ANY($2)) AS identifiers, "
        "(SELECT count(*) FROM placement WHERE workspace_id = $1 AND origin_id = ANY($2) "
        "  AND contact_id <> ALL($2) AND until = 'infinity') AS placed_elsewhere, "
        "(SELECT count(*) FROM contact WHERE workspace_id = $1 AND id = ANY($2) AND source <> 'desk' "
        "  AND source_key <> 'erased/' || id) AS contacts",
        workspace,
        contacts,
        items,
    )
    assert row is not None
    return row


async def erase(
    db: Db,
    erasure: UUID,
    contacts: Sequence[ContactId],
    items: Sequence[UUID],
    keys: Sequence[bytes],
    *,
    actor: str,
    reason: str | None,
    now: datetime,
    again: bool,
) -> Row:
    """Blank people and items, however many there are; the number of events and the proof of what was done."""
    row = await db.fetchrow(
        "SELECT events, digest FROM erase($1, $2::uuid[], $3::uuid[], $4::bytea[], $5, $6, $7, $8)",
        erasure,
        contacts,
        items,
        keys,
        actor,
        reason,
        now,
        again,
        timeout=86_400,
    )
    assert row is not None
    return row


async def named_objects(db: Db, workspace: WorkspaceId, erasure: UUID, after: UUID | None, limit: int) -> list[Row]:
    """What an erasure left of the events that name an object, in order of id."""
    return await db.fetch(
        f"SELECT {EVENT}, e.position, p.contact_id AS stands_on FROM erased_record r "
        "JOIN event e ON e.workspace_id = $1 AND e.id = r.id LEFT JOIN placement p ON p.workspace_id = $1 "
        "AND p.event_id = r.id AND p.until = 'infinity' "
        "WHERE r.workspace_id = $1 AND r.erasure_id = $2 AND ($3::uuid IS NULL OR r.id > $3) AND e.data ? 'object' "
        "ORDER BY r.id LIMIT $4",
        workspace,
        erasure,
        after,
        limit,
    )


async def customers_of(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], items: Sequence[UUID]
) -> list[CustomerId]:
    """On whose threads some items, and those of some contacts, lie or stand."""
    rows = await db.fetch(
        "SELECT DISTINCT c.customer_id FROM (SELECT contact_id FROM event WHERE workspace_id = $1 "
        "AND id = ANY($3::uuid[]) UNION SELECT contact_id FROM placement WHERE workspace_id = $1 "
        "AND (event_id = ANY($3) OR origin_id = ANY($2::uuid[])) AND until = 'infinity' "
        "UNION SELECT unnest($2)) AS k JOIN contact c ON c.workspace_id = $1 AND c.id = k.contact_id ORDER BY 1",
        workspace,
        contacts,
        items,
    )
    return [row["customer_id"] for row in rows]


async def erasures(db: Db, workspace: WorkspaceId, ids: Sequence[UUID] | None = None) -> list[Row]:
    """What was erased, all or of these ids, in order, with the proof as it computes today."""
    return await db.fetch(
        "SELECT x.id, x.contacts, x.events, x.actor, x.reason, x.erased_at, x.digest, (SELECT "
        "sha256(coalesce(string_agg(uuid_send(r.id) || r.original || r.tombstone, '' ORDER BY r.id), '')) "
        "FROM erased_record r WHERE r.workspace_id = $1 AND r.erasure_id = x.id) AS proof FROM erasure x "
        "WHERE x.workspace_id = $1 AND ($2::uuid[] IS NULL OR x.id = ANY($2)) ORDER BY x.position",
        workspace,
        ids,
    )


async def known_erasures(db: Db, workspace: WorkspaceId, ids: Sequence[UUID]) -> set[UUID]:
    rows = await db.fetch("SELECT id FROM erasure WHERE workspace_id = $1 AND id = ANY($2::uuid[])", workspace, ids)
    return {row["id"] for row in rows}


async def last_erasure(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> UUID | None:
    """The latest erasure of any of these contacts."""
    return await db.fetchval(
        "SELECT id FROM erasure WHERE workspace_id = $1 AND contacts && $2::uuid[] ORDER BY position DESC LIMIT 1",
        workspace,
        contacts,
    )


async def add_hold(
    db: Db,
    workspace: WorkspaceId,
    hold: UUID,
    customer: CustomerId,
    contacts: Sequence[ContactId],
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    await db.execute(
        "INSERT INTO legal_hold (workspace_id, id, customer_id, contacts, reason, actor, held_from) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        workspace,
        hold,
        customer,
        contacts,
        reason,
        actor,
        now,
    )


async def lift_hold(db: Db, workspace: WorkspaceId, hold: UUID, actor: str, now: datetime) -> bool:
    """False where there is none, or it was lifted before."""
    done = await db.execute(
        "UPDATE legal_hold SET lifted_at = $3, lifted_by = $4 WHERE workspace_id = $1 AND id = $2 "
        "AND lifted_at IS NULL",
        workspace,
        hold,
        now,
        actor,
    )
    return done.endswith("1")


_HOLD = (
    "SELECT h.id, h.customer_id, h.contacts, h.reason, h.actor, h.held_from, h.lifted_at, h.lifted_by "
    "FROM legal_hold h WHERE h.workspace_id = $1 "
)


async def holds(db: Db, workspace: WorkspaceId, standing: bool, after: UUID | None, limit: int) -> list[Row]:
    """Holds in order of id, those that stand or all."""
    return await db.fetch(
        f"{_HOLD}AND ($2::uuid IS NULL OR h.id > $2) AND (NOT $3::bool OR h.lifted_at IS NULL) ORDER BY h.id LIMIT $4",
        workspace,
        after,
        standing,
        limit,
    )


async def hold(db: Db, workspace: WorkspaceId, hold_id: UUID) -> Row | None:
    return await db.fetchrow(f"{_HOLD}AND h.id = $2", workspace, hold_id)


async def holds_on(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], items: Sequence[UUID]) -> list[UUID]:
    """The holds that stand over these contacts and items, or over whoever they are on the thread of."""
    rows = await db.fetch("SELECT h AS id FROM holds_over($1, $2::uuid[], $3::uuid[]) AS h", workspace, contacts, items)
    return [row["id"] for row in rows]


async def retention_policies(db: Db, workspace: WorkspaceId) -> list[Row]:
    return await db.fetch(
        "SELECT version, policy, actor, decided_at FROM retention_policy WHERE workspace_id = $1 ORDER BY version DESC",
        workspace,
    )


async def add_retention_policy(
    db: Db, workspace: WorkspaceId, version: int, policy: bytes, actor: str, now: datetime
) -> None:
    await db.execute(
        "INSERT INTO retention_policy (workspace_id, version, policy, actor, decided_at) VALUES ($1, $2, $3, $4, $5)",
        workspace,
        version,
        policy,
        actor,
        now,
    )


async def contacts_after(db: Db, workspace: WorkspaceId, after: UUID | None, limit: int) -> list[ContactId]:
    rows = await db.fetch(
        "SELECT id FROM contact WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
        workspace,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def items_due(
    db: Db,
    workspace: WorkspaceId,
    contacts: Sequence[ContactId],
    *,
    before: datetime,
    types: Sequence[str],
    channels: Sequence[str] | None,
    limit: int,
) -> list[tuple[ContactId, UUID]]:
    """Items shown before a moment, of some types and channels, that neither a hold nor an open ticket keeps; at most
    so many of each contact, the oldest first."""
    rows = await db.fetch(
        "SELECT c.id AS contact_id, o.id FROM unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL (SELECT e.id FROM event e "
        "WHERE e.workspace_id = $1 AND e.contact_id = c.id AND e.shown_at < $3 AND e.type = ANY($4::text[]) "
        "AND ($5::text[] IS NULL OR e.channel = ANY($5)) AND NOT e.data ? 'erased' AND NOT EXISTS (SELECT "
        "FROM ticket_item i JOIN ticket t ON t.workspace_id = $1 AND t.id = i.ticket_id WHERE i.workspace_id = $1 "
        "AND i.event_id = e.id AND t.is_open) AND (NOT EXISTS (SELECT FROM legal_hold WHERE workspace_id = $1 "
        "AND lifted_at IS NULL) OR NOT EXISTS (SELECT FROM holds_over($1, '{}', ARRAY[e.id]))) "
        "ORDER BY e.shown_at, e.position LIMIT $6) AS o",
        workspace,
        contacts,
        before,
        types,
        channels,
        limit,
    )
    return [(row["contact_id"], row["id"]) for row in rows]


async def inactive(
    db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId], since: datetime, types: Sequence[str]
) -> list[CustomerId]:
    """Which of some customers have something left to erase, no item of these types on their thread since a moment,
    no open ticket and no hold."""
    rows = await db.fetch(
        "SELECT k.id FROM unnest($2::uuid[]) AS k(id) WHERE EXISTS (SELECT FROM contact c WHERE c.workspace_id = $1 "
        "AND c.customer_id = k.id AND c.source <> 'desk' AND c.source_key <> 'erased/' || c.id) "
        "AND NOT EXISTS (SELECT FROM contact c CROSS JOIN LATERAL (SELECT FROM event e WHERE e.workspace_id = $1 "
        "AND e.contact_id = c.id AND e.shown_at >= $3 AND e.type = ANY($4::text[]) LIMIT 1) AS e "
        "WHERE c.workspace_id = $1 AND c.customer_id = k.id) "
        "AND NOT EXISTS (SELECT FROM contact c JOIN placement p ON p.workspace_id = $1 AND p.contact_id = c.id "
        "AND p.until = 'infinity' JOIN event e ON e.workspace_id = $1 AND e.id = p.event_id WHERE c.workspace_id = $1 "
        "AND c.customer_id = k.id AND e.shown_at >= $3) "
        "AND NOT EXISTS (SELECT FROM contact c JOIN ticket t ON t.workspace_id = $1 AND t.contact_id = c.id "
        "AND t.is_open WHERE c.workspace_id = $1 AND c.customer_id = k.id) "
        "AND (NOT EXISTS (SELECT FROM legal_hold WHERE workspace_id = $1 AND lifted_at IS NULL) OR NOT EXISTS (SELECT "
        "FROM holds_over($1, ARRAY(SELECT id FROM contact WHERE workspace_id = $1 AND customer_id = k.id), '{}')))",
        workspace,
        customers,
        since,
        types,
    )
    return [row["id"] for row in rows]
