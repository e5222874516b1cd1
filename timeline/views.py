"""What a thread shows: pages of some contacts' streams, their counts, their objects, now or as of any moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import ContactId, WorkspaceId
from identity.views import Rider
from timeline.events import RecordedEvent
from timeline.interactions import EARLIEST, LATEST
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


_SUMMARY = (
    "(SELECT ARRAY[coalesce(sum(events), 0), coalesce(sum(messages), 0), coalesce(sum(orders), 0)]::bigint[] "
    "FROM contact_count WHERE workspace_id = $1 AND contact_id {contacts}) AS counts, "
    f"{OBJECTS} AS objects, "
    "(SELECT epoch FROM workspace WHERE id = $1) AS epoch, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid"
)


class PageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a page leaves out: types (`changes` lets all but the recorded ones in), channels, what came later than
    `as_of`, what lies outside `start` to `end`; items placed elsewhere; and the items placed here, which it adds."""

    types: list[str] | None = None
    changes: bool = False
    recorded: list[str] = []
    channels: list[str] | None = None
    as_of: datetime | None = None
    start: datetime = BEFORE_ALL
    end: datetime = AFTER_ALL
    placed_out: list[UUID] = []
    placed_in: list[UUID] = []


def _page(towards: str, filtered: bool) -> str:
    """The thread as a merge of one index scan a contact. Filtered, items placed elsewhere ($13) are left out and those
    placed here ($14) added, each with everything about it."""
    compare, order = ("<", "DESC") if towards == "older" else (">", "ASC")
    # Bounds of an index scan are plain parameters: row-level security takes COALESCE and sub-selects for leaky, and
    # would read the thread from its end. The second half settles the items of the edge's own moment.
    beyond = (
        f"e.shown_at {compare}= $3::timestamptz AND (e.shown_at, e.position) {compare} "
        "($3, coalesce((SELECT m.position FROM event m WHERE m.workspace_id = $1 AND m.id = $4::uuid), 0))"
    )
    columns, by_place = f"{EVENT}, e.position", f"ORDER BY shown_at {order}, position {order} LIMIT $5"
    matches = _MATCHES + "AND NOT (e.id = ANY($13) OR coalesce(e.about = ANY($13), false))" if filtered else ""
    streams = (
        f"SELECT o.* FROM unnest($2::uuid[]) AS c(id) CROSS JOIN LATERAL (SELECT {columns} FROM event e WHERE "
        f"e.workspace_id = $1 AND e.contact_id = c.id AND {beyond} {matches} "
        f"ORDER BY e.shown_at {order}, e.position {order} LIMIT $5) AS o"
    )
    if not filtered:
        return f"{streams} {by_place}"
    placed = (
        f"SELECT {columns} FROM event e WHERE e.workspace_id = $1 "
        f"AND (e.id = ANY($14::uuid[]) OR e.about = ANY($14)) AND {beyond} {_MATCHES}"
    )
    return f"SELECT * FROM ({streams} UNION ALL {placed}) AS page {by_place}"


_PAGES = {
    (newer, some): _page("newer" if newer else "older", some) for newer in (False, True) for some in (False, True)
}
_PAGE_COLUMN = {
    newer: ", (SELECT json_agg(p ORDER BY p.shown_at {order}, p.position {order}) FROM ({page}) AS p) AS page".format(
        order="ASC" if newer else "DESC",
        page=_PAGES[newer, False].replace("unnest($2::uuid[]) AS c(id)", "mine AS c"),
    )
    for newer in (False, True)
}
_page_rows = msgspec.json.Decoder(list[RecordedEvent])


def page_rider(*, newer: bool, edge: tuple[datetime, UUID | None], limit: int, summarised: bool) -> Rider:
    """A page of everything, the place of the object types, and the summary where it is asked for, on the back of the
    customer's own statement."""
    columns = f"{_PAGE_COLUMN[newer]}, {TYPES_AT} AS types"
    if summarised:
        columns += f", {_SUMMARY.format(contacts='IN (SELECT id FROM mine)')}"
    return Rider(columns=columns, values=(*edge, limit))


def page_in(row: Row) -> list[RecordedEvent]:
    """The page that a row holds which was read with `page_rider`."""
    return _page_rows.decode(row["page"] or "[]")


async def page(
    db: Db,
    workspace: WorkspaceId,
    contacts: Sequence[ContactId],
    *,
    newer: bool,
    edge: tuple[datetime, UUID | None],
    limit: int,
    only: PageFilter,
) -> list[Row]:
    """One page of some contacts' thread, from an edge (a shown time and an event) towards older or newer items."""
    return await db.fetch(
        _PAGES[newer, True],
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
    )


async def summary(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> Row:
    """Kept counts, newest object states, the place of their types and the head of the ledger, in one row."""
    columns = _SUMMARY.format(contacts="= ANY($2::uuid[])")
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
