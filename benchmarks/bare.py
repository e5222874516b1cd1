"""The bare statements that the hot paths are compared with: plain SQL over asyncpg in the workspace's transaction, no
identity decided, no JSON made, no HTTP."""

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from app.db import new_id, prepare_connection

Row = asyncpg.Record


async def connect(dsn: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(dsn)
    await prepare_connection(connection)
    return connection


async def begin(db: asyncpg.Connection, workspace: UUID, mode: str = "") -> None:
    await db.execute(f"BEGIN {mode}; SELECT set_config('tl.workspace', '{workspace}', true)")


async def profile(db: asyncpg.Connection, workspace: UUID, customer: UUID) -> tuple[list[Row], ...]:
    """Contacts, identifiers, fifty items, counts and objects of one customer."""
    await begin(db, workspace, "ISOLATION LEVEL REPEATABLE READ READ ONLY")
    found = await _profile(db, workspace, customer)
    await db.execute("COMMIT")
    return found


async def _profile(db: asyncpg.Connection, workspace: UUID, customer: UUID) -> tuple[list[Row], ...]:
    contacts = await db.fetch(
        "SELECT id, source, source_key, home_id, grade, name, attributes, created_at FROM contact "
        "WHERE workspace_id = $1 AND customer_id = $2",
        workspace,
        customer,
    )
    ids = [row["id"] for row in contacts]
    identifiers = await db.fetch(
        "SELECT contact_id, kind, scope, value, raw, verified_at, first_seen, last_seen FROM identifier "
        "WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[])",
        workspace,
        ids,
    )
    items = await page(db, workspace, ids)
    counts = await db.fetch(
        "SELECT sum(events), sum(messages), sum(orders) FROM contact_count "
        "WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[])",
        workspace,
        ids,
    )
    objects = await db.fetch(
        "SELECT type, id, version, state, shown_at FROM object_state "
        "WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[])",
        workspace,
        ids,
    )
    return contacts, identifiers, items, counts, objects


async def customer_page(db: asyncpg.Connection, workspace: UUID, customer: UUID) -> tuple[list[Row], ...]:
    """What a customer's page shows: the profile, the open tickets, those of the fifty items, and bad addresses."""
    await begin(db, workspace, "ISOLATION LEVEL REPEATABLE READ READ ONLY")
    found = await _profile(db, workspace, customer)
    contacts, identifiers, items, *_ = found
    tickets = await db.fetch(
        "SELECT id, number, fold FROM ticket WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[]) AND is_open "
        "AND joined_into IS NULL ORDER BY last_at DESC LIMIT 50",
        workspace,
        [row["id"] for row in contacts],
    )
    drawn = await db.fetch(
        "SELECT i.event_id, t.id, t.number, t.fold->>'status' AS status FROM ticket_item i JOIN ticket t "
        "ON t.workspace_id = $1 AND t.id = i.ticket_id WHERE i.workspace_id = $1 AND i.event_id = ANY($2::uuid[])",
        workspace,
        [row["id"] for row in items],
    )
    bounced = await db.fetch(
        "SELECT address, status FROM mail_bounce WHERE workspace_id = $1 AND cleared_at IS NULL "
        "AND address = ANY($2::text[])",
        workspace,
        [row["value"] for row in identifiers],
    )
    await db.execute("COMMIT")
    return (*found, tickets, drawn, bounced)


async def timeline(db: asyncpg.Connection, workspace: UUID, customer: UUID) -> list[Row]:
    """Fifty items of one customer."""
    await begin(db, workspace, "ISOLATION LEVEL REPEATABLE READ READ ONLY")
    contacts = await db.fetch(
        "SELECT id, grade FROM contact WHERE workspace_id = $1 AND customer_id = $2", workspace, customer
    )
    items = await page(db, workspace, [row["id"] for row in contacts])
    await db.execute("COMMIT")
    return items


async def page(db: asyncpg.Connection, workspace: UUID, contacts: list[Any]) -> list[Row]:
    return await db.fetch(
        "SELECT o.* FROM unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL (SELECT id, contact_id, type, channel, "
        "direction, "
        "conversation, source, source_id, actor, about, shown_at, occurred_at, recorded_at, data, position FROM "
        "event e "
        "WHERE e.workspace_id = $1 AND e.contact_id = c.id ORDER BY shown_at DESC, position DESC LIMIT 50) AS o "
        "ORDER BY o.shown_at DESC, o.position DESC LIMIT 50",
        workspace,
        contacts,
    )


_COLUMNS = (
    "workspace_id, epoch, id, contact_id, type, channel, direction, source, source_id, actor, shown_at, occurred_at, "
    "recorded_at, data"
)


async def insert(db: asyncpg.Connection, workspace: UUID, contact: UUID, data: bytes) -> None:
    """One event, committed."""
    now = datetime.now(UTC)
    await begin(db, workspace)
    await db.execute(
        f"INSERT INTO event ({_COLUMNS}) VALUES ($1, 1, $2, $3, 'MessageRecorded', 'email', 'inbound', 'bare', "
        f"$4, 'bare', "
        "$5, $5, $5, $6)",
        workspace,
        new_id(),
        contact,
        os.urandom(8).hex(),
        now,
        data,
    )
    await db.execute("COMMIT")


async def insert_many(db: asyncpg.Connection, workspace: UUID, contacts: list[UUID], data: bytes) -> None:
    """A hundred or so events in one statement, committed."""
    now = datetime.now(UTC)
    await begin(db, workspace)
    await db.execute(
        f"INSERT INTO event ({_COLUMNS}) SELECT $1, 1, k.id, k.contact, 'MessageRecorded', 'email', 'inbound', 'bare', "
        "k.name, 'bare', $5, $5, $5, k.data FROM unnest($2::uuid[], $3::uuid[], $4::text[], $6::jsonb[]) "
        "AS k(id, contact, name, data)",
        workspace,
        [new_id() for _ in contacts],
        contacts,
        [os.urandom(8).hex() for _ in contacts],
        now,
        [data] * len(contacts),
    )
    await db.execute("COMMIT")


async def ticket(db: asyncpg.Connection, workspace: UUID, name: UUID) -> tuple[Row | None, list[Row]]:
    """A ticket and fifty of its items."""
    await begin(db, workspace, "ISOLATION LEVEL REPEATABLE READ READ ONLY")
    row = await db.fetchrow(
        "SELECT t.number, t.fold, c.customer_id FROM ticket t JOIN contact c ON c.workspace_id = $1 "
        "AND c.id = t.contact_id WHERE t.workspace_id = $1 AND t.id = $2",
        workspace,
        name,
    )
    items = await db.fetch(
        "SELECT e.id, e.contact_id, e.type, e.channel, e.direction, e.conversation, e.source, e.source_id, e.actor, "
        "e.about, e.shown_at, e.occurred_at, e.recorded_at, e.data, e.position FROM (SELECT event_id, shown_at, "
        "position FROM ticket_item WHERE workspace_id = $1 AND ticket_id = $2 ORDER BY shown_at DESC, position DESC "
        "LIMIT 50) AS i JOIN event e ON e.workspace_id = $1 AND e.id = i.event_id "
        "ORDER BY i.shown_at DESC, i.position DESC",
        workspace,
        name,
    )
    await db.execute("COMMIT")
    return row, items


async def open_tickets(db: asyncpg.Connection, workspace: UUID) -> list[Row]:
    """The fifty open tickets with the latest activity, and whose each is."""
    await begin(db, workspace, "ISOLATION LEVEL REPEATABLE READ READ ONLY")
    rows = await db.fetch(
        "SELECT t.id, t.number, t.fold, c.customer_id FROM (SELECT number, fold, contact_id, last_at, id FROM ticket "
        "WHERE workspace_id = $1 AND is_open ORDER BY last_at DESC, id DESC LIMIT 50) AS t JOIN contact c "
        "ON c.workspace_id = $1 AND c.id = t.contact_id ORDER BY t.last_at DESC, t.id DESC",
        workspace,
    )
    await db.execute("COMMIT")
    return rows


async def queue_by_due(db: asyncpg.Connection, workspace: UUID, queue: str) -> list[Row]:
    """The fifty open tickets of a queue that are due first, and whose each is."""
    await begin(db, workspace, "ISOLATION LEVEL REPEATABLE READ READ ONLY")
    rows = await _queue_by_due(db, workspace, queue)
    await db.execute("COMMIT")
    return rows


async def _queue_by_due(db: asyncpg.Connection, workspace: UUID, queue: str) -> list[Row]:
    return await db.fetch(
        "SELECT t.id, t.number, t.fold, c.customer_id FROM (SELECT id, number, fold, contact_id, sla_due_at "
        "FROM ticket "
        "WHERE workspace_id = $1 AND queue = $2 AND is_open ORDER BY sla_due_at, id LIMIT 50) AS t JOIN contact c "
        "ON c.workspace_id = $1 AND c.id = t.contact_id ORDER BY t.sla_due_at, t.id",
        workspace,
        queue,
    )


async def queue_page(db: asyncpg.Connection, workspace: UUID, queue: str) -> tuple[list[Row], ...]:
    """What the page of a queue shows: fifty tickets, how their customers are called, and what was said last."""
    await begin(db, workspace, "ISOLATION LEVEL REPEATABLE READ READ ONLY")
    tickets = await _queue_by_due(db, workspace, queue)
    names = await db.fetch(
        "SELECT DISTINCT ON (customer_id) customer_id, name FROM contact WHERE workspace_id = $1 "
        "AND customer_id = ANY($2::uuid[]) AND name IS NOT NULL ORDER BY customer_id, said_at DESC",
        workspace,
        [row["customer_id"] for row in tickets],
    )
    said = await db.fetch(
        "SELECT k.id, l.type, l.direction, l.body FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT e.type, "
        "e.direction, left(e.data->>'body', 240) AS body FROM ticket_item i CROSS JOIN LATERAL (SELECT type, "
        "direction, data FROM event WHERE workspace_id = $1 AND id = i.event_id OFFSET 0) AS e "
        "WHERE i.workspace_id = $1 AND i.ticket_id = k.id ORDER BY i.shown_at DESC LIMIT 1) AS l",
        workspace,
        [row["id"] for row in tickets],
    )
    await db.execute("COMMIT")
    return tickets, names, said


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event that nothing is decided about."""

    contact: UUID
    type: str
    direction: str
    conversation: str | None
    at: datetime
    data: bytes


async def insert_history(db: asyncpg.Connection, workspace: UUID, events: list[Event]) -> None:
    """Events of the past in one statement, counted and committed."""
    await begin(db, workspace)
    await db.execute(
        f"WITH written AS (INSERT INTO event ({_COLUMNS}, conversation) SELECT $1, 1, k.id, k.contact, k.type, "
        "'email', k.direction, 'bare', k.name, 'bare', k.at, k.at, k.at, k.data, k.conversation FROM "
        "unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], "
        "$9::jsonb[]) WITH ORDINALITY AS k(id, contact, type, direction, conversation, name, at, data, ord) "
        "ORDER BY k.ord) INSERT INTO contact_count AS n (workspace_id, contact_id, events, messages, orders) "
        "SELECT $1, k.contact, count(*), 0, 0 FROM unnest($3) AS k(contact) GROUP BY k.contact "
        "ON CONFLICT (workspace_id, contact_id) DO UPDATE SET events = n.events + excluded.events",
        workspace,
        [new_id() for _ in events],
        [event.contact for event in events],
        [event.type for event in events],
        [event.direction for event in events],
        [event.conversation for event in events],
        [os.urandom(8).hex() for _ in events],
        [event.at for event in events],
        [event.data for event in events],
    )
    await db.execute("COMMIT")


async def contacts_of(db: asyncpg.Connection, workspace: UUID, customer: UUID) -> list[UUID]:
    await begin(db, workspace)
    rows = await db.fetch(
        "SELECT id FROM contact WHERE workspace_id = $1 AND customer_id = $2 ORDER BY id", workspace, customer
    )
    await db.execute("COMMIT")
    return [row["id"] for row in rows]


async def forget_tickets(db: asyncpg.Connection, workspace: UUID) -> None:
    """Empty the projection; numbers and policies are none and stay."""
    await begin(db, workspace)
    for table in ("ticket", "ticket_item", "ticket_conversation", "ticket_past", "ticket_void"):
        await db.execute(f"DELETE FROM {table} WHERE workspace_id = $1", workspace)
    await db.execute("COMMIT")
