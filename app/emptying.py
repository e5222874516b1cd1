"""A queue that is to go: its open tickets move to another one, a hundred at a time, before it is removed.

The last look and the removal are beside no other write, so that no ticket comes in between."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from app import people, people_store
from app.db import Database, Db, new_id
from app.people import QueueView
from identity.customers import WorkspaceId
from identity.errors import Impossible
from timeline.acting import Ask, Done, Refusal, perform_on_each
from timeline.commands import SetQueue
from timeline.decisions import Desk
from timeline.events import Actor
from timeline.tickets import views
from timeline.tickets.versions import read_desk

CHUNK: Final = 100
CAUSE: Final = "queue removed"

Work = Callable[[Db], Awaitable[list[Done | Refusal]]]
Commit = Callable[[Work], Awaitable[list[Done | Refusal]]]


async def check_removal(db: Db, workspace: WorkspaceId, queue: str, move_to: str | None) -> QueueView:
    """The queue, where it may go. Raises `NotFound` for it or the other, `Impossible` with the reason."""
    found = await people.read_queue(db, workspace, queue)
    if move_to is not None:
        await people.read_queue(db, workspace, move_to)
        if move_to == queue:
            raise Impossible("move_to", "expected another queue")
    configuration = (await read_desk(db, workspace)).configuration
    if queue in configuration.routing.queues:
        raise Impossible("queue", "routing puts tickets here: change it first")
    promising = next((one.key for one in configuration.sla.policies if queue in one.when.queue), None)
    if promising is not None:
        raise Impossible("queue", f"the SLA policy {promising} asks for it: change that first")
    waiting = await views.waiting_in(db, workspace, queue)
    if waiting and move_to is None:
        raise Impossible("queue", f"{waiting} open tickets wait here: say with move_to where they go")
    return found


async def empty(
    database: Database, workspace: WorkspaceId, queue: QueueView, move_to: str, commit: Commit, by: Actor
) -> None:
    """Move what waits there. What somebody changes meanwhile is met the next time."""
    desk = Desk(workspace=workspace, actor=by, new_id=new_id)
    command = SetQueue(queue=move_to, reason=f"the queue {queue.name} was removed")
    after: UUID | None = None
    while True:
        async with database.read(workspace) as db:
            held = await views.tickets_in(db, workspace, queue.key, after, CHUNK)
        asks = [Ask(ticket=row["id"], version=row["version"]) for row in held]

        async def work(db: Db, asks: list[Ask] = asks) -> list[Done | Refusal]:
            return await perform_on_each(db, desk, asks, [command], cause=CAUSE)

        if asks:
            await commit(work)
        if len(held) < CHUNK:
            return
        after = held[-1]["id"]


async def remove(db: Db, workspace: WorkspaceId, queue: str) -> QueueView:
    """Remove an empty queue, beside no other write. Raises `NotFound`, `Impossible`."""
    found = await check_removal(db, workspace, queue, None)
    await people_store.remove_queue(db, workspace, queue)
    return found
