"""The one way out: requests to addresses that others gave us, made to the very addresses that were checked.

A name is looked up once, all its answers are checked, and the connection goes to one of them, under the name; so a
second answer changes nothing. No redirect is followed, no proxy is asked, and an answer is read only so far.
"""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final

import h11

from channels.webhooks.addresses import NotPublic, Target, check_answers
from channels.webhooks.schedule import Attempt, read_retry_after

ATTEMPT_SECONDS: Final = 10.0
LOOK_UP_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 5.0
KNOWN_SECONDS: Final = 30.0
BODY_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 4.0
MOST_HEAD: Final = 16 * 1024
MOST_BODY: Final = 64 * 1024
MOST_ADDRESSES: Final = 4
LOOK_UPS: Final = 16

LookUp = Callable[[str, int], Awaitable[list[str]]]


class NotReached(Exception):
    """No connection, or no answer; the message says why in words of ours."""


class Outward:
    """What all requests of a process share: what the operator allows, how names are looked up, whom TLS trusts."""

    def __init__(self, *, private: bool, look_up: LookUp | None = None, trust: ssl.SSLContext | None = None) -> None:
        self.private = private
        self._threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="look-up")
        self._look_up = look_up or self._ask_system
        self._trust = trust

    async def addresses(self, target: Target) -> list[str]:
        """Where a connection may go. Raises `NotPublic`, and `NotReached` where the name leads nowhere."""
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                answers = [target.host] if _is_literal(target.host) else await self._look_up(target.host, target.port)
        except (OSError, UnicodeError, TimeoutError):
            raise NotReached("the name could not be looked up") from None
        return check_answers(target, answers, private=self.private)[:MOST_ADDRESSES]

    async def connect(self, target: Target, addresses: list[str]) -> "Connection":
        """To the first that answers. Raises `NotReached`."""
        tls = self._context() if target.scheme == "https" else None
        said = "no connection"
        for address in addresses:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    reader, writer = await asyncio.open_connection(
                        address, target.port, ssl=tls, server_hostname=target.host if tls else None
                    )
            except ssl.SSLError:
                said = "no secure connection: its certificate or its TLS is not accepted"
            except TimeoutError:
                said = "no connection in time"
            except OSError:
                said = "no connection"
            else:
                return Connection(target, reader, writer)
        raise NotReached(said)

    def _context(self) -> ssl.SSLContext:
        """The system's authorities, read when they are needed: most processes never do."""
        if self._trust is None:
            self._trust = ssl.create_default_context()
        return self._trust

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask_system(self, host: str, port: int) -> list[str]:
        """In threads of its own: a name server that hangs keeps nothing else waiting."""

        def ask() -> list[str]:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return list(dict.fromkeys(str(one[4][0]) for one in found))

        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)


class Connection:
    """One connection to one target, for one request after another."""

    def __init__(self, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._target = target
        self._reader = reader
        self._writer = writer
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        self.used = False  # whether anything of an answer has come
        self.last = time.monotonic()

    @property
    def is_ready(self) -> bool:
        """Whether another request may be tried on it."""
        fresh = time.monotonic() - self.last < IDLE_SECONDS
        return fresh and self._state.our_state is h11.IDLE and not self._reader.at_eof()

    async def post(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Attempt:
        """Raises `OSError`, `EOFError` and `h11.ProtocolError`."""
        said = [("Host", self._target.authority), ("Content-Length", str(len(body))), *headers.items()]
        request = h11.Request(method="POST", target=self._target.path, headers=said)
        parts = [self._state.send(event) for event in (request, h11.Data(data=body), h11.EndOfMessage())]
        self._writer.write(b"".join(part for part in parts if part))
        answered = await self._head()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                await self._rest()
        except (TimeoutError, OSError, EOFError, h11.ProtocolError):
            self.close()  # its status was said: what is wrong with the rest changes nothing
        self.last = time.monotonic()
        return Attempt(status=answered.status_code, retry_after=_retry_after(answered, now))

    async def _head(self) -> h11.Response:
        self.used = False
        event = await self._next()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next()
        if isinstance(event, h11.Response):
            return event
        raise EOFError

    async def _rest(self) -> None:
        """Read on so far that the connection can be used again; where that is too far, hang up."""
        length = 0
        event = await self._next()
        while isinstance(event, h11.Data) and length <= MOST_BODY:
            length += len(event.data)
            event = await self._next()
        if isinstance(event, h11.EndOfMessage) and self._state.our_state is self._state.their_state is h11.DONE:
            self._state.start_next_cycle()
        else:
            self.close()

    async def _next(self) -> Any:
        while (event := self._state.next_event()) is h11.NEED_DATA:
            self._state.receive_data(await self._more())
        return event

    async def _more(self) -> bytes:
        data = await self._reader.read(MOST_HEAD)
        if not (data or self.used):
            raise EOFError
        self.used = True
        return data

    def close(self) -> None:
        self._writer.transport.abort()


class Line:
    """Connections to one target: at most as many as are asked for at once, kept while they are in use."""

    def __init__(self, outward: Outward, target: Target) -> None:
        self.target = target
        self._outward = outward
        self._idle: list[Connection] = []
        self._looking = asyncio.Lock()
        self._known: tuple[float, list[str]] = (0.0, [])

    async def post(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Attempt:
        """One attempt, whatever comes of it, within its time."""
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return await self._post(headers, body, now)
        except TimeoutError:
            return Attempt(words="no answer in time")
        except (NotPublic, NotReached) as error:
            return Attempt(words=str(error))
        except (OSError, EOFError):
            return Attempt(words="the connection broke before an answer")
        except h11.ProtocolError:
            return Attempt(words="the answer is not HTTP")

    async def _post(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Attempt:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_ready:
                with contextlib.suppress(OSError, EOFError, h11.ProtocolError):
                    return await self._on(connection, headers, body, now)
                if connection.used:
                    raise EOFError
            connection.close()
        connection = await self._outward.connect(self.target, await self._addresses())
        return await self._on(connection, headers, body, now)

    async def _on(self, connection: Connection, headers: Mapping[str, str], body: bytes, now: datetime) -> Attempt:
        try:
            attempt = await connection.post(headers, body, now)
        except BaseException:
            connection.close()
            raise
        if connection.is_ready:
            self._idle.append(connection)
        return attempt

    async def _addresses(self) -> list[str]:
        async with self._looking:
            if time.monotonic() > self._known[0]:
                found = await self._outward.addresses(self.target)
                self._known = (time.monotonic() + KNOWN_SECONDS, found)
        return self._known[1]

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _retry_after(answered: h11.Response, now: datetime) -> float | None:
    found = [value for name, value in answered.headers if name == b"retry-after"]
    return read_retry_after(found[0].decode("latin-1"), now) if found else None
