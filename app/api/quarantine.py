"""What could not become an event: seen, read again, or thrown away."""

import base64
from typing import Any, Final, cast

from app.api.calls import Answer, Call, answer
from app.api.customers import CURSOR, LIMIT
from app.api.interactions import result_of
from app.api.routes import Parameter, Route, route
from app.api.shapes import EntryPage, EntryWithRaw, ReplayResult
from app.db import Db, new_id
from app.understanding import read_again
from channels import inbox
from channels.inbox import Entry, State

_REFUSES: Final = frozenset({409, 422})


@route(
    "GET",
    "/api/v1/quarantine",
    "quarantine.read",
    query=(
        Parameter(
            name="state",
            words="Given twice means or; waiting by default.",
            schema={"type": "array", "items": {"type": "string", "enum": list(inbox.STATES)}},
        ),
        LIMIT,
        CURSOR,
    ),
    answers={200: EntryPage},
)
async def list_entries(call: Call) -> Answer:
    """Payloads in the quarantine, the oldest first, without their bytes."""
    query = call.query
    limit = query.limit()
    states = cast("list[State]", sorted(query.several("state", frozenset(inbox.STATES))) or ["waiting"])
    listed = f"quarantine {' '.join(states)}"
    after = call.start_of(listed)
    async with call.read() as db:
        found = await inbox.list_entries(db, call.workspace, states, after, limit + 1)
    more = call.next_of(listed, [one.id for one in found], limit)
    return answer(EntryPage(items=found[:limit], next=more))


@route("GET", "/api/v1/quarantine/{entry_id}", "quarantine.read", answers={200: EntryWithRaw})
async def show(call: Call) -> Answer:
    """One payload with its raw bytes, as text where they are text."""
    wanted = call.path_id("entry_id")
    async with call.read() as db:
        entry, raw = await inbox.show(db, call.workspace, wanted)
    fields: dict[str, Any] = {name: getattr(entry, name) for name in entry.__struct_fields__}
    if raw is None:
        return answer(EntryWithRaw(**fields, raw=None, encoding=None))
    try:
        return answer(EntryWithRaw(**fields, raw=raw.decode(), encoding="text"))
    except UnicodeDecodeError:
        return answer(EntryWithRaw(**fields, raw=base64.b64encode(raw).decode(), encoding="base64"))


@route(
    "POST", "/api/v1/quarantine/{entry_id}/replay", "quarantine.decide", answers={200: ReplayResult}, refuses=_REFUSES
)
async def replay(call: Call) -> Answer:
    """Read it again with what its key proved then. Refused again, it goes on waiting: `result` says why."""
    wanted = call.path_id("entry_id")
    workspace, actor, edge = call.caller.workspace, call.caller.actor, call.edge
    reread = await read_again(edge.database, workspace, wanted, edge.mailroom.ways)

    async def work(db: Db) -> Answer:
        replayed = await inbox.replay(db, workspace, wanted, by=actor, new_id=new_id, reread=reread)
        result = result_of(0, replayed.outcome)
        return answer(ReplayResult(id=replayed.entry.id, state=replayed.entry.state, result=result))

    return await call.write(work)


@route("POST", "/api/v1/quarantine/{entry_id}/discard", "quarantine.decide", answers={200: Entry}, refuses=_REFUSES)
async def discard(call: Call) -> Answer:
    """Throw its bytes away; that it was here stays."""
    wanted = call.path_id("entry_id")

    async def work(db: Db) -> Answer:
        return answer(await inbox.discard(db, call.workspace, wanted, by=call.caller.actor))

    return await call.write(work)


ROUTES: Final[tuple[Route, ...]] = (list_entries, show, replay, discard)
