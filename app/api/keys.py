"""API keys: made, shown without their text, revoked."""

from datetime import UTC, datetime
from typing import Final

from app import auth
from app.api.calls import Answer, Call, answer
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Route, route
from app.api.shapes import KeyPage, KeyWithText, NewKey
from app.auth import ApiKey
from app.db import Db
from identity.errors import NotFound
from timeline.interactions import InvalidField, check_time


@route("POST", "/api/v1/keys", "keys.write", takes=NewKey, answers={201: KeyWithText}, refuses=frozenset({422}))
async def make(call: Call) -> Answer:
    """Make a key. Its text is in this answer and nowhere else."""
    asked = await call.take(NewKey)
    if asked.expires_at is not None:
        check_time("expires_at", asked.expires_at)
        if asked.expires_at <= datetime.now(UTC):
            raise InvalidField("expires_at", "expected a time to come")

    async def work(db: Db) -> Answer:
        made = await auth.make_key(
            db,
            call.workspace,
            name=asked.name or asked.role,
            role=asked.role,
            proves=list(asked.proves) if asked.proves is not None else None,
            rate=asked.rate,
            expires_at=asked.expires_at,
            created_by=call.caller.actor,
            agent=asked.agent_id,
        )
        fields = {name: getattr(made.key, name) for name in made.key.__struct_fields__}
        return answer(KeyWithText(**fields, key=made.text), 201)

    return await call.write(work, secret=True)


@route("GET", "/api/v1/keys", "keys.read", query=(LIMIT, CURSOR), answers={200: KeyPage})
async def list_keys(call: Call) -> Answer:
    """Every key of the workspace, revoked ones too."""
    limit = call.query.limit()
    after = call.start_of("keys")
    async with call.read() as db:
        found = await auth.read_keys(db, call.workspace, after, limit + 1)
    more = call.next_of("keys", [one.id for one in found], limit)
    return answer(KeyPage(items=found[:limit], next=more))


@route("GET", "/api/v1/keys/{key_id}", "keys.read", answers={200: ApiKey})
async def show(call: Call) -> Answer:
    """One key, without its text."""
    wanted = call.path_id("key_id")
    async with call.read() as db:
        found = await auth.read_key(db, call.workspace, wanted)
    if found is None:
        raise NotFound
    return answer(found)


@route("DELETE", "/api/v1/keys/{key_id}", "keys.write", answers={200: ApiKey}, refuses=frozenset({422}))
async def revoke(call: Call) -> Answer:
    """Revoke a key: gone with its next request, and within five seconds on open streams."""
    wanted = call.path_id("key_id")

    async def work(db: Db) -> Answer:
        revoked = await auth.revoke_key(db, call.workspace, wanted)
        if revoked is None:
            raise NotFound
        return answer(revoked)

    done = await call.write(work)
    call.edge.doorkeeper.forget(wanted)
    return done


ROUTES: Final[tuple[Route, ...]] = (make, list_keys, show, revoke)
