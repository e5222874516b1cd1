"""Running hand-written DDL inside a Piccolo migration, and the wall around each workspace's rows.

Released migrations go through these functions: what they do may not change.
"""

from collections.abc import Sequence

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine.finder import engine_finder
from piccolo.engine.postgres import PostgresEngine


def scripted(migration_id: str, description: str, scripts: Sequence[str]) -> MigrationManager:
    """A migration that runs scripts as the owner, in their order."""
    manager = MigrationManager(migration_id=migration_id, app_name="app", description=description)

    async def run() -> None:
        for script in ("SET LOCAL ROLE throughline_owner", *scripts, "RESET ROLE"):
            await run_script(script)

    manager.add_raw(run)
    return manager


async def run_script(script: str) -> None:
    """Run a script of statements on the migration's own connection, in its transaction."""
    engine = engine_finder()
    assert isinstance(engine, PostgresEngine)
    transaction = engine.current_transaction.get()
    assert transaction is not None
    await transaction.connection.execute(script)


def wall(table: str, rights: str, *, reported: bool = True) -> str:
    """Row-level security on the workspace, for the owner too, and the rights of the application and, where it is
    `reported`, of reports. The planner is told that a workspace by itself selects nothing, so that it never takes an
    index for its first column alone."""
    reports = f"GRANT SELECT ON {table} TO throughline_reports;" if reported else ""
    return f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
    ALTER TABLE {table} ALTER COLUMN workspace_id SET (n_distinct = 1);
    CREATE POLICY workspace_wall ON {table}
      USING (workspace_id = nullif(current_setting('tl.workspace', true), '')::uuid);
    GRANT {rights} ON {table} TO throughline_app;
    {reports}"""
