"""The statements of a person's export that no thread needs: what each event said of them, and what they were called."""

from collections.abc import Sequence
from uuid import UUID

from identity.customers import ContactId, WorkspaceId
from timeline.store import Db, Row


async def said_of(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> dict[UUID, bytes]:
    """What each of these events said about who it is from, as it was handed in."""
    rows = await db.fetch(
        "SELECT id, data->'contact' AS contact FROM event WHERE workspace_id = $1 AND id = ANY($2::uuid[]) "
        "AND data ? 'contact'",
        workspace,
        events,
    )
    return {row["id"]: row["contact"] for row in rows}


async def former(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> list[Row]:
    """What these contacts were called before and are not now, the oldest first."""
    return await db.fetch(
        "SELECT p.contact_id, p.name, p.attributes, min(p.said_at) AS said_at FROM contact_past p JOIN contact c "
        "ON c.workspace_id = $1 AND c.id = p.contact_id WHERE p.workspace_id = $1 AND p.contact_id = ANY($2::uuid[]) "
        "AND (p.name IS NOT NULL OR p.attributes <> '{}') AND (p.name, p.attributes) IS DISTINCT FROM "
        "(c.name, c.attributes) GROUP BY p.contact_id, p.name, p.attributes ORDER BY said_at",
        workspace,
        contacts,
    )
