"""Every statement by which the fold of tickets is loaded and kept; all in the edge's transaction."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, DecisionId, WorkspaceId
from timeline.events import Status
from timeline.store import Db
from timeline.tickets.clocks import alarm_at, due_at
from timeline.tickets.items import Holding, ItemOf, Past, Void
from timeline.tickets.moments import Moment
from timeline.tickets.ticket import Named, Ticket, TicketId

FOR_EVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""In a column: until the customer writes."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as it is kept, with its number and the customer that its contact belongs to today."""

    customer_id: CustomerId
    number: int
    fold: Ticket


class Held(Kept, frozen=True, kw_only=True):
    """The ticket that holds an event."""

    event_id: UUID
    position: int


class Conversing(Kept, frozen=True, kw_only=True):
    """The ticket that a conversation belongs to."""

    source: str
    conversation: str
    since: int


class Edged(msgspec.Struct, frozen=True, kw_only=True):
    """The position of a customer's latest merge."""

    customer_id: CustomerId
    edge: int


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """All that some events could meet: tickets in reach, those named, those of their conversations."""

    tickets: list[Kept]
    held: list[Held]
    conversing: list[Conversing]
    edges: list[Edged]
    deriving: list[CustomerId]


class NewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket about to be written under its number."""

    number: int
    fold: Ticket


_kept = msgspec.json.Decoder(list[Kept])
_held = msgspec.json.Decoder(list[Held])
_conversing = msgspec.json.Decoder(list[Conversing])
_edged = msgspec.json.Decoder(list[Edged])
_new_rows = msgspec.json.Decoder(list[NewRow])
_customers = msgspec.json.Decoder(list[CustomerId])

_MINE: Final = (
    "WITH mine AS (SELECT c.id, c.customer_id, c.home_id, c.customer_decision FROM unnest($2::uuid[]) AS k(customer) "
    "CROSS JOIN LATERAL (SELECT id, customer_id, home_id, customer_decision FROM contact WHERE workspace_id = $1 "
    "AND customer_id = k.customer OFFSET 0) AS c) "
)
_OWNED: Final = (
    "CROSS JOIN LATERAL (SELECT number, fold, contact_id FROM ticket WHERE workspace_id = $1 AND id = {ticket} "
    "OFFSET 0) AS t CROSS JOIN LATERAL (SELECT customer_id FROM contact WHERE workspace_id = $1 "
    "AND id = t.contact_id OFFSET 0) AS o WHERE o.customer_id = ANY($2)"
)
_REACH: Final = (
    _MINE + "SELECT (SELECT json_agg(json_build_object('customer_id', m.customer_id, 'number', t.number, "
    "'fold', t.fold)) FROM mine m CROSS JOIN LATERAL (SELECT number, fold FROM ticket WHERE workspace_id = $1 "
    "AND contact_id = m.id AND until_at >= $3::timestamptz AND (until_at < 'infinity' OR NOT is_open OR last_at >= $3 "
    "OR next_at <= $7::timestamptz OR fold->'objects' @> ANY($8::jsonb[])) OFFSET 0) AS t) AS tickets, "
    "(SELECT json_agg(json_build_object('customer_id', o.customer_id, 'number', t.number, 'fold', t.fold, "
    "'event_id', i.event_id, 'position', i.position)) FROM unnest($4::uuid[]) AS n(id) CROSS JOIN LATERAL "
    "(SELECT event_id, ticket_id, position FROM ticket_item WHERE workspace_id = $1 AND event_id = n.id OFFSET 0) AS i "
    + _OWNED.format(ticket="i.ticket_id")
    + ") AS held, (SELECT json_agg(json_build_object('customer_id', w.customer_id, 'number', w.number, "
    "'fold', w.fold, 'source', w.source, 'conversation', w.conversation, 'since', w.since)) "
    "FROM unnest($5::text[], $6::text[]) AS k(source, conversation) CROSS JOIN LATERAL (SELECT DISTINCT ON "
    "(o.customer_id) o.customer_id, t.number, t.fold, h.source, h.conversation, h.since FROM (SELECT source, "
    "conversation, since, ticket_id FROM ticket_conversation WHERE workspace_id = $1 AND source = k.source "
    "AND conversation = k.conversation OFFSET 0) AS h "
    + _OWNED.format(ticket="h.ticket_id")
    + " ORDER BY o.customer_id, h.since DESC) AS w) AS conversing, "
    "(SELECT json_agg(json_build_object('customer_id', e.customer_id, 'edge', e.edge)) FROM (SELECT m.customer_id, "
    "max(d.position) AS edge FROM (SELECT DISTINCT customer_id, customer_decision FROM mine "
    "WHERE customer_decision IS NOT NULL) AS m CROSS JOIN LATERAL (SELECT position FROM link_decision "
    "WHERE workspace_id = $1 AND id = m.customer_decision OFFSET 0) AS d GROUP BY m.customer_id) AS e) AS edges, "
    "(SELECT json_agg(DISTINCT m.customer_id) FROM mine m CROSS JOIN LATERAL (SELECT FROM ticket_deriving "
    "WHERE workspace_id = $1 AND home_id = m.home_id OFFSET 0) AS d) AS deriving"
)


async def reach(
    db: Db,
    workspace: WorkspaceId,
    customers: Sequence[CustomerId],
    since: datetime,
    now: datetime,
    named: Sequence[UUID],
    conversations: Sequence[tuple[str, str]],
    objects: Sequence[Named],
) -> Reached:
    """Tickets of some customers that were spoken in or ended since a moment, are due by `now`, or are about an object;
    those that hold one of the events `named`; those of the conversations (source, conversation)."""
    row = await db.fetchrow(
        _REACH,
        workspace,
        customers,
        since,
        named,
        [c[0] for c in conversations],
        [c[1] for c in conversations],
        now,
        [msgspec.json.encode([one]) for one in objects],
    )
    assert row is not None
    return Reached(
        tickets=_kept.decode(row["tickets"] or "[]"),
        held=_held.decode(row["held"] or "[]"),
        conversing=_conversing.decode(row["conversing"] or "[]"),
        edges=_edged.decode(row["edges"] or "[]"),
        deriving=_customers.decode(row["deriving"] or "[]"),
    )


async def tickets(db: Db, workspace: WorkspaceId, ids: Sequence[UUID]) -> list[Kept]:
    kept = await db.fetchval(
        "SELECT json_agg(json_build_object('customer_id', c.customer_id, 'number', t.number, 'fold', t.fold)) "
        "FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT number, fold, contact_id FROM ticket "
        "WHERE workspace_id = $1 AND id = k.id OFFSET 0) AS t CROSS JOIN LATERAL (SELECT customer_id FROM contact "
        "WHERE workspace_id = $1 AND id = t.contact_id OFFSET 0) AS c",
        workspace,
        ids,
    )
    return _kept.decode(kept or "[]")


async def open_tickets(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> list[Kept]:
    """The tickets of some customers that were not closed when they last changed."""
    kept = await db.fetchval(
        _MINE + "SELECT json_agg(json_build_object('customer_id', m.customer_id, 'number', t.number, 'fold', t.fold)) "
        "FROM mine m CROSS JOIN LATERAL (SELECT number, fold FROM ticket WHERE workspace_id = $1 "
        "AND contact_id = m.id AND until_at = 'infinity' OFFSET 0) AS t",
        workspace,
        customers,
    )
    return _kept.decode(kept or "[]")


async def open_on(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> tuple[list[NewRow], bool]:
    """The tickets opened on some contacts that were not closed when they last changed, and whether the tickets of one
    of the contacts wait for a job."""
    row = await db.fetchrow(
        "WITH mine AS (SELECT c.id, c.home_id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT id, home_id "
        "FROM contact WHERE workspace_id = $1 AND id = k.id OFFSET 0) AS c) "
        "SELECT (SELECT json_agg(json_build_object('number', t.number, 'fold', t.fold)) FROM mine m "
        "CROSS JOIN LATERAL (SELECT number, fold FROM ticket WHERE workspace_id = $1 AND contact_id = m.id "
        "AND until_at = 'infinity' OFFSET 0) AS t) AS tickets, EXISTS (SELECT FROM mine m CROSS JOIN LATERAL (SELECT "
        "FROM ticket_deriving WHERE workspace_id = $1 AND home_id = m.home_id OFFSET 0) AS d) AS deriving",
        workspace,
        contacts,
    )
    assert row is not None
    return _new_rows.decode(row["tickets"] or "[]"), row["deriving"]


async def are_deriving(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> bool:
    """Whether the tickets of one of the customers wait for a job."""
    waiting = await db.fetchval(
        _MINE + "SELECT EXISTS (SELECT FROM mine m CROSS JOIN LATERAL (SELECT FROM ticket_deriving "
        "WHERE workspace_id = $1 AND home_id = m.home_id OFFSET 0) AS d)",
        workspace,
        customers,
    )
    return waiting is True


async def on_contacts(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], most: int
) -> tuple[int, list[tuple[TicketId, int, Status]]]:
    """How many tickets were opened on some contacts; of those that are open the first by number, with their state."""
    row = await db.fetchrow(
        "SELECT (SELECT coalesce(sum(tickets), 0)::bigint FROM contact_count WHERE workspace_id = $1 "
        "AND contact_id = ANY($2::uuid[])) AS all_of_them, "
        "ARRAY(SELECT ROW(t.id, t.number, t.status) FROM unnest($2) AS k(id) CROSS JOIN LATERAL (SELECT id, number, "
        "status FROM ticket WHERE workspace_id = $1 AND contact_id = k.id AND until_at = 'infinity' AND is_open "
        "OFFSET 0) AS t ORDER BY t.number LIMIT $3) AS open_ones",
        workspace,
        contacts,
        most,
    )
    assert row is not None
    return row["all_of_them"], [(TicketId(one[0]), one[1], one[2]) for one in row["open_ones"]]


async def position_of(db: Db, workspace: WorkspaceId, decision: DecisionId) -> int:
    position = await db.fetchval(
        "SELECT position FROM link_decision WHERE workspace_id = $1 AND id = $2", workspace, decision
    )
    assert isinstance(position, int)
    return position


async def write(
    db: Db,
    workspace: WorkspaceId,
    rows: Sequence[NewRow],
    numbered: Sequence[NewRow],
    items: Sequence[ItemOf],
    holdings: Sequence[Holding],
    voids: Sequence[Void],
    past: Sequence[Past],
    counts: Mapping[ContactId, int],
    moments: Sequence[Moment] = (),
) -> None:
    """Keep what folding came to, in one statement. `numbered` are those of the rows whose number is new; `counts` is by
    how much each contact has more tickets.

    Items may be there: two jobs over one long thread write the same ones ahead, outside the customer's lock."""
    folds = [row.fold for row in rows]
    await db.execute(
        _WRITE,
        workspace,
        [t.id for t in folds],
        [t.contact_id for t in folds],
        [row.number for row in rows],
        [t.opened_position for t in folds],
        [t.position for t in folds],
        [t.status for t in folds],
        [t.is_open for t in folds],
        [t.priority for t in folds],
        [t.assignee for t in folds],
        [msgspec.json.encode(t.tags) for t in folds],
        [t.channel for t in folds],
        [t.opened_at for t in folds],
        [t.last_at for t in folds],
        [t.until_at for t in folds],
        [t.closes_at for t in folds],
        [t.history for t in folds],
        [t.joined_into for t in folds],
        [t.type for t in folds],
        [t.queue for t in folds],
        [t.waiting for t in folds],
        [due_at(t) for t in folds],
        [alarm_at(t) for t in folds],
        [t.snoozed_until or (FOR_EVER if t.snoozed else None) for t in folds],
        [t.resolves_at for t in folds],
        [t.next_at for t in folds],
        [msgspec.json.encode(t) for t in folds],
        [row.number for row in numbered],
        [row.fold.id for row in numbered],
        *_columns(items, "event_id", "ticket_id", "position", "shown_at"),
        *_columns(holdings, "source", "conversation", "since", "ticket_id"),
        *_columns(voids, "event_id", "contact_id", "position", "reason"),
        [p.ticket.id for p in past],
        [p.ticket.position for p in past],
        [p.until for p in past],
        [msgspec.json.encode(p.ticket) for p in past],
        sorted(counts),
        [counts[contact] for contact in sorted(counts)],
        *_columns(moments, *_MOMENT),
    )


