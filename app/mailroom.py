"""How this process reads what is read apart: with which processes, name servers, files and agents. Nothing is started
before the first delivery."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from app import filing
from app.answering import answer
from app.db import Database
from app.settings import Settings
from channels.email.dns import Lookup, Texts
from channels.email.kind import NAME
from channels.email.readers import Readers
from channels.email.tokens import Tokens
from channels.email.understanding import MailReading
from channels.files import FileStore
from channels.reading import Apart, Understanding

READERS: Final = 2


class Mailroom:
    """Made with a process and closed with it."""

    def __init__(self, settings: Settings, database: Database, files: FileStore, lookup: Lookup | None = None) -> None:
        self._settings = settings
        self._database = database
        self._keeping = Keeping(database, files)
        self._lookup = lookup or Texts().lookup
        self._readers: Readers | None = None
        self._ways: dict[str, Understanding] = {}

    def ways(self) -> Apart:
        """The kinds that are read apart."""
        if self._readers is None:
            self._readers = Readers(filing.spool_of(self._settings.home), most=READERS)
            self._ways[NAME] = MailReading(
                self._readers,
                self._lookup,
                Tokens(self._settings.secret),
                keep=self._keeping.keep,
                look=self._database.read,
                answer=answer,
            )
        return self._ways

    async def close(self) -> None:
        if self._readers is not None:
            await self._readers.close()


class Keeping:
    """Keeps files of many mails together: what comes while some are being stored goes with the next."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self._database = database
        self._files = files
        self._waiting: dict[UUID, list[tuple[Mapping[str, Path], asyncio.Future[None]]]] = {}
        self._storing: dict[UUID, asyncio.Task[None]] = {}

    async def keep(self, workspace: UUID, paths: Mapping[str, Path]) -> None:
        """Raises as `filing.keep` does, for these files alone."""
        if not paths:
            return
        stored = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(workspace, []).append((paths, stored))
        if workspace not in self._storing:
            self._storing[workspace] = asyncio.create_task(self._store(workspace))
        await stored

    async def _store(self, workspace: UUID) -> None:
        try:
            while asked := self._waiting.pop(workspace, None):
                try:
                    together = {sha256: path for paths, _ in asked for sha256, path in paths.items()}
                    await filing.keep(self._database, self._files, workspace, together)
                    _answer([stored for _, stored in asked], None)
                except Exception:  # noqa: BLE001 - whose fault it was, each finds out alone
                    for paths, stored in asked:
                        await self._store_alone(workspace, paths, stored)
        finally:
            del self._storing[workspace]

    async def _store_alone(self, workspace: UUID, paths: Mapping[str, Path], stored: "asyncio.Future[None]") -> None:
        try:
            await filing.keep(self._database, self._files, workspace, paths)
            _answer([stored], None)
        except Exception as error:  # noqa: BLE001 - told to who asked
            _answer([stored], error)


def _answer(asked: "Sequence[asyncio.Future[None]]", error: Exception | None) -> None:
    """Whoever was cancelled meanwhile hears nothing."""
    for stored in asked:
        if not stored.done():
            if error is None:
                stored.set_result(None)
            else:
                stored.set_exception(error)
