"""Which promises are about to be broken, and which were: telling of them, in transactions of its own."""

from typing import Final

from app.db import Database, Db, new_id
from identity.customers import WorkspaceId
from timeline import alarming
from timeline.tickets import sla_store
from timeline.tickets.ticket import TicketId

DUE_AT_ONCE: Final = 5_000


async def tell(database: Database, workspace: WorkspaceId) -> tuple[int, float | None]:
    """Tell of the promises whose time has come: how many that were, and in how many seconds there is more to tell."""
    async with database.read(workspace) as db:
        due, after = await sla_store.due(db, workspace, DUE_AT_ONCE)
    told = 0
    for start in range(0, len(due), alarming.AT_ONCE):

        async def say(db: Db, tickets: list[TicketId] = due[start : start + alarming.AT_ONCE]) -> int:
            return await alarming.announce(db, workspace, tickets, new_id=new_id)

        told += await database.write(workspace, say)
    return told, after