def _columns(records: Sequence[Any], *names: str) -> list[list[Any]]:
    return [[getattr(record, name) for record in records] for name in names]


_ROW: Final = {
    "id": "uuid",
    "contact_id": "uuid",
    "number": "bigint",
    "opened_position": "bigint",
    "position": "bigint",
    "status": "text",
    "is_open": "bool",
    "priority": "text",
    "assignee": "uuid",
    "tags": "jsonb",
    "channel": "text",
    "opened_at": "timestamptz",
    "last_at": "timestamptz",
    "until_at": "timestamptz",
    "closes_at": "timestamptz",
    "history": "bool",
    "joined_into": "uuid",
    "type": "text",
    "queue": "text",
    "waiting": "text",
    "sla_due_at": "timestamptz",
    "sla_alarm_at": "timestamptz",
    "snoozed_until": "timestamptz",
    "resolves_at": "timestamptz",
    "next_at": "timestamptz",
    "fold": "jsonb",
}
_READ_AS: Final = {
    "tags": "ARRAY(SELECT jsonb_array_elements_text(k.tags))",
    "until_at": "coalesce(k.until_at, 'infinity')",
}
_FROM: Final = 2 + len(_ROW)
_MOMENT: Final = {
    "ticket_id": "uuid",
    "position": "bigint",
    "turn": "text",
    "round": "int",
    "at": "timestamptz",
    "since": "timestamptz",
    "agent": "uuid",
}


