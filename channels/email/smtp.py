"""Handing mails to a server, one after another over one connection (RFC 5321), and saying exactly how each ended.

Up to the answer to DATA nothing has been handed over: what breaks there is tried again. From then on until the final
answer nobody but the server knows, so what breaks there is in doubt.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import aiosmtplib
import msgspec
from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError

from channels.email.composing import Slot, encoded, pieces
from channels.email.sending import CONTENT_SECONDS, Attempt, End, Told, all_alike, cleaned
from channels.email.settings import SmtpSettings

BUFFER: Final = 256 * 1024
BLOCK: Final = 57 * 1024
IDLE_SECONDS: Final = 5.0
READY: Final = 354
CLOSING: Final = 421

Files = Callable[[Slot], AsyncIterator[bytes]]


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds: for a command and its answer, and for the final answer."""

    command: float = 15.0
    final: float = 60.0


class NotConnected(Exception):
    """The server takes no mail from us now; the words say why. Nothing was handed over."""

    def __init__(self, words: str, status: int | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


class Stale(Exception):
    """A connection over which mails went before is no more: the server closed it in between, as many do after some.
    Nothing was handed over, and nothing is wrong."""


class FilesUnread(Exception):
    """A file that belongs into the mail cannot be read now; with `for_good` never."""

    def __init__(self, words: str, *, for_good: bool) -> None:
        super().__init__(words)
        self.words = words
        self.for_good = for_good


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """One mail for one attempt. `begin` is awaited right before its content goes out: False calls it off; `seconds` is
    what the content may take."""

    sender: str
    envelope: list[str]
    raw: bytes
    slots: tuple[Slot, ...]
    files: Files
    begin: Callable[[], Awaitable[bool]]
    seconds: float = CONTENT_SECONDS


class Session:
    """A connection to a server that has let us in."""

    def __init__(self, client: SMTP, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._last = time.monotonic()
        self._used = False

    @property
    def is_ready(self) -> bool:
        """Whether another mail may be tried on it."""
        return self._client.is_connected and time.monotonic() - self._last < IDLE_SECONDS

    async def send(self, mail: Sending) -> Attempt | None:
        """One attempt; None where it was called off before its content went out. Raises `Stale`."""
        try:
            return await self._send(mail)
        finally:
            self._last, self._used = time.monotonic(), True

    async def _send(self, mail: Sending) -> Attempt | None:
        try:
            await self._client.mail(mail.sender)
        except (SMTPException, OSError, ValueError) as error:
            if self._used and _is_farewell(error):
                self.close()
                raise Stale from None
            return self._nothing_sent(mail.envelope, error)
        told: dict[str, Told] = {}
        taken: list[str] = []
        status: int | None = None
        for address in mail.envelope:
            try:
                await self._client.rcpt(address)
            except SMTPResponseException as error:
                status, told[address] = error.code, Told(end=_end(error.code), words=_answer(error))
            except (SMTPException, OSError, ValueError) as error:
                return self._nothing_sent(mail.envelope, error)
            else:
                taken.append(address)
        if not taken:
            await self._reset()
            return Attempt(told=told, status=status)
        if not await mail.begin():
            await self._reset()
            return None
        rest = await self._content(mail, taken)
        return Attempt(told={**told, **rest.told}, status=rest.status)

    async def _content(self, mail: Sending, taken: list[str]) -> Attempt:
        try:
            ready = await self._client.execute_command(b"DATA")
        except (SMTPException, OSError) as error:
            return self._nothing_sent(taken, error)
        if ready.code != READY:
            await self._reset()
            words = f"the server answered {ready.code} {cleaned(ready.message)}"
            return all_alike(taken, _end(ready.code), words, ready.code)
        try:
            async with asyncio.timeout(mail.seconds):
                await self._stream(mail)
        except FilesUnread as error:
            self.close()  # without the end of the mail the server keeps nothing
            return all_alike(taken, "failed" if error.for_good else "later", error.words)
        except (SMTPException, OSError, TimeoutError):
            self.close()
            return all_alike(taken, "uncertain", "the connection broke while the mail went out")
        return await self._final(taken)

    async def _final(self, taken: list[str]) -> Attempt:
        protocol = self._client.protocol
        assert protocol is not None
        try:
            protocol.write(b".\r\n")
            last = await protocol.read_response(timeout=self._patience.final)
        except SMTPTimeoutError:
            self.close()
            words = f"no final answer within {self._patience.final:g} seconds: whether it arrived is unknown"
            return all_alike(taken, "uncertain", words)
        except (SMTPException, OSError):
            self.close()
            words = "the connection broke before the final answer: whether it arrived is unknown"
            return all_alike(taken, "uncertain", words)
        words = f"the server answered {last.code} {cleaned(last.message)}"
        if 200 <= last.code < 300:
            return all_alike(taken, "sent", words, last.code)
        if 400 <= last.code < 600:
            return all_alike(taken, _end(last.code), words, last.code)
        self.close()
        return all_alike(taken, "uncertain", words, last.code)

    async def _stream(self, mail: Sending) -> None:
        for piece in pieces(mail.raw, mail.slots):
            if isinstance(piece, Slot):
                async for block in _in_blocks(mail.files(piece)):
                    await self._write(encoded(block))
            else:
                await self._write(piece.replace(b"\r\n.", b"\r\n.."))

    async def _write(self, block: bytes) -> None:
        protocol, transport = self._client.protocol, self._client.transport
        if protocol is None or transport is None or transport.is_closing():
            raise SMTPServerDisconnected("gone")
        protocol.write(block)
        while getattr(transport, "get_write_buffer_size", int)() > BUFFER:
            if transport.is_closing():
                raise SMTPServerDisconnected("gone")
            await asyncio.sleep(0.005)

    def _nothing_sent(self, recipients: list[str], error: Exception) -> Attempt:
        if isinstance(error, SMTPResponseException):
            if error.code == CLOSING:
                self.close()
            return all_alike(recipients, _end(error.code), _answer(error), error.code)
        self.close()
        if isinstance(error, ValueError):
            return all_alike(recipients, "failed", "this is no address that mail can be sent to")
        words = "no answer in time" if isinstance(error, SMTPTimeoutError) else "the connection broke"
        return all_alike(recipients, "later", words)

    async def _reset(self) -> None:
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self.close()

    async def quit(self) -> None:
        """Take leave, if that is quick."""
        try:
            if self._client.is_connected:
                await self._client.quit(timeout=1.0)
        except (SMTPException, OSError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        self._client.close()


async def connect(
    sock: socket.socket,
    server: SmtpSettings,
    password: str | None,
    helo: str,
    trust: ssl.SSLContext,
    patience: Patience,
) -> Session:
    """Be let in by a server over a connection that stands, under its name. Raises `NotConnected`."""
    client = SMTP(
        hostname=server.host,
        sock=sock,
        timeout=patience.command,
        local_hostname=helo,
        use_tls=server.security == "tls",
        start_tls=False,
        tls_context=trust,
    )
    try:
        await client.connect()
        if server.security == "starttls":
            await _start_tls(client)
        if server.user is not None and password is not None:
            await client.login(server.user, password)
    except NotConnected:
        client.close()
        raise
    except (SMTPException, OSError, ValueError) as error:
        client.close()
        raise _refused(error, password) from None
    except BaseException:
        client.close()
        raise
    return Session(client, patience)


async def _start_tls(client: SMTP) -> None:
    await client.ehlo()
    if not client.supports_extension("starttls"):
        raise NotConnected("the server offers no STARTTLS: nothing is sent in the clear")
    await client.starttls()


def _refused(error: Exception, password: str | None) -> NotConnected:
    tls: BaseException | None = error
    while tls is not None and not isinstance(tls, ssl.SSLError):
        tls = tls.__cause__ or tls.__context__
    if tls is not None:
        return NotConnected("no secure connection: its certificate or its TLS is not accepted")
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        said = _answer(error)
        return NotConnected(f"signing in failed: {said.replace(password, '…') if password else said}", error.code)
    if isinstance(error, SMTPResponseException):
        return NotConnected(_answer(error), error.code)
    if isinstance(error, SMTPTimeoutError | TimeoutError):
        return NotConnected("no answer in time")
    if isinstance(error, SMTPServerDisconnected | aiosmtplib.SMTPConnectError | OSError):
        return NotConnected("the connection broke before the server let us in")
    return NotConnected(cleaned(str(error)))


def _is_farewell(error: Exception) -> bool:
    if isinstance(error, SMTPResponseException):
        return error.code == CLOSING
    return isinstance(error, SMTPServerDisconnected | OSError) and not isinstance(error, TimeoutError)


def _end(code: int) -> End:
    return "failed" if 500 <= code < 600 else "later"


def _answer(error: SMTPResponseException) -> str:
    return f"the server answered {error.code} {cleaned(error.message)}"


async def _in_blocks(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in blocks that base64 takes whole lines of."""
    kept = b""
    async for block in source:
        kept += block
        whole = len(kept) - len(kept) % BLOCK
        if whole:
            yield kept[:whole]
            kept = kept[whole:]
    if kept:
        yield kept
