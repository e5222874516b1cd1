"""Which level do two people's addresses, numbers and ids reach? Several values a person: the pair that says most
counts. And what forbids one person before any score."""

from collections.abc import Callable, Iterator
from math import log2
from typing import Final

from rapidfuzz.distance import OSA

from identity.evidence import STRONG, Evidence, Pair, looked_up
from identity.facts import Birth, Email, NameKey, Phone, Profile, Value, compared, digits_of, letters_of, spellings
from identity.series import numbered, several
from identity.statistics import SHAREABLE, Statistics, block
from identity.weights import TABLE, bits

_SLIPS: Final = frozenset({"near", "close", "near_common", "same_local"})
RARE_DOMAIN: Final = 0.005
"""Of a domain whose addresses fewer customers have than that, a mistyped address is likely the same one."""

UNPROVED: Final = 0.5
"""What is only claimed on a side weighs so many bits less: who types an address is not always its owner."""


def compare_identifiers(a: Profile, b: Profile, statistics: Statistics) -> list[Evidence]:
    """E-mail, phone, account, external id, handle and device, as far as both sides have them."""
    spelled = _spelled_names(a, b, statistics)
    found = [spelled] if spelled else []
    for field, compare in IDENTIFIERS.items():
        if a.fields.get(field) and b.fields.get(field):
            evidence = compare(field, a, b, statistics)
            if evidence:
                found.append(evidence)
    return found


def _equal(field: str, a: Profile, b: Profile, statistics: Statistics) -> Evidence | None:
    """The value that both hold and that says most; being one of many that a side holds lowers its weight."""
    theirs = b.fields[field]
    found = [_equal_value(field, value, a, b, statistics) for value in a.fields[field] if value in theirs]
    return max(found, key=lambda one: one.house, default=None)


def _equal_value(field: str, value: Value, a: Profile, b: Profile, statistics: Statistics) -> Evidence:
    proved = ((field, value) in a.proved, (field, value) in b.proved)
    level = "exact_proved" if all(proved) and (field, "exact_proved") in TABLE else "exact"
    stranger, house = bits(TABLE[field, level], statistics.share(field, value, proved=all(proved)))
    names, others = list(b.field("name") or a.field("name")), 0
    if field in SHAREABLE:
        house = log2(statistics.own(field, value, names, all(proved)))
        others = statistics.others(field, value, [*a.field("name"), *b.field("name")])
        if statistics.shared(field, value, all(proved)):
            level = "exact_shared"
    if not all(proved):
        stranger, house = stranger - UNPROVED, house - UNPROVED
    usual = max(log2(_part(a.fields[field], value) * _part(b.fields[field], value)) / 2, -1.5)
    return Evidence(
        comparison=field,
        level=level,
        stranger=stranger + usual,
        house=house + usual,
        values=(value, next(other for other in b.fields[field] if other == value)),
        proved=proved,
        others=others,
    )


def _part(values: dict[Value, int], value: Value) -> float:
    return values[value] / sum(values.values())


def _unequal(
    field: str, a: Profile, b: Profile, levels: Callable[[Value, Value, Statistics], Pair | None], st: Statistics
) -> Evidence | None:
    best: Evidence | None = None
    ours, theirs = compared(a.fields[field], b.fields[field])
    for one in ours:
        for other in theirs:
            pair = levels(one, other, st)
            proved = ((field, one) in a.proved, (field, other) in b.proved)
            if pair and all(proved) and _slipped(field, pair, one, other):
                pair = looked_up(field, "different")  # what is proved was not mistyped
            if pair and (best is None or pair[1] > best.stranger):
                best = _evidence(field, pair, (one, other), proved)
    return best


def _slipped(field: str, pair: Pair, one: Value, other: Value) -> bool:
    """Whether an address or a number agrees but for a number in it."""
    return field in ("email", "phone") and pair[0] in _SLIPS and numbered(field, one, other)


def _evidence(
    comparison: str, pair: Pair, values: tuple[Value, Value], proved: tuple[bool, bool] = (False, False)
) -> Evidence:
    level, stranger, house = pair
    return Evidence(comparison=comparison, level=level, stranger=stranger, house=house, values=values, proved=proved)


