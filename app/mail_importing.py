"""Mails of the past into the ledger: many read at once, their files kept together, handed in by the hundred, in the
order in which they were written.

What is there already is passed over before it is read, so an import that was cut short goes on where it was. A mail
that cannot be understood is in the quarantine with its bytes, and stops no other.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import structlog

from app import filing
from app.db import Busy, Database, DatabaseAway, Db, new_id
from app.settings import Settings
from channels import inbox
from channels.contract import Account, Delivery, Unparseable
from channels.email.items import source_id_of
from channels.email.kind import NAME, delivery
from channels.email.past import PastMails, PastRead, nobody_answers, nobody_asked
from channels.email.readers import Readers
from channels.email.tokens import Tokens
from channels.email.understanding import MailReading
from channels.files import FilesAway, FileStore
from channels.imports.imported import Refusal, Unreadable
from channels.imports.mailboxes import MOST_BYTES, TOO_LARGE, Found
from channels.imports.mailboxes import read as read_bytes
from channels.imports.run import KEPT_REFUSALS, Summary
from timeline import store
from timeline.intake import Outcome, Sender, receive
from timeline.threads import Workspace

CHUNK: Final = 100
CHUNK_BYTES: Final = 32 << 20
READERS: Final = 2
AHEAD: Final = 8

log = structlog.get_logger(__name__)


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk that was read, with the folder that its files lie in."""

    folder: Path
    reads: list[tuple[Found, PastRead]]
    paths: dict[str, Path]


