"""Asking a mail server for mail over IMAP (RFC 3501, 2177): it only looks, and changes no flag.

It speaks over a connection that somebody else made, so it knows nothing of names and addresses. Every answer is
bounded in length and time; what breaks is `Broken`, what the server refuses is `Declined`.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from imap_tools.imap_utf7 import utf7_decode, utf7_encode

from channels.email.imap_answers import (
    Fetched,
    Listed,
    NotImap,
    Part,
    Said,
    Skipped,
    literal_at_end,
    read_fetched,
    read_number,
    read_said,
    read_values,
    without_literal,
)

ANSWER_SECONDS: Final = 60.0
COMMAND_SECONDS: Final = 600.0
LONGEST_LINE: Final = 256 * 1024
MOST_LITERALS: Final = 200
MOST_FOLDERS: Final = 1_000
MOST_MAILS: Final = 2_000_000
MOST_HEADERS: Final = 64 * 1024
CHUNK: Final = 64 * 1024


class ImapFault(Exception):
    """What a server did that ends what we were at; the message is for people."""


class Broken(ImapFault):
    """The connection is of no use any more: closed, silent, or no IMAP."""


class Declined(ImapFault):
    """The server answered NO or BAD; the connection goes on."""

    def __init__(self, verb: str, said: Said) -> None:
        self.said = said
        super().__init__(f"{verb}: {said.verdict} {said.words}".strip())


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder as it was opened. UIDs of one `uidvalidity` name the same mails, if the server keeps its word."""

    uidvalidity: int
    mails: int


class Mailed(msgspec.Struct, frozen=True, kw_only=True):
    """One mail's bytes; None where they are more than may be kept."""

    uid: int
    raw: bytes | None