def _arrays(first: int, *kinds: str) -> str:
    return ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(kinds, first))


_WRITE: Final = (
    f"WITH rows AS (INSERT INTO ticket (workspace_id, {', '.join(_ROW)}) SELECT $1, "
    f"{', '.join(_READ_AS.get(column, f'k.{column}') for column in _ROW)} FROM unnest({_arrays(2, *_ROW.values())}) "
    f"AS k({', '.join(_ROW)}) ON CONFLICT (workspace_id, id) DO UPDATE SET "
    f"{', '.join(f'{column} = excluded.{column}' for column in _ROW if column not in ('id', 'number'))}, "
    "lapsed = false), "
    "numbers AS (INSERT INTO ticket_number (workspace_id, number, ticket_id) SELECT $1, k.* "
    f"FROM unnest({_arrays(_FROM, 'bigint', 'uuid')}) AS k), "
    "items AS (INSERT INTO ticket_item (workspace_id, event_id, ticket_id, position, shown_at) SELECT $1, k.* "
    f"FROM unnest({_arrays(_FROM + 2, 'uuid', 'uuid', 'bigint', 'timestamptz')}) AS k ON CONFLICT DO NOTHING), "
    "holdings AS (INSERT INTO ticket_conversation (workspace_id, source, conversation, since, ticket_id) SELECT $1, "
    f"k.* FROM unnest({_arrays(_FROM + 6, 'text', 'text', 'bigint', 'uuid')}) AS k), "
    "voids AS (INSERT INTO ticket_void (workspace_id, event_id, contact_id, position, reason) SELECT $1, k.* "
    f"FROM unnest({_arrays(_FROM + 10, 'uuid', 'uuid', 'bigint', 'text')}) AS k), "
    "past AS (INSERT INTO ticket_past (workspace_id, id, position, until, fold) SELECT $1, k.* "
    f"FROM unnest({_arrays(_FROM + 14, 'uuid', 'bigint', 'bigint', 'jsonb')}) AS k), "
    "counted AS (INSERT INTO contact_count AS n (workspace_id, contact_id, events, messages, orders, tickets) "
    f"SELECT $1, k.contact_id, 0, 0, 0, k.tickets FROM unnest({_arrays(_FROM + 18, 'uuid', 'bigint')}) "
    "AS k(contact_id, tickets) ON CONFLICT (workspace_id, contact_id) DO UPDATE SET "
    "tickets = n.tickets + excluded.tickets), "
    f"moments AS (INSERT INTO ticket_moment (workspace_id, {', '.join(_MOMENT)}) SELECT $1, k.* "
    f"FROM unnest({_arrays(_FROM + 20, *_MOMENT.values())}) AS k) SELECT"
)


