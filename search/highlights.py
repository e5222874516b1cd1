"""What matched in a text: the stretch of it where most of the asked words stand, as HTML in which nothing of the text
is markup but our own `<mark>`."""

import functools
import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

LONGEST: Final = 280
BEFORE: Final = 60
_LONGEST_TEXT: Final = 20_000
_WORD: Final = re.compile(r"[^\W_]+")
_PARTS: Final = re.compile(r"[a-z]+|\d+")
_ENDINGS: Final = ("ings", "ing", "edly", "ed", "ies", "es", "s", "en", "e", "y")
_FEWEST: Final = 3


def highlight(texts: Sequence[str], words: Iterable[str], phrases: Iterable[str], idents: Iterable[str]) -> str:
    """Of the first text in which something matches; of the first at all where nothing does. Words match in any case,
    with their endings."""
    wanted = {_root(word) for word in words}
    found_first = ""
    for text in texts:
        plain = text[:_LONGEST_TEXT]
        found_first = found_first or plain
        if spans := _spans(plain, wanted, phrases, idents):
            return _shown(plain, spans)
    return _shown(found_first, [])


def _spans(text: str, wanted: set[str], phrases: Iterable[str], idents: Iterable[str]) -> list[tuple[int, int]]:
    spans = [found.span() for found in _WORD.finditer(text) if _root(found[0]) in wanted]
    patterns = [r"[\W_]+".join(map(re.escape, phrase.split())) for phrase in phrases if phrase]
    patterns += [r"[\W_]*".join(_PARTS.findall(ident)) for ident in idents]
    for pattern in patterns:
        spans += [found.span() for found in re.finditer(rf"(?<![^\W_]){pattern}(?![^\W_])", text, re.IGNORECASE)]
    return _joined(sorted(spans))


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _shown(text: str, spans: list[tuple[int, int]]) -> str:
    start = _start(text, spans)
    end = min(len(text), start + LONGEST)
    if end < len(text):
        end = max(text.rfind(" ", start + LONGEST // 2, end), start + LONGEST // 2)
    parts, at = ["…" if start else ""], start
    for first, last in spans:
        if first >= start and last <= end:
            parts += [html.escape(text[at:first]), "<mark>", html.escape(text[first:last]), "</mark>"]
            at = last
    parts += [html.escape(text[at:end]), "…" if end < len(text) else ""]
    return " ".join("".join(parts).split())


def _start(text: str, spans: list[tuple[int, int]]) -> int:
    """Where the stretch with the most matches begins, at a word."""
    if len(text) <= LONGEST or not spans:
        return 0
    firsts = [first for first, _ in spans]
    best = max(firsts, key=lambda first: (sum(first <= other < first + LONGEST - BEFORE for other in firsts), -first))
    start = max(0, min(best - BEFORE, len(text) - LONGEST))
    if start == 0:
        return 0
    blank = text.find(" ", start, best)
    return start if blank < 0 else blank + 1


@functools.lru_cache(maxsize=50_000)
def _root(word: str) -> str:
    return _stem(_folded(word))


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _FEWEST:
            return word[: -len(ending)]
    return word
