"""The application on uvicorn: the fallback, loaded only where it is asked for."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

import uvicorn

from app.settings import Settings

GRACE: Final = 8.0
EndStreams = Callable[[], Coroutine[Any, Any, None]]


async def serve(app: Any, settings: Settings, end_streams: EndStreams) -> None:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=int(GRACE),
    )
    server = _Uvicorn(config)
    loop = asyncio.get_running_loop()
    ending: list[asyncio.Task[None]] = []

    def stop() -> None:
        ending.append(loop.create_task(end_streams()))
        server.should_exit = True

    for word in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(word, stop)
    await server.serve()


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
