"""Which ids does a text name, and how are they, names and addresses written so that equal ones are equal? One token
an id, whatever its case, blanks, dashes and prefix: for documents and for queries.

A document gives what is an id beyond doubt (`idents`), a query every reading of what was typed (`asked_idents`): they
meet where one of the spellings is the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

import anyascii

MOST: Final = 100
"""Tokens of one text."""
LONGEST: Final = 64
_LONGEST_TEXT: Final = 100_000
_LONGEST_QUERY: Final = 1_000
_FEWEST: Final = 3
_BARE_DIGITS: Final = 5
"""So many digits are an id without anything that says so; 4 are a year or an amount."""
_MOST_PIECES: Final = 6
_LONGEST_PREFIX: Final = 5

_DASHES: Final = dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE63], "-")
_UNSEEN: Final = dict.fromkeys([0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])
_FOLDED: Final = _DASHES | _UNSEEN

_ELSE: Final = re.compile(
    r"""
    [^\s@<>()]+@[^\s@<>()]+                                  # addresses
  | \bhttps?://\S+
  | \d{4}-\d\d?-\d\d?(?:t[\d:.+z-]*)?                        # dates and times
  | \b\d\d?[/.-]\d\d?[/.-](?:\d{4}|\d\d)\b
  | \b\d\d?:\d\d(?::\d\d)?\b
  | [$€£¥₹]\s*\d[\d.,]*                                      # amounts
  | \d[\d.,]*\s*(?:[$€£¥₹%]|(?:usd|eur|gbp|chf|inr|jpy|dollars?|euros?|pounds?|percent)\b)
  | \d+[.,]\d+(?:[.,]\d+)*
    """,
    re.VERBOSE,
)
_SAYS: Final = (
    r"order|orders|ord|ticket|case|ref|reference|reservation|booking|invoice|inv|number|no|nr|num|id|tracking|shipment|"
    r"account|bestellung|bestellnummer|auftrag|rechnung|vorgang|nummer|commande|facture|pedido|factura|ordine|fattura"
)
_NAMED: Final = re.compile(rf"(?:\#\s*|\b(?:{_SAYS})[.:]?\s*\#?\s*)(\d{{3,{LONGEST}}})(?![\w.,-]*\w)")
_HASHED: Final = re.compile(r"#\s*(\d+)\b")
_RUN: Final = re.compile(r"[a-z0-9]+(?:[-_/#]+[a-z0-9]+)*")
_GROUPS: Final = re.compile(r"(?<![\w.,-])\d{3,5}(?: \d{3,5})+(?![\w.,-]*\d)")
_PIECE: Final = re.compile(r"[a-z]+|\d+")
_PART: Final = re.compile(r"[a-z0-9]+")
_UNIT: Final = re.compile(
    r"\d+(?:st|nd|rd|th|am|pm|k|m|x|s|kg|g|gb|mb|tb|ml|l|cm|mm|km|in|ft|lb|lbs|oz|w|v|hz|mah|h|hr|hrs|min|mins|d|days?|"
    r"weeks?|months?|years?|usd|eur|gbp|bps|p|px)"
)
_WORDS: Final = re.compile(r"[\W_]+")
_DIGIT: Final = re.compile(r"\d")


def idents(text: str) -> tuple[str, ...]:
    """The ids that a text names, each in its spellings: `#ORD-482133` is `ord482133` and `482133`."""
    plain = _ELSE.sub(" ; ", _plain(text, _LONGEST_TEXT))
    return _first(_found(plain))


def spellings(known: str) -> tuple[str, ...]:
    """The tokens of what is known to be an id, however short: a ticket's number, an order's, a source's own."""
    parts = _PART.findall(_plain(known, _LONGEST_QUERY))
    return _first(_spelt(parts), 1)


def asked_idents(text: str) -> tuple[str, ...]:
    """Every reading of what was typed that a document's id may have, the longest first: blanks may stand anywhere in
    it, and anything before it may be its prefix or a word."""
    plain = _ELSE.sub(" ; ", _plain(text, _LONGEST_QUERY))
    alone = "".join(_PART.findall(plain))
    readings = {alone: None} if alone.isdigit() else {}
    readings |= dict.fromkeys(_HASHED.findall(plain))
    for stretch in re.split(r"[;,!?]", plain):
        readings |= dict.fromkeys(_readings(_pieces(stretch)))
    return _first(sorted(readings, key=len, reverse=True), 1)


