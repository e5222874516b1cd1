"""How fast the past of a mailbox comes in: `throughline import mbox` as people run it, beside a running server."""

import asyncio
import os
import random
import subprocess
import sys
import time
from base64 import encodebytes
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from benchmarks import house
from benchmarks.desk import FULL, Size
from benchmarks.house import House
from benchmarks.table import Line

MAILS: Final = 4_000
OURS: Final = "help@desk.example"
START: Final = datetime(2025, 1, 1, tzinfo=UTC)
PICTURE: Final = (
    "--out\nContent-Type: image/png; name=a.png\nContent-Disposition: attachment; filename=a.png\n"
    "Content-Transfer-Encoding: base64\n\n"
)
WORDS: Final = ("the", "parcel", "that", "was", "promised", "for", "Monday", "has", "not", "come", "nobody", "knows")


def archive(count: int) -> Iterator[bytes]:
    """Threads of four between the desk and somebody, text beside HTML, every fifth with a picture; about 20 kB each."""
    dice = random.Random(7)
    for number in range(count):
        thread, turn = divmod(number, 4)
        theirs = f"customer{thread % (count // 8 + 1)}@example.com"
        sender, to = (theirs, OURS) if turn % 2 == 0 else (OURS, theirs)
        at = START + timedelta(hours=thread, minutes=turn * 7)
        text = " ".join(dice.choices(WORDS, k=dice.choice((120, 700, 1_200))))
        lines = "\n".join(text[at : at + 72] for at in range(0, len(text), 72))
        answers = f"In-Reply-To: <{number - 1}@example.com>\nReferences: <{number - 1}@example.com>\n" if turn else ""
        picture = ""
        if number % 5 == 0:
            content = encodebytes(b"\x89PNG\r\n\x1a\n" + dice.randbytes(20_000)).decode()
            picture = f"{PICTURE}{content}"
        yield (
            f"From x {at:%a %b %d %H:%M:%S %Y}\nReceived: from a by b; {format_datetime(at)}\nFrom: N <{sender}>\n"
            f"To: <{to}>\nSubject: Parcel {thread}\nDate: {format_datetime(at)}\nMessage-ID: <{number}@example.com>\n"
            f"{answers}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=out\n\n--out\n"
            "Content-Type: multipart/alternative; boundary=in\n\n--in\nContent-Type: text/plain; charset=utf-8\n\n"
            f"{lines}\n--in\nContent-Type: text/html; charset=utf-8\n\n<html><body><p>{lines}</p><p>{lines}</p></body>"
            f"</html>\n--in--\n{picture}--out--\n\n"
        ).encode()


async def measure(where: House, size: Size) -> list[Line]:
    count = MAILS if size is FULL else MAILS // 4
    return await asyncio.to_thread(_measure, where, count)


def _measure(where: House, count: int) -> list[Line]:
    house.workspace(where.home, "archive")
    house.run(
        *("channel", "create", "email", "--workspace", "archive", "--name", "help", "--set", f"address={OURS}"),
        home=where.home,
    )
    path = where.home / "past.mbox"
    with path.open("wb") as file:
        file.writelines(archive(count))
    first, memory = _run(where, path)
    again, _ = _run(where, path)
    kilobytes = path.stat().st_size / count / 1_000
    return [
        Line(
            what="mbox import, mails a second",
            floor="100",
            target="400",
            measured=f"{count / first:,.0f} ({count:,} of {kilobytes:.0f} kB; {memory:.0f} MB; again, all known: "
            f"{count / again:,.0f})",
            met=(count / first >= 100, count / first >= 400),
        )
    ]


def _run(where: House, path: Path) -> tuple[float, float]:
    """Seconds, with the start of Python, and the most memory of one of its processes in MB."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "import", "mbox", str(path), "--account", "help", "--workspace", "archive"],
        env=house.environment(where.home, where.port),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the import ended with {process.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss / 1_024
