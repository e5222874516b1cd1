"""How likely is each level of each comparison, among contacts of one person, of strangers, and of people of one
house or firm? The table that all weights come from, versioned: a weight is the log2 of a ratio of two columns."""

from math import log2
from typing import Final

import msgspec

VERSION: Final = "2026-11-1"


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """Shares among pairs in which both sides have the field: `same` person, `stranger`, `house` (another person
    of the same household or firm). `stranger` None: as often as the value itself, learned online. `most` bounds the
    weight against strangers, in bits."""

    same: float
    stranger: float | None
    house: float
    most: float = 14.0


def _level(same: float, stranger: float | None, house: float, most: float = 14.0) -> Level:
    return Level(same=same, stranger=stranger, house=house, most=most)


TABLE: Final[dict[tuple[str, str], Level]] = {
    # Given name. Strangers: random pairs of four name lists; house: Jr and Sr about 1 % of pairs, brother and sister.
    # An initial is compared among those who write initials.
    ("given", "exact"): _level(0.80, None, 0.010, 10),
    ("given", "nickname"): _level(0.05, 0.0015, 0.003),
    ("given", "short"): _level(0.02, 0.0004, 0.001),
    ("given", "one_edit"): _level(0.06, 0.0012, 0.002),
    ("given", "respelled"): _level(0.01, 0.0004, 0.001),
    ("given", "close"): _level(0.02, 0.004, 0.005),
    ("given", "initial"): _level(0.95, 0.075, 0.10),
    ("given", "initial_conflict"): _level(0.05, 0.925, 0.90),
    ("given", "feminine"): _level(0.004, 0.004, 0.01),
    ("given", "alike"): _level(0.004, 0.003, 0.012),
    ("given", "another"): _level(0.03, 0.97, 0.94),
    ("given", "conflicting"): _level(0.03, 0.97, 0.94),
    # Family name. One house mostly shares it; a marriage changes it for 4 to 5 % of pairs over the years.
    ("family", "exact"): _level(0.86, None, 0.72, 12),
    ("family", "one_edit"): _level(0.06, 0.001, 0.04),
    ("family", "respelled"): _level(0.01, 0.0003, 0.008),
    ("family", "close"): _level(0.02, 0.0015, 0.015),
    ("family", "part"): _level(0.015, 0.001, 0.02),
    ("family", "initial"): _level(0.95, 0.06, 0.80),
    ("family", "initial_conflict"): _level(0.05, 0.94, 0.20),
    ("family", "conflicting"): _level(0.045, 0.99, 0.25),
    # Given and family name in each other's place.
    ("order", "swapped"): _level(0.03, 1.0, 1.0),
    # Birth date: one of some 20,000 days; twins and shared dates about 1 % of a house. Slips by keying experiments:
    # one digit 6 %, day and month turned round 1 %. 1 January is a year.
    ("birth_date", "exact"): _level(0.86, None, 0.010, 13),
    ("birth_date", "swapped"): _level(0.012, 0.0003, 0.0004),
    ("birth_date", "one_edit"): _level(0.06, 0.001, 0.0015),
    ("birth_date", "day_month"): _level(0.015, 0.002, 0.002),
    ("birth_date", "near_days"): _level(0.025, 0.0045, 0.006),
    ("birth_date", "two_slips"): _level(0.035, 0.020, 0.022),
    ("birth_date", "conflicting"): _level(0.06, 0.98, 0.97),
    ("birth_date", "year"): _level(0.92, 0.025, 0.06),
    ("birth_date", "near_year"): _level(0.04, 0.05, 0.10),
    ("birth_date", "year_conflict"): _level(0.04, 0.925, 0.84),
    # Address, both with a street: about one in five moves between two records (10 % of people a year).
    ("address", "exact"): _level(0.58, None, 0.75, 14),
    ("address", "near"): _level(0.12, 0.0003, 0.08),
    ("address", "street"): _level(0.10, 0.0002, 0.08),
    ("address", "same_street"): _level(0.05, 0.0004, 0.02),
    ("address", "postcode_only"): _level(0.07, 0.002, 0.05),
    ("address", "place_only"): _level(0.08, 0.01, 0.05),
    ("address", "conflicting"): _level(0.20, 0.98, 0.10),
    # Address, one without a street.
    ("address", "postcode"): _level(0.72, None, 0.90, 9),
    ("address", "near_postcode"): _level(0.06, 0.002, 0.02),
    ("address", "other_postcode"): _level(0.06, None, 0.04, 5),
    ("address", "elsewhere"): _level(0.16, 0.98, 0.06),
    ("address", "place"): _level(0.72, None, 0.90, 9),
    ("address", "near_place"): _level(0.10, 0.006, 0.05),
    ("address", "another_place"): _level(0.18, 0.95, 0.06),
    ("address", "region"): _level(0.80, 0.25, 0.95),
    ("address", "another_region"): _level(0.20, 0.75, 0.05),
    # E-mail: people have two or three in use. Equal values: `house` is replaced by what was learned of the value.
    ("email", "exact"): _level(0.60, None, 0.05, 24),
    ("email", "exact_proved"): _level(0.60, None, 0.008, 26),
    ("email", "same_mailbox"): _level(0.50, 0.00000004, 0.008, 24),
    ("email", "near"): _level(0.08, 0.00002, 0.003),
    ("email", "close"): _level(0.03, 0.00005, 0.003),
    ("email", "near_common"): _level(0.04, 0.0001, 0.003),
    ("email", "same_local"): _level(0.06, 0.0003, 0.002),
    ("email", "like_name"): _level(0.06, 0.04, 0.03),
    ("email", "corporate_domain"): _level(0.10, None, 0.30, 6),
    ("email", "different"): _level(0.22, 1.0, 0.65),
    # The name of one side spelled in the address or handle of the other.
    ("spelled_name", "whole"): _level(0.35, None, 0.012, 18),
    ("spelled_name", "initial"): _level(0.15, None, 0.04, 14),
    # Phone: numbers are kept longer than addresses, and landlines are shared (learned by their first digit).
    ("phone", "exact"): _level(0.55, None, 0.08, 24),
    ("phone", "exact_proved"): _level(0.55, None, 0.02, 26),
    ("phone", "last_seven"): _level(0.10, 0.000002, 0.05),
    ("phone", "near"): _level(0.02, 0.00005, 0.01),
    ("phone", "different"): _level(0.35, 1.0, 0.70),
    # Ids that others gave, and devices.
    ("account", "exact"): _level(0.90, None, 0.01, 24),
    ("external", "exact"): _level(0.90, None, 0.01, 24),
    ("external", "near"): _level(0.03, 0.00005, 0.001),
    ("external", "different"): _level(0.08, 1.0, 1.0),
    ("handle", "exact"): _level(0.85, None, 0.01, 24),
    ("handle", "different"): _level(0.10, 1.0, 0.95),
    ("visitor", "exact"): _level(0.50, None, 0.15, 18),
    ("visitor", "exact_proved"): _level(0.50, None, 0.15, 18),
    # National id: one person's, but mistyped in 8 %, or another one's by mistake.
    ("national_id", "exact"): _level(0.85, None, 0.0005, 18),
    ("national_id", "near"): _level(0.08, 0.00003, 0.0005),
    ("national_id", "different"): _level(0.07, 1.0, 1.0),
    # What changes with life, or is shared by many.
    ("company", "exact"): _level(0.70, None, 0.50, 7),
    ("company", "different"): _level(0.30, 0.98, 0.50),
    ("gender", "exact"): _level(0.97, 0.50, 0.45),
    ("gender", "different"): _level(0.03, 0.50, 0.55),
    ("birth_place", "exact"): _level(0.85, None, 0.40, 8),
    ("birth_place", "near"): _level(0.05, 0.004, 0.04),
    ("birth_place", "different"): _level(0.12, 0.98, 0.60),
    ("occupation", "exact"): _level(0.70, None, 0.12, 6),
    ("occupation", "different"): _level(0.30, 0.95, 0.88),
    ("country", "exact"): _level(0.97, 0.60, 0.98),
    ("country", "different"): _level(0.03, 0.40, 0.02),
    ("language", "exact"): _level(0.90, 0.70, 0.90),
    ("language", "different"): _level(0.10, 0.30, 0.10),
}