# -- e-mail --------------------------------------------------------------------------------------------------


def _email(field: str, a: Profile, b: Profile, statistics: Statistics) -> Evidence | None:
    found = _equal(field, a, b, statistics) or _unequal(field, a, b, _emails, statistics)
    if found and found.level in ("same_local", "near_common") and not _distinctive(*found.values, a, b):
        return _evidence(field, looked_up("email", "like_name"), found.values)
    return found


def _distinctive(one: Email, other: Email, a: Profile, b: Profile) -> bool:
    """Whether two like addresses say more than that their owners have like names, as jane.doe@ and janedoe@ do."""
    digits = digits_of(one.local)
    if digits != digits_of(other.local):
        return False
    names = {*a.field("name"), *b.field("name")}
    if len(digits) >= 2 or not names:
        return True
    words = sorted({word for name in names for word in (*name.given, *name.family) if len(word) > 1}, key=_longest)
    return all(len(_without(letters_of(email.local), words)) > 3 for email in (one, other))


def _longest(word: str) -> tuple[int, str]:
    return -len(word), word


def _without(letters: str, words: list[str]) -> str:
    for word in words:
        letters = letters.replace(word, "", 1)
    return letters


def _emails(a: Email, b: Email, statistics: Statistics) -> Pair | None:
    if a.mailbox == b.mailbox:
        level, stranger, house = looked_up("email", "same_mailbox")
        shared = statistics.shared("email", a) or statistics.shared("email", b)
        return level, stranger, 0.0 if shared else house
    ours, theirs = statistics.share("domain", a.domain), statistics.share("domain", b.domain)
    rare = min(ours, theirs) < RARE_DOMAIN
    if a.domain == b.domain and letters_of(a.local) == letters_of(b.local) != "":
        return looked_up("email", "like_name")  # jane.doe12@ and janedoe@: another digit, another person
    likeness = OSA.normalized_similarity(a.value, b.value, score_cutoff=0.8) if len(a.value) >= 8 else 0
    if likeness and rare:
        cutoff = 1 if min(len(a.value), len(b.value)) < 12 else 2
        near = OSA.distance(a.value, b.value, score_cutoff=cutoff) <= cutoff
        return looked_up("email", "near" if near else "close")
    if a.local == b.local and len(a.local) >= 6:
        return looked_up("email", "same_local")
    if likeness and OSA.distance(a.value, b.value, score_cutoff=2) <= 2 and min(len(a.local), len(b.local)) >= 8:
        return looked_up("email", "near_common")
    if a.domain == b.domain and rare:
        return looked_up("email", "corporate_domain", max(ours, theirs))
    return looked_up("email", "different")


# -- numbers and ids -----------------------------------------------------------------------------------------


def _phone(field: str, a: Profile, b: Profile, statistics: Statistics) -> Evidence | None:
    return _equal(field, a, b, statistics) or _unequal(field, a, b, _phones, statistics)


def _phones(a: Phone, b: Phone, statistics: Statistics) -> Pair | None:
    (one, _, extension), (other, _, another) = a.value.partition("ext="), b.value.partition("ext=")
    if extension != another:
        return looked_up("phone", "different")  # behind one switchboard, another desk
    shortest, longest = sorted((one, other), key=len)
    if 7 <= len(shortest) < len(longest) and longest.endswith(shortest[-7:]):
        level, stranger, house = looked_up("phone", "last_seven")
        shared = statistics.shared("phone", a) or statistics.shared("phone", b)
        return level, stranger, 0.0 if shared else house
    if len(shortest) >= 8 and one[:-2] != other[:-2] and OSA.distance(one, other, score_cutoff=1) <= 1:
        return looked_up("phone", "near", statistics.share("phone block", block(a)))
    return looked_up("phone", "different")


def _handle(field: str, a: Profile, b: Profile, statistics: Statistics) -> Evidence | None:
    found = _equal(field, a, b, statistics)
    if found or not _same_scope(a.fields[field], b.fields[field]):
        return found
    return _unequal(field, a, b, _handles, statistics)


