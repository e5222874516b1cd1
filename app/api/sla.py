"""What a desk promises, over HTTP: its business calendars and its SLA policies, each replaced as a whole."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.routes import Route, route
from app.api.shapes import Reason
from app.api.ticket_commands import IF_MATCH, Version, seen_version
from app.db import Db
from app.errors import version_required
from timeline.errors import TicketStale
from timeline.tickets.calendars import Calendar
from timeline.tickets.configuration import DeskConfiguration
from timeline.tickets.sla import Sla
from timeline.tickets.versions import DeskVersion, decide_desk, read_desk

_SLA_SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(Sla)
_CALENDAR_SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(Calendar)
_REFUSES: Final = frozenset({412, 428})


class CalendarsShown(msgspec.Struct, frozen=True, kw_only=True):
    """The calendars in force by key, at the version of the desk's configuration."""

    version: int
    calendars: dict[str, Calendar]
    actor: str | None
    decided_at: datetime | None
    schema: dict[str, Any]


class NewCalendars(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them, in place of those that are there. `version` is the one that was seen; `If-Match` says the same."""

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
    """All of them, in place of those that are there. `version` is the one that was seen; `If-Match` says the same."""

    sla: Sla
    version: Version | msgspec.UnsetType = msgspec.UNSET
    reason: Reason | None = None


def _calendars(desk: DeskVersion) -> Answer:
    shown = CalendarsShown(
        version=desk.version,
        calendars=desk.configuration.calendars,
        actor=desk.actor,
        decided_at=desk.decided_at,
        schema=_CALENDAR_SCHEMA,
    )
    return answer(shown, headers={"ETag": f'"{desk.version}"'})


def _sla(desk: DeskVersion) -> Answer:
    shown = SlaShown(
        version=desk.version,
        sla=desk.configuration.sla,
        actor=desk.actor,
        decided_at=desk.decided_at,
        schema=_SLA_SCHEMA,
    )
    return answer(shown, headers={"ETag": f'"{desk.version}"'})


@route("GET", "/api/v1/calendars", "read", answers={200: CalendarsShown})
async def show_calendars(call: Call) -> Answer:
    """The business calendars by key."""
    async with call.read() as db:
        return _calendars(await read_desk(db, call.workspace))


@route(
    "PUT",
    "/api/v1/calendars",
    "config.write",
    headers=(IF_MATCH,),
    takes=NewCalendars,
    answers={200: CalendarsShown},
    refuses=_REFUSES,
)
async def put_calendars(call: Call) -> Answer:
    """Replace the calendars, from now on: what is due already stays due when it was promised. Without a version 428,
    with one of before 412."""
    asked = await call.take(NewCalendars)
    return await _replace(
        call, asked, lambda desk: msgspec.structs.replace(desk, calendars=asked.calendars), _calendars
    )


@route("GET", "/api/v1/sla-policies", "read", answers={200: SlaShown})
async def show_sla(call: Call) -> Answer:
    """The SLA policies in the order in which they are asked, and what counts as an answer."""
    async with call.read() as db:
        return _sla(await read_desk(db, call.workspace))


@route(
    "PUT",
    "/api/v1/sla-policies",
    "config.write",
    headers=(IF_MATCH,),
    takes=NewSla,
    answers={200: SlaShown},
    refuses=_REFUSES,
)
async def put_sla(call: Call) -> Answer:
    """Replace the SLA policies, from now on: promises that were made stay as they were made. `throughline replay sla`
    shows first what they would have made of the past. Without a version 428, with one of before 412."""
    asked = await call.take(NewSla)
    return await _replace(call, asked, lambda desk: msgspec.structs.replace(desk, sla=asked.sla), _sla)


async def _replace(
    call: Call,
    asked: NewCalendars | NewSla,
    change: Callable[[DeskConfiguration], DeskConfiguration],
    shown: Callable[[DeskVersion], Answer],
) -> Answer:
    version = seen_version(call, asked.version)
    if version is None:
        raise version_required()

    async def work(db: Db) -> Answer:
        there = await read_desk(db, call.workspace)
        if change(there.configuration) == there.configuration:
            return shown(there)
        if there.version != version:
            raise TicketStale(there.version)
        now = datetime.now(UTC)
        actor, reason = call.caller.actor, asked.reason
        return shown(await decide_desk(db, call.workspace, change, actor=actor, reason=reason, now=now))

    return await call.write(work, configures=True)


ROUTES: Final[tuple[Route, ...]] = (show_calendars, put_calendars, show_sla, put_sla)
