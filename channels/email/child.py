"""The process that reads mails, apart from everything that matters: `python -m channels.email.child`.

It takes jobs from its standard input and answers on its standard output, one after another, under limits that it sets
itself. It has no keys, no database and no network to lose; who gave the job kills it when it takes too long.
"""

import contextlib
import os
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec

from channels.email.dkim import Outcome, Signature, verify
from channels.email.mail import Mail
from channels.email.reading import read_mail, read_plainly

RAW: Final = "raw"
LENGTH: Final = struct.Struct(">I")
MEMORY: Final = 768 << 20
CPU_SECONDS: Final = 5
FILE_BYTES: Final = 256 << 20
OPEN_FILES: Final = 64


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The mail is the file `raw` in `folder`; what is found in it is written beside it. `words` say why a mail is to
    be read plainly."""

    what: Literal["read", "plainly", "verify"]
    folder: str
    words: str = ""
    signatures: tuple[Signature, ...] = ()
    keys: dict[str, str] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """`memory` is the most that this process has had so far, in bytes."""

    mail: Mail | None = None
    outcomes: tuple[Outcome, ...] = ()
    fault: str | None = None
    memory: int = 0


_jobs: Final = msgspec.msgpack.Decoder(Job)


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Until nobody gives jobs any more, or memory ran out: then this process is not to be trusted with another."""
    while head := source.read(LENGTH.size):
        job = _jobs.decode(source.read(LENGTH.unpack(head)[0]))
        _allow(CPU_SECONDS)
        answer = work(job)
        said = msgspec.msgpack.encode(msgspec.structs.replace(answer, memory=_most_memory()))
        sink.write(LENGTH.pack(len(said)) + said)
        sink.flush()
        if answer.fault == "MemoryError":
            return


def _most_memory() -> int:
    """Where the kernel tells it of this program alone: `ru_maxrss` begins with what its starter held."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def work(job: Job) -> Answer:
    folder = Path(job.folder)
    try:
        raw = (folder / RAW).read_bytes()
        match job.what:
            case "read":
                return Answer(mail=read_mail(raw, folder))
            case "plainly":
                return Answer(mail=read_plainly(raw, job.words))
            case "verify":
                return Answer(outcomes=tuple(verify(raw, job.signatures, job.keys)))
    except Exception as error:  # noqa: BLE001 - whatever a mail does to its reader is told, and kept with the mail
        return Answer(fault=type(error).__name__)


def _allow(seconds: int) -> None:
    """So many more seconds of the processor; the kernel ends who takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, resource.RLIM_INFINITY))


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for who gave the job
    os.umask(0o077)
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    with os.fdopen(os.dup(1), "wb") as sink:
        os.dup2(2, 1)  # what a library prints is no answer
        serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
