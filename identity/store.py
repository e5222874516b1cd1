"""Every identity statement. Each runs inside the edge's transaction, which has set the workspace."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from identity.customers import ContactId, CustomerId, LinkDecision, WorkspaceId
from identity.records import ChangedContact, NewContact, SeenIdentifier, SharedValue

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

CONTACT = (
    "c.id, c.source, c.source_key, c.home_id, c.customer_id, c.grade, c.name, c.attributes, c.said_at, c.via, "
    "c.home_decision, c.customer_decision, c.created_at, c.since"
)
HELD = (
    "(SELECT json_agg(json_build_array(i.kind, i.scope, i.value, i.raw, i.problem, i.verified_at IS NOT NULL, "
    "i.last_seen)) "
    "FROM identifier i WHERE i.workspace_id = $1 AND i.contact_id = c.id) AS held"
)
_PROVED = (
    "EXISTS (SELECT FROM identifier p WHERE p.workspace_id = c.workspace_id AND p.contact_id = c.id "
    "AND p.verified_at IS NOT NULL AND p.problem IS NULL AND p.kind <> 'visitor') AS proved"
)


async def lock(db: Db, keys: Sequence[int]) -> None:
    """Take advisory locks until the transaction ends; `keys` come sorted."""
    await db.execute("SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k", keys)


async def contacts_by_key(db: Db, workspace: WorkspaceId, sources: list[str], keys: list[str]) -> list[Row]:
    """Contacts with what they hold: `held` is JSON, a list of kind, scope, value, raw, problem, verified, last seen."""
    return await db.fetch(
        f"SELECT {CONTACT}, {HELD} FROM unnest($2::text[], $3::text[]) AS k(source, source_key) "
        "CROSS JOIN LATERAL (SELECT * FROM contact o WHERE o.workspace_id = $1 AND o.source = k.source "
        "AND o.source_key = k.source_key LIMIT 1) AS c",
        workspace,
        sources,
        keys,
    )


async def contacts(db: Db, workspace: WorkspaceId, ids: Sequence[ContactId]) -> list[Row]:
    return await db.fetch(
        f"SELECT {CONTACT}, {_PROVED}, {HELD} FROM contact c WHERE c.workspace_id = $1 AND c.id = ANY($2::uuid[])",
        workspace,
        ids,
    )


async def owners(db: Db, workspace: WorkspaceId, values: Sequence[tuple[str, str, str]], most: int) -> list[Row]:
    """Who holds each (kind, scope, value) by proof: at most `most` contacts a value, the oldest first."""
    return await db.fetch(
        "SELECT k.kind, k.scope, k.value, o.contact_id, o.customer_id "
        "FROM unnest($2::text[], $3::text[], $4::text[]) AS k(kind, scope, value) "
        "CROSS JOIN LATERAL (SELECT i.contact_id FROM identifier i WHERE i.workspace_id = $1 AND i.kind = k.kind "
        "  AND i.scope = k.scope AND i.value = k.value AND i.verified_at IS NOT NULL AND i.problem IS NULL "
        "  ORDER BY i.contact_id LIMIT $5) AS h "
        "CROSS JOIN LATERAL (SELECT h.contact_id, c.customer_id FROM contact c "
        "  WHERE c.workspace_id = $1 AND c.id = h.contact_id LIMIT 1) AS o",
        workspace,
        [v[0] for v in values],
        [v[1] for v in values],
        [v[2] for v in values],
        most,
    )


async def value_classes(db: Db, workspace: WorkspaceId, values: Sequence[tuple[str, str, str]]) -> list[Row]:
    return await db.fetch(
        "SELECT v.kind, v.scope, v.value, v.class, v.reason, v.actor, v.decided_at "
        "FROM unnest($2::text[], $3::text[], $4::text[]) AS k(kind, scope, value) "
        "CROSS JOIN LATERAL (SELECT * FROM value_class c WHERE c.workspace_id = $1 AND c.kind = k.kind "
        "AND c.scope = k.scope AND c.value = k.value LIMIT 1) AS v",
        workspace,
        [v[0] for v in values],
        [v[1] for v in values],
        [v[2] for v in values],
    )


async def members(
    db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId], most: int, newest: bool = False
) -> list[Row]:
    """The contacts of some customers, the oldest (or newest) first, at most `most` a customer."""
    order = "DESC" if newest else "ASC"
    return await db.fetch(
        f"SELECT {CONTACT}, {_PROVED}, {HELD} FROM unnest($2::uuid[]) AS k(customer_id) CROSS JOIN LATERAL ("
        "  SELECT * FROM contact o WHERE o.workspace_id = $1 AND o.customer_id = k.customer_id "
        f"  ORDER BY o.created_at {order}, o.id {order} LIMIT $3) AS c",
        workspace,
        customers,
        most,
    )


async def identifiers_of(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> list[Row]:
    return await db.fetch(
        "SELECT contact_id, kind, scope, value, raw, problem, verified_at, first_seen, last_seen FROM identifier "
        "WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[]) ORDER BY first_seen, kind, scope, value",
        workspace,
        contacts,
    )


async def pointers(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> dict[ContactId, CustomerId]:
    rows = await db.fetch(
        "SELECT id, customer_id FROM contact WHERE workspace_id = $1 AND id = ANY($2::uuid[])",
        workspace,
        contacts,
    )
    return {row["id"]: row["customer_id"] for row in rows}


async def write_contacts(db: Db, workspace: WorkspaceId, contacts: Sequence[NewContact]) -> None:
    """New contacts, and a customer for each that opens its home."""
    opened = {c.home_id: c.created_at for c in contacts if c.opens}
    if opened:
        await write_customers(db, workspace, list(opened), list(opened.values()))
    await db.execute(
        "INSERT INTO contact (workspace_id, id, source, source_key, home_id, customer_id, grade, name, attributes, "
        "said_at, via, home_decision, customer_decision, created_at, since) "
        "SELECT $1, k.id, k.source, k.source_key, k.home_id, k.customer_id, k.grade, k.name, k.attributes, k.said_at, "
        "k.via, k.home_decision, k.customer_decision, k.created_at, k.created_at FROM unnest($2::uuid[], $3::text[], "
        "$4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::jsonb[], $10::timestamptz[], $11::text[], "
        "$12::uuid[], $13::uuid[], $14::timestamptz[]) AS k(id, source, source_key, home_id, customer_id, grade, name, "
        "attributes, said_at, via, home_decision, customer_decision, created_at)",
        workspace,
        [c.id for c in contacts],
        [c.source for c in contacts],
        [c.key for c in contacts],
        [c.home_id for c in contacts],
        [c.customer_id for c in contacts],
        [c.grade for c in contacts],
        [c.name for c in contacts],
        [msgspec.json.encode(c.attributes) for c in contacts],
        [c.said_at for c in contacts],
        [c.via for c in contacts],
        [c.home_decision for c in contacts],
        [c.customer_decision for c in contacts],
        [c.created_at for c in contacts],
    )


async def write_customers(db: Db, workspace: WorkspaceId, ids: Sequence[CustomerId], at: Sequence[datetime]) -> None:
    await db.execute(
        "INSERT INTO customer (workspace_id, id, created_at) "
        "SELECT $1, k.id, k.at FROM unnest($2::uuid[], $3::timestamptz[]) AS k(id, at)",
        workspace,
        ids,
        at,
    )


async def change_contacts(db: Db, workspace: WorkspaceId, changed: Sequence[ChangedContact], now: datetime) -> int:
    """Write contacts anew and keep what they were: `as_of` reads it. A contact that changed since it was read
    (`since`) is left alone; the number of those written is returned."""
    done = await db.execute(
        "WITH k AS (SELECT k.*, o.home_id AS old_home, o.customer_id AS old_customer, o.grade AS old_grade, "
        "o.name AS old_name, o.attributes AS old_attributes, o.said_at AS old_said_at, o.via AS old_via, "
        "o.home_decision AS old_home_decision, "
        "o.customer_decision AS old_customer_decision FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], "
        "$6::text[], $7::jsonb[], $8::timestamptz[], $9::text[], $10::uuid[], $11::uuid[], $12::timestamptz[]) "
        "AS k(id, home_id, customer_id, grade, name, attributes, said_at, via, home_decision, customer_decision, "
        "since) "
        "CROSS JOIN LATERAL (SELECT * FROM contact c WHERE c.workspace_id = $1 AND c.id = k.id AND c.since = k.since "
        "LIMIT 1) AS o), "
        "kept AS (INSERT INTO contact_past (workspace_id, contact_id, since, until, home_id, customer_id, grade, name, "
        "attributes, said_at, via, home_decision, customer_decision) SELECT $1, k.id, k.since, $13, k.old_home, "
        "k.old_customer, k.old_grade, k.old_name, k.old_attributes, k.old_said_at, k.old_via, k.old_home_decision, "
        "k.old_customer_decision FROM k "
        "WHERE k.since < $13) "
        "UPDATE contact c SET home_id = k.home_id, customer_id = k.customer_id, grade = k.grade, name = k.name, "
        "attributes = k.attributes, said_at = k.said_at, via = k.via, home_decision = k.home_decision, "
        "customer_decision = k.customer_decision, since = greatest(c.since, $13) FROM k "
        "WHERE c.workspace_id = $1 AND c.id = ANY($2) AND c.id = k.id",
        workspace,
        [c.id for c in changed],
        [c.home_id for c in changed],
        [c.customer_id for c in changed],
        [c.grade for c in changed],
        [c.name for c in changed],
        [msgspec.json.encode(c.attributes) for c in changed],
        [c.said_at for c in changed],
        [c.via for c in changed],
        [c.home_decision for c in changed],
        [c.customer_decision for c in changed],
        [c.since for c in changed],
        now,
    )
    return int(done.rpartition(" ")[2])


async def write_identifiers(db: Db, workspace: WorkspaceId, seen: Sequence[SeenIdentifier], now: datetime) -> None:
    """Identifiers new on a contact, proved now, or seen again; proof is never taken back."""
    await db.execute(
        "INSERT INTO identifier AS i (workspace_id, kind, scope, value, contact_id, raw, problem, verified_at, "
        "first_seen, "
        "last_seen) SELECT $1, k.kind, k.scope, k.value, k.contact_id, k.raw, k.problem, "
        "CASE WHEN k.verified THEN $9::timestamptz END, $9, $9 FROM unnest($2::text[], $3::text[], $4::text[], "
        "$5::uuid[], "
        "$6::text[], $7::text[], $8::bool[]) AS k(kind, scope, value, contact_id, raw, problem, verified) "
        "ON CONFLICT (workspace_id, kind, scope, value, contact_id) DO UPDATE SET "
        "verified_at = coalesce(i.verified_at, excluded.verified_at), last_seen = greatest(i.last_seen, "
        "excluded.last_seen)",
        workspace,
        [s.identifier.kind for s in seen],
        [s.identifier.scope for s in seen],
        [s.identifier.value for s in seen],
        [s.contact_id for s in seen],
        [s.identifier.raw for s in seen],
        [s.identifier.problem for s in seen],
        [s.verified for s in seen],
        now,
    )


async def write_shared(db: Db, workspace: WorkspaceId, values: Sequence[SharedValue], now: datetime) -> None:
    """Values learned to be shared. What an operator listed stays as it is."""
    await db.execute(
        "INSERT INTO value_class (workspace_id, kind, scope, value, class, reason, actor, decided_at) "
        "SELECT $1, k.kind, k.scope, k.value, 'shared', k.reason, 'system', $6 "
        "FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS k(kind, scope, value, reason) "
        "ON CONFLICT DO NOTHING",
        workspace,
        [v.identifier.kind for v in values],
        [v.identifier.scope for v in values],
        [v.identifier.value for v in values],
        [v.reason for v in values],
        now,
    )


async def set_value_class(
    db: Db,
    workspace: WorkspaceId,
    value: tuple[str, str, str],
    to: str,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    await db.execute(
        "INSERT INTO value_class AS v (workspace_id, kind, scope, value, class, reason, actor, decided_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (workspace_id, kind, scope, value) DO UPDATE SET "
        "class = excluded.class, reason = excluded.reason, actor = excluded.actor, decided_at = excluded.decided_at",
        workspace,
        *value,
        to,
        reason,
        actor,
        now,
    )


async def write_decision(db: Db, workspace: WorkspaceId, decision: LinkDecision) -> None:
    """Append one decision; its position orders decisions and events alike."""
    await db.execute(
        "INSERT INTO link_decision (workspace_id, id, kind, contact_a, contact_b, contacts, home_id, event_id, undoes, "
        "grade, actor, reason, evidence, decided_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        workspace,
        decision.id,
        decision.kind,
        decision.contact_a,
        decision.contact_b,
        decision.contacts,
        decision.home_id,
        decision.event_id,
        decision.undoes,
        decision.grade,
        decision.actor,
        decision.reason,
        msgspec.json.encode(decision.evidence),
        decision.decided_at,
    )


async def write_links(db: Db, workspace: WorkspaceId, decisions: Sequence[LinkDecision]) -> None:
    """Append the links and proofs of a batch at once."""
    await db.execute(
        "INSERT INTO link_decision (workspace_id, id, kind, contact_a, contact_b, home_id, grade, actor, reason, "
        "evidence, "
        "decided_at) SELECT $1, k.id, k.kind, k.a, k.b, k.home_id, k.grade, k.actor, k.reason, k.evidence, k.at "
        "FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], "
        "$10::jsonb[], $11::timestamptz[]) AS k(id, kind, a, b, home_id, grade, actor, reason, evidence, at)",
        workspace,
        [d.id for d in decisions],
        [d.kind for d in decisions],
        [d.contact_a for d in decisions],
        [d.contact_b for d in decisions],
        [d.home_id for d in decisions],
        [d.grade for d in decisions],
        [d.actor for d in decisions],
        [d.reason for d in decisions],
        [msgspec.json.encode(d.evidence) for d in decisions],
        [d.decided_at for d in decisions],
    )


async def not_same(db: Db, workspace: WorkspaceId, ids: Sequence[UUID]) -> list[Row]:
    """The standing "not the same person" records with both ends among `ids` (contacts and homes)."""
    return await db.fetch(
        "SELECT d.id, d.contact_a, d.contact_b FROM link_decision d WHERE d.workspace_id = $1 "
        "AND d.kind IN ('unmerge', 'split', 'not_same') AND d.contact_a = ANY($2::uuid[]) AND d.contact_b = "
        "ANY($2::uuid[]) "
        "AND NOT EXISTS (SELECT FROM link_decision u WHERE u.workspace_id = $1 AND u.undoes = d.id)",
        workspace,
        ids,
    )


async def edges(db: Db, workspace: WorkspaceId, ids: Sequence[UUID], at: datetime | None = None) -> list[Row]:
    """The merges with an end among `ids` (contacts and homes) that stand, or stood at a moment."""
    return await db.fetch(
        "SELECT d.id, d.position, d.contact_a, d.contact_b, d.grade FROM link_decision d WHERE d.workspace_id = $1 "
        "AND d.kind = 'merge' AND (d.contact_a = ANY($2::uuid[]) OR d.contact_b = ANY($2::uuid[])) "
        "AND d.decided_at <= coalesce($3::timestamptz, 'infinity') AND NOT EXISTS (SELECT FROM link_decision u "
        "WHERE u.workspace_id = $1 AND u.undoes = d.id AND u.decided_at <= coalesce($3, 'infinity'))",
        workspace,
        ids,
        at,
    )


async def verified_links(db: Db, workspace: WorkspaceId, ids: Sequence[UUID]) -> list[Row]:
    """The verified links by which contacts came to their homes, and the proofs that made presumed ones verified."""
    return await db.fetch(
        "SELECT d.contact_a, d.contact_b FROM link_decision d WHERE d.workspace_id = $1 "
        "AND d.kind IN ('link', 'proof') AND d.contact_b IS NOT NULL AND d.grade = 'verified' "
        "AND d.contact_a = ANY($2::uuid[])",
        workspace,
        ids,
    )


async def survivor(db: Db, workspace: WorkspaceId, customer: CustomerId) -> CustomerId | None:
    """The customer that a home adds up to today; None for what was never a customer here."""
    return await db.fetchval(
        "SELECT customer_id FROM contact WHERE workspace_id = $1 AND home_id = $2 LIMIT 1",
        workspace,
        customer,
    )


async def home_placement(db: Db, workspace: WorkspaceId, home: CustomerId) -> Row:
    row = await db.fetchrow(
        "SELECT customer_id, customer_decision FROM contact WHERE workspace_id = $1 AND home_id = $2 LIMIT 1",
        workspace,
        home,
    )
    assert row is not None
    return row


async def customer_ages(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> dict[CustomerId, datetime]:
    rows = await db.fetch(
        "SELECT id, created_at FROM customer WHERE workspace_id = $1 AND id = ANY($2::uuid[])",
        workspace,
        customers,
    )
    return {row["id"]: row["created_at"] for row in rows}


async def decision(db: Db, workspace: WorkspaceId, decision_id: UUID) -> Row | None:
    return await db.fetchrow(
        "SELECT d.id, d.position, d.kind, d.contact_a, d.contact_b, d.contacts, d.home_id, d.event_id, d.undoes, "
        "d.grade, "
        "d.actor, d.reason, d.evidence, d.decided_at, EXISTS (SELECT FROM link_decision u WHERE u.workspace_id = $1 "
        "AND u.undoes = d.id) AS undone FROM link_decision d WHERE d.workspace_id = $1 AND d.id = $2",
        workspace,
        decision_id,
    )


def decode(row: Row, column: str) -> Any:
    """A jsonb column, which the hot pool hands over as bytes."""
    return msgspec.json.decode(row[column])
