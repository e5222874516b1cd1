"""Tasks about tickets, and who follows a ticket."""

from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Parameter, Route, route
from app.api.ticket_edits import tickets_named
from app.db import Db
from app.errors import bad_request
from identity.errors import Impossible
from timeline import tasking
from timeline.interactions import InvalidField
from timeline.tasking import NewTask, TaskView, tasks_of
from timeline.telling import FollowerView, follow, followers_of, unfollow
from timeline.threads import Mark

ME: Final = "me"
NOBODY: Final = "none"
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_REFUSES: Final = frozenset({404, 409, 422})


class AddTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`owner` is an agent's id, or `me` with an agent's own key."""

    title: str
    owner: str | None = None
    due_at: datetime | None = None


class ChangeTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null takes it off."""

    owner: str | msgspec.UnsetType | None = msgspec.UNSET
    due_at: datetime | msgspec.UnsetType | None = msgspec.UNSET


class TaskPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[TaskView]
    next: str | None


class FollowerPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[FollowerView]
    next: None = None


_OWNER: Final = Parameter(
    name="owner", words=f"Whose: an agent's id, `{ME}`, or `{NOBODY}`.", schema={"type": "string"}
)
_STATE: Final = Parameter(
    name="state",
    words="Which, by default those to be done.",
    schema={"type": "string", "enum": ["open", "done", "all"]},
)
_OVERDUE: Final = Parameter(
    name="overdue", words="Only what should have been done by now.", schema={"type": "boolean", "default": False}
)
_TICKET: Final = Parameter(name="ticket", words="Only about this ticket, by id or number.", schema={"type": "string"})


@route("POST", "/api/v1/tickets/{ticket}/tasks", "desk", takes=AddTask, answers={201: TaskView}, refuses=_REFUSES)
async def add(call: Call) -> Answer:
    """Say that something is to be done about a ticket. Its owner hears of it, and again when it is due."""
    asked = await call.take(AddTask)
    new = NewTask(title=asked.title, owner=_agent(call, asked.owner, "owner"), due_at=_aware(asked.due_at))

    async def work(db: Db) -> Answer:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        return answer(await tasking.add_task(db, call.desk(), ticket, new), 201)

    return await call.write(work)


@route("PATCH", "/api/v1/tasks/{task_id}", "desk", takes=ChangeTask, answers={200: TaskView}, refuses=_REFUSES)
async def change(call: Call) -> Answer:
    """Give a task to somebody else, or another time."""
    asked, task = await call.take(ChangeTask), call.path_id("task_id")
    owner = asked.owner if asked.owner is msgspec.UNSET else _agent(call, asked.owner, "owner")
    due_at = asked.due_at if asked.due_at is msgspec.UNSET else _aware(asked.due_at)

    async def work(db: Db) -> Answer:
        return answer(await tasking.change_task(db, call.desk(), task, owner=owner, due_at=due_at))

    return await call.write(work)


@route("POST", "/api/v1/tasks/{task_id}/done", "desk", answers={200: TaskView}, refuses=_REFUSES)
async def finish(call: Call) -> Answer:
    """Say that a task is done."""
    return await _end(call, done=True)


@route("POST", "/api/v1/tasks/{task_id}/reopen", "desk", answers={200: TaskView}, refuses=_REFUSES)
async def reopen(call: Call) -> Answer:
    """Say that a task is not done after all."""
    return await _end(call, done=False)


async def _end(call: Call, *, done: bool) -> Answer:
    task = call.path_id("task_id")

    async def work(db: Db) -> Answer:
        return answer(await tasking.end_task(db, call.desk(), task, done=done))

    return await call.write(work)


@route(
    "GET",
    "/api/v1/tasks",
    "read",
    query=(_OWNER, _STATE, _OVERDUE, _TICKET, LIMIT, CURSOR),
    answers={200: TaskPage},
    refuses=frozenset({422}),
)
async def list_some(call: Call) -> Answer:
    """Tasks, what is due first first; without a time last."""
    query, limit = call.query, call.query.limit()
    owner, ticket, overdue = query.text("owner"), query.text("ticket"), query.flag("overdue")
    state = query.text("state") or "open"
    if state not in ("open", "done", "all"):
        raise bad_request("state", "expected one of open, done, all")
    listed, cursor = f"tasks {owner} {ticket} {overdue} {state}", query.text("cursor")
    mark = None if cursor is None else call.edge.tokens.open_mark(call.workspace, cursor, "cursor", listed)
    async with call.read() as db:
        tickets = None if ticket is None else await tickets_named(db, call, ticket)
        found = await tasks_of(
            db,
            call.workspace,
            owner=None if owner == NOBODY else _agent(call, owner, "owner"),
            unowned=owner == NOBODY,
            ticket=tickets[0] if tickets else None,
            done={"open": False, "done": True}.get(state),
            overdue=overdue,
            after=mark and (None if mark.shown_at == NEVER else mark.shown_at, mark.event_id),
            limit=limit + 1,
        )
    last = found[limit - 1] if len(found) > limit else None
    more = last and Mark(shown_at=last.due_at or NEVER, event_id=last.id)
    return answer(TaskPage(items=found[:limit], next=call.edge.tokens.seal_mark(call.workspace, more, listed)))


# -- followers -------------------------------------------------------------------------------------------------------


@route("GET", "/api/v1/tickets/{ticket}/followers", "read", answers={200: FollowerPage})
async def list_followers(call: Call) -> Answer:
    """The agents who want to hear of a ticket."""
    async with call.read() as db:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        return answer(FollowerPage(items=await followers_of(db, call.workspace, ticket)))


@route("PUT", "/api/v1/tickets/{ticket}/followers/{agent}", "desk", answers={200: FollowerPage}, refuses=_REFUSES)
async def begin_to_follow(call: Call) -> Answer:
    """Let an agent, by id or `me`, hear of whatever happens to a ticket."""
    return await _follow(call, "follow")


@route("DELETE", "/api/v1/tickets/{ticket}/followers/{agent}", "desk", answers={200: FollowerPage}, refuses=_REFUSES)
async def stop_to_follow(call: Call) -> Answer:
    """Let an agent hear of a ticket no more."""
    return await _follow(call, "unfollow")


async def _follow(call: Call, what: Literal["follow", "unfollow"]) -> Answer:
    agent = _agent(call, call.request.path_params["agent"], "agent")
    assert agent is not None

    async def work(db: Db) -> Answer:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        await (follow if what == "follow" else unfollow)(db, call.workspace, ticket, agent)
        return answer(FollowerPage(items=await followers_of(db, call.workspace, ticket)))

    return await call.write(work)


def _agent(call: Call, said: str | None, field: str) -> UUID | None:
    """Raises `NotFound`, and the 422 for `me` where the key is nobody's."""
    if said is None:
        return None
    if said != ME:
        return read_id(said)
    if call.caller.agent is None:
        raise Impossible(field, "this key is no agent's")
    return call.caller.agent


def _aware(at: datetime | None) -> datetime | None:
    if at is not None and (at.tzinfo is None or not 1970 <= at.year < 2200):
        raise InvalidField("due_at", "expected a time with its offset, between 1970 and 2200")
    return at


ROUTES: Final[tuple[Route, ...]] = (
    add, change, finish, reopen, list_some, list_followers, begin_to_follow, stop_to_follow,
)  # fmt: skip
