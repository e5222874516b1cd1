"""How this process reads what is read apart: with which processes, name servers, files and agents. Nothing is started
before the first delivery."""

from collections.abc import Mapping
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
        self._files = files
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
                keep=self._keep,
                look=self._database.read,
                answer=answer,
            )
        return self._ways

    async def _keep(self, workspace: UUID, paths: Mapping[str, Path]) -> None:
        await filing.keep(self._database, self._files, workspace, paths)

    async def close(self) -> None:
        if self._readers is not None:
            await self._readers.close()
