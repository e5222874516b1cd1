"""What mails that were made to hurt cost their reader: 300 of them through the processes that the worker uses."""

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path
from typing import Final

import psutil

from benchmarks.desk import Size
from benchmarks.house import House, cpu
from benchmarks.table import Line
from channels.email.readers import Readers, Unreadable
from tests.channels.email.hostile import HEAD, TEXT, hostile

MAILS: Final = 300
MB: Final = 2**20
PLAIN: Final = 500


async def measure(_: House, __: Size) -> list[Line]:
    """CPU and the most memory of the process that reads, by the kernel's own account."""
    worst, most, killed = (0.0, ""), (0.0, ""), 0
    with tempfile.TemporaryDirectory() as folder:
        async with Readers(Path(folder), most=1) as readers:
            (await readers.read(HEAD + TEXT)).discard()
            for name, raw in hostile(MAILS):
                before, children = cpu(_children()), {child.pid for child in _children()}
                try:
                    (await readers.read(raw)).discard()
                except Unreadable:
                    killed += 1
                after = _children()
                fresh = not {child.pid for child in after} <= children
                worst = max(worst, (cpu(after) - (0.0 if fresh else before), name))
                most = max(most, (_peak(after), name))
            rate = await _rate(readers)
    measured = f"{worst[0]:.2f} s CPU ({worst[1]}), {most[0]:.0f} MB ({most[1]})"
    return [
        Line(
            what="300 hostile mails: the worst for one",
            floor="5 s, 300 MB",
            target="1 s, 150 MB",
            measured=f"{measured}; {killed} unreadable; others read: {rate:.0f} a second",
            met=(worst[0] <= 5 and most[0] <= 300, worst[0] <= 1 and most[0] <= 150),
        )
    ]


async def _rate(readers: Readers) -> float:
    began = time.perf_counter()
    for _ in range(PLAIN):
        (await readers.read(HEAD + TEXT * 2_000)).discard()
        await asyncio.sleep(0)
    return PLAIN / (time.perf_counter() - began)


def _children() -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "channels.email.child" in process.cmdline():
                found.append(process)
    return found


def _peak(processes: list[psutil.Process]) -> float:
    """MB that a process has had at most (VmHWM)."""
    peaks = [0.0]
    for process in processes:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            peaks += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")]
    return max(peaks)
