"""Every statement that reads and takes out what reports count of tickets' lives; `store.write` puts it in."""

from collections.abc import Sequence

from identity.customers import WorkspaceId
from timeline.store import Db
from timeline.tickets.moments import Moment
from timeline.tickets.ticket import TicketId


async def moments(db: Db, workspace: WorkspaceId, tickets: Sequence[TicketId], start: int) -> list[Moment]:
    """The moments of some tickets, behind a position."""
    rows = await db.fetch(
        "SELECT m.ticket_id, m.position, m.turn, m.round, m.at, m.since, m.agent FROM unnest($2::uuid[]) AS k(id) "
        "CROSS JOIN LATERAL (SELECT ticket_id, position, turn, round, at, since, agent FROM ticket_moment "
        "WHERE workspace_id = $1 AND ticket_id = k.id AND position > $3 OFFSET 0) AS m",
        workspace,
        tickets,
        start,
    )
    return [Moment(**dict(row)) for row in rows]


async def remove(db: Db, workspace: WorkspaceId, gone: Sequence[Moment]) -> None:
    """Take out what folding again does not come to."""
    if gone:
        await db.execute(
            "DELETE FROM ticket_moment t USING unnest($2::uuid[], $3::bigint[], $4::text[]) AS k(ticket_id, position, "
            "turn) WHERE t.workspace_id = $1 AND t.ticket_id = k.ticket_id AND t.position = k.position "
            "AND t.turn = k.turn",
            workspace,
            [m.ticket_id for m in gone],
            [m.position for m in gone],
            [m.turn for m in gone],
        )
