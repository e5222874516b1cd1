"""Every statement by which tickets are shown, listed and found, and what a command needs to know of them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from identity.customers import CustomerId, WorkspaceId
from timeline.store import Db, Row
from timeline.tickets.ticket import TicketId

OWNER: Final = (
    "CROSS JOIN LATERAL (SELECT customer_id FROM contact WHERE workspace_id = $1 AND id = t.contact_id OFFSET 0) AS o"
)
IN_FORCE: Final = (
    "(SELECT coalesce(max(version), 0) FROM ticket_policy WHERE workspace_id = $1) AS policy, now() AS now"
)
VERSION: Final = "coalesce(({0}fold->>'version')::integer, 1) + coalesce(({0}fold->>'version_base')::integer, 0)"
"""The version that a ticket is shown under."""
LAST: Final = UUID(int=2**128 - 1)
"""Beyond every id."""


async def named(db: Db, workspace: WorkspaceId, number: int | None, ticket: UUID | None) -> Row | None:
    """A ticket of the registry, whatever became of it: its row if it has one, else the ticket that holds its opening
    event. `beside` are the open tickets of its customer whose contacts came by a merge, with that merge's position."""
    return await db.fetchrow(_NAMED, workspace, number, ticket)


_NAMED: Final = (
    "WITH n AS (SELECT number, ticket_id FROM ticket_number WHERE workspace_id = $1 AND number = $2::bigint "
    "UNION ALL SELECT number, ticket_id FROM ticket_number WHERE workspace_id = $1 AND ticket_id = $3::uuid) "
    f"SELECT n.number, n.ticket_id, t.fold, c.customer_id, {IN_FORCE}, "
    "(SELECT name FROM agent WHERE workspace_id = $1 AND id = (t.fold->>'assignee')::uuid) AS assignee_name, "
    "(SELECT i.ticket_id FROM ticket_item i WHERE t.id IS NULL AND i.workspace_id = $1 AND i.event_id = n.ticket_id "
    "ORDER BY i.position LIMIT 1) AS holder, "
    "(SELECT json_agg(json_build_object('customer_id', m.customer_id, 'number', u.number, 'fold', u.fold, "
    "'edge', (SELECT max(d.position) FROM link_decision d WHERE d.workspace_id = $1 "
    "AND d.id IN (m.customer_decision, c.customer_decision)))) FROM contact m CROSS JOIN LATERAL (SELECT number, fold "
    "FROM ticket WHERE workspace_id = $1 AND contact_id = m.id AND until_at = 'infinity' AND is_open OFFSET 0) AS u "
    "WHERE t.is_open AND m.workspace_id = $1 AND m.customer_id = c.customer_id AND m.home_id <> c.home_id) AS beside "
    "FROM n LEFT JOIN LATERAL (SELECT id, contact_id, is_open, fold FROM ticket WHERE workspace_id = $1 "
    "AND id = n.ticket_id LIMIT 1) AS t ON true LEFT JOIN LATERAL (SELECT customer_id, home_id, customer_decision "
    "FROM contact WHERE workspace_id = $1 AND id = t.contact_id LIMIT 1) AS c ON true"
)


async def resolve_names(db: Db, workspace: WorkspaceId, numbers: Sequence[int], ids: Sequence[UUID]) -> list[Row]:
    """Tickets by number or id, whatever became of them: number, id, and the customer whose thread holds the opening
    event today (None: no thread's ticket holds it)."""
    return await db.fetch(
        "SELECT n.number, n.ticket_id, o.customer_id FROM (SELECT number, ticket_id FROM ticket_number "
        "WHERE workspace_id = $1 AND number = ANY($2::bigint[]) UNION SELECT number, ticket_id FROM ticket_number "
        "WHERE workspace_id = $1 AND ticket_id = ANY($3::uuid[])) AS n LEFT JOIN LATERAL (SELECT c.customer_id "
        "FROM ticket_item i JOIN ticket t ON t.workspace_id = $1 AND t.id = i.ticket_id JOIN contact c "
        "ON c.workspace_id = $1 AND c.id = t.contact_id WHERE i.workspace_id = $1 AND i.event_id = n.ticket_id "
        "LIMIT 1) AS o ON true",
        workspace,
        numbers,
        ids,
    )


async def newest_customers(
    db: Db, workspace: WorkspaceId, before: CustomerId | None, limit: int
) -> list[tuple[CustomerId, int]]:
    """Customers that stand, those that came last first, with how many events lie in their contacts' streams."""
    rows = await db.fetch(
        "SELECT u.id, (SELECT coalesce(sum(n.events), 0)::bigint FROM contact c JOIN contact_count n "
        "ON n.workspace_id = $1 AND n.contact_id = c.id WHERE c.workspace_id = $1 AND c.customer_id = u.id) AS events "
        "FROM customer u WHERE u.workspace_id = $1 AND ($2::uuid IS NULL OR u.id < $2) AND EXISTS (SELECT "
        "FROM contact o WHERE o.workspace_id = $1 AND o.customer_id = u.id) ORDER BY u.id DESC LIMIT $3",
        workspace,
        before,
        limit,
    )
    return [(row["id"], row["events"]) for row in rows]


