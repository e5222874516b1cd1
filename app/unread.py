"""What becomes of a body that nobody read, where a request is refused before its end.

A server can take no further request on a connection in which bytes of the last one still stand (RFC 9112, 9.3): they
are read and dropped where they are few, and otherwise the answer says that the connection ends with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

DRAINED_BYTES: Final = 1024 * 1024
DRAINED_SECONDS: Final = 2.0

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def ending_unread(application: Application) -> Application:
    """The application, whose answers leave a connection that holds, or say that it ends."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers") or ())
        if scope["type"] != "http" or not _has_body(headers):
            await application(scope, receive, send)
            return
        body = _Body(receive, headers)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and not await body.is_over():
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await application(scope, body.receive, answer)

    return serve


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


class _Body:
    """A body on its way, of which it is known whether it came to its end."""

    def __init__(self, receive: Receive, headers: dict[bytes, bytes]) -> None:
        self._receive = receive
        self._over = False
        length = headers.get(b"content-length", b"0")
        small = length.isdigit() and int(length) <= DRAINED_BYTES
        self._comes = small and b"expect" not in headers  # who asks before sending has not sent yet

    async def receive(self) -> Message:
        message = await self._receive()
        self._over = self._over or message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def is_over(self) -> bool:
        """Whether nothing of it is left, after a look at what is on its way."""
        if self._comes and not self._over:
            try:
                async with asyncio.timeout(DRAINED_SECONDS):
                    await self._drop()
            except TimeoutError:
                return False
        return self._over

    async def _drop(self) -> None:
        dropped = 0
        while not self._over and dropped <= DRAINED_BYTES:
            message = await self.receive()
            dropped += len(message.get("body") or b"")
