"""Which mails are in these files: mbox in its variants, and Maildir; each with where it stands, when it was written,
and what names it.

Nothing is held in memory but one mail: files of any size with lines of any length are read in blocks. A mail's bytes
are those that a mail server hands out: without what clients add, with CRLF.
"""

import hashlib
import heapq
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Final, Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec

from channels.imports.imported import Unreadable

Form = Literal["quoted", "measured", "exact", "file"]
"""How a span holds its mail: with `>` before lines that begin with From, and a blank line behind; with `>`, and as long
as Content-Length says; as long as that says, without `>`; or as a file of its own."""

BLOCK: Final = 1 << 18
MOST_HEAD: Final = 1 << 18
RUN: Final = 50_000
MOST_BYTES: Final = 64 << 20
TOO_LARGE: Final = "-"
"""In the place of the key of a mail that is too large to be read."""
UNREADABLE: Final = "!"
"""In the place of the key of a file that the system does not let us read."""

_SEPARATOR: Final = re.compile(rb"From [^\r\n]{0,998}\b\d{1,2}:\d\d(:\d\d)?\b[^\r\n]{0,60}\b\d{4}\b")
_FIELD: Final = re.compile(rb"[!-9;-~]{1,998}[ \t]*:|>From |\r?\n")
_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_BLANK_LINE: Final = re.compile(rb"\A\n|(?<=\n)\n")
_FIELDS: Final = re.compile(rb"^[^ \t\n][^\n]*\n(?:[ \t][^\n]*\n)*", re.MULTILINE)
_LENGTH: Final = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_DATED: Final = re.compile(rb"^(received|date)[ \t]*:((?:[^\n]*\n[ \t])*[^\n]*)", re.IGNORECASE | re.MULTILINE)
_AFTER: Final = re.compile(rb"(?:\r?\n){0,3}(?:$|From )")
_OF_CLIENTS: Final = re.compile(
    rb"(?:status|x-status|x-keywords|x-uid|x-imap|x-imapbase|x-uidl|x-gm-thrid|x-gmail-labels|x-mozilla-[\w-]+"
    rb"|x-evolution[\w-]*)[ \t]*:|>from ",
    re.IGNORECASE,
)
_OF_MBOX: Final = re.compile(rb"(content-length|lines)[ \t]*:", re.IGNORECASE)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A mail in a file. `key` is the SHA-256 of its bytes in hex, `at` when its own header says that it arrived."""

    path: Path
    start: int
    end: int
    form: Form
    key: str
    at: datetime

    @property
    def where(self) -> str:
        """For a person."""
        return str(self.path) if self.form == "file" else f"{self.path} at byte {self.start}"


def in_mbox(path: Path) -> Iterator[Found]:
    """The mails of an mbox file in their order. Raises `Unreadable`."""
    try:
        with path.open("rb") as file, path.open("rb") as content:
            status = os.fstat(file.fileno())
            if status.st_size and not _SEPARATOR.match(file.read(2_000).lstrip(b"\r\n")):
                raise Unreadable(f"{path}: it does not begin as an mbox file does, with a line From ...")
            for start, end, form in _spans(file):
                yield _found(content, path, start, end, form, datetime.fromtimestamp(status.st_mtime, UTC))
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from None


def in_maildir(folder: Path) -> Iterator[Found]:
    """The mails of a Maildir and of the folders below it. Raises `Unreadable`."""
    below = sorted(one.parent for one in folder.rglob("cur") if one.is_dir())
    if not below:
        raise Unreadable(f"{folder}: there is no Maildir in it (a folder with a folder cur)")
    for one in below:
        for path in sorted(path for name in ("cur", "new") for path in (one / name).glob("*")):
            if (found := _in_file(path)) is not None:
                yield found


def _in_file(path: Path) -> Found | None:
    """None for a folder, a pipe and whatever else is no file, and where a client has given it another name: the next
    import finds it under that. What cannot be read stops no other."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            changed = datetime.fromtimestamp(status.st_mtime, UTC)
            return _found(file, path, 0, status.st_size, "file", changed)
    except FileNotFoundError:
        return None
    except OSError:
        return Found(path=path, start=0, end=0, form="file", key=UNREADABLE, at=datetime.fromtimestamp(0, UTC))


def read(found: Found) -> bytes:
    """A mail's bytes. Raises `Unreadable` where the file is another by now."""
    try:
        with _again(found.path).open("rb") as file:
            raw = _canonical(file, found.start, found.end, found.form)
    except OSError as error:
        raise Unreadable(f"{found.path}: {error.strerror or error}") from None
    if hashlib.sha256(raw).hexdigest() != found.key:
        raise Unreadable(f"{found.where}: it was changed while it was read")
    return raw


def _again(path: Path) -> Path:
    """A file of a Maildir, whatever flags it has got meanwhile."""
    if path.exists():
        return path
    name = path.name.partition(":")[0]
    places = (path.parent, path.parent.parent / "cur", path.parent.parent / "new")
    found = (one for place in places if place.is_dir() for one in place.iterdir() if one.name.partition(":")[0] == name)
    return next(found, path)


def by_time(found: Iterable[Found], folder: Path, told: Callable[[int], None]) -> Iterator[Found]:
    """All of them by when they were written, sorted in files of the folder; `told` hears how many were found."""
    with ExitStack() as files:
        runs: list[IO[bytes]] = []
        lines: list[bytes] = []
        count = 0
        for one in found:
            lines.append(_line(one, count))
            count += 1
            if len(lines) == RUN:
                runs.append(_write(lines, folder, files))
                lines = []
                told(count)
        runs.append(_write(lines, folder, files))
        told(count)
        for line in heapq.merge(*runs):
            yield _of_line(line)


