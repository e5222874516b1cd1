"""Every statement that reads from the ledger again what appends keep of it: counts, and what objects stand on."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId
from timeline.events import KIND_OF
from timeline.object_views import COLUMNS, NEWEST, SAID
from timeline.store import Db, Row

FIRST: Final = 0
LAST: Final = 2**62
Kept = Literal["contact_count", "object_event", "object_state"]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A part of some contacts' streams: what lies behind a position, up to another."""

    after: int = FIRST
    upto: int = LAST


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `object_event`."""

    event_id: UUID
    contact_id: ContactId
    type: str
    id: str
    kind: str
    has_state: bool
    version_number: int | Decimal
    version_text: str
    position: int
    shown_at: datetime
    recorded_at: datetime


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `contact_count`, or what a part of a stream adds to it; tickets are always those of the whole."""

    events: int = 0
    messages: int = 0
    orders: int = 0
    tickets: int = 0

    def plus(self, other: "Count") -> "Count":
        return Count(
            tickets=self.tickets,
            events=self.events + other.events,
            messages=self.messages + other.messages,
            orders=self.orders + other.orders,
        )


async def contacts_of(db: Db, workspace: WorkspaceId, customer: CustomerId) -> list[ContactId]:
    rows = await db.fetch("SELECT id FROM contact WHERE workspace_id = $1 AND customer_id = $2", workspace, customer)
    return [row["id"] for row in rows]


async def contacts_after(
    db: Db, workspace: WorkspaceId, after: ContactId | None, limit: int
) -> list[tuple[ContactId, int]]:
    """All contacts in order of id, with how many events are counted in their streams."""
    rows = await db.fetch(
        "SELECT c.id, coalesce(k.events, 0) AS events FROM (SELECT id FROM contact WHERE workspace_id = $1 "
        "AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3) AS c LEFT JOIN LATERAL (SELECT events "
        "FROM contact_count WHERE workspace_id = $1 AND contact_id = c.id LIMIT 1) AS k ON true ORDER BY c.id",
        workspace,
        after,
        limit,
    )
    return [(row["id"], row["events"]) for row in rows]


async def span_behind(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], after: int, upto: int, limit: int
) -> Span:
    """The part of some streams with the next so many events; with `upto` as its end where there are fewer."""
    row = await db.fetchrow(
        "SELECT count(*) AS events, max(position) AS last FROM (SELECT o.position FROM unnest($2::uuid[]) AS c(id) "
        "CROSS JOIN LATERAL (SELECT position FROM event WHERE workspace_id = $1 AND contact_id = c.id "
        "AND position > $3 AND position <= $4 ORDER BY position LIMIT $5) AS o ORDER BY o.position LIMIT $5) AS p",
        workspace,
        contacts,
        after,
        upto,
        limit,
    )
    assert row is not None
    return Span(after=after, upto=upto if row["events"] < limit else row["last"])


async def head_of(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> int:
    """The position of the last event in some streams."""
    found = await db.fetchval(
        "SELECT max(o.position) FROM unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL (SELECT position FROM event "
        "WHERE workspace_id = $1 AND contact_id = c.id ORDER BY position DESC LIMIT 1) AS o",
        workspace,
        contacts,
    )
    return found or FIRST


# -- counts ----------------------------------------------------------------------------------------------------------


async def count(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], span: Span
) -> list[tuple[ContactId, Count, Count]]:
    """What a part of some streams holds, and what is kept of all of each."""
    rows = await db.fetch(
        "SELECT c.id, n.events, n.messages, n.orders, t.tickets, coalesce(k.events, 0) AS kept_events, "
        "coalesce(k.messages, 0) AS kept_messages, coalesce(k.orders, 0) AS kept_orders, "
        "coalesce(k.tickets, 0) AS kept_tickets FROM unnest($2::uuid[]) AS c(id) "
        "CROSS JOIN LATERAL (SELECT count(*) AS events, count(*) FILTER (WHERE type = 'MessageRecorded') AS messages, "
        "count(*) FILTER (WHERE type = 'OrderRecorded' AND jsonb_typeof(data->'object') IS DISTINCT FROM 'object') "
        "AS orders FROM event WHERE workspace_id = $1 AND contact_id = c.id AND position > $3 AND position <= $4) AS n "
        "CROSS JOIN LATERAL (SELECT count(*) AS tickets FROM ticket WHERE workspace_id = $1 AND contact_id = c.id "
        "AND joined_into IS NULL) AS t LEFT JOIN LATERAL (SELECT events, messages, orders, tickets FROM contact_count "
        "WHERE workspace_id = $1 AND contact_id = c.id LIMIT 1) AS k ON true",
        workspace,
        contacts,
        span.after,
        span.upto,
    )
    return [
        (
            row["id"],
            Count(**{name: row[name] for name in Count.__struct_fields__}),
            Count(**{name: row[f"kept_{name}"] for name in Count.__struct_fields__}),
        )
        for row in rows
    ]


