"""Retention policies: the one in force, those before it, and a new one."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.routes import Route, route
from app.db import Db
from timeline.interactions import InvalidField
from timeline.retention import SCHEMA, RetentionPolicy, RetentionVersion, check_policy, decide, read_versions


class RetentionPage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first: it is in force. `schema` is the JSON schema of a policy."""

    items: list[RetentionVersion]
    next: None
    schema: dict[str, Any]


class NewRetention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy to be in force; what it does not name stays for ever."""

    policy: RetentionPolicy


@route("GET", "/api/v1/retention-policies", "retention.read", answers={200: RetentionPage})
async def list_policies(call: Call) -> Answer:
    """Every version of the retention policy, the one in force first."""
    async with call.read() as db:
        return answer(RetentionPage(items=await read_versions(db, call.workspace), next=None, schema=SCHEMA))


@route("POST", "/api/v1/retention-policies", "retention.write", takes=NewRetention, answers={201: RetentionVersion})
async def add_policy(call: Call) -> Answer:
    """Put a policy in force: the worker erases what it says is old, within minutes and then once a day. What is erased
    does not come back. `POST /retention-policies/preview` counts first. The same policy again makes
    no new version."""
    asked = await call.take(NewRetention)
    check_asked(call, asked)

    async def work(db: Db) -> Answer:
        now = datetime.now(UTC)
        return answer(await decide(db, call.workspace, asked.policy, actor=call.caller.actor, now=now), 201)

    return await call.write(work)


def check_asked(call: Call, asked: NewRetention) -> None:
    """Raises `InvalidField`."""
    try:
        check_policy(asked.policy, call.caller.workspace.channels)
    except InvalidField as error:
        raise InvalidField(f"policy.{error.field}", error.words) from None


ROUTES: Final[tuple[Route, ...]] = (list_policies, add_policy)
