"""Hints: a process says after its commits which workspaces have news, and whoever waits looks sooner.

One connection a process, LISTEN and NOTIFY, workspace ids and never a payload, coalesced to 20 ms. Missing a hint or
seeing one twice changes nothing: waiters look by themselves after their timeout. What is not in the ledger, and few
want to know, is beckoned instead: by an id of its own, to whoever asked for that one.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from app import store

COALESCE_SECONDS: Final = 0.02
CONNECT_SECONDS: Final = 3
RETRY_SECONDS: Final = 1.0
MOST_A_HINT: Final = 200
BECKONED: Final = "~"
"""Stands before what is no workspace."""

_log = structlog.get_logger("throughline.live")


class Live:
    """The process's ear and voice for hints. `closed` tells streams to end."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._said: set[str] = set()
        self._wake = asyncio.Event()
        self._waiting: dict[UUID, set[asyncio.Future[None]]] = {}
        self._heard: dict[UUID, int] = {}
        self._beckoned: dict[UUID, list[Callable[[], None]]] = {}
        self._task: asyncio.Task[None] | None = None
        self.closed = False

    def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="live")

    async def close(self) -> None:
        self.closed = True
        for workspace in list(self._waiting):
            self._rouse(workspace)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def say(self, workspace: UUID) -> None:
        """The workspace has news. Costs nothing to say often."""
        self._said.add(str(workspace))
        self._wake.set()

    def beckon(self, topic: UUID) -> None:
        """Something happened there; whoever listens in any process is called."""
        self._said.add(f"{BECKONED}{topic}")
        self._wake.set()

    @contextlib.contextmanager
    def beckoned(self, topic: UUID, act: Callable[[], None]) -> Iterator[None]:
        """`act` is called whenever something happens there, for as long as this lasts."""
        self._beckoned.setdefault(topic, []).append(act)
        try:
            yield
        finally:
            self._beckoned[topic].remove(act)
            if not self._beckoned[topic]:
                del self._beckoned[topic]

    def heard(self, workspace: UUID) -> int:
        """How many hints there were. Asked before one looks, it lets `wait` miss none that comes while one does."""
        return self._heard.get(workspace, 0)

    async def wait(self, workspace: UUID, timeout: float, heard: int | None = None) -> bool:
        """Until there is news, since so much was `heard`, or the seconds have passed; True when there was a hint."""
        if self.closed:
            return False
        if heard is not None and self.heard(workspace) != heard:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(workspace, set())
        waiting.add(future)
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError:
            return False
        else:
            return True
        finally:
            waiting.discard(future)
            if not waiting and self._waiting.get(workspace) is waiting:
                del self._waiting[workspace]

    def _rouse(self, workspace: UUID) -> None:
        self._heard[workspace] = self.heard(workspace) + 1
        for future in self._waiting.pop(workspace, set()):
            if not future.done():
                future.set_result(None)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen_and_speak()
            except (
                OSError,
                TimeoutError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
            ) as error:
                _log.warning("live.lost", error=error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_and_speak(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS)
        try:
            await connection.add_listener(store.HINTS, self._hear)
            connection.add_termination_listener(lambda _: self._wake.set())
            for workspace in list(self._waiting):  # what was said while nobody listened
                self._rouse(workspace)
            while not connection.is_closed():
                await self._wake.wait()
                await asyncio.sleep(COALESCE_SECONDS)
                self._wake.clear()
                said = sorted(self._said)
                for start in range(0, len(said), MOST_A_HINT):
                    await store.announce(connection, said[start : start + MOST_A_HINT])
                self._said.difference_update(said)
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        for text in str(payload).split(","):
            with contextlib.suppress(ValueError):
                if text.startswith(BECKONED):
                    for act in self._beckoned.get(UUID(text.removeprefix(BECKONED)), ()):
                        act()
                else:
                    self._rouse(UUID(text))
