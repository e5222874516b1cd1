"""The statement that finds what of a conversation is in no ticket."""

from uuid import UUID

from identity.customers import CustomerId, WorkspaceId
from timeline.events import KIND_OF
from timeline.store import Db


async def loose(
    db: Db, workspace: WorkspaceId, customer: CustomerId, source: str, conversation: str, limit: int
) -> list[UUID]:
    """What of a customer's conversation is in no ticket, in order of position."""
    rows = await db.fetch(
        "SELECT e.id FROM contact c CROSS JOIN LATERAL (SELECT id, position FROM event WHERE workspace_id = $1 "
        "AND contact_id = c.id AND source = $3 AND conversation = $4 AND type = ANY($5::text[])) AS e "
        "WHERE c.workspace_id = $1 AND c.customer_id = $2 AND NOT EXISTS (SELECT FROM ticket_item i "
        "WHERE i.workspace_id = $1 AND i.event_id = e.id) ORDER BY e.position LIMIT $6",
        workspace,
        customer,
        source,
        conversation,
        [*KIND_OF],
        limit,
    )
    return [row["id"] for row in rows]
