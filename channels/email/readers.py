"""Who reads mails without being hurt by them: a few processes that may be killed, kept warm between mails.

A mail that kills its reader, or takes too long, is read once more for its headers and its text alone; if that fails as
well it is `Unreadable`, it alone, and the next mail has a fresh process.
"""

import asyncio
import contextlib
import fcntl
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec

from channels.email.child import LENGTH, RAW, Answer, Job
from channels.email.dkim import Outcome, Signature
from channels.email.mail import Mail

MOST_BYTES: Final = 128 << 20
SECONDS: Final = 30.0
MOST_MAILS: Final = 2_000
MOST_MEMORY: Final = 160 << 20
IDLE_SECONDS: Final = 120.0
LOCK: Final = "lock"

_ROOT: Final = Path(__file__).parents[2]
_answers: Final = msgspec.msgpack.Decoder(Answer)


class Unreadable(Exception):
    """This mail cannot be read here; `words` say why, for a person who looks at it in the quarantine."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


class ReadMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail and its files, by the sha256 of their bytes, until they are discarded."""

    mail: Mail
    parts: dict[str, Path]
    folder: Path

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class _Died(Exception):
    """The process is no more, or too slow; the message says which."""


class _Ended(_Died):
    """Gone: by this mail, or before it."""


class _Child:
    """One process; it does one job at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.done = 0
        self.memory = 0

    async def ask(self, job: Job, seconds: float) -> Answer:
        """Raises `_Died`."""
        try:
            async with asyncio.timeout(seconds):
                answer = await self._exchange(msgspec.msgpack.encode(job))
        except TimeoutError:
            raise _Died(f"it took longer than {seconds:.0f} seconds") from None
        except (OSError, EOFError):
            raise _Ended("it ended the process that read it") from None
        self.done, self.memory = self.done + 1, answer.memory
        return answer

    async def _exchange(self, said: bytes) -> Answer:
        sink, source = self.process.stdin, self.process.stdout
        assert sink is not None
        assert source is not None
        sink.write(LENGTH.pack(len(said)) + said)
        await sink.drain()
        length = LENGTH.unpack(await source.readexactly(LENGTH.size))[0]
        return _answers.decode(await source.readexactly(length))

    @property
    def is_fit(self) -> bool:
        return self.process.returncode is None and self.done < MOST_MAILS and self.memory < MOST_MEMORY

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.communicate()


class Readers:
    """At most so many processes, started when they are needed. `folder` is where mails and their files lie while they
    are read, for this user alone; what a crash left there goes with the next start."""

    def __init__(self, folder: Path, *, most: int = 2, seconds: float = SECONDS) -> None:
        self._above = folder
        self._seconds = seconds
        self._turns = asyncio.Semaphore(most)
        self._idle: list[_Child] = []
        self._resting: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._spool = _Spool(folder)

    @property
    def folder(self) -> Path:
        """This process's own, for whatever belongs to mails that are read: `clear` takes it away when the process has
        ended."""
        return self._spool.folder

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def read(self, raw: bytes) -> ReadMail:
        """Raises `Unreadable`. Whoever gets the mail discards it when its files are kept."""
        if len(raw) > MOST_BYTES:
            raise Unreadable(f"it has {len(raw):,} bytes; at most {MOST_BYTES:,} are read")
        folder = await self._spool.put(raw)
        try:
            mail = await self._read(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        (folder / RAW).unlink()
        return ReadMail(mail=mail, parts={one.sha256: folder / one.sha256 for one in mail.attachments}, folder=folder)

    async def _read(self, folder: Path) -> Mail:
        try:
            answer = await self._ask(Job(what="read", folder=str(folder)))
            if answer.mail is not None:
                return answer.mail
            reason = f"reading it failed with {answer.fault}"
        except _Died as error:
            reason = str(error)
        words = f"its parts could not be read: {reason}; its text is shown as it came"
        try:
            answer = await self._ask(Job(what="plainly", folder=str(folder), words=words))
        except _Died:
            raise Unreadable(f"it cannot be read: {reason}") from None
        if answer.mail is None:
            raise Unreadable(f"it cannot be read: {reason}")
        return answer.mail

    async def verify(self, raw: bytes, signatures: Sequence[Signature], keys: Mapping[str, str]) -> Sequence[Outcome]:
        """`channels.email.dkim.verify`; what kills its process cannot be told."""
        folder = await self._spool.put(raw)
        job = Job(what="verify", folder=str(folder), signatures=tuple(signatures), keys=dict(keys))
        try:
            answer = await self._ask(job)
        except _Died:
            answer = Answer()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return answer.outcomes or tuple("unusable" for _ in signatures)

    async def _ask(self, job: Job) -> Answer:
        """What had ended before it got the job is no fault of the mail: a fresh process gets it too."""
        async with self._turns:
            child = await self._fit()
            try:
                return await self._answer(child, job)
            except _Ended:
                if not child.done:
                    raise
            return await self._answer(await _start(), job)

    async def _fit(self) -> _Child:
        while self._idle:
            child = self._idle.pop()
            if child.is_fit:
                return child
            await child.end()
        return await _start()

    async def _answer(self, child: _Child, job: Job) -> Answer:
        try:
            answer = await child.ask(job, self._seconds)
        except BaseException:
            await child.end()
            raise
        self._idle.append(child)
        self._rest_later()
        return answer

    def _rest_later(self) -> None:
        """With nothing to read for two minutes, the processes give their memory back."""
        if self._resting:
            self._resting.cancel()
        self._resting = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._rest)

    def _rest(self) -> None:
        idle, self._idle = self._idle, []
        for child in idle:
            task = asyncio.create_task(child.end())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        if self._resting:
            self._resting.cancel()
        self._rest()
        await asyncio.gather(*self._ending)
        self._spool.remove()


async def _start() -> _Child:
    """Without this process's environment: there are secrets in it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "channels.email.child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8"},
        limit=1 << 20,
    )
    return _Child(process)


class _Spool:
    """A folder of this process's own. It is locked while the process lives: one that is not belongs to nobody."""

    def __init__(self, above: Path) -> None:
        above.mkdir(mode=0o700, parents=True, exist_ok=True)
        above.chmod(0o700)
        with (above / LOCK).open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            _remove_left(above)
            self.folder = Path(tempfile.mkdtemp(prefix="reading-", dir=above))
            self._lock = (self.folder / LOCK).open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    async def put(self, raw: bytes) -> Path:
        if len(raw) > 1 << 20:
            return await asyncio.to_thread(self._put, raw)
        return self._put(raw)

    def _put(self, raw: bytes) -> Path:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / RAW).write_bytes(raw)
        return folder

    def remove(self) -> None:
        self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def clear(above: Path) -> None:
    """Take away what readers left that were killed: there are strangers' files in it."""
    with (above / LOCK).open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _remove_left(above)


def _remove_left(above: Path) -> None:
    for left in above.glob("reading-*"):
        _remove_unlocked(left)


def _remove_unlocked(folder: Path) -> None:
    try:
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    except FileNotFoundError:
        pass
    shutil.rmtree(folder, ignore_errors=True)
