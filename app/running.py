"""Everything in one go: who may start it, in which order, and when it is ready."""

import asyncio
import fcntl
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

import structlog

from app.embedded import EmbeddedDatabase
from app.embedding import models
from app.settings import Settings, child_environment, local_url
from app.supervise import supervise
from search.preparing import fault

log = structlog.get_logger(__name__)

READY_TICK: Final = 0.03
READY_PATIENCE: Final = 60.0


class AlreadyUp(Exception):
    """Another `up` runs on this home; the message says which."""


class NoDemo(Exception):
    """The demo was not made; the command that makes it has said why."""


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold HOME/up.lock, whose words are the process and its address. Raises AlreadyUp."""
    settings.home.mkdir(parents=True, exist_ok=True)
    handle = os.open(settings.home / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, _, address = os.read(handle, 200).decode(errors="replace").strip().partition(" ")
            raise AlreadyUp(
                f"Throughline runs on {settings.home} already: process {pid or '?'}, {address or 'starting'}."
            ) from None
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {local_url(settings.host, settings.port)}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


async def run_everything(settings: Settings, embedded: EmbeddedDatabase | None, on_ready: Callable[[], None]) -> int:
    """Server and worker until SIGINT or SIGTERM (0), or until one of them never comes up (1)."""
    command = [sys.executable, "-m", "app"]
    telling = asyncio.create_task(_tell_when_ready(settings, on_ready))
    try:
        return await supervise(settings, embedded, {"server": [*command, "serve"], "worker": [*command, "worker"]})
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell_when_ready(settings: Settings, on_ready: Callable[[], None]) -> None:
    deadline = time.monotonic() + READY_PATIENCE
    address = urlsplit(local_url(settings.host, settings.port))
    while time.monotonic() < deadline:
        if await asyncio.to_thread(_is_ready, str(address.hostname), settings.port):
            on_ready()
            return
        await asyncio.sleep(READY_TICK)
    log.error("not_ready", seconds=READY_PATIENCE)


def _is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Until `supervise` listens for itself: SIGTERM unwinds as Ctrl-C does, so that the database is closed."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def prepare_model(settings: Settings) -> None:
    """Run `throughline prepare` where the model is not there: in a process of its own, which says what it does. Words
    are searched without it."""
    if settings.embedder == "minilm" and fault(models(settings)) is not None:
        environment = child_environment(settings, None, None)
        subprocess.run([sys.executable, "-m", "app", "prepare"], env=environment, stdin=subprocess.DEVNULL, check=False)


def fill_demo(settings: Settings, database_url: str) -> str:
    """Run `throughline demo` in a process of its own; its last words (address, key, lines to paste). Raises NoDemo."""
    environment = child_environment(settings, database_url, None)
    done = subprocess.run(
        [sys.executable, "-m", "app", "demo"], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise NoDemo
    return done.stdout
