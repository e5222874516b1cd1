"""Policies of identity: the one in force, those before it, and a new one."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.routes import Route, route
from app.api.shapes import Reason
from app.db import Db
from identity.policies import IdentityPolicyVersion, decide, read_versions
from identity.policy import SCHEMA, IdentityPolicy


class IdentityPolicyPage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first: it is in force. `schema` is the JSON schema of a policy."""

    items: list[IdentityPolicyVersion]
    next: None
    schema: dict[str, Any]


class NewIdentityPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy to be in force; what is left out is as in the standard."""

    policy: IdentityPolicy
    reason: Reason | None = None


@route("GET", "/api/v1/identity/policies", "read", answers={200: IdentityPolicyPage})
async def list_policies(call: Call) -> Answer:
    """Every version of the policy of identity, the one in force first."""
    async with call.read() as db:
        return answer(IdentityPolicyPage(items=await read_versions(db, call.workspace), next=None, schema=SCHEMA))


@route(
    "POST", "/api/v1/identity/policies", "config.write", takes=NewIdentityPolicy, answers={201: IdentityPolicyVersion}
)
async def add_policy(call: Call) -> Answer:
    """Put a policy in force, within half a minute in every process; what was decided before it stays. The same policy
    again makes no new version."""
    asked = await call.take(NewIdentityPolicy)

    async def work(db: Db) -> Answer:
        now = datetime.now(UTC)
        made = await decide(db, call.workspace, asked.policy, actor=call.caller.actor, reason=asked.reason, now=now)
        return answer(made, 201)

    done = await call.write(work)
    call.edge.doorkeeper.forget_workspace(call.workspace)
    return done


ROUTES: Final[tuple[Route, ...]] = (list_policies, add_policy)
