"""Every statement by which documents are read from the ledger: items with their tickets, what a case began and ended
with, contacts, and which of them there are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from identity.customers import WorkspaceId
from search.building import ContactRow, ItemRow
from timeline.events import RECORDED

Db = Any
Row = asyncpg.Record

_TYPES: Final = tuple(each.__name__ for each in RECORDED.values())
_SPEECH: Final = "('MessageRecorded', 'CallRecorded')"
_held = msgspec.json.Decoder(tuple[tuple[str, str], ...])
_attributes = msgspec.json.Decoder(dict[str, str | None])


async def items(db: Db, workspace: WorkspaceId, ids: Sequence[UUID]) -> list[ItemRow]:
    """Those of some events that are items, where they stand today."""
    rows = await db.fetch(
        "SELECT e.id, e.type, coalesce(p.contact_id, e.contact_id) AS contact_id, e.channel, e.direction, e.source, "
        "e.source_id, e.shown_at, e.data, ARRAY(SELECT ticket_id FROM ticket_item WHERE workspace_id = $1 "
        "AND event_id = e.id) AS tickets FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT id, type, "
        "contact_id, channel, direction, source, source_id, shown_at, data FROM event WHERE workspace_id = $1 "
        "AND id = k.id AND type = ANY($3::text[]) OFFSET 0) AS e LEFT JOIN LATERAL (SELECT contact_id FROM placement "
        "WHERE workspace_id = $1 AND event_id = k.id AND until = 'infinity' OFFSET 0) AS p ON true",
        workspace,
        ids,
        _TYPES,
    )
    return [_item(row) for row in rows]


async def beginnings(db: Db, workspace: WorkspaceId, tickets: Sequence[UUID]) -> dict[UUID, tuple[UUID, bytes]]:
    """What each of some tickets began with, as anybody may read it: of its first items the first that was said to us,
    else the first: the event and its bytes."""
    rows = await db.fetch(
        "SELECT k.id, f.event_id, f.data FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT i.event_id, "
        "e.data FROM (SELECT event_id, shown_at, position FROM ticket_item WHERE workspace_id = $1 "
        "AND ticket_id = k.id ORDER BY shown_at, position LIMIT 20) AS i "
        "CROSS JOIN LATERAL (SELECT type, direction, data FROM event WHERE workspace_id = $1 "
        "AND id = i.event_id AND type <> 'NoteRecorded' AND direction IS DISTINCT FROM 'internal' OFFSET 0) AS e "
        f"ORDER BY (e.type IN {_SPEECH} AND e.direction = 'inbound') IS TRUE DESC, i.shown_at, i.position LIMIT 1) "
        "AS f",
        workspace,
        tickets,
    )
    return {row["id"]: (row["event_id"], row["data"]) for row in rows}


async def answers(
    db: Db, workspace: WorkspaceId, tickets: Sequence[UUID], parts: Sequence[UUID], ended: Sequence[datetime]
) -> dict[UUID, tuple[UUID, bytes]]:
    """The last that somebody of ours said in each of some tickets before it ended, among the last items of each of its
    `parts`: the event and its bytes."""
    rows = await db.fetch(
        "SELECT DISTINCT ON (k.ticket) k.ticket, f.id, f.data FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) "
        "AS k(ticket, part, ended) CROSS JOIN LATERAL (SELECT i.shown_at, i.position, e.id, e.data FROM (SELECT "
        "event_id, shown_at, position FROM ticket_item WHERE workspace_id = $1 AND ticket_id = k.part "
        "AND shown_at <= k.ended ORDER BY shown_at DESC, position DESC LIMIT 50) AS i CROSS JOIN LATERAL (SELECT id, "
        "data FROM event WHERE workspace_id = $1 AND id = i.event_id AND direction = 'outbound' "
        f"AND type IN {_SPEECH} AND split_part(actor, ':', 1) NOT IN ('rule', 'policy', 'system') OFFSET 0) AS e "
        "ORDER BY i.shown_at DESC, i.position DESC LIMIT 1) AS f ORDER BY k.ticket, f.shown_at DESC, f.position DESC",
        workspace,
        tickets,
        parts,
        ended,
    )
    return {row["ticket"]: (row["id"], row["data"]) for row in rows}


async def contacts(db: Db, workspace: WorkspaceId, ids: Sequence[UUID]) -> list[ContactRow]:
    rows = await db.fetch(
        "SELECT c.id, c.source, c.source_key, c.name, c.attributes, (SELECT json_agg(json_build_array("
        "kind, value) ORDER BY kind, value) FROM identifier WHERE workspace_id = $1 AND contact_id = k.id)::text "
        "AS held FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT id, source, source_key, name, attributes "
        "FROM contact WHERE workspace_id = $1 AND id = k.id OFFSET 0) AS c",
        workspace,
        ids,
    )
    return [_contact(row) for row in rows]


def _item(row: Row) -> ItemRow:
    columns: dict[str, Any] = dict(row)
    columns["tickets"] = tuple(row["tickets"])
    return ItemRow(**columns)


def _contact(row: Row) -> ContactRow:
    columns: dict[str, Any] = dict(row)
    columns |= {"attributes": _attributes.decode(row["attributes"]), "held": _held.decode(row["held"] or "[]")}
    return ContactRow(**columns)


# -- which there are -------------------------------------------------------------------------------------------------


async def contacts_of(db: Db, workspace: WorkspaceId, customers: Sequence[UUID]) -> list[UUID]:
    rows = await db.fetch(
        "SELECT c.id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT id FROM contact "
        "WHERE workspace_id = $1 AND customer_id = k.id OFFSET 0) AS c",
        workspace,
        customers,
    )
    return [row["id"] for row in rows]


async def items_of_ticket(
    db: Db, workspace: WorkspaceId, ticket: UUID, after: tuple[datetime, int], limit: int
) -> list[Row]:
    """The items that are kept with a ticket, from behind (shown_at, position) on."""
    return await db.fetch(
        "SELECT event_id, shown_at, position FROM ticket_item WHERE workspace_id = $1 AND ticket_id = $2 "
        "AND (shown_at, position) > ($3::timestamptz, $4::bigint) ORDER BY shown_at, position LIMIT $5",
        workspace,
        ticket,
        *after,
        limit,
    )


async def items_of_tickets(
    db: Db, workspace: WorkspaceId, tickets: Sequence[UUID], most: int
) -> dict[UUID, list[UUID]]:
    """At most `most` items of each of some tickets."""
    rows = await db.fetch(
        "SELECT k.id, ARRAY(SELECT event_id FROM ticket_item WHERE workspace_id = $1 AND ticket_id = k.id LIMIT $3) "
        "AS items FROM unnest($2::uuid[]) AS k(id)",
        workspace,
        tickets,
        most,
    )
    return {row["id"]: row["items"] for row in rows}


async def stream_of(db: Db, workspace: WorkspaceId, contact: UUID, after: int, limit: int) -> list[Row]:
    """The events of a contact's stream from behind a position on, whatever they are."""
    return await db.fetch(
        "SELECT id, position FROM event WHERE workspace_id = $1 AND contact_id = $2 AND position > $3 "
        "ORDER BY position LIMIT $4",
        workspace,
        contact,
        after,
        limit,
    )


