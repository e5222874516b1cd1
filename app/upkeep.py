"""The operator's statements: is this database one that keeps what it is given, and what keeps it in order?"""

from typing import Final
from uuid import UUID

import asyncpg

from identity.customers import DESK_SOURCE

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
OLDEST: Final = 160_000
"""The oldest server that will do, as PostgreSQL numbers itself."""


async def unsafe_settings(db: Db) -> list[str]:
    """The settings of this very connection under which an answered request may be lost."""
    rows = await db.fetch(
        "SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[]) AND setting = 'off' ORDER BY name",
        list(DURABLE),
    )
    return [f"{row['name']} = {row['setting']}" for row in rows]


async def server_version(db: Db) -> tuple[int, str]:
    """The server's version as a number to compare and as words."""
    row = await db.fetchrow(
        "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS words"
    )
    assert row is not None
    return row["number"], row["words"]


async def horizon_age(db: Db) -> float:
    """Seconds since the oldest transaction began that holds back every follower (0 where none does)."""
    age = await db.fetchval(
        "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity "
        "WHERE backend_xid IS NOT NULL AND datname = current_database()"
    )
    assert isinstance(age, float)
    return age


async def may_bypass(db: Db) -> bool:
    """Whether this connection's role would walk through the wall between workspaces."""
    return await db.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") is True


async def contacts_for_export(db: Db, workspace: UUID, after: UUID, limit: int) -> list[Row]:
    """Contacts of sources (the desk's own are left out) with the source ids that came in by each, in order of id."""
    return await db.fetch(
        "SELECT c.source, c.source_key AS key, c.id AS contact_id, c.customer_id, c.grade, ARRAY(SELECT e.source_id "
        "FROM event e WHERE e.workspace_id = $1 AND e.contact_id = c.id AND e.source_id IS NOT NULL "
        "ORDER BY e.shown_at, e.position) AS source_ids FROM contact c WHERE c.workspace_id = $1 AND c.source <> $4 "
        "AND c.id > $2 ORDER BY c.id LIMIT $3",
        workspace,
        after,
        limit,
        DESK_SOURCE,
    )


async def has_customers(db: Db, workspace: UUID) -> bool:
    return await db.fetchval("SELECT EXISTS (SELECT FROM customer WHERE workspace_id = $1)", workspace) is True


async def contact_counts(db: Db, workspace: UUID) -> tuple[int, int]:
    """How many contacts and customers there are, for words at the end of a long piece of work."""
    row = await db.fetchrow(
        "SELECT count(*) AS contacts, count(DISTINCT customer_id) AS customers FROM contact WHERE workspace_id = $1",
        workspace,
    )
    assert row is not None
    return row["contacts"], row["customers"]


async def analyze_young_tables(db: Db) -> int:
    """Statistics for tables that have grown since their last: until then plans read a workspace whole."""
    return int(await db.fetchval("SELECT analyze_young_tables()") or 0)
