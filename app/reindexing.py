"""Search indexes by hand: compare the live one with the ledger and mend it, or make another beside it and switch."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from app.db import Database
from app.indexing import Indexer
from identity.customers import WorkspaceId
from search import indexes, sources
from search.indexes import Kept

PAUSE_SECONDS: Final = 0.2

Progress = Callable[[int, int], None]
"""Told how many documents are done, of about how many."""


async def reconcile(indexer: Indexer, database: Database, workspace: WorkspaceId, told: Progress) -> Kept:
    """Compare every document of the live index by its id and digest, and mend what differs; what that came to.

    Raises `EngineAway`."""
    while await indexer.step(workspace, datetime.now(UTC)):
        pass
    async with database.read(workspace) as db:
        live = (await indexes.read(db, workspace, indexer.engine.name))[0]
        size = await sources.size(db, workspace)
    found = await indexer.compare(workspace, live.index, datetime.now(UTC), anew=True)
    while found is not None and found.swept_to is not None:
        told(found.swept, max(size, found.swept))
        found = await indexer.compare(workspace, live.index, datetime.now(UTC))
    return found or live


async def reindex(indexer: Indexer, database: Database, workspace: WorkspaceId, told: Progress) -> Kept:
    """Make an index beside the live one from the ledger, with its vectors, and let it answer; the index that answers
    then. One that was begun is gone on with. Raises `EngineAway` and `EmbedderAway`."""
    now = datetime.now(UTC)
    await indexer.step(workspace, now)
    await indexer.add(workspace, "building", now)
    async with database.read(workspace) as db:
        size = await sources.size(db, workspace)
        new = next(one for one in await indexes.read(db, workspace, indexer.engine.name) if one.state == "building")
    while True:
        worked = await indexer.step(workspace, datetime.now(UTC)) + await indexer.embed(workspace, datetime.now(UTC))
        async with database.read(workspace) as db:
            found = await indexes.read(db, workspace, indexer.engine.name)
        mine = next((one for one in found if one.index.generation == new.index.generation), None)
        if mine is None or mine.state == "live":
            return mine or found[0]
        told(mine.swept, max(size, mine.swept))
        if not worked:  # another process is at it
            await asyncio.sleep(PAUSE_SECONDS)
