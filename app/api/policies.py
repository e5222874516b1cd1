"""Ticket policies: the one in force, those before it, and a new one from now on."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.routes import Route, route
from app.api.shapes import Reason
from app.db import Db
from timeline.interactions import InvalidField
from timeline.tickets.policy import SCHEMA, TicketPolicy, check_policy
from timeline.tickets.versions import PolicyVersion, decide, read_versions


class PolicyPage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first: it is in force. `schema` is the JSON schema of a policy."""

    items: list[PolicyVersion]
    next: None
    schema: dict[str, Any]


class NewPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy to be in force from now on; what is left out is as in the standard."""

    policy: TicketPolicy
    reason: Reason | None = None


@route("GET", "/api/v1/ticket-policies", "read", answers={200: PolicyPage})
async def list_policies(call: Call) -> Answer:
    """Every version of the ticket policy, the one in force first."""
    async with call.read() as db:
        return answer(PolicyPage(items=await read_versions(db, call.workspace), next=None, schema=SCHEMA))


@route("POST", "/api/v1/ticket-policies", "config.write", takes=NewPolicy, answers={201: PolicyVersion})
async def add_policy(call: Call) -> Answer:
    """Put a policy in force from now on; what was folded under the one before stays. `POST
    /ticket-policies/preview` shows first what it would have made of the past; `throughline derive` shows it of
    everybody, and applies it to the past where that is wanted."""
    asked = await call.take(NewPolicy)
    check_asked(asked)

    async def work(db: Db) -> Answer:
        made = await decide(
            db,
            call.workspace,
            asked.policy,
            past=False,
            actor=call.caller.actor,
            reason=asked.reason,
            now=datetime.now(UTC),
        )
        return answer(made, 201)

    return await call.write(work, configures=True)


def check_asked(asked: NewPolicy) -> None:
    """Raises `InvalidField`."""
    try:
        check_policy(asked.policy)
    except InvalidField as error:
        raise InvalidField(f"policy.{error.field}", error.words) from None


ROUTES: Final[tuple[Route, ...]] = (list_policies, add_policy)
