"""`throughline up` from outside: it heals whatever is killed, loses nothing that was answered, and ends whole."""

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.postmaster import is_alive
from tests.app.commands import Home, home_in, until

WRITERS = 8
HEALED = 15.0


@pytest.fixture
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="throughline-up-"))
    folder.chmod(0o711)
    with home_in(folder) as made:
        yield made
    shutil.rmtree(folder, ignore_errors=True)


class Writer(threading.Thread):
    """Pushes one interaction after the other; tries the same again until it is answered."""

    def __init__(self, home: Home, key: str, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.home, self.key = home, key
        self.stop = threading.Event()
        self.answered: dict[str, str] = {}
        self.odd: list[int] = []

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            source_id = f"{self.name}/{number}"
            while not self.stop.is_set() and source_id not in self.answered:
                self._push(source_id)

    def _push(self, source_id: str) -> None:
        body = {
            "source": "writers",
            "source_id": source_id,
            "kind": "message",
            "channel": "api",
            "direction": "inbound",
            "occurred_at": "2026-01-01T00:00:00Z",
            "contact": {"key": self.name},
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.home.port, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request("POST", "/api/v1/interactions", json.dumps(body), headers)
            answer = connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            return
        finally:
            connection.close()
        if answer.status in (200, 201):
            self.answered[source_id] = json.loads(told)["event_id"]
        elif answer.status == 503:
            assert answer.getheader("Retry-After")
            time.sleep(0.05)
        else:
            self.odd.append(answer.status)


def test_whatever_is_killed_comes_back_and_nothing_answered_is_lost_or_doubled(home: Home) -> None:
    assert home.run("workspace", "create", "desk").returncode == 0
    key = home.run("key", "create", "--role", "integration", "--rate", "0").stdout.split()[-1]
    process = home.up()
    writers = [Writer(home, key, f"w{number}") for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for victim in ("serve", "worker", "postgres", "serve"):
        time.sleep(0.7)
        pieces = home.pieces(process)
        pieces[victim].send_signal(signal.SIGKILL)
        until(lambda gone=pieces[victim]: not is_alive(gone), 5)
        until(home.ready, HEALED)
        until(lambda: {"serve", "worker", "postgres"} <= home.pieces(process).keys(), HEALED)
    time.sleep(0.7)
    for writer in writers:
        writer.stop.set()
    for writer in writers:
        writer.join(15)
    answered = {source_id: event for writer in writers for source_id, event in writer.answered.items()}
    assert [status for writer in writers for status in writer.odd] == []
    exported = [json.loads(line)["source_id"] for line in home.run("export", "interactions").stdout.splitlines()]
    assert Counter(exported).most_common(1)[0][1] == 1, "doubled"
    assert answered.keys() <= set(exported), "lost"
    assert len(answered) > 50
    _end(home, process)


def _end(home: Home, process: subprocess.Popen[str]) -> None:
    """SIGTERM ends all of it, PostgreSQL included, with 0."""
    pieces = home.pieces(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0, home.words.read_text()
    assert not any(is_alive(piece) for piece in pieces.values())
    assert home.postmaster() is None


def test_a_second_one_is_told_so_and_harms_nothing(home: Home) -> None:
    process = home.up()
    second = home.run("up")
    assert second.returncode == 1
    assert f"process {process.pid}" in second.stderr
    assert f":{home.port}" in second.stderr
    assert home.ready()
    assert home.run("workspace", "create", "beside").returncode == 0, "the command line works beside it"
    assert home.ready()
    _end(home, process)


def test_a_demo_that_cannot_be_made_is_said_and_nothing_is_started(home: Home) -> None:
    assert home.run("workspace", "create", "demo").returncode == 0
    key = home.run("key", "create", "--role", "integration").stdout.split()[-1]
    process, writer = home.up(), Writer(home, key, "other")
    writer.start()
    until(lambda: bool(writer.answered), 20)
    writer.stop.set()
    writer.join()
    _end(home, process)
    told = home.run("up", "--demo")
    assert (told.returncode, told.stdout) == (1, "")
    assert "holds other data" in told.stderr
    assert "The demo could not be made, so nothing was started" in told.stderr
    assert home.postmaster() is None


def test_a_port_that_is_taken_is_said(home: Home) -> None:
    with socket.create_server(("127.0.0.1", home.port)):
        told = home.run("up")
    assert told.returncode == 1
    assert f"127.0.0.1:{home.port}" in told.stderr
    assert "THROUGHLINE_PORT" in told.stderr
    assert home.postmaster() is None


def test_the_server_refuses_a_database_that_may_lose_what_was_answered(home: Home) -> None:
    not_yet = home.run("serve")
    assert not_yet.returncode == 1
    assert "not migrated" in not_yet.stderr
    assert home.run("migrate").returncode == 0
    script = (
        "import asyncio, asyncpg, sys\nfrom pathlib import Path\nfrom app.embedded import attach\n"
        "with attach(Path(sys.argv[1])) as embedded:\n"
        "    async def set_off():\n"
        "        admin = await asyncpg.connect(embedded.database_url())\n"
        "        await admin.execute('ALTER ROLE throughline_app SET synchronous_commit = off')\n"
        "        await admin.close()\n"
        "    asyncio.run(set_off())\n"
    )
    subprocess.run([sys.executable, "-c", script, str(home.folder)], env=home.environment, check=True)
    refused = home.run("serve")
    assert refused.returncode == 1
    assert "synchronous_commit = off" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_uvicorn_carries_it_too(home: Home) -> None:
    assert home.run("migrate").returncode == 0
    process = home.start("serve", "--server", "uvicorn")
    until(home.ready, 15)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode == 0
