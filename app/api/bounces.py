"""Addresses at which mail of ours did not arrive: listed, and cleared by a person who knows better."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Parameter, Route, route
from app.db import Db
from channels import bouncing
from channels.bouncing import BounceView

_ADDRESS: Final = Parameter(name="address", words="Only of this address.", schema={"type": "string"})


class BouncePage(msgspec.Struct, frozen=True, kw_only=True):
    """Those that were not cleared, the newest first."""

    items: list[BounceView]
    next: str | None


@route("GET", "/api/v1/mail-bounces", "read", query=(_ADDRESS, LIMIT, CURSOR), answers={200: BouncePage})
async def list_bounces(call: Call) -> Answer:
    """Addresses at which mail of ours did not arrive. Until they are cleared no automatic mail goes there; a reply
    does, and its answer says so."""
    address, limit = call.query.text("address"), call.query.limit()
    listed = f"mail-bounces {address}"
    before = call.start_of(listed)
    async with call.read() as db:
        found = await bouncing.list_bounces(db, call.workspace, address, before, limit + 1)
    return answer(BouncePage(items=found[:limit], next=call.next_of(listed, [one.id for one in found], limit)))


@route(
    "POST",
    "/api/v1/mail-bounces/{bounce}/clear",
    "desk",
    answers={200: BounceView},
    refuses=frozenset({404}),
)
async def clear(call: Call) -> Answer:
    """Say that mail arrives at the address again: all its bounces are cleared."""
    bounce = call.path_id("bounce")

    async def work(db: Db) -> Answer:
        return answer(await bouncing.clear(db, call.workspace, bounce, by=call.caller.actor, now=datetime.now(UTC)))

    return await call.write(work)


ROUTES: Final[tuple[Route, ...]] = (list_bounces, clear)
