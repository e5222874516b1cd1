"""Tasks about a ticket: something to be done, by somebody and by a time; each step is an event beside the ticket."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from identity.errors import Impossible, NotFound
from timeline import store
from timeline.beside import Place, append, beside_opening, check_asked, locked
from timeline.decisions import Desk, lock_customers, time_of
from timeline.edit_events import TaskAdded, TaskChanged, TaskDone, TaskReopened
from timeline.errors import StartOver
from timeline.events import Event, EventId
from timeline.interactions import InvalidField, check_text
from timeline.store import Row
from timeline.tickets import edit_store, task_store, views
from timeline.tickets.reading import find_standing
from timeline.tickets.task_store import TaskFilter
from timeline.tickets.ticket import TicketId

MOST_TITLE: Final = 500


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done, by whom and by when, as far as that is known."""

    title: str
    owner: UUID | None = None
    due_at: datetime | None = None


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """A task; the title of one that was erased is empty."""

    id: UUID
    ticket_id: UUID
    number: int | None
    title: str
    owner: UUID | None
    due_at: datetime | None
    state: Literal["open", "done"]
    done_at: datetime | None
    done_by: str | None
    created_at: datetime
    created_by: str


def task_view(row: Row) -> TaskView:
    return TaskView(
        id=row["id"],
        ticket_id=row["ticket_id"],
        number=row["number"],
        title=row["title"] or "",
        owner=row["owner_id"],
        due_at=row["due_at"],
        state="open" if row["done_at"] is None else "done",
        done_at=row["done_at"],
        done_by=row["done_by"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


async def add_task(db: store.Db, desk: Desk, ticket: TicketId, asked: NewTask) -> TaskView:
    """Raises `NotFound`, `TicketElsewhere`, `StillDeriving`, `Impossible`, `InvalidField`."""
    title = " ".join(asked.title.split())
    if not 0 < len(title) <= MOST_TITLE:
        raise InvalidField("title", f"expected 1 to {MOST_TITLE} characters")
    check_text("title", title)
    await _check_owner(db, desk, asked.owner)
    (aim,) = await locked(db, desk, [ticket])
    check_asked(aim, None)
    event = TaskAdded(ticket=ticket, title=title, due=asked.due_at, assignee=asked.owner)
    made, _ = await append(db, desk, event, beside_opening(aim))
    now = await time_of(db, desk)
    await task_store.add_task(
        db, desk.workspace, made.id, ticket, owner=asked.owner, due_at=asked.due_at, now=now, by=desk.actor
    )
    return await _shown(db, desk, made.id)


async def change_task(
    db: store.Db,
    desk: Desk,
    task: UUID,
    *,
    owner: UUID | msgspec.UnsetType | None = msgspec.UNSET,
    due_at: datetime | msgspec.UnsetType | None = msgspec.UNSET,
) -> TaskView:
    """Give a task to somebody, or another time; what is so already makes no event. Raises `NotFound`, `Impossible`."""
    row, place = await _locked(db, desk, task)
    whose = row["owner_id"] if owner is msgspec.UNSET else owner
    when = row["due_at"] if due_at is msgspec.UNSET else due_at
    if whose != row["owner_id"]:
        await _check_owner(db, desk, whose)
    if (whose, when) != (row["owner_id"], row["due_at"]):
        event = TaskChanged(ticket=row["ticket_id"], event=task, due=when, assignee=whose)
        await append(db, desk, event, place)
        await task_store.change_task(db, desk.workspace, task, owner=whose, due_at=when)
    return await _shown(db, desk, task)


async def end_task(db: store.Db, desk: Desk, task: UUID, *, done: bool) -> TaskView:
    """A task is done, or is not after all; said again it changes nothing. Raises `NotFound`."""
    row, place = await _locked(db, desk, task)
    if (row["done_at"] is not None) != done:
        event: Event = (TaskDone if done else TaskReopened)(ticket=row["ticket_id"], event=task)
        await append(db, desk, event, place)
        now = await time_of(db, desk)
        await task_store.end_task(
            db, desk.workspace, task, done_at=now if done else None, by=desk.actor if done else None
        )
    return await _shown(db, desk, task)


async def tasks_of(
    db: store.Db,
    workspace: WorkspaceId,
    *,
    owner: UUID | None,
    unowned: bool,
    ticket: TicketId | None,
    done: bool | None,
    overdue: bool,
    after: tuple[datetime | None, UUID] | None,
    limit: int,
) -> list[TaskView]:
    """Tasks, what is due first first. Raises `NotFound` for an owner who never worked here."""
    if owner is not None and owner not in await views.agents(db, workspace, [owner]):
        raise NotFound
    tickets = None
    if ticket is not None:
        standing, _ = await find_standing(db, workspace, str(ticket))
        tickets = [standing.id, *standing.parts]
    asked = TaskFilter(
        owner=owner,
        unowned=unowned,
        tickets=tickets,
        done=done,
        due_before=await store.clock(db) if overdue else None,
        after=after,
        limit=limit,
    )
    return [task_view(row) for row in await task_store.tasks(db, workspace, asked)]


async def _shown(db: store.Db, desk: Desk, task: UUID) -> TaskView:
    row = await task_store.task(db, desk.workspace, task)
    assert row is not None
    return task_view(row)


async def _locked(db: store.Db, desk: Desk, task: UUID) -> tuple[Row, Place]:
    """A task under the lock of whose stream it lies in. Raises `NotFound`."""
    place = await _place(db, desk, task)
    await lock_customers(db, desk, [place.owner_id, place.customer_id])
    row = await task_store.task(db, desk.workspace, task)
    if row is None:
        raise NotFound
    if place != await _place(db, desk, task):
        raise StartOver
    return row, place


async def _place(db: store.Db, desk: Desk, task: UUID) -> Place:
    found = await edit_store.items_at(db, desk.workspace, [task])
    if not found or await task_store.task(db, desk.workspace, task) is None:
        raise NotFound
    at = found[0]
    return Place(
        contact_id=at["contact_id"],
        owner_id=at["owner_id"],
        about=EventId(task),
        stands_on=at["stands_on"],
        customer_id=at["customer_id"],
    )


async def _check_owner(db: store.Db, desk: Desk, owner: UUID | None) -> None:
    """Raises `NotFound` for who never worked here, `Impossible` for who does not any more."""
    if owner is None:
        return
    known = await views.agents(db, desk.workspace, [owner])
    if owner not in known:
        raise NotFound
    if not known[owner]:
        raise Impossible("owner", "expected the id of an agent who works here")