def name_token(text: str) -> str:
    """A person's or a company's name in small Latin letters, one blank between its words."""
    return _WORDS.sub(" ", anyascii.anyascii(unicodedata.normalize("NFKC", text[: LONGEST * 4])).lower()).strip()


def people(names: Iterable[str], values: Iterable[str]) -> tuple[str, ...]:
    """Names, each whole and by its words, and the normal values of identifiers (`identity.identifiers`) as a document
    carries them and `from:` asks for them; sorted."""
    whole = {name_token(name) for name in names}
    words = {word for name in whole for word in name.split() if len(word) > 1}
    return tuple(sorted((whole | words | {value.strip().lower() for value in values}) - {""}))[:MOST]


def _found(plain: str) -> Iterator[str]:
    for run in _RUN.findall(plain):
        if not run.isalpha():
            yield from _tokens_of(run)
    yield from _NAMED.findall(plain)
    for groups in _GROUPS.findall(plain):
        squeezed = groups.replace(" ", "")
        if len(squeezed) >= 2 * _BARE_DIGITS - 2:
            yield squeezed


def _tokens_of(run: str) -> Iterator[str]:
    """Of letters and digits without a blank: nothing where it is a word, a measure or a small number."""
    digits = sum(map(str.isdigit, run))
    parts = _PART.findall(run)
    whole = "".join(parts)
    if whole.isdigit():
        if digits >= _BARE_DIGITS:
            yield from _spelt(parts)
    elif digits and not _UNIT.fullmatch(whole) and (digits >= _FEWEST or _woven(whole)):
        yield from _spelt(parts)


def _woven(whole: str) -> bool:
    """Letters and digits in turns, as in a booking's code: `zfa04y`."""
    return len(whole) >= _BARE_DIGITS and len(_PIECE.findall(whole)) > 2


def _spelt(parts: list[str]) -> Iterator[str]:
    """Whole, and without what stands before it, prefix by prefix."""
    for start in range(len(parts)):
        squeezed = "".join(parts[start:])
        before = "".join(parts[:start])
        if start == 0 or _tells(before if start == len(parts) - 1 else "", squeezed):
            yield squeezed
        letters = re.match(r"[a-z]+(?=\d+$)", parts[start]) if start == len(parts) - 1 else None
        if letters and _tells(before + letters[0], squeezed[letters.end() :]):
            yield squeezed[letters.end() :]


def _tells(before: str, token: str) -> bool:
    """Whether enough of an id is left without what stands before it: many digits, or a few behind a short prefix."""
    digits = sum(map(str.isdigit, token))
    if digits >= _BARE_DIGITS:
        return True
    return digits >= _FEWEST and before.isalpha() and len(before) <= _LONGEST_PREFIX


def _readings(pieces: list[tuple[str, bool]]) -> Iterator[str]:
    """Neighbouring pieces as one token; a run that is all letters is a word. Of each piece is said whether it stands
    together with the one before."""
    for start in range(min(len(pieces), 60)):
        for end in range(start + 1, min(start + _MOST_PIECES, len(pieces)) + 1):
            token = "".join(piece for piece, _ in pieces[start:end])
            digits = sum(map(str.isdigit, token))
            if not digits or len(token) < _FEWEST + 1:
                continue
            if not pieces[start][1] or _tells(pieces[start - 1][0], token):
                yield token


def _pieces(stretch: str) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    end = -1
    for piece in _PIECE.finditer(stretch):
        found.append((piece[0], piece.start() == end))
        end = piece.end()
    return found


def _plain(text: str, longest: int) -> str:
    plain = unicodedata.normalize("NFKC", text[:longest]).translate(_FOLDED).lower()
    return plain if plain.isascii() else _DIGIT.sub(lambda found: str(unicodedata.digit(found[0])), plain)


def _first(tokens: Iterable[str], least: int = _FEWEST) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for token in tokens:
        if least <= len(token) <= LONGEST:
            found[token] = None
            if len(found) == MOST:
                break
    return tuple(found)
