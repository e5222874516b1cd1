"""How the server process runs: what it refuses to run on, and which HTTP server carries the application."""

import asyncio
import contextlib
import importlib
import signal
from collections.abc import Callable
from typing import Any, Final, Literal

import uvicorn
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from app.fitness import check_port
from app.settings import Settings

GRACE: Final = 8.0

Carrier = Literal["granian", "uvicorn"]


def carry(app: Any, settings: Settings, carrier: Carrier, on_stop: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM. `on_stop` is called when the end begins: streams shall end then."""
    check_port(settings.host, settings.port)
    serve = _granian if carrier == "granian" else _uvicorn
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(app, settings, on_stop))


async def _granian(app: Any, settings: Settings, on_stop: Callable[[], None]) -> None:
    server = Server(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
        backlog=1024,
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        on_stop()
        server.stop()

    for word in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(word, stop)
    await server.serve()


async def _uvicorn(app: Any, settings: Settings, on_stop: Callable[[], None]) -> None:
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

    def stop() -> None:
        on_stop()
        server.should_exit = True

    for word in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(word, stop)
    await server.serve()


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        return importlib.import_module("uvloop").new_event_loop
    except ImportError:
        return None
