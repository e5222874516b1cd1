"""Bringing a database to this version: roles, then Piccolo's migrations, in one transaction under one lock.

Killed in the middle it leaves nothing behind; run twice at once, the second finds nothing to do.
"""

import contextlib
import importlib
import io
import os
from typing import Any, Final

import asyncpg

from app.migrations import IDS

LOCK: Final = 0x7468726F7567686C
ROLES: Final = {
    "throughline_owner": "NOLOGIN",
    "throughline_app": "LOGIN",
    "throughline_reports": "LOGIN",
    "throughline_search": "NOLOGIN",
}
APP_SETTINGS: Final = {
    "idle_in_transaction_session_timeout": "20s",
    "statement_timeout": "60s",
    "lock_timeout": "20s",
    # A plan made for one workspace's values takes a workspace that the statistics have not met for a single row, and
    # reads it whole by whichever index begins with it (measured: 26 ms for 0.6). Plans are made without the values.
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "timezone": "UTC",
}


class MigrationFailed(RuntimeError):
    """The database could not be brought to this version; nothing was changed."""


async def pending(dsn: str) -> list[str]:
    """The ids of the migrations that this database has not seen. Needs no right but to connect."""
    connection = await asyncpg.connect(dsn)
    try:
        return await _pending(connection)
    finally:
        await connection.close()


async def _pending(connection: asyncpg.Connection) -> list[str]:
    if await connection.fetchval("SELECT to_regclass('public.migration')") is None:
        return list(IDS)
    done = {row["name"] for row in await connection.fetch("SELECT name FROM migration WHERE app_name = 'app'")}
    return [one for one in IDS if one not in done]


async def migrate(admin_dsn: str, app_password: str, reports_password: str, last: str = "all") -> list[str]:
    """Bring the database to this version, or up to its migration `last`; the ids of the migrations that were missing.

    `admin_dsn` names a user who may create roles and tables. Raises `MigrationFailed`."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
        await _make_roles(connection, {"throughline_app": app_password, "throughline_reports": reports_password})
        todo = await _pending(connection)
        if todo:
            await _run_piccolo(admin_dsn, last)
        await connection.execute("GRANT SELECT ON migration TO throughline_app")
        return todo
    finally:
        await connection.close()


async def _make_roles(connection: asyncpg.Connection, passwords: dict[str, str]) -> None:
    """Roles belong to the whole server, so several databases on it may make them at once."""
    for role, login in ROLES.items():
        with contextlib.suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            await connection.execute(f"CREATE ROLE {role} {login} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
    for role, password in passwords.items():
        quoted = await connection.fetchval("SELECT quote_literal($1)", password)
        await _when_free(connection, f"ALTER ROLE {role} PASSWORD {quoted}")
    for setting, value in APP_SETTINGS.items():
        await _when_free(connection, f"ALTER ROLE throughline_app SET {setting} = '{value}'")
    await _when_free(connection, "GRANT throughline_owner TO CURRENT_USER")
    await connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO throughline_owner")
    await connection.execute("GRANT USAGE ON SCHEMA public TO throughline_app, throughline_reports, throughline_search")


async def _when_free(connection: asyncpg.Connection, statement: str) -> None:
    """Run a statement on a role, again while another database's migration changes the same role."""
    for attempt in range(20):
        try:
            await connection.execute(statement)
            return
        except asyncpg.InternalServerError as error:
            if "concurrently" not in str(error) or attempt == 19:
                raise


async def _run_piccolo(admin_dsn: str, last: str) -> None:
    os.environ["PICCOLO_CONF"] = "app.piccolo_conf"
    engine_module = importlib.import_module("piccolo.engine.postgres")
    conf: Any = importlib.import_module("app.piccolo_conf")
    forwards = importlib.import_module("piccolo.apps.migrations.commands.forwards")
    tables: Any = importlib.import_module("piccolo.apps.migrations.tables")
    conf.DB = engine_module.PostgresEngine(config={"dsn": admin_dsn})
    tables.Migration._meta.db = conf.DB  # Piccolo's own table keeps the engine that it met first
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        async with conf.DB.transaction():
            result = await forwards.ForwardsMigrationManager(app_name="app", migration_id=last).run()
            if not result.success:
                raise MigrationFailed(result.message or said.getvalue())