def _handles(a: tuple[str, str], b: tuple[str, str], statistics: Statistics) -> Pair | None:
    del statistics
    return looked_up("handle", "different") if a[0] == b[0] else None


def _external(field: str, a: Profile, b: Profile, statistics: Statistics) -> Evidence | None:
    found = _equal(field, a, b, statistics)
    if found or not _same_scope(a.fields[field], b.fields[field]):
        return found
    return _unequal(field, a, b, _externals, statistics)


def _externals(a: tuple[str, str], b: tuple[str, str], statistics: Statistics) -> Pair | None:
    del statistics
    if a[0] != b[0]:
        return None
    near = min(len(a[1]), len(b[1])) >= 6 and OSA.distance(a[1], b[1], score_cutoff=1) <= 1
    return looked_up("external", "near" if near else "different")


def _same_scope(ours: dict[Value, int], theirs: dict[Value, int]) -> bool:
    return not {scope for scope, _ in ours}.isdisjoint(scope for scope, _ in theirs)


IDENTIFIERS: Final = {
    "email": _email,
    "phone": _phone,
    "account": _equal,
    "external": _external,
    "handle": _handle,
    "visitor": _equal,
}


# -- names spelled in addresses ------------------------------------------------------------------------------


def _spelled_names(a: Profile, b: Profile, statistics: Statistics) -> Evidence | None:
    """The name of one side in the address or handle of the other, which gave no name."""
    for nameless, named, turned in ((a, b, False), (b, a, True)):
        if nameless.field("name") or not named.field("name"):
            continue
        told = set(spellings(named))  # an address that both hold says itself what it says
        for text in spellings(nameless):
            if text in told:
                continue
            for name in named.field("name"):
                pair = _spelled(text, name, statistics)
                if pair:
                    return _evidence("spelled_name", pair, (name, text) if turned else (text, name))
    return None


def _spelled(letters: str, name: NameKey, statistics: Statistics) -> Pair | None:
    if not (name.given and name.family) or len(name.given[0]) < 2 or len(name.family[-1]) < 3:
        return None
    given, family = name.given[0], name.family[-1]
    if letters not in (given + family, family + given, given[0] + family):
        return None
    namesakes = statistics.namesakes(given, family)
    share = statistics.share("family", family, namesakes)
    if letters == given[0] + family:
        return looked_up("spelled_name", "initial", share * 0.08)
    return looked_up("spelled_name", "whole", share * statistics.share("given", given, namesakes))


# -- what forbids it -----------------------------------------------------------------------------------------


def vetoes(a: Profile, b: Profile) -> Iterator[str]:
    """What decides against one person before any score, in words."""
    ours, theirs = a.field("account"), b.field("account")
    for scope in sorted({scope for scope, _ in ours} & {scope for scope, _ in theirs}):
        if {v for s, v in ours if s == scope}.isdisjoint(v for s, v in theirs if s == scope):
            yield f"different accounts of {scope or 'one shop'}"
    yield from several(a, b)
    mine, others = _suffixes(a), _suffixes(b)
    if mine and others and mine.isdisjoint(others):
        yield "another generation: " + ", ".join(sorted(mine | others))
    births = _established(a), _established(b)
    if all(births) and all(_apart(one, other) for one in births[0] for other in births[1]):
        yield "different birth dates, each given twice"


def _suffixes(profile: Profile) -> set[str]:
    return {name.suffix for name in profile.field("name") if name.suffix}


def _established(profile: Profile) -> list[Birth]:
    """Birth dates that no slip explains: given by two contacts, of a customer with a proved identifier."""
    if not any(kind in STRONG for kind, _ in profile.proved):
        return []
    return [birth for birth, times in profile.field("birth_date").items() if times >= 2]


def _apart(one: Birth, other: Birth) -> bool:
    """No slip of the finger makes one the other."""
    if not (one.month and other.month):
        return False
    if one.year == other.year or (one.month, one.day) in ((other.month, other.day), (other.day, other.month)):
        return False
    return OSA.distance(one.text, other.text) > 3
