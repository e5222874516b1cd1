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
from app.archive import FORMAT, BackedUp, Entry, Manifest, Writing, writing
from app.audit import logs as audit_logs
from app.db import new_id
from app.erasure_log import logs_in
from app.fitness import NotFit
from app.settings import Settings

SECRET: Final = "home/secret"  # noqa: S105 - a part's name
ERASURES: Final = "home/erasures/"
SEALS: Final = "home/audit/"
TABLES: Final = "tables/"
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
            await copying.end_snapshot(db)
            _copy_files(settings, archive)
            manifest = msgspec.structs.replace(manifest, parts=archive.parts)
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


def _copy_files(settings: Settings, archive: Writing) -> None:
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
