"""Reads a file of interactions: one JSON object a line, each exactly a body of `POST /api/v1/interactions`.

The file may have millions of lines, so it is read twice: once to check every line and keep its time and
place, once to yield the good ones in order of time. Gzip and stdin go to a temporary file first.
"""

import gzip
import sys
import tempfile
import zlib
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from io import BufferedReader
from pathlib import Path
from typing import IO, Final

from channels.imports.imported import KNOWN_CHANNELS, Imported, Refusal, Unreadable
from timeline.interactions import EARLIEST, Interaction, InvalidField, decode

MAX_LINE: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_GZIP: Final = b"\x1f\x8b"
_BUFFER: Final = 1 << 18
_MICROSECOND: Final = timedelta(microseconds=1)
_BROKEN: Final = (EOFError, OSError, zlib.error)


class _Index:
    """Time, offset, length and number of each good line: 32 bytes a line."""

    def __init__(self) -> None:
        self.times, self.offsets, self.lengths, self.numbers = (array("q") for _ in range(4))

    def add(self, item: Interaction, offset: int, length: int, number: int) -> None:
        self.times.append((item.occurred_at - EARLIEST) // _MICROSECOND)
        self.offsets.append(offset)
        self.lengths.append(length)
        self.numbers.append(number)


def read(path: str, channels: frozenset[str] = KNOWN_CHANNELS) -> Iterator[Imported | Refusal]:
    """Every line of the file at `path` (`-`: stdin; gzip is recognised): refusals as they are met, then the
    items by `occurred_at`. Blank lines are skipped. Raises `Unreadable` where there is no file to read."""
    with ExitStack() as stack:
        lines, keep = _open(path, stack)
        index = _Index()
        yield from _first_pass(lines, keep, index, channels)
        yield from _second_pass(keep or lines, index, channels)


def _open(path: str, stack: ExitStack) -> tuple[IO[bytes], IO[bytes] | None]:
    """The lines, and the temporary file to keep them in where they cannot be read twice."""
    raw = sys.stdin.buffer if path == "-" else stack.enter_context(_file(path))
    head = raw.peek(2)[:2] if isinstance(raw, BufferedReader) else b""
    if head == _GZIP:
        unpacked = BufferedReader(stack.enter_context(gzip.GzipFile(fileobj=raw)), _BUFFER)
        return unpacked, stack.enter_context(tempfile.TemporaryFile())
    if path == "-" or not raw.seekable():
        return raw, stack.enter_context(tempfile.TemporaryFile())
    return raw, None


def _file(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb", buffering=_BUFFER)
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _first_pass(lines: IO[bytes], keep: IO[bytes] | None, index: _Index, channels: frozenset[str]) -> Iterator[Refusal]:
    number = offset = 0
    while True:
        number += 1
        try:
            raw, size = _line(lines)
        except _BROKEN as error:
            yield Refusal(where=f"line {number}", field="", words=f"the file breaks off here: {error}")
            return
        if not size:
            return
        start = keep.tell() if keep else offset
        offset += size
        if raw is None:
            yield Refusal(where=f"line {number}", field="", words=f"longer than {MAX_LINE} bytes")
            continue
        if not raw.strip():
            continue
        try:
            item = decode(_text(raw, number), channels)
        except InvalidField as error:
            yield Refusal(where=f"line {number}", field=error.field, words=error.words)
            continue
        if keep:
            keep.write(raw)
        index.add(item, start, size, number)


def _line(lines: IO[bytes]) -> tuple[bytes | None, int]:
    """One line and how many bytes it took; None for one that is too long, which is passed over in pieces."""
    raw = lines.readline(MAX_LINE + 1)
    if len(raw.rstrip(b"\r\n")) <= MAX_LINE and (len(raw) <= MAX_LINE or raw.endswith(b"\n")):
        return raw, len(raw)
    size = len(raw)
    while raw and not raw.endswith(b"\n"):
        raw = lines.readline(MAX_LINE)
        size += len(raw)
    return None, size


def _text(raw: bytes, number: int) -> bytes:
    return raw.removeprefix(_BOM) if number == 1 else raw


def _second_pass(lines: IO[bytes], index: _Index, channels: frozenset[str]) -> Iterator[Imported | Refusal]:
    for at in sorted(range(len(index.times)), key=index.times.__getitem__):
        where, number = f"line {index.numbers[at]}", index.numbers[at]
        lines.seek(index.offsets[at])
        try:
            item = decode(_text(lines.read(index.lengths[at]), number), channels)
        except InvalidField as error:
            yield Refusal(where=where, field=error.field, words=f"changed while it was read: {error.words}")
            continue
        yield Imported(where=where, item=item)
