"""Every statement about saved views."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

_VIEW = "v.id, v.owner, v.audience, v.team, v.name, v.filters, v.sort, v.columns, v.created_at, v.changed_at"
_SEEN = (
    "(v.owner = $2 OR v.audience = 'workspace' OR v.audience = 'team' AND ($4 OR EXISTS (SELECT FROM team_member m "
    "WHERE m.workspace_id = $1 AND m.team = v.team AND m.agent_id = $3::uuid)))"
)


async def seen(db: Db, workspace: UUID, owner: str, agent: UUID | None, every_team: bool) -> list[Row]:
    """The views that somebody sees: own ones, those of a team that the agent is in or of every team, and everybody's;
    in order of name."""
    return await db.fetch(
        f"SELECT {_VIEW} FROM saved_view v WHERE v.workspace_id = $1 AND {_SEEN} ORDER BY v.name, v.id",
        workspace,
        owner,
        agent,
        every_team,
    )


async def one(db: Db, workspace: UUID, owner: str, agent: UUID | None, every_team: bool, view: UUID) -> Row | None:
    """One of them."""
    return await db.fetchrow(
        f"SELECT {_VIEW} FROM saved_view v WHERE v.workspace_id = $1 AND {_SEEN} AND v.id = $5",
        workspace,
        owner,
        agent,
        every_team,
        view,
    )


async def how_many(db: Db, workspace: UUID, owner: str) -> tuple[int, int]:
    """Own views of somebody, and all that are shared."""
    row = await db.fetchrow(
        "SELECT count(*) FILTER (WHERE audience = 'own' AND owner = $2) AS own, "
        "count(*) FILTER (WHERE audience <> 'own') AS common FROM saved_view WHERE workspace_id = $1",
        workspace,
        owner,
    )
    assert row is not None
    return row["own"], row["common"]


async def put(
    db: Db,
    workspace: UUID,
    view: UUID,
    *,
    owner: str,
    audience: str,
    team: str | None,
    name: str,
    filters: bytes,
    sort: str,
    columns: Sequence[str],
) -> None:
    """A new view, or one as it is from now on; whose it is stays."""
    await db.execute(
        "INSERT INTO saved_view (workspace_id, id, owner, audience, team, name, filters, sort, columns, created_at, "
        "changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), now()) ON CONFLICT (workspace_id, id) "
        "DO UPDATE SET audience = excluded.audience, team = excluded.team, name = excluded.name, "
        "filters = excluded.filters, sort = excluded.sort, columns = excluded.columns, changed_at = now()",
        workspace,
        view,
        owner,
        audience,
        team,
        name,
        filters,
        sort,
        list(columns),
    )


async def remove(db: Db, workspace: UUID, view: UUID) -> None:
    await db.execute("DELETE FROM saved_view WHERE workspace_id = $1 AND id = $2", workspace, view)
