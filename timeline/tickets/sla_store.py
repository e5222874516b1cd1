"""Every statement about promises whose time has come."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from identity.customers import ContactId, CustomerId, WorkspaceId
from timeline.store import Db, Row
from timeline.tickets.ticket import TicketId


async def due(db: Db, workspace: WorkspaceId, limit: int) -> tuple[list[TicketId], float | None]:
    """Tickets of whose promises something is to be told by now, the earliest first; and how many seconds from now that
    is so of the next one."""
    row = await db.fetchrow(
        "SELECT ARRAY(SELECT id FROM ticket WHERE workspace_id = $1 AND sla_alarm_at < clock_timestamp() "
        "AND (closes_at IS NULL OR closes_at >= sla_alarm_at) ORDER BY sla_alarm_at LIMIT $2) AS ids, (SELECT "
        "extract(epoch FROM min(sla_alarm_at) - clock_timestamp())::float8 FROM ticket WHERE workspace_id = $1 "
        "AND sla_alarm_at >= clock_timestamp()) AS next",
        workspace,
        limit,
    )
    assert row is not None
    return [TicketId(one) for one in row["ids"]], row["next"]


async def first_due(db: Db, workspace: WorkspaceId, until: datetime) -> Row | None:
    """The ticket of whose promises something is to be told first, and when; none where nothing is before then."""
    return await db.fetchrow(
        "SELECT id, sla_alarm_at AS at FROM ticket WHERE workspace_id = $1 AND sla_alarm_at < $2 "
        "AND (closes_at IS NULL OR closes_at >= sla_alarm_at) ORDER BY sla_alarm_at, id LIMIT 1",
        workspace,
        until,
    )


async def lying(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> dict[UUID, ContactId]:
    """On which contact each event was recorded."""
    rows = await db.fetch(
        "SELECT e.id, e.contact_id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT id, contact_id "
        "FROM event WHERE workspace_id = $1 AND id = k.id LIMIT 1) AS e",
        workspace,
        events,
    )
    return {row["id"]: ContactId(row["contact_id"]) for row in rows}


async def redecided(
    db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId], since: datetime
) -> dict[CustomerId, datetime]:
    """When a decision last cut the past of each of some customers again, of those of which one did since a moment."""
    rows = await db.fetch(
        "SELECT k.id, greatest(max(d.decided_at), max(p.decided_at)) AS at FROM unnest($2::uuid[]) AS k(id) "
        "LEFT JOIN LATERAL (SELECT id FROM contact WHERE workspace_id = $1 AND customer_id = k.id OFFSET 0) AS c "
        "ON true LEFT JOIN LATERAL (SELECT decided_at FROM link_decision WHERE workspace_id = $1 "
        "AND contact_a = c.id AND kind IN ('unmerge', 'split', 'place', 'undo') AND decided_at >= $3 UNION ALL "
        "SELECT decided_at FROM link_decision WHERE workspace_id = $1 AND contact_b = c.id "
        "AND kind IN ('unmerge', 'split', 'place', 'undo') AND decided_at >= $3) AS d ON true LEFT JOIN LATERAL "
        "(SELECT decided_at FROM ticket_policy WHERE workspace_id = $1 AND from_position = 0 AND decided_at >= $3) "
        "AS p ON true GROUP BY k.id HAVING greatest(max(d.decided_at), max(p.decided_at)) IS NOT NULL",
        workspace,
        customers,
        since,
    )
    return {CustomerId(row["id"]): row["at"] for row in rows}


async def deriving(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> set[CustomerId]:
    """Those of some customers whose tickets wait for a job."""
    rows = await db.fetch(
        "SELECT DISTINCT c.customer_id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT customer_id, "
        "home_id FROM contact WHERE workspace_id = $1 AND customer_id = k.id OFFSET 0) AS c CROSS JOIN LATERAL (SELECT "
        "FROM ticket_deriving WHERE workspace_id = $1 AND home_id = c.home_id OFFSET 0) AS d",
        workspace,
        customers,
    )
    return {CustomerId(row["customer_id"]) for row in rows}