def _line(one: Found, count: int) -> bytes:
    micro = int(one.at.timestamp() * 1_000_000) + (1 << 60)
    path = quote_from_bytes(os.fsencode(one.path))
    return f"{micro:020d} {count:012d} {one.start} {one.end} {one.form} {one.key} {path}\n".encode()


def _of_line(line: bytes) -> Found:
    micro, _, start, end, form, key, path = line.decode().split()
    return Found(
        path=Path(os.fsdecode(unquote_to_bytes(path))),
        start=int(start),
        end=int(end),
        form=msgspec.convert(form, Form),
        key=key,
        at=datetime.fromtimestamp((int(micro) - (1 << 60)) / 1_000_000, UTC),
    )


def _write(lines: list[bytes], folder: Path, files: ExitStack) -> IO[bytes]:
    run = files.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 - it is one
    run.writelines(sorted(lines))
    run.seek(0)
    return run


def _found(file: IO[bytes], path: Path, start: int, end: int, form: Form, changed: datetime) -> Found:
    is_large = end - start > MOST_BYTES
    key = TOO_LARGE if is_large else hashlib.sha256(_canonical(file, start, end, form)).hexdigest()
    file.seek(start)
    at = _written(file.read(min(end - start, MOST_HEAD)), changed)
    return Found(path=path, start=start, end=end, form=form, key=key, at=at)


def _written(head: bytes, changed: datetime) -> datetime:
    """When the last server got it, else when it says to be written, else when the mbox says, else the file's time."""
    separator, _, rest = head.partition(b"\n") if head.startswith(b"From ") else (b"", b"", head)
    fields = re.split(rb"\r?\n\r?\n", rest, maxsplit=1)[0]
    said = {}
    for name, value in _DATED.findall(fields):
        said.setdefault(name.lower(), value.rpartition(b";")[2] if name.lower() == b"received" else value)
    for text in (said.get(b"received"), said.get(b"date"), separator.partition(b" ")[2].partition(b" ")[2]):
        at = _moment(text)
        if at is not None:
            return at
    return changed


def _moment(text: bytes | None) -> datetime | None:
    if not text or len(text) > 200:
        return None
    try:
        at = parsedate_to_datetime(" ".join(text.decode("latin-1").split()))
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return at if 1970 <= at.year < 2200 else None


def _spans(file: IO[bytes]) -> Iterator[tuple[int, int, Form]]:
    """Where mails begin and end. A mail of which Content-Length tells the truth ends there, whatever is in it."""
    file.seek(0)
    begun: int | None = None
    is_blank, candidate = True, -1
    at = 0
    while line := _whole_line(file):
        if candidate >= 0:
            if _FIELD.match(line):
                if begun is not None:
                    yield begun, candidate, "quoted"
                begun, end = candidate, _end_by_length(file, at)
                if end is not None:
                    yield begun, end[0], end[1]
                    begun, at = None, end[0]
                    file.seek(at)
                    is_blank, candidate = True, -1
                    continue
            candidate = -1
        if is_blank and _SEPARATOR.match(line):
            candidate = at
        is_blank = not line.strip(b"\r\n") or begun is None
        at = file.tell()
    if begun is not None:
        yield begun, at, "quoted"


def _whole_line(file: IO[bytes]) -> bytes:
    """The beginning of the next line; the rest of a long one is passed over."""
    line = rest = file.readline(BLOCK)
    while rest and not rest.endswith(b"\n"):
        rest = file.readline(BLOCK)
    return line


def _end_by_length(file: IO[bytes], start: int) -> tuple[int, Form] | None:
    """Where the mail whose header begins at `start` ends by its Content-Length, if a mail or nothing follows there."""
    here = file.tell()
    try:
        file.seek(start)
        head = file.read(MOST_HEAD)
        match = re.search(rb"\r?\n\r?\n", head)
        said = _LENGTH.findall(head[: match.start() + 1]) if match else []
        if match is None or len(set(said)) != 1:
            return None
        body = start + match.end()
        end = body + int(said[0])
        if end > file.seek(0, os.SEEK_END):
            return None
        file.seek(max(body, end - 1))
        around = file.read(1_100)
        before, after = (around[:1], around[1:]) if end > body else (b"\n", around)
        if not _AFTER.match(after):
            return None
        if before != b"\n" and after[:1] not in (b"", b"\n", b"\r"):
            return None
        return end, "exact" if _has_separator(file, body, end) else "measured"
    finally:
        file.seek(here)


def _has_separator(file: IO[bytes], start: int, end: int) -> bool:
    """Whether a line of the span begins with From: then nobody has put `>` before such lines."""
    file.seek(start)
    while file.tell() < end and (line := _whole_line(file)):
        if line.startswith(b"From "):
            return True
    return False


def _canonical(file: IO[bytes], start: int, end: int, form: Form) -> bytes:
    """The mail in a span as a mail server hands it out."""
    file.seek(start)
    content = file.read(end - start).replace(b"\r\n", b"\n")
    if form != "file":
        content = content.partition(b"\n")[2]
    found = _BLANK_LINE.search(content)
    at = found.end() if found else len(content)
    head, body = _FIELDS.sub(_kept_field if form == "file" else _kept_in_mbox, content[:at]), content[at:]
    if form in ("quoted", "measured"):
        body = _QUOTED.sub(rb"\1", body)
    if form == "quoted" and (body == b"\n" or body.endswith(b"\n\n")):
        body = body[:-1]
    return (head + body).replace(b"\n", b"\r\n")


def _kept_field(match: re.Match[bytes]) -> bytes:
    return b"" if _OF_CLIENTS.match(match[0]) else match[0]


def _kept_in_mbox(match: re.Match[bytes]) -> bytes:
    return b"" if _OF_MBOX.match(match[0]) else _kept_field(match)
