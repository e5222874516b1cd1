"""Which engine answers searches here, and whether it does."""

import asyncio
from typing import Final

from app.db import Database
from app.doctor import Finding
from app.settings import Settings
from search.engine import Engine, EngineAway
from search.meilisearch import Meilisearch
from search.postgres import PostgresEngine

OLDEST: Final = (1, 43)
"""The first Meilisearch that looks for a value with capitals wherever a filter names it; built for 1.50."""


def engine_of(settings: Settings, database: Database) -> Engine:
    """Meilisearch where its address is set, else the database itself; opened and closed by whoever asks for it."""
    if settings.meilisearch_url is None:
        return PostgresEngine(database)
    return Meilisearch(settings.meilisearch_url, settings.meilisearch_key)


async def answers(engine: Engine, seconds: float) -> bool:
    """Whether an engine of its own process answers in time; PostgreSQL is looked at as the database."""
    if not isinstance(engine, Meilisearch):
        return True
    try:
        async with asyncio.timeout(seconds):
            await engine.version()
    except (EngineAway, TimeoutError):
        return False
    return True


async def look_at_engine(settings: Settings) -> Finding:
    """What `doctor` says of the engine that is set."""
    if settings.meilisearch_url is None:
        return Finding(what="search engine", words="PostgreSQL")
    engine = Meilisearch(settings.meilisearch_url, settings.meilisearch_key)
    await engine.open()
    try:
        version = await engine.version()
    except EngineAway as away:
        return Finding(what="search engine", words=f"{away.words} ({settings.meilisearch_url})", wrong=True)
    finally:
        await engine.close()
    old = _number(version) < OLDEST
    words = f"Meilisearch {version}{f', {OLDEST[0]}.{OLDEST[1]} or later is needed' if old else ''}"
    return Finding(what="search engine", words=words, wrong=old)


def _number(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else OLDEST
