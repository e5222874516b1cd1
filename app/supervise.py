"""Keeps the pieces of `throughline up` alive: PostgreSQL, server and worker, whichever dies, and however.

Each piece leads a process group of its own, so that what it leaves behind when killed ends too, and holds the
reading end of a pipe that nobody writes to: when the parent dies, even by kill -9, the pipe ends, and it too.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping

import structlog

from app.embedded import EmbeddedDatabase, EmbeddedDatabaseError
from app.settings import Settings, child_environment

log = structlog.get_logger(__name__)

TICK = 0.2
STEADY = 5.0  # seconds after which a piece has come up, and its next death is news
LONGEST_PAUSE = 3.0
EARLY_DEATHS = 5
GRACE = 10.0


class Piece:
    """One child process and what became of it so far; `deaths` counts those in a row."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.not_before = 0.0
        self.deaths = 0
        self.was_steady = False


async def supervise(
    settings: Settings,
    embedded: EmbeddedDatabase | None,
    commands: Mapping[str, list[str]],
    *,
    grace: float = GRACE,
) -> int:
    """Run the commands until SIGINT or SIGTERM (0), or until one of them never comes up (1).

    They get the database's address in DATABASE_URL. The embedded database stays open: its owner closes it.
    """
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for word in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(word, asked.set)
    reading, writing = os.pipe()
    environment = child_environment(settings, embedded.database_url() if embedded else None, reading)
    pieces = [Piece(name, command) for name, command in commands.items()]
    try:
        while not asked.is_set():
            await _tend_database(embedded)
            for piece in pieces:
                _tend(piece, environment, reading)
            if any(piece.deaths >= EARLY_DEATHS and not piece.was_steady for piece in pieces):
                return 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), TICK)
        return 0
    finally:
        await asyncio.to_thread(_end, pieces, grace)
        os.close(writing)
        os.close(reading)
        for word in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(word)


def watch_parent(settings: Settings, on_gone: Callable[[], None]) -> None:
    """In a child of `supervise`: call `on_gone`, in a thread of its own, when the parent is dead.

    What has not ended ten seconds later is ended, with all that it started.
    """
    pipe = settings.parent_pipe
    if pipe is None:
        return
    os.set_inheritable(pipe, False)  # grandchildren would keep nothing alive, and need it for nothing
    threading.Thread(target=_wait_for_end, args=(pipe, on_gone), name="watch-parent", daemon=True).start()


def _wait_for_end(pipe: int, on_gone: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(pipe, 1):
            pass
    on_gone()
    time.sleep(GRACE)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


async def _tend_database(embedded: EmbeddedDatabase | None) -> None:
    if embedded is None or embedded.is_running():
        return
    log.warning("database_down", pid=embedded.pid)
    try:
        await asyncio.to_thread(embedded.ensure_running)
    except EmbeddedDatabaseError as error:
        log.error("database_not_started", problem=str(error))
    else:
        log.info("database_started", pid=embedded.pid)


def _tend(piece: Piece, environment: dict[str, str], pipe: int) -> None:
    now = time.monotonic()
    if piece.process is not None:
        code = piece.process.poll()
        if now - piece.started >= STEADY:
            piece.was_steady, piece.deaths = True, 0
        if code is None:
            return
        _kill_group(piece.process.pid)
        piece.deaths += 1
        piece.not_before = now + min(0.1 * 2 ** (piece.deaths - 1), LONGEST_PAUSE)
        piece.process = None
        log.warning("piece_ended", piece=piece.name, code=code, in_a_row=piece.deaths)
    if now >= piece.not_before and (piece.was_steady or piece.deaths < EARLY_DEATHS):
        piece.process = subprocess.Popen(
            piece.command, env=environment, pass_fds=(pipe,), start_new_session=True, stdin=subprocess.DEVNULL
        )
        piece.started = now
        log.info("piece_started", piece=piece.name, pid=piece.process.pid)


def _end(pieces: list[Piece], grace: float) -> None:
    """All at once, politely; then what is left, and what it left."""
    running = [piece.process for piece in pieces if piece.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + grace
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        if process.poll() is None:
            log.warning("piece_killed", pid=process.pid)
        _kill_group(process.pid)
        process.wait()


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
