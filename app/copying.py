"""Every statement of backup and restore: tables out and in, and what a restore does to epochs, numbers and statistics.

All of it is done as the owner of the tables, so that the administrator need not be a superuser: reading goes through
the wall workspace by workspace, and writing takes the wall down in the transaction that puts it up again.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import IO, Final
from uuid import UUID

import asyncpg
import msgspec

Db = asyncpg.Connection
Row = asyncpg.Record

OWNERS: Final = ("throughline_owner", "throughline_search")
SIGNED_IN: Final = ("throughline_app", "throughline_reports")
_OWNED: Final = "c.relnamespace = 'public'::regnamespace AND pg_get_userbyid(c.relowner) = 'throughline_owner'"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table as the catalog has it. `walled`: its rows belong to workspaces. `rows` is an estimate."""

    name: str
    columns: list[str]
    walled: bool
    rows: int


async def take_snapshot(db: Db) -> datetime:
    """Begin a transaction that sees this moment until its end; the moment."""
    await db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    moment = await db.fetchval("SELECT now()")
    assert isinstance(moment, datetime)
    return moment


async def become_owner(db: Db) -> None:
    """For the rest of the transaction, with all the time that it takes."""
    await db.execute(
        "SET LOCAL ROLE throughline_owner; SET LOCAL statement_timeout = 0; "
        "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; "
        "SET LOCAL extra_float_digits = 1"
    )


async def end_snapshot(db: Db) -> None:
    await db.execute("ROLLBACK")


async def is_there(db: Db) -> bool:
    """Whether this database has Throughline's tables."""
    return await db.fetchval("SELECT to_regclass('public.workspace') IS NOT NULL") is True


async def is_empty(db: Db) -> bool:
    """Whether nobody has worked in this database."""
    if not await is_there(db):
        return True
    return await db.fetchval("SELECT NOT EXISTS (SELECT FROM workspace)") is True


async def migrations(db: Db) -> list[str]:
    rows = await db.fetch("SELECT DISTINCT name FROM migration WHERE app_name = 'app' ORDER BY name")
    return [row["name"] for row in rows]


async def server_version(db: Db) -> str:
    return str(await db.fetchval("SELECT current_setting('server_version')"))


async def workspaces(db: Db) -> list[Row]:
    return await db.fetch("SELECT id, slug, epoch FROM workspace ORDER BY id")


async def tables(db: Db) -> list[Table]:
    """Every table of ours with its columns, in order of name."""
    rows = await db.fetch(
        "SELECT c.relname AS name, c.relrowsecurity AS walled, greatest(c.reltuples, 0)::bigint AS rows, "
        "ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 "
        "AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns "
        f"FROM pg_class c WHERE c.relkind = 'r' AND {_OWNED} ORDER BY c.relname"
    )
    return [Table(**dict(row)) for row in rows]


async def sequences(db: Db) -> dict[str, int]:
    """The last value of each sequence: of this very moment, whatever the snapshot says."""
    rows = await db.fetch(
        f"SELECT c.relname AS name, pg_sequence_last_value(c.oid) AS last FROM pg_class c WHERE c.relkind = 'S' "
        f"AND {_OWNED}"
    )
    return {row["name"]: row["last"] for row in rows if row["last"] is not None}


async def enter(db: Db, workspace: UUID | None) -> None:
    """See this workspace's rows from now on."""
    await db.execute("SELECT set_config('tl.workspace', $1, true)", str(workspace or ""))


async def copy_out(db: Db, table: Table, workspace: UUID | None, take: Callable[[bytes], Awaitable[None]]) -> None:
    """Hand a table's rows to `take` as COPY's text, those of one workspace where it has them."""
    rows = f"SELECT {_names(table.columns)} FROM {_name(table.name)}"
    if workspace is not None:
        rows += f" WHERE workspace_id = '{workspace}'"
    await db.copy_from_query(rows, output=take, format="text", encoding="utf8")


async def copy_in(db: Db, table: Table, columns: Sequence[str], rows: IO[bytes]) -> None:
    await db.copy_to_table(
        table.name, source=rows, columns=list(columns), schema_name="public", format="text", encoding="utf8"
    )


