"""Is something about erasures still to be done before this home may serve? A restore that was cut short, or erasures
on record that the database does not know: of a backup that still held the people, or of a crash."""

import asyncio
import fcntl
from pathlib import Path
from typing import Final

from app import store
from app.db import Database
from app.erasing import make_good, missing
from app.erasure_log import logs_in
from app.fitness import NotFit
from app.settings import Settings
from timeline.pseudonyms import pseudonyms

RESTORING: Final = "restoring"
"""The file in HOME that a restore holds a lock on while it is under way, and takes away at its end."""
BEGUN: Final = b"begun\n"
"""What it says from the moment on in which only a whole restore helps."""
SECOND_LOOK: Final = 0.3
"""Seconds: an erasure's line is on the disk just before its commit."""


def refuse_half_restored(home: Path) -> None:
    """Raises NotFit while a restore is under way, and where one did not come to its end."""
    try:
        with (home / RESTORING).open("rb") as mark:
            fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
            begun = mark.read() == BEGUN
    except FileNotFoundError:
        return
    except BlockingIOError:
        raise NotFit("A restore of this home is under way.") from None
    if begun:
        raise NotFit("A restore of this home was cut short: run `throughline restore FILE` again.")


async def settle(settings: Settings, url: str) -> int:
    """Do what is outstanding before anything is served; returns how many erasures that were. Raises NotFit."""
    refuse_half_restored(settings.home)
    if not logs_in(settings.home):
        return 0
    database = Database(url)
    await database.open()
    try:
        return await make_good(database, settings.home, pseudonyms(settings.secret))
    finally:
        await database.close()


class Outstanding:
    """What a server asks each time it is asked whether it is ready; the database only where something has changed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._settled: object = None

    async def nothing(self, database: Database) -> bool:
        if (self._home / RESTORING).exists():
            return False
        seen = await self._signature(database)
        if seen == self._settled:
            return True
        if await missing(database, self._home):
            await asyncio.sleep(SECOND_LOOK)
            if await missing(database, self._home):
                return False
        self._settled = seen
        return True

    async def _signature(self, database: Database) -> object:
        """What a new erasure and a restored database have other than before."""
        logs = [(workspace, log.path.stat().st_size) for workspace, log in logs_in(self._home).items()]
        if not logs:
            return []
        async with database.connection() as db:
            return logs, [(row["id"], row["epoch"]) for row in await store.workspaces(db)]
