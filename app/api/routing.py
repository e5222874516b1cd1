"""Routing: into which queue a new ticket comes, by channel, source and type."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app import people
from app.api.calls import Answer, Call, answer
from app.api.routes import Route, route
from app.api.shapes import Reason
from app.api.ticket_commands import IF_MATCH, Version, seen_version
from app.db import Db
from app.errors import Problem, version_required
from identity.errors import Impossible
from timeline.tickets.routing import Routing
from timeline.tickets.versions import DeskVersion, decide_desk, read_desk

SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(Routing)


class RoutingShown(Routing, frozen=True, kw_only=True, omit_defaults=False):
    """What is in force, at the version of the desk's configuration; `schema` is the JSON schema of what can be set."""

    version: int
    actor: str | None
    decided_at: datetime | None
    schema: dict[str, Any]


class NewRouting(Routing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, in place of what is there. `version` is the one that was seen; `If-Match` says the same."""

    version: Version | msgspec.UnsetType = msgspec.UNSET
    reason: Reason | None = None

    @property
    def section(self) -> Routing:
        return Routing(rules=self.rules, default=self.default)


@route("GET", "/api/v1/routing", "read", answers={200: RoutingShown})
async def show(call: Call) -> Answer:
    """The rules in their order: the first that fits gives a new ticket its queue, else the default does."""
    async with call.read() as db:
        return _shown(await read_desk(db, call.workspace))


@route(
    "PUT",
    "/api/v1/routing",
    "config.write",
    headers=(IF_MATCH,),
    takes=NewRouting,
    answers={200: RoutingShown},
    refuses=frozenset({412, 422, 428}),
)
async def replace(call: Call) -> Answer:
    """Replace the rules, for tickets from now on; those that are there stay where they are. Without a version 428, with
    one of before 412."""
    asked = await call.take(NewRouting)
    version = seen_version(call, asked.version)
    if version is None:
        raise version_required()

    async def work(db: Db) -> Answer:
        there = await read_desk(db, call.workspace)
        if there.configuration.routing == asked.section:
            return _shown(there)
        if there.version != version:
            raise _stale(there.version)
        await _check_queues(db, call, asked.section)
        done = await decide_desk(
            db,
            call.workspace,
            lambda desk: msgspec.structs.replace(desk, routing=asked.section),
            actor=call.caller.actor,
            reason=asked.reason,
            now=datetime.now(UTC),
        )
        return _shown(done)

    return await call.write(work, configures=True)


async def _check_queues(db: Db, call: Call, routing: Routing) -> None:
    """Raises `Impossible` with the path of a queue that is not there."""
    known = {queue.key for queue in await people.list_queues(db, call.workspace)}
    paths = {rule.queue: f"rules[{index}].queue" for index, rule in reversed(list(enumerate(routing.rules)))}
    if routing.default is not None:
        paths.setdefault(routing.default, "default")
    for queue, path in paths.items():
        if queue not in known:
            raise Impossible(path, f"there is no queue {queue}")


def _shown(desk: DeskVersion) -> Answer:
    section = desk.configuration.routing
    shown = RoutingShown(
        version=desk.version,
        rules=section.rules,
        default=section.default,
        actor=desk.actor,
        decided_at=desk.decided_at,
        schema=SCHEMA,
    )
    return answer(shown, headers={"ETag": f'"{desk.version}"'})


def _stale(version: int) -> Problem:
    words = f"The desk was set up anew meanwhile: it is at version {version}."
    return Problem(412, "stale", words, [("version", f"it is at version {version}")], {"ETag": f'"{version}"'})


ROUTES: Final[tuple[Route, ...]] = (show, replace)
