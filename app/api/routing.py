"""Routing: into which queue a new ticket comes, by channel, source and type."""

from datetime import datetime
from typing import Any, Final

import msgspec

from app import people
from app.api.calls import Answer, Call
from app.api.routes import Route, route
from app.api.setting_up import REFUSES, replaced, shown
from app.api.shapes import Reason
from app.api.ticket_commands import IF_MATCH, Version
from app.db import Db
from identity.errors import Impossible
from timeline.tickets.routing import Routing
from timeline.tickets.types import Types
from timeline.tickets.versions import DeskVersion, read_desk

SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(Routing)


class RoutingShown(Routing, frozen=True, kw_only=True, omit_defaults=False):
    """What is in force, at the version of the desk's configuration; `schema` is the JSON schema of what can be set."""

    version: int
    actor: str | None
    decided_at: datetime | None
    schema: dict[str, Any]


class NewRouting(Routing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, in place of what is there."""

    version: Version | msgspec.UnsetType = msgspec.UNSET
    reason: Reason | None = None

    @property
    def section(self) -> Routing:
        return Routing(rules=self.rules, default=self.default)


@route("GET", "/api/v1/routing", "read", answers={200: RoutingShown})
async def show(call: Call) -> Answer:
    """The rules in their order: the first that fits gives a new ticket its queue, else the default does."""
    return await shown(call, _view)


@route(
    "PUT",
    "/api/v1/routing",
    "config.write",
    headers=(IF_MATCH,),
    takes=NewRouting,
    answers={200: RoutingShown},
    refuses=REFUSES | {422},
)
async def replace(call: Call) -> Answer:
    """Replace the rules, for tickets from now on; those that are there stay where they are. Without a version 428, with
    one of before 412."""
    asked = await call.take(NewRouting)

    async def check(db: Db) -> None:
        await _check_queues(db, call, asked.section)
        _check_types(asked.section, (await read_desk(db, call.workspace)).configuration.types)

    return await replaced(call, asked, lambda desk: msgspec.structs.replace(desk, routing=asked.section), _view, check)


def _check_types(routing: Routing, types: Types) -> None:
    """Raises `Impossible` with the path of a type that is not there."""
    for index, rule in enumerate(routing.rules):
        if rule.type is not None and types.named(rule.type) is None:
            raise Impossible(f"rules[{index}].type", f"there is no ticket type {rule.type}")


async def _check_queues(db: Db, call: Call, routing: Routing) -> None:
    """Raises `Impossible` with the path of a queue that is not there."""
    known = {queue.key for queue in await people.list_queues(db, call.workspace)}
    paths = {rule.queue: f"rules[{index}].queue" for index, rule in reversed(list(enumerate(routing.rules)))}
    if routing.default is not None:
        paths.setdefault(routing.default, "default")
    for queue, path in paths.items():
        if queue not in known:
            raise Impossible(path, f"there is no queue {queue}")


def _view(desk: DeskVersion) -> RoutingShown:
    section = desk.configuration.routing
    return RoutingShown(
        version=desk.version,
        rules=section.rules,
        default=section.default,
        actor=desk.actor,
        decided_at=desk.decided_at,
        schema=SCHEMA,
    )


ROUTES: Final[tuple[Route, ...]] = (show, replace)
