"""A private installation for a run: a home of its own, the embedded database, `throughline up` as people run it."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import msgspec
import psutil

from app.embedded import attach
from app.settings import load_settings, role_password

PORT = 8791


class House(msgspec.Struct, frozen=True, kw_only=True):
    """A running installation; `up` is the pid of the supervisor."""

    home: Path
    dsn: str
    workspace: UUID
    key: str
    up: int
    port: int = PORT

    def server(self) -> list[psutil.Process]:
        return [p for p in psutil.Process(self.up).children(recursive=True) if "serve" in p.cmdline()]

    def worker(self) -> list[psutil.Process]:
        return [p for p in psutil.Process(self.up).children(recursive=True) if "worker" in p.cmdline()]

    def postgres(self) -> list[psutil.Process]:
        pid = int((self.home / "postgres" / "postmaster.pid").read_text().split()[0])
        postmaster = psutil.Process(pid)
        return [postmaster, *postmaster.children()]


def cpu(processes: list[psutil.Process]) -> float:
    """Seconds of CPU that the processes have used so far."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def memory(processes: list[psutil.Process]) -> float:
    """MB that the processes would free (USS)."""
    return sum(process.memory_full_info().uss for process in processes) / 2**20


def environment(home: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("THROUGHLINE_", "DATABASE_"))}
    private = {"THROUGHLINE_WEBHOOKS_PRIVATE": "yes", "THROUGHLINE_MAIL_PRIVATE": "yes"}
    return {**kept, **private, "THROUGHLINE_HOME": str(home), "THROUGHLINE_PORT": str(port)}


def run(*arguments: str, home: Path, port: int = PORT) -> str:
    """A `throughline` command in the house; its output."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env=environment(home, port),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"throughline {' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout


def workspace(home: Path, slug: str, *options: str) -> tuple[UUID, str]:
    """A new workspace in the house, and an admin key to it without a limit."""
    run("workspace", "create", slug, *options, home=home)
    key = run("key", "create", "--workspace", slug, "--role", "admin", "--rate", "0", home=home).split()[-1]
    return UUID(key.split("_")[1]), key


def start(home: Path, port: int = PORT) -> tuple[subprocess.Popen[bytes], float]:
    """Start `throughline up` and wait until it is ready; the seconds that took."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "up"],
        env=environment(home, port),
        stdout=subprocess.DEVNULL,
        stderr=(home / "up.log").open("ab"),
    )
    while time.perf_counter() - began < 60:
        if asyncio.run(_ready(port)):
            return process, time.perf_counter() - began
        if process.poll() is not None:
            raise RuntimeError((home / "up.log").read_text()[-2000:])
        time.sleep(0.02)
    raise RuntimeError("not ready within a minute")


async def _ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.write(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read(64)
    writer.close()
    return b" 200 " in answer


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def stop_up(where: House) -> None:
    """End the installation's own `up`; its home stays."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(where.up)
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def installation(port: int = PORT) -> Iterator[House]:
    """A house with one workspace and an unlimited admin key, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="throughline-bench-"))
    home.chmod(0o755)  # PostgreSQL may run as a user of its own below it
    process = None
    try:
        bench, key = workspace(home, "bench")
        process, _ = start(home, port)
        with _environ(environment(home, port)):
            settings = load_settings()
        with attach(home) as embedded:
            dsn = embedded.database_url("throughline_app", role_password(settings, "throughline_app"))
            yield House(home=home, dsn=dsn, workspace=bench, key=key, up=process.pid, port=port)
    finally:
        if process is not None and process.poll() is None:
            stop(process)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _environ(wanted: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
