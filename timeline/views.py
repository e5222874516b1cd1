"""What a thread shows: pages of some contacts' streams, their counts, their objects, now or as of any moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import ContactId, WorkspaceId
from identity.views import Rider
from timeline.events import EventId, RecordedEvent, Status
from timeline.interactions import EARLIEST, LATEST
from timeline.mail_events import MailSettled
from timeline.object_views import OBJECTS, TYPES_AT
from timeline.store import EVENT, Db, Row

BEFORE_ALL: Final = EARLIEST - timedelta(days=1)
AFTER_ALL: Final = LATEST + timedelta(days=1)
"""Around every time that is taken, where a page has no edge."""

_MATCHES = (
    "AND ($6::text[] IS NULL OR e.type = ANY($6) OR ($7::bool AND NOT e.type = ANY($8::text[]))) "
    "AND ($9::text[] IS NULL OR e.channel = ANY($9)) AND e.recorded_at <= coalesce($10::timestamptz, 'infinity') "
    "AND e.shown_at >= $11::timestamptz AND e.shown_at < $12::timestamptz "
)
_KNOWN = "AND ($10::timestamptz IS NULL OR recorded_at < $10)"
_ONLY = "AND ($15::uuid[] IS NULL OR e.id = ANY($15))"
MOST_OPEN: Final = 50
_OPEN: Final = "(is_open AND (closes_at IS NULL OR closes_at > now()) AND (resolves_at IS NULL OR resolves_at > now()))"
_SUMMARY: Final = (
    "(SELECT ARRAY[coalesce(sum(events), 0), coalesce(sum(messages), 0), coalesce(sum(orders), 0), "
    "coalesce(sum(tickets), 0)]::bigint[] "
    "FROM contact_count WHERE workspace_id = $1 AND contact_id {contacts}) AS counts, "
    f"{OBJECTS} AS objects, "
    "(SELECT json_agg(json_build_object('number', t.number, 'fold', t.fold, 'assignee_name', (SELECT name FROM agent "
    "WHERE workspace_id = $1 AND id = t.assignee)) ORDER BY t.last_at DESC, t.id DESC) "
    f"FROM (SELECT k.* FROM {{mine}} CROSS JOIN LATERAL (SELECT id, number, last_at, assignee, fold FROM ticket "
    f"WHERE workspace_id = $1 AND contact_id = mine.id AND until_at = 'infinity' AND {_OPEN} OFFSET 0) AS k "
    f"ORDER BY k.last_at DESC, k.id DESC LIMIT {MOST_OPEN}) AS t) AS tickets, "
    "(SELECT count(*) FROM {mine} CROSS JOIN LATERAL (SELECT FROM ticket WHERE workspace_id = $1 "
    f"AND contact_id = mine.id AND until_at = 'infinity' AND {_OPEN} OFFSET 0) AS k) AS open_tickets, "
    "(SELECT EXISTS (SELECT FROM {mine} CROSS JOIN LATERAL (SELECT home_id FROM contact WHERE workspace_id = $1 "
    "AND id = mine.id OFFSET 0) AS c CROSS JOIN LATERAL (SELECT FROM ticket_deriving WHERE workspace_id = $1 "
    "AND home_id = c.home_id OFFSET 0) AS d)) AS deriving, "
    "(SELECT coalesce(max(version), 0) FROM ticket_policy WHERE workspace_id = $1) AS policy, now() AS now, "
    "(SELECT epoch FROM workspace WHERE id = $1) AS epoch, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid"
)


class PageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a page leaves out: types (`changes` lets all but the recorded ones in), channels, what came later than
    `as_of`, what lies outside `start` to `end`; items placed elsewhere; and the items placed here, which it adds. With
    `tickets` it shows what belongs to those, with `only` some events."""

    types: list[str] | None = None
    changes: bool = False
    recorded: list[str] = []
    channels: list[str] | None = None
    as_of: datetime | None = None
    start: datetime = BEFORE_ALL
    end: datetime = AFTER_ALL
    placed_out: list[UUID] = []
    placed_in: list[UUID] = []
    tickets: list[UUID] | None = None
    only: list[UUID] | None = None


