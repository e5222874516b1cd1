"""Whether a process may start: is the database one that keeps what it is given, is the port free?"""

import asyncio
import os
import signal
import socket
import time
from typing import Final

import asyncpg

from app import upkeep
from app.addresses import app_url
from app.migrate import pending
from app.settings import Settings

PATIENCE: Final = 15.0
TICK: Final = 0.05


class NotFit(Exception):
    """Why the process does not start, in one sentence."""


async def wait_until_fit(settings: Settings, admin_url: str) -> None:
    """Wait for the database to answer and, below `up`, for its migration. Raises NotFit."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            missing = await pending(admin_url)
            if not missing:
                await _check(app_url(settings, admin_url))
                return
            problem = f"The database is not migrated ({', '.join(missing)}): run `throughline migrate`."
            if settings.parent_pipe is None:
                break
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            problem = f"The database cannot be reached: {error or type(error).__name__}."
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(TICK)
    raise NotFit(problem)


async def _check(url: str) -> None:
    db = await asyncpg.connect(url, timeout=5)
    try:
        unsafe = await upkeep.unsafe_settings(db)
        number, words = await upkeep.server_version(db)
    finally:
        await db.close()
    if unsafe:
        raise NotFit(
            f"The database runs with {' and '.join(unsafe)}, so that what is answered could be lost: turn it on."
        )
    if number < upkeep.OLDEST:
        raise NotFit(f"The database is PostgreSQL {words}: 16 or later is needed.")


def check_port(host: str, port: int) -> int:
    """The port to listen on, a free one for 0. Raises NotFit where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise NotFit(
                f"Cannot listen on {host}:{port} ({error.strerror}): choose another THROUGHLINE_PORT."
            ) from None
        return probe.getsockname()[1]


def end_like_a_signal() -> None:
    """What a child does when its parent is gone: end as on SIGTERM."""
    os.kill(os.getpid(), signal.SIGTERM)
