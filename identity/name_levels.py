"""Which level do two names reach? Given and family name in one comparison, the order of the two tried both ways."""

from functools import lru_cache
from typing import Final

import msgspec
from rapidfuzz.distance import OSA, JaroWinkler

from identity.facts import NameKey
from identity.names import feminine, known_given, nicknames, respelled, same_consonants, two_names

AGREE: Final = frozenset({"exact", "nickname", "one_edit", "respelled", "short", "part", "close", "initial"})
TWO_NAMES: Final = {"one_edit": "alike", "close": "alike", "conflicting": "another"}
"""What the levels are where people are known to be called both."""
_APART: Final = frozenset({"conflicting", "another", "feminine", "initial_conflict"})
_SURE: Final = frozenset({"exact", "one_edit"})
_WEAK: Final = frozenset({"initial", "close"})
_RANKED: Final = (
    *("exact", "nickname", "one_edit", "respelled", "short", "part", "close", "initial"),
    *("alike", "feminine", "initial_conflict", "conflicting", "another"),
)
_SPELLED: Final = frozenset({"latin", "alphabetic"})
_ORDER: Final = {level: rank for rank, level in enumerate(_RANKED)}
_Found = tuple[str, str, str]


class NameLevels(msgspec.Struct, frozen=True, kw_only=True):
    """The levels of given and family name (None: one side has none), the words that agreed or not on either side
    (empty where there is no level), and whether one of the two wrote the family name first."""

    given: str | None
    family: str | None
    given_words: tuple[str, str]
    family_words: tuple[str, str]
    swapped: bool


@lru_cache(maxsize=65_536)
def given_level(a: str, b: str) -> str:
    if a == b:
        return "exact" if len(a) > 1 else "initial"
    if min(len(a), len(b)) == 1:
        return "initial" if a[0] == b[0] else "initial_conflict"
    if nicknames(a, b):
        return "nickname"
    if feminine(a, b):
        return "feminine"
    two = known_given(a) and known_given(b) and respelled(a) != respelled(b)
    if min(len(a), len(b)) >= 3 and (a.startswith(b) or b.startswith(a)):
        return "alike" if two and abs(len(a) - len(b)) <= 2 else "short"
    level = _spelling(a, b)
    return TWO_NAMES.get(level, level) if two else level


@lru_cache(maxsize=65_536)
def family_level(a: str, b: str) -> str:
    if a == b:
        return "exact" if len(a) > 1 else "initial"
    if min(len(a), len(b)) == 1:
        return "initial" if a[0] == b[0] else "initial_conflict"
    return _spelling(a, b)


def _spelling(a: str, b: str) -> str:
    shortest, longest = sorted((len(a), len(b)))
    edits = OSA.distance(a, b, score_cutoff=3)
    if edits == 1 and shortest >= 3 and not two_names(a, b):
        return "one_edit"
    if respelled(a) == respelled(b) and not two_names(a, b):
        return "respelled"
    near = (edits == 1 and shortest == 2) or (edits == 2 and longest >= 5)
    if near or (shortest >= 5 and JaroWinkler.similarity(a, b) >= 0.92):
        return "close"
    return "conflicting"


def name_levels(a: NameKey, b: NameKey) -> NameLevels:
    """The same for (b, a): one of the two always goes first, and the words are told in that order."""
    return _levels(a, b) if a <= b else _levels(b, a)


@lru_cache(maxsize=65_536)
def _levels(a: NameKey, b: NameKey) -> NameLevels:
    found = _in_either_order(a, b)
    if a.script == b.script or _SPELLED.issuperset((a.script, b.script)):
        return found
    loose = "han" not in (a.script, b.script)
    return msgspec.structs.replace(
        found,
        given=_across_scripts(found.given, a.given, b.given, loose),
        family=_across_scripts(found.family, a.family, b.family, loose),
    )


def _across_scripts(level: str | None, a: tuple[str, ...], b: tuple[str, ...], loose: bool) -> str | None:
    """A character is read in several ways, and Arabic writes no vowels: what agrees does, what does not may."""
    if level not in _APART:
        return level
    if not loose:
        return None
    return "close" if same_consonants("".join(a), "".join(b)) else level


