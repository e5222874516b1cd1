"""The parent of `throughline up`, with real children: killed ones come back, and none outlives its parent."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
PARENT = """
import asyncio, sys
from pathlib import Path
from typing import TypeVar
from app.embedded import attach
from app.settings import load_settings
from app.supervise import supervise
settings = load_settings()
embedded = attach(settings.home) if "--database" in sys.argv else None
command = [sys.executable, "-c", sys.argv[1]]
code = asyncio.run(supervise(settings, embedded, {"server": command}, grace=1.0))
if embedded:
    embedded.close()
sys.exit(code)
"""
# listens on the desk's port, as a server does, and writes its number into the home
CHILD = """
import os, signal, socket, subprocess, sys, time
from app.settings import load_settings
from app.supervise import watch_parent
settings = load_settings()
assert settings.database_url is None or settings.database_url.startswith("postgresql://")
watch_parent(settings, lambda: os.kill(os.getpid(), signal.SIGTERM))
listener = socket.create_server((settings.host, settings.port), reuse_port=False)
{more}
temporary = settings.home / "child.new"
temporary.write_text(f"{{os.getpid()}} {{settings.database_url or ''}}")
temporary.replace(settings.home / "child")
time.sleep(60)
"""
GRANDCHILD = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], pass_fds=[listener.fileno()])"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


class Desk:
    """A parent under test, with its home and port."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.parent: subprocess.Popen[bytes] | None = None

    def start(self, child: str, *arguments: str) -> None:
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "THROUGHLINE_HOME": str(self.home),
            "THROUGHLINE_PORT": str(self.port),
        }
        command = [sys.executable, "-c", PARENT, child, *arguments]
        self.parent = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL)

    def child(self) -> int:
        """The living child's number, once it listens."""

        def seen() -> int:
            path = self.home / "child"
            number = int(path.read_text().split()[0]) if path.exists() else 0
            return number if number and psutil.pid_exists(number) else 0

        return until(seen)

    def stop(self, word: signal.Signals = signal.SIGTERM) -> int:
        assert self.parent is not None
        self.parent.send_signal(word)
        return self.parent.wait(20)

    def port_is_free(self) -> bool:
        try:
            socket.create_server(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True


def until(look: Callable[[], T], patience: float = 15.0) -> T:
    deadline = time.monotonic() + patience
    while True:
        value = look()
        if value:
            return value
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    if desk.parent is not None and desk.parent.poll() is None:
        desk.stop()


@pytest.fixture
def home() -> Iterator[Path]:
    """Not below pytest's folders, which PostgreSQL's system user cannot enter."""
    with tempfile.TemporaryDirectory(prefix="tl-home-") as home:
        yield Path(home)


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_asked(desk: Desk, word: signal.Signals):
    desk.start(CHILD.format(more=""))
    child = desk.child()
    assert desk.stop(word) == 0
    assert not psutil.pid_exists(child)
    assert desk.port_is_free()


def test_a_killed_child_comes_back_although_its_own_child_held_the_port(desk: Desk):
    desk.start(CHILD.format(more=GRANDCHILD))
    first = desk.child()
    os.kill(first, signal.SIGKILL)
    until(lambda: desk.child() != first)
    assert desk.stop() == 0
    assert desk.port_is_free()


def test_children_end_when_the_parent_is_killed(desk: Desk):
    desk.start(CHILD.format(more=""))
    child = desk.child()
    assert desk.stop(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not psutil.pid_exists(child))
    assert desk.port_is_free()


def test_a_child_deaf_to_requests_is_killed_at_the_deadline(desk: Desk):
    desk.start(CHILD.format(more=DEAF))
    child = desk.child()
    begun = time.monotonic()
    assert desk.stop() == 0
    assert 0.9 < time.monotonic() - begun < 5
    assert not psutil.pid_exists(child)


def test_a_child_that_never_comes_up_ends_it_all(desk: Desk):
    desk.start("raise SystemExit(3)")
    assert desk.parent is not None
    assert desk.parent.wait(20) == 1


def test_a_killed_postgres_comes_back_and_the_child_stays(home: Path):
    desk = Desk(home)
    desk.start(CHILD.format(more=""), "--database")
    child = desk.child()
    assert "postgresql://postgres:" in (home / "child").read_text()
    pid_file = home / "postgres/postmaster.pid"
    postmaster = int(pid_file.read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)

    def back() -> bool:
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        return len(lines) == 8 and int(lines[0]) != postmaster and lines[7].strip() == "ready"

    until(back)
    assert desk.child() == child
    assert desk.stop() == 0
    assert not pid_file.exists()