async def keep_counts(db: Db, workspace: WorkspaceId, counts: Sequence[tuple[ContactId, Count]]) -> None:
    await db.execute(
        "INSERT INTO contact_count (workspace_id, contact_id, events, messages, orders, tickets) SELECT $1, k.* "
        "FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) "
        "AS k(contact_id, events, messages, orders, tickets) ORDER BY k.contact_id "
        "ON CONFLICT (workspace_id, contact_id) DO UPDATE SET (events, messages, orders, tickets) "
        "= (excluded.events, excluded.messages, excluded.orders, excluded.tickets)",
        workspace,
        [contact for contact, _ in counts],
        [one.events for _, one in counts],
        [one.messages for _, one in counts],
        [one.orders for _, one in counts],
        [one.tickets for _, one in counts],
    )


# -- what events say of objects --------------------------------------------------------------------------------------


async def mentions(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], span: Span) -> list[Row]:
    """Events of a part of some streams that name an object, those that stand on these contacts by hand, and the events
    that `object_event` names there: each with what it says, null where it neither lies nor stands here."""
    return await db.fetch(
        "WITH here AS (SELECT o.id FROM unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL (SELECT id FROM event "
        "WHERE workspace_id = $1 AND contact_id = c.id AND position > $3 AND position <= $4 AND type = ANY($5::text[]) "
        "AND jsonb_typeof(data->'object') = 'object' OFFSET 0) AS o "
        "UNION SELECT p.event_id FROM unnest($2) AS c(id) CROSS JOIN LATERAL (SELECT event_id FROM placement "
        "WHERE workspace_id = $1 AND contact_id = c.id AND until = 'infinity' OFFSET 0) AS p CROSS JOIN LATERAL "
        "(SELECT FROM event WHERE workspace_id = $1 AND id = p.event_id AND position > $3 AND position <= $4 LIMIT 1) "
        "AS o UNION SELECT m.event_id FROM unnest($2) AS c(id) CROSS JOIN LATERAL (SELECT event_id FROM object_event "
        "WHERE workspace_id = $1 AND contact_id = c.id AND position > $3 AND position <= $4 OFFSET 0) AS m) "
        "SELECT h.id AS event_id, e.contact_id, e.type, e.object, e.has_state, e.position, e.shown_at, e.recorded_at "
        "FROM here h "
        "LEFT JOIN LATERAL (SELECT o.contact_id, o.type, (o.data->'object') - 'state' AS object, "
        "coalesce(jsonb_typeof(o.data->'object'->'state'), 'null') <> 'null' AS has_state, o.position, o.shown_at, "
        "o.recorded_at FROM event o WHERE o.workspace_id = $1 AND o.id = h.id AND o.type = ANY($5) "
        "AND jsonb_typeof(o.data->'object') = 'object' AND (o.contact_id = ANY($2) OR EXISTS (SELECT FROM placement p "
        "WHERE p.workspace_id = $1 AND p.event_id = h.id AND p.until = 'infinity' AND p.contact_id = ANY($2))) "
        "LIMIT 1) AS e ON true",
        workspace,
        contacts,
        span.after,
        span.upto,
        list(KIND_OF),
    )