class PageTicket(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A ticket that some items of a page belong to, as silence has left it by now."""

    id: UUID
    number: int
    status: Status
    joined_into: UUID | None
    events: list[UUID]


class PageRows(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The events of a page in its order, the tickets that they belong to, what became of what went out by mail, of that
    of which anything is known, and the time that tickets are told by."""

    events: list[RecordedEvent] | None
    tickets: list[PageTicket] | None
    fates: list[tuple[EventId, MailSettled]] | None
    now: datetime


_STAND_HERE: Final = (
    "AND (e.contact_id = ANY($2::uuid[]) AND NOT (e.id = ANY($13) OR coalesce(e.about = ANY($13), false)) "
    "OR e.id = ANY($14) OR coalesce(e.about = ANY($14), false)) "
)


def _beyond(item: str, compare: str) -> str:
    """Bounds of an index scan are plain parameters: row-level security takes COALESCE and sub-selects for leaky, and
    would read the thread from its end. The second half settles the items of the edge's own moment."""
    return (
        f"{item}.shown_at {compare}= $3::timestamptz AND ({item}.shown_at, {item}.position) {compare} "
        "($3, coalesce((SELECT m.position FROM event m WHERE m.workspace_id = $1 AND m.id = $4::uuid), 0))"
    )


def _page(newer: bool, filtered: bool) -> str:
    """The thread as a merge of one index scan a contact. Filtered, items placed elsewhere ($13) are left out and those
    placed here ($14) added, each with everything about it."""
    compare, order = (">", "ASC") if newer else ("<", "DESC")
    beyond = _beyond("e", compare)
    columns, by_place = f"{EVENT}, e.position", f"ORDER BY shown_at {order}, position {order} LIMIT $5"
    matches = ""
    if filtered:
        matches = f"{_MATCHES} {_ONLY} AND NOT (e.id = ANY($13) OR coalesce(e.about = ANY($13), false))"
    streams = (
        f"SELECT o.* FROM unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL (SELECT {columns} FROM event e WHERE "
        f"e.workspace_id = $1 AND e.contact_id = c.id AND {beyond} {matches} "
        f"ORDER BY e.shown_at {order}, e.position {order} LIMIT $5) AS o"
    )
    if not filtered:
        return f"{streams} {by_place}"
    placed = (
        f"SELECT {columns} FROM event e WHERE e.workspace_id = $1 "
        f"AND (e.id = ANY($14::uuid[]) OR e.about = ANY($14)) AND {beyond} {_MATCHES} {_ONLY}"
    )
    return f"SELECT * FROM ({streams} UNION ALL {placed}) AS page {by_place}"


def _page_of_tickets(newer: bool, tickets: str, matches: str) -> str:
    """The same of what belongs to some tickets, a parameter: a merge of one index scan a ticket."""
    compare, order = (">", "ASC") if newer else ("<", "DESC")
    return (
        f"SELECT o.* FROM unnest({tickets}::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT {EVENT}, e.position "
        "FROM ticket_item i CROSS JOIN LATERAL (SELECT * FROM event n WHERE n.workspace_id = $1 AND n.id = i.event_id "
        f"OFFSET 0) AS e WHERE i.workspace_id = $1 AND i.ticket_id = k.id AND {_beyond('i', compare)} {matches} "
        f"ORDER BY i.shown_at {order}, i.position {order} LIMIT $5) AS o "
        f"ORDER BY shown_at {order}, position {order} LIMIT $5"
    )


def _complete(newer: bool, page: str, known: str = "") -> str:
    """A page as JSON, with the tickets that its items belong to and the latest fate of its mails that was `known`."""
    order = "ASC" if newer else "DESC"
    return (
        f"WITH q AS MATERIALIZED ({page}), h AS (SELECT i.ticket_id, json_agg(i.event_id) AS events FROM q CROSS JOIN "
        "LATERAL (SELECT event_id, ticket_id FROM ticket_item WHERE workspace_id = $1 AND event_id = q.id OFFSET 0) "
        f"AS i GROUP BY i.ticket_id) SELECT json_build_array((SELECT json_agg(q ORDER BY q.shown_at {order}, "
        f"q.position {order}) FROM q), (SELECT json_agg(json_build_array(t.id, t.number, "
        "CASE WHEN t.closes_at <= now() THEN 'closed' WHEN t.resolves_at <= now() THEN 'resolved' ELSE t.status END, "
        "t.joined_into, h.events)) FROM h CROSS JOIN LATERAL (SELECT id, number, status, closes_at, resolves_at, "
        "joined_into FROM ticket WHERE workspace_id = $1 AND id = h.ticket_id OFFSET 0) AS t), "
        "(SELECT json_agg(json_build_array(q.id, s.data)) FROM q CROSS JOIN LATERAL (SELECT data FROM event "
        f"WHERE workspace_id = $1 AND about = q.id AND type = 'MailSettled' {known} ORDER BY position DESC LIMIT 1) "
        "AS s WHERE q.direction = 'outbound' AND q.channel = 'email'), "
        "now()) AS page"
    )


_PAGES = {(newer, some): _page(newer, some) for newer in (False, True) for some in (False, True)}
_OF_MINE = "AND e.contact_id IN (SELECT id FROM mine)"
_RIDERS = {
    (newer, of_tickets): ", ({page}) AS page".format(
        page=_complete(
            newer,
            _page_of_tickets(newer, "$6", _OF_MINE)
            if of_tickets
            else _PAGES[newer, False].replace("unnest($2::uuid[]) AS c(id)", "mine AS c"),
        )
    )
    for newer in (False, True)
    for of_tickets in (False, True)
}
_FILTERED = {
    (newer, of_tickets): _complete(
        newer, _page_of_tickets(newer, "$15", _STAND_HERE + _MATCHES) if of_tickets else _PAGES[newer, True], _KNOWN
    )
    for newer in (False, True)
    for of_tickets in (False, True)
}
_page_rows = msgspec.json.Decoder(PageRows)


def page_rider(
    *,
    newer: bool,
    edge: tuple[datetime, UUID | None],
    limit: int,
    tickets: Sequence[UUID] | None = None,
    summarised: bool = False,
) -> Rider:
    """A page of everything, or of what belongs to some tickets; the place of the object types; and the summary where it
    is asked for: on the back of the customer's own statement."""
    columns = f"{_RIDERS[newer, tickets is not None]}, {TYPES_AT} AS types"
    if summarised:
        columns += f", {_SUMMARY.format(contacts='IN (SELECT id FROM mine)', mine='mine')}"
    return Rider(columns=columns, values=(*edge, limit, *([] if tickets is None else [tickets])))


def page_in(row: Row) -> PageRows:
    """The page that a row holds which was read with `page_rider`."""
    return _page_rows.decode(row["page"])


async def page(
    db: Db,
    workspace: WorkspaceId,
    contacts: Sequence[ContactId],
    *,
    newer: bool,
    edge: tuple[datetime, UUID | None],
    limit: int,
    only: PageFilter,
) -> PageRows:
    """One page of some contacts' thread, from an edge (a shown time and an event) towards older or newer items."""
    found = await db.fetchval(
        _FILTERED[newer, only.tickets is not None],
        workspace,
        contacts,
        *edge,
        limit,
        only.types,
        only.changes,
        only.recorded,
        only.channels,
        only.as_of,
        only.start,
        only.end,
        only.placed_out,
        only.placed_in,
        only.only if only.tickets is None else only.tickets,
    )
    assert found is not None
    return _page_rows.decode(found)


async def summary(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> Row:
    """Kept counts, newest object states and the place of their types, the open tickets, the head of the ledger."""
    columns = _SUMMARY.format(contacts="= ANY($2::uuid[])", mine="unnest($2::uuid[]) AS mine(id)")
    row = await db.fetchrow(f"SELECT {columns}, {TYPES_AT} AS types", workspace, contacts)
    assert row is not None
    return row


async def count_about(db: Db, workspace: WorkspaceId, event_id: UUID) -> int:
    """An item and all that is about it."""
    counting = "SELECT count(*) FROM event WHERE workspace_id = $1 AND (id = $2 OR about = $2)"
    return await db.fetchval(counting, workspace, event_id) or 0


async def count_placed(
    db: Db,
    workspace: WorkspaceId,
    out: Sequence[UUID],
    here: Sequence[UUID],
    as_of: datetime | None,
) -> Row:
    """What items placed off and onto the streams of some contacts change in their counts; orders that are objects
    count by `object_views`."""
    moved = (
        "SELECT {sign} AS sign, e.type, e.data FROM event e WHERE e.workspace_id = $1 AND (e.id = ANY({items}::uuid[]) "
        "OR e.about = ANY({items}::uuid[])) AND e.recorded_at <= coalesce($4::timestamptz, 'infinity')"
    )
    row = await db.fetchrow(
        f"WITH moved AS ({moved.format(sign=-1, items='$2')} UNION ALL {moved.format(sign=1, items='$3')}) "
        "SELECT coalesce(sum(sign), 0)::bigint AS events, "
        "coalesce(sum(sign) FILTER (WHERE type = 'MessageRecorded'), 0)::bigint AS messages, "
        "coalesce(sum(sign) FILTER (WHERE type = 'OrderRecorded' AND NOT data ? 'object'), 0)::bigint AS orders "
        "FROM moved",
        workspace,
        out,
        here,
        as_of,
    )
    assert row is not None
    return row


async def count_as_of(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], as_of: datetime) -> list[Row]:
    """How many events of each type had been recorded; counts are kept for today only, so this one reads the streams."""
    return await db.fetch(
        "SELECT type, count(*) AS n, count(*) FILTER (WHERE NOT data ? 'object') AS alone FROM event "
        "WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[]) AND recorded_at <= $3 GROUP BY type",
        workspace,
        contacts,
        as_of,
    )


MOST_BEHIND: Final = 500
"""Of what a desk contact bears the latest is looked through for notes."""
MOST_NOTED: Final = 400


async def notes_about(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], until: datetime, limit: int
) -> list[Row]:
    """The latest notes on some desk contacts that are in no ticket and stand where they were made, with their
    authors."""
    return await db.fetch(
        f"SELECT n.id, n.shown_at, left(n.body, {MOST_NOTED + 1}) AS body, a.name AS author "
        "FROM (SELECT e.id, e.shown_at, e.position, e.actor, e.data->>'body' AS body FROM unnest($2::uuid[]) AS k(id) "
        "CROSS JOIN LATERAL (SELECT id, type, shown_at, position, recorded_at, actor, data FROM event "
        "WHERE workspace_id = $1 AND contact_id = k.id ORDER BY shown_at DESC, position DESC "
        f"LIMIT {MOST_BEHIND}) AS e WHERE e.type = 'NoteRecorded' AND e.recorded_at <= $3 AND e.data->>'body' <> '' "
        "AND NOT EXISTS (SELECT FROM ticket_item WHERE workspace_id = $1 AND event_id = e.id) "
        "AND NOT EXISTS (SELECT FROM placement WHERE workspace_id = $1 AND event_id = e.id AND until = 'infinity') "
        "ORDER BY e.shown_at DESC, e.position DESC LIMIT $4) AS n LEFT JOIN LATERAL (SELECT name FROM agent "
        "WHERE workspace_id = $1 AND id = CASE WHEN n.actor LIKE 'agent:%' THEN substr(n.actor, 7)::uuid END LIMIT 1) "
        "AS a ON true ORDER BY n.shown_at DESC, n.position DESC",
        workspace,
        contacts,
        until,
        limit,
    )


