"""Real databases for tests: one server a run shared by all workers, one migrated template, one clone a test.

A test that asks for no database starts none.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from app.embedded import EmbeddedDatabase, attach
from app.migrate import migrate

# Here, where none of them can have been imported yet: the first directory to import one differs by what is collected.
pytest.register_assert_rewrite(
    "tests.laws.evidence_history",
    "tests.laws.evidence_oracle",
    "tests.laws.history",
    "tests.laws.ticket_history",
    "tests.laws.ticket_telling",
    "tests.laws.world",
)

APP_PASSWORD = "app-password"
REPORTS_PASSWORD = "reports-password"
TEMPLATE = "tl_template"


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """A migrated database of a test's own; the admin is a superuser, the others are as in production."""

    name: str
    admin_dsn: str
    app_dsn: str
    reports_dsn: str


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedDatabase]:
    """The run's server, without fsync: the last worker to let go of it stops it and removes it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"p{os.getpid()}")
    home = Path(tempfile.gettempdir()) / f"throughline-tests-{run[:12]}"  # not below pytest's: PostgreSQL must get in
    server = attach(home, fsync=False)
    yield server
    if server.close():
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template(postgres: EmbeddedDatabase) -> str:
    """The name of a migrated database that nobody is connected to."""
    with (postgres.home / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(_make_template(postgres))
    return TEMPLATE


@pytest.fixture
def database(postgres: EmbeddedDatabase, template: str) -> Iterator[Database]:
    yield from cloned(postgres, template)


@pytest.fixture(scope="module")
def database_of_module(postgres: EmbeddedDatabase, template: str) -> Iterator[Database]:
    yield from cloned(postgres, template)


def cloned(postgres: EmbeddedDatabase, template: str) -> Iterator[Database]:
    name = f"t_{uuid.uuid4().hex}"
    asyncio.run(_say(postgres, f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield Database(
        name=name,
        admin_dsn=postgres.database_url(database=name),
        app_dsn=postgres.database_url("throughline_app", APP_PASSWORD, name),
        reports_dsn=postgres.database_url("throughline_reports", REPORTS_PASSWORD, name),
    )
    asyncio.run(_say(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


async def _make_template(postgres: EmbeddedDatabase) -> None:
    if await _say(postgres, "SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE):
        return
    raw = f"{TEMPLATE}_raw"  # a worker that dies on the way leaves this name, and never a half template
    await _say(postgres, f"DROP DATABASE IF EXISTS {raw}")
    await _say(postgres, f"CREATE DATABASE {raw}")
    await migrate(postgres.database_url(database=raw), APP_PASSWORD, REPORTS_PASSWORD)
    await _say(postgres, f"ALTER DATABASE {raw} RENAME TO {TEMPLATE}")


async def _say(postgres: EmbeddedDatabase, statement: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(postgres.database_url())
    try:
        if values:
            return await connection.fetch(statement, *values)
        await connection.execute(statement)
        return []
    finally:
        await connection.close()
