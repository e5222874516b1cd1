"""Replacing one section of what a desk sets up, as a whole and from now on, by whoever saw the version in force."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.ticket_commands import seen_version
from app.db import Db
from app.errors import Problem, version_required
from timeline.tickets.configuration import DeskConfiguration
from timeline.tickets.versions import DeskVersion, decide_desk, read_desk

REFUSES: Final = frozenset({412, 428})

Change = Callable[[DeskConfiguration], DeskConfiguration]
View = Callable[[DeskVersion], Any]


class Replacing(Protocol):
    """What every replacement may say. `version` is the one that was seen; `If-Match` says the same. A protocol, for a
    struct cannot have a second base with fields."""

    @property
    def version(self) -> int | msgspec.UnsetType: ...

    @property
    def reason(self) -> str | None: ...


async def shown(call: Call, view: View) -> Answer:
    """A section as it is in force, with the version of the desk's configuration as its tag."""
    async with call.read() as db:
        return _tagged(await read_desk(db, call.workspace), view)


async def replaced(
    call: Call, asked: Replacing, change: Change, view: View, check: Callable[[Db], Awaitable[None]] | None = None
) -> Answer:
    """The section as it is then. What is so already makes no version; `check` raises what cannot be."""
    version = seen_version(call, asked.version)
    if version is None:
        raise version_required()

    async def work(db: Db) -> Answer:
        there = await read_desk(db, call.workspace)
        if change(there.configuration) == there.configuration:
            return _tagged(there, view)
        if there.version != version:
            raise _stale(there.version)
        if check is not None:
            await check(db)
        now, actor = datetime.now(UTC), call.caller.actor
        done = await decide_desk(db, call.workspace, change, actor=actor, reason=asked.reason, now=now)
        return _tagged(done, view)

    return await call.write(work, configures=True)


def _tagged(desk: DeskVersion, view: View) -> Answer:
    return answer(view(desk), headers={"ETag": f'"{desk.version}"'})


def _stale(version: int) -> Problem:
    words = f"The desk was set up anew meanwhile: it is at version {version}."
    return Problem(412, "stale", words, [("version", f"it is at version {version}")], {"ETag": f'"{version}"'})
