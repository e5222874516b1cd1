"""Every statement about edits of tickets: what was done and undone, which items lie where, links."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import ContactId, WorkspaceId
from timeline.events import Actor, EventId
from timeline.store import Db, Row
from timeline.tickets.ticket import TicketId

LINKS: Final = ("duplicate", "parent", "child", "related")


class EditRow(msgspec.Struct, frozen=True, kw_only=True):
    """An edit or a link as it is kept beside its event."""

    id: EventId
    kind: str
    ticket_id: UUID
    other_id: UUID | None = None
    items: tuple[UUID, ...] = ()
    contact_id: ContactId
    about: EventId | None
    position: int
    actor: Actor
    decided_at: datetime


async def take_off(db: Db, workspace: WorkspaceId, gone: Sequence[tuple[EventId, TicketId]]) -> None:
    """Items that left their tickets."""
    if gone:
        await db.execute(
            "DELETE FROM ticket_item i USING unnest($2::uuid[], $3::uuid[]) AS k(event_id, ticket_id) "
            "WHERE i.workspace_id = $1 AND i.event_id = k.event_id AND i.ticket_id = k.ticket_id",
            workspace,
            [item for item, _ in gone],
            [ticket for _, ticket in gone],
        )


async def add_edit(db: Db, workspace: WorkspaceId, edit: EditRow) -> None:
    await db.execute(
        "INSERT INTO ticket_edit (workspace_id, id, kind, ticket_id, other_id, items, contact_id, about, position, "
        "actor, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        workspace,
        edit.id,
        edit.kind,
        edit.ticket_id,
        edit.other_id,
        list(edit.items),
        edit.contact_id,
        edit.about,
        edit.position,
        edit.actor,
        edit.decided_at,
    )


_COLUMNS: Final = (
    "t.id, t.kind, t.ticket_id, t.other_id, t.items, t.contact_id, t.about, t.position, t.actor, t.decided_at, "
    "t.undone_by, t.undone_at"
)


async def edit(db: Db, workspace: WorkspaceId, event: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_COLUMNS} FROM ticket_edit t WHERE t.workspace_id = $1 AND t.id = $2", workspace, event
    )


async def mark_undone(db: Db, workspace: WorkspaceId, event: EventId, by: EventId, now: datetime) -> None:
    await db.execute(
        "UPDATE ticket_edit SET undone_by = $3, undone_at = $4 WHERE workspace_id = $1 AND id = $2",
        workspace,
        event,
        by,
        now,
    )


async def undone(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], placed: Sequence[UUID], at: datetime | None = None
) -> frozenset[EventId]:
    """The edits that lie on some contacts, or are about some items, and were undone; `at`: by then."""
    rows = await db.fetch(
        "SELECT t.id FROM ticket_edit t WHERE t.workspace_id = $1 AND t.contact_id = ANY($2::uuid[]) "
        "AND t.undone_at <= coalesce($4::timestamptz, 'infinity') UNION SELECT t.id FROM ticket_edit t "
        "WHERE t.workspace_id = $1 AND t.about = ANY($3::uuid[]) "
        "AND t.undone_at <= coalesce($4::timestamptz, 'infinity')",
        workspace,
        contacts,
        placed,
        at,
    )
    return frozenset(EventId(row["id"]) for row in rows)


async def items_went(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], after: int) -> bool:
    """Whether items were given to other tickets by edits that lie on some contacts behind a position, and stand."""
    found = await db.fetchval(
        "SELECT EXISTS (SELECT FROM ticket_edit WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[]) "
        "AND position > $3 AND kind IN ('split', 'move', 'share') AND undone_at IS NULL)",
        workspace,
        contacts,
        after,
    )
    return found is True


async def items_at(db: Db, workspace: WorkspaceId, items: Sequence[UUID]) -> list[Row]:
    """Some events in order of position: where each lies and whose that is, where it stands and whose that is, and the
    tickets that it is in, the one that it came to first of all first."""
    return await db.fetch(
        "SELECT e.id, e.contact_id, e.about, e.position, e.type, e.source, e.conversation, p.contact_id AS placed, "
        "o.customer_id AS owner_id, s.id AS stands_on, s.customer_id, ARRAY(SELECT i.ticket_id FROM ticket_item i "
        "WHERE i.workspace_id = $1 AND i.event_id = e.id ORDER BY i.position) AS tickets "
        "FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT * FROM event WHERE workspace_id = $1 "
        "AND id = k.id OFFSET 0) AS e LEFT JOIN LATERAL (SELECT contact_id FROM placement WHERE workspace_id = $1 "
        "AND event_id = e.id AND until = 'infinity' LIMIT 1) AS p ON true LEFT JOIN LATERAL (SELECT contact_id "
        "FROM placement WHERE workspace_id = $1 AND event_id = e.about AND until = 'infinity' LIMIT 1) AS q ON true "
        "CROSS JOIN LATERAL (SELECT customer_id FROM contact WHERE workspace_id = $1 AND id = e.contact_id OFFSET 0) "
        "AS o CROSS JOIN LATERAL (SELECT id, customer_id FROM contact WHERE workspace_id = $1 "
        "AND id = coalesce(p.contact_id, q.contact_id, e.contact_id) OFFSET 0) AS s ORDER BY e.position",
        workspace,
        items,
    )


async def last_of_talks(
    db: Db, workspace: WorkspaceId, tickets: Sequence[UUID], talks: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], EventId]:
    """Of some conversations the latest item in some tickets, by position."""
    rows = await db.fetch(
        "SELECT DISTINCT ON (e.source, e.conversation) e.source, e.conversation, e.id FROM unnest($2::uuid[]) "
        "AS k(id) CROSS JOIN LATERAL (SELECT event_id FROM ticket_item WHERE workspace_id = $1 AND ticket_id = k.id "
        "OFFSET 0) AS i CROSS JOIN LATERAL (SELECT id, source, conversation, position FROM event "
        "WHERE workspace_id = $1 AND id = i.event_id OFFSET 0) AS e JOIN unnest($3::text[], $4::text[]) "
        "AS c(source, conversation) ON c.source = e.source AND c.conversation = e.conversation "
        "ORDER BY e.source, e.conversation, e.position DESC",
        workspace,
        tickets,
        [source for source, _ in talks],
        [conversation for _, conversation in talks],
    )
    return {(row["source"], row["conversation"]): EventId(row["id"]) for row in rows}


async def above(db: Db, workspace: WorkspaceId, ticket: UUID) -> set[UUID]:
    """The parents of a ticket, theirs, and so on, as links that stand say."""
    rows = await db.fetch(
        "WITH RECURSIVE up (id) AS (SELECT $2::uuid UNION SELECT p.id FROM up CROSS JOIN LATERAL ("
        "SELECT t.other_id AS id FROM ticket_edit t WHERE t.workspace_id = $1 AND t.ticket_id = up.id "
        "AND t.kind = 'parent' AND t.undone_at IS NULL UNION ALL SELECT t.ticket_id FROM ticket_edit t "
        "WHERE t.workspace_id = $1 AND t.other_id = up.id AND t.kind = 'child' AND t.undone_at IS NULL) AS p) "
        "SELECT id FROM up WHERE id <> $2",
        workspace,
        ticket,
    )
    return {row["id"] for row in rows}


async def edits_of(
    db: Db, workspace: WorkspaceId, tickets: Sequence[UUID], kinds: Sequence[str], *, standing: bool
) -> list[Row]:
    """Edits and links of some kinds that name one of some tickets, in the order in which they were made."""
    return await db.fetch(
        f"SELECT {_COLUMNS} FROM ticket_edit t WHERE t.workspace_id = $1 AND t.ticket_id = ANY($2::uuid[]) "
        f"AND t.kind = ANY($3::text[]) AND (t.undone_at IS NULL OR NOT $4) UNION SELECT {_COLUMNS} FROM ticket_edit t "
        "WHERE t.workspace_id = $1 AND t.other_id = ANY($2) AND t.kind = ANY($3) AND (t.undone_at IS NULL OR NOT $4) "
        "ORDER BY position",
        workspace,
        tickets,
        kinds,
        standing,
    )
