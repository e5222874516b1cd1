"""Processes that are killed where a test says: at what a server of the test's own sees, or at a row or a commit of the
database, which holds whoever comes there until the test lets go.

A worker is forked from a process that has everything imported, so a life costs what it does and not what Python loads.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil
import pytest

from app.cli import main
from app.worker import work
from tests.app.nursery import NURSERY
from tests.builders import settings
from tests.conftest import APP_PASSWORD, Database

SOON: Final = 0.05
"""Seconds before the one attempt after a doubt, and between looks at what is due, for workers of tests."""
CHUNK: Final = 10
"""Mails that an import hands in together, for commands of tests."""
_LOCK: Final = 7_341


class Victim:
    """A process of a test's own."""

    def __init__(self, target: Callable[..., None], words: Path, *arguments: Any) -> None:
        self._process = NURSERY.Process(target=_begin, args=(target, words, *arguments), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)

    def kill(self) -> None:
        """At once, and what it started must end by itself."""
        children = self.children()
        os.kill(self.pid, signal.SIGKILL)
        for child in children:
            child.resume()  # a test may have stopped it
        self._process.join()
        assert self._process.exitcode == -signal.SIGKILL
        deadline = time.monotonic() + 5
        while not all(_has_ended(child) for child in children):
            assert time.monotonic() < deadline, "what it started is still there"
            time.sleep(0.005)

    async def ended(self) -> int | None:
        await asyncio.to_thread(self._process.join)
        return self._process.exitcode


def _has_ended(process: psutil.Process) -> bool:
    """Also where nobody has asked yet how."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _begin(target: Callable[..., None], words: Path, *arguments: Any) -> None:
    with words.open("ab") as said:
        for stream in (1, 2):
            os.dup2(said.fileno(), stream)
    target(*arguments)


def start_worker(database: Database, home: Path) -> Victim:
    """`throughline worker`, over a test's database."""
    return Victim(_work, home / "worker.log", database, home)


def _work(database: Database, home: Path) -> None:
    patch = pytest.MonkeyPatch()
    patch.setattr("channels.email.sending.AGAIN", SOON)
    patch.setattr("app.mailing.POLL_SECONDS", SOON)
    work(settings(home, mail_private=True), database.app_dsn, database.admin_dsn)


def start_command(database: Database, home: Path, *words: str) -> Victim:
    """A command of the command line, over a test's database; what it says is in `command.log`."""
    return Victim(_command, home / "command.log", database, home, words)


def _command(database: Database, home: Path, words: tuple[str, ...]) -> None:
    os.environ.update(
        DATABASE_URL=database.admin_dsn, THROUGHLINE_HOME=str(home), THROUGHLINE_SECRET=settings(home).secret
    )
    patch = pytest.MonkeyPatch()
    patch.setattr("app.mail_importing.CHUNK", CHUNK)
    patch.setattr(
        "app.addresses.role_password", lambda *_: APP_PASSWORD
    )  # roles are the server's, and a run of tests has one server
    sys.argv = ["throughline", *words]
    sys.stdout, sys.stderr = (os.fdopen(stream, "w", closefd=False) for stream in (1, 2))
    main()


class Stops:
    """Places in a database where a test holds whoever comes by."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db
        self._made: set[str] = set()

    @asynccontextmanager
    async def at(self, moment: str, table: str, when: str = "true") -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """`moment` is "row" or "commit"; of rows that are written for which `when` holds. Yields what waits until
        somebody is held there. Leaving lets go, and returns when the transaction has ended."""
        name = f"{moment} {table} {when}"
        if name not in self._made:
            await self._make(moment, table, when, name)
        await self._db.execute("SELECT pg_advisory_lock($1, hashtext($2))", _LOCK, name)
        held: list[tuple[int, Any]] = []

        async def reached() -> None:
            await until(self._waiting, held)

        try:
            yield reached
        finally:
            await self._db.execute("SELECT pg_advisory_unlock($1, hashtext($2))", _LOCK, name)
            await until(self._gone, held)

    async def _make(self, moment: str, table: str, when: str, name: str) -> None:
        await self._db.execute(
            "CREATE OR REPLACE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"PERFORM pg_advisory_xact_lock_shared({_LOCK}, hashtext(TG_ARGV[0])); RETURN NEW; END $$"
        )
        kind, time_, late = ("", "BEFORE", "") if moment == "row" else ("CONSTRAINT", "AFTER", "INITIALLY DEFERRED")
        await self._db.execute(
            f"CREATE {kind} TRIGGER stop{len(self._made)} {time_} INSERT OR UPDATE ON {table} {late} "
            f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION stop_here('{name.replace(chr(39), chr(39) * 2)}')"
        )
        self._made.add(name)

    async def _waiting(self, held: list[tuple[int, Any]]) -> bool:
        rows = await self._db.fetch(
            "SELECT a.pid, a.xact_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
            "WHERE l.locktype = 'advisory' AND NOT l.granted AND l.classid = $1 AND a.datname = current_database()",
            _LOCK,
        )
        held.extend((row["pid"], row["xact_start"]) for row in rows)
        return bool(rows)

    async def _gone(self, held: list[tuple[int, Any]]) -> bool:
        rows = await self._db.fetch("SELECT pid, xact_start FROM pg_stat_activity")
        return not {*held} & {(row["pid"], row["xact_start"]) for row in rows}


async def until(holds: Callable[..., Awaitable[Any]], *said: Any, patience: float = 60.0) -> None:
    began = time.monotonic()
    while not await holds(*said):
        assert time.monotonic() - began < patience, "it did not happen in time"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def stops_in(database: Database) -> AsyncIterator[Stops]:
    db = await asyncpg.connect(database.admin_dsn)
    try:
        yield Stops(db)
    finally:
        await db.close()
