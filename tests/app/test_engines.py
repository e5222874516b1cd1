"""Which engine serves, and what doctor says of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import Database
from app.doctor import Finding
from app.engines import engine_of, look_at_engine
from search.meilisearch import Meilisearch
from search.postgres import PostgresEngine
from tests.builders import settings
from tests.search.fake_server import KEY, FakeMeilisearch

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[FakeMeilisearch]:
    with FakeMeilisearch().listening() as listening:
        yield listening


def test_the_address_decides_which_engine_serves(tmp_path: Path):
    database = Database("postgresql://nowhere/")
    assert isinstance(engine_of(settings(tmp_path), database), PostgresEngine)
    chosen = settings(tmp_path, meilisearch_url="http://127.0.0.1:7700")
    assert isinstance(engine_of(chosen, database), Meilisearch)


async def test_doctor_says_which_engine_answers_and_why_one_does_not(server: FakeMeilisearch, tmp_path: Path):
    async def told(**chosen: str | None) -> Finding:
        return await look_at_engine(settings(tmp_path, **chosen))

    def answer(version: str) -> None:
        body = f'{{"commitSha": "a", "commitDate": "unknown", "pkgVersion": "{version}"}}'
        server.answers.append((200, body.encode()))

    assert await told() == Finding(what="search engine", words="PostgreSQL")
    chosen = {"meilisearch_url": server.url, "meilisearch_key": KEY}
    assert await told(**chosen) == Finding(what="search engine", words="Meilisearch 1.50.0")
    answer("1.9.3")
    assert await told(**chosen) == Finding(
        what="search engine", words="Meilisearch 1.9.3, 1.43 or later is needed", wrong=True
    )
    answer("nightly")
    assert not (await told(**chosen)).wrong
    wrong_key = await told(meilisearch_url=server.url, meilisearch_key="guessed")
    assert (wrong_key.wrong, "MEILISEARCH_KEY" in wrong_key.words, "guessed" in wrong_key.words) == (True, True, False)
    away = await told(meilisearch_url="http://127.0.0.1:1", meilisearch_key=KEY)
    assert away.wrong
    assert "does not answer" in away.words
