"""What a desk promises, over HTTP: its business calendars and its SLA policies, each replaced as a whole."""

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
from timeline.tickets.calendars import Calendar
from timeline.tickets.sla import Sla, When
from timeline.tickets.types import Types
from timeline.tickets.versions import DeskVersion, read_desk

_SLA_SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(Sla)
_CALENDAR_SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(Calendar)


class CalendarsShown(msgspec.Struct, frozen=True, kw_only=True):
    """The calendars in force by key, at the version of the desk's configuration."""

    version: int
    calendars: dict[str, Calendar]
    actor: str | None
    decided_at: datetime | None
    schema: dict[str, Any]


class NewCalendars(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them, in place of those that are there."""

    calendars: dict[str, Calendar]
    version: Version | msgspec.UnsetType = msgspec.UNSET
    reason: Reason | None = None


class SlaShown(msgspec.Struct, frozen=True, kw_only=True):
    """The SLA policies in force, at the version of the desk's configuration."""

    version: int
    sla: Sla
    actor: str | None
    decided_at: datetime | None
    schema: dict[str, Any]


class NewSla(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them, in place of those that are there."""

    sla: Sla
    version: Version | msgspec.UnsetType = msgspec.UNSET
    reason: Reason | None = None


def _calendars(desk: DeskVersion) -> CalendarsShown:
    return CalendarsShown(
        version=desk.version,
        calendars=desk.configuration.calendars,
        actor=desk.actor,
        decided_at=desk.decided_at,
        schema=_CALENDAR_SCHEMA,
    )


def _sla(desk: DeskVersion) -> SlaShown:
    return SlaShown(
        version=desk.version,
        sla=desk.configuration.sla,
        actor=desk.actor,
        decided_at=desk.decided_at,
        schema=_SLA_SCHEMA,
    )


@route("GET", "/api/v1/calendars", "read", answers={200: CalendarsShown})
async def show_calendars(call: Call) -> Answer:
    """The business calendars by key."""
    return await shown(call, _calendars)


@route(
    "PUT",
    "/api/v1/calendars",
    "config.write",
    headers=(IF_MATCH,),
    takes=NewCalendars,
    answers={200: CalendarsShown},
    refuses=REFUSES | {422},
)
async def put_calendars(call: Call) -> Answer:
    """Replace the calendars, from now on: what is due already stays due when it was promised. Without a version 428,
    with one of before 412."""
    asked = await call.take(NewCalendars)

    async def check(db: Db) -> None:
        for key, name in await people.working_by(db, call.workspace):
            if key not in asked.calendars:
                raise Impossible(f"calendars.{key}", f"{name} works by it: give them another first")

    return await replaced(
        call, asked, lambda desk: msgspec.structs.replace(desk, calendars=asked.calendars), _calendars, check
    )


@route("GET", "/api/v1/sla-policies", "read", answers={200: SlaShown})
async def show_sla(call: Call) -> Answer:
    """The SLA policies in the order in which they are asked, and what counts as an answer."""
    return await shown(call, _sla)


@route(
    "PUT",
    "/api/v1/sla-policies",
    "config.write",
    headers=(IF_MATCH,),
    takes=NewSla,
    answers={200: SlaShown},
    refuses=REFUSES | {422},
)
async def put_sla(call: Call) -> Answer:
    """Replace the SLA policies, from now on: promises that were made stay as they were made. `POST
    /sla-policies/preview` shows first what they would have made of the past. Without a version 428, with one of before
    412."""
    asked = await call.take(NewSla)

    async def check(db: Db) -> None:
        queues = {queue.key for queue in await people.list_queues(db, call.workspace)}
        _check_words(asked.sla, (await read_desk(db, call.workspace)).configuration.types, queues)

    return await replaced(call, asked, lambda desk: msgspec.structs.replace(desk, sla=asked.sla), _sla, check)


def _check_words(sla: Sla, types: Types, queues: set[str]) -> None:
    """Raises `Impossible` with the path of a policy that would never apply: what it asks for is not there, or one
    before it asks for nothing."""
    kinds = {one.key for one in types.types}
    fields = {field.key for one in types.types for field in one.fields}
    for index, policy in enumerate(sla.policies):
        if any(earlier.when == When() for earlier in sla.policies[:index]):
            raise Impossible(f"sla.policies[{index}]", "it never applies: one before it is for every ticket")
        path = f"sla.policies[{index}].when"
        for name, known in (("queue", queues), ("type", kinds), ("fields", fields)):
            unknown = next((one for one in getattr(policy.when, name) if one not in known), None)
            if unknown is not None:
                words = f"there is no {name.removesuffix('s')} {unknown}"
                raise Impossible(f"{path}.{name}", f"{words}: the desk has {', '.join(sorted(known)) or 'none yet'}")


ROUTES: Final[tuple[Route, ...]] = (show_calendars, put_calendars, show_sla, put_sla)
