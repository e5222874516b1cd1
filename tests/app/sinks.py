"""A receiver of webhooks on this machine: keeps what it was sent and answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


Answering = Callable[[Got], bytes]


def said(status: int, head: str = "", body: str = "") -> bytes:
    return f"HTTP/1.1 {status} Said\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


class Sink:
    """`answer` may be changed at any time; b"" hangs up without an answer, None never answers."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.got: list[Got] = []
        self.arrived = asyncio.Event()
        self.connections = 0
        self.port = 0
        self.answer: Callable[[Got], bytes | None] = lambda _: said(204)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await _read(reader):
                self.got.append(request)
                self.arrived.set()
                answer = self.answer(request)
                if answer is None:
                    await asyncio.sleep(60)
                if not answer:
                    break
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Got | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(path=first.split()[1], headers=headers, body=body)


@asynccontextmanager
async def sink(trust: ssl.SSLContext | None = None) -> AsyncIterator[Sink]:
    made = Sink("https" if trust else "http")
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(made.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=trust)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
