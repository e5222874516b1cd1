"""What is an agent's own: what to hear of, what to do, and whether the agent is there."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from app import people
from app.api import agents as agent_routes
from app.api import notifications, tasks
from app.api.calls import Answer
from app.console.asking import answered, ask
from app.console.language import _
from app.console.pages import Page, Visit, moved, page
from app.console.rendering import words
from app.errors import Problem, bad_request
from app.people import State
from identity.errors import NotFound
from timeline.tasking import TaskView
from timeline.telling import NoticeView
from timeline.tickets.glances import subjects_of
from timeline.tickets.views import agent_names

A_PAGE: Final = 50
MOST_TOLD: Final = 100
_AGENT: Final = "agent:"


class RailOwn(msgspec.Struct, frozen=True, kw_only=True):
    """What the rail of every page tells of the agent."""

    unread: int
    todo: int
    state: State


class NoticeLine(msgspec.Struct, frozen=True, kw_only=True):
    notice: NoticeView
    words: str
    subject: str


class TaskGroup(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    tasks: list[TaskView]


# -- at the side of every page ---------------------------------------------------------------------------------------


@page("GET", "/me/rail", "read")
async def show_rail(visit: Visit) -> Answer:
    """How much is unread and to be done, and whether the agent is there."""
    told = await answered(visit, notifications.list_own, notifications.NoticePage, query={"unread": "true", "limit": 1})
    todo = await answered(visit, tasks.list_some, tasks.TaskPage, query={"owner": tasks.ME, "limit": MOST_TOLD})
    async with visit.read() as db:
        agent = await people.read_agent(db, visit.workspace, visit.agent)
    return visit.show("rail_mine.html", rail_own=RailOwn(unread=told.unread, todo=len(todo.items), state=agent.state))


@page("POST", "/me/state", "desk")
async def set_state(visit: Visit) -> Answer:
    """Say whether one is there."""
    said = await visit.form()
    body = {"state": said.get("state", "")}
    await ask(visit, agent_routes.set_state, {"agent": agent_routes.ME}, body=body, once=said.get("once"))
    return await show_rail.handler(visit) if visit.is_fragment else moved("/")


# -- what to hear of -------------------------------------------------------------------------------------------------


@page("GET", "/notices", "read")
async def show_notices(visit: Visit) -> Answer:
    """What the agent is to hear of, the newest first."""
    return await _notices(visit)


async def _notices(visit: Visit) -> Answer:
    unread, cursor = visit.asked_for.get("unread") == "true", visit.asked_for.get("cursor")
    fault, found = "", notifications.NoticePage(items=[], unread=0, next=None)
    query = {"unread": "true" if unread else None, "limit": A_PAGE, "cursor": cursor}
    try:
        found = await answered(visit, notifications.list_own, notifications.NoticePage, query=query)
    except Problem as problem:
        if problem.status != 400:
            raise
        fault = _("This page belongs to another list. Begin at its top.")
    async with visit.read() as db:
        subjects = await subjects_of(db, visit.workspace, [one.ticket_id for one in found.items])
        names = await agent_names(db, visit.workspace, list(_agents_in(found.items)))
    lines = [
        NoticeLine(notice=one, words=notice_words(one, names), subject=subjects.get(one.ticket_id, ""))
        for one in found.items
    ]
    return visit.show(
        "notices.html", status=400 if fault else 200, lines=lines, unread=found.unread, only_unread=unread,
        next=found.next, fault=fault, once=visit.new_name(),
    )  # fmt: skip


def _agents_in(notices: list[NoticeView]) -> set[UUID]:
    return {UUID(one.actor.removeprefix(_AGENT)) for one in notices if one.actor.startswith(_AGENT)}


def notice_words(notice: NoticeView, names: dict[UUID, str]) -> str:
    """What happened, and by whom where somebody did it."""
    who = {"key": _("A program"), "rule": _("A rule")}.get(notice.actor.partition(":")[0], "Throughline")
    if notice.actor.startswith(_AGENT):
        who = names.get(UUID(notice.actor.removeprefix(_AGENT)), _("An agent of before"))
    known = {
        "assigned": _("%(who)s gave it to you", who=who),
        "mentioned": _("%(who)s named you in a note", who=who),
        "task": _("%(who)s gave you a task", who=who),
        "task_due": _("A task of yours is due"),
        "answered": _("The customer wrote"),
        "rejected": _("The customer says that it is not solved"),
        "awake": _("It is back from being snoozed"),
        "sla_warned": _("A promise is about to be broken"),
        "sla_breached": _("A promise was broken"),
        "changed": _("Something happened where you follow"),
    }
    return known.get(notice.kind, words(notice.kind))


@page("POST", "/notices/read", "read")
async def read_notices(visit: Visit) -> Answer:
    """Mark one as read, or all."""
    said = await visit.form()
    body = {"ids": [said["id"]]} if said.get("id") else {}
    await ask(visit, notifications.mark_read, body=body, once=said.get("once"))
    return moved("/notices?unread=true" if said.get("unread") else "/notices")


# -- what to do ------------------------------------------------------------------------------------------------------


@page("GET", "/tasks", "read")
async def show_tasks(visit: Visit) -> Answer:
    """Tasks, those of the agent where nobody else is named, what is due first first."""
    asked = visit.asked_for
    whose, state = asked.get("owner", tasks.ME), asked.get("state", "open")
    fault, found = "", tasks.TaskPage(items=[], next=None)
    query = {
        "owner": None if whose == "all" else whose,
        "state": state,
        "limit": A_PAGE,
        "cursor": asked.get("cursor"),
    }
    try:
        found = await answered(visit, tasks.list_some, tasks.TaskPage, query=query)
    except (Problem, NotFound):
        fault = _("There is no such list of tasks.")
    async with visit.read() as db:
        subjects = await subjects_of(db, visit.workspace, [one.ticket_id for one in found.items])
        names = await agent_names(db, visit.workspace, [one.owner for one in found.items if one.owner])
    assert visit.who is not None
    groups = grouped(found.items, datetime.now(UTC).astimezone(visit.who.clock)) if state == "open" else []
    return visit.show(
        "tasks.html", status=400 if fault else 200, groups=groups or [TaskGroup(name="", tasks=found.items)],
        whose=whose, state=state, next=found.next, fault=fault, subjects=subjects, names=names,
        is_empty=not found.items, once=visit.new_name(), now=datetime.now(UTC),
    )  # fmt: skip


def grouped(found: list[TaskView], now: datetime) -> list[TaskGroup]:
    """Open tasks by when they are due, where the agent is: over, today, this week, later, without a time."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    bounds = (
        (_("Over"), now),
        (_("Today"), midnight),
        (_("Within a week"), midnight + timedelta(days=7)),
        (_("Later"), datetime.max.replace(tzinfo=UTC)),
    )
    groups: list[TaskGroup] = []
    rest = [one for one in found if one.due_at is not None]
    for name, until in bounds:
        groups.append(TaskGroup(name=name, tasks=[one for one in rest if one.due_at and one.due_at < until]))
        rest = [one for one in rest if one.due_at and one.due_at >= until]
    groups.append(TaskGroup(name=_("Without a time"), tasks=[one for one in found if one.due_at is None]))
    return [one for one in groups if one.tasks]


@page("POST", "/tasks/{task_id}", "desk")
async def end_task(visit: Visit) -> Answer:
    """Tick a task off, or say that it is not done after all."""
    said = await visit.form()
    done = {"yes": tasks.finish, "no": tasks.reopen}.get(said.get("done", ""))
    if done is None:
        raise bad_request("done", "expected yes or no")
    path = {"task_id": visit.request.path_params["task_id"]}
    task = await answered(visit, done, TaskView, path, once=said.get("once"))
    if not visit.is_fragment:
        return moved("/tasks")
    async with visit.read() as db:
        subjects = await subjects_of(db, visit.workspace, [task.ticket_id])
        names = await agent_names(db, visit.workspace, [task.owner] if task.owner else [])
    return visit.show("task_line.html", task=task, subjects=subjects, names=names, once=visit.new_name())


PAGES: Final[tuple[Page, ...]] = (
    show_rail, set_state, show_notices, read_notices, show_tasks, end_task,
)  # fmt: skip
