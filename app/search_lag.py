"""How far is search behind, for the operator's monitoring: asked when the figures are read, of each workspace."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app import metrics, store
from app.db import Database, DatabaseAway
from identity.customers import WorkspaceId
from search.standing import read_lag

MOST_WORKSPACES: Final = 200


async def measure(database: Database, engine: str) -> None:
    """Set the figures; where the database is away they say nothing."""
    metrics.SEARCH_LAG.clear()
    metrics.SEARCH_FAULTS.clear()
    try:
        async with database.connection() as db:
            rows = (await store.workspaces(db))[:MOST_WORKSPACES]
        for row in rows:
            workspace = WorkspaceId(UUID(bytes=row["id"].bytes))
            async with database.read(workspace) as db:
                found = await read_lag(db, workspace, engine, datetime.now(UTC))
            if found is not None:
                metrics.SEARCH_LAG.labels(row["slug"]).set(found[0])
                metrics.SEARCH_FAULTS.labels(row["slug"]).set(found[1])
    except DatabaseAway:
        pass
