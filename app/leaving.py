"""What an agent who works here no more still had goes back to its queues, a hundred tickets at a time.

Nothing is kept about how far that got: whatever such an agent still has is found again, by the worker too, so a
ticket that is opened again later does not wait for somebody who left.
"""

import contextlib
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Final
from uuid import UUID

from app.db import Database, Db, new_id
from identity.customers import WorkspaceId
from identity.errors import NotFound
from timeline.acting import Ask, Done, Refusal, perform_on_each
from timeline.commands import Assign
from timeline.decisions import Desk
from timeline.events import Actor
from timeline.store import Row
from timeline.tasking import change_task
from timeline.tickets import task_store, views

CHUNK: Final = 100
CAUSE: Final = "agent left"

Work = Callable[[Db], Awaitable[list[Done | Refusal]]]
Commit = Callable[[Work], Awaitable[list[Done | Refusal]]]


async def hand_back(
    database: Database, workspace: WorkspaceId, *, agent: UUID | None = None, commit: Commit | None = None, by: Actor
) -> int:
    """Take from an agent who left, or from every such agent, what they still have; returns how many tickets. Each
    chunk is `commit`ted by itself. What somebody changes meanwhile is left for the next time."""
    desk = Desk(workspace=workspace, actor=by, new_id=new_id)
    after: tuple[UUID, UUID] | None = None
    done = 0
    while True:
        async with database.read(workspace) as db:
            held = await views.left_behind(db, workspace, agent, after, CHUNK)
        for _, some in groupby(held, key=lambda row: row["agent_id"]):
            work = _taking(desk, list(some))
            results = await (commit(work) if commit is not None else database.write(workspace, work))
            done += sum(isinstance(one, Done) and bool(one.events) for one in results)
        if len(held) < CHUNK:
            return done
        after = (held[-1]["agent_id"], held[-1]["id"])


async def hand_back_tasks(database: Database, workspace: WorkspaceId, *, by: Actor) -> int:
    """Take from agents who left some of the tasks that are still to be done; returns how many."""
    desk = Desk(workspace=workspace, actor=by, new_id=new_id)
    async with database.read(workspace) as db:
        tasks = await task_store.left_behind(db, workspace, CHUNK)
    for task in tasks:

        async def work(db: Db, task: UUID = task) -> None:
            with contextlib.suppress(NotFound):  # erased meanwhile
                await change_task(db, desk, task, owner=None)

        await database.write(workspace, work)
    return len(tasks)


def _taking(desk: Desk, held: list[Row]) -> Work:
    because = held[0]["left_because"] or f"{held[0]['name']} works here no more"
    asks = [Ask(ticket=row["id"], version=row["version"]) for row in held]

    async def work(db: Db) -> list[Done | Refusal]:
        return await perform_on_each(db, desk, asks, [Assign(assignee=None, reason=because)], cause=CAUSE)

    return work