def _in_either_order(a: NameKey, b: NameKey) -> NameLevels:
    straight = _compared(a.given, a.family, b.given, b.family, swapped=False)
    agreed = [level for level in (straight.given, straight.family) if level is not None]
    if agreed and AGREE.issuperset(agreed):
        return straight
    swapped = _compared(a.given, a.family, b.family, b.given, swapped=True)
    agreed = [level for level in (swapped.given, swapped.family) if level is not None]
    if AGREE.issuperset(agreed) and not _WEAK.issuperset(agreed):
        return swapped
    if straight.given in _APART and straight.family in _APART and _SURE.intersection(agreed):
        return swapped
    return straight


def _compared(
    a_given: tuple[str, ...],
    a_family: tuple[str, ...],
    b_given: tuple[str, ...],
    b_family: tuple[str, ...],
    swapped: bool,
) -> NameLevels:
    given = _best_given(a_given, b_given) if a_given and b_given else None
    family = _best_family(a_family, b_family) if a_family and b_family else None
    return NameLevels(
        given=given[0] if given else None,
        family=family[0] if family else None,
        given_words=given[1:] if given else ("", ""),
        family_words=family[1:] if family else ("", ""),
        swapped=swapped,
    )


def _best_given(a: tuple[str, ...], b: tuple[str, ...]) -> _Found:
    """The first name of one among the names of the other."""
    best = given_level(a[0], b[0]), a[0], b[0]
    seconds = zip(a[1:2], b[1:2], strict=False) if best[0] == "exact" else ()
    for one, other in seconds:
        if given_level(one, other) in _APART:
            return "alike", one, other
    if len(a) == len(b) == 1 or best[0] in ("exact", "nickname"):
        return best
    tried = [
        best,
        (given_level("".join(a), "".join(b)), a[0], b[0]),
        *((given_level(a[0], other), a[0], other) for other in b[1:] if len(other) > 1),
        *((given_level(one, b[0]), one, b[0]) for one in a[1:] if len(one) > 1),
    ]
    return min(tried, key=lambda found: _ORDER[found[0]])


def _best_family(a: tuple[str, ...], b: tuple[str, ...]) -> _Found:
    """The whole names, or one part of a hyphenated name."""
    whole = family_level("".join(a), "".join(b)), a[-1], b[-1]
    if len(a) == len(b) == 1 or whole[0] != "conflicting":
        return whole
    parts = [(family_level(one, other), one, other) for one in a for other in b if min(len(one), len(other)) > 2]
    level, one, other = min(parts, key=lambda part: _ORDER[part[0]], default=whole)
    return ("part", one, other) if level in _SURE else whole


def people_differ(a: NameKey, b: NameKey) -> bool:
    """Whether the given names show two people beyond a doubt: nothing reconciles them in either order, not even
    several slips of the finger."""
    return _differ(a, b) if a <= b else _differ(b, a)


@lru_cache(maxsize=65_536)
def _differ(a: NameKey, b: NameKey) -> bool:
    if a.suffix and b.suffix and a.suffix != b.suffix:
        return True
    found = _levels(a, b)
    given = found.given
    if given == "initial" and found.family == "conflicting":
        return True
    if given is None or (found.swapped and given in AGREE):
        return False
    if given == "initial_conflict":
        return not _among(a, b)
    if given not in ("conflicting", "another", "feminine"):
        return False
    return given == "feminine" or not (_slips(a.given[0], b.given[0]) or _among(a, b))


def _slips(one: str, other: str) -> bool:
    return OSA.normalized_similarity(one, other) >= 0.55 or sorted(one) == sorted(other)


def _among(a: NameKey, b: NameKey) -> bool:
    """Somebody known by one name, which may be the other's family name."""
    if a.family and b.family:
        return False
    return any(given_level(one, other) in AGREE for one in (*a.given, *a.family) for other in (*b.given, *b.family))
