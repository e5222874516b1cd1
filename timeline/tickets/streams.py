"""Every statement that reads the ledger for a fold from some position on, and the projection as it stood there."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId, desk_contact
from timeline import codec
from timeline.events import Command, Edit, is_automatic
from timeline.store import Db, Row
from timeline.tickets.edits import EDITS
from timeline.tickets.items import FoldEvent, Holding, ItemOf, Past, Void
from timeline.tickets.projection import COMMANDS, KINDS
from timeline.tickets.store import NewRow
from timeline.tickets.ticket import SUBJECT_READ, Ticket, TicketId

TYPES: Final = [*KINDS, *COMMANDS, *EDITS]

READ: Final = (
    "e.position, e.id, e.contact_id, e.type, e.channel, e.direction, e.source, e.conversation, e.about, e.shown_at, "
    "e.actor, e.recorded_at, e.data->'history' AS history, e.data->'reminder' AS reminder, e.data->'begins' AS begins, "
    "e.data->'answered' AS answered, e.data->>'ticket_id' AS ticket, e.data->'object'->>'type' AS object_type, "
    f"left(e.data->>'subject', {SUBJECT_READ}) AS subject, left(e.data->>'body', {SUBJECT_READ}) AS body, "
    "e.data->'object'->>'id' AS object_id, CASE WHEN e.type LIKE 'Ticket%' OR e.type LIKE 'Sla%' "
    "OR e.type = 'BackstageOpened' THEN e.data END AS command"
)


async def events(
    db: Db,
    workspace: WorkspaceId,
    starts: Sequence[tuple[ContactId, int]],
    placed_in: Sequence[UUID],
    after: int,
    limit: int,
) -> list[Row]:
    """Events of contacts from behind a position each, and those placed on them from elsewhere with what is about them;
    of all these the next `limit` behind `after`, in order of position."""
    return await db.fetch(
        f"SELECT * FROM (SELECT o.* FROM unnest($2::uuid[], $3::bigint[]) AS k(contact_id, start) CROSS JOIN LATERAL "
        f"(SELECT {READ} FROM event e WHERE e.workspace_id = $1 AND e.contact_id = k.contact_id "
        "AND e.position > k.start AND e.type = ANY($7::text[]) ORDER BY e.position LIMIT $6) AS o "
        f"UNION ALL SELECT {READ} FROM event e WHERE e.workspace_id = $1 AND (e.id = ANY($4::uuid[]) "
        "OR e.about = ANY($4)) AND e.position > $5::bigint AND e.type = ANY($7) AND NOT EXISTS (SELECT "
        "FROM unnest($2::uuid[], $3::bigint[]) AS k(contact_id, start) WHERE k.contact_id = e.contact_id "
        "AND k.start < e.position)) AS p ORDER BY position LIMIT $6",
        workspace,
        [contact for contact, _ in starts],
        [max(start, after) for _, start in starts],
        placed_in,
        after,
        limit,
        TYPES,
    )


def fold_event(row: Row, contact: ContactId) -> FoldEvent:
    """A row of `events` as the fold reads it, standing on a contact."""
    history = row["history"] == b"true"
    shown_at: datetime = row["shown_at"]
    said = None if row["command"] is None else codec.decode(row["type"], row["command"])
    return FoldEvent(
        position=row["position"],
        id=row["id"],
        contact_id=contact,
        kind=KINDS.get(row["type"], "change"),
        channel=row["channel"],
        direction=row["direction"],
        source=row["source"],
        conversation=row["conversation"] if row["source"] else None,
        about=row["about"],
        shown_at=shown_at,
        now=shown_at if history else row["recorded_at"],
        history=history,
        reminder=row["reminder"] == b"true",
        answered=row["answered"] == b"true",
        begins=row["begins"] == b"true",
        ticket=None if row["ticket"] is None else UUID(row["ticket"]),
        subject=row["subject"] or None,
        body=row["body"] or None,
        object=(row["object_type"], row["object_id"]) if row["object_type"] is not None else None,
        command=said if isinstance(said, Command) else None,
        edit=said if isinstance(said, Edit) else None,
        automatic=is_automatic(row["actor"]),
    )


async def homes(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> dict[ContactId, CustomerId]:
    """The home of every contact of some customers, and of the desk contacts, there or not yet."""
    rows = await db.fetch(
        "SELECT c.id, c.home_id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT id, home_id FROM contact "
        "WHERE workspace_id = $1 AND customer_id = k.id OFFSET 0) AS c",
        workspace,
        customers,
    )
    desks = {desk_contact(row["home_id"]): row["home_id"] for row in rows}
    return desks | {row["id"]: row["home_id"] for row in rows}


async def standing(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> set[CustomerId]:
    """Those of some customers that were not merged away."""
    rows = await db.fetch(
        "SELECT k.id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT FROM contact WHERE workspace_id = $1 "
        "AND customer_id = k.id LIMIT 1) AS c",
        workspace,
        customers,
    )
    return {row["id"] for row in rows}


async def is_long(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], most: int) -> bool:
    """Whether more than so many events lie in the streams of some contacts."""
    events = await db.fetchval(
        "SELECT coalesce(sum(events), 0) FROM contact_count WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[])",
        workspace,
        contacts,
    )
    return (events or 0) > most


async def customers_after(
    db: Db, workspace: WorkspaceId, after: CustomerId | None, limit: int
) -> list[tuple[CustomerId, int]]:
    """Customers that stand, in order of id, with how many events lie in their contacts' streams."""
    rows = await db.fetch(
        "SELECT u.id, (SELECT coalesce(sum(n.events), 0)::bigint FROM contact c JOIN contact_count n "
        "ON n.workspace_id = $1 AND n.contact_id = c.id WHERE c.workspace_id = $1 AND c.customer_id = u.id) AS events "
        "FROM customer u WHERE u.workspace_id = $1 AND ($2::uuid IS NULL OR u.id > $2) AND EXISTS (SELECT "
        "FROM contact o WHERE o.workspace_id = $1 AND o.customer_id = u.id) ORDER BY u.id LIMIT $3",
        workspace,
        after,
        limit,
    )
    return [(row["id"], row["events"]) for row in rows]


