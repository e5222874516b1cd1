"""Statements about what a person looks at or decided: suggestions, placements, the history of decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, DecisionId, WorkspaceId
from identity.records import NewSuggestion
from identity.store import Db, Row


async def placed(db: Db, workspace: WorkspaceId, event_id: UUID) -> Row | None:
    """Where an item stands by hand at present."""
    return await db.fetchrow(
        "SELECT contact_id, origin_id, decision_id FROM placement "
        "WHERE workspace_id = $1 AND event_id = $2 AND until = 'infinity'",
        workspace,
        event_id,
    )


async def latest_placing(
    db: Db, workspace: WorkspaceId, event_id: UUID, origin: ContactId, but: DecisionId
) -> Row | None:
    """The latest standing decision that placed the item, apart from one."""
    return await db.fetchrow(
        "SELECT d.id, d.contact_b FROM link_decision d WHERE d.workspace_id = $1 AND d.kind = 'place' "
        "AND d.contact_a = $3 AND d.event_id = $2 AND d.id <> $4 AND NOT EXISTS "
        "(SELECT FROM link_decision u WHERE u.workspace_id = $1 AND u.undoes = d.id) ORDER BY d.position DESC LIMIT 1",
        workspace,
        event_id,
        origin,
        but,
    )


async def move_item(
    db: Db,
    workspace: WorkspaceId,
    event_id: UUID,
    origin: ContactId,
    to: tuple[ContactId, DecisionId] | None,
    now: datetime,
) -> None:
    """Give the item another place by hand, or none; what was is kept for `as_of`."""
    await db.execute(
        "UPDATE placement SET until = $3 WHERE workspace_id = $1 AND event_id = $2 AND until = 'infinity'",
        workspace,
        event_id,
        now,
    )
    if to is not None:
        await db.execute(
            "INSERT INTO placement (workspace_id, event_id, contact_id, origin_id, decision_id, since) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            workspace,
            event_id,
            to[0],
            origin,
            to[1],
            now,
        )


MOST_SEARCHED: Final = 200
"""Contacts of the smaller customer by which an earlier question between two customers is looked for. Where both have
more, one may be asked twice; a decision about a mailbox that thousands write from stays cheap."""

_MOST = f"LIMIT {MOST_SEARCHED}"
_CUSTOMER = "(SELECT customer_id FROM contact WHERE workspace_id = $1 AND id = {contact} OFFSET 0)"
_SIZE = (
    f"(SELECT count(*) FROM (SELECT FROM contact WHERE workspace_id = $1 AND customer_id = {{customer}} {_MOST}) AS c)"
)
_SMALLER = "(SELECT id, home_id FROM contact WHERE workspace_id = $1 AND customer_id = k.smaller {limit}) AS m"
_WAITING = (
    f"FROM {_SMALLER} CROSS JOIN LATERAL (SELECT id, contact_b AS other FROM link_suggestion "
    "WHERE workspace_id = $1 AND contact_a = m.id AND kind = 'link' AND state = 'open' UNION ALL "
    "SELECT id, contact_a FROM link_suggestion WHERE workspace_id = $1 AND contact_b = m.id AND kind = 'link' "
    f"AND state = 'open') AS s CROSS JOIN LATERAL {_CUSTOMER.format(contact='s.other')} AS o "
    "WHERE o.customer_id = k.larger"
)
_ASKED = f"EXISTS (SELECT {_WAITING.format(limit=_MOST)})"
_UNDONE = "EXISTS (SELECT FROM link_decision u WHERE u.workspace_id = $1 AND u.undoes = d.id)"
_APART = (
    f"EXISTS (SELECT FROM {_SMALLER.format(limit=_MOST)} CROSS JOIN LATERAL (VALUES (m.id), (m.home_id)) AS e(id) "
    "CROSS JOIN LATERAL (SELECT id, kind, contact_b AS other FROM link_decision WHERE workspace_id = $1 "
    "AND contact_a = e.id UNION ALL SELECT id, kind, contact_a FROM link_decision WHERE workspace_id = $1 "
    "AND contact_b = e.id) AS d "
    "CROSS JOIN LATERAL (SELECT customer_id FROM contact WHERE workspace_id = $1 AND id = d.other UNION ALL "
    "SELECT customer_id FROM contact WHERE workspace_id = $1 AND home_id = d.other LIMIT 1) AS o "
    f"WHERE d.kind IN ('unmerge', 'split', 'not_same') AND o.customer_id = k.larger AND NOT {_UNDONE})"
)
_PROPOSED = (
    "WITH k AS (SELECT k.*, a.customer_id AS ours, b.customer_id AS theirs, CASE WHEN "
    f"{_SIZE.format(customer='a.customer_id')} <= {_SIZE.format(customer='b.customer_id')} "
    "THEN a.customer_id ELSE b.customer_id END AS smaller FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], "
    "$6::jsonb[], $7::float8[], $8::float8[], $9::bool[]) WITH ORDINALITY "
    "AS k(id, a, b, kind, evidence, probability, value, proved, at) "
    f"CROSS JOIN LATERAL {_CUSTOMER.format(contact='k.a')} AS a "
    f"CROSS JOIN LATERAL {_CUSTOMER.format(contact='k.b')} AS b WHERE NOT EXISTS (SELECT FROM link_suggestion s "
    "WHERE s.workspace_id = $1 AND s.kind = k.kind AND s.contact_a IN (k.a, k.b) AND s.contact_b IN (k.a, k.b))), "
    "links AS (SELECT k.*, row_number() OVER (PARTITION BY least(ours, theirs), greatest(ours, theirs) "
    "ORDER BY at) AS turn FROM (SELECT k.*, "
    "CASE smaller WHEN ours THEN theirs ELSE ours END AS larger FROM k WHERE kind = 'link' AND ours <> theirs) AS k "
    f"WHERE NOT {_ASKED} AND (proved OR NOT {_APART})), "
    "unlinks AS (SELECT k.*, row_number() OVER (PARTITION BY least(a, b), greatest(a, b) ORDER BY at) AS turn, "
    "row_number() OVER (PARTITION BY a ORDER BY at) AS again FROM k WHERE kind = 'unlink' AND ours = theirs AND "
    "NOT EXISTS (SELECT FROM link_suggestion s WHERE s.workspace_id = $1 AND s.contact_a = k.a AND s.kind = 'unlink')) "
)


async def write_suggestions(
    db: Db, workspace: WorkspaceId, suggested: Sequence[NewSuggestion], now: datetime
) -> list[UUID]:
    """Ask about each pair once; returns what was asked.

    Left out: a pair that was asked about before, whatever the answer; two customers that an open or postponed question
    is about already, or that a person keeps apart, unless a proof asks; a contact that was proposed for unlinking."""
    rows = await db.fetch(
        f"{_PROPOSED} INSERT INTO link_suggestion (workspace_id, id, contact_a, contact_b, kind, state, evidence, "
        "probability, value, created_at) SELECT $1, id, least(a, b), greatest(a, b), kind, 'open', evidence, "
        "probability, value, $10::timestamptz FROM links WHERE turn = 1 UNION ALL SELECT $1, id, a, b, kind, 'open', "
        "evidence, probability, value, $10 FROM unlinks WHERE turn = 1 AND again = 1 "
        "ON CONFLICT DO NOTHING RETURNING id",
        workspace,
        *_columns(suggested),
        now,
    )
    return [row["id"] for row in rows]


async def askable(db: Db, workspace: WorkspaceId, suggested: Sequence[NewSuggestion]) -> set[UUID]:
    """Which of them `write_suggestions` would ask about."""
    rows = await db.fetch(
        f"{_PROPOSED} SELECT id FROM links WHERE turn = 1 UNION ALL "
        "SELECT id FROM unlinks WHERE turn = 1 AND again = 1",
        workspace,
        *_columns(suggested),
    )
    return {row["id"] for row in rows}


def _columns(suggested: Sequence[NewSuggestion]) -> list[list[Any]]:
    return [
        [s.id for s in suggested],
        [s.contact_a for s in suggested],
        [s.contact_b for s in suggested],
        [s.kind for s in suggested],
        [msgspec.json.encode(s.evidence) for s in suggested],
        [s.probability for s in suggested],
        [s.value for s in suggested],
        [s.proved for s in suggested],
    ]


async def set_values(db: Db, workspace: WorkspaceId, suggestions: Sequence[UUID], values: Sequence[float]) -> None:
    """What the answers are worth: the order of the queue."""
    await db.execute(
        "UPDATE link_suggestion s SET value = k.value FROM unnest($2::uuid[], $3::float8[]) AS k(id, value) "
        "WHERE s.workspace_id = $1 AND s.id = ANY($2) AND s.id = k.id",
        workspace,
        suggestions,
        values,
    )


_SUGGESTION = (
    "SELECT s.id, s.kind, s.state, s.contact_a, s.contact_b, s.evidence, s.probability, s.value, s.created_at, "
    "s.decided_at, s.decision_id, (SELECT u.id FROM link_decision u WHERE u.workspace_id = $1 "
    "AND u.undoes = s.decision_id) AS undone_by, "
    "CASE WHEN s.state = 'open' AND s.later_until > now() THEN s.later_until END AS later_until, "
    "a.customer_id AS customer_a, b.customer_id AS customer_b, a.name AS name_a, b.name AS name_b, "
    "a.source AS source_a, b.source AS source_b FROM link_suggestion s "
    "CROSS JOIN LATERAL (SELECT customer_id, name, source FROM contact WHERE workspace_id = $1 AND id = s.contact_a "
    "OFFSET 0) AS a CROSS JOIN LATERAL (SELECT customer_id, name, source FROM contact WHERE workspace_id = $1 "
    "AND id = s.contact_b OFFSET 0) AS b WHERE s.workspace_id = $1 "
)
_MATTERS = "(a.customer_id = b.customer_id) = (s.kind = 'unlink')"
"""Whether there still is a question: a merge may have joined the pair, or a split parted it."""
_IN_STATE: Final = {
    "open": f"s.state = 'open' AND (s.later_until IS NULL OR s.later_until <= now()) AND {_MATTERS}",
    "later": f"s.state = 'open' AND s.later_until > now() AND {_MATTERS}",
    "accepted": "s.state = 'accepted'",
    "rejected": "s.state = 'rejected'",
}


async def suggestions(
    db: Db, workspace: WorkspaceId, state: str, kinds: Sequence[str], after: tuple[float, UUID], limit: int
) -> list[Row]:
    """Suggestions in one state after a value and id, the most valuable first."""
    return await db.fetch(
        f"{_SUGGESTION} AND {_IN_STATE[state]} AND s.kind = ANY($2::text[]) AND s.value <= $3::float8 "
        "AND (s.value < $3 OR s.id > $4::uuid) ORDER BY s.value DESC, s.id LIMIT $5",
        workspace,
        kinds,
        *after,
        limit,
    )


async def suggestion(db: Db, workspace: WorkspaceId, suggestion_id: UUID) -> Row | None:
    return await db.fetchrow(f"{_SUGGESTION} AND s.id = $2", workspace, suggestion_id)


async def suggestions_about(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> list[Row]:
    """At most 100, those that wait for an answer first."""
    return await db.fetch(
        f"{_SUGGESTION} AND (s.contact_a = ANY($2::uuid[]) OR s.contact_b = ANY($2::uuid[])) "
        "ORDER BY s.state <> 'open', s.id LIMIT 100",
        workspace,
        contacts,
    )


async def answer_suggestion(
    db: Db, workspace: WorkspaceId, suggestion_id: UUID, state: str, decision: DecisionId | None, now: datetime
) -> None:
    await db.execute(
        "UPDATE link_suggestion SET state = $3, decision_id = $4, decided_at = $5 WHERE workspace_id = $1 AND id = $2",
        workspace,
        suggestion_id,
        state,
        decision,
        now,
    )


async def answer_between(
    db: Db,
    workspace: WorkspaceId,
    one: CustomerId,
    other: CustomerId,
    state: str,
    decision: DecisionId,
    now: datetime,
) -> None:
    """One answer for whatever is still asked between two customers, postponed or not: whether they are one."""
    smaller = f"{_SIZE.format(customer='$2')} <= {_SIZE.format(customer='$3')}"
    await db.execute(
        "UPDATE link_suggestion SET state = $4, decision_id = $5, decided_at = $6 WHERE workspace_id = $1 AND id = ANY("
        f"ARRAY(SELECT s.id FROM (SELECT n.smaller, CASE n.smaller WHEN $2 THEN $3 ELSE $2 END AS larger FROM (SELECT "
        f"CASE WHEN {smaller} THEN $2::uuid ELSE $3::uuid END AS smaller) AS n) AS k CROSS JOIN LATERAL "
        f"(SELECT s.id {_WAITING.format(limit='')}) AS s))",
        workspace,
        one,
        other,
        state,
        decision,
        now,
    )


async def postpone(db: Db, workspace: WorkspaceId, suggestion_id: UUID, until: datetime) -> None:
    await db.execute(
        "UPDATE link_suggestion SET later_until = $3 WHERE workspace_id = $1 AND id = $2",
        workspace,
        suggestion_id,
        until,
    )


async def answered(db: Db, workspace: WorkspaceId) -> list[Row]:
    """The questions whether two contacts are one that a person answered, with what spoke for and against it: those
    whose answer stands and whose evidence no erasure took."""
    return await db.fetch(
        "SELECT s.id, s.contact_a, s.contact_b, s.state, s.evidence, s.probability, s.decided_at "
        "FROM link_suggestion s WHERE s.workspace_id = $1 AND s.kind = 'link' "
        "AND s.state IN ('accepted', 'rejected') AND s.evidence <> '[]' "
        "AND NOT EXISTS (SELECT FROM link_decision u WHERE u.workspace_id = $1 AND u.undoes = s.decision_id) "
        "ORDER BY s.decided_at, s.id",
        workspace,
    )


_DECIDED: Final = (
    "SELECT d.id, d.kind, d.contact_a, d.contact_b, d.contacts, d.home_id, d.event_id, d.undoes, d.grade, d.actor, "
    "d.reason, d.evidence, d.decided_at, (SELECT u.id FROM link_decision u WHERE u.workspace_id = $1 "
    "AND u.undoes = d.id AND u.decided_at <= coalesce($3::timestamptz, 'infinity')) AS undone_by "
    "FROM link_decision d WHERE d.workspace_id = $1 AND d.decided_at <= coalesce($3::timestamptz, 'infinity') "
)


async def decisions_about(db: Db, workspace: WorkspaceId, ends: Sequence[UUID], as_of: datetime | None) -> list[Row]:
    """Every decision with an end among the contacts and homes, in the order in which they were taken."""
    return await db.fetch(
        f"{_DECIDED} AND (d.contact_a = ANY($2::uuid[]) OR d.contact_b = ANY($2::uuid[])) ORDER BY d.position",
        workspace,
        ends,
        as_of,
    )


async def decision_shown(db: Db, workspace: WorkspaceId, decision: UUID) -> Row | None:
    """As `decisions_about` has it."""
    return await db.fetchrow(f"{_DECIDED} AND d.id = $2", workspace, decision, None)


MOST_LOOKED: Final = 5_000
"""Decisions that are looked through for some of certain kinds: those that a push takes by itself are many."""
_BEHIND: Final = UUID(int=2**128 - 1)


async def latest_decisions(
    db: Db, workspace: WorkspaceId, kinds: Sequence[str], before: UUID | None, limit: int
) -> tuple[list[Row], UUID | None]:
    """As `decisions_about` has them, the newest first; and the last that was looked at, where looking ended early."""
    rows = await db.fetch(
        "WITH looked AS MATERIALIZED (SELECT id, kind FROM link_decision WHERE workspace_id = $1 "
        f"AND id < $4::uuid ORDER BY id DESC LIMIT {MOST_LOOKED}) "
        f"{_DECIDED} AND d.id = ANY(ARRAY(SELECT id FROM looked WHERE kind = ANY($2::text[]) "
        "ORDER BY id DESC LIMIT $5)) ORDER BY d.id DESC",
        workspace,
        kinds,
        None,
        before or _BEHIND,
        limit,
    )
    if len(rows) == limit:
        return rows, None
    last = await db.fetchval(
        "SELECT id FROM link_decision WHERE workspace_id = $1 AND id < $2::uuid "
        f"ORDER BY id DESC OFFSET {MOST_LOOKED - 1} LIMIT 1",
        workspace,
        before or _BEHIND,
    )
    return rows, last


MOST_NAMED: Final = 200
"""Contacts of one home among which a name is looked for."""


async def ends_named(db: Db, workspace: WorkspaceId, ends: Sequence[UUID]) -> list[Row]:
    """Whose the ends of decisions are today, contacts or homes, and a name or an address of theirs; without those
    that are gone."""
    return await db.fetch(
        "SELECT k.id, coalesce(c.customer_id, h.customer_id) AS customer_id, "
        "coalesce(c.name, h.name, i.raw) AS name FROM unnest($2::uuid[]) AS k(id) "
        "LEFT JOIN LATERAL (SELECT customer_id, name FROM contact WHERE workspace_id = $1 AND id = k.id LIMIT 1) "
        "AS c ON true LEFT JOIN LATERAL (SELECT f.customer_id, f.name FROM (SELECT customer_id, name, "
        "created_at, id FROM contact WHERE workspace_id = $1 AND home_id = k.id "
        f"LIMIT {MOST_NAMED}) AS f ORDER BY f.name IS NULL, f.created_at, f.id LIMIT 1) AS h ON true "
        "LEFT JOIN LATERAL (SELECT g.raw FROM (SELECT k.id UNION ALL SELECT id FROM contact WHERE workspace_id = $1 "
        f"AND home_id = k.id LIMIT {MOST_NAMED}) AS m CROSS JOIN LATERAL (SELECT raw, verified_at, last_seen, value "
        "FROM identifier WHERE workspace_id = $1 AND contact_id = m.id AND kind <> 'visitor' OFFSET 0) AS g "
        "ORDER BY g.verified_at IS NULL, g.last_seen DESC, g.value LIMIT 1) AS i "
        "ON coalesce(c.name, h.name) IS NULL "
        "WHERE coalesce(c.customer_id, h.customer_id) IS NOT NULL",
        workspace,
        ends,
    )


_PLACE = "md5(concat_ws(chr(31), v.kind, v.scope, v.value))::uuid"


async def classed_values(
    db: Db, workspace: WorkspaceId, said: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Values found or listed as shared, or listed as one person's own, the newest first; `place` tells equally new ones
    apart."""
    return await db.fetch(
        f"SELECT v.kind, v.scope, v.value, v.class, v.reason, v.actor, v.decided_at, {_PLACE} AS place "
        "FROM value_class v WHERE v.workspace_id = $1 AND ($2::text IS NULL OR v.class = $2) "
        f"AND ($3::timestamptz IS NULL OR (v.decided_at, {_PLACE}) < ($3, $4::uuid)) "
        f"ORDER BY v.decided_at DESC, {_PLACE} DESC LIMIT $5",
        workspace,
        said,
        *(after or (None, None)),
        limit,
    )
