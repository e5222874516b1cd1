"""Keeping files and letting go of them, as the edge does it: transactions around what `channels.files` decides.

A crash between two steps leaves a row that says when to look, and nothing else: the worker looks.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from app.db import Database, DatabaseAway, Db
from channels import files
from channels.email import readers
from channels.files import FilesAway, FileStore
from identity.customers import WorkspaceId

FOLDER: Final = "files"
SPOOL: Final = "spool"
LOOK_SECONDS: Final = 5.0
UPLOADS_SECONDS: Final = 600.0
PARTIAL_SECONDS: Final = 3_600.0
AFTER_A_FAULT: Final = 30.0
PAGE: Final = 100

log = structlog.get_logger(__name__)


def spool_of(home: Path) -> Path:
    """Where bytes are on their way in, beside the files; made if need be."""
    spool = home / SPOOL
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    return spool


def clear_spool(spool: Path, now: float) -> None:
    """Take away what a process that was killed had on its way in: an erasure does not look there."""
    readers.clear(spool)
    for left in spool.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if left.is_file() and left.name != readers.LOCK and left.stat().st_mtime < now - PARTIAL_SECONDS:
                left.unlink()


async def keep(database: Database, store: FileStore, workspace: UUID, paths: Mapping[str, Path]) -> None:
    """Store files by their hashes; `files.record` in the transaction of their event makes them needed.

    Raises `FileDamaged`, `FilesAway` and `DatabaseAway`; what was stored by then is looked at later."""
    if not paths:
        return
    sizes = {sha256: path.stat().st_size for sha256, path in paths.items()}
    await database.write(workspace, lambda db: files.announce(db, workspace, sizes, datetime.now(UTC)))
    await store.put(workspace, paths)


async def let_go(database: Database, store: FileStore, workspace: UUID, now: datetime) -> int:
    """Delete the files that are due and that nothing needs; returns how many. Raises `FilesAway`."""
    deleted = 0
    while True:
        async with database.read(workspace) as db:
            found = await files.due(db, workspace, now, PAGE)
        for sha256 in found:
            deleted += await _look(database, store, workspace, sha256)
        if len(found) < PAGE:
            return deleted


async def let_go_soon(database: Database, store: FileStore, workspace: UUID) -> None:
    """Delete what is due now, if it can be done; else the worker does it."""
    try:
        await let_go(database, store, workspace, datetime.now(UTC))
    except (DatabaseAway, FilesAway) as error:
        log.warning("files_left", workspace=str(workspace), error=str(error))


async def _look(database: Database, store: FileStore, workspace: UUID, sha256: str) -> bool:
    if not await database.write(workspace, lambda db: files.condemn(db, workspace, sha256)):
        return False

    async def delete(db: Db) -> bool:
        return await files.delete_condemned(db, store, workspace, sha256)

    return await database.write(workspace, delete)


class Filing:
    """The worker's part: uploads that nobody used in time, files that nothing needs, and what was on its way in."""

    def __init__(self, database: Database, store: FileStore, spool: Path) -> None:
        self._database = database
        self._store = store
        self._spool = spool

    async def attend(self, workspace: WorkspaceId) -> None:
        """Look for one workspace until cancelled."""
        dropped = float("-inf")
        while True:
            pause = LOOK_SECONDS
            try:
                if time.monotonic() - dropped >= UPLOADS_SECONDS:
                    await self._database.write(workspace, lambda db: files.drop_old(db, workspace, datetime.now(UTC)))
                    await asyncio.to_thread(clear_spool, self._spool, time.time())
                    dropped = time.monotonic()
                await let_go(self._database, self._store, workspace, datetime.now(UTC))
            except DatabaseAway:
                pass
            except FilesAway as error:
                log.error("files_away", workspace=str(workspace), error=str(error))
                pause = AFTER_A_FAULT
            await asyncio.sleep(pause)
