"""How a command reaches its data: settings, the database beside a running server, the workspace meant."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import asyncpg
import click

from app import store, upkeep
from app.addresses import app_url
from app.attached import admin_address, ensure_migrated
from app.auth import read_workspace
from app.cli.words import Refused, say
from app.db import Database, DatabaseAway
from app.outstanding import refuse_half_restored, settle
from app.settings import Settings, load_settings
from timeline.pseudonyms import pseudonyms
from timeline.threads import Workspace

P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """An open, migrated database and what a command does with it."""

    def __init__(self, settings: Settings, admin_url: str, database: Database) -> None:
        self.settings = settings
        self.admin_url = admin_url
        self.database = database

    async def workspaces(self) -> list[store.Row]:
        async with self.database.connection() as db:
            return await store.workspaces(db)

    async def workspace(self, slug: str | None) -> Workspace:
        """The workspace of this slug, or the only one."""
        known = await self.workspaces()
        named = [UUID(bytes=one["id"].bytes) for one in known if slug is None or one["slug"] == slug]
        if len(named) == 1:
            async with self.database.read(named[0]) as db:
                found = await read_workspace(db, named[0], pseudonyms(self.settings.secret))
            assert found is not None
            return found
        if slug is not None:
            raise Refused(f"there is no workspace {slug}; `throughline workspace create {slug}` makes it.")
        if not known:
            raise Refused("there is no workspace yet; `throughline workspace create SLUG` makes one.")
        raise click.UsageError(f"there are {len(known)} workspaces: say which with --workspace SLUG.")

    async def write(self, workspace: UUID, work: Callable[[Any], Awaitable[T]]) -> T:
        return await self.database.write(workspace, work)

    async def analyze(self) -> None:
        """Let the planner know what an import has brought so far."""
        async with self.database.connection() as db:
            await upkeep.analyze_young_tables(db)


def with_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    """Run a command's work over the database: the embedded one, started where it is not, or DATABASE_URL's."""
    settings = load_settings()
    with admin_address(settings) as admin_url:
        return asyncio.run(_with_database(settings, admin_url, work))


async def _with_database(settings: Settings, admin_url: str, work: Callable[[Desk], Awaitable[T]]) -> T:
    refuse_half_restored(settings.home)
    applied = await ensure_migrated(settings, admin_url)
    if applied:
        say(f"Migrated the database: {', '.join(applied)}.")
    erased = await settle(settings, app_url(settings, admin_url))
    if erased:
        say(f"Erased again what the log of erasures names: {erased}.")
    async with _opened(settings, admin_url) as database:
        return await work(Desk(settings, admin_url, database))


@asynccontextmanager
async def _opened(settings: Settings, admin_url: str) -> AsyncIterator[Database]:
    url = app_url(settings, admin_url)
    said: set[UUID] = set()
    database = Database(url, on_commit=said.add)
    await database.open()
    try:
        yield database
    finally:
        if said:
            with contextlib.suppress(DatabaseAway, asyncpg.PostgresError):
                async with database.connection() as db:
                    await store.announce(db, sorted(map(str, said)))
        await database.close()


def workspace_option(command: Callable[P, T]) -> Callable[P, T]:
    return click.option(
        "--workspace", "slug", metavar="SLUG", help="Which workspace; needed where there is more than one."
    )(command)
