"""The hot pool and the edge's transactions: who opens them, what a lost database looks like, what is retried.

Nothing below the edge commits. Opening costs one round trip: BEGIN, the workspace and, where a key asks, whether
that key still holds (two rounds on a busy machine: 0.04 and 0.08 ms at p50; as a statement of its own 0.09 and 0.21).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import structlog
import uuid_utils

from app.pool import Pool, prepare_connection
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.learning import LEARNING
from timeline.errors import NumbersSpent, StartOver
from timeline.tickets.numbers import NUMBERS

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
T = TypeVar("T")
__all__ = ["Busy", "Database", "DatabaseAway", "Db", "Held", "KeyGone", "new_id", "prepare_connection"]

_log = structlog.get_logger("throughline.db")

OPEN_SECONDS: Final = 2.5
START_OVERS: Final = 5
DEADLOCKS: Final = 3
JITTER_SECONDS: Final = 0.02

_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_KEEP_CONFIGURATION: Final = "; SELECT pg_advisory_xact_lock_shared({key})"
_CHANGE_CONFIGURATION: Final = "; SELECT pg_advisory_xact_lock({key})"
_KEY_HOLDS: Final = (
    "; SELECT FROM api_key WHERE workspace_id = '{workspace}' AND id = '{key}' AND revoked_at IS NULL "
    "AND (expires_at IS NULL OR expires_at > now())"
)
_UNREACHABLE: Final = (
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidCatalogNameError,
)
_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,  # what a statement meets when the server dies between its messages
    TimeoutError,
)
_TOO_SLOW: Final = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError, asyncpg.OutOfMemoryError)


class DatabaseAway(Exception):
    """PostgreSQL does not answer, or all connections are taken: try again soon."""


class Busy(DatabaseAway):
    """The database answers and this piece of work could not be done in time."""


class KeyGone(Exception):
    """The key was revoked or has expired."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction begins with: the workspace, and the key that must still hold (None: the process itself).

    What `configures` waits for every other write and lets none begin, so that each event finds the configuration that
    is in force at its position."""

    workspace: UUID
    key: UUID | None = None
    configures: bool = False


def new_id() -> UUID:
    """A version 7 id: in order of time, so indexes grow at their end."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


class Database:
    """The process's connections. `on_commit` hears of every workspace that was written to."""

    def __init__(self, dsn: str, *, on_commit: Callable[[UUID], None] | None = None) -> None:
        self.dsn = dsn
        self.on_commit = on_commit
        self._written: set[UUID] = set()
        self._learning: dict[UUID, asyncio.Task[None]] = {}
        self._pool: Pool | None = None

    async def open(self) -> None:
        """Make the pool. The database may be away: connections are made when they are needed."""
        self._pool = Pool(self.dsn)

    async def close(self) -> None:
        if self._pool is None:
            return
        await asyncio.gather(*self._learning.values())
        for workspace in sorted(self._written):
            if LEARNING.unwritten(WorkspaceId(workspace)):
                await self._write_learned(workspace)
        await self._pool.close()

    def connection(self) -> "Held":
        """A connection outside any transaction. Raises `DatabaseAway`."""
        assert self._pool is not None, "open() first"
        return Held(self._pool, None)

    def read(self, workspace: UUID, key: UUID | None = None) -> "Held":
        """One snapshot of one workspace, read-only. Raises `DatabaseAway` and `KeyGone`."""
        assert self._pool is not None, "open() first"
        return Held(self._pool, Opening(workspace=workspace, key=key))

    async def write(
        self,
        workspace: UUID,
        work: Callable[[Db], Awaitable[T]],
        key: UUID | None = None,
        *,
        configures: bool = False,
        hint: bool = True,
    ) -> T:
        """Do `work` in one transaction, again from the start where it had to start over; commit; hint where it is any
        news to those who follow.

        Raises what `work` raises (nothing is kept then), `DatabaseAway` and `KeyGone`."""
        opening = Opening(workspace=workspace, key=key, configures=configures)
        async with self.connection() as db:
            done = await _until_done(db, opening, work)
        if self.on_commit is not None and hint:
            self.on_commit(workspace)
        self._written.add(workspace)
        if LEARNING.due(WorkspaceId(workspace)) and workspace not in self._learning:
            self._learning[workspace] = asyncio.create_task(self._write_learned(workspace), name="learning")
        return done

    async def _write_learned(self, workspace: UUID) -> None:
        """Write what was learned of a workspace, outside of the push that taught it; what fails is tried again with
        the next."""
        try:
            async with self.connection() as db:
                opening = Opening(workspace=workspace, key=None)
                await _until_done(db, opening, lambda db: LEARNING.write(db, WorkspaceId(workspace)))
        except (DatabaseAway, asyncpg.PostgresError, asyncpg.InterfaceError, *_LOST, OSError) as error:
            _log.warning("learning.unwritten", workspace=workspace, error=error)
        finally:
            self._learning.pop(workspace, None)


