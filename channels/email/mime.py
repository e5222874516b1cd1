"""Which parts a mail is made of, and what bytes they hold: one pass without recursion, however deep they nest."""

import binascii
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from channels.email.headers import Head, read_head, with_parameters, words_of

MOST_PARTS: Final = 10_000
MOST_DASHES: Final = 150_000
MOST_PADDINGS: Final = 1_000
CHUNK: Final = 1 << 20

_TYPE: Final = re.compile(r"[\w.+*-]{1,100}/[\w.+*-]{1,100}")
_MEANT: Final = {"": "text/plain", "text": "text/plain", "plain": "text/plain", "html": "text/html"}
_NOT_BASE64: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_")
)
_BLANKS: Final = b" \t\r\n\x0b\x0c"
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_PROSE: Final = re.compile(rb"[A-Za-z]{2}[.,!?:;]? [A-Za-z]{1,20} [A-Za-z]")
_PADDING: Final = re.compile(rb"=+")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part that holds no parts: its bytes are those of the mail from `start` to `stop`. `alternative` numbers the
    outermost multipart/alternative that it stands in; `is_related`, whether something shown refers to it."""

    head: Head
    type: str
    parameters: dict[str, str]
    start: int
    stop: int
    within: str = ""
    alternative: int | None = None
    is_related: bool = False
    disposition: str = ""
    file_name: str | None = None

    @property
    def encoding(self) -> str:
        value = self.head.first("content-transfer-encoding") or b""
        return with_parameters(value)[0].split(" ")[0]

    @property
    def content_id(self) -> str | None:
        said = self.head.text("content-id")
        return said.strip("<> ")[:200] or None if said else None


class Structure(msgspec.Struct, frozen=True, kw_only=True):
    head: Head
    type: str
    parameters: dict[str, str]
    parts: tuple[Part, ...]
    defects: tuple[str, ...] = ()


class _Multi(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    type: str
    boundary: bytes
    alternative: int | None
    is_related: bool


class _Splitter:
    """Where it stands: multiparts that are open, outermost first, and how to find one by its boundary."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.open: list[_Multi] = []
        self.levels: dict[bytes, list[int]] = {}
        self.parts: list[Part] = []
        self.defects: list[str] = []
        self.made = 0
        self.dashes = 0

    def run(self, head: Head) -> None:
        at, waiting = head.end, self._begin(head)
        while found := self._delimiter(at):
            where, end, level, is_end = found
            if waiting:
                self._keep(*waiting, at, self._before(where, at))
            self._close(level + (not is_end))
            at, waiting = end, None
            if self.made >= MOST_PARTS:
                self.defects.append(f"it has more than {MOST_PARTS:,} parts: the rest is in the raw mail only")
                break
            if not is_end:
                part = read_head(self.raw, at, self.levels)
                at, waiting = part.end, self._begin(part)
        if waiting:
            self._keep(*waiting, at, len(self.raw))
        if not self.parts and head.end < len(self.raw):
            self.defects.append("its parts could not be found: all of it was read as text")
            self._keep(head, "text/plain", {}, head.end, len(self.raw))

    def _begin(self, head: Head) -> tuple[Head, str, dict[str, str]] | None:
        """A part whose bytes are to follow; None where it is a multipart, which is open from now on."""
        self.made += 1
        type_, parameters = content_type(head, "message/rfc822" if self.within == "multipart/digest" else "text/plain")
        if not type_.startswith("multipart/"):
            return head, type_, parameters
        boundary = parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
        if not boundary or len(boundary) > 200:
            boundary = self._guess(head.end)
            self.defects.append("a multipart says no boundary" + ("" if boundary is None else ": it was guessed"))
        if boundary is None:
            return head, "text/plain", {}
        around = self.open[-1] if self.open else None
        number = self.made
        alternative = around.alternative if around else None
        if type_ == "multipart/alternative" and alternative is None:
            alternative = number
        self.levels.setdefault(boundary, []).append(len(self.open))
        self.open.append(
            _Multi(
                number=number,
                type=type_,
                boundary=boundary,
                alternative=alternative,
                is_related=type_ == "multipart/related" or (around is not None and around.is_related),
            )
        )
        return None

    @property
    def within(self) -> str:
        return self.open[-1].type if self.open else ""

    def _guess(self, at: int) -> bytes | None:
        found = re.compile(rb"\s*--([^\r\n]{1,200})\r?\n").match(self.raw, at, min(len(self.raw), at + 1_000))
        return found[1].rstrip() if found else None

    def _keep(self, head: Head, type_: str, parameters: dict[str, str], start: int, stop: int) -> None:
        around = self.open[-1] if self.open else None
        disposition, said = with_parameters(head.first("content-disposition") or b"")
        name = said.get("filename") or parameters.get("name")
        self.parts.append(
            Part(
                head=head,
                type=type_,
                parameters=parameters,
                start=start,
                stop=max(start, stop),
                within=around.type if around else "",
                alternative=around.alternative if around else None,
                is_related=around.is_related if around else False,
                disposition=disposition,
                file_name=words_of(name) if name else None,
            )
        )

    def _delimiter(self, at: int) -> tuple[int, int, int, bool] | None:
        """The next line that is an open boundary: where it begins and ends, whose it is, whether it is the last."""
        raw = self.raw
        where = at - 1 if at else (0 if raw.startswith(b"--") else raw.find(b"\n--"))
        while self.open:
            if where or not raw.startswith(b"--"):
                where = raw.find(b"\n--", max(where, 0))
                if where < 0:
                    return None
                where += 1
            self.dashes += 1
            if self.dashes > MOST_DASHES:
                self.defects.append("too many lines begin with dashes: what follows them was not split into parts")
                return None
            end = raw.find(b"\n", where) + 1 or len(raw)
            line = raw[where + 2 : min(end, where + 300)].rstrip(b" \t\r\n")
            if line in self.levels:
                return where, end, self.levels[line][-1], False
            if line.endswith(b"--") and line[:-2].rstrip() in self.levels:
                return where, end, self.levels[line[:-2].rstrip()][-1], True
            where = end - 1
        return None

    def _before(self, where: int, start: int) -> int:
        """Without the line end that belongs to the boundary."""
        if where > start and self.raw[where - 1 : where] == b"\n":
            where -= 1
        return where - 1 if where > start and self.raw[where - 1 : where] == b"\r" else where

    def _close(self, level: int) -> None:
        """All multiparts from this level on."""
        while len(self.open) > level:
            boundary = self.open.pop().boundary
            self.levels[boundary].pop()
            if not self.levels[boundary]:
                del self.levels[boundary]


