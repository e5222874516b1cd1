"""Which of both sides is believed how much? What was found by words and by meaning becomes one list, each hit with the
parts of its score.

Measured: equal-weight rank fusion is worse than meaning alone, and one fixed mix loses ids, names and rare words. So
the cosine counts as it is, the share of the words (weighed by rarity) adds to it, and more the fewer words were asked
and the fewer documents hold them all; an id that is named beats both. Nothing is scaled by the query, so that scores
tell "nothing like this" and compare between queries.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from search.engine import Candidate, Found

Mode = Literal["hybrid", "keyword", "semantic"]
MODES: Final[tuple[Mode, ...]] = ("hybrid", "keyword", "semantic")

COVERED: Final = 0.25
"""What all words are worth beside a cosine, in a sentence."""
ALIKE: Final = 0.1
"""What all words are worth in how much like the question a hit is. An id counts there only where little else was asked:
a house number in somebody's sentence is an order of somebody else's."""
SHORT: Final = 0.5
"""What they are worth on top where few were asked: a few words name something, a sentence means something."""
CLOSE: Final = 0.1
"""How well they were met, close together and in a short text, where as many are."""
EXACT: Final = 0.3
"""Words as they were asked, and not in another form."""
LOOKED_AT: Final = 20
FEW_WORDS, MANY_WORDS = 3, 8
SPECIFIC: Final = 0.5
"""On top where only a few documents hold everything that was asked for."""
FEW_HOLD: Final = 10
WHOLE: Final = 0.999
NAMED: Final = 2.0
BEHIND: Final = 0.6
"""How far a contact stands behind items that say the same: single items are what is looked for."""
CALLED: Final = 0.6
"""From so well met words on somebody is called so."""
MOST_CALLED: Final = 3
RECENT: Final = 0.01
RECENT_DAYS: Final = 365.0
OUTCOMES: Final[dict[str, float]] = {"solved": 0.02, "came_back": -0.01, "given_up": -0.02}
SEEDS: Final = 5
WARMTH: Final = 0.05
"""How fast seeds lose weight behind the best one."""
TOGETHER: Final = 50
"""Of so many the nearness to each other is asked."""


class Priors(msgspec.Struct, frozen=True, kw_only=True):
    """Which gentle preferences count."""

    recency: bool = True
    outcome: bool = True


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a question: how many words it has, whether a phrase or a group is in it, and how it is to be
    answered."""

    mode: Mode
    words: int
    exact: bool = False
    priors: Priors = Priors()

    @property
    def sentence(self) -> float:
        """From 0, a few words, to 1, a sentence."""
        return min(1.0, max(0.0, (self.words - FEW_WORDS) / (MANY_WORDS - FEW_WORDS)))


