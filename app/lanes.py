"""A lane of sending: what goes one way, with connections and a pace of its own, for as long as there is something."""

import asyncio
from abc import ABC, abstractmethod
from datetime import datetime
from typing import Final

import structlog

ENDING_SECONDS: Final = 3.0
LINGER_SECONDS: Final = 3.0
"""How long a lane that is done keeps its connections for what may come."""
AFTER_A_FAULT: Final = 5.0

log = structlog.get_logger(__name__)


class SendingLane(ABC):
    """It ends by itself when there is nothing left; a fault of ours in one stops no other. `name` is for the log."""

    def __init__(self, name: str) -> None:
        self.wake = asyncio.Event()
        self.ending = False
        self._name = name
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def empty(self, now: datetime | None = None) -> int:
        """Send until nothing is due, or the lane is `ending`; how many attempts."""

    @abstractmethod
    async def close(self) -> None:
        """Hang up."""

    @property
    def is_done(self) -> bool:
        return self._task is not None and self._task.done()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Begin nothing more, settle what is on its way if it ends soon, and end."""
        self.ending = True
        self.wake.set()
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=ENDING_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while not self.ending:
                self.wake.clear()
                await self.empty()
                async with asyncio.timeout(LINGER_SECONDS):
                    await self.wake.wait()
        except TimeoutError:
            pass
        except Exception as error:  # noqa: BLE001 - a fault of ours in one lane stops no other
            log.error("lane.fault", lane=self._name, error=error)
            await asyncio.sleep(AFTER_A_FAULT)
        finally:
            await self.close()
