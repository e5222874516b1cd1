"""Restoring a backup: what it refuses, in which order things are put back, and what it must not lose.

HOME/restoring stands there from before the first change until nothing is left to do; a restore that is cut short is
begun again. Erasures that are on record outside the backup are done again before the end.
"""

import fcntl
import hmac
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final
from uuid import UUID

import asyncpg
import msgspec

from app import copying, upkeep
from app.addresses import APP, REPORTS, app_url
from app.archive import Archive, Manifest, NoBackup
from app.audit import SealLog
from app.backing_up import ERASURES, FILES, SEALS, SECRET, TABLES, Told, fingerprint, part_name
from app.cluster import sync_folder
from app.copying import Table
from app.db import Database, new_id
from app.embedded import USERS
from app.erasing import make_good
from app.erasure_log import ErasureLog, read_lines
from app.filing import FOLDER, spool_of
from app.fitness import NotFit
from app.migrate import migrate
from app.migrations import IDS
from app.outstanding import BEGUN, RESTORING
from app.reconciling import reconcile_all
from app.settings import SECRET_FILE, Settings, role_password
from app.sweep import sweep
from channels.files import BLOCK, FileStore, open_files
from identity.customers import WorkspaceId
from search.index_store import begin_sweeps
from timeline.pseudonyms import pseudonyms

DAY_ONE: Final = datetime(2026, 1, 1, tzinfo=UTC)
SKIPPED_NUMBERS: Final = 1_000


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore came to. `left` says in words what old bytes remain after erasures."""

    erased: int
    epoch: int
    left: list[str]


def refuse_newer(manifest: Manifest) -> None:
    """Raises `NoBackup` for a backup that this version cannot read."""
    newer = [one for one in manifest.migrations if one not in IDS]
    if newer:
        raise NoBackup(f"Throughline {manifest.version} wrote it, which is newer than this one ({', '.join(newer)}).")


def refuse_users(home: Path) -> None:
    """Raises NotFit while any other process uses the embedded database of this home."""
    users = home / USERS
    if not users.exists():
        return
    with users.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotFit(f"Something of Throughline runs on {home}: end it, then restore.") from None


@contextmanager
def marked(home: Path) -> Iterator["Mark"]:
    """Keep others out of this home while the block takes; for good, where it fails after `Mark.begin`."""
    home.mkdir(parents=True, exist_ok=True)
    with open(home / RESTORING, "a+b", opener=_private) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        mark = Mark(home / RESTORING, file)
        try:
            yield mark
        finally:
            if not mark.begun:
                mark.end()


class Mark:
    """HOME/restoring: nothing starts while it is held, or says that a restore has begun."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file = path, file
        file.seek(0)
        self.begun = file.read() == BEGUN

    def begin(self) -> None:
        """From now on only a whole restore helps."""
        if not self.begun:
            self._file.write(BEGUN)
            self._file.flush()
            os.fsync(self._file.fileno())
            sync_folder(self._path.parent)
        self.begun = True

    def end(self) -> None:
        self.begun = False
        self._path.unlink(missing_ok=True)
        sync_folder(self._path.parent)


def settings_for(settings: Settings, archive: Archive) -> Settings:
    """With the secret that the backup's database goes with. Raises NotFit where the environment says another."""
    kept = archive.read(SECRET)
    if hmac.compare_digest(fingerprint(settings.secret), archive.manifest.secret):
        return settings
    if kept is None or settings.sources["THROUGHLINE_SECRET"] == "environment":  # noqa: S105 - where it came from
        raise NotFit("The backup was made under another secret: set THROUGHLINE_SECRET to that one and try again.")
    return msgspec.structs.replace(settings, secret=kept.decode())


async def refuse_full(admin_url: str, *, replace: bool) -> None:
    """Raises NotFit where somebody is signed in, where nothing could be restored, or where there is data that nobody
    said may go."""
    db = await asyncpg.connect(admin_url, command_timeout=None)
    try:
        if await copying.sessions(db):
            raise NotFit("Server, worker or command line are signed in to this database: end them, then restore.")
        number, words = await upkeep.server_version(db)
        if number < upkeep.OLDEST:
            raise NotFit(f"The database is PostgreSQL {words}: 16 or later is needed.")
        if not replace and not await copying.is_empty(db):
            raise NotFit("This database has workspaces already: --replace puts the backup in their place.")
    finally:
        await db.close()


async def restore(
    settings: Settings, admin_url: str, archive: Archive, logs: Path | None, actor: str, told: Told
) -> Restored:
    """Put a checked backup in the place of whatever is there, for `settings_for` it. Can be done again from the start.

    `logs` is a folder with logs of erasures that are known elsewhere."""
    keep_secret(settings)
    merge_erasures(settings.home, archive, logs)
    db = await asyncpg.connect(admin_url, command_timeout=None)
    try:
        epoch = await _next_epoch(db, archive.manifest)
        await copying.drop_everything(db)
        last = max(archive.manifest.migrations)
        await migrate(admin_url, role_password(settings, APP), role_password(settings, REPORTS), last)
        await _load(db, archive, told)
        await migrate(admin_url, role_password(settings, APP), role_password(settings, REPORTS))
        await _begin_epoch(db, settings.home, archive, epoch, actor)
        await copying.analyze(db, await copying.tables(db))
    finally:
        await db.close()
    files = open_files(settings.files, settings.home / FOLDER)
    await _load_files(files, archive, spool_of(settings.home))
    erased, left = await _erase_again(settings, admin_url, files)
    return Restored(erased=erased, epoch=epoch, left=left)


