"""Do two contacts differ as entries of a list do? user1@ and user2@, the next phone number, the house next door, and
one name over ever more addresses: several people, however much else was filled in alike."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from identity.evidence import STRONG
from identity.facts import Address, Email, Phone, Profile, Value

_OWN: Final = frozenset({"email", "handle"})
"""Kinds of which one numbered pair is enough where both sides prove it."""
_REACHED: Final = frozenset({"email", "phone", "handle"})
"""Where people are written to: ids are mistyped in lists, and streets along with them."""
MOST_OWN: Final = 6
"""Of 5,168 people of a stream one had five mailboxes, and nobody six; of numbers nobody five."""
MOST_PROVED: Final = 5
"""Of those that were proved, nobody had five."""
_LAST: Final = 3
"""Numbers that are equal but for so many of their last digits are neighbours."""
_NUMBER: Final = re.compile(r"\d+")


def several(a: Profile, b: Profile) -> Iterator[str]:
    """In words, what shows two who share no identifier to be several people."""
    if all(a.field(kind).keys().isdisjoint(b.field(kind)) for kind in STRONG):
        yield from _series(a, b)
        yield from _crowd(a, b)


def _series(a: Profile, b: Profile) -> Iterator[str]:
    """Numbered through: one thing that both prove, one thing where there is no name to tell them by, or two."""
    pairs = {field: pair for field in _STEMS if (pair := _numbered(field, a, b)) is not None}
    proved = any(field in _OWN and _proved(field, pair, a, b) for field, pair in pairs.items())
    named = a.field("name") and b.field("name")
    if proved or (pairs and not named) or (len(pairs) > 1 and not _REACHED.isdisjoint(pairs)):
        texts = (f"{_text(one)} and {_text(other)}" for one, other in pairs.values())
        yield f"numbered through: {', '.join(texts)}"


def _crowd(a: Profile, b: Profile) -> Iterator[str]:
    """More addresses or numbers than people have: a name and a town that were filled in for everybody."""
    for field in ("email", "phone"):
        if len(a.field(field)) + len(b.field(field)) <= min(MOST_OWN, MOST_PROVED):
            continue
        values = a.field(field).keys() | b.field(field).keys()
        proved = {value for kind, value in a.proved | b.proved if kind == field}
        if len(values) > MOST_OWN or len(proved) > MOST_PROVED:
            yield f"{len(values)} {'e-mails' if field == 'email' else 'phones'} and none in common"


def numbered(field: str, one: Value, other: Value) -> bool:
    """Whether two values of a field, which differ, are equal but for their number."""
    stem = _STEMS.get(field)
    return stem is not None and stem(one) == stem(other) != ""


def _numbered(field: str, a: Profile, b: Profile) -> tuple[Value, Value] | None:
    """Two values of a field that are equal but for their number."""
    mine, theirs = a.field(field), b.field(field)
    if not (mine and theirs):
        return None
    stem = _STEMS[field]
    ours = {stem(value): value for value in mine}
    for other in theirs:
        one = ours.get(stem(other)) if stem(other) else None
        if one is not None and one != other:
            return one, other
    return None


def _proved(field: str, pair: tuple[Value, Value], a: Profile, b: Profile) -> bool:
    return (field, pair[0]) in a.proved and (field, pair[1]) in b.proved


def _text(value: Value) -> str:
    if isinstance(value, Email):
        return value.value
    if isinstance(value, Phone):
        return value.shown
    if isinstance(value, Address):
        return f"{value.number} {value.street}"
    return value if isinstance(value, str) else value[1]


# -- what is left without the number; empty where there is none ------------------------------------------------


@lru_cache(maxsize=65_536)
def _stem(text: str) -> str:
    stem = _NUMBER.sub("#", text)
    return "" if stem == text else stem


def _email(value: Email) -> str:
    return _stem(value.value)


def _phone(value: Phone) -> str:
    return value.value[:-_LAST] if len(value.value) > 7 else ""


def _scoped(value: tuple[str, str]) -> str:
    stem = _stem(value[1])
    return f"{value[0]}:{stem}" if stem else ""


def _national(value: str) -> str:
    return value[:-_LAST]


def _address(value: Address) -> str:
    return f"{value.street}, {value.postcode}, {value.place}" if value.street and value.number else ""


_STEMS: Final[dict[str, Callable[[Value], str]]] = {
    "email": _email,
    "phone": _phone,
    "external": _scoped,
    "handle": _scoped,
    "address": _address,
    "national_id": _national,
}
