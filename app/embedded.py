"""The database that comes along: who uses it, and that it runs as long as somebody does.

Every process that uses it holds a shared lock on HOME/postgres.users, which the kernel releases even on
kill -9: that is the count. Making, starting and stopping happen one at a time, under HOME/postgres.lock.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil

from app.cluster import (
    DATABASE,
    PORT,
    SUPERUSER,
    EmbeddedDatabaseError,
    SystemUser,
    check_version,
    choose_user,
    make_cluster,
    open_the_way,
    superuser_password,
)
from app.postmaster import (
    TICK,
    clear_remains,
    find_postmaster,
    is_alive,
    launch,
    socket_folder,
    stop_postmaster,
)

__all__ = ["EmbeddedDatabase", "EmbeddedDatabaseError", "attach"]

USERS = "postgres.users"
LAUNCHES = 8
STEP_PATIENCE = 120.0


class EmbeddedDatabase:
    """One process's hold on the database in `home`, made by `attach`. Close it, or let the kernel."""

    def __init__(self, home: Path, users: int, *, fsync: bool) -> None:
        self.home = home
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        self._users = users
        self._fsync = fsync
        self._process: psutil.Process | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The postmaster that was seen last."""
        return self._process.pid if self._process else None

    def database_url(self, user: str = SUPERUSER, password: str | None = None, database: str = DATABASE) -> str:
        """An address for asyncpg and psql; without a password the superuser's own is put in."""
        password = superuser_password(self.data) if password is None else password
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        where = quote(str(socket_folder(self.data)))
        return f"postgresql://{who}@/{quote(database, safe='')}?host={where}&port={PORT}"

    def is_running(self) -> bool:
        """Whether the postmaster seen last is alive: cheap enough to ask five times a second."""
        return self._process is not None and is_alive(self._process)

    def ensure_running(self, timeout: float = 60.0) -> bool:
        """Start it where it is down. True when it had to; returns when it takes connections."""
        if self.is_running():
            return False
        deadline = time.monotonic() + timeout
        with _one_at_a_time(self.home, deadline):
            if self._closed:
                raise EmbeddedDatabaseError("The embedded database has been closed by this process.")
            self._process, launched = self._bring_up(deadline)
        return launched

    def close(self) -> bool:
        """Let go, and stop PostgreSQL where nobody else holds it. True when it was stopped."""
        with _one_at_a_time(self.home, time.monotonic() + STEP_PATIENCE):
            if self._closed:
                return False
            self._closed = True
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            else:
                return stop_postmaster(self.data)
            finally:
                os.close(self._users)

    def _bring_up(self, deadline: float) -> tuple[psutil.Process, bool]:
        """Make what is missing, wait for a start or a stop under way, launch; again while that may help."""
        user = choose_user(self.data)
        open_the_way(user, self.data)
        if not self.data.exists():
            make_cluster(self.data, user, fsync=self._fsync)
        launches = 0
        while True:
            found = find_postmaster(self.data)
            if found is not None and found[1]:
                return found[0], launches > 0
            if time.monotonic() > deadline:
                raise self._failure("is still starting: large recoveries take a while, so try again")
            if launches >= LAUNCHES:
                raise self._failure("does not start")
            if found is None and clear_remains(self.data):
                launches += 1
                self._launch(user, deadline)
            time.sleep(TICK)

    def _launch(self, user: SystemUser, deadline: float) -> None:
        """Return when it takes connections; or, once it has ended, after a pause in which causes may pass."""
        process = launch(self.data, self.log, user, fsync=self._fsync)
        while process is not None and is_alive(process) and time.monotonic() < deadline:
            found = find_postmaster(self.data)
            if found is not None and found[1]:
                return
            time.sleep(TICK)
        time.sleep(0.2)

    def _failure(self, problem: str) -> EmbeddedDatabaseError:
        check_version(self.data)
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        tail = "\n  ".join(lines[-5:])
        return EmbeddedDatabaseError(f"The embedded PostgreSQL {problem}. The end of {self.log}:\n  {tail}")


def attach(home: Path, *, fsync: bool = True, start_timeout: float = 60.0) -> EmbeddedDatabase:
    """Use the database in `home`, made and started where it is not. Blocks; raises EmbeddedDatabaseError.

    `fsync=False` loses data when the machine stops: for tests that kill nothing.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + max(start_timeout, STEP_PATIENCE)
    with _one_at_a_time(home, deadline):
        users = os.open(home / USERS, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(users, fcntl.LOCK_SH)
        database = EmbeddedDatabase(home, users, fsync=fsync)
    try:
        database.ensure_running(start_timeout)
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def _one_at_a_time(home: Path, deadline: float) -> Iterator[None]:
    handle = os.open(home / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedDatabaseError(
                        f"Another process has been starting or stopping the database in {home} for too long."
                    ) from None
                time.sleep(TICK)
            else:
                break
        yield
    finally:
        os.close(handle)
