"""Queues: where tickets wait, in the order in which a desk shows them."""

from typing import Annotated, Final

import msgspec

from app import emptying, people
from app.api.calls import Answer, Call, answer
from app.api.routes import Parameter, Route, route
from app.db import Db
from app.people import QueueView

PATH: Final = "/api/v1/queues"
_REFUSES: Final = frozenset({404, 422})
Place = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]


class QueuePage(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, in order of place."""

    items: list[QueueView]
    next: None = None


class NewQueue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`key` is what tickets and rules name it by, for good; `team` does its work."""

    key: str
    name: str
    team: str | None = None
    place: Place = 0


class ChangeQueue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; no team is null."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    team: str | msgspec.UnsetType | None = msgspec.UNSET
    place: Place | msgspec.UnsetType = msgspec.UNSET


@route("GET", PATH, "read", answers={200: QueuePage})
async def list_queues(call: Call) -> Answer:
    """Every queue."""
    async with call.read() as db:
        return answer(QueuePage(items=await people.list_queues(db, call.workspace)))


@route("POST", PATH, "config.write", takes=NewQueue, answers={201: QueueView}, refuses=_REFUSES)
async def add(call: Call) -> Answer:
    """Make a queue."""
    asked = await call.take(NewQueue)

    async def work(db: Db) -> Answer:
        made = await people.put_queue(db, call.workspace, asked.key, asked.name, asked.team, asked.place, new=True)
        return answer(made, 201)

    return await call.write(work)


@route("GET", f"{PATH}/{{queue}}", "read", answers={200: QueueView})
async def show(call: Call) -> Answer:
    """One queue by its key."""
    async with call.read() as db:
        return answer(await people.read_queue(db, call.workspace, call.request.path_params["queue"]))


@route("PATCH", f"{PATH}/{{queue}}", "config.write", takes=ChangeQueue, answers={200: QueueView}, refuses=_REFUSES)
async def change(call: Call) -> Answer:
    """Change a queue; its tickets stay where they are."""
    asked, queue = await call.take(ChangeQueue), call.request.path_params["queue"]

    async def work(db: Db) -> Answer:
        was = await people.read_queue(db, call.workspace, queue)
        name = was.name if asked.name is msgspec.UNSET else asked.name
        team = was.team if asked.team is msgspec.UNSET else asked.team
        place = was.place if asked.place is msgspec.UNSET else asked.place
        return answer(await people.put_queue(db, call.workspace, queue, name, team, place, new=False))

    return await call.write(work)


@route(
    "DELETE",
    f"{PATH}/{{queue}}",
    "config.write",
    query=(Parameter(name="move_to", words="Where its open tickets go, by key.", schema={"type": "string"}),),
    answers={200: QueueView},
    refuses=_REFUSES,
)
async def remove(call: Call) -> Answer:
    """Remove a queue that routing does not choose. While open tickets wait there it takes `move_to`; they move in
    parts, and after an error in the middle the same request goes on. Ended tickets keep its key."""
    queue, move_to = call.request.path_params["queue"], call.query.text("move_to")

    async def work() -> Answer:
        async with call.read() as db:
            found = await emptying.check_removal(db, call.workspace, queue, move_to)
        if move_to is not None:
            await emptying.empty(call.edge.database, call.workspace, found, move_to, call.commit, call.caller.actor)

        async def end(db: Db) -> Answer:
            return answer(await emptying.remove(db, call.workspace, queue))

        return await call.commit(end, configures=True)

    return await call.write_in_parts(work)


ROUTES: Final[tuple[Route, ...]] = (list_queues, add, show, change, remove)
