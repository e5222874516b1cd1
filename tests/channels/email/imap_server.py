"""A small IMAP server on a real socket, which does as it is told: drops, NO, BAD and BYE at every verb, short pages,
numbers used again, mails that it lists and does not hand out.

It changes flags where a client asks for it, so that a test sees who did.
"""

import asyncio
import random
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

USER: Final = "help@desk.example"
PASSWORD: Final = 'correct "horse"\\battery'
Action = Literal["drop", "drop halfway", "no", "bad", "bye"]


class Kept:
    """One mail in the server's folder."""

    def __init__(self, uid: int, raw: bytes, arrived: str) -> None:
        self.uid = uid
        self.raw = raw
        self.arrived = arrived
        self.flags: set[str] = set()


class ImapServer:
    """`script` says what happens at the next time that a verb comes, in order; the rest says what stays so."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None) -> None:
        self.folders: dict[str, list[Kept]] = {"INBOX": []}
        self.uidvalidity = 1
        self.capabilities = "IMAP4rev1 IDLE"
        self.script: dict[str, list[Action]] = {}
        self.unreadable: set[int] = set()
        self.withheld: set[int] = set()
        self.deadly: set[int] = set()
        self.sizes: dict[int, int] = {}
        self.short_pages = 0
        self.short_lists = 0
        self.shuffled = False
        self.silent = False
        self.verbs: list[str] = []
        self.handed_out: Counter[int] = Counter()
        self.when_at: Callable[[str], None] = lambda _: None
        self.open_connections = 0
        self.port = 0
        self._tls, self._starttls = tls, starttls
        self._news = asyncio.Event()
        self._next_uid = 1
        self._server: asyncio.Server | None = None

    @property
    def inbox(self) -> list[Kept]:
        return self.folders["INBOX"]

    def put(self, raw: bytes, uid: int | None = None, arrived: str = "01-Jan-2026 10:00:00 +0000") -> Kept:
        """Deliver a mail."""
        kept = Kept(self._next_uid if uid is None else uid, raw, arrived)
        self._next_uid = max(self._next_uid, kept.uid + 1)
        self.inbox.append(kept)
        self.inbox.sort(key=lambda one: one.uid)
        self._news.set()
        return kept

    async def serve(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        try:
            await _Session(self, reader, writer).run()
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            writer.transport.abort()

    async def news(self, seconds: float) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass

    def at(self, verb: str) -> Action | None:
        self.when_at(verb)
        planned = self.script.get(verb)
        return planned.pop(0) if planned else None

    @property
    def starttls(self) -> ssl.SSLContext | None:
        return self._starttls


class _Session:
    def __init__(self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._of = server
        self._reader = reader
        self._writer = writer
        self._box: list[Kept] | None = None

    async def run(self) -> None:
        if self._of.silent:
            await self._reader.read()
            return
        action = self._of.at("GREETING")
        if action is not None:
            await self._end(action)
            return
        self._say(b"* OK ready")
        while True:
            line = await self._line()
            tag, _, rest = line.partition(b" ")
            text = rest.decode("latin-1")
            verb = text.split(" ")[0].upper()
            if verb == "UID":
                verb = "BODY" if "BODY.PEEK[]" in text else "UID FETCH"
            self._of.verbs.append(text)
            action = self._of.at(verb)
            if action in ("no", "bad"):
                self._say(tag + b" " + action.upper().encode() + b" not now")
            elif action is not None:
                await self._end(action)
                return
            else:
                await self._do(verb, tag, text)
            await self._writer.drain()
            if verb == "LOGOUT":
                return

    async def _end(self, action: Action) -> None:
        if action == "bye":
            self._say(b"* BYE going down")
        if action == "drop halfway":
            self._writer.write(b"* 1 FETCH (UID 1 BODY[] {5000}\r\nhalf of")
        await self._writer.drain()
        self._of.when_at(action)
        self._writer.close()

    async def _line(self) -> bytes:
        line = b""
        while True:
            line += (await self._reader.readuntil(b"\r\n"))[:-2]
            literal = re.search(rb"\{(\d+)(\+?)\}\Z", line)
            if literal is None:
                return line
            if not literal[2]:
                self._say(b"+ go on")
            line = line[: literal.start()] + b'"' + await self._reader.readexactly(int(literal[1])) + b'"'

    def _say(self, line: bytes) -> None:
        self._writer.write(line + b"\r\n")

    async def _do(self, verb: str, tag: bytes, text: str) -> None:
        doing: Any = {
            "CAPABILITY": self._capability,
            "STARTTLS": self._start_tls,
            "LOGIN": self._login,
            "EXAMINE": self._open,
            "SELECT": self._open,
            "LIST": self._list,
            "FETCH": self._fetch,
            "UID FETCH": self._fetch,
            "BODY": self._fetch,
            "IDLE": self._idle,
            "LOGOUT": self._logout,
        }.get(verb)
        if doing is None:
            self._say(tag + b" BAD unknown")
        else:
            await doing(tag, text)

    async def _capability(self, tag: bytes, text: str) -> None:
        self._say(b"* CAPABILITY " + self._of.capabilities.encode())
        self._say(tag + b" OK done")

    async def _start_tls(self, tag: bytes, text: str) -> None:
        if self._of.starttls is None:
            self._say(tag + b" NO no TLS here")
            return
        self._say(tag + b" OK go")
        await self._writer.drain()
        await self._writer.start_tls(self._of.starttls)

    async def _login(self, tag: bytes, text: str) -> None:
        said = [re.sub(r"\\(.)", r"\1", one) for one in re.findall(r'"((?:[^"\\]|\\.)*)"', text)]
        good = said == [USER, PASSWORD]
        self._say(tag + (b" OK welcome" if good else b" NO [AUTHENTICATIONFAILED] wrong name or password"))

    async def _open(self, tag: bytes, text: str) -> None:
        name = text.partition(" ")[2].strip('"')
        if name not in self._of.folders:
            self._say(tag + b" NO no such folder")
            return
        self._box = self._of.folders[name]
        self._say(b"* FLAGS (\\Seen)")
        self._exists()
        self._say(b"* OK [UIDVALIDITY %d] numbers" % self._of.uidvalidity)
        self._say(tag + b" OK [READ-ONLY] opened")

    def _exists(self) -> None:
        assert self._box is not None
        self._known = len(self._box)
        self._say(b"* %d EXISTS" % self._known)

    async def _list(self, tag: bytes, text: str) -> None:
        for name in self._of.folders:
            self._say(b'* LIST (\\HasNoChildren) "/" ' + name.encode())
        self._say(tag + b" OK done")

    async def _fetch(self, tag: bytes, text: str) -> None:
        assert self._box is not None
        of, by_uid = self._of, text.startswith("UID")
        numbers = _numbers(text.split(" ")[2 if by_uid else 1], 1 << 40)
        chosen = [(at, one) for at, one in enumerate(self._box, 1) if (one.uid if by_uid else at) in numbers]
        if "BODY.PEEK[]" in text or "BODY[" in text:
            await self._hand_out(tag, text, chosen)
            return
        if len(self._box) > self._known:
            self._exists()
        if not by_uid and of.short_lists:
            of.short_lists -= 1
            chosen = chosen[: len(chosen) // 2]
        if of.shuffled:
            random.Random(len(of.verbs)).shuffle(chosen)
        for at, one in chosen:
            if "HEADER" in text:
                head = one.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                said = b"BODY[HEADER]<0> {%d}\r\n%b" % (len(head), head)
            else:
                said = b'RFC822.SIZE %d INTERNALDATE "%b"' % (of.sizes.get(one.uid, len(one.raw)), one.arrived.encode())
            self._say(b"* %d FETCH (UID %d %b)" % (at, one.uid, said))
        self._say(tag + b" OK done")

    async def _hand_out(self, tag: bytes, text: str, chosen: list[tuple[int, Kept]]) -> None:
        of = self._of
        if of.short_pages and len(chosen) > 1:
            of.short_pages -= 1
            chosen = chosen[: len(chosen) // 2]
        if of.shuffled:
            chosen = chosen[::-1]
        for at, one in chosen:
            if one.uid in of.unreadable:
                self._say(tag + b" NO cannot read that one")
                return
            if one.uid in of.deadly:
                self._writer.write(b"* %d FETCH (UID %d BODY[] {%d}\r\nhal" % (at, one.uid, len(one.raw)))
                await self._writer.drain()
                raise EOFError
            if one.uid in of.withheld:
                continue
            if "PEEK" not in text:
                one.flags.add("\\Seen")
            of.handed_out[one.uid] += 1
            self._writer.write(b"* %d FETCH (UID %d BODY[] {%d}\r\n" % (at, one.uid, len(one.raw)) + one.raw)
            self._say(b")")
            await self._writer.drain()
        self._say(tag + b" OK done")

    async def _idle(self, tag: bytes, text: str) -> None:
        assert self._box is not None
        self._say(b"+ idling")
        done = asyncio.create_task(self._line())
        while not done.done():
            if len(self._box) != self._known:
                self._exists()
            news = asyncio.create_task(self._of.news(10))
            await asyncio.wait({done, news}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
        self._say(tag + (b" OK done" if (await done).upper() == b"DONE" else b" BAD"))

    async def _logout(self, tag: bytes, text: str) -> None:
        self._say(b"* BYE see you")
        self._say(tag + b" OK done")


def _numbers(text: str, most: int) -> Any:
    class Numbers:
        def __contains__(self, number: int) -> bool:
            return any(first <= number <= last for first, last in ranges)

    ranges = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        ranges.append((int(first), most if last == "*" else int(last or first)))
    return Numbers()


@asynccontextmanager
async def imap_server(**how: Any) -> AsyncIterator[ImapServer]:
    """A server for as long as it is needed."""
    server = ImapServer(**how)
    await server.serve()
    try:
        yield server
    finally:
        await server.close()