def keep_secret(settings: Settings) -> None:
    """The home's secret from now on, unless the environment says it."""
    if settings.sources["THROUGHLINE_SECRET"] == "environment":  # noqa: S105 - where it came from
        return
    path = settings.home / SECRET_FILE
    fresh = path.with_name(f".{SECRET_FILE}-restored")
    fresh.unlink(missing_ok=True)
    with open(fresh, "x", encoding="ascii", opener=_private) as file:
        file.write(settings.secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def merge_erasures(home: Path, archive: Archive, logs: Path | None) -> None:
    """Add to the home's logs what the backup's or those of a folder know and they do not; nothing is ever lost."""
    found: list[tuple[UUID, bytes]] = [
        (_workspace(name), archive.read(name) or b"") for name in archive.names(ERASURES)
    ]
    if logs is not None:
        found += [(_workspace(path.name), path.read_bytes()) for path in sorted(logs.glob("*.log"))]
    for workspace, said in found:
        log = ErasureLog(home, workspace)
        known = log.read()
        fresh = [one for one in read_lines(said).values() if one.id not in known]
        if fresh:
            log.write(fresh)


def _workspace(name: str) -> UUID:
    stem = name.rpartition("/")[2].removesuffix(".log")
    try:
        return UUID(stem)
    except ValueError:
        raise NotFit(f"{name} is no log of erasures: its name is no workspace's id.") from None


async def _next_epoch(db: copying.Db, manifest: Manifest) -> int:
    """Behind every epoch that anybody can have seen: two restores of one backup share none, on whatever machine, so it
    goes by the clock."""
    known = [one.epoch for one in manifest.workspaces]
    if await copying.is_there(db):
        known += [row["epoch"] for row in await copying.workspaces(db)]
    return max([*(one + 1 for one in known), int((datetime.now(UTC) - DAY_ONE).total_seconds())])


async def _load(db: copying.Db, archive: Archive, told: Told) -> None:
    """All tables in one transaction. `told` hears of bytes."""
    manifest = archive.manifest
    done = _Loading(archive, told)
    async with db.transaction():
        await copying.become_owner(db)
        tables = {table.name: table for table in await copying.tables(db)}
        for name, columns in manifest.columns.items():
            table = tables.get(name)
            if table is None or not set(columns) <= set(table.columns):
                raise NoBackup(f"it does not fit its migrations: the table {name} is another.")
            indexes = await copying.open_table(db, table)
            for workspace in [one.id for one in manifest.workspaces] if table.walled else [None]:
                await done.load(db, table, columns, workspace)
            await copying.close_table(db, table, indexes)
        for sequence, last in manifest.sequences.items():
            await copying.set_sequence(db, sequence, last)


class _Loading:
    def __init__(self, archive: Archive, told: Told) -> None:
        self._archive, self._told = archive, told
        self._sizes = {part.name: part.size for part in archive.manifest.parts}
        self._read, self._all = 0, sum(size for name, size in self._sizes.items() if name.startswith(TABLES))

    async def load(self, db: copying.Db, table: Table, columns: list[str], workspace: UUID | None) -> None:
        name = part_name(table.name, workspace)
        if not self._sizes.get(name):
            return
        with self._archive.open(name) as rows:
            await copying.copy_in(db, table, columns, rows)
        self._read += self._sizes[name]
        self._told(self._read, self._all)


async def _load_files(files: FileStore, archive: Archive, spool: Path) -> None:
    """Each goes through a file of its own, so that it is in its place when it is whole and what its name says."""
    for name in archive.names(FILES):
        _, workspace, sha256 = name.split("/")
        if not await files.has(UUID(workspace), sha256):
            with tempfile.NamedTemporaryFile(dir=spool) as copy, archive.open(name) as content:
                shutil.copyfileobj(content, copy, BLOCK)
                copy.flush()
                await files.put(UUID(workspace), {sha256: Path(copy.name)})


async def _begin_epoch(db: copying.Db, home: Path, archive: Archive, epoch: int, actor: str) -> None:
    manifest, now = archive.manifest, datetime.now(UTC)
    sealed: dict[UUID, int] = {}
    async with db.transaction():
        await copying.become_owner(db)
        await copying.begin_epoch(db, epoch)
        for workspace in manifest.workspaces:
            await copying.enter(db, workspace.id)
            await copying.put_on_record(
                db,
                workspace.id,
                new_id(),
                epoch=epoch,
                backup=manifest.id,
                taken_at=manifest.taken_at,
                actor=actor,
                now=now,
            )
            await copying.sign_everybody_out(db, workspace.id)
            await begin_sweeps(db, WorkspaceId(workspace.id))
            await copying.skip_numbers(db, workspace.id, SKIPPED_NUMBERS)
            sealed[workspace.id] = await copying.last_seal(db, workspace.id)
    for workspace, number in sealed.items():
        log = SealLog(home, workspace)
        if not log.path.exists() and (kept := archive.read(f"{SEALS}{workspace}.log")):
            log.take_over(kept)
        log.restored(epoch, number)


async def _erase_again(settings: Settings, admin_url: str, files: FileStore) -> tuple[int, list[str]]:
    """Do what the logs of erasures say, get the bytes out of the database's files too, and let go of files that nothing
    needs: what was erased, and what came after the backup."""
    database = Database(app_url(settings, admin_url))
    await database.open()
    try:
        erased = await make_good(database, settings.home, pseudonyms(settings.secret))
        await reconcile_all(database, files, strays=files.folder is not None)
    finally:
        await database.close()
    return erased, (await sweep(admin_url, whole=True)).left if erased else []


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
