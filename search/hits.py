"""Every statement by which what was found is shown as it stands today: where an item came from, whose a contact is,
what a ticket is called."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from identity.customers import WorkspaceId

Db = Any
Row = asyncpg.Record


async def origins(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> dict[UUID, Row]:
    """Of each event: where it came from and when it happened."""
    rows = await db.fetch(
        "SELECT e.id, e.source, e.source_id, e.occurred_at, e.conversation FROM unnest($2::uuid[]) AS k(id) "
        "CROSS JOIN LATERAL (SELECT id, source, source_id, occurred_at, conversation FROM event "
        "WHERE workspace_id = $1 AND id = k.id OFFSET 0) AS e",
        workspace,
        events,
    )
    return {row["id"]: row for row in rows}


async def owners(db: Db, workspace: WorkspaceId, contacts: Sequence[UUID]) -> dict[UUID, Row]:
    """Of each contact: its customer of today, its source and what it is called there, its name, and since when it is
    known."""
    rows = await db.fetch(
        "SELECT c.id, c.customer_id, c.source, c.source_key, c.name, c.created_at FROM unnest($2::uuid[]) AS k(id) "
        "CROSS JOIN LATERAL (SELECT id, customer_id, source, source_key, name, created_at FROM contact "
        "WHERE workspace_id = $1 AND id = k.id OFFSET 0) AS c",
        workspace,
        contacts,
    )
    return {row["id"]: row for row in rows}


async def contacts_of(db: Db, workspace: WorkspaceId, customer: UUID) -> list[UUID]:
    """The contacts of a customer of today; none where there is no such customer."""
    rows = await db.fetch(
        "SELECT id FROM contact WHERE workspace_id = $1 AND customer_id = $2 ORDER BY id", workspace, customer
    )
    return [row["id"] for row in rows]


async def customers_of(db: Db, workspace: WorkspaceId, contacts: Sequence[UUID]) -> list[UUID]:
    """The customers of some contacts, in the order of these, each once."""
    rows = await owners(db, workspace, contacts)
    return list(dict.fromkeys(rows[one]["customer_id"] for one in contacts if one in rows))
