"""Which part of a text was typed? Marked, and nothing else in it is markup; what is most like it comes first."""

import re
from collections.abc import Iterable
from typing import Final

from markupsafe import Markup, escape

from identity.explaining import IdentifierView
from search.little_words import without_little

MOST_WORDS: Final = 8
LEAST_DIGITS: Final = 4
"""A number that is known by fewer digits could be any."""
_JOINT: Final = re.compile(r"(?<=[\w>])([@.])(?=[\w<])")
_WORD: Final = re.compile(r"[^\W_]+")


def marked(text: str, typed: str) -> Markup:
    """`text` with what begins as a word that was typed in `<mark>`, whatever the case; little words only
    where nothing else was typed."""
    words = sorted(dict.fromkeys(without_little(_WORD.findall(typed))), key=len, reverse=True)[:MOST_WORDS]
    if not words:
        return escape(text)
    found = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, words))})", re.IGNORECASE)
    spans = _number(text, typed) or [one.span() for one in found.finditer(text)]
    shown, end = Markup(""), 0
    for first, last in spans:
        shown += escape(text[end:first]) + Markup("<mark>{}</mark>").format(text[first:last])
        end = last
    return shown + escape(text[end:])


def breakable(text: str) -> Markup:
    """`text`, marked already or not, that may be broken behind an `@` and a full stop within it."""
    return Markup(_JOINT.sub(r"\1<wbr>", str(escape(text))))  # noqa: S704 - escaped, and marks hold neither sign


def matching(identifiers: Iterable[IdentifierView], typed: str) -> list[IdentifierView]:
    """Those that are most like what was typed first; a number is itself however it is written."""
    parts, digits = typed.casefold().split(), _digits(typed)

    def likeness(one: IdentifierView) -> int:
        number = len(parts) if digits and digits in _digits(one.value) else 0
        return number + sum(part in one.raw.casefold() for part in parts)

    return sorted(identifiers, key=likeness, reverse=True)


def _digits(text: str) -> str:
    """Of a number, without what is dialled before it; of a few digits, or of words, nothing."""
    digits = "".join(filter(str.isdecimal, text)).lstrip("0")
    return digits if len(digits) >= LEAST_DIGITS and not any(map(str.isalpha, text)) else ""


def _number(text: str, typed: str) -> list[tuple[int, int]]:
    """Where in a number the digits stand that were typed, whatever stands between them."""
    digits, places = _digits(typed), [at for at, sign in enumerate(text) if sign.isdecimal()]
    at = "".join(text[one] for one in places).find(digits) if digits and _digits(text) else -1
    return [] if at < 0 else [(places[at], places[at + len(digits) - 1] + 1)]
