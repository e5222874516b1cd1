"""Running hand-written DDL inside a Piccolo migration."""

from piccolo.engine.finder import engine_finder
from piccolo.engine.postgres import PostgresEngine


async def run_script(script: str) -> None:
    """Run a script of statements on the migration's own connection, in its transaction."""
    engine = engine_finder()
    assert isinstance(engine, PostgresEngine)
    transaction = engine.current_transaction.get()
    assert transaction is not None
    await transaction.connection.execute(script)