async def recount(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> int:
    """Count the tickets of some contacts anew, after a rebuild; returns how many counts were wrong."""
    done = await db.execute(
        "UPDATE contact_count n SET tickets = t.tickets FROM unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL "
        "(SELECT count(*) AS tickets FROM ticket WHERE workspace_id = $1 AND contact_id = c.id AND joined_into "
        "IS NULL) AS t WHERE n.workspace_id = $1 AND n.contact_id = c.id AND n.tickets <> t.tickets",
        workspace,
        contacts,
    )
    return int(done.rpartition(" ")[2])


async def numbers_of(db: Db, workspace: WorkspaceId, ids: Sequence[TicketId]) -> dict[TicketId, int]:
    """The registry's numbers of tickets, of those that ever had one."""
    rows = await db.fetch(
        "SELECT ticket_id, number FROM ticket_number WHERE workspace_id = $1 AND ticket_id = ANY($2::uuid[])",
        workspace,
        ids,
    )
    return {TicketId(row["ticket_id"]): row["number"] for row in rows}


async def take_numbers(db: Db, workspace: WorkspaceId, count: int) -> int:
    """The first of `count` numbers that nobody else gets."""
    first = await db.fetchval(
        "INSERT INTO ticket_counter AS c (workspace_id, next) VALUES ($1, 1 + $2::bigint) ON CONFLICT (workspace_id) "
        "DO UPDATE SET next = c.next + $2 RETURNING next - $2",
        workspace,
        count,
    )
    assert isinstance(first, int)
    return first