async def kept_mentions(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> dict[UUID, Named]:
    """What is kept of some events. By itself: joined to `mentions`, as many rows as came in since the last ANALYZE were
    once read for each event, 20,000 times 20,000."""
    rows = await db.fetch(
        "SELECT event_id, contact_id, type, id, kind, has_state, version_number, version_text, position, shown_at, "
        "recorded_at FROM object_event WHERE workspace_id = $1 AND event_id = ANY($2::uuid[])",
        workspace,
        events,
    )
    return {row["event_id"]: Named(**dict(row)) for row in rows}


async def drop_mentions(db: Db, workspace: WorkspaceId, rows: Sequence[Named]) -> None:
    """Drop rows that are still about the contact that they were read with."""
    await db.execute(
        "DELETE FROM object_event m USING unnest($2::uuid[], $3::uuid[]) AS k(event_id, contact_id) "
        "WHERE m.workspace_id = $1 AND m.event_id = k.event_id AND m.contact_id = k.contact_id",
        workspace,
        [row.event_id for row in rows],
        [row.contact_id for row in rows],
    )


async def keep_mentions(db: Db, workspace: WorkspaceId, rows: Sequence[Named]) -> None:
    await db.execute(
        "INSERT INTO object_event (workspace_id, event_id, contact_id, type, id, kind, has_state, version_number, "
        "version_text, position, shown_at, recorded_at) SELECT $1, k.* FROM unnest($2::uuid[], $3::uuid[], $4::text[], "
        "$5::text[], $6::text[], $7::bool[], $8::numeric[], $9::text[], $10::bigint[], $11::timestamptz[], "
        "$12::timestamptz[]) AS k ON CONFLICT (workspace_id, event_id) DO NOTHING",
        workspace,
        [row.event_id for row in rows],
        [row.contact_id for row in rows],
        [row.type for row in rows],
        [row.id for row in rows],
        [row.kind for row in rows],
        [row.has_state for row in rows],
        [row.version_number for row in rows],
        [row.version_text for row in rows],
        [row.position for row in rows],
        [row.shown_at for row in rows],
        [row.recorded_at for row in rows],
    )


# -- how objects stand -----------------------------------------------------------------------------------------------

_STATE: Final = f"contact_id, type, id, {COLUMNS}, events, orders"
_PLACED: Final = (
    "SELECT p.contact_id AS stands_on, m.* FROM unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL (SELECT contact_id, "
    "event_id FROM placement WHERE workspace_id = $1 AND contact_id = c.id AND until = 'infinity' OFFSET 0) AS p "
    "CROSS JOIN LATERAL (SELECT * FROM object_event WHERE workspace_id = $1 AND event_id = p.event_id LIMIT 1) AS m "
    "WHERE m.contact_id <> ALL($2)"
)
_KEYS: Final = (
    "SELECT m.type, m.id FROM unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL (SELECT type, id FROM object_event "
    "WHERE workspace_id = $1 AND contact_id = c.id AND position > $3 AND position <= $4 OFFSET 0) AS m "
    "UNION SELECT type, id FROM placed WHERE position > $3 AND position <= $4 "
    "UNION SELECT s.type, s.id FROM unnest($2) AS c(id) CROSS JOIN LATERAL (SELECT type, id FROM object_state "
    "WHERE workspace_id = $1 AND contact_id = c.id AND position > $3 AND position <= $4 OFFSET 0) AS s"
)
_WHOLE: Final = (
    "unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL (SELECT * FROM {table} WHERE workspace_id = $1 "
    "AND contact_id = c.id OFFSET 0) AS m"
)
_PART: Final = (
    "keys k CROSS JOIN LATERAL (SELECT * FROM {table} WHERE workspace_id = $1 AND type = k.type AND id = k.id "
    "AND contact_id = ANY($2) OFFSET 0) AS m"
)


def _standing(span: Span) -> str:
    """Of the objects that a part of some streams names, or that a kept state was told by there: the rows that all that
    stands on these contacts makes and that are not kept (`come`), and those kept of nothing (`gone`). Whole streams are
    read by contact; of a long one, the objects of a part one by one."""
    read = _WHOLE if span == Span() else _PART
    return (
        f"WITH placed AS MATERIALIZED ({_PLACED}), keys AS MATERIALIZED ({_KEYS}), "
        "said AS (SELECT coalesce(p.contact_id, m.contact_id) AS stands_on, m.* "
        f"FROM {read.format(table='object_event')} LEFT JOIN LATERAL (SELECT contact_id FROM placement "
        "WHERE workspace_id = $1 AND event_id = m.event_id AND until = 'infinity' LIMIT 1) AS p ON true "
        "UNION ALL SELECT * FROM placed WHERE (type, id) IN (SELECT type, id FROM keys)), "
        "newest AS (SELECT DISTINCT ON (stands_on, type, id) s.*, count(*) OVER every AS events, "
        "count(*) FILTER (WHERE kind = 'order') OVER every AS orders FROM said s WHERE stands_on = ANY($2) "
        f"WINDOW every AS (PARTITION BY stands_on, type, id) ORDER BY stands_on, type, id, {NEWEST}), "
        "told AS (SELECT n.stands_on AS contact_id, n.type, n.id, n.has_state, n.version_number, n.version_text, "
        f"e.version, e.state, n.kind, n.event_id, n.shown_at, n.position, n.events, n.orders FROM newest n {SAID}), "
        f"kept AS (SELECT m.* FROM {read.format(table='object_state')}), "
        f"come AS MATERIALIZED (SELECT {_STATE} FROM told EXCEPT SELECT {_STATE} FROM kept), "
        "gone AS MATERIALIZED (SELECT contact_id, type, id FROM kept EXCEPT SELECT contact_id, type, id FROM told)"
    )


_DIFFERING: Final = "SELECT (SELECT count(*) FROM come) + (SELECT count(*) FROM gone)"


async def count_differing_states(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], span: Span) -> int:
    asked = f"{_standing(span)} {_DIFFERING}"
    return await db.fetchval(asked, workspace, contacts, span.after, span.upto) or 0


