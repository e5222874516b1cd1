"""How the server process runs: what it refuses to run on, and which HTTP server carries the application."""

import asyncio
import importlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Literal

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from app.fitness import check_port
from app.settings import Settings
from app.unread import ending_unread

Carrier = Literal["granian", "uvicorn"]
EndStreams = Callable[[], Coroutine[Any, Any, None]]


def carry(app: Any, settings: Settings, carrier: Carrier, end_streams: EndStreams) -> None:
    """Serve until SIGINT or SIGTERM; open streams are ended first, or they would hold the end up."""
    check_port(settings.host, settings.port)
    serve = _granian if carrier == "granian" else importlib.import_module("app.uvicorn_carrier").serve
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(ending_unread(app), settings, end_streams))


async def _granian(app: Any, settings: Settings, end_streams: EndStreams) -> None:
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
    ending: list[asyncio.Task[None]] = []

    def stop() -> None:
        ending.append(loop.create_task(end_streams()))
        server.stop()

    for word in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(word, stop)
    await server.serve()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        return importlib.import_module("uvloop").new_event_loop
    except ImportError:
        return None