class Imap:
    """One connection, one command at a time. `mails` is how many the open folder has, as far as the server has said."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, most_bytes: int) -> None:
        self.mails = 0
        self.capabilities: frozenset[str] = frozenset()
        self._reader = reader
        self._writer = self._below = writer
        self._most_bytes = most_bytes
        self._number = 0
        self._uidvalidity = ""
        self._early: asyncio.Task[list[Part]] | None = None

    async def greet(self) -> None:
        """Hear the greeting and what the server can do. Raises `Broken`."""
        said = read_said(_text(await self._untagged()))
        if said is None or said.verdict not in ("OK", "PREAUTH"):
            raise Broken(f"it greets with: {said.words}" if said and said.words else "it does not greet as IMAP does")
        await self._ask_capabilities()

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Go on under TLS; what the server said before, or pushed in behind its answer, is forgotten.

        Raises `Declined`, `Broken` and `ssl.SSLError`."""
        await self._simple("STARTTLS")
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LONGEST_LINE, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport = await loop.start_tls(
            self._writer.transport, protocol, context, server_hostname=name, ssl_handshake_timeout=ANSWER_SECONDS
        )
        if transport is None:
            raise Broken("the connection ended")
        protocol.connection_made(transport)
        self._below = self._writer  # let go of, it would close the connection that TLS runs over
        self._reader, self._writer = reader, asyncio.StreamWriter(transport, protocol, reader, loop)
        await self._ask_capabilities()

    async def sign_in(self, user: str, password: str) -> None:
        """Raises `Declined` and `Broken`."""
        await self._simple("LOGIN", user.encode(), password.encode())
        await self._ask_capabilities()

    async def open(self, folder: str) -> Folder:
        """Open a folder for looking only. Raises `Declined` and `Broken`."""
        self._uidvalidity, self.mails = "", 0
        await self._simple("EXAMINE", utf7_encode(folder))
        validity = self._uidvalidity
        if not validity.isdigit() or len(validity) > 18:
            raise Broken("it opens the folder without UIDVALIDITY: its numbers for mails mean nothing")
        return Folder(uidvalidity=int(validity), mails=self.mails)

    async def folders(self) -> list[str]:
        """The names of all folders. Raises `Declined` and `Broken`."""
        found: list[str] = []
        async for parts in self._command("LIST", b"", b"*"):
            if len(found) < MOST_FOLDERS and _text(parts).upper().startswith(b"LIST "):
                values = _values(parts)
                name = values[3] if len(values) > 3 else None
                found.append(utf7_decode(name.encode("latin-1") if isinstance(name, str) else name or b""))
        return sorted(one for one in found if one)

    async def list_mails(self, first: int, last: int) -> list[Listed]:
        """What is at these places in the folder, the first is 1; it may be fewer. Raises `Declined` and `Broken`."""
        found: dict[int, Listed] = {}
        async for one in self._listed("FETCH", f"{first}:{last}"):
            found[one.uid] = one
            if len(found) > last - first + 1:
                raise Broken("it lists more mails than it was asked for")
        return list(found.values())

    async def find(self, uid: int) -> Listed | None:
        """One mail, if the server still has it. Raises `Declined` and `Broken`."""
        found = [one async for one in self._listed("UID FETCH", str(uid)) if one.uid == uid]
        return found[0] if found else None

    async def fetch(self, uids: Sequence[int]) -> AsyncIterator[Mailed]:
        """Mails in the order in which the server hands them out, each at most once: it may hand out fewer. One without
        a single byte was not handed out: that is how some servers say that they cannot read it.

        Raises `Declined` and `Broken`, also after some."""
        wanted = set(uids)
        async for one in self._fetched("UID FETCH", ",".join(map(str, uids)), "(UID BODY.PEEK[])"):
            uid, body = one.uid, one.items.get("BODY[]")
            if uid in wanted and isinstance(body, bytes | Skipped) and body:
                wanted.discard(uid)
                yield Mailed(uid=uid, raw=None if isinstance(body, Skipped) else body)

    async def headers(self, uid: int) -> bytes:
        """The header of one mail, as far as it is not too long; empty where the server has none.

        Raises `Declined` and `Broken`."""
        found = b""
        async for one in self._fetched("UID FETCH", str(uid), f"(UID BODY.PEEK[HEADER]<0.{MOST_HEADERS}>)"):
            for name, value in one.items.items():
                if one.uid == uid and name.startswith("BODY[HEADER]") and isinstance(value, bytes):
                    found = value[:MOST_HEADERS]
        return found

    async def idle(self, seconds: float) -> None:
        """Wait until the server tells of something, at most so long. Raises `Declined` and `Broken`."""
        before = self.mails
        tag = await self._send("IDLE")
        await self._continue(tag, "IDLE")
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self.mails == before and loop.time() < until:
            self._early = self._early or asyncio.create_task(self._answer(None))
            done, _ = await asyncio.wait({self._early}, timeout=until - loop.time())
            if done:
                early, self._early = self._early, None
                self._hear(early.result())
        await self._write(b"DONE\r\n")
        async for _ in self._answers(tag, "IDLE"):
            pass

    async def sign_out(self) -> None:
        """Say goodbye and hang up, whatever comes of it."""
        try:
            async with asyncio.timeout(2.0):
                await self._simple("LOGOUT")
        except (ImapFault, TimeoutError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        if self._early is not None:
            self._early.cancel()
        self._writer.transport.abort()

    async def _listed(self, verb: str, which: str) -> AsyncIterator[Listed]:
        async for one in self._fetched(verb, which, "(UID RFC822.SIZE INTERNALDATE)"):
            size, arrived = one.items.get("RFC822.SIZE"), one.items.get("INTERNALDATE")
            if one.uid is not None and isinstance(size, str) and size.isdigit() and len(size) < 19:
                known = arrived.decode("ascii", "replace").strip() if isinstance(arrived, bytes) else ""
                yield Listed(uid=one.uid, size=int(size), arrived=known[:60])

    async def _fetched(self, verb: str, which: str, items: str) -> AsyncIterator[Fetched]:
        async for parts in self._command(f"{verb} {which} {items}"):
            try:
                found = read_fetched(parts)
            except NotImap as error:
                raise Broken(f"its answer is not understood: {error}") from None
            if found is not None:
                yield found

    async def _ask_capabilities(self) -> None:
        async for parts in self._command("CAPABILITY"):
            text = _text(parts)
            if text.upper().startswith(b"CAPABILITY "):
                self.capabilities = frozenset(text.decode("ascii", "replace").upper().split()[1:])

    async def _simple(self, verb: str, *arguments: bytes) -> None:
        async for _ in self._command(verb, *arguments):
            pass

    async def _command(self, verb: str, *arguments: bytes) -> AsyncIterator[list[Part]]:
        """The answers that come before the verdict."""
        tag = await self._send(verb, *arguments)
        async for parts in self._answers(tag, verb.partition(" ")[0] if arguments else verb.split(" (")[0][:60]):
            yield parts

    async def _send(self, verb: str, *arguments: bytes) -> bytes:
        self._number += 1
        tag = b"T%d" % self._number
        line = tag + b" " + verb.encode("ascii")
        for one in arguments:
            if one.isascii() and all(32 <= letter < 127 for letter in one):
                line += b' "' + one.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
                continue
            await self._write(line + b" {%d}\r\n" % len(one))
            await self._continue(tag, verb)
            line = one
        await self._write(line + b"\r\n")
        return tag

    async def _write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._writer.drain()
        except (OSError, TimeoutError):
            raise Broken("the connection ended") from None

    async def _continue(self, tag: bytes, verb: str) -> None:
        """Until the server asks to go on."""
        while True:
            parts = await self._answer(ANSWER_SECONDS)
            text = _text(parts)
            if text.startswith(b"+"):
                return
            self._verdict(text, tag, verb)
            self._hear(parts)

    async def _answers(self, tag: bytes, verb: str) -> AsyncIterator[list[Part]]:
        until = asyncio.get_running_loop().time() + COMMAND_SECONDS
        while asyncio.get_running_loop().time() < until:
            parts = await self._answer(ANSWER_SECONDS)
            text = _text(parts)
            if self._verdict(text, tag, verb):
                return
            if text.startswith(b"* "):
                self._hear(parts, leaving=verb == "LOGOUT")
                yield [text[2:], *parts[1:]]
        raise Broken(f"{verb}: no end of its answer")

    def _verdict(self, text: bytes, tag: bytes, verb: str) -> bool:
        """Whether this is how the command went. Raises `Declined`."""
        if not text.startswith(tag + b" "):
            return False
        said = read_said(text[len(tag) + 1 :])
        if said is None or said.verdict not in ("OK", "NO", "BAD"):
            raise Broken(f"{verb}: an answer without a verdict")
        if said.verdict != "OK":
            raise Declined(verb, said)
        return True

    def _hear(self, parts: list[Part], *, leaving: bool = False) -> None:
        """What the server tells by the way. Raises `Broken` where it hangs up."""
        text = _text(parts).removeprefix(b"* ")
        exists = read_number(text, b"EXISTS")
        if exists is not None and exists > MOST_MAILS:
            raise Broken(f"it says that the folder has {exists} mails, and {MOST_MAILS} can be looked through")
        if exists is not None:
            self.mails = exists
        elif read_number(text, b"EXPUNGE") is not None:
            self.mails = max(0, self.mails - 1)
        said = read_said(text)
        if said is not None and said.code == "UIDVALIDITY":
            self._uidvalidity = said.value
        if said is not None and said.verdict == "BYE" and not leaving:
            raise Broken(f"it hangs up: {said.words}" if said.words else "it hangs up")

    async def _untagged(self) -> list[Part]:
        parts = await self._answer(ANSWER_SECONDS)
        return [_text(parts).removeprefix(b"* "), *parts[1:]]

    async def _answer(self, seconds: float | None) -> list[Part]:
        """One answer, its literals read. Raises `Broken`."""
        if self._early is not None and seconds is not None:
            early, self._early = self._early, None
            try:
                async with asyncio.timeout(seconds):
                    return await early
            except TimeoutError:
                raise Broken(f"no answer in {ANSWER_SECONDS:.0f} seconds") from None
        parts: list[Part] = []
        room = self._most_bytes
        try:
            while True:
                async with asyncio.timeout(seconds):
                    line = (await self._reader.readuntil(b"\r\n"))[:-2]
                size = literal_at_end(line)
                parts.append(without_literal(line))
                if size is None:
                    return parts
                if len(parts) > MOST_LITERALS:
                    raise Broken("an answer without an end")
                parts.append(await self._literal(size, room))
                room -= 0 if isinstance(parts[-1], Skipped) else size
        except asyncio.LimitOverrunError:
            raise Broken("a line without an end") from None
        except TimeoutError:
            raise Broken(f"no answer in {ANSWER_SECONDS:.0f} seconds") from None
        except (OSError, EOFError):
            raise Broken("the connection ended") from None

    async def _literal(self, size: int, room: int) -> Part:
        """What is longer than may be kept is read past, so that the connection goes on."""
        if size > room:
            left = size
            while left:
                async with asyncio.timeout(ANSWER_SECONDS):
                    read = await self._reader.read(min(left, CHUNK))
                if not read:
                    raise EOFError
                left -= len(read)
            return Skipped(size=size)
        async with asyncio.timeout(COMMAND_SECONDS):
            return await self._reader.readexactly(size)


def _text(parts: list[Part]) -> bytes:
    first = parts[0]
    return first if isinstance(first, bytes) else b""


def _values(parts: list[Part]) -> list[Any]:
    try:
        return read_values(parts)
    except NotImap as error:
        raise Broken(f"its answer is not understood: {error}") from None
