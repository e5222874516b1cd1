"""Every engine under the same cases: over a real database, in a workspace of each test's own."""

import uuid
from collections.abc import AsyncIterator

import pytest

from app.db import Database as Access
from identity.customers import WorkspaceId
from search.engine import Engine, Index
from search.postgres import PostgresEngine
from tests.conftest import Database
from tests.search.contract.desk import DIMENSIONS


@pytest.fixture(params=["postgres"])
async def engine(request: pytest.FixtureRequest, database_of_module: Database) -> AsyncIterator[Engine]:
    access = Access(database_of_module.app_dsn)
    await access.open()
    opened = PostgresEngine(access)
    await opened.open()
    yield opened
    await opened.close()
    await access.close()


@pytest.fixture
def workspace() -> WorkspaceId:
    return WorkspaceId(uuid.uuid4())


@pytest.fixture
async def index(engine: Engine, workspace: WorkspaceId) -> Index:
    made = Index(generation=1, model="test", dimensions=DIMENSIONS)
    await engine.make(workspace, made)
    return made