def content_type(head: Head, otherwise: str) -> tuple[str, dict[str, str]]:
    value = head.first("content-type")
    if not value:
        return otherwise, {}
    type_, parameters = with_parameters(value)
    type_ = "".join(type_.split())
    if not _TYPE.fullmatch(type_):
        return _MEANT.get(type_, "application/octet-stream"), parameters
    return type_, parameters


def split(raw: bytes, head: Head) -> Structure:
    """The whole mail, whose own header was read before, as the parts that hold something, in their order."""
    splitter = _Splitter(raw)
    splitter.run(head)
    type_, parameters = content_type(head, "text/plain")
    seen = dict.fromkeys([*splitter.defects, *(defect for part in splitter.parts for defect in part.head.defects)])
    return Structure(
        head=head, type=type_, parameters=parameters, parts=tuple(splitter.parts), defects=tuple(list(seen)[:20])
    )


def content(raw: bytes, part: Part, defects: list[str]) -> Iterator[bytes]:
    """What the part holds, decoded, a piece after another; what is wrong with it is added to `defects`."""
    match part.encoding:
        case "base64" | "b":
            return _base64(raw, part.start, part.stop, defects)
        case "quoted-printable" | "q":
            return (binascii.a2b_qp(piece) for piece in _lines(raw, part.start, part.stop))
        case "" | "7bit" | "8bit" | "binary":
            return _pieces(raw, part.start, part.stop)
        case other:
            defects.append(f"the encoding {other[:40]!r} is unknown")
            return _pieces(raw, part.start, part.stop)


def _pieces(raw: bytes, start: int, stop: int) -> Iterator[bytes]:
    for at in range(start, stop, CHUNK):
        yield raw[at : min(stop, at + CHUNK)]


def _lines(raw: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Pieces that end where lines end."""
    at = start
    while at < stop:
        end = raw.find(b"\n", min(stop, at + CHUNK), stop) + 1 or stop
        yield raw[at:end]
        at = end


def _base64(raw: bytes, start: int, stop: int, defects: list[str]) -> Iterator[bytes]:
    """What is no base64 within it is left out. Text that only says to be base64 is given as it is."""
    if _PROSE.search(raw, start, min(stop, start + 2_000)):
        defects.append("a part says that it is base64 and is not")
        yield from _pieces(raw, start, stop)
        return
    carried, wrong, paddings = b"", 0, 0
    for piece in _pieces(raw, start, stop):
        clean = piece.translate(_URL_SAFE, _NOT_BASE64)
        wrong += len(piece.translate(None, _BLANKS)) - len(clean)
        if b"=" in clean:
            segments = _PADDING.split(carried + clean, MOST_PADDINGS - min(paddings, MOST_PADDINGS - 1))
            paddings += len(segments) - 1
            for segment in segments[:-1]:
                yield _unbased(segment)
            carried, clean = b"", segments[-1].replace(b"=", b"")
        clean = carried + clean
        whole = len(clean) & ~3
        yield binascii.a2b_base64(clean[:whole])
        carried = clean[whole:]
    yield _unbased(carried)
    if wrong or paddings > 1 or len(carried) == 1:
        defects.append("a part in base64 is damaged: what could be decoded is kept")


def _unbased(data: bytes) -> bytes:
    return binascii.a2b_base64(data[: len(data) - (len(data) % 4 == 1)] + b"==")
