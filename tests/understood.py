"""One round of understanding what channels were handed, to its end."""

from datetime import datetime

from app.db import Database
from app.understanding import Understander
from timeline.threads import Workspace


async def understand_waiting(database: Database, workspace: Workspace, now: datetime) -> int:
    understander = Understander(database)
    moved = await understander.round(workspace, now)
    await understander.settle()
    return moved
