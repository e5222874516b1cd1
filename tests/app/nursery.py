"""Commands in processes of their own without the second that Python takes to load them.

They are forked from a process that has every command loaded: a life costs what it does. What is about the process
itself (how it starts, what it loads, who its parent is) is tried with one that is started from nothing.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import IO, Final, Literal

from app.cli import COMMANDS, main

NURSERY: Final = multiprocessing.get_context("forkserver")
NURSERY.set_forkserver_preload(
    [__name__, "tests.app.killing", *sorted({where.partition(":")[0] for where in COMMANDS.values()})]
)


class Forked:
    """A command that runs with these streams; it is ended and waited for as a `subprocess.Popen` is."""

    def __init__(
        self, words: tuple[str, ...], environment: Mapping[str, str], given: int, stdout: int, stderr: int
    ) -> None:
        self.args = words
        streams = [Connection(os.dup(stream)) for stream in (given, stdout, stderr)]
        self._process = NURSERY.Process(target=_live, args=(words, dict(environment), streams), daemon=True)
        self._process.start()
        for stream in streams:
            stream.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> None:
        """Wait; what it said is where its streams go."""
        self.wait(timeout)

    def send_signal(self, word: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, word)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _live(words: tuple[str, ...], environment: dict[str, str], streams: list[Connection]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["throughline", *words]
    sys.stdin, sys.stdout, sys.stderr = _open(0, "r"), _open(1, "w"), _open(2, "w")
    main()


def _open(number: int, mode: Literal["r", "w"]) -> IO[str]:
    return open(number, mode, closefd=False, buffering=1 if number == 2 else -1)
