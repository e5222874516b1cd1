"""What an IMAP server's answers say (RFC 3501): lines with their literals in, words, lists and fetched data out.

A server is no friend: depth, length and number are bounded, and what is no answer raises `NotImap`.
"""

import re
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

MOST_DEPTH: Final = 20

_WORD: Final = re.compile(rb"(?:[^\s()\"\[\]{}\\]|\\[^\s()\"\[\]{}]+|\[[^\]]*\])+(?:<\d+>)?|\\\*")
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_CODE: Final = re.compile(rb"\[([A-Za-z0-9-]+)(?: ([^\]]*))?\]\s*")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ARRIVED: Final = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d{4})")
_LITERAL_AT_END: Final = re.compile(rb"~?\{(\d{1,12})\+?\}\Z")

Verdict = Literal["OK", "NO", "BAD", "BYE", "PREAUTH"]
_VERDICTS: Final[frozenset[str]] = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})


class NotImap(Exception):
    """The bytes are no answer of an IMAP server."""


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A literal that was longer than may be kept; its bytes were read past."""

    size: int


Part = bytes | Skipped
"""An answer is a list of parts: text, literal, text, literal, text."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """How something went: the verdict, the code in brackets with what it holds, and the words for people."""

    verdict: Verdict
    code: str = ""
    value: str = ""
    words: str = ""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """One mail's data: items by their name in capitals, such as UID, RFC822.SIZE, BODY[]."""

    number: int
    items: dict[str, Any]

    @property
    def uid(self) -> int | None:
        """None where the server speaks of a mail without being asked."""
        found = self.items.get("UID")
        return int(found) if isinstance(found, str) and found.isdigit() and len(found) < 20 else None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One mail in the folder's list; `arrived` is INTERNALDATE as the server writes it."""

    uid: int
    size: int
    arrived: str


def read_arrived(text: str) -> datetime | None:
    """INTERNALDATE as a moment; None where it is none. Months are in English whatever the machine speaks."""
    match = _ARRIVED.fullmatch(text.strip())
    if match is None or match[2].title() not in _MONTHS:
        return None
    month = _MONTHS.index(match[2].title()) + 1
    try:
        return datetime.fromisoformat(f"{match[3]}-{month:02}-{int(match[1]):02}T{match[4]}{match[5]}")
    except ValueError:
        return None


def literal_at_end(line: bytes) -> int | None:
    """How long the literal is that follows a line."""
    match = _LITERAL_AT_END.search(line)
    return int(match[1]) if match else None


def without_literal(line: bytes) -> bytes:
    return _LITERAL_AT_END.sub(b"", line)


def read_said(text: bytes) -> Said | None:
    """`OK [CODE value] words`; None where the text is another answer."""
    verdict, _, rest = text.partition(b" ")
    name = verdict.decode("ascii", "replace").upper()
    if name not in _VERDICTS:
        return None
    code = _CODE.match(rest)
    words = rest[code.end() :] if code else rest
    return Said(
        verdict=name,  # pyright: ignore[reportArgumentType]
        code=_printed(code[1]).upper() if code else "",
        value=_printed(code[2] or b"") if code else "",
        words=_printed(words)[:300],
    )


def read_fetched(parts: list[Part]) -> Fetched | None:
    """`12 FETCH (UID 5 ...)`; None where the parts are another answer. Raises `NotImap`."""
    first = parts[0]
    match = re.match(rb"(\d{1,12}) FETCH ", first, re.IGNORECASE) if isinstance(first, bytes) else None
    if match is None or not isinstance(first, bytes):
        return None
    values = read_values([first[match.end() :], *parts[1:]])
    if len(values) != 1 or not isinstance(values[0], list) or len(values[0]) % 2:
        raise NotImap("FETCH without a list of items")
    said = values[0]
    items = {one.upper(): said[at + 1] for at, one in enumerate(said) if at % 2 == 0 and isinstance(one, str)}
    return Fetched(number=int(match[1]), items=items)


def read_number(text: bytes, word: bytes) -> int | None:
    """`12 EXISTS`."""
    match = re.fullmatch(rb"(\d{1,12}) " + word + rb"\s*", text, re.IGNORECASE)
    return int(match[1]) if match else None


def read_values(parts: list[Part]) -> list[Any]:
    """Words as text, quoted text and literals as bytes, lists as lists, NIL as None; a literal that was skipped as it
    is. Raises `NotImap`."""
    stack: list[list[Any]] = [[]]
    for at, part in enumerate(parts):
        if at % 2 or isinstance(part, Skipped):
            stack[-1].append(part)
        else:
            _read_text(part, stack)
    if len(stack) != 1:
        raise NotImap("a list without an end")
    return stack[0]


def _read_text(text: bytes, stack: list[list[Any]]) -> None:
    at = 0
    while at < len(text):
        letter = text[at : at + 1]
        if letter.isspace():
            at += 1
        elif letter == b"(":
            if len(stack) > MOST_DEPTH:
                raise NotImap("lists within lists beyond any use")
            stack[-1].append([])
            stack.append(stack[-1][-1])
            at += 1
        elif letter == b")":
            if len(stack) == 1:
                raise NotImap("a list without a beginning")
            stack.pop()
            at += 1
        else:
            at = _read_word(text, at, stack[-1])


def _read_word(text: bytes, at: int, into: list[Any]) -> int:
    """Where it ends."""
    quoted = _QUOTED.match(text, at)
    if quoted is not None:
        into.append(re.sub(rb"\\(.)", rb"\1", quoted[1]))
        return quoted.end()
    word = _WORD.match(text, at)
    if word is None:
        raise NotImap("a letter that begins nothing")
    into.append(None if word[0].upper() == b"NIL" else word[0].decode("latin-1"))
    return word.end()


def _printed(text: bytes) -> str:
    """A server's words, as they can be shown to people."""
    return "".join(letter if letter.isprintable() else " " for letter in text.decode("utf-8", "replace")).strip()
