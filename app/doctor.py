"""What is set, where each value came from, and what is wrong: the answers that `throughline doctor` prints."""

import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from app import upkeep
from app.addresses import app_url
from app.db import Database, DatabaseAway
from app.filing import FOLDER
from app.migrate import pending
from app.postmaster import find_postmaster
from app.reconciling import missing_files
from app.settings import Settings
from app.store import workspaces as read_workspaces
from channels.files import FilesAway, open_files

HIDDEN: Final = "(hidden)"
FILES_LOOKED_AT: Final = 1_000
LEAST_FREE: Final = 1_000_000_000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at; `wrong` says whether something must be done."""

    what: str
    words: str
    wrong: bool = False


def settings_lines(settings: Settings) -> list[tuple[str, str, str]]:
    """Each variable with its value and its source; secrets are not shown."""
    shown = {
        "THROUGHLINE_HOME": str(settings.home),
        "THROUGHLINE_HOST": settings.host,
        "THROUGHLINE_PORT": str(settings.port),
        "THROUGHLINE_SECRET": HIDDEN,
        "THROUGHLINE_PUBLIC_URL": settings.public_url,
        "DATABASE_URL": HIDDEN if settings.database_url else "(embedded)",
        "MEILISEARCH_URL": settings.meilisearch_url or "(none)",
        "MEILISEARCH_KEY": HIDDEN if settings.meilisearch_key else "(none)",
        "THROUGHLINE_EMBEDDER": settings.embedder,
        "THROUGHLINE_WEBHOOKS_PRIVATE": "yes" if settings.webhooks_private else "no",
        "THROUGHLINE_MAIL_PRIVATE": "yes" if settings.mail_private else "no",
        "THROUGHLINE_FILES": settings.files or str(settings.home / "files"),
    }
    return [(name, value, settings.sources.get(name, "default")) for name, value in shown.items()]


async def look_at_files(settings: Settings, admin_url: str) -> list[Finding]:
    """Whether the files can be reached, and the first that something points to are there."""
    database = Database(app_url(settings, admin_url))
    await database.open()
    looked, missing = 0, 0
    try:
        store = open_files(settings.files, settings.home / FOLDER)
        async with database.connection() as db:
            workspaces = [UUID(bytes=row["id"].bytes) for row in await read_workspaces(db)]
        for workspace in workspaces:
            async for _, is_missing in missing_files(database, store, workspace):
                looked, missing = looked + 1, missing + is_missing
                if looked % FILES_LOOKED_AT == 0:
                    break
    except (FilesAway, DatabaseAway, asyncpg.PostgresError) as error:
        return [Finding(what="files", words=f"cannot be reached: {error}", wrong=True)]
    finally:
        await database.close()
    if missing:
        words = f"{missing} of {looked} looked at are missing: run `throughline reconcile files`"
        return [Finding(what="files", words=words, wrong=True)]
    return [Finding(what="files", words=f"can be reached; {looked} looked at are there")]


def look_around(settings: Settings) -> Iterator[Finding]:
    """What can be seen without the database."""
    yield from _home(settings.home)
    busy = _somebody_listens(settings)
    yield Finding(
        what="server", words=f"something listens on {settings.host}:{settings.port}" if busy else "not running"
    )
    if settings.is_public and settings.sources.get("THROUGHLINE_SECRET") != "environment":
        yield Finding(
            what="secret",
            words="THROUGHLINE_HOST is public and the secret comes from a file: set THROUGHLINE_SECRET",
            wrong=True,
        )
    if settings.database_url is None:
        found = find_postmaster(settings.home / "postgres")
        words = f"running as process {found[0].pid}" if found else "not running; commands start it when they need it"
        yield Finding(what="embedded database", words=words)


async def look_at_database(settings: Settings, admin_url: str) -> list[Finding]:
    """What the database says: its version, its settings on our own connection, its migrations."""
    try:
        missing = await pending(admin_url)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        return [Finding(what="database", words=f"cannot be reached: {error or type(error).__name__}", wrong=True)]
    if missing:
        words = f"not migrated ({', '.join(missing)}): run `throughline migrate`"
        return [Finding(what="migrations", words=words, wrong=True)]
    findings = [Finding(what="migrations", words="at this version")]
    try:
        db = await asyncpg.connect(app_url(settings, admin_url), timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        words = f"cannot sign in ({error}): was the secret changed? Run `throughline migrate`"
        return [*findings, Finding(what="application role", words=words, wrong=True)]
    try:
        return [*findings, *[finding async for finding in _ask(db)]]
    finally:
        await db.close()


async def _ask(db: upkeep.Db) -> AsyncIterator[Finding]:
    number, words = await upkeep.server_version(db)
    old = number < upkeep.OLDEST
    yield Finding(what="PostgreSQL", words=f"{words}{', 16 or later is needed' if old else ''}", wrong=old)
    unsafe = await upkeep.unsafe_settings(db)
    told = f"{', '.join(unsafe)}: answered requests may be lost" if unsafe else "what is answered is kept"
    yield Finding(what="durability", words=told, wrong=bool(unsafe))
    through = await upkeep.may_bypass(db)
    yield Finding(what="wall", words="the application's role walks through it" if through else "stands", wrong=through)
    age = await upkeep.horizon_age(db)
    yield Finding(what="oldest transaction", words=f"{age:.0f} s", wrong=age > 60)


def _home(home: Path) -> Iterator[Finding]:
    if not home.exists():
        yield Finding(what="home", words=f"{home} is made at the first start")
        return
    free = shutil.disk_usage(home).free
    yield Finding(what="disk", words=f"{free / 1e9:.1f} GB free below {home}", wrong=free < LEAST_FREE)


def _somebody_listens(settings: Settings) -> bool:
    try:
        with socket.create_connection((settings.host, settings.port), timeout=0.5):
            return True
    except OSError:
        return False
