"""Statements about what a person looks at or decided: suggestions, placements, the history of decisions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from identity.customers import ContactId, DecisionId, WorkspaceId
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


_SUGGESTION = (
    "SELECT s.id, s.state, s.contact_a, s.contact_b, s.evidence, s.created_at, s.decided_at, s.decision_id, "
    "a.customer_id AS customer_a, b.customer_id AS customer_b, a.name AS name_a, b.name AS name_b, "
    "a.source AS source_a, b.source AS source_b FROM link_suggestion s "
    "JOIN contact a ON a.workspace_id = s.workspace_id AND a.id = s.contact_a "
    "JOIN contact b ON b.workspace_id = s.workspace_id AND b.id = s.contact_b WHERE s.workspace_id = $1 "
)


async def suggestions(db: Db, workspace: WorkspaceId, state: str, after: UUID | None, limit: int) -> list[Row]:
    """Suggestions in one state, the oldest first. Pairs that a merge has joined meanwhile need nobody's answer."""
    return await db.fetch(
        f"{_SUGGESTION} AND s.state = $2 AND ($3::uuid IS NULL OR s.id > $3) "
        "AND (s.state <> 'open' OR a.customer_id <> b.customer_id) ORDER BY s.id LIMIT $4",
        workspace,
        state,
        after,
        limit,
    )


async def suggestion(db: Db, workspace: WorkspaceId, suggestion_id: UUID) -> Row | None:
    return await db.fetchrow(f"{_SUGGESTION} AND s.id = $2", workspace, suggestion_id)


async def suggestions_about(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> list[Row]:
    return await db.fetch(
        f"{_SUGGESTION} AND (s.contact_a = ANY($2::uuid[]) OR s.contact_b = ANY($2::uuid[])) ORDER BY s.id LIMIT 100",
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


async def decisions_about(db: Db, workspace: WorkspaceId, ends: Sequence[UUID], as_of: datetime | None) -> list[Row]:
    """Every decision with an end among the contacts and homes, in the order in which they were taken."""
    return await db.fetch(
        "SELECT d.id, d.kind, d.contact_a, d.contact_b, d.contacts, d.home_id, d.event_id, d.undoes, d.grade, d.actor, "
        "d.reason, d.evidence, d.decided_at, (SELECT u.id FROM link_decision u WHERE u.workspace_id = $1 "
        "AND u.undoes = d.id AND u.decided_at <= coalesce($3::timestamptz, 'infinity')) AS undone_by "
        "FROM link_decision d WHERE d.workspace_id = $1 AND d.decided_at <= coalesce($3::timestamptz, 'infinity') "
        "AND (d.contact_a = ANY($2::uuid[]) OR d.contact_b = ANY($2::uuid[])) ORDER BY d.position",
        workspace,
        ends,
        as_of,
    )