async def mend_states(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], span: Span) -> int:
    """Write the states that differ; returns how many did."""
    assigned = ", ".join(f"excluded.{column}" for column in f"{COLUMNS}, events, orders".split(", "))
    done = await db.fetchval(
        f"{_standing(span)}, dropped AS (DELETE FROM object_state s USING gone g WHERE s.workspace_id = $1 "
        "AND s.contact_id = g.contact_id AND s.type = g.type AND s.id = g.id), "
        f"written AS (INSERT INTO object_state (workspace_id, {_STATE}) SELECT $1, {_STATE} FROM come "
        f"ON CONFLICT (workspace_id, contact_id, type, id) DO UPDATE SET ({COLUMNS}, events, orders) = ({assigned})) "
        f"{_DIFFERING}",
        workspace,
        contacts,
        span.after,
        span.upto,
    )
    return done or 0


# -- what is kept of nobody ------------------------------------------------------------------------------------------


async def holders_after(
    db: Db, workspace: WorkspaceId, table: Kept, after: UUID, limit: int
) -> list[tuple[ContactId, bool]]:
    """The contacts that a table has rows of, in order of id, and whether there is such a contact."""
    rows = await db.fetch(
        "SELECT k.id, EXISTS (SELECT FROM contact c WHERE c.workspace_id = $1 AND c.id = k.id) AS there FROM (SELECT "
        f"DISTINCT contact_id AS id FROM {table} WHERE workspace_id = $1 AND contact_id > $2 ORDER BY 1 LIMIT $3) AS k "
        "ORDER BY k.id",
        workspace,
        after,
        limit,
    )
    return [(row["id"], row["there"]) for row in rows]


async def empty(db: Db, workspace: WorkspaceId, table: Kept, contacts: Sequence[ContactId]) -> int:
    """Leave nothing kept of some contacts: no rows, or counts of nought. Returns how many rows said something."""
    theirs = "WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[])"
    if table == "contact_count":
        emptying = f"UPDATE contact_count SET events = 0, messages = 0, orders = 0, tickets = 0 {theirs} "
        emptying += "AND (events, messages, orders, tickets) <> (0, 0, 0, 0)"
    else:
        emptying = f"DELETE FROM {table} {theirs}"
    done = await db.execute(emptying, workspace, contacts)
    return int(done.rpartition(" ")[2])
