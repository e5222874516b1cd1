"""What stands beside tickets in a list: how their customers are called, and what was said last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import CustomerId, WorkspaceId
from timeline.store import Db, Row
from timeline.tickets.ticket import TicketId

MOST_WORDS: Final = 240
MOST_NAME: Final = 120
_SAID: Final = "('MessageRecorded', 'NoteRecorded', 'CallRecorded')"


class LastWords(msgspec.Struct, frozen=True, kw_only=True):
    """The beginning of what was said last; `body` is null where it had none, or was erased."""

    type: str
    direction: str | None
    body: str | None
    said_at: datetime


async def names_of(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> dict[CustomerId, str]:
    """What to call each: the newest name of the surest contact, else an identifier. Who has neither is left out."""
    rows = await db.fetch(
        f"SELECT k.id, left(coalesce(n.name, h.raw), {MOST_NAME + 1}) AS name FROM unnest($2::uuid[]) AS k(id) "
        "LEFT JOIN LATERAL (SELECT name FROM contact WHERE workspace_id = $1 AND customer_id = k.id "
        "AND name IS NOT NULL ORDER BY array_position(ARRAY['verified', 'presumed', 'possible'], grade), "
        "said_at DESC, id DESC LIMIT 1) AS n ON true "
        "LEFT JOIN LATERAL (SELECT i.raw FROM contact c JOIN identifier i ON i.workspace_id = $1 "
        "AND i.contact_id = c.id WHERE n.name IS NULL AND c.workspace_id = $1 AND c.customer_id = k.id "
        "AND i.kind <> 'visitor' ORDER BY i.verified_at IS NULL, i.last_seen DESC, i.value LIMIT 1) AS h ON true "
        "WHERE coalesce(n.name, h.raw) IS NOT NULL",
        workspace,
        list({*customers}),
    )
    return {CustomerId(row["id"]): row["name"] for row in rows}


async def open_of(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId], limit: int) -> list[Row]:
    """The newest tickets of some customers that nobody ended, in the order in which these are given."""
    return await db.fetch(
        "SELECT k.id AS customer_id, o.number, o.subject, o.status FROM unnest($2::uuid[]) WITH ORDINALITY "
        "AS k(id, rank) CROSS JOIN LATERAL (SELECT t.number, t.fold->>'subject' AS subject, t.status "
        "FROM (SELECT id FROM contact WHERE workspace_id = $1 AND customer_id = k.id OFFSET 0) AS c "
        "CROSS JOIN LATERAL (SELECT number, fold, status FROM ticket WHERE workspace_id = $1 AND contact_id = c.id "
        "AND until_at = 'infinity' AND joined_into IS NULL AND status NOT IN ('resolved', 'closed') OFFSET 0) AS t "
        "ORDER BY t.number DESC LIMIT $3) AS o ORDER BY k.rank, o.number DESC LIMIT $3",
        workspace,
        customers,
        limit,
    )


async def last_words(
    db: Db, workspace: WorkspaceId, tickets: Sequence[tuple[TicketId, TicketId]]
) -> dict[TicketId, LastWords]:
    """What was said last in some tickets, each given with itself and with each of its parts. Where nobody said
    anything, it is left out."""
    rows = await db.fetch(
        "SELECT k.id, l.type, l.direction, l.body, l.shown_at FROM unnest($2::uuid[], $3::uuid[]) AS k(id, part) "
        f"CROSS JOIN LATERAL (SELECT e.type, e.direction, left(e.data->>'body', {MOST_WORDS}) AS body, i.shown_at "
        "FROM ticket_item i CROSS JOIN LATERAL (SELECT type, direction, data FROM event WHERE workspace_id = $1 "
        f"AND id = i.event_id OFFSET 0) AS e WHERE i.workspace_id = $1 AND i.ticket_id = k.part AND e.type IN {_SAID} "
        "ORDER BY i.shown_at DESC, i.position DESC LIMIT 1) AS l ORDER BY l.shown_at",
        workspace,
        [ticket for ticket, _ in tickets],
        [part for _, part in tickets],
    )
    return {
        TicketId(row["id"]): LastWords(
            type=row["type"], direction=row["direction"], body=row["body"], said_at=row["shown_at"]
        )
        for row in rows
    }


async def subjects_of(db: Db, workspace: WorkspaceId, tickets: Sequence[UUID]) -> dict[UUID, str]:
    """What some tickets are called; those without a subject, or that are no more, are left out."""
    rows = await db.fetch(
        f"SELECT t.id, left(t.fold->>'subject', {MOST_WORDS}) AS subject FROM unnest($2::uuid[]) AS k(id) "
        "CROSS JOIN LATERAL (SELECT id, fold FROM ticket WHERE workspace_id = $1 AND id = k.id OFFSET 0) AS t "
        "WHERE t.fold->>'subject' IS NOT NULL",
        workspace,
        list({*tickets}),
    )
    return {row["id"]: row["subject"] for row in rows}


async def colleagues(db: Db, workspace: WorkspaceId) -> list[tuple[UUID, str]]:
    """Who may be given a ticket, in order of name."""
    rows = await db.fetch(
        f"SELECT id, left(name, {MOST_NAME}) AS name FROM agent WHERE workspace_id = $1 AND disabled_at IS NULL "
        "AND role <> 'auditor' ORDER BY lower(name), id",
        workspace,
    )
    return [(row["id"], row["name"]) for row in rows]