async def beside_stream(db: Db, workspace: WorkspaceId, contact: UUID) -> tuple[list[UUID], list[UUID]]:
    """What stands on a contact's thread besides its own stream: items that were placed there, and its tickets."""
    row = await db.fetchrow(
        "SELECT ARRAY(SELECT event_id FROM placement WHERE workspace_id = $1 AND contact_id = $2 "
        "AND until = 'infinity') AS items, ARRAY(SELECT id FROM ticket WHERE workspace_id = $1 AND contact_id = $2) "
        "AS tickets",
        workspace,
        contact,
    )
    return row["items"], row["tickets"]


async def turned(db: Db, workspace: WorkspaceId, since: datetime, until: datetime, limit: int) -> list[UUID]:
    """Tickets to which silence gave another state behind `since`, up to `until`."""
    rows = await db.fetch(
        "SELECT id FROM ticket WHERE workspace_id = $1 AND closes_at > $2 AND closes_at <= $3 AND NOT lapsed "
        "UNION SELECT id FROM ticket WHERE workspace_id = $1 AND closes_at > $2 AND closes_at <= $3 AND lapsed "
        "UNION SELECT id FROM ticket WHERE workspace_id = $1 AND next_at <= $3 AND NOT lapsed AND resolves_at > $2 "
        "AND resolves_at <= $3 LIMIT $4",
        workspace,
        since,
        until,
        limit,
    )
    return [row["id"] for row in rows]


async def tickets_after(db: Db, workspace: WorkspaceId, after: UUID, limit: int) -> list[UUID]:
    rows = await db.fetch(
        "SELECT id FROM ticket WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3", workspace, after, limit
    )
    return [row["id"] for row in rows]


async def contacts_after(db: Db, workspace: WorkspaceId, after: UUID, limit: int) -> list[UUID]:
    rows = await db.fetch(
        "SELECT id FROM contact WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3", workspace, after, limit
    )
    return [row["id"] for row in rows]


async def events_after(db: Db, workspace: WorkspaceId, after: UUID, limit: int) -> list[UUID]:
    """The next events by id, whatever they are."""
    rows = await db.fetch(
        "SELECT id FROM event WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3", workspace, after, limit
    )
    return [row["id"] for row in rows]


async def size(db: Db, workspace: WorkspaceId) -> int:
    """About how many documents there should be: items and contacts as they are counted."""
    return await db.fetchval(
        "SELECT (SELECT coalesce(sum(events + tickets), 0) FROM contact_count WHERE workspace_id = $1)::bigint "
        "+ (SELECT count(*) FROM contact WHERE workspace_id = $1 AND source <> 'desk')",
        workspace,
    )


async def oldest_unread(
    db: Db, workspace: WorkspaceId, after: tuple[int, int, int], most: int
) -> tuple[int, datetime | None]:
    """How many events lie behind a checkpoint, counted up to `most`, and when the first of them was recorded."""
    row = await db.fetchrow(
        "SELECT count(*) AS events, (array_agg(e.recorded_at))[1] AS oldest FROM (SELECT recorded_at FROM event "
        "WHERE workspace_id = $1 AND (epoch, xid, position) > ($2::int, $3::bigint::text::xid8, $4::bigint) "
        "ORDER BY epoch, xid, position LIMIT $5) AS e",
        workspace,
        *after,
        most,
    )
    return row["events"], row["oldest"]
