"""The hot pool and the edge's transactions: who opens them, what a lost database looks like, what is retried.

Nothing below the edge commits. Opening costs one round trip: BEGIN, the workspace and, where a key asks, whether
that key still holds (measured against a statement of its own: 0.06 ms instead of 0.12 ms a request).
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import uuid_utils

from timeline.errors import StartOver

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
T = TypeVar("T")

MOST_CONNECTIONS: Final = 16
ACQUIRE_SECONDS: Final = 2.0
OPEN_SECONDS: Final = 2.5
STATEMENT_SECONDS: Final = 30.0
START_OVERS: Final = 5
DEADLOCKS: Final = 3
JITTER_SECONDS: Final = 0.02

_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_KEY_HOLDS: Final = (
    "; SELECT FROM api_key WHERE workspace_id = '{workspace}' AND id = '{key}' AND revoked_at IS NULL "
    "AND (expires_at IS NULL OR expires_at > now())"
)
_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InternalClientError,  # what a statement meets when the server dies between its messages
    OSError,
    TimeoutError,
)


class DatabaseAway(Exception):
    """PostgreSQL does not answer, or all connections are taken: try again soon."""


class Busy(DatabaseAway):
    """The database answers and this piece of work could not be done in time."""


class KeyGone(Exception):
    """The key was revoked or has expired."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction begins with: the workspace, and the key that must still hold (None: the process itself)."""

    workspace: UUID
    key: UUID | None = None


def new_id() -> UUID:
    """A version 7 id: in order of time, so indexes grow at their end."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


class Database:
    """The process's connections. `on_commit` hears of every workspace that was written to."""

    def __init__(self, dsn: str, *, on_commit: Callable[[UUID], None] | None = None) -> None:
        self.dsn = dsn
        self.on_commit = on_commit
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Make the pool. The database may be away: connections are made when they are needed."""
        self._pool = await asyncpg.create_pool(
            self.dsn,
            min_size=0,
            max_size=MOST_CONNECTIONS,
            max_queries=2**62,
            max_inactive_connection_lifetime=300.0,
            timeout=ACQUIRE_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            init=prepare_connection,
            reset=_leave_as_it_is,
            server_settings={"application_name": "throughline"},
        )

    async def close(self) -> None:
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(5.0):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Db]:
        """A connection outside any transaction. Raises `DatabaseAway`."""
        assert self._pool is not None, "open() first"
        try:
            connection = await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        except (*_LOST, asyncpg.InterfaceError) as error:
            raise DatabaseAway(str(error) or type(error).__name__) from error
        try:
            yield connection
        except asyncpg.InterfaceError as error:
            if not _is_closed(connection):
                raise
            raise DatabaseAway(str(error)) from error
        except _LOST as error:
            _terminate(connection)
            raise DatabaseAway(str(error) or type(error).__name__) from error
        except (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError, asyncpg.OutOfMemoryError) as error:
            raise Busy(str(error)) from error
        except asyncio.CancelledError:
            _terminate(connection)
            raise
        finally:
            await self._pool.release(connection)

    @asynccontextmanager
    async def read(self, workspace: UUID, key: UUID | None = None) -> AsyncIterator[Db]:
        """One snapshot of one workspace, read-only. Raises `DatabaseAway` and `KeyGone`."""
        async with self.connection() as db:
            await _open(db, _READ, Opening(workspace=workspace, key=key))
            try:
                yield db
            except BaseException:
                await _roll_back(db)
                raise
            await db.execute("COMMIT")

    async def write(self, workspace: UUID, work: Callable[[Db], Awaitable[T]], key: UUID | None = None) -> T:
        """Do `work` in one transaction, again from the start where it had to start over; commit; hint.

        Raises what `work` raises (nothing is kept then), `DatabaseAway` and `KeyGone`."""
        opening = Opening(workspace=workspace, key=key)
        async with self.connection() as db:
            done = await _until_done(db, opening, work)
        if self.on_commit is not None:
            self.on_commit(workspace)
        return done


async def _until_done(db: Db, opening: Opening, work: Callable[[Db], Awaitable[T]]) -> T:
    begun_again = deadlocks = 0
    while True:
        await _open(db, _WRITE, opening)
        try:
            done = await work(db)
            await db.execute("COMMIT")
        except StartOver as error:
            await _roll_back(db)
            begun_again += 1
            if begun_again >= START_OVERS:
                raise Busy("others kept changing the same customers") from error
        except asyncpg.DeadlockDetectedError as error:
            await _roll_back(db)
            deadlocks += 1
            if deadlocks > DEADLOCKS:
                raise Busy("deadlock") from error
        except BaseException:
            await _roll_back(db)
            raise
        else:
            return done
        await asyncio.sleep(random.uniform(0, JITTER_SECONDS) * (begun_again + deadlocks))  # noqa: S311 - jitter


async def _open(db: Db, begin: str, opening: Opening) -> None:
    """BEGIN, the workspace and the key in one message. The ids are UUIDs: their text needs no quoting."""
    script = f"{begin}; SELECT set_config('tl.workspace', '{opening.workspace}', true)"
    if opening.key is not None:
        script += _KEY_HOLDS.format(workspace=opening.workspace, key=opening.key)
    if await db.execute(script, timeout=OPEN_SECONDS) != "SELECT 1":
        await _roll_back(db)
        raise KeyGone


async def _roll_back(db: Db) -> None:
    if _is_closed(db):
        return
    try:
        await db.execute("ROLLBACK", timeout=OPEN_SECONDS)
    except (*_LOST, asyncpg.InterfaceError):
        _terminate(db)


def _is_closed(db: Db) -> bool:
    """A connection that was lost has left the pool already: even asking it raises then."""
    try:
        return db.is_closed()
    except asyncpg.InterfaceError:
        return True


def _terminate(db: Db) -> None:
    with contextlib.suppress(asyncpg.InterfaceError):
        db.terminate()


async def prepare_connection(connection: Any) -> None:
    """jsonb as bytes of JSON in both directions: nothing is parsed that msgspec will parse anyway."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + bytes(value),
        decoder=lambda value: bytes(value[1:]),
    )


async def _leave_as_it_is(connection: Any) -> None:
    """Sessions hold nothing: every setting ends with its transaction."""
