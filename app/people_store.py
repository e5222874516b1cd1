"""Every statement about agents as people at a desk, their teams, and the queues in which tickets wait."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

_AGENT = (
    "a.id, a.email, a.name, a.role, a.state, a.state_until, a.zone, a.calendar, a.created_at, a.disabled_at, "
    "a.left_because, a.mails, ARRAY(SELECT m.team FROM team_member m WHERE m.workspace_id = $1 AND m.agent_id = a.id "
    "ORDER BY m.team) AS teams, (SELECT count(*) FROM ticket t WHERE t.workspace_id = $1 AND t.assignee = a.id "
    "AND t.is_open AND t.joined_into IS NULL) AS holds, now() AS now"
)


async def agents(
    db: Db, workspace: UUID, team: str | None, disabled: bool | None, after: UUID | None, limit: int
) -> list[Row]:
    """In order of id; of one team, working or not, where that is said."""
    return await db.fetch(
        f"SELECT {_AGENT} FROM agent a WHERE a.workspace_id = $1 AND ($2::uuid IS NULL OR a.id > $2) "
        "AND ($3::text IS NULL OR EXISTS (SELECT FROM team_member m WHERE m.workspace_id = $1 AND m.team = $3 "
        "AND m.agent_id = a.id)) AND ($4::boolean IS NULL OR (a.disabled_at IS NOT NULL) = $4) ORDER BY a.id LIMIT $5",
        workspace,
        after,
        team,
        disabled,
        limit,
    )


async def agent(db: Db, workspace: UUID, agent: UUID) -> Row | None:
    return await db.fetchrow(f"SELECT {_AGENT} FROM agent a WHERE a.workspace_id = $1 AND a.id = $2", workspace, agent)


async def agent_by_email(db: Db, workspace: UUID, email: str) -> UUID | None:
    return await db.fetchval("SELECT id FROM agent WHERE workspace_id = $1 AND email = $2", workspace, email)


async def notice(db: Db, workspace: UUID, agent: UUID, event: UUID) -> Row | None:
    """The ticket in which the agent was told of an event."""
    return await db.fetchrow(
        "SELECT ticket_id FROM notification WHERE workspace_id = $1 AND agent_id = $2 AND event_id = $3 LIMIT 1",
        workspace,
        agent,
        event,
    )


async def lock_agent(db: Db, workspace: UUID, agent: UUID) -> bool:
    """Keep every other change of the agent waiting; whether there is one."""
    found = await db.fetchval("SELECT id FROM agent WHERE workspace_id = $1 AND id = $2 FOR UPDATE", workspace, agent)
    return found is not None


async def change_agent(db: Db, workspace: UUID, agent: UUID, name: str, role: str, zone: str | None) -> None:
    """Who is to be something else signs in again: a session is of the role that it began with."""
    await db.execute(
        "WITH ended AS (UPDATE api_key SET revoked_at = now() WHERE workspace_id = $1 AND agent_id = $2 AND session "
        "AND role <> $4 AND revoked_at IS NULL) "
        "UPDATE agent SET name = $3, role = $4, zone = $5 WHERE workspace_id = $1 AND id = $2",
        workspace,
        agent,
        name,
        role,
        zone,
    )


async def calendars_in_use(db: Db, workspace: UUID) -> list[Row]:
    return await db.fetch(
        "SELECT DISTINCT ON (calendar) calendar, name FROM agent WHERE workspace_id = $1 AND calendar IS NOT NULL "
        "AND disabled_at IS NULL ORDER BY calendar, id",
        workspace,
    )


async def set_calendar(db: Db, workspace: UUID, agent: UUID, calendar: str | None) -> None:
    await db.execute("UPDATE agent SET calendar = $3 WHERE workspace_id = $1 AND id = $2", workspace, agent, calendar)


async def set_state(db: Db, workspace: UUID, agent: UUID, state: str, until: datetime | None) -> None:
    await db.execute(
        "UPDATE agent SET state = $3, state_until = $4 WHERE workspace_id = $1 AND id = $2",
        workspace,
        agent,
        state,
        until,
    )


async def disable_agent(db: Db, workspace: UUID, agent: UUID, because: str | None) -> None:
    """From now on the agent does not work here, and its keys do not hold."""
    await db.execute(
        "WITH gone AS (UPDATE agent SET disabled_at = coalesce(disabled_at, now()), left_because = $3, "
        "state = 'offline', state_until = NULL WHERE workspace_id = $1 AND id = $2) "
        "UPDATE api_key SET revoked_at = now() WHERE workspace_id = $1 AND agent_id = $2 AND revoked_at IS NULL",
        workspace,
        agent,
        because,
    )


async def enable_agent(db: Db, workspace: UUID, agent: UUID) -> None:
    await db.execute(
        "UPDATE agent SET disabled_at = NULL, left_because = NULL WHERE workspace_id = $1 AND id = $2",
        workspace,
        agent,
    )


async def set_mails(db: Db, workspace: UUID, agent: UUID, mails: str) -> None:
    await db.execute("UPDATE agent SET mails = $3 WHERE workspace_id = $1 AND id = $2", workspace, agent, mails)


async def put_in_teams(db: Db, workspace: UUID, agent: UUID, teams: Sequence[str]) -> None:
    """In these teams and no other."""
    await db.execute(
        "WITH gone AS (DELETE FROM team_member WHERE workspace_id = $1 AND agent_id = $2 AND team <> ALL($3::text[])) "
        "INSERT INTO team_member (workspace_id, team, agent_id) SELECT $1, k.team, $2 FROM unnest($3) AS k(team) "
        "ON CONFLICT DO NOTHING",
        workspace,
        agent,
        list(teams),
    )


# -- teams -----------------------------------------------------------------------------------------------------------

_TEAM = (
    "t.key, t.name, t.created_at, ARRAY(SELECT m.agent_id FROM team_member m WHERE m.workspace_id = $1 "
    "AND m.team = t.key ORDER BY m.agent_id) AS members, ARRAY(SELECT q.key FROM queue q WHERE q.workspace_id = $1 "
    "AND q.team = t.key ORDER BY q.place, q.key) AS queues"
)


async def teams(db: Db, workspace: UUID) -> list[Row]:
    return await db.fetch(f"SELECT {_TEAM} FROM team t WHERE t.workspace_id = $1 ORDER BY t.key", workspace)


async def team(db: Db, workspace: UUID, key: str) -> Row | None:
    return await db.fetchrow(f"SELECT {_TEAM} FROM team t WHERE t.workspace_id = $1 AND t.key = $2", workspace, key)


async def known_teams(db: Db, workspace: UUID, keys: Sequence[str]) -> set[str]:
    """Those of some that are there, none of which can go before this transaction ends."""
    rows = await db.fetch(
        "SELECT key FROM team WHERE workspace_id = $1 AND key = ANY($2::text[]) FOR SHARE", workspace, list(keys)
    )
    return {row["key"] for row in rows}


async def add_team(db: Db, workspace: UUID, key: str, name: str) -> bool:
    """False where the key is taken."""
    done = await db.execute(
        "INSERT INTO team (workspace_id, key, name, created_at) VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING",
        workspace,
        key,
        name,
    )
    return done.endswith("1")


async def rename_team(db: Db, workspace: UUID, key: str, name: str) -> bool:
    """False where there is none."""
    done = await db.execute("UPDATE team SET name = $3 WHERE workspace_id = $1 AND key = $2", workspace, key, name)
    return done.endswith("1")


async def fill_team(db: Db, workspace: UUID, key: str, members: Sequence[UUID]) -> None:
    """These agents and no other."""
    await db.execute(
        "WITH gone AS (DELETE FROM team_member WHERE workspace_id = $1 AND team = $2 AND agent_id <> ALL($3::uuid[])) "
        "INSERT INTO team_member (workspace_id, team, agent_id) SELECT $1, $2, k.id FROM unnest($3) AS k(id) "
        "ON CONFLICT DO NOTHING",
        workspace,
        key,
        list(members),
    )


async def remove_team(db: Db, workspace: UUID, key: str) -> None:
    """The team, who is in it, and the views that only it saw."""
    await db.execute(
        "WITH members AS (DELETE FROM team_member WHERE workspace_id = $1 AND team = $2), "
        "views AS (DELETE FROM saved_view WHERE workspace_id = $1 AND team = $2) "
        "DELETE FROM team WHERE workspace_id = $1 AND key = $2",
        workspace,
        key,
    )


# -- queues ----------------------------------------------------------------------------------------------------------

_QUEUE = "q.key, q.name, q.team, q.place, q.created_at"


async def queues(db: Db, workspace: UUID) -> list[Row]:
    return await db.fetch(f"SELECT {_QUEUE} FROM queue q WHERE q.workspace_id = $1 ORDER BY q.place, q.key", workspace)


async def queue(db: Db, workspace: UUID, key: str) -> Row | None:
    return await db.fetchrow(f"SELECT {_QUEUE} FROM queue q WHERE q.workspace_id = $1 AND q.key = $2", workspace, key)


async def put_queue(db: Db, workspace: UUID, key: str, name: str, team: str | None, place: int, *, new: bool) -> bool:
    """A new queue, or one as it is from now on; False where the key is taken, or there is none."""
    values: list[Any] = [workspace, key, name, team, place]
    if new:
        done = await db.execute(
            "INSERT INTO queue (workspace_id, key, name, team, place, created_at) "
            "VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT DO NOTHING",
            *values,
        )
    else:
        done = await db.execute(
            "UPDATE queue SET name = $3, team = $4, place = $5 WHERE workspace_id = $1 AND key = $2", *values
        )
    return done.endswith("1")


async def remove_queue(db: Db, workspace: UUID, key: str) -> None:
    await db.execute("DELETE FROM queue WHERE workspace_id = $1 AND key = $2", workspace, key)
