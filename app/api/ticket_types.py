"""Ticket types: the types, custom fields and dispositions of a desk, read by all and replaced by whoever sets it up."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.routes import Route, route
from app.api.shapes import Reason
from app.api.ticket_commands import IF_MATCH, Version, seen_version
from app.db import Db
from app.errors import Problem, version_required
from timeline.tickets.types import Types
from timeline.tickets.versions import DeskVersion, decide_desk, read_desk

SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(Types)


class TypesShown(Types, frozen=True, kw_only=True, omit_defaults=False):
    """What is in force, at the version of the desk's configuration; `schema` is the JSON schema of what can be set."""

    version: int
    actor: str | None
    decided_at: datetime | None
    schema: dict[str, Any]


class NewTypes(Types, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, in place of what is there. `version` is the one that was seen; `If-Match` says the same."""

    version: Version | msgspec.UnsetType = msgspec.UNSET
    reason: Reason | None = None

    @property
    def section(self) -> Types:
        return Types(types=self.types, dispositions=self.dispositions, disposition_required=self.disposition_required)


def _shown(desk: DeskVersion) -> Answer:
    section = desk.configuration.types
    shown = TypesShown(
        version=desk.version,
        types=section.types,
        dispositions=section.dispositions,
        disposition_required=section.disposition_required,
        actor=desk.actor,
        decided_at=desk.decided_at,
        schema=SCHEMA,
    )
    return answer(shown, headers={"ETag": f'"{desk.version}"'})


def _stale(version: int) -> Problem:
    words = f"The desk was set up anew meanwhile: it is at version {version}."
    return Problem(412, "stale", words, [("version", f"it is at version {version}")], {"ETag": f'"{version}"'})


@route("GET", "/api/v1/ticket-types", "read", answers={200: TypesShown})
async def show(call: Call) -> Answer:
    """The ticket types with their fields, and what a ticket may be ended with."""
    async with call.read() as db:
        return _shown(await read_desk(db, call.workspace))


@route(
    "PUT",
    "/api/v1/ticket-types",
    "config.write",
    headers=(IF_MATCH,),
    takes=NewTypes,
    answers={200: TypesShown},
    refuses=frozenset({412, 428}),
)
async def replace(call: Call) -> Answer:
    """Replace them, from now on; what tickets were filled with stays. Without a version 428, with one of before 412."""
    asked = await call.take(NewTypes)
    version = seen_version(call, asked.version)
    if version is None:
        raise version_required()

    async def work(db: Db) -> Answer:
        there = await read_desk(db, call.workspace)
        if there.configuration.types == asked.section:
            return _shown(there)
        if there.version != version:
            raise _stale(there.version)
        return _shown(
            await decide_desk(
                db,
                call.workspace,
                lambda desk: msgspec.structs.replace(desk, types=asked.section),
                actor=call.caller.actor,
                reason=asked.reason,
                now=datetime.now(UTC),
            )
        )

    return await call.write(work, configures=True)


ROUTES: Final[tuple[Route, ...]] = (show, replace)
