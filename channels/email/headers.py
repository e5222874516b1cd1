"""Which header fields a mail or a part has, and what they say: unfolded, decoded and bounded, in one pass."""

import binascii
import re
from collections.abc import Container
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from channels.email.charsets import decode, printable, tidy

MOST_HEADER: Final = 4 << 20
MOST_LINES: Final = 60_000
MOST_FIELDS: Final = 2_000
MOST_FIELD: Final = 64 << 10
MOST_LIST: Final = 256 << 10
MOST_PARAMETERS: Final = 100
LISTS: Final = frozenset({"to", "cc"})

_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_LINE_END: Final = re.compile(rb"\r?\n")
_WORD: Final = re.compile(r"=\?([\w.:()+*\-]{1,80})\?([bBqQ])\?([^?\n]*)\?=")
_SECTION: Final = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*)?)?")
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")
_CONTROLS: Final = re.compile(rb"[\x00\r]")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Fields in their order: the name in small letters, the value unfolded and still in bytes. `end` is where the body
    begins; `defects` are words."""

    fields: tuple[tuple[str, bytes], ...]
    end: int
    defects: tuple[str, ...] = ()

    def all(self, name: str) -> list[bytes]:
        return [value for field, value in self.fields if field == name]

    def first(self, name: str) -> bytes | None:
        return next((value for field, value in self.fields if field == name), None)

    def text(self, name: str) -> str | None:
        """The first of that name, decoded for people; None if there is none or it is blank."""
        value = self.first(name)
        return (text_of(value) or None) if value is not None else None


def read_head(raw: bytes, start: int, delimiters: Container[bytes] = ()) -> Head:
    """The header that begins at `start`. It ends with a blank line, with a line of `delimiters` (a multipart's, which
    is no part of it), and with the first line that is no field, as mail servers have it."""
    spans: list[tuple[int, int, int]] = []
    at, lines, defects = start, 0, list[str]()
    stop = min(len(raw), start + MOST_HEADER)
    while at < len(raw):
        end = raw.find(b"\n", at) + 1 or len(raw)
        if end - at <= 2 and raw[at:end].strip(b"\r\n") == b"":
            at = end
            break
        if raw[at] in b" \t" and spans:
            spans[-1] = (*spans[-1][:2], end)
        elif delimiters and raw.startswith(b"--", at) and raw[at + 2 : min(end, at + 300)].rstrip() in delimiters:
            break
        elif field := _FIELD.match(raw, at):
            spans.append((at, field.end(), end))
        elif at == start and raw.startswith((b"From ", b">From "), at):
            start = end  # the line that a mailbox file puts before each mail
        elif raw[at:end].isspace():
            at = end
            break
        else:
            defects.append("a line of the header is no field: the text begins there")
            break
        at, lines = end, lines + 1
        if at >= stop or lines > MOST_LINES or len(spans) > MOST_FIELDS:
            defects.append("the header is too long: what follows its first part was read as text")
            break
    return Head(fields=tuple(_value(raw, span) for span in spans), end=at, defects=tuple(defects))


def _value(raw: bytes, span: tuple[int, int, int]) -> tuple[str, bytes]:
    start, after, end = span
    name = raw[start : after - 1].rstrip().decode("ascii").lower()
    most = MOST_LIST if name in LISTS else MOST_FIELD
    return name, _LINE_END.sub(b"", raw[after : min(end, after + most)]).strip(b" \t")


def has_controls(value: bytes) -> bool:
    """Whether a value holds what no header may: NUL, or a carriage return that ends no line."""
    return _CONTROLS.search(value) is not None


def text_of(value: bytes) -> str:
    """What an unstructured header says, on one line."""
    return printable(words_of(decode(value, None)[0]))


def words_of(text: str) -> str:
    """With encoded words (RFC 2047) decoded. Neighbours of one charset are decoded together: many programs cut letters
    in two. Also inside quotes, where the standard has none and Outlook writes them."""
    if "=?" not in text:
        return text
    said: list[str] = []
    held, charset, at = b"", "", 0
    for word in _WORD.finditer(text):
        between = text[at : word.start()]
        its = word[1].partition("*")[0].lower()
        if (held or at) and (between.strip() or its != charset):
            said.append(decode(held, charset)[0])
            held = b""
        if not at or between.strip():
            said.append(between)
        held, charset, at = held + _word_bytes(word[2], word[3]), its, word.end()
    return "".join([*said, decode(held, charset)[0] if held else "", text[at:]])


def _word_bytes(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        return binascii.a2b_qp(text.encode("utf-8", "replace"), header=True)
    data = _NOT_BASE64.sub("", text)
    return binascii.a2b_base64(data[: len(data) - (len(data) % 4 == 1)] + "==")


def with_parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """`text/plain; charset="utf-8"` as its value in small letters and its parameters, continued and encoded ones
    (RFC 2231) put together."""
    text = tidy(decode(value[:16_384], None)[0])
    first, _, rest = text.partition(";")
    return _without_comment(first).lower(), _parameters(rest)


def _parameters(rest: str) -> dict[str, str]:
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in _pairs(rest):
        section = _SECTION.fullmatch(name)
        if section is None:
            plain.setdefault(name, value)
        else:
            is_encoded = section[3] is not None or section[2] is None
            sections.setdefault(section[1], {}).setdefault(int(section[2] or 0), (value, is_encoded))
    for name, pieces in sections.items():
        plain[name] = _joined(pieces)
    return {name: tidy(words_of(value) if name not in sections else value) for name, value in plain.items()}


def _pairs(rest: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(rest) and len(pairs) < MOST_PARAMETERS:
        equals, semicolon = rest.find("=", at), rest.find(";", at)
        if equals < 0:
            break
        if 0 <= semicolon < equals:
            at = semicolon + 1
            continue
        name = rest[at:equals].strip().lower()
        value, at = _quoted(rest, equals + 1)
        if value is None:
            end = rest.find(";", at)
            end = len(rest) if end < 0 else end
            value, at = _without_comment(rest[at:end]), end
        end = rest.find(";", at)
        at = len(rest) if end < 0 else end + 1
        pairs.append((name, value))
    return pairs


def _quoted(text: str, at: int) -> tuple[str | None, int]:
    """The quoted string that begins here and where it ends; None where none does."""
    while at < len(text) and text[at] in " \t":
        at += 1
    if at >= len(text) or text[at] != '"':
        return None, at
    said: list[str] = []
    at += 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and text[at + 1 : at + 2] in {'"', "\\"}:
            at += 1
        said.append(text[at])
        at += 1
    return "".join(said), at + 1


def _without_comment(text: str) -> str:
    return text.partition(" (")[0].strip().strip('"').strip()


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """Sections from 0 on until one is missing."""
    held, charset = b"", "utf-8"
    for number in range(len(pieces)):
        if number not in pieces:
            break
        value, is_encoded = pieces[number]
        if is_encoded and number == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        held += unquote_to_bytes(value) if is_encoded else value.encode("utf-8", "replace")
    return decode(held, charset)[0]
