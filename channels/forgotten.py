"""The statements that blank what channels keep of a person."""

from collections.abc import Sequence
from uuid import UUID

from channels.store import Db, Row

PATIENCE = 600
"""Seconds: archives are read from end to end."""


async def entries_beside(db: Db, workspace: UUID, contacts: Sequence[UUID], items: Sequence[UUID]) -> list[UUID]:
    """Entries that were refused because of an event of these contacts, or one of these items."""
    rows = await db.fetch(
        "SELECT q.id FROM quarantine q JOIN event e ON e.workspace_id = $1 AND e.id = q.event_id "
        "WHERE q.workspace_id = $1 AND (e.contact_id = ANY($2::uuid[]) OR e.id = ANY($3::uuid[])) "
        "UNION SELECT q.id FROM quarantine q JOIN event e ON e.workspace_id = $1 AND e.source = q.source "
        "AND e.source_id = q.source_id WHERE q.workspace_id = $1 "
        "AND (e.contact_id = ANY($2) OR e.id = ANY($3))",
        workspace,
        contacts,
        items,
        timeout=PATIENCE,
    )
    return [row["id"] for row in rows]


async def payloads(db: Db, workspace: UUID, after: UUID | None, limit: int) -> list[Row]:
    """Entries that still have their bytes, in order of id."""
    return await db.fetch(
        "SELECT id, door, source_id, account_id, raw, headers, proves FROM quarantine WHERE workspace_id = $1 "
        "AND raw IS NOT NULL AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
        workspace,
        after,
        limit,
    )


async def blank_entries(db: Db, workspace: UUID, entries: Sequence[UUID]) -> None:
    """That something was here stays. The digest goes as well: it would tell a guessed payload."""
    await db.execute(
        "UPDATE quarantine SET raw = NULL, headers = '{}', source_id = NULL, reason = 'erased', fields = '{}', "
        "digest = sha256(uuid_send(id)), state = 'discarded', decided_at = coalesce(decided_at, now()), "
        "decided_by = coalesce(decided_by, 'system') WHERE workspace_id = $1 AND id = ANY($2::uuid[])",
        workspace,
        entries,
    )


async def blank_deliveries(
    db: Db, workspace: UUID, entries: Sequence[UUID], erasure: UUID, keys: Sequence[bytes]
) -> None:
    """The archived bytes of what an erasure has blanked, and of these entries. Keyed hashes of key and digest stay: by
    them the same delivery is known when it comes again."""
    await db.execute(
        "UPDATE inbound_delivery d SET raw = NULL, headers = '{}', reason = NULL, "
        "delivery_key = CASE WHEN d.delivery_key ~ '^erased:[0-9a-f]{64}$' THEN d.delivery_key ELSE "
        "pseudonym($4::bytea[], $1, 'delivery_key', d.account_id || chr(10) || d.delivery_key) END, "
        "digest = CASE WHEN d.delivery_key ~ '^erased:[0-9a-f]{64}$' THEN d.digest ELSE "
        "decode(substr(pseudonym($4, $1, 'digest', encode(d.digest, 'hex')), 8), 'hex') END "
        "WHERE d.workspace_id = $1 AND d.state <> 'waiting' AND (d.id IN (SELECT q.delivery_id FROM quarantine q "
        "WHERE q.workspace_id = $1 AND q.id = ANY($2::uuid[])) OR EXISTS (SELECT FROM erased_record r "
        "WHERE r.workspace_id = $1 AND r.id = ANY(d.event_ids) AND r.erasure_id = $3))",
        workspace,
        entries,
        erasure,
        keys,
        timeout=PATIENCE,
    )
