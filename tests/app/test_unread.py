"""A request that is refused before its body was read, on the servers that carry the application."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.unread import DRAINED_BYTES

REFUSING = """
import sys
from pathlib import Path
from app.serving import carry
from tests.builders import settings

async def refuse(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"much"})

async def nothing():
    pass

carry(refuse, settings(Path(sys.argv[2]), port=int(sys.argv[3])), sys.argv[1], nothing)
"""
SECONDS = 20.0


@pytest.fixture(scope="module", params=["granian", "uvicorn"])
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    home: Path = tmp_path_factory.mktemp("refusing")
    server = subprocess.Popen([sys.executable, "-c", REFUSING, request.param, str(home), str(number)])
    try:
        deadline = time.monotonic() + SECONDS
        while not answers(number):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield number
    finally:
        server.terminate()
        server.wait(SECONDS)


def answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def ask(connection: socket.socket, announced: int, sent: int, more: str = "") -> str:
    """The head of the answer, in small letters."""
    connection.settimeout(SECONDS)
    head = f"POST / HTTP/1.1\r\nHost: here\r\n{more}Content-Length: {announced}\r\n\r\n"
    connection.sendall(head.encode() + b"x" * sent)
    answer = b""
    while not answer.endswith(b"much"):
        piece = connection.recv(65536)
        assert piece, "the connection ended before its answer"
        answer += piece
    return answer.decode().lower()


def test_after_a_body_that_was_sent_the_connection_holds(port: int):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _again in range(3):
            head = ask(connection, 200_000, 200_000)
            assert head.startswith("http/1.1 413")
            assert "connection: close" not in head


@pytest.mark.parametrize(
    ("announced", "more"),
    [(DRAINED_BYTES + 1, ""), (1_000, "Expect: 100-continue\r\n"), (1_000, "")],
    ids=["too much", "asks first", "never comes"],
)
def test_a_connection_that_ends_says_so(port: int, announced: int, more: str):
    for _again in range(2):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            head = ask(connection, announced, 0, more)
            assert head.startswith("http/1.1 413")
            assert "connection: close" in head
            assert connection.recv(1) == b""


def test_without_a_body_the_connection_holds(port: int):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _again in range(2):
            assert "connection: close" not in ask(connection, 0, 0)
