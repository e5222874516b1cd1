"""Waiting until followers may read what is recorded."""

import asyncio
from uuid import UUID

from app.db import Database


async def settled(database: Database, workspace: UUID) -> None:
    """Transactions of other tests' databases on this server hold followers back, too."""
    async with asyncio.timeout(60):
        while True:
            async with database.read(workspace) as db:
                if not await db.fetchval(
                    "SELECT EXISTS (SELECT FROM event WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))"
                ):
                    return
            await asyncio.sleep(0.03)
