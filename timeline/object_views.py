"""Every statement about objects: what events say of them, how they stand on customers, their types."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import ContactId, WorkspaceId
from timeline.events import EventId
from timeline.store import Db, Row

MOST_OBJECTS: Final = 200
OBJECTS: Final = (
    "(SELECT json_agg(o ORDER BY o.shown_at DESC, o.type, o.id) FROM (SELECT d.*, count(*) FILTER (WHERE d.orders > 0) "
    "OVER () AS all_orders FROM (SELECT DISTINCT ON (type, id) type, id, has_state, version, state, kind, contact_id, "
    "event_id, shown_at, (sum(events) OVER every)::bigint AS events, (sum(orders) OVER every)::bigint AS orders "
    "FROM object_state WHERE workspace_id = $1 AND contact_id {contacts} "
    "WINDOW every AS (PARTITION BY type, id) "
    "ORDER BY type, id, has_state DESC, version_number DESC, version_text DESC, position DESC) AS d "
    f"ORDER BY d.shown_at DESC, d.type, d.id LIMIT {MOST_OBJECTS}) AS o)"
)
"""A column of the latest objects on some contacts; `{contacts}` is the condition on them. Each says as well how many of
all of them are orders."""
TYPES_AT: Final = "(SELECT max(position) FROM object_type WHERE workspace_id = $1)"
"""A column that changes with every change of an object type, and is null before the first."""

NEWEST: Final = "has_state DESC, version_number DESC, version_text DESC, position DESC"
COLUMNS: Final = "has_state, version_number, version_text, version, state, kind, event_id, shown_at, position"
SAID: Final = (
    "CROSS JOIN LATERAL (SELECT CASE WHEN n.has_state THEN coalesce(o.data->'object'->'version', '0') ELSE 'null' END "
    "AS version, CASE WHEN n.has_state THEN coalesce(o.data->'object'->'state', 'null') ELSE 'null' END AS state "
    "FROM event o WHERE o.workspace_id = $1 AND o.id = n.event_id LIMIT 1) AS e "
)
"""The version and the state that the event `n.event_id` told, null where it told none."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says of an object. `rank` is what states are compared by."""

    contact_id: ContactId
    type: str
    id: str
    has_state: bool
    rank: tuple[int, str]
    version: bytes
    state: bytes
    kind: str
    event_id: EventId
    position: int
    shown_at: datetime
    recorded_at: datetime


async def record(db: Db, workspace: WorkspaceId, mentions: Sequence[Mention]) -> None:
    """Keep what appended events say, and the newest of it on each contact. Equal versions: the later push wins."""
    await db.execute(
        "WITH said AS (SELECT * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bool[], $6::numeric[], $7::text[], "
        "$8::jsonb[], $9::jsonb[], $10::text[], $11::uuid[], $12::bigint[], $13::timestamptz[], $14::timestamptz[]) "
        "AS k(contact_id, type, id, has_state, version_number, version_text, version, state, kind, event_id, position, "
        "shown_at, recorded_at)), "
        "kept AS (INSERT INTO object_event (workspace_id, event_id, type, id, contact_id, kind, has_state, "
        "version_number, version_text, position, shown_at, recorded_at) SELECT $1, event_id, type, id, contact_id, "
        "kind, has_state, version_number, version_text, position, shown_at, recorded_at FROM said) "
        f"INSERT INTO object_state AS o (workspace_id, contact_id, type, id, {COLUMNS}, events, orders) "
        f"SELECT DISTINCT ON (contact_id, type, id) $1, contact_id, type, id, {COLUMNS}, count(*) OVER every, "
        "count(*) FILTER (WHERE kind = 'order') OVER every FROM said WINDOW every AS (PARTITION BY contact_id, type, "
        'id) ORDER BY contact_id, type, id, has_state DESC, version_number DESC, version_text COLLATE "C" DESC, '
        "position DESC ON CONFLICT (workspace_id, contact_id, type, id) DO UPDATE SET "
        "events = o.events + excluded.events, orders = o.orders + excluded.orders, "
        f"({COLUMNS}) = (SELECT n.* FROM (SELECT {_of('o')} UNION ALL SELECT {_of('excluded')}) AS n "
        f"ORDER BY {NEWEST} LIMIT 1)",
        workspace,
        [m.contact_id for m in mentions],
        [m.type for m in mentions],
        [m.id for m in mentions],
        [m.has_state for m in mentions],
        [m.rank[0] for m in mentions],
        [m.rank[1] for m in mentions],
        [m.version for m in mentions],
        [m.state for m in mentions],
        [m.kind for m in mentions],
        [m.event_id for m in mentions],
        [m.position for m in mentions],
        [m.shown_at for m in mentions],
        [m.recorded_at for m in mentions],
    )


