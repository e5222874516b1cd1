"""Which level do two people's names, dates and places reach? One value a person: where the members of a profile
differ, the mean over them counts. A field that one side lacks says nothing."""

from collections.abc import Callable
from typing import Final

import msgspec
from rapidfuzz.distance import OSA

from identity.evidence import Evidence, Pair, looked_up
from identity.facts import Address, Birth, NameKey, Profile, Value, compared
from identity.name_levels import AGREE, TWO_NAMES, NameLevels, name_levels
from identity.statistics import Statistics
from identity.weights import TABLE, bits

Compare = Callable[[str, Value, Value, Statistics], Pair]

KINDRED: Final = 0.5
"""Given and family names are not independent: families and peoples share both. In bits."""
NAMES_FROM: Final = 4
"""So many customers of a given name are none who all mistyped it."""
GENERATIONS: Final = (6.0, 8.0)
"""Bits against one person where one is Jr and the other Sr."""
_COUNTED: Final = frozenset({"exact", "one_edit", "close", "short", "respelled"})
"""Levels that two common names reach by chance. The rarer of the two words counts: who slips writes a rare one."""


def compare_facts(a: Profile, b: Profile, statistics: Statistics) -> list[Evidence]:
    """Name, birth date, address and the like, as far as both sides have them."""
    found: list[Evidence] = []
    for field, compare in FACTS.items():
        ours, theirs = a.fields.get(field), b.fields.get(field)
        if ours and theirs:
            found.append(_mean(field, *compared(ours, theirs), statistics, compare))
    return found


def _mean(
    field: str, ours: dict[Value, int], theirs: dict[Value, int], statistics: Statistics, compare: Compare
) -> Evidence:
    """The mean over all pairs of members; its level is the commonest pair's."""
    stranger = house = total = 0.0
    top, shown = 0, None
    for one, n in ours.items():
        for other, m in theirs.items():
            level, s, h = compare(field, one, other, statistics)
            pairs = n * m
            stranger, house, total = stranger + s * pairs, house + h * pairs, total + pairs
            if pairs > top:
                top, shown = pairs, (level, (one, other))
    assert shown is not None
    level, values = shown
    parts = ((field, level),) if field != "name" else _parts(*values, statistics)
    return Evidence(
        comparison=field, level=level, stranger=stranger / total, house=house / total, values=values, parts=parts
    )


def _parts(a: NameKey, b: NameKey, statistics: Statistics) -> tuple[tuple[str, str], ...]:
    levels = _name_levels(a, b, statistics)
    return tuple((part, level) for part, level in (("given", levels.given), ("family", levels.family)) if level)


# -- names ---------------------------------------------------------------------------------------------------


def _name_levels(a: NameKey, b: NameKey, statistics: Statistics) -> NameLevels:
    """Two spellings nearly equal that the desk knows of several customers each are two names, and no slip."""
    levels = name_levels(a, b)
    if levels.given not in TWO_NAMES or min(statistics.held("given", word) for word in levels.given_words) < NAMES_FROM:
        return levels
    return msgspec.structs.replace(levels, given=TWO_NAMES[levels.given])


def _name(field: str, a: NameKey, b: NameKey, statistics: Statistics) -> Pair:
    del field
    levels = _name_levels(a, b, statistics)
    given, family = levels.given, levels.family
    stranger = house = 0.0
    less = 1
    if given == family == "exact":
        less = statistics.namesakes(levels.given_words[0], levels.family_words[0])
    for part, level, words in (("given", given, levels.given_words), ("family", family, levels.family_words)):
        if level:
            s, h = _part(part, level, words, less, statistics)
            stranger, house = stranger + s, house + h
    if given in AGREE and family in AGREE:
        stranger -= KINDRED
    if levels.swapped and given and family:
        s, h = bits(TABLE["order", "swapped"], None)
        stranger, house = stranger + s, house + h
    if a.suffix and b.suffix and a.suffix != b.suffix:
        stranger, house = stranger - GENERATIONS[0], house - GENERATIONS[1]
    if not family and given in AGREE and house > 1.5:
        house = max(house - 0.5, 1.5)
    return _named_level(levels), stranger, house


def _part(part: str, level: str, words: tuple[str, str], less: int, statistics: Statistics) -> tuple[float, float]:
    among = min(statistics.share(part, word, less) for word in set(words)) if level in _COUNTED else None
    return bits(TABLE[part, level], among, statistics.same(part, level))


def _named_level(levels: NameLevels) -> str:
    level = f"{levels.given or 'no'} given, {levels.family or 'no'} family"
    return level + (", swapped" if levels.swapped else "")


# -- dates ---------------------------------------------------------------------------------------------------


def _birth(field: str, a: Birth, b: Birth, statistics: Statistics) -> Pair:
    level = birth_level(a, b)
    return looked_up(field, level, statistics.share(field, a) if level == "exact" else None, statistics)


