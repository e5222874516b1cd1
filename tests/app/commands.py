"""Running the command line as people do: in processes of their own, on a home of their own."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tests.app.nursery import Forked

ROOT = Path(__file__).parents[2]


class Home:
    """A home with a port; what it starts, it ends."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "PYTHONPATH": str(ROOT),
            "THROUGHLINE_HOME": str(folder),
            "THROUGHLINE_PORT": str(self.port),
            "NO_COLOR": "1",
            "THROUGHLINE_EMBEDDER": "none",
            **environment,
        }
        self.words = Path(tempfile.gettempdir()) / f"throughline-words-{uuid.uuid4().hex}"
        self._started: list[subprocess.Popen[str] | Forked] = []

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        with (
            tempfile.TemporaryFile("w+") as asked,
            tempfile.TemporaryFile("w+") as told,
            tempfile.TemporaryFile("w+") as said,
        ):
            asked.write(given)
            asked.flush()
            asked.seek(0)
            process = Forked(words, self.environment, asked.fileno(), told.fileno(), said.fileno())
            try:
                code = process.wait(300)
            finally:
                process.kill()
            for file in (told, said):
                file.seek(0)
            return subprocess.CompletedProcess(words, code, told.read(), said.read())

    def run_anew(self, *words: str) -> subprocess.CompletedProcess[str]:
        """As people start it, in a Python that has nothing loaded yet."""
        command = [sys.executable, "-m", "app", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)

    def start(self, *words: str) -> Forked:
        """What it says on stderr is in `words`; what is about the process itself is tried with `start_anew`."""
        with self.words.open("a") as said, Path(os.devnull).open("r+") as nothing:
            process = Forked(words, self.environment, nothing.fileno(), nothing.fileno(), said.fileno())
        self._started.append(process)
        return process

    def start_anew(self, *words: str) -> subprocess.Popen[str]:
        """As people start it, in a Python that has nothing loaded yet."""
        with self.words.open("a") as said:  # not a pipe: nobody reads it, and a full one holds the server up
            process = subprocess.Popen(
                [sys.executable, "-m", "app", *words],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        self._started.append(process)
        return process

    def up(self, *words: str) -> subprocess.Popen[str]:
        """`throughline up`, once it says that it is ready."""
        process = self.start_anew("up", *words)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Throughline is ready at"), f"{line!r} {process.poll()}"
        return process

    def serve(self) -> "Pair":
        """Server and worker with nobody above them, once they are ready: for what is not about `throughline up`."""
        pair = Pair(self.start("serve"), self.start("worker"))
        until(lambda: self.ready() or pair.returncode is not None, 60)
        assert self.ready(), self.words.read_text()
        return pair

    def pieces(self, process: subprocess.Popen[str]) -> dict[str, psutil.Process]:
        """The children of an `up`, and its PostgreSQL, by name."""
        found: dict[str, psutil.Process] = {}
        for child in psutil.Process(process.pid).children():
            with contextlib.suppress(psutil.Error):
                if child.cmdline()[-1] in ("serve", "worker"):
                    found[child.cmdline()[-1]] = child
        number = self.postmaster()
        if number is not None:
            found["postgres"] = psutil.Process(number)
        return found

    def postmaster(self) -> int | None:
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            number = int((self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            if psutil.Process(number).name() == "postgres":
                return number
        return None

    def ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=20)
            if process.poll() is None:
                process.kill()
                process.communicate()
        self.words.unlink(missing_ok=True)


class Pair:
    """Server and worker as one process, as far as they are ended and waited for."""

    def __init__(self, server: Forked, worker: Forked) -> None:
        self.server, self.worker = server, worker

    @property
    def returncode(self) -> int | None:
        ended = [code for code in (self.server.returncode, self.worker.returncode) if code is not None]
        return max(ended, key=abs) if any(ended) or len(ended) == 2 else None

    def send_signal(self, word: signal.Signals) -> None:
        for one in (self.server, self.worker):
            one.send_signal(word)

    def communicate(self, timeout: float | None = None) -> None:
        for one in (self.server, self.worker):
            one.communicate(timeout)


@contextlib.contextmanager
def home_in(folder: Path, **environment: str) -> Iterator[Home]:
    home = Home(folder, **environment)
    try:
        yield home
    finally:
        home.close()


def until(holds: Callable[[], bool], seconds: float) -> float:
    """Wait; returns the seconds that it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - began


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