def _of(row: str) -> str:
    return ", ".join(f"{row}.{column}" for column in COLUMNS.split(", "))


MOST_FIRST: Final = 20
"""Events of an object among which its earliest is looked for, in the order in which they were told."""


async def first_told(
    db: Db, workspace: WorkspaceId, types: Sequence[str], ids: Sequence[str], contacts: Sequence[ContactId]
) -> list[Row]:
    """When each of some objects was first heard of on some contacts; without those that came in elsewhere."""
    return await db.fetch(
        "SELECT k.type, k.id, (SELECT min(f.shown_at) FROM (SELECT o.shown_at FROM object_event o "
        "WHERE o.workspace_id = $1 AND o.type = k.type AND o.id = k.id AND o.contact_id = ANY($4::uuid[]) "
        f"ORDER BY o.position LIMIT {MOST_FIRST}) AS f) AS since FROM unnest($2::text[], $3::text[]) AS k(type, id)",
        workspace,
        types,
        ids,
        contacts,
    )


async def named_by(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> list[Row]:
    """The objects that some events name, each with the contacts on which these events came in or stand by hand."""
    return await db.fetch(
        "SELECT m.type, m.id, array_agg(DISTINCT c.id) AS contacts FROM object_event m CROSS JOIN LATERAL "
        "(SELECT m.contact_id AS id UNION SELECT p.contact_id FROM placement p WHERE p.workspace_id = $1 "
        "AND p.event_id = m.event_id AND p.until = 'infinity') AS c WHERE m.workspace_id = $1 "
        "AND m.event_id = ANY($2::uuid[]) GROUP BY m.type, m.id ORDER BY m.type, m.id",
        workspace,
        events,
    )


async def drop(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> None:
    """Drop what some events said."""
    await db.execute(
        "DELETE FROM object_event WHERE workspace_id = $1 AND event_id = ANY($2::uuid[])", workspace, events
    )


async def clear(db: Db, workspace: WorkspaceId, type_: str, id_: str, contacts: Sequence[ContactId]) -> None:
    """Drop what is kept of an object on some contacts, before it is gathered again."""
    await db.execute(
        "DELETE FROM object_state WHERE workspace_id = $1 AND type = $2 AND id = $3 AND contact_id = ANY($4::uuid[])",
        workspace,
        type_,
        id_,
        contacts,
    )


async def gather(db: Db, workspace: WorkspaceId, type_: str, id_: str, contacts: Sequence[ContactId]) -> None:
    """Keep the newest of what the events say that stand on some contacts at present."""
    await db.execute(
        "WITH standing AS (SELECT coalesce(p.contact_id, m.contact_id) AS stands_on, m.* FROM object_event m "
        "LEFT JOIN LATERAL (SELECT contact_id FROM placement WHERE workspace_id = $1 AND event_id = m.event_id "
        "AND until = 'infinity' LIMIT 1) AS p ON true WHERE m.workspace_id = $1 AND m.type = $2 AND m.id = $3), "
        "newest AS (SELECT DISTINCT ON (stands_on) s.*, count(*) OVER every AS events, "
        "count(*) FILTER (WHERE kind = 'order') OVER every AS orders FROM standing s WHERE stands_on = ANY($4::uuid[]) "
        f"WINDOW every AS (PARTITION BY stands_on) ORDER BY stands_on, {NEWEST}) "
        f"INSERT INTO object_state (workspace_id, contact_id, type, id, {COLUMNS}, events, orders) "
        "SELECT $1, n.stands_on, n.type, n.id, n.has_state, n.version_number, n.version_text, e.version, e.state, "
        f"n.kind, n.event_id, n.shown_at, n.position, n.events, n.orders FROM newest n {SAID}",
        workspace,
        type_,
        id_,
        contacts,
    )


async def as_of(
    db: Db,
    workspace: WorkspaceId,
    contacts: Sequence[ContactId],
    out: Sequence[UUID],
    here: Sequence[tuple[UUID, ContactId]],
    at: datetime,
) -> Row:
    """What `OBJECTS` shows, as it was: without the items placed elsewhere then, and with those placed here."""
    row = await db.fetchrow(
        "WITH standing AS (SELECT m.contact_id AS stands_on, m.* FROM object_event m WHERE m.workspace_id = $1 "
        "AND m.contact_id = ANY($2::uuid[]) AND NOT m.event_id = ANY($3::uuid[]) AND m.recorded_at <= $6 "
        "UNION ALL SELECT k.contact_id, m.* FROM unnest($4::uuid[], $5::uuid[]) AS k(event_id, contact_id) "
        "CROSS JOIN LATERAL (SELECT * FROM object_event o WHERE o.workspace_id = $1 AND o.event_id = k.event_id "
        "AND o.recorded_at <= $6 LIMIT 1) AS m), "
        "newest AS (SELECT DISTINCT ON (type, id) s.*, count(*) OVER every AS events, "
        "count(*) FILTER (WHERE kind = 'order') OVER every AS orders FROM standing s "
        f"WINDOW every AS (PARTITION BY type, id) ORDER BY type, id, {NEWEST}) "
        "SELECT json_agg(o ORDER BY o.shown_at DESC, o.type, o.id) AS objects FROM (SELECT n.type, n.id, n.has_state, "
        "e.version, e.state, n.kind, n.stands_on AS contact_id, n.event_id, n.shown_at, n.events, n.orders, "
        "n.all_orders FROM (SELECT *, count(*) FILTER (WHERE orders > 0) OVER () AS all_orders FROM newest "
        f"ORDER BY shown_at DESC, type, id LIMIT {MOST_OBJECTS}) AS n {SAID}) AS o",
        workspace,
        contacts,
        out,
        [event for event, _ in here],
        [contact for _, contact in here],
        at,
    )
    assert row is not None
    return row


async def types_at(db: Db, workspace: WorkspaceId) -> int | None:
    """What `TYPES_AT` says, by itself."""
    return await db.fetchval(f"SELECT {TYPES_AT}", workspace)


async def types(db: Db, workspace: WorkspaceId) -> list[Row]:
    """The workspace's own object types, each in its highest version."""
    return await db.fetch(
        "SELECT DISTINCT ON (type) type, version, position, schema, title, states, actor, created_at "
        "FROM object_type WHERE workspace_id = $1 ORDER BY type, version DESC",
        workspace,
    )


async def add_type(
    db: Db, workspace: WorkspaceId, type_: str, version: int, said: dict[str, Any], actor: str, now: datetime
) -> None:
    """Write a version of a type; `said` holds `schema`, `title` and `states` as JSON or None."""
    await db.execute(
        "INSERT INTO object_type (workspace_id, type, version, schema, title, states, actor, created_at) "
        "VALUES ($1, $2, $3, $4::jsonb, $5, $6::jsonb, $7, $8)",
        workspace,
        type_,
        version,
        said["schema"],
        said["title"],
        said["states"],
        actor,
        now,
    )


async def keys(
    db: Db,
    workspace: WorkspaceId,
    types: Sequence[str],
    contacts: Sequence[ContactId] | None,
    after: tuple[str, str],
    limit: int,
) -> list[tuple[str, str]]:
    """The next objects in order of type and id: all, or those of some types (none: any), on some contacts."""
    mine = "SELECT DISTINCT type, id FROM object_state WHERE workspace_id = $1 AND (type, id) > ($2, $3)"
    if contacts is not None:
        only = f"{mine} AND contact_id = ANY($6::uuid[]) AND (cardinality($5::text[]) = 0 OR type = ANY($5))"
    elif types:
        only = f"SELECT o.* FROM unnest($5::text[]) AS k(name) CROSS JOIN LATERAL ({mine} AND type = k.name ORDER BY "
        only += "type, id LIMIT $4) AS o WHERE $6::uuid[] IS NULL"
    else:
        only = f"{mine} AND $5::text[] IS NOT NULL AND $6::uuid[] IS NULL"
    rows = await db.fetch(f"{only} ORDER BY type, id LIMIT $4", workspace, *after, limit, types, contacts)
    return [(row["type"], row["id"]) for row in rows]


async def standing(
    db: Db, workspace: WorkspaceId, named: Sequence[tuple[str, str]], contacts: Sequence[ContactId] | None
) -> Row:
    """Some objects as they stand on some contacts (None: on any), with the customer of each, and the place of the
    types."""
    row = await db.fetchrow(
        "SELECT (SELECT json_agg(o ORDER BY o.type, o.id) FROM unnest($2::text[], $3::text[]) AS k(type, id) CROSS "
        "JOIN LATERAL (SELECT s.type, s.id, s.has_state, s.version, s.state, s.kind, s.contact_id, s.event_id, "
        "s.shown_at, (sum(s.events) OVER ())::bigint AS events, (sum(s.orders) OVER ())::bigint AS orders, "
        "(SELECT customer_id FROM contact WHERE workspace_id = $1 AND id = s.contact_id LIMIT 1) AS customer_id "
        "FROM object_state s WHERE s.workspace_id = $1 AND s.type = k.type AND s.id = k.id "
        f"AND ($4::uuid[] IS NULL OR s.contact_id = ANY($4)) ORDER BY {NEWEST} LIMIT 1) AS o) AS objects, "
        f"{TYPES_AT} AS types",
        workspace,
        [type_ for type_, _ in named],
        [id_ for _, id_ in named],
        contacts,
    )
    assert row is not None
    return row


async def customers(db: Db, workspace: WorkspaceId, type_: str, id_: str, limit: int) -> list[UUID]:
    """The customers on whom an object stands."""
    rows = await db.fetch(
        "SELECT DISTINCT c.customer_id FROM object_state s CROSS JOIN LATERAL (SELECT customer_id FROM contact "
        "WHERE workspace_id = $1 AND id = s.contact_id LIMIT 1) AS c WHERE s.workspace_id = $1 AND s.type = $2 "
        "AND s.id = $3 ORDER BY c.customer_id LIMIT $4",
        workspace,
        type_,
        id_,
        limit,
    )
    return [row["customer_id"] for row in rows]


async def history(db: Db, workspace: WorkspaceId, type_: str, id_: str, before: UUID | None, limit: int) -> list[Row]:
    """The states of an object, the newest version first, from behind the state that the event `before` told."""
    return await db.fetch(
        "SELECT n.event_id, n.kind, n.shown_at, n.recorded_at, n.stands_on AS contact_id, c.customer_id, e.version, "
        "e.state FROM (SELECT m.*, coalesce(p.contact_id, m.contact_id) AS stands_on FROM object_event m "
        "LEFT JOIN LATERAL (SELECT contact_id FROM placement WHERE workspace_id = $1 AND event_id = m.event_id "
        "AND until = 'infinity' LIMIT 1) AS p ON true WHERE m.workspace_id = $1 AND m.type = $2 AND m.id = $3 "
        "AND m.has_state AND ($4::uuid IS NULL OR (m.version_number, m.version_text, m.position) < (SELECT "
        "version_number, version_text, position FROM object_event WHERE workspace_id = $1 AND event_id = $4)) "
        f"ORDER BY {NEWEST} LIMIT $5) AS n {SAID} CROSS JOIN LATERAL (SELECT customer_id FROM contact "
        f"WHERE workspace_id = $1 AND id = n.stands_on LIMIT 1) AS c ORDER BY {NEWEST}",
        workspace,
        type_,
        id_,
        before,
        limit,
    )