class Parts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a score is made of. `words`: how well the words were met, 0 to 1; `coverage`: which share of them, the rare
    ones counting more; `ident`: an id that was asked for is named; `meaning`: the raw cosine; `around`: how near it is
    to the middle of the best hits; `recency` and `outcome`: what each added; `exact`: which share of the words stands
    there to the letter, told where several hold all of them in some form. What is not known is null."""

    words: float | None
    meaning: float | None
    coverage: float = 0.0
    ident: bool = False
    around: float | None = None
    recency: float = 0.0
    outcome: float = 0.0
    exact: float = 0.0


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """`weight` is what it is ordered by. `score` tells between 0 and 1 how much like the question it is, for any
    question: without what is trusted more only because few words were asked, since `hello` stands anywhere."""

    id: str
    kind: str
    at: datetime
    weight: float
    likeness: float
    parts: Parts

    @property
    def score(self) -> float:
        return round(1 - math.exp(-1.5 * self.likeness), 6) if self.likeness > 0 else 0.0


def fuse(found: Found, asking: Asking, now: datetime) -> list[Ranked]:
    """Every candidate once, the best first."""
    words = {one.id: one for one in found.words}
    meaning = {one.id: one for one in found.meaning}
    few = 1.0 if asking.exact else 1 - asking.sentence
    short, specific = SHORT * few, SPECIFIC * few * _is_specific(found.words, asking)
    # what is no candidate of meaning is farther than the last of them, or has no vector
    far = min((one.score for one in found.meaning), default=0.0)
    ranked = [
        _rank(words.get(name), meaning.get(name), asking, (short, specific), far, now) for name in {**words, **meaning}
    ]
    return _with_called(sorted(ranked, key=order))


def _with_called(ranked: list[Ranked]) -> list[Ranked]:
    """The first contacts that are called as was asked, right behind the best item."""
    best = next((one for one in ranked if one.kind != "contact"), None)
    called = [one for one in ranked if one.kind == "contact" and (one.parts.words or 0.0) >= CALLED][:MOST_CALLED]
    if best is None or not called:
        return ranked
    raised = {
        one.id: msgspec.structs.replace(one, weight=max(one.weight, best.weight - 1e-6 * (at + 1)))
        for at, one in enumerate(called)
    }
    return sorted((raised.get(one.id, one) for one in ranked), key=order)


def order(one: Ranked) -> tuple[float, float, str]:
    """Ties: the newest first."""
    return -one.weight, -one.at.timestamp(), one.id


def _is_specific(found: Sequence[Candidate], asking: Asking) -> bool:
    """Whether only a few documents hold everything."""
    return asking.exact or 0 < sum(one.coverage >= WHOLE for one in found) <= FEW_HOLD


def _rank(
    word: Candidate | None,
    meant: Candidate | None,
    asking: Asking,
    trust: tuple[float, float],
    far: float,
    now: datetime,
) -> Ranked:
    one = word or meant
    assert one is not None
    coverage = max(word.coverage if word else 0.0, meant.coverage if meant else 0.0)
    ident = (word is not None and word.ident) or (meant is not None and meant.ident)
    met = word.score if word else None
    cosine = meant.score if meant else None
    match asking.mode:
        case "keyword":
            weight = likeness = (met or 0.0) + NAMED * ident
        case "semantic":
            weight = likeness = cosine or 0.0
        case "hybrid":
            near, named = far if cosine is None else cosine, ident * (NAMED + (met or 0.0))
            weight = near + _of_words(coverage, met or 0.0, *trust) + named
            likeness = near + ALIKE * coverage + named * (1 - asking.sentence)
    if one.kind == "contact":
        weight -= BEHIND
    recency = _recency(one.at, now) if asking.priors.recency else 0.0
    outcome = _outcome(one.outcomes) if asking.priors.outcome else 0.0
    return Ranked(
        id=one.id,
        kind=one.kind,
        at=one.at,
        weight=weight + recency + outcome,
        likeness=likeness,
        parts=Parts(
            words=met,
            meaning=cosine,
            coverage=round(coverage, 4),
            ident=ident,
            recency=round(recency, 4),
            outcome=outcome,
        ),
    )


def _of_words(coverage: float, met: float, short: float, specific: float) -> float:
    """What the words are worth beside a cosine; of those that hold everything the ones that hold it best come first."""
    whole = specific * (0.5 + met) if coverage >= WHOLE else 0.0
    return COVERED * coverage + (short + CLOSE * met) * coverage**2 + whole


def _recency(at: datetime, now: datetime) -> float:
    days = max(0.0, (now - at).total_seconds() / 86_400)
    return RECENT * math.exp(-days / RECENT_DAYS)


def _outcome(outcomes: Sequence[str]) -> float:
    return max((OUTCOMES.get(one, 0.0) for one in outcomes), default=0.0)


# -- the best hits tell what is meant ----------------------------------------------------------------------------------


def seeds(ranked: Sequence[Ranked], asking: Asking) -> list[tuple[str, float]]:
    """The best by meaning, with weights that sum to 1; none where the words said what is sought."""
    if asking.mode == "keyword" or not asking.sentence or not ranked or ranked[0].parts.ident:
        return []
    best = [one for one in ranked[: 2 * SEEDS] if one.parts.meaning is not None][:SEEDS]
    if len(best) < 2:
        return []
    raw = [math.exp((one.weight - best[0].weight) / WARMTH) for one in best]
    return [(one.id, weight / sum(raw)) for one, weight in zip(best, raw, strict=True)]


def draw_together(ranked: Sequence[Ranked], around: Mapping[str, float], asking: Asking) -> list[Ranked]:
    """Order the first TOGETHER also by how near they are to the middle of the best, the more the question is a
    sentence; the others stay behind them. Being farther than the nearest takes away and nothing adds: the nearest to
    each other are near whatever was asked, and scores are to tell "nothing like this"."""
    if not around:
        return list(ranked)
    first, rest, pull = ranked[:TOGETHER], ranked[TOGETHER:], asking.sentence
    least, most = min(around.values()), max(around.values())
    drawn = sorted((_drawn(one, around.get(one.id), (least, most), pull) for one in first), key=order)
    last = drawn[-1].weight
    behind = [msgspec.structs.replace(one, weight=min(last, one.weight - pull * (most - least))) for one in rest]
    return [*drawn, *behind]


def _drawn(one: Ranked, near: float | None, between: tuple[float, float], pull: float) -> Ranked:
    least, most = between
    parts = msgspec.structs.replace(one.parts, around=None if near is None else round(near, 4))
    weight = one.weight - pull * (most - (least if near is None else near))
    return msgspec.structs.replace(one, weight=weight, parts=parts)


# -- to the letter -----------------------------------------------------------------------------------------------------


def alike(ranked: Sequence[Ranked], asking: Asking) -> list[Ranked]:
    """Of the first those that hold all of a few words in some form, where there are several."""
    if asking.sentence == 1 or asking.mode == "semantic":
        return []
    whole = [one for one in ranked[:LOOKED_AT] if one.parts.coverage >= WHOLE and not one.parts.ident]
    return whole if len(whole) > 1 else []


def to_the_letter(ranked: Sequence[Ranked], shares: Mapping[str, float], asking: Asking) -> list[Ranked]:
    """Ordered also by which share of the words stands there as it was asked."""
    if not shares:
        return list(ranked)
    worth = EXACT * (1 - asking.sentence)
    first = [_exact(one, shares.get(one.id, 0.0), worth) for one in ranked[:LOOKED_AT]]
    return sorted([*first, *ranked[LOOKED_AT:]], key=order)


def _exact(one: Ranked, share: float, worth: float) -> Ranked:
    parts = msgspec.structs.replace(one.parts, exact=round(share, 4))
    return msgspec.structs.replace(one, weight=one.weight + worth * share, parts=parts)
