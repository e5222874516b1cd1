"""What is added to the versions of tickets that an undoing took steps back: kept for good, as their numbers are."""

from collections.abc import Mapping, Sequence

from identity.customers import WorkspaceId
from timeline.store import Db
from timeline.tickets.ticket import TicketId


async def bases(db: Db, workspace: WorkspaceId, tickets: Sequence[TicketId]) -> dict[TicketId, int]:
    """Of those tickets that were ever taken back."""
    rows = await db.fetch(
        "SELECT ticket_id, base FROM ticket_version WHERE workspace_id = $1 AND ticket_id = ANY($2::uuid[])",
        workspace,
        tickets,
    )
    return {TicketId(row["ticket_id"]): row["base"] for row in rows}


async def keep_bases(db: Db, workspace: WorkspaceId, found: Mapping[TicketId, int]) -> None:
    await db.execute(
        "INSERT INTO ticket_version (workspace_id, ticket_id, base) SELECT $1, u.ticket_id, u.base "
        "FROM unnest($2::uuid[], $3::integer[]) AS u(ticket_id, base) ON CONFLICT (workspace_id, ticket_id) "
        "DO UPDATE SET base = greatest(ticket_version.base, excluded.base)",
        workspace,
        list(found),
        list(found.values()),
    )