async def sessions(db: Db) -> int:
    """How many others are signed in to this database as server, worker or command line."""
    found = await db.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = ANY($1::text[])",
        list(SIGNED_IN),
    )
    return int(found or 0)


async def drop_everything(db: Db) -> None:
    """Take away all that Throughline made in this database, and nothing of others."""
    async with db.transaction():
        for role in OWNERS:
            if await db.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
                await db.execute(f"GRANT {role} TO CURRENT_USER; DROP OWNED BY {role} CASCADE")
        await db.execute("DROP TABLE IF EXISTS public.migration")


async def open_table(db: Db, table: Table) -> list[str]:
    """Take the wall down and the indexes that are no constraints; returns the statements that make these again."""
    if table.walled:
        await db.execute(f"ALTER TABLE {_name(table.name)} NO FORCE ROW LEVEL SECURITY")
    found = await db.fetch(
        "SELECT pg_get_indexdef(i.indexrelid) AS made, i.indexrelid::regclass::text AS name, "
        "format('COMMENT ON INDEX %s IS %L', i.indexrelid::regclass, obj_description(i.indexrelid, 'pg_class')) "
        "AS comment FROM pg_index i WHERE i.indrelid = $1::text::regclass AND NOT EXISTS (SELECT FROM pg_constraint k "
        "WHERE k.conindid = i.indexrelid)",
        f"public.{_name(table.name)}",
    )
    for row in found:
        await db.execute(f"DROP INDEX {row['name']}")
    return [statement for row in found for statement in (row["made"], row["comment"])]


async def close_table(db: Db, table: Table, indexes: Sequence[str]) -> None:
    for statement in indexes:
        await db.execute(statement)
    if table.walled:
        await db.execute(f"ALTER TABLE {_name(table.name)} FORCE ROW LEVEL SECURITY")


async def set_sequence(db: Db, sequence: str, last: int) -> None:
    await db.execute("SELECT setval($1::text::regclass, $2)", f"public.{_name(sequence)}", last)


async def begin_epoch(db: Db, epoch: int) -> None:
    """Let everything that is recorded from now on be behind everything that is there."""
    await db.execute("UPDATE workspace SET epoch = $1", epoch)


async def put_on_record(
    db: Db,
    workspace: UUID,
    restoration: UUID,
    *,
    epoch: int,
    backup: UUID,
    taken_at: datetime,
    actor: str,
    now: datetime,
) -> None:
    """The workspace is entered."""
    await db.execute(
        "INSERT INTO restoration (workspace_id, id, epoch, backup_id, taken_at, actor, restored_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        workspace,
        restoration,
        epoch,
        backup,
        taken_at,
        actor,
        now,
    )


async def sign_everybody_out(db: Db, workspace: UUID) -> None:
    """Sessions that ended after the backup do not come back, nor do links that were used. The workspace is entered."""
    await db.execute("DELETE FROM api_key WHERE workspace_id = $1 AND session", workspace)
    await db.execute("DELETE FROM sign_in_link WHERE workspace_id = $1", workspace)


async def skip_numbers(db: Db, workspace: UUID, how_many: int) -> None:
    """Leave out ticket numbers that may have been given since the backup. The workspace is entered."""
    await db.execute("UPDATE ticket_counter SET next = next + $2 WHERE workspace_id = $1", workspace, how_many)


async def last_seal(db: Db, workspace: UUID) -> int:
    """The workspace is entered."""
    found = await db.fetchval("SELECT max(number) FROM audit_seal WHERE workspace_id = $1", workspace)
    return int(found or 0)


async def analyze(db: Db, found: Sequence[Table]) -> None:
    """Statistics for the tables as they are."""
    await db.execute(
        f"SET ROLE throughline_owner; ANALYZE {', '.join(_name(table.name) for table in found)}; RESET ROLE"
    )


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _names(identifiers: Sequence[str]) -> str:
    return ", ".join(_name(one) for one in identifiers)
