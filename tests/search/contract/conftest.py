"""Every engine under the same cases, in a workspace of each test's own: PostgreSQL over a real database, Meilisearch
over HTTP."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from app.db import Database as Access
from identity.customers import WorkspaceId
from search.engine import Engine, Index
from search.meilisearch import Meilisearch
from search.postgres import PostgresEngine
from tests.conftest import Database
from tests.search.contract.desk import DIMENSIONS
from tests.search.fake_server import KEY, FakeMeilisearch


@pytest.fixture(scope="session")
def meilisearch() -> Iterator[tuple[str, str | None]]:
    """Address and key: of a real server where TRY_MEILISEARCH_URL names one, which keeps the indexes that are made."""
    real = os.environ.get("TRY_MEILISEARCH_URL")
    if real is not None:
        yield real, os.environ.get("TRY_MEILISEARCH_KEY")
        return
    with FakeMeilisearch().listening() as listening:
        yield listening.url, KEY


@pytest.fixture(params=["postgres", "meilisearch"])
async def engine(
    request: pytest.FixtureRequest, database_of_module: Database, meilisearch: tuple[str, str | None]
) -> AsyncIterator[Engine]:
    access = Access(database_of_module.app_dsn)
    await access.open()
    opened = PostgresEngine(access) if request.param == "postgres" else Meilisearch(*meilisearch)
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
