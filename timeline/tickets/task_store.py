"""Every statement about tasks, about who follows a ticket, and about what agents are to hear of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from timeline.store import Db, Row

_TASK: Final = (
    "t.id, t.ticket_id, t.owner_id, t.due_at, t.done_at, t.done_by, t.created_at, t.created_by, "
    "(SELECT e.data->>'title' FROM event e WHERE e.workspace_id = $1 AND e.id = t.id) AS title, "
    "(SELECT n.number FROM ticket_number n WHERE n.workspace_id = $1 AND n.ticket_id = t.ticket_id) AS number"
)


# -- tasks -----------------------------------------------------------------------------------------------------------


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks: of an owner or of nobody, of some tickets, done or not, due before a moment. `after` is where the
    page before ended."""

    owner: UUID | None = None
    unowned: bool = False
    tickets: Sequence[UUID] | None = None
    done: bool | None = False
    due_before: datetime | None = None
    after: tuple[datetime | None, UUID] | None = None
    limit: int = 50


async def add_task(
    db: Db,
    workspace: WorkspaceId,
    task: UUID,
    ticket: UUID,
    *,
    owner: UUID | None,
    due_at: datetime | None,
    now: datetime,
    by: str,
) -> None:
    await db.execute(
        "INSERT INTO ticket_task (workspace_id, id, ticket_id, owner_id, due_at, created_at, created_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        workspace,
        task,
        ticket,
        owner,
        due_at,
        now,
        by,
    )


async def task(db: Db, workspace: WorkspaceId, task: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_TASK} FROM ticket_task t WHERE t.workspace_id = $1 AND t.id = $2", workspace, task
    )


async def change_task(
    db: Db, workspace: WorkspaceId, task: UUID, *, owner: UUID | None, due_at: datetime | None
) -> None:
    """One that is due at another time is told of again."""
    await db.execute(
        "UPDATE ticket_task SET owner_id = $3, told_at = CASE WHEN due_at IS DISTINCT FROM $4 THEN NULL "
        "ELSE told_at END, due_at = $4 WHERE workspace_id = $1 AND id = $2",
        workspace,
        task,
        owner,
        due_at,
    )


async def end_task(db: Db, workspace: WorkspaceId, task: UUID, *, done_at: datetime | None, by: str | None) -> None:
    await db.execute(
        "UPDATE ticket_task SET done_at = $3, done_by = $4 WHERE workspace_id = $1 AND id = $2",
        workspace,
        task,
        done_at,
        by,
    )


async def tasks(db: Db, workspace: WorkspaceId, asked: TaskFilter) -> list[Row]:
    """Tasks, what is due first first; those that are due at no time last."""
    due, last = asked.after or (None, None)
    return await db.fetch(
        f"SELECT {_TASK} FROM ticket_task t WHERE t.workspace_id = $1 AND ($2::uuid IS NULL OR t.owner_id = $2) "
        "AND (NOT $3 OR t.owner_id IS NULL) AND ($4::uuid[] IS NULL OR t.ticket_id = ANY($4)) "
        "AND ($5::bool IS NULL OR (t.done_at IS NOT NULL) = $5) AND ($6::timestamptz IS NULL OR t.due_at < $6) "
        "AND ($8::uuid IS NULL OR (coalesce(t.due_at, 'infinity'), t.id) > "
        "(coalesce($7::timestamptz, 'infinity'), $8)) "
        "ORDER BY coalesce(t.due_at, 'infinity'), t.id LIMIT $9",
        workspace,
        asked.owner,
        asked.unowned,
        None if asked.tickets is None else list(asked.tickets),
        asked.done,
        asked.due_before,
        due,
        last,
        asked.limit,
    )


async def tell_due(db: Db, workspace: WorkspaceId, now: datetime, limit: int) -> list[Row]:
    """Mark tasks as told of whose time has come; each once, whoever asks at the same time."""
    return await db.fetch(
        "UPDATE ticket_task t SET told_at = $2 FROM (SELECT id FROM ticket_task WHERE workspace_id = $1 "
        "AND done_at IS NULL AND due_at <= $2 AND told_at IS NULL ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) "
        "AS k WHERE t.workspace_id = $1 AND t.id = k.id RETURNING t.id, t.ticket_id, t.owner_id",
        workspace,
        now,
        limit,
    )


# -- followers -------------------------------------------------------------------------------------------------------


async def follow(db: Db, workspace: WorkspaceId, ticket: UUID, agent: UUID, now: datetime) -> None:
    await db.execute(
        "INSERT INTO ticket_follower (workspace_id, ticket_id, agent_id, since) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING",
        workspace,
        ticket,
        agent,
        now,
    )


async def unfollow(db: Db, workspace: WorkspaceId, tickets: Sequence[UUID], agent: UUID) -> None:
    await db.execute(
        "DELETE FROM ticket_follower WHERE workspace_id = $1 AND ticket_id = ANY($2::uuid[]) AND agent_id = $3",
        workspace,
        tickets,
        agent,
    )


async def followers(db: Db, workspace: WorkspaceId, tickets: Sequence[UUID]) -> list[Row]:
    return await db.fetch(
        "SELECT f.agent_id, min(f.since) AS since FROM ticket_follower f WHERE f.workspace_id = $1 "
        "AND f.ticket_id = ANY($2::uuid[]) GROUP BY f.agent_id ORDER BY since, f.agent_id",
        workspace,
        tickets,
    )


