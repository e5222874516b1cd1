"""What a reader of a mail sees first: its text and its HTML, of all the parts that hold them; the rest are files."""

import itertools
from collections.abc import Sequence
from typing import Final

import msgspec

from channels.email.charsets import decode, tidy
from channels.email.html import Shown, as_html, read_html
from channels.email.mime import Part, content

MOST_TEXT: Final = 1_000_000
MOST_BODIES: Final = 200

_UNREAD: Final = frozenset({"text/x-amp-html", "text/watch-html"})
_TEXTS: Final = frozenset({"text/plain", "text/html"})
_HTMLS: Final = _UNREAD | {"text/html"}
_DATA: Final = frozenset({"text/calendar", "text/csv", "text/css", "text/directory", "text/javascript", "text/vcard"}
                         | {"text/rfc822-headers", "text/x-vcard", "text/xml"})  # fmt: skip


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """`kept` are the numbers of parts that are files, among them texts of which not all could be shown."""

    text: str = ""
    html: str | None = None
    marked_at: int | None = None
    signed_at: int | None = None
    kept: tuple[int, ...] = ()
    defects: tuple[str, ...] = ()


class _Block:
    """One run of the mail, in one form or in two that say the same."""

    def __init__(self) -> None:
        self.plain: list[str] = []
        self.html: list[Shown] = []


def read_body(raw: bytes, parts: Sequence[Part], subject: str | None) -> Body:
    blocks: dict[object, _Block] = {}
    kept: list[int] = []
    defects: list[str] = []
    room = MOST_TEXT
    shown = _shown(parts)
    for number, part in enumerate(parts):
        if number not in shown:
            if part.type not in _UNREAD or part.alternative is None:
                kept.append(number)
            continue
        if not _is_shown(part) and part.file_name is not None:
            kept.append(number)
        if len(blocks) >= MOST_BODIES or room <= 0:
            kept.append(number)
            continue
        text, is_whole = _text(raw, part, room, defects)
        room -= len(text)
        if not is_whole:
            kept.append(number)
            defects.append("its text is too long to show: the whole is a file beside it")
        block = blocks.setdefault(("alternative", part.alternative) if part.alternative else number, _Block())
        if part.type in _HTMLS:
            block.html.append(read_html(text, subject=subject))
            if block.html[-1].html is None and is_whole:
                kept.append(number)
                defects.append("its HTML is too large to show safely: it is a file beside it")
        else:
            block.plain.append(text)
    return _joined(list(blocks.values()), tuple(kept), defects)


def _shown(parts: Sequence[Part]) -> set[int]:
    """The texts of a mail; where it has none, the first that can be one, whatever it is called: some programs give
    the text itself a name, or a type of their own."""
    shown = {number for number, part in enumerate(parts) if _is_shown(part)}
    if shown:
        return shown
    spoken = (number for number, part in enumerate(parts) if _can_be_shown(part, is_alone=len(parts) == 1))
    return set(itertools.islice(spoken, 1))


def _can_be_shown(part: Part, *, is_alone: bool) -> bool:
    if part.disposition == "attachment" and not is_alone:
        return False
    return part.type in _TEXTS or (part.type.startswith("text/") and part.type not in _DATA and part.file_name is None)


def _is_shown(part: Part) -> bool:
    if part.type not in _TEXTS or part.disposition == "attachment":
        return False
    return part.file_name is None or (part.disposition == "inline" and part.alternative is not None)


def _text(raw: bytes, part: Part, most: int, defects: list[str]) -> tuple[str, bool]:
    """At most as many characters, and whether that is all."""
    held: list[bytes] = []
    length, is_whole = 0, True
    for piece in content(raw, part, defects):
        held.append(piece[: 4 * most - length])
        length += len(piece)
        if length > 4 * most:
            is_whole = False
            break
    text, fault = decode(b"".join(held), part.parameters.get("charset"))
    if fault:
        defects.append(fault)
    text = tidy(text)
    if part.parameters.get("format", "").lower() == "flowed":
        text = _unflowed(text, is_spaced=part.parameters.get("delsp", "").lower() != "yes")
    return text[:most], is_whole and len(text) <= most


def _unflowed(text: str, *, is_spaced: bool) -> str:
    """Lines that end in a blank go on (RFC 3676), of one depth of quotes; the line of a signature does not."""
    said: list[str] = []
    goes_on: int | None = None
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:]
        words = words.removeprefix(" ")
        if goes_on is not None and depth == goes_on and words != "-- ":
            said.append(words)
        else:
            said.append(("\n" if said else "") + (">" * depth + " " if depth else "") + words)
        is_soft = words.endswith(" ") and words != "-- "
        goes_on = depth if is_soft else None
        if is_soft and not is_spaced:
            said[-1] = said[-1][:-1]
    return "".join(said)


def _joined(blocks: list[_Block], kept: tuple[int, ...], defects: list[str]) -> Body:
    texts: list[str] = []
    shown: list[str] = []
    marks: list[int | None] = [None, None]
    length = 0
    has_html = any(one.html is not None for block in blocks for one in block.html)
    for block in blocks:
        text = "\n".join(one.rstrip("\n") for one in block.plain)
        if not text.strip() and block.html:
            marks = [
                mark if mark is not None or new is None else new + length
                for mark, new in zip(marks, (block.html[0].quoted_at, block.html[0].signed_at), strict=True)
            ]
            text = "\n".join(one.text for one in block.html)
        if text.strip():
            texts.append(text)
            length += len(text) + 1
        if has_html:
            safe = [one.html for one in block.html if one.html is not None]
            shown += safe or [as_html(text)]
    return Body(
        text="\n".join(texts),
        html="\n".join(shown) if has_html else None,
        marked_at=marks[0],
        signed_at=marks[1],
        kept=tuple(sorted(set(kept))),
        defects=tuple(dict.fromkeys(defects)),
    )
