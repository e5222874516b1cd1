"""Taking a backup: the database as it is at one moment, and the files of the home that it cannot do without.

The log of erasures is read after the snapshot, so that it names at least what the snapshot does not know yet.
"""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from app import copying
from app.archive import FORMAT, BackedUp, Entry, FilesHeld, Manifest, Writing, writing
from app.audit import logs as audit_logs
from app.db import new_id
from app.erasure_log import logs_in
from app.filing import FOLDER
from app.fitness import NotFit
from app.settings import Settings
from channels import file_store
from channels.files import FileMissing, FileStore, open_files

SECRET: Final = "home/secret"  # noqa: S105 - a part's name
ERASURES: Final = "home/erasures/"
SEALS: Final = "home/audit/"
FILES: Final = "files/"
TABLES: Final = "tables/"
PAGE: Final = 10_000
Told = Callable[[int, int], None]
"""Hears how many rows are written and about how many there are."""


def fingerprint(secret: str) -> str:
    """By which a restore tells whether it has the secret that the database goes with."""
    return hmac.new(secret.encode(), b"throughline backup", sha256).hexdigest()


def part_name(table: str, workspace: UUID | None) -> str:
    """Where an archive has a table's rows, or one workspace's."""
    return f"{TABLES}{table}/{workspace or 'all'}.copy"


async def back_up(settings: Settings, admin_url: str, target: Path, told: Told, *, replace: bool) -> Manifest:
    """Write a backup to a file. Raises NotFit, OSError and what asyncpg raises; then there is no file."""
    db = await asyncpg.connect(admin_url, command_timeout=None)
    try:
        if not await copying.is_there(db):
            raise NotFit("There is nothing to back up: the database was never migrated.")
        with writing(target, replace=replace) as archive:
            taken_at = await copying.take_snapshot(db)
            head = await _head(db, settings, taken_at)
            await copying.become_owner(db)
            columns = await _copy_tables(db, archive, head.workspaces, told)
            manifest = msgspec.structs.replace(head, columns=columns, sequences=await copying.sequences(db))
            wanted = [(one.id, await _needed(db, one.id)) for one in head.workspaces]
            await copying.end_snapshot(db)
            held = await copy_files(open_files(settings.files, settings.home / FOLDER), archive, wanted)
            _copy_home(settings, archive)
            manifest = msgspec.structs.replace(manifest, files=held, parts=archive.parts)
            archive.finish(manifest)
        return manifest
    finally:
        await db.close()


async def _head(db: copying.Db, settings: Settings, taken_at: datetime) -> Manifest:
    return Manifest(
        format=FORMAT,
        id=new_id(),
        taken_at=taken_at.astimezone(UTC),
        version=version("throughline"),
        postgres=await copying.server_version(db),
        migrations=await copying.migrations(db),
        secret=fingerprint(settings.secret),
        workspaces=[
            BackedUp(id=UUID(bytes=row["id"].bytes), slug=row["slug"], epoch=row["epoch"])
            for row in await copying.workspaces(db)
        ],
        columns={},
        sequences={},
        parts=[],
    )


async def _copy_tables(
    db: copying.Db, archive: Writing, workspaces: list[BackedUp], told: Told
) -> dict[str, list[str]]:
    tables = await copying.tables(db)
    progress = _Progress(told, sum(table.rows for table in tables))
    for table in tables:
        for workspace in [one.id for one in workspaces] if table.walled else [None]:
            await copying.enter(db, workspace)
            with archive.part(part_name(table.name, workspace)) as entry:
                await copying.copy_out(db, table, workspace, _Taking(entry, progress).take)
    return {table.name: table.columns for table in tables}


async def _needed(db: copying.Db, workspace: UUID) -> list[bytes]:
    """The hashes of the files that the snapshot points to."""
    await copying.enter(db, workspace)
    found: list[bytes] = []
    while page := await file_store.needed(db, workspace, found[-1] if found else b"", PAGE):
        found += [row["sha256"] for row in page]
    return found


async def copy_files(store: FileStore, archive: Writing, wanted: list[tuple[UUID, list[bytes]]]) -> FilesHeld:
    """Copy what is in a folder; an object store keeps its own. One that was erased since the snapshot is not there, and
    the log of erasures, which is read afterwards, says so."""
    if store.folder is None:
        return FilesHeld(place="object_store")
    kept = missing = 0
    for workspace, hashes in wanted:
        for name in (one.hex() for one in hashes):
            try:
                blocks = await store.read(workspace, name)
            except FileMissing:
                missing += 1
                continue
            with archive.part(f"{FILES}{workspace}/{name}", packed=False) as entry:
                async for block in blocks:
                    entry.write(block)
            kept += 1
    return FilesHeld(place="archive", kept=kept, missing=missing)


def _copy_home(settings: Settings, archive: Writing) -> None:
    if settings.sources["THROUGHLINE_SECRET"] != "environment":  # noqa: S105 - where it came from
        _copy_file(archive, SECRET, settings.secret.encode())
    for workspace, log in logs_in(settings.home).items():
        _copy_file(archive, f"{ERASURES}{workspace}.log", log.path.read_bytes())
    for workspace, log in audit_logs(settings.home).items():
        _copy_file(archive, f"{SEALS}{workspace}.log", log.path.read_bytes())


def _copy_file(archive: Writing, name: str, content: bytes) -> None:
    with archive.part(name) as entry:
        entry.write(content)


class _Progress:
    def __init__(self, told: Told, expected: int) -> None:
        self._told, self._expected, self._rows = told, expected, 0

    def add(self, rows: int) -> None:
        self._rows += rows
        self._told(self._rows, max(self._rows, self._expected))


class _Taking:
    """Takes what COPY hands over: in its text a line is a row."""

    def __init__(self, entry: Entry, progress: _Progress) -> None:
        self._entry, self._progress = entry, progress

    async def take(self, data: bytes) -> None:
        self._entry.write(data)
        self._progress.add(data.count(b"\n"))