class Held:
    """A connection while `async with` holds it: with an opening inside a read-only transaction."""

    def __init__(self, pool: Pool, opening: Opening | None) -> None:
        self._pool = pool
        self._opening = opening
        self._db: asyncpg.Connection | None = None

    async def __aenter__(self) -> Db:
        try:
            db = self._db = await self._pool.take()
        except (*_UNREACHABLE, *_LOST, OSError, asyncpg.InterfaceError) as error:
            raise _away(error) from error
        if self._opening is not None:
            try:
                await _open(db, _READ, self._opening)
            except BaseException as error:
                await self._end(error)
                raise
        return db

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._opening is None:
            self._give_back()
            return
        if error is None:
            try:
                await self._taken.execute("COMMIT")
            except BaseException as failure:
                await self._end(failure)
                raise
            self._give_back()
            return
        await self._end(error)

    @property
    def _taken(self) -> asyncpg.Connection:
        assert self._db is not None
        return self._db

    def _give_back(self) -> None:
        self._pool.give_back(self._taken)

    async def _end(self, error: BaseException) -> None:
        """Leave the connection clean or closed, and say in our words what happened to it."""
        db = self._taken
        try:
            if isinstance(error, (*_LOST, asyncio.CancelledError)):
                db.terminate()
            elif self._opening is not None:
                await _roll_back(db)
        finally:
            self._give_back()
        if isinstance(error, _LOST) or (isinstance(error, OSError | asyncpg.InterfaceError) and db.is_closed()):
            raise _away(error) from error
        if isinstance(error, _TOO_SLOW):
            raise Busy(str(error)) from error


def _away(error: BaseException) -> DatabaseAway:
    return DatabaseAway(str(error) or type(error).__name__)


async def _until_done(db: Db, opening: Opening, work: Callable[[Db], Awaitable[T]]) -> T:
    begun_again = deadlocks = 0
    while True:
        await _open(db, _WRITE, opening)
        try:
            done = await work(db)
            await db.execute("COMMIT")
        except NumbersSpent as error:
            await _roll_back(db)
            await _take_numbers(db, error.workspace, error.wanted)
            continue
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


async def _take_numbers(db: Db, workspace: UUID, wanted: int) -> None:
    await _open(db, _WRITE, Opening(workspace=workspace))
    try:
        block = await NUMBERS.block(db, workspace, wanted)
        await db.execute("COMMIT")
    except BaseException:
        await _roll_back(db)
        raise
    NUMBERS.give(workspace, block)


async def _open(db: Db, begin: str, opening: Opening) -> None:
    """BEGIN, the workspace and the key in one message. The ids are UUIDs: their text needs no quoting."""
    script = f"{begin}; SELECT set_config('tl.workspace', '{opening.workspace}', true)"
    if begin == _WRITE:
        lock = _CHANGE_CONFIGURATION if opening.configures else _KEEP_CONFIGURATION
        script += lock.format(key=lock_key(WorkspaceId(opening.workspace), "configuration"))
    if opening.key is not None:
        script += _KEY_HOLDS.format(workspace=opening.workspace, key=opening.key)
    if await db.execute(script, timeout=OPEN_SECONDS) != "SELECT 1":
        await _roll_back(db)
        raise KeyGone


async def _roll_back(db: Db) -> None:
    if db.is_closed():
        return
    try:
        await db.execute("ROLLBACK", timeout=OPEN_SECONDS)
    except (*_LOST, OSError, asyncpg.InterfaceError):
        db.terminate()
