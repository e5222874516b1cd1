"""What does somebody ask for who types into the search field? Words, "phrases", `-not`, `OR`, and operators such as
`from:` or `before:`, read into their parts; what cannot be meant is refused with its place.

A sentence is no formula: a quote inside a word, a dash on its own or `OR` in a text that is all capitals mean nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

LONGEST: Final = 1_000
MOST_TERMS: Final = 50
"""Operators of one question."""
MOST_PHRASES: Final = 10

Operator = Literal[
    "from", "channel", "kind", "status", "queue", "tag", "agent", "outcome", "before", "after", "order", "ticket"
]
OPERATORS: Final[tuple[Operator, ...]] = (
    "from", "channel", "kind", "status", "queue", "tag", "agent", "outcome", "before", "after", "order", "ticket",
)  # fmt: skip

_DOT: Final = "\u0307"
"""What small letters leave of `İ` besides an `i`: no letter, and no end of a word."""
_PIECE: Final = re.compile(r"[^\W_]+")
_APOSTROPHE: Final = re.compile(r"(?<=[^\W_])['’ʼ](?=(?:s|t|d|m|re|ll|ve)(?![^\W_]))")
_SCAN: Final = re.compile(
    rf"""
    (?P<blank>\s+)
  | (?P<not>-)?(?P<operator>(?:{"|".join(OPERATORS)})):(?:"(?P<value>[^"]*)"|(?P<bare>[^\s"]+))(?!\S)
  | (?P<minus>-)?"(?P<phrase>[^"]*)"(?=\W|$)
  | (?P<open>-?"[^"]*$)
  | (?P<or>(?-i:OR))(?!\S)
  | (?P<without>-(?=[^\W_]))?(?P<word>\S+)
    """,
    re.VERBOSE | re.IGNORECASE,
)


class QueryFault(ValueError):
    """`at` is the place in the text as it was typed, the first character being 1."""

    def __init__(self, at: int, words: str) -> None:
        self.at = at
        self.words = words
        super().__init__(f"at character {at}: {words}")


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """An operator with its value, and where it stands."""

    operator: Operator
    value: str
    at: int


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`typed` is all of it; `text` what was said without formulas, for its meaning. Words and phrases are in small
    letters, a phrase's words a blank apart. `open` says that the last word may go on: nothing follows it yet."""

    typed: str = ""
    text: str = ""
    words: tuple[str, ...] = ()
    open: bool = False
    phrases: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether anything is sought that words or meaning could find."""
        return bool(self.words or self.phrases or self.groups)


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["word", "phrase", "or"]
    pieces: tuple[str, ...]
    shown: str
    at: int


def read_question(text: str) -> Question:
    """Raises QueryFault."""
    if len(text) > LONGEST:
        raise QueryFault(LONGEST + 1, f"a question has at most {LONGEST} characters")
    shouted = not any(map(str.islower, text)) and len(text.split()) > 3
    parts: list[_Part] = []
    excluded: list[str] = []
    terms: list[Term] = []
    for found in _SCAN.finditer(text):
        at = found.start() + 1
        if found["operator"]:
            terms.append(_term(found, at))
        elif found["open"]:
            raise QueryFault(at, "this quote is never closed")
        elif found["minus"] or found["without"]:
            excluded.append(" ".join(_pieces(found["phrase"] or found["word"] or "")))
        elif found["or"] and not shouted:
            parts.append(_Part(kind="or", pieces=(), shown="or", at=at))
        elif not found["blank"]:
            parts.append(_part(found, at))
    _check(parts, excluded, terms, text)
    return _question(text, parts, [one for one in excluded if one], terms)


def pieces(text: str) -> tuple[str, ...]:
    """The words of a text: letters and digits, small, NFKC."""
    return tuple(_pieces(text))


def read_day(term: Term) -> datetime:
    """When a day, a month, a year or an instant begins, in UTC. Raises QueryFault."""
    text = term.value
    for form in ("%Y-%m-%d", "%Y-%m", "%Y"):
        if len(text) == len(datetime(2000, 1, 1, tzinfo=UTC).strftime(form)):
            try:
                return _bounded(datetime.strptime(text, form).replace(tzinfo=UTC), term)
            except ValueError:
                break
    try:
        instant = msgspec.convert(text.upper(), datetime)
    except msgspec.ValidationError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise QueryFault(
            term.at, f"{term.operator}: takes a day such as 2026-01-31, a month, a year, or an RFC 3339 time"
        )
    return _bounded(instant, term)


def _bounded(instant: datetime, term: Term) -> datetime:
    if not 1970 <= instant.year < 2200:
        raise QueryFault(term.at, f"{term.operator}: takes the years 1970 to 2199")
    return instant


def _term(found: "re.Match[str]", at: int) -> Term:
    operator: Operator = next(one for one in OPERATORS if one == found["operator"].lower())
    if found["not"]:
        raise QueryFault(at, f'{operator}: cannot be excluded; -word and -"some words" can')
    value = (found["value"] if found["bare"] is None else found["bare"]).strip()
    if not value:
        raise QueryFault(at, f"nothing stands behind {operator}:")
    return Term(operator=operator, value=value, at=at)


def _part(found: "re.Match[str]", at: int) -> _Part:
    shown = found["phrase"] if found["phrase"] is not None else found["word"] or found["or"]
    read = tuple(_pieces(shown))
    kind = "word" if found["phrase"] is None else "phrase"
    return _Part(kind=kind, pieces=read, shown=" ".join(shown.split()), at=at)


def _check(parts: list[_Part], excluded: list[str], terms: list[Term], text: str) -> None:
    for before, part, after in zip([None, *parts], parts, [*parts[1:], None], strict=False):
        sides = [one for one in (before, after) if one is not None and one.kind != "or" and one.pieces]
        if part.kind == "or" and len(sides) < 2:
            raise QueryFault(part.at, "OR stands between two words or phrases")
    if any(excluded) and not any(part.pieces for part in parts):
        raise QueryFault(text.index("-") + 1, "say also what is to be there: -word only takes away")
    if len(terms) > MOST_TERMS:
        raise QueryFault(terms[MOST_TERMS].at, f"at most {MOST_TERMS} operators")
    phrases = [part for part in parts if part.kind == "phrase"]
    if len(phrases) > MOST_PHRASES:
        raise QueryFault(phrases[MOST_PHRASES].at, f"at most {MOST_PHRASES} phrases")


def _question(text: str, parts: list[_Part], excluded: list[str], terms: list[Term]) -> Question:
    groups = list(_groups(parts))
    grouped = {id(part) for group in groups for part in group}
    free = [part for part in parts if id(part) not in grouped and part.kind != "or"]
    words = [piece for part in free if part.kind == "word" for piece in part.pieces]
    open_ended = bool(words) and free[-1].kind == "word" and text[-1:].isalnum()
    last = parts[-1] if parts else None
    return Question(
        typed=text,
        text=" ".join(part.shown for part in parts if part.pieces),
        words=tuple(dict.fromkeys(words)),
        open=open_ended and last is free[-1],
        phrases=tuple(dict.fromkeys(" ".join(part.pieces) for part in free if part.kind == "phrase" and part.pieces)),
        groups=tuple(tuple(dict.fromkeys(" ".join(part.pieces) for part in group)) for group in groups),
        excluded=tuple(dict.fromkeys(excluded)),
        terms=tuple(terms),
    )


def _groups(parts: list[_Part]) -> Iterator[list[_Part]]:
    group: list[_Part] = []
    for index, part in enumerate(parts):
        if part.kind == "or":
            group = group or [parts[index - 1]]
            group.append(parts[index + 1])
        elif group and (index + 1 == len(parts) or parts[index + 1].kind != "or"):
            yield group
            group = []


def _pieces(text: str) -> list[str]:
    return _PIECE.findall(_APOSTROPHE.sub("", unicodedata.normalize("NFKC", text).lower().replace(_DOT, "")))
