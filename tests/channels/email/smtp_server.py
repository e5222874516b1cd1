"""A mail server on this machine that fails as it is told: drops, refuses, hangs, at any step of taking a mail."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

STEPS: Final = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT", "FINAL")
"""CONTENT: after the first bytes of it; FINAL: when all of it has come, instead of an answer."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it was taken, or, with `answered` false, as it had come when the server broke."""

    sender: str
    recipients: list[str]
    raw: bytes
    answered: bool
    secured: bool


class MailServer:
    """`drops` and `hangs` name steps; `answers` are by step, those of RCPT also by recipient. All may be changed at any
    time; `times` says how often a fault happens before all is well (None: for ever)."""

    def __init__(self) -> None:
        self.drops: str | None = None
        self.hangs: str | None = None
        self.answers: dict[str, str] = {}
        self.times: int | None = None
        self.tls: ssl.SSLContext | None = None
        self.offers_tls = True
        self.password: str | None = None
        self.taken: list[Taken] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.port = 0
        self.when_taken: Callable[[], None] = lambda: None
        self.when_at: Callable[[str], None] = lambda _: None

    @property
    def mails(self) -> list[Taken]:
        """Those that were taken for good."""
        return [one for one in self.taken if one.answered]

    def _strikes(self, step: str, said: str | None) -> bool:
        if said != step or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            await _Talk(self, reader, writer).run()
        except (OSError, EOFError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.transport.abort()


class _Hangup(OSError):
    pass


class _Talk:
    def __init__(self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.sender = ""
        self.recipients: list[str] = []
        self.secured = False

    async def run(self) -> None:
        await self.fault("CONNECT")
        await self.say(self.server.answers.get("CONNECT", "220 here"))
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            verb = line[:4].upper()
            await self.fault(verb)
            if verb == "QUIT":
                await self.say("221 bye")
                return
            await self.handle(verb, line)

    async def fault(self, step: str) -> None:
        self.server.when_at(step)
        if self.server._strikes(step, self.server.drops):
            raise _Hangup
        if self.server._strikes(step, self.server.hangs):
            await asyncio.sleep(60)

    async def handle(self, verb: str, line: str) -> None:
        answers = self.server.answers
        if verb == "EHLO":
            offers = ["here", "SIZE 99999999"]
            if self.server.tls is not None and not self.secured and self.server.offers_tls:
                offers.append("STARTTLS")
            if self.server.password is not None:
                offers.append("AUTH PLAIN")
            lines = [f"250{'-' if at < len(offers) - 1 else ' '}{offer}" for at, offer in enumerate(offers)]
            await self.say("\r\n".join(lines))
        elif verb == "STAR":
            await self.say("220 go")
            await self.writer.start_tls(self.server.tls)  # type: ignore[arg-type]
            self.secured = True
        elif verb == "AUTH":
            await self.say("235 welcome" if self.server.password == "right" else "535 5.7.8 no")
        elif verb == "MAIL":
            self.sender, self.recipients = line[10:].rstrip(">").lstrip("<"), []
            await self.say(answers.get("MAIL", "250 ok"))
        elif verb == "RCPT":
            address = line[8:].rstrip(">").lstrip("<")
            said = answers.get(address, answers.get(address.rpartition("@")[2], answers.get("RCPT", "250 ok")))
            if said.startswith("250"):
                self.recipients.append(address)
            await self.say(said)
        elif verb == "DATA":
            await self.data()
        else:
            await self.say("250 ok")

    async def data(self) -> None:
        answers = self.server.answers
        said = answers.get("DATA", "354 go on")
        await self.say(said)
        if not said.startswith("354"):
            return
        raw = bytearray(await self.reader.readline())
        if self.server._strikes("CONTENT", self.server.drops):
            self.keep(bytes(raw), answered=False)
            raise _Hangup
        while not raw.endswith(b"\r\n.\r\n"):
            more = await self.reader.readline()
            if not more:
                raise EOFError
            raw += more
        content = bytes(raw).removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        said = answers.get("FINAL", "250 kept as 17")
        broken = self.server.times != 0 and "FINAL" in (self.server.drops, self.server.hangs)
        self.keep(content, answered=said.startswith("250") and not broken)
        await self.fault("FINAL")
        await self.say(said)

    def keep(self, raw: bytes, *, answered: bool) -> None:
        taken = Taken(sender=self.sender, recipients=self.recipients, raw=raw, answered=answered, secured=self.secured)
        self.server.taken.append(taken)
        self.server.when_taken()

    async def say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())
        await self.writer.drain()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    made = MailServer()
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(made.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**22)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