def birth_level(a: Birth, b: Birth) -> str:
    if not (a.month and b.month):
        gap = abs(a.year - b.year)
        return "year" if gap == 0 else "near_year" if gap == 1 else "year_conflict"
    if a == b:
        return "exact"
    if (a.year, a.month, a.day) == (b.year, b.day, b.month):
        return "swapped"
    edits = OSA.distance(a.text, b.text, score_cutoff=2)
    if edits == 1:
        return "one_edit"
    if a.month == b.month and a.day == b.day:
        return "day_month"
    if abs((a.year - b.year) * 372 + (a.month - b.month) * 31 + a.day - b.day) <= 40:
        return "near_days"
    same = (a.year == b.year) + (a.month == b.month) + (a.day == b.day)
    return "two_slips" if same == 2 or edits == 2 else "conflicting"


# -- places --------------------------------------------------------------------------------------------------


def _address(field: str, a: Address, b: Address, statistics: Statistics) -> Pair:
    level = street_level(a, b) if a.street and b.street else area_level(a, b)
    if level == "missing":
        return level, 0.0, 0.0
    among = None
    if level == "exact":
        among = max(statistics.share("address", (one.number, one.street, one.postcode)) for one in {a, b})
    elif level == "same_street":
        among = max(statistics.share("street", (one.street, one.postcode)) for one in {a, b})
    elif level == "postcode":
        among = statistics.share("postcode", a.postcode)
    elif level in ("other_postcode", "place", "near_place"):
        among = max(statistics.share("place", a.place), statistics.share("place", b.place))
    return looked_up(field, level, among, statistics)


def street_level(a: Address, b: Address) -> str:
    """Both name a street."""
    street, place, postcode = _alike(a.street, b.street), _alike(a.place, b.place), _postcodes(a.postcode, b.postcode)
    same_number = a.number == b.number if a.number and b.number else None
    area_known = postcode != "missing" or place != "missing"
    in_area = "exact" in (postcode, place) or postcode == place == "near" or not area_known
    if street != "conflicting" and in_area:
        if same_number is False:
            return "same_street"
        return "near" if street == "near" else "exact"
    if street != "conflicting" and same_number:
        return "street"
    if postcode == "exact":
        return "postcode_only"
    return "place_only" if place == "exact" else "conflicting"


def area_level(a: Address, b: Address) -> str:
    """One of them names no street; "missing" where they name nothing of the same kind."""
    place, postcode = _alike(a.place, b.place), _postcodes(a.postcode, b.postcode)
    if postcode == "exact":
        return "postcode"
    if postcode == "near":
        return "near_postcode"
    if postcode == "conflicting":
        return "other_postcode" if place in ("exact", "near") else "elsewhere"
    if place == "missing":
        regions = _alike(a.region, b.region)
        return regions if regions == "missing" else "region" if regions == "exact" else "another_region"
    if place == "conflicting":
        return "another_place"
    return "place" if place == "exact" else "near_place"


def _alike(a: str, b: str) -> str:
    if not a or not b:
        return "missing"
    if a == b:
        return "exact"
    longest = max(len(a), len(b))
    cutoff = 1 if longest < 6 else 2 if longest < 12 else 3
    if min(len(a), len(b)) >= 3 and OSA.distance(a, b, score_cutoff=cutoff) <= cutoff:
        return "near"
    short, long = sorted((a, b), key=len)
    return "near" if len(short) >= 5 and short in long else "conflicting"


def _postcodes(a: str, b: str) -> str:
    if not a or not b:
        return "missing"
    if a == b:
        return "exact"
    return "near" if OSA.distance(a, b, score_cutoff=1) <= 1 else "conflicting"


# -- everything else -----------------------------------------------------------------------------------------


def _national_id(field: str, a: str, b: str, statistics: Statistics) -> Pair:
    if a == b:
        return looked_up(field, "exact", statistics.share(field, a), statistics)
    cutoff = 1 if len(a) < 7 or len(b) < 7 else 2
    near = OSA.distance(a, b, score_cutoff=cutoff) <= cutoff
    return looked_up(field, "near" if near else "different", statistics=statistics)


def _plain(field: str, a: str, b: str, statistics: Statistics) -> Pair:
    if a == b:
        return looked_up(field, "exact", statistics.share(field, a), statistics)
    if (field, "near") in TABLE and _alike(a, b) == "near":
        return looked_up(field, "near", statistics=statistics)
    return looked_up(field, "different", statistics=statistics)


FACTS: Final[dict[str, Compare]] = {
    "name": _name,
    "birth_date": _birth,
    "address": _address,
    "national_id": _national_id,
    "company": _plain,
    "gender": _plain,
    "birth_place": _plain,
    "occupation": _plain,
    "country": _plain,
    "language": _plain,
}
