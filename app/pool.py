"""The connections of a process: few, kept warm, replaced when they are lost.

asyncpg's own pool makes a task, two timeouts and a proxy for every request (a list of keys: 0.45 ms of our CPU with
it, 0.32 without, one run each). This one hands out the connection used last, and makes one where it has none.
"""

import asyncio
from typing import Any, Final

import asyncpg

MOST_CONNECTIONS: Final = 16
TAKE_SECONDS: Final = 2.0
STATEMENT_SECONDS: Final = 4.5
"""A database that stands still is away: whoever asks hears so within five seconds."""
CONNECT_SECONDS: Final = 2


class Pool:
    """At most `most` connections at a time; whoever comes when all are taken waits for two seconds."""

    def __init__(self, dsn: str, most: int = MOST_CONNECTIONS) -> None:
        self._dsn = dsn
        self._room = asyncio.Semaphore(most)
        self._idle: list[asyncpg.Connection] = []
        self._taken: set[asyncpg.Connection] = set()

    async def take(self) -> asyncpg.Connection:
        """A connection that was alive when it was last seen. Raises what connecting raises, and `TimeoutError`."""
        if self._room.locked():
            async with asyncio.timeout(TAKE_SECONDS):
                await self._room.acquire()
        else:
            await self._room.acquire()
        try:
            connection = self._warm() or await self._connect()
        except BaseException:
            self._room.release()
            raise
        self._taken.add(connection)
        return connection

    def give_back(self, connection: asyncpg.Connection) -> None:
        """Keep it for the next; one that stands in a transaction is not let out again."""
        self._taken.discard(connection)
        if not connection.is_closed():
            if connection.is_in_transaction():
                connection.terminate()
            else:
                self._idle.append(connection)
        self._room.release()

    async def close(self) -> None:
        """Close the idle ones in peace; what is still at work is cut off."""
        while self._idle:
            await self._idle.pop().close(timeout=CONNECT_SECONDS)
        for connection in list(self._taken):
            if not connection.is_closed():
                connection.terminate()

    def _warm(self) -> asyncpg.Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            server_settings={"application_name": "throughline"},
        )
        await prepare_connection(connection)
        return connection


async def prepare_connection(connection: Any) -> None:
    """jsonb as bytes of JSON in both directions: nothing is parsed that msgspec will parse anyway."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + bytes(value),
        decoder=lambda value: bytes(value[1:]),
    )