class Importer:
    """One account's past. Made for an import and closed with it."""

    def __init__(
        self, settings: Settings, database: Database, files: FileStore, workspace: Workspace, account: Account
    ) -> None:
        self._database = database
        self._files = files
        self._workspace = workspace
        self._account = account
        self._readers = Readers(filing.spool_of(settings.home), most=READERS)
        tokens = Tokens(settings.secret)
        self._way = PastMails(
            MailReading(
                self._readers, nobody_asked, tokens, keep=self._set_apart, look=database.read, answer=nobody_answers
            )
        )
        self._folder = self._readers.folder
        self._paths: dict[str, Path] = {}
        self._new = self._known = 0
        self._refused = 0
        self._refusals: list[Refusal] = []

    async def run(self, found: Iterable[Found], told: Callable[[int], None]) -> Summary:
        """Take all of them in their order; `told` hears how many are done. Can be repeated, and cut short.

        Raises `DatabaseAway`, `FilesAway`, and `Unreadable` for a file that cannot be read any more."""
        handing: asyncio.Task[None] | None = None
        try:
            for chunk in _chunks(found):
                prepared = await self._prepare(chunk)
                if handing is not None:
                    await handing
                handing = asyncio.create_task(self._hand_in(prepared))
                told(self.done)
            if handing is not None:
                await handing
            told(self.done)
        finally:
            if handing is not None:
                handing.cancel()
                await asyncio.gather(handing, return_exceptions=True)
            await self._readers.close()
        return Summary(read=self.done, new=self._new, known=self._known, refused=self._refused, refusals=self._refusals)

    @property
    def done(self) -> int:
        return self._new + self._known + self._refused

    async def _prepare(self, chunk: Sequence[Found]) -> _Prepared:
        """Read what is not there yet, as many at once as there are readers."""
        fresh = await self._unknown(chunk)
        self._folder = Path(tempfile.mkdtemp(dir=self._readers.folder, prefix="import-"))
        self._paths = {}
        room = asyncio.Semaphore(AHEAD)

        async def read(one: Found) -> tuple[Found, PastRead] | None:
            async with room:
                return await self._read(one)

        reads = await asyncio.gather(*(read(one) for one in fresh))
        return _Prepared(folder=self._folder, reads=[one for one in reads if one is not None], paths=self._paths)

    async def _unknown(self, chunk: Sequence[Found]) -> list[Found]:
        names = [(self._account.source, source_id_of(one.key)) for one in chunk]
        async with self._database.read(self._workspace.id) as db:
            rows = await store.by_source(db, self._workspace.id, names, self._workspace.erased_names(names))
        there = {row["asked"] for row in rows if row["id"] is not None}
        fresh = [one for one, (_, name) in zip(chunk, names, strict=True) if name not in there]
        self._known += len(chunk) - len(fresh)
        return fresh

    async def _read(self, one: Found) -> tuple[Found, PastRead] | None:
        if one.key == TOO_LARGE:
            self._refuse(one, f"it has more than {MOST_BYTES:,} bytes")
            return None
        try:
            raw = await asyncio.to_thread(read_bytes, one)
        except Unreadable as error:
            self._refuse(one, str(error))
            return None
        mail = delivery(raw, arrived=one.at)
        try:
            return one, await self._way.read(self._workspace, self._account, mail)
        except Unparseable as error:
            await self._keep(one, mail, error.words)
        except (DatabaseAway, FilesAway):
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours is told, and stops no other
            log.error("mail_not_read", where=one.where, error=error)
            await self._keep(one, mail, f"it failed with {type(error).__name__}")
        return None

    async def _set_apart(self, workspace: UUID, paths: Mapping[str, Path]) -> None:  # noqa: ARG002 - it is ours
        """The files of a mail that was just read: kept with those of its chunk."""
        for sha256, path in paths.items():
            if sha256 not in self._paths:
                self._paths[sha256] = path.rename(self._folder / sha256)

    async def _hand_in(self, prepared: _Prepared) -> None:
        try:
            await filing.keep(self._database, self._files, self._workspace.id, prepared.paths)
            await self._take(prepared.reads)
        finally:
            await asyncio.to_thread(shutil.rmtree, prepared.folder, ignore_errors=True)

    async def _take(self, reads: Sequence[tuple[Found, PastRead]]) -> None:
        """All of them in one transaction; where that fails, each by itself."""
        if not reads:
            return
        try:
            outcomes = await self._database.write(self._workspace.id, lambda db: self._receive(db, reads))
        except Exception as error:
            if isinstance(error, DatabaseAway) and not isinstance(error, Busy):
                raise
            if len(reads) > 1:
                for one in reads:
                    await self._take([one])
                return
            found = reads[0][0]
            log.error("mail_not_taken", where=found.where, error=error)
            mail = delivery(await asyncio.to_thread(read_bytes, found), arrived=found.at)
            await self._keep(found, mail, f"it failed with {type(error).__name__}")
            return
        for (found, _), outcome in zip(reads, outcomes, strict=True):
            await self._count(found, outcome)

    async def _receive(self, db: Db, reads: Sequence[tuple[Found, PastRead]]) -> list[Outcome]:
        sender = Sender(
            workspace=self._workspace, actor=self._account.actor, proves=self._account.proves_now, history=True
        )
        placed = await self._way.place(db, self._workspace, self._account, [read for _, read in reads])
        items = [item for one in placed for item in one.items]
        outcomes = await receive(db, sender, items, new_id=new_id)
        done = [(one, [outcome]) for one, outcome in zip(placed, outcomes, strict=True)]
        await self._way.record(db, self._workspace, self._account, done)
        return outcomes

    async def _count(self, found: Found, outcome: Outcome) -> None:
        if outcome.status == 201:
            self._new += 1
        elif outcome.status == 200 or outcome.code == "content_differs":
            self._known += 1  # a mail is known by its bytes, whatever is read of it today
        else:
            mail = delivery(await asyncio.to_thread(read_bytes, found), arrived=found.at)
            await self._keep(found, mail, outcome.words or "refused", fields=outcome.fields)

    async def _keep(self, found: Found, mail: Delivery, words: str, fields: Sequence[str] = ()) -> None:
        refused = inbox.Refused(
            door=inbox.HOOKS + NAME,
            code="unparseable",
            reason=words,
            fields=list(fields),
            source=self._account.source,
            source_id=mail.key,
            raw=mail.raw,
            headers=mail.headers,
            actor=self._account.actor,
            proves=self._account.proves,
            account=self._account.id,
        )
        workspace = self._workspace.id
        await self._database.write(workspace, lambda db: inbox.keep(db, workspace, refused, new_id=new_id))
        self._refuse(found, f"{words}; it is in the quarantine")

    def _refuse(self, found: Found, words: str) -> None:
        self._refused += 1
        if len(self._refusals) < KEPT_REFUSALS:
            self._refusals.append(Refusal(where=found.where, field="", words=words))


def _chunks(found: Iterable[Found]) -> Iterator[list[Found]]:
    """As many together as one transaction and a fixed memory take."""
    chunk: list[Found] = []
    size = 0
    for one in found:
        if chunk and (len(chunk) == CHUNK or size + one.end - one.start > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(one)
        size += one.end - one.start
    if chunk:
        yield chunk
