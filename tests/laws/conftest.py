"""One clone of the migrated database for each module of laws: every history takes a workspace of its own."""

import asyncio
import uuid
from collections.abc import Iterator

import asyncpg
import pytest

from app.embedded import EmbeddedDatabase
from tests.app.api.conftest import api, app, routed
from tests.laws.world import APP_PASSWORD, World, opened_world

__all__ = ["api", "app", "routed", "world"]


@pytest.fixture(scope="module")
def world(postgres: EmbeddedDatabase, template: str) -> Iterator[World]:
    name = f"t_{uuid.uuid4().hex}"
    asyncio.run(_say(postgres.database_url(), f"CREATE DATABASE {name} TEMPLATE {template}"))
    admin = postgres.database_url(database=name)
    with opened_world(admin, postgres.database_url("throughline_app", APP_PASSWORD, name)) as opened:
        yield opened
    asyncio.run(_say(postgres.database_url(), f"DROP DATABASE {name} WITH (FORCE)"))


async def _say(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
