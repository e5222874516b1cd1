"""Ticket types: the types, custom fields and dispositions of a desk, read by all and replaced by whoever sets it up."""

from datetime import datetime
from typing import Any, Final

import msgspec

from app.api.calls import Answer, Call
from app.api.routes import Route, route
from app.api.setting_up import REFUSES, replaced, shown
from app.api.shapes import Reason
from app.api.ticket_commands import IF_MATCH, Version
from timeline.tickets.types import Types
from timeline.tickets.versions import DeskVersion

SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(Types)


class TypesShown(Types, frozen=True, kw_only=True, omit_defaults=False):
    """What is in force, at the version of the desk's configuration; `schema` is the JSON schema of what can be set."""

    version: int
    actor: str | None
    decided_at: datetime | None
    schema: dict[str, Any]


class NewTypes(Types, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, in place of what is there."""

    version: Version | msgspec.UnsetType = msgspec.UNSET
    reason: Reason | None = None

    @property
    def section(self) -> Types:
        return Types(types=self.types, dispositions=self.dispositions, disposition_required=self.disposition_required)


def _view(desk: DeskVersion) -> TypesShown:
    section = desk.configuration.types
    return TypesShown(
        version=desk.version,
        types=section.types,
        dispositions=section.dispositions,
        disposition_required=section.disposition_required,
        actor=desk.actor,
        decided_at=desk.decided_at,
        schema=SCHEMA,
    )


@route("GET", "/api/v1/ticket-types", "read", answers={200: TypesShown})
async def show(call: Call) -> Answer:
    """The ticket types with their fields, and what a ticket may be ended with."""
    return await shown(call, _view)


@route(
    "PUT",
    "/api/v1/ticket-types",
    "config.write",
    headers=(IF_MATCH,),
    takes=NewTypes,
    answers={200: TypesShown},
    refuses=REFUSES,
)
async def replace(call: Call) -> Answer:
    """Replace them, from now on; what tickets were filled with stays. Without a version 428, with one of before 412."""
    asked = await call.take(NewTypes)
    return await replaced(call, asked, lambda desk: msgspec.structs.replace(desk, types=asked.section), _view)


ROUTES: Final[tuple[Route, ...]] = (show, replace)
