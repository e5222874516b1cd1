"""A small HTTP/1.1 client: one connection, kept open, so that the load costs little beside what it measures."""

import asyncio
import json
from typing import Any, Self


class Client:
    """Requests one after the other on one connection: a program's with its key, or a browser's, which has a cookie and
    takes bodies compressed."""

    def __init__(self, host: str, port: int, key: str = "", *, cookie: str = "") -> None:
        self._host, self._port = host, port
        who = f"Cookie: {cookie}\r\nAccept-Encoding: gzip" if cookie else f"Authorization: Bearer {key}"
        self._head = f"Host: {host}\r\n{who}\r\n"
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=2**24)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._writer is not None
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> tuple[int, bytes]:
        """The status and the body of the answer."""
        assert self._reader is not None
        assert self._writer is not None
        lines = f"{method} {path} HTTP/1.1\r\n{self._head}"
        if body:
            lines += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(f"{lines}\r\n".encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        if fields.get("transfer-encoding") == "chunked":
            return status, await self._chunks()
        return status, await self._reader.readexactly(int(fields.get("content-length", "0")))

    async def _chunks(self) -> bytes:
        assert self._reader is not None
        parts: list[bytes] = []
        while size := int((await self._reader.readline()).strip(), 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return b"".join(parts)

    async def json(self, method: str, path: str, value: Any = None) -> Any:
        """The answer as JSON; anything but 2xx is an error."""
        status, raw = await self.ask(method, path, b"" if value is None else json.dumps(value).encode())
        if not 200 <= status < 300:
            raise RuntimeError(f"{method} {path}: {status} {raw[:300]!r}")
        return json.loads(raw)