async def placements(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> list[Row]:
    """The items that stand elsewhere than where they lie, from or on some contacts."""
    return await db.fetch(
        "SELECT event_id, contact_id, origin_id FROM placement WHERE workspace_id = $1 AND until = 'infinity' "
        "AND origin_id = ANY($2::uuid[]) UNION SELECT event_id, contact_id, origin_id FROM placement "
        "WHERE workspace_id = $1 AND until = 'infinity' AND contact_id = ANY($2)",
        workspace,
        contacts,
    )


async def changed(db: Db, workspace: WorkspaceId, starts: Sequence[tuple[ContactId, int]]) -> list[NewRow]:
    """The tickets opened on some contacts that changed behind a position each."""
    return _rows(
        await db.fetchval(
            "SELECT json_agg(json_build_object('number', t.number, 'fold', t.fold)) FROM unnest($2::uuid[], "
            "$3::bigint[]) AS k(contact_id, start) CROSS JOIN LATERAL (SELECT number, fold FROM ticket "
            "WHERE workspace_id = $1 AND contact_id = k.contact_id AND position > k.start OFFSET 0) AS t",
            workspace,
            *_split(starts),
        )
    )


async def in_reach(
    db: Db, workspace: WorkspaceId, starts: Sequence[tuple[ContactId, int]], since: datetime
) -> list[NewRow]:
    """The tickets opened on some contacts that have not changed behind a position each, and are not closed before."""
    return _rows(
        await db.fetchval(
            "SELECT json_agg(json_build_object('number', t.number, 'fold', t.fold)) FROM unnest($2::uuid[], "
            "$3::bigint[]) AS k(contact_id, start) CROSS JOIN LATERAL (SELECT number, fold, position FROM ticket "
            "WHERE workspace_id = $1 AND contact_id = k.contact_id AND until_at >= $4 OFFSET 0) AS t "
            "WHERE t.position <= k.start",
            workspace,
            *_split(starts),
            since,
        )
    )


async def by_id(db: Db, workspace: WorkspaceId, ids: Sequence[TicketId]) -> list[NewRow]:
    return _rows(
        await db.fetchval(
            "SELECT json_agg(json_build_object('number', t.number, 'fold', t.fold)) FROM ticket t "
            "WHERE t.workspace_id = $1 AND t.id = ANY($2::uuid[])",
            workspace,
            ids,
        )
    )


def _rows(found: str | None) -> list[NewRow]:
    return _new_rows.decode(found or "[]")


_new_rows = msgspec.json.Decoder(list[NewRow])
_ticket = msgspec.json.Decoder(Ticket)


def _split(starts: Sequence[tuple[ContactId, int]]) -> tuple[list[ContactId], list[int]]:
    return [contact for contact, _ in starts], [start for _, start in starts]


async def past(db: Db, workspace: WorkspaceId, ids: Sequence[TicketId]) -> list[Past]:
    """What tickets were before standing merges, in order of position."""
    rows = await db.fetch(
        "SELECT fold, until FROM ticket_past WHERE workspace_id = $1 AND id = ANY($2::uuid[]) ORDER BY id, position",
        workspace,
        ids,
    )
    return [Past(ticket=_ticket.decode(row["fold"]), until=row["until"]) for row in rows]


async def items(db: Db, workspace: WorkspaceId, ids: Sequence[TicketId], start: int) -> list[ItemOf]:
    """The items of tickets, behind a position."""
    rows = await db.fetch(
        "SELECT i.event_id, i.ticket_id, i.position, i.shown_at FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL "
        "(SELECT event_id, ticket_id, position, shown_at FROM ticket_item WHERE workspace_id = $1 "
        "AND ticket_id = k.id AND position > $3 OFFSET 0) AS i",
        workspace,
        ids,
        start,
    )
    return [ItemOf(event_id=e, ticket_id=t, position=p, shown_at=s) for e, t, p, s in rows]


async def holders(db: Db, workspace: WorkspaceId, named: Sequence[UUID]) -> list[ItemOf]:
    """The tickets that hold some events."""
    rows = await db.fetch(
        "SELECT i.event_id, i.ticket_id, i.position, i.shown_at FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL "
        "(SELECT event_id, ticket_id, position, shown_at FROM ticket_item WHERE workspace_id = $1 "
        "AND event_id = k.id OFFSET 0) AS i",
        workspace,
        named,
    )
    return [ItemOf(event_id=e, ticket_id=t, position=p, shown_at=s) for e, t, p, s in rows]


async def holdings_of(db: Db, workspace: WorkspaceId, ids: Sequence[TicketId], start: int) -> list[Holding]:
    """What conversations tickets took, behind a position."""
    rows = await db.fetch(
        "SELECT source, conversation, since, ticket_id FROM ticket_conversation WHERE workspace_id = $1 "
        "AND ticket_id = ANY($2::uuid[]) AND since > $3",
        workspace,
        ids,
        start,
    )
    return [Holding(**dict(row)) for row in rows]


async def holdings(
    db: Db, workspace: WorkspaceId, conversations: Sequence[tuple[str, str]]
) -> list[tuple[ContactId, Holding]]:
    """Where conversations belonged over time, with the contact of each ticket."""
    rows = await db.fetch(
        "SELECT h.source, h.conversation, h.since, h.ticket_id, t.contact_id FROM unnest($2::text[], $3::text[]) "
        "AS k(source, conversation) CROSS JOIN LATERAL (SELECT source, conversation, since, ticket_id "
        "FROM ticket_conversation WHERE workspace_id = $1 AND source = k.source AND conversation = k.conversation "
        "OFFSET 0) AS h CROSS JOIN LATERAL (SELECT contact_id FROM ticket WHERE workspace_id = $1 "
        "AND id = h.ticket_id OFFSET 0) AS t",
        workspace,
        [c[0] for c in conversations],
        [c[1] for c in conversations],
    )
    return [(fields.pop("contact_id"), Holding(**fields)) for row in rows if (fields := dict(row))]


async def voids(db: Db, workspace: WorkspaceId, starts: Sequence[tuple[ContactId, int]]) -> list[Void]:
    rows = await db.fetch(
        "SELECT v.event_id, v.contact_id, v.position, v.reason FROM unnest($2::uuid[], $3::bigint[]) "
        "AS k(contact_id, start) CROSS JOIN LATERAL (SELECT event_id, contact_id, position, reason FROM ticket_void "
        "WHERE workspace_id = $1 AND contact_id = k.contact_id AND position > k.start OFFSET 0) AS v",
        workspace,
        *_split(starts),
    )
    return [Void(**dict(row)) for row in rows]


async def voids_of(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> list[Void]:
    """Which of some commands are kept as void."""
    if not events:
        return []
    rows = await db.fetch(
        "SELECT v.event_id, v.contact_id, v.position, v.reason FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL "
        "(SELECT event_id, contact_id, position, reason FROM ticket_void WHERE workspace_id = $1 AND event_id = k.id "
        "OFFSET 0) AS v",
        workspace,
        events,
    )
    return [Void(**dict(row)) for row in rows]


async def remove(
    db: Db,
    workspace: WorkspaceId,
    tickets: Sequence[TicketId],
    items_gone: Sequence[ItemOf],
    holdings_gone: Sequence[Holding],
    voids_gone: Sequence[Void],
    past_gone: Sequence[Past],
) -> None:
    """Take rows out that folding again does not come to."""
    await _delete(db, "ticket", workspace, {"id": ("uuid", [*tickets])})
    await _delete(
        db,
        "ticket_item",
        workspace,
        {
            "event_id": ("uuid", [i.event_id for i in items_gone]),
            "ticket_id": ("uuid", [i.ticket_id for i in items_gone]),
        },
    )
    await _delete(
        db,
        "ticket_conversation",
        workspace,
        {
            "source": ("text", [h.source for h in holdings_gone]),
            "conversation": ("text", [h.conversation for h in holdings_gone]),
            "since": ("bigint", [h.since for h in holdings_gone]),
        },
    )
    await _delete(db, "ticket_void", workspace, {"event_id": ("uuid", [v.event_id for v in voids_gone])})
    await _delete(
        db,
        "ticket_past",
        workspace,
        {
            "id": ("uuid", [p.ticket.id for p in past_gone]),
            "position": ("bigint", [p.ticket.position for p in past_gone]),
        },
    )


async def _delete(db: Db, table: str, workspace: WorkspaceId, key: dict[str, tuple[str, list[Any]]]) -> None:
    if not next(iter(key.values()))[1]:
        return
    arrays = ", ".join(f"${at}::{kind}[]" for at, (kind, _) in enumerate(key.values(), 2))
    same = " AND ".join(f"t.{column} = k.{column}" for column in key)
    await db.execute(
        f"DELETE FROM {table} t USING unnest({arrays}) AS k({', '.join(key)}) WHERE t.workspace_id = $1 AND {same}",
        workspace,
        *(values for _, values in key.values()),
    )


async def wait_for_job(db: Db, workspace: WorkspaceId, homes: Sequence[CustomerId], now: datetime) -> None:
    """Leave the tickets of these homes to a job."""
    await db.execute(
        "INSERT INTO ticket_deriving (workspace_id, home_id, asked_at) SELECT $1, k, $3 FROM unnest($2::uuid[]) AS k "
        "ON CONFLICT (workspace_id, home_id) DO UPDATE SET asked_at = excluded.asked_at",
        workspace,
        homes,
        now.astimezone(UTC),
    )


async def waiting(db: Db, workspace: WorkspaceId, stale: datetime) -> list[CustomerId]:
    """The customers of today whose tickets wait for a job; `EVERYBODY` if nobody took that on since a moment."""
    rows = await db.fetch(
        "SELECT DISTINCT coalesce(c.customer_id, d.home_id) AS customer_id FROM ticket_deriving d LEFT JOIN LATERAL "
        "(SELECT customer_id FROM contact WHERE workspace_id = $1 AND home_id = d.home_id LIMIT 1) AS c ON true "
        "WHERE d.workspace_id = $1 AND (c.customer_id IS NOT NULL OR d.asked_at < $2)",
        workspace,
        stale,
    )
    return [row["customer_id"] for row in rows]


async def derived(db: Db, workspace: WorkspaceId, homes: Sequence[CustomerId]) -> None:
    await db.execute(
        "DELETE FROM ticket_deriving WHERE workspace_id = $1 AND home_id = ANY($2::uuid[])", workspace, homes
    )


async def due(db: Db, workspace: WorkspaceId, now: datetime, limit: int) -> list[NewRow]:
    """Tickets to which time did something that no event tells of yet, the earliest first; of imports no silence."""
    return _rows(
        await db.fetchval(
            "SELECT json_agg(json_build_object('number', t.number, 'fold', t.fold)) FROM (SELECT number, fold "
            "FROM ticket WHERE workspace_id = $1 AND next_at <= $2 AND NOT lapsed "
            "AND (NOT history OR snoozed_until <= $2) ORDER BY next_at LIMIT $3) AS t",
            workspace,
            now,
            limit,
        )
    )


async def lapse(db: Db, workspace: WorkspaceId, now: datetime, limit: int) -> int:
    """Let lists see that silence has closed tickets of imports, of which no event tells; returns how many."""
    done = await db.execute(
        "UPDATE ticket t SET lapsed = true, is_open = false, status = 'closed' FROM (SELECT id FROM ticket "
        "WHERE workspace_id = $1 AND closes_at <= $2 AND history AND NOT lapsed ORDER BY closes_at LIMIT $3) AS due "
        "WHERE t.workspace_id = $1 AND t.id = due.id AND t.closes_at <= $2 AND t.history",
        workspace,
        now,
        limit,
    )
    return int(done.rpartition(" ")[2])
