"""What is new: a page of changes, and a live stream of them, each by ids only, in the order of the ledger.

A stream ends after ten minutes; the client comes back with the last id it saw, and misses nothing. Every look at
the ledger asks whether the key still holds (`app/api/feeds.py`).
"""

import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final
from uuid import UUID

from app import metrics
from app.api.calls import Answer, Call, answer
from app.api.customers import LIMIT
from app.api.feeds import change_of
from app.api.routes import Parameter, Route, route
from app.api.shapes import ChangePage
from app.errors import too_many
from app.limits import STREAMS_A_KEY
from timeline.followers import START, Checkpoint, head, read_after

STREAM_SECONDS: Final = 600.0
HEARTBEAT_SECONDS: Final = 15.0
PRESENCE: Final = b"event: presence\ndata: {}\n\n"
"""Somebody came, or replies, where a page of the console looks."""

_AFTER: Final = Parameter(
    name="after",
    words="`head` of a profile or a page, or an id of the stream; without it from the beginning, a stream from now on.",
    schema={"type": "string"},
)


@route("GET", "/api/v1/changes", "read", query=(_AFTER, LIMIT), answers={200: ChangePage})
async def list_changes(call: Call) -> Answer:
    """What happened after a place, oldest first. `next` is null when that was all; `head` is where to go on later."""
    limit, after = call.query.limit(), call.query.text("after")
    seal, workspace = call.edge.tokens.seal_checkpoint, call.workspace
    start = call.edge.tokens.open_checkpoint(workspace, after, "after") if after is not None else START
    async with call.read() as db:
        found = await read_after(db, workspace, start, limit)
    last = seal(workspace, found[-1].at if found else start)
    more = last if len(found) == limit else None
    return answer(ChangePage(items=[change_of(one) for one in found], next=more, head=last))


@route(
    "GET",
    "/api/v1/stream",
    "read",
    query=(_AFTER,),
    answers={200: None},
    media_type="text/event-stream",
)
async def stream(call: Call) -> Answer:
    """Server-sent events: `id` goes into `after` or comes back as Last-Event-ID, `data` are ids. Ends after ten
    minutes; come back with the last id."""
    return await follow(call, start_of(call))


def start_of(call: Call) -> Checkpoint | None:
    """Where whoever asks left off, None for now. Raises the 400."""
    said, after = call.request.headers.get("last-event-id"), call.query.text("after")
    if said is not None:
        return call.edge.tokens.open_checkpoint(call.workspace, said, "Last-Event-ID")
    return call.edge.tokens.open_checkpoint(call.workspace, after, "after") if after is not None else None


async def follow(call: Call, start: Checkpoint | None, *, near: UUID | None = None, anew: bool = False) -> Answer:
    """The stream from there on, or from now; with a word, `presence`, whenever something is beckoned `near` it. One
    that begins `anew` says so first, with its place."""
    async with call.read() as db:
        start = start or await head(db, call.workspace)
    if call.edge.streams.get(call.caller.key, 0) >= STREAMS_A_KEY:
        raise too_many(5)
    return Answer(
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        stream=_events(call, start, near, anew),
    )


async def _events(call: Call, at: Checkpoint, near: UUID | None, anew: bool) -> AsyncIterator[bytes]:
    """The stream's bytes. It holds no connection while it waits."""
    until = time.monotonic() + STREAM_SECONDS
    with _counted(call), ExitStack() as stack:
        yield b"retry: 1000\n: from here on\n\n"
        if anew:
            place = call.edge.tokens.seal_checkpoint(call.workspace, at).encode()
            yield b"id: " + place + b"\nevent: anew\ndata: {}\n\n"
        async with call.edge.feeds.seat(call.workspace, call.caller.key, at) as seat:
            if near is not None:
                stack.enter_context(call.edge.live.beckoned(near, partial(seat.say, PRESENCE)))
            while (left := until - time.monotonic()) > 0:
                said = await seat.hear(min(HEARTBEAT_SECONDS, left))
                if said is None:
                    return
                yield said or b": alive\n\n"


@contextmanager
def _counted(call: Call) -> Any:
    streams, key = call.edge.streams, call.caller.key
    streams[key] = streams.get(key, 0) + 1
    metrics.STREAMS.inc()
    try:
        yield
    finally:
        metrics.STREAMS.dec()
        streams[key] -= 1
        if not streams[key]:
            del streams[key]


ROUTES: Final[tuple[Route, ...]] = (list_changes, stream)