BEFORE: Final[dict[str, float]] = {
    "given": 1 / 300,
    "family": 1 / 300,
    "birth_date": 1 / 15_000,
    "address": 1 / 20_000,
    "postcode": 1 / 500,
    "place": 1 / 100,
    "domain": 1 / 100,
    "company": 1 / 200,
    "birth_place": 1 / 50,
    "occupation": 1 / 20,
    "email": 1e-7,
    "phone": 1e-7,
    "account": 1e-7,
    "external": 1e-7,
    "handle": 1e-7,
    "visitor": 1e-6,
    "national_id": 1e-6,
}
"""How many of all people share a value of the field, before any was seen. A person drawn by chance has a name of
expected share sum(p * p), 1 in 250 to 350 on every list looked at: common names are met first. A value not named
here: 1 in 100,000."""

SHARED_BEFORE: Final[dict[str, float]] = {"email": 0.03, "phone": 0.12, "visitor": 0.10}
"""How many values are shown by several people of a house or firm, before any was seen."""


def bits(level: Level, among: float | None, same: float | None = None) -> tuple[float, float]:
    """The weight against strangers and against the same house. `among` is the learned share of the value, `same`
    the learned share of the level among pairs of one person."""
    stranger = (among or 1e-7) if level.stranger is None else max(level.stranger, among or 0.0)
    house = max(level.house, stranger)
    same = same or level.same
    return min(log2(same / stranger), level.most), log2(same / house)


_ALTERNATIVES: Final = (
    ("given", "exact nickname short one_edit respelled close feminine alike another conflicting"),
    ("family", "exact one_edit respelled close part conflicting"),
    ("birth_date", "exact swapped one_edit day_month near_days two_slips conflicting"),
    ("birth_date", "year near_year year_conflict"),
    ("national_id", "exact near different"),
    ("birth_place", "exact near different"),
    ("occupation", "exact different"),
    ("company", "exact different"),
    ("gender", "exact different"),
    ("address", "exact street same_street near postcode_only place_only conflicting"),
    ("address", "postcode near_postcode other_postcode elsewhere"),
    ("address", "place near_place another_place"),
)
GROUPS: Final = {
    (comparison, level): (comparison, levels.split()[0])
    for comparison, levels in _ALTERNATIVES
    for level in levels.split()
}
"""Levels of one group are alternatives: what is learned of one is at the cost of the others."""
GROUP_TOTAL: Final = {
    (comparison, levels.split()[0]): sum(TABLE[comparison, level].same for level in levels.split())
    for comparison, levels in _ALTERNATIVES
}
