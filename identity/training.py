"""How often do pairs of one person reach each level, at this desk? The shares estimated again from all pairs at once
(expectation maximisation), which online learning approaches one contact at a time.

Pairs are kept as patterns, as fastLink does: many pairs reach the same levels at the same odds, so a round over all of
them takes a moment. Identifiers are never estimated: equal ones are too rare among pairs, and too strong.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log2
from typing import Any, Final

import msgspec

from identity.decision import LEARN_FROM, Score
from identity.statistics import Counts, Statistics
from identity.weights import GROUPS, TABLE, bits

MOST_ROUNDS: Final = 50
SETTLED: Final = 1e-5
"""Shares that change by less are the same."""
ESTIMATED: Final = ("level", "group")
"""How the names of the counters begin that hold what is estimated."""

Part = tuple[str, str]


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """The levels that a pair reached, and the bits of everything else after its rivals. `sure`: a person said that the
    two are one."""

    parts: tuple[Part, ...]
    stranger: float
    house: float
    sure: bool = False


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A level's share among pairs of one person, and what it weighs: against strangers (None: as the value at hand is
    common), and against people of one house or firm."""

    comparison: str
    level: str
    before: float
    after: float
    stranger: tuple[float, float] | None
    house: tuple[float, float]


def pattern_of(score: Score, rivals: float, statistics: Statistics, *, sure: bool) -> Pattern | None:
    """What the pair teaches; None: nothing that is estimated. `rivals` are the odds of the other candidates."""
    parts = tuple(sorted({part for found in score.evidence for part in found.parts if part in GROUPS}))
    if not parts or len(score.evidence) < 2:
        return None
    less = _level_bits(parts, statistics) + log2(1 + rivals)
    stranger, house = round(score.stranger - less, 1), round(score.house - less, 1)
    return Pattern(parts=parts, stranger=stranger, house=house, sure=sure)


def _level_bits(parts: Iterable[Part], statistics: Statistics) -> float:
    return sum(log2(statistics.same(*part) or TABLE[part].same) for part in parts)


def estimated(patterns: Mapping[Pattern, int], before: Counts) -> Counts:
    """The counters of levels after as many rounds as change anything; `before` are those to begin with."""
    now = Counts({name: amount for name, amount in before.numbers.items() if name.split(" ", 1)[0] in ESTIMATED})
    for _ in range(MOST_ROUNDS):
        statistics = Statistics(now, Counts(), {}, b"")
        taught = Statistics(Counts(), Counts(), {}, b"")
        for pattern, times in patterns.items():
            probability = _probability(pattern, statistics)
            if probability >= LEARN_FROM:
                taught.learn(pattern.parts, probability * times)
        now = taught.lesson
        if _moved(statistics, Statistics(now, Counts(), {}, b"")) < SETTLED:
            break
    return now


def _probability(pattern: Pattern, statistics: Statistics) -> float:
    if pattern.sure:
        return 1.0
    more = _level_bits(pattern.parts, statistics)
    stranger, house = (max(min(bits + more, 60), -60) for bits in (pattern.stranger, pattern.house))
    odds = 1 / (2**-stranger + 2**-house)
    return odds / (1 + odds)


def _moved(one: Statistics, other: Statistics) -> float:
    return max(abs(share_of(one, part) - share_of(other, part)) for part in GROUPS)


def share_of(statistics: Statistics, part: Part) -> float:
    return statistics.same(*part) or TABLE[part].same


def shares(before: Counts, after: Counts) -> list[Share]:
    """Every level that is estimated, in the order of the table."""
    one, other = (Statistics(counts, Counts(), {}, b"") for counts in (before, after))
    return [_share(part, share_of(one, part), share_of(other, part)) for part in TABLE if part in GROUPS]


def _share(part: Part, before: float, after: float) -> Share:
    level = TABLE[part]
    weights = [bits(level, None, same) for same in (before, after)]
    return Share(
        comparison=part[0],
        level=part[1],
        before=before,
        after=after,
        stranger=None if level.stranger is None else (weights[0][0], weights[1][0]),
        house=(weights[0][1], weights[1][1]),
    )


def levels_of(evidence: Sequence[Mapping[str, Any]]) -> list[Part]:
    """The levels that are estimated in evidence as it is kept; a name's piece holds two of them."""
    parts: list[Part] = []
    for piece in evidence:
        if piece.get("comparison") == "name":
            words = [word.rpartition(" ") for word in str(piece.get("level")).split(", ")]
            parts.extend((part, level) for level, _, part in words)
        else:
            parts.append((str(piece.get("comparison")), str(piece.get("level"))))
    return [part for part in parts if part in GROUPS]


def answered(evidence: Sequence[Mapping[str, Any]], probability: float | None, *, one: bool) -> Counts:
    """What a person's answer about a pair makes of the probability with which it was counted."""
    statistics = Statistics(Counts(), Counts(), {}, b"")
    counted = probability if probability is not None and probability >= LEARN_FROM else 0.0
    parts = levels_of(evidence)
    if parts and any(piece.get("comparison") == "decision" for piece in evidence):
        statistics.learn(parts, (1.0 if one else 0.0) - counted)
    return statistics.lesson