_AT_STAKE: Final = (
    "(SELECT coalesce(sum(n.events), 0)::bigint AS events, coalesce(sum(k.tickets), 0)::bigint AS tickets FROM ("
    "(SELECT o.id FROM contact o WHERE s.kind = 'link' AND o.workspace_id = $1 AND o.customer_id = (SELECT customer_id "
    "FROM contact WHERE workspace_id = $1 AND id = {contact}) LIMIT 50) "
    "UNION ALL SELECT {contact} WHERE s.kind = 'unlink') AS m LEFT JOIN LATERAL (SELECT events FROM contact_count "
    "WHERE workspace_id = $1 AND contact_id = m.id OFFSET 0) AS n ON true CROSS JOIN LATERAL (SELECT count(*) "
    f"AS tickets FROM ticket WHERE workspace_id = $1 AND contact_id = m.id AND until_at = 'infinity' AND {_OPEN} "
    "OFFSET 0) AS k)"
)


async def at_stake(db: Db, workspace: WorkspaceId, suggestions: Sequence[UUID]) -> list[Row]:
    """Suggestions with what stands on each side: its customer's events and open tickets, of at most 50 contacts; on a
    side that would be split off, the contact's own."""
    return await db.fetch(
        "SELECT s.id, s.kind, s.probability, a.events AS events_a, a.tickets AS tickets_a, b.events AS events_b, "
        "b.tickets AS tickets_b FROM link_suggestion s "
        f"CROSS JOIN LATERAL {_AT_STAKE.format(contact='s.contact_a')} AS a "
        f"CROSS JOIN LATERAL {_AT_STAKE.format(contact='s.contact_b')} AS b "
        "WHERE s.workspace_id = $1 AND s.id = ANY($2::uuid[])",
        workspace,
        suggestions,
    )
