"""Every statement about passwords, links to sign in by, tries in vain, and sessions."""

from datetime import datetime
from typing import Final
from uuid import UUID

from app.store import Db, Row

IDLE_HOURS: Final = 24
"""A session that nobody used for so long has ended."""

_SESSION: Final = (
    "session AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) "
    f"AND coalesce(last_used_at, created_at) > now() - interval '{IDLE_HOURS} hours'"
)


async def agent_by_email(db: Db, workspace: UUID, email: str) -> Row | None:
    """Who works here under this address, with the hash of the password, if one was set."""
    return await db.fetchrow(
        "SELECT a.id, a.name, a.email, a.role, p.hash FROM agent a LEFT JOIN agent_password p "
        "ON p.workspace_id = a.workspace_id AND p.agent_id = a.id "
        "WHERE a.workspace_id = $1 AND a.email = $2 AND a.disabled_at IS NULL",
        workspace,
        email,
    )


async def agent(db: Db, workspace: UUID, agent_id: UUID) -> Row | None:
    """Who works here now."""
    return await db.fetchrow(
        "SELECT id, name, email, role, zone FROM agent WHERE workspace_id = $1 AND id = $2 AND disabled_at IS NULL",
        workspace,
        agent_id,
    )


async def set_password(db: Db, workspace: UUID, agent_id: UUID, hashed: str, now: datetime) -> None:
    """From now on only this one; links that were waiting are used up."""
    await db.execute(
        "WITH spent AS (DELETE FROM sign_in_link WHERE workspace_id = $1 AND agent_id = $2) "
        "INSERT INTO agent_password (workspace_id, agent_id, hash, set_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (workspace_id, agent_id) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at",
        workspace,
        agent_id,
        hashed,
        now,
    )


async def better_hash(db: Db, workspace: UUID, agent_id: UUID, old: str, hashed: str) -> None:
    """The same password, hashed with today's parameters."""
    await db.execute(
        "UPDATE agent_password SET hash = $4 WHERE workspace_id = $1 AND agent_id = $2 AND hash = $3",
        workspace,
        agent_id,
        old,
        hashed,
    )


async def add_link(
    db: Db, workspace: UUID, agent_id: UUID, purpose: str, digest: bytes, now: datetime, until: datetime
) -> None:
    """Links of before hold no more."""
    await db.execute("DELETE FROM sign_in_link WHERE workspace_id = $1 AND agent_id = $2", workspace, agent_id)
    await db.execute(
        "INSERT INTO sign_in_link (workspace_id, digest, agent_id, purpose, made_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        workspace,
        digest,
        agent_id,
        purpose,
        now,
        until,
    )


async def link(db: Db, workspace: UUID, digest: bytes, now: datetime, *, take: bool) -> Row | None:
    """Whose link this is, if it holds and its agent works here; with `take` nobody else can use it meanwhile."""
    return await db.fetchrow(
        "SELECT l.agent_id, l.purpose, a.email, a.name FROM sign_in_link l JOIN agent a "
        "ON a.workspace_id = l.workspace_id AND a.id = l.agent_id AND a.disabled_at IS NULL "
        f"WHERE l.workspace_id = $1 AND l.digest = $2 AND l.expires_at > $3{' FOR UPDATE OF l' if take else ''}",
        workspace,
        digest,
        now,
    )


async def tries(db: Db, workspace: UUID, names: list[bytes]) -> list[Row]:
    return await db.fetch(
        "SELECT name, tries, last_at FROM sign_in_try WHERE workspace_id = $1 AND name = ANY($2)", workspace, names
    )


async def count_try(db: Db, workspace: UUID, names: list[bytes], now: datetime, since: datetime) -> None:
    """One more in vain, counted anew where the last was before `since`."""
    await db.execute(
        "INSERT INTO sign_in_try AS t (workspace_id, name, tries, last_at) SELECT $1, name, 1, $3 "
        "FROM unnest($2::bytea[]) AS n(name) ORDER BY name ON CONFLICT (workspace_id, name) DO UPDATE "
        "SET tries = CASE WHEN t.last_at < $4 THEN 1 ELSE t.tries + 1 END, last_at = excluded.last_at",
        workspace,
        names,
        now,
        since,
    )


async def forget_tries(db: Db, workspace: UUID, names: list[bytes], before: datetime) -> None:
    """Of these, and whatever is old."""
    await db.execute(
        "DELETE FROM sign_in_try WHERE workspace_id = $1 AND (name = ANY($2) OR last_at < $3)", workspace, names, before
    )


async def add_session(
    db: Db, workspace: UUID, session: UUID, *, digest: bytes, agent_id: UUID, device: str, until: datetime
) -> str | None:
    """The role that the agent has now; None for who works here no more."""
    return await db.fetchval(
        "INSERT INTO api_key (workspace_id, id, name, role, hash, hint, proves, rate, created_at, created_by, "
        "expires_at, agent_id, session, device) SELECT $1, $2, 'session', role, $3, '', '{}', 0, now(), "
        "'agent:' || id, $5, id, true, $6 FROM agent WHERE workspace_id = $1 AND id = $4 AND disabled_at IS NULL "
        "RETURNING role",
        workspace,
        session,
        digest,
        agent_id,
        until,
        device,
    )


async def sessions(db: Db, workspace: UUID, agent_id: UUID) -> list[Row]:
    """Those that hold, the one used last first."""
    return await db.fetch(
        "SELECT id, device, created_at, coalesce(last_used_at, created_at) AS used_at FROM api_key "
        f"WHERE workspace_id = $1 AND agent_id = $2 AND {_SESSION} ORDER BY used_at DESC, id",
        workspace,
        agent_id,
    )


async def end_sessions(
    db: Db, workspace: UUID, agent_id: UUID, only: UUID | None = None, but: UUID | None = None
) -> int:
    done = await db.execute(
        "UPDATE api_key SET revoked_at = now() WHERE workspace_id = $1 AND agent_id = $2 AND session "
        "AND revoked_at IS NULL AND ($3::uuid IS NULL OR id = $3) AND ($4::uuid IS NULL OR id <> $4)",
        workspace,
        agent_id,
        only,
        but,
    )
    return int(done.rpartition(" ")[2])