async def opened_by(db: Db, workspace: WorkspaceId, event: UUID) -> CustomerId | None:
    """On whose thread the event stands that once opened a ticket."""
    return await db.fetchval(
        "SELECT c.customer_id FROM event e LEFT JOIN LATERAL (SELECT contact_id FROM placement WHERE workspace_id = $1 "
        "AND event_id = e.id AND until = 'infinity' LIMIT 1) AS p ON true CROSS JOIN LATERAL (SELECT customer_id "
        "FROM contact WHERE workspace_id = $1 AND id = coalesce(p.contact_id, e.contact_id) LIMIT 1) AS c "
        "WHERE e.workspace_id = $1 AND e.id = $2",
        workspace,
        event,
    )


# -- what a command needs to know ------------------------------------------------------------------------------------


async def aims(db: Db, workspace: WorkspaceId, tickets: Sequence[TicketId]) -> list[Row]:
    """Tickets with the contact in whose stream their opening event lies, whose that one is, and whether the tickets of
    their customer wait for a job."""
    return await db.fetch(
        "SELECT t.id, t.number, t.fold, o.customer_id, e.contact_id, l.customer_id AS owner_id, EXISTS (SELECT "
        "FROM contact m CROSS JOIN LATERAL (SELECT FROM ticket_deriving WHERE workspace_id = $1 "
        "AND home_id = m.home_id OFFSET 0) AS d WHERE m.workspace_id = $1 AND m.customer_id = o.customer_id) "
        "AS deriving "
        "FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT id, number, fold, contact_id FROM ticket "
        f"WHERE workspace_id = $1 AND id = k.id OFFSET 0) AS t {OWNER} CROSS JOIN LATERAL (SELECT contact_id "
        "FROM event WHERE workspace_id = $1 AND id = t.id OFFSET 0) AS e CROSS JOIN LATERAL (SELECT customer_id "
        "FROM contact WHERE workspace_id = $1 AND id = e.contact_id OFFSET 0) AS l",
        workspace,
        tickets,
    )


_ITEM: Final = (
    "SELECT e.id, e.contact_id, e.about, e.channel, e.data->>'subject' AS subject, "
    "CASE WHEN e.source IS NULL AND jsonb_typeof(e.data->'data'->'to') = 'object' THEN "
    "jsonb_build_array(e.data->'data'->'to') ELSE e.data->'contact'->'identifiers' END AS said, "
    "(SELECT customer_id FROM contact WHERE workspace_id = $1 AND id = e.contact_id LIMIT 1) AS owner_id, "
    "(SELECT p.contact_id FROM placement p WHERE p.workspace_id = $1 AND p.event_id IN (e.id, e.about) "
    "AND p.until = 'infinity' ORDER BY p.event_id = e.id DESC LIMIT 1) AS stands_on, "
    "(SELECT json_agg(json_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value, 'raw', i.raw, "
    "'verified', i.verified_at IS NOT NULL) ORDER BY i.verified_at IS NULL, i.last_seen DESC, i.value) "
    "FROM identifier i WHERE i.workspace_id = $1 AND i.contact_id = e.contact_id AND i.problem IS NULL) AS held "
)


async def item(db: Db, workspace: WorkspaceId, tickets: Sequence[TicketId], event: UUID) -> Row | None:
    """One item of a ticket and its parts, with what its contact is reached by: verified first, then the latest."""
    return await db.fetchrow(
        _ITEM + "FROM event e WHERE e.workspace_id = $1 AND e.id = $3 AND EXISTS (SELECT FROM ticket_item k "
        "WHERE k.workspace_id = $1 AND k.event_id = e.id AND k.ticket_id = ANY($2::uuid[]))",
        workspace,
        tickets,
        event,
    )


async def latest_inbound(db: Db, workspace: WorkspaceId, tickets: Sequence[TicketId]) -> UUID | None:
    """The latest message from the customer among the items of a ticket and its parts."""
    return await db.fetchval(
        "SELECT l.event_id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT i.event_id, i.shown_at, "
        "i.position FROM ticket_item i CROSS JOIN LATERAL (SELECT type, direction FROM event WHERE workspace_id = $1 "
        "AND id = i.event_id OFFSET 0) AS e WHERE i.workspace_id = $1 AND i.ticket_id = k.id "
        "AND e.type = 'MessageRecorded' AND e.direction = 'inbound' ORDER BY i.shown_at DESC, i.position DESC LIMIT 1) "
        "AS l ORDER BY l.shown_at DESC, l.position DESC LIMIT 1",
        workspace,
        tickets,
    )


async def agents(db: Db, workspace: WorkspaceId, agents: Sequence[UUID]) -> dict[UUID, bool]:
    """Those of some ids that are agents here, and whether they still work."""
    rows = await db.fetch(
        "SELECT id, disabled_at IS NULL AS works FROM agent WHERE workspace_id = $1 AND id = ANY($2::uuid[])",
        workspace,
        agents,
    )
    return {row["id"]: row["works"] for row in rows}