async def followed(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> list[Row]:
    """Who follows the tickets that some events belong to, or a part of one of them."""
    return await db.fetch(
        "SELECT i.event_id, i.ticket_id, f.agent_id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT "
        "event_id, ticket_id FROM ticket_item WHERE workspace_id = $1 AND event_id = k.id OFFSET 0) AS i "
        "CROSS JOIN LATERAL (SELECT agent_id FROM ticket_follower WHERE workspace_id = $1 AND ticket_id = i.ticket_id "
        "UNION SELECT o.agent_id FROM ticket p JOIN ticket_follower o ON o.workspace_id = $1 AND o.ticket_id = p.id "
        "WHERE p.workspace_id = $1 AND p.joined_into = i.ticket_id) AS f",
        workspace,
        events,
    )


async def having(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> list[Row]:
    """Who has the tickets that some events belong to, where nobody was given one since."""
    return await db.fetch(
        "SELECT i.event_id, i.ticket_id, t.assignee AS agent_id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL "
        "(SELECT event_id, ticket_id, position FROM ticket_item WHERE workspace_id = $1 AND event_id = k.id OFFSET 0) "
        "AS i JOIN ticket t ON t.workspace_id = $1 AND t.id = i.ticket_id AND t.assignee IS NOT NULL "
        "WHERE NOT EXISTS (SELECT FROM ticket_item j JOIN event e ON e.workspace_id = $1 AND e.id = j.event_id "
        "WHERE j.workspace_id = $1 AND j.ticket_id = i.ticket_id AND j.position > i.position "
        "AND e.type = 'TicketAssigned')",
        workspace,
        events,
    )


async def left_behind(db: Db, workspace: WorkspaceId, limit: int) -> list[UUID]:
    """Open tasks of agents who work here no more."""
    rows = await db.fetch(
        "SELECT k.id FROM agent a JOIN ticket_task k ON k.workspace_id = $1 AND k.owner_id = a.id "
        "AND k.done_at IS NULL WHERE a.workspace_id = $1 AND a.disabled_at IS NOT NULL ORDER BY k.id LIMIT $2",
        workspace,
        limit,
    )
    return [row["id"] for row in rows]


async def working(db: Db, workspace: WorkspaceId) -> list[Row]:
    """The agents who work here, with what they may be called."""
    return await db.fetch(
        "SELECT id, name, email FROM agent WHERE workspace_id = $1 AND disabled_at IS NULL ORDER BY id", workspace
    )


# -- notifications ---------------------------------------------------------------------------------------------------


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent is to hear of."""

    id: UUID
    agent_id: UUID
    kind: str
    ticket_id: UUID
    event_id: UUID
    actor: str
    made_at: datetime


async def add_notices(db: Db, workspace: WorkspaceId, notices: Sequence[Notice]) -> None:
    """Each once: the same agent hears of an event once for one reason."""
    if not notices:
        return
    columns: list[list[Any]] = [[getattr(one, name) for one in notices] for name in Notice.__struct_fields__]
    await db.execute(
        "INSERT INTO notification (workspace_id, id, agent_id, kind, ticket_id, event_id, actor, made_at) SELECT $1, "
        "k.* FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::timestamptz[]) "
        "AS k ON CONFLICT DO NOTHING",
        workspace,
        *columns,
    )


async def notices(
    db: Db, workspace: WorkspaceId, agent: UUID, *, unread: bool, before: UUID | None, limit: int
) -> list[Row]:
    """An agent's notifications, the newest first."""
    return await db.fetch(
        "SELECT n.id, n.kind, n.ticket_id, n.event_id, n.actor, n.made_at, n.read_at, (SELECT number "
        "FROM ticket_number WHERE workspace_id = $1 AND ticket_id = n.ticket_id) AS number FROM notification n "
        "WHERE n.workspace_id = $1 AND n.agent_id = $2 AND (NOT $3 OR n.read_at IS NULL) "
        "AND ($4::uuid IS NULL OR n.id < $4) "
        "ORDER BY n.id DESC LIMIT $5",
        workspace,
        agent,
        unread,
        before,
        limit,
    )


async def count_unread(db: Db, workspace: WorkspaceId, agent: UUID) -> int:
    found = await db.fetchval(
        "SELECT count(*) FROM notification WHERE workspace_id = $1 AND agent_id = $2 AND read_at IS NULL",
        workspace,
        agent,
    )
    return int(found or 0)


async def mark_read(
    db: Db, workspace: WorkspaceId, agent: UUID, ids: Sequence[UUID] | None, now: datetime
) -> list[UUID]:
    """Mark some of an agent's notifications as read, or all; returns which were not before."""
    rows = await db.fetch(
        "UPDATE notification SET read_at = $4 WHERE workspace_id = $1 AND agent_id = $2 AND read_at IS NULL "
        "AND ($3::uuid[] IS NULL OR id = ANY($3)) RETURNING id",
        workspace,
        agent,
        None if ids is None else list(ids),
        now,
    )
    return [row["id"] for row in rows]


async def known_notices(db: Db, workspace: WorkspaceId, agent: UUID, ids: Sequence[UUID]) -> int:
    found = await db.fetchval(
        "SELECT count(*) FROM notification WHERE workspace_id = $1 AND agent_id = $2 AND id = ANY($3::uuid[])",
        workspace,
        agent,
        ids,
    )
    return int(found or 0)
