"""What an agent is to hear of: the agent's own list, with an agent's own key."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Parameter, Route, route
from app.db import Db
from identity.errors import Impossible
from timeline.telling import NoticeView, notices_of, read_notices

_UNREAD: Final = Parameter(
    name="unread", words="Only what was not read yet.", schema={"type": "boolean", "default": False}
)


class NoticePage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first; `unread` counts all that were not read."""

    items: list[NoticeView]
    unread: int
    next: str | None


class ReadNotices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which were read; without ids all of them."""

    ids: Annotated[list[str], msgspec.Meta(max_length=500)] | None = None


class ReadDone(msgspec.Struct, frozen=True, kw_only=True):
    """How many were not read before, and how many are not now."""

    read: int
    unread: int


@route(
    "GET",
    "/api/v1/notifications",
    "read",
    query=(_UNREAD, LIMIT, CURSOR),
    answers={200: NoticePage},
    refuses=frozenset({422}),
)
async def list_own(call: Call) -> Answer:
    """What whose key this is should hear of: tickets given to one, notes and tasks for one, what happens where one
    follows."""
    agent, unread, limit = _own(call), call.query.flag("unread"), call.query.limit()
    listed = f"notifications {agent} {unread}"
    before = call.start_of(listed)
    async with call.read() as db:
        found, count = await notices_of(db, call.workspace, agent, unread=unread, before=before, limit=limit + 1)
    more = call.next_of(listed, [one.id for one in found], limit)
    return answer(NoticePage(items=found[:limit], unread=count, next=more))


@route(
    "POST",
    "/api/v1/notifications/read",
    "read",
    takes=ReadNotices,
    needs_body=False,
    answers={200: ReadDone},
    refuses=frozenset({404, 422}),
)
async def mark_read(call: Call) -> Answer:
    """Mark notifications of one's own as read; what was read stays so."""
    agent = _own(call)
    asked = await call.take(ReadNotices) if await call.body() else ReadNotices()
    ids: list[UUID] | None = None if asked.ids is None else [read_id(one) for one in asked.ids]

    async def work(db: Db) -> Answer:
        read, unread = await read_notices(db, call.workspace, agent, ids, datetime.now(UTC))
        return answer(ReadDone(read=read, unread=unread))

    return await call.write(work)


def _own(call: Call) -> UUID:
    """Raises the 422 where the key is nobody's."""
    if call.caller.agent is None:
        raise Impossible("agent", "this key is no agent's, and nobody is told anything by it")
    return call.caller.agent


ROUTES: Final[tuple[Route, ...]] = (list_own, mark_read)