async def agent_names(db: Db, workspace: WorkspaceId, agents: Sequence[UUID]) -> dict[UUID, str]:
    rows = await db.fetch(
        "SELECT id, name FROM agent WHERE workspace_id = $1 AND id = ANY($2::uuid[])", workspace, list(agents)
    )
    return {row["id"]: row["name"] for row in rows}


async def left_behind(
    db: Db, workspace: WorkspaceId, agent: UUID | None, after: tuple[UUID, UUID] | None, limit: int
) -> list[Row]:
    """Open tickets of agents who work here no more, of one where that is said, in order of agent and id: each with its
    version, the agent's name, and why the agent left."""
    return await db.fetch(
        f"SELECT t.id, {VERSION.format('t.')} AS version, a.id AS agent_id, a.name, a.left_because "
        "FROM (SELECT id, name, left_because FROM agent WHERE workspace_id = $1 AND disabled_at IS NOT NULL "
        "AND ($2::uuid IS NULL OR id = $2) AND ($3::uuid IS NULL OR id >= $3) ORDER BY id) AS a "
        "CROSS JOIN LATERAL (SELECT id, fold FROM ticket WHERE workspace_id = $1 AND assignee = a.id AND is_open "
        "AND joined_into IS NULL AND ($3 IS NULL OR (a.id, id) > ($3, $4::uuid)) ORDER BY id LIMIT $5) AS t "
        "ORDER BY a.id, t.id LIMIT $5",
        workspace,
        agent,
        after and after[0],
        after and after[1],
        limit,
    )


async def known_queues(db: Db, workspace: WorkspaceId, queues: Sequence[str]) -> set[str]:
    """Those of some that are there."""
    rows = await db.fetch(
        "SELECT key FROM queue WHERE workspace_id = $1 AND key = ANY($2::text[])", workspace, list(queues)
    )
    return {row["key"] for row in rows}


async def waiting_in(db: Db, workspace: WorkspaceId, queue: str) -> int:
    """How many open tickets wait in a queue."""
    waiting = await db.fetchval(
        "SELECT count(*) FROM ticket WHERE workspace_id = $1 AND queue = $2 AND is_open AND joined_into IS NULL",
        workspace,
        queue,
    )
    assert isinstance(waiting, int)
    return waiting


async def tickets_in(db: Db, workspace: WorkspaceId, queue: str, after: UUID | None, limit: int) -> list[Row]:
    """Open tickets of a queue in order of id, each with its version."""
    return await db.fetch(
        f"SELECT id, {VERSION.format('')} AS version FROM ticket WHERE workspace_id = $1 "
        "AND queue = $2 AND is_open AND joined_into IS NULL AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4",
        workspace,
        queue,
        after,
        limit,
    )


async def voids(
    db: Db, workspace: WorkspaceId, customer: CustomerId | None, before: UUID | None, limit: int
) -> list[Row]:
    """Commands that came to nothing, of everybody or of one customer, the newest first, with the number of the ticket
    that each was meant for."""
    return await db.fetch(
        "SELECT v.event_id, v.contact_id, v.reason, c.customer_id, e.type, e.about, e.actor, e.recorded_at, e.data, "
        "k.ticket_id, (SELECT number FROM ticket_number WHERE workspace_id = $1 AND ticket_id = k.ticket_id) AS number "
        "FROM ticket_void v CROSS JOIN LATERAL (SELECT customer_id FROM contact WHERE workspace_id = $1 "
        "AND id = v.contact_id OFFSET 0) AS c CROSS JOIN LATERAL (SELECT type, about, actor, recorded_at, data "
        "FROM event WHERE workspace_id = $1 AND id = v.event_id OFFSET 0) AS e "
        "CROSS JOIN LATERAL (SELECT (e.data->>'ticket')::uuid AS ticket_id) AS k WHERE v.workspace_id = $1 "
        "AND v.event_id < $2::uuid AND ($3::uuid IS NULL OR v.contact_id IN (SELECT id FROM contact "
        "WHERE workspace_id = $1 AND customer_id = $3)) ORDER BY v.event_id DESC LIMIT $4",
        workspace,
        before or LAST,
        customer,
        limit,
    )


async def tags_used(db: Db, workspace: WorkspaceId, part: str, limit: int) -> list[str]:
    """Tags with this text in them that the 2,000 tickets opened last have, the most used first."""
    rows = await db.fetch(
        "SELECT tag FROM (SELECT tags FROM ticket WHERE workspace_id = $1 ORDER BY opened_at DESC, id DESC LIMIT 2000) "
        "AS t CROSS JOIN LATERAL unnest(t.tags) AS tag WHERE strpos(tag, $2) > 0 GROUP BY tag "
        "ORDER BY count(*) DESC, tag LIMIT $3",
        workspace,
        part,
        limit,
    )
    return [row["tag"] for row in rows]
