"""Who is looking: what pages show of the agent who signed in, remembered for a moment."""

import time
from collections import OrderedDict
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from app import sign_in_store
from app.access import Caller
from app.db import Database
from app.errors import unauthorized

REMEMBERED_SECONDS: Final = 30.0
MOST: Final = 10_000


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks at a page: an agent, in a time zone."""

    name: str
    email: str
    role: str
    zone: str | None = None

    @property
    def clock(self) -> ZoneInfo:
        """Where times are shown."""
        return ZoneInfo(self.zone or "UTC")


class Agents:
    """Names and zones of agents by their session."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[UUID, tuple[float, Who]] = OrderedDict()

    def forget(self, caller: Caller) -> None:
        """Who changed something about oneself sees it with the next page."""
        self._known.pop(caller.key, None)

    async def known(self, caller: Caller) -> Who:
        """Raises the 401 for who works here no more, or whose session has ended."""
        now = time.monotonic()
        kept = self._known.get(caller.key)
        if kept is not None and kept[0] > now:
            return kept[1]
        assert caller.agent is not None
        async with self._database.read(caller.workspace.id, caller.key) as db:
            row = await sign_in_store.agent(db, caller.workspace.id, caller.agent)
        if row is None:
            raise unauthorized()
        who = Who(name=row["name"], email=row["email"], role=row["role"], zone=row["zone"])
        self._known[caller.key] = (now + REMEMBERED_SECONDS, who)
        self._known.move_to_end(caller.key)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return who
