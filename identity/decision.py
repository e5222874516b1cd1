"""One person or not? From evidence to odds, from odds to a verdict: the sum of all weights against two rivals, a
stranger and somebody of the same house or firm, and the odds of the runner-up."""

from collections.abc import Iterable, Sequence
from math import log2
from typing import Final, Literal

import msgspec

from identity.comparing import compare_facts
from identity.evidence import STRONG, Evidence
from identity.facts import Profile, merged
from identity.identities import compare_identifiers, vetoes
from identity.policy import STANDARD, Automatic, Claims, IdentityPolicy
from identity.statistics import SHAREABLE, Statistics

FEWEST: Final = 100
"""A desk's customers are counted as at least so many: it will have them soon."""
SUPPORT: Final = 1.5
"""From so many bits on a comparison agrees."""
EQUAL: Final = ("exact", "exact_proved")
"""Levels of an equal value that is one person's."""
RARE_NAME: Final = 12
AGAINST: Final = -1
"""A name alone links only where it is rare and nothing known of both sides differs, not even an address."""
NAMES_KNOWN: Final = 500
"""After so many customers a desk knows which names are rare; before, a name alone links nobody."""
FIRM: Final = 0.98
SON: Final = 0.995
OWN_IDS: Final = frozenset({"national_id", "account", "external"})
TWIN: Final = frozenset({"alike", "another", "feminine"})
MOST_RIVALS: Final = 3
LEARN_FROM: Final = 0.3
"""Pairs less likely than that teach nothing about the levels that one person's pairs reach."""

Basis = Literal["proof", "evidence", "alone"]
Verdict = Literal["same", "review", "different"]


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """`stranger` and `house` are the sums in bits with the prior odds; `basis` is what a link would rest on: proof,
    evidence, or a claim alone; `claim` tells that an equal identifier is in it."""

    evidence: tuple[Evidence, ...]
    stranger: float
    house: float
    vetoes: tuple[str, ...]
    basis: Basis
    claim: bool = False

    @property
    def housemate(self) -> float:
        """The probability of another person of the same house or firm."""
        house = 2 ** -max(self.house, -60)
        return house / (1 + house + 2 ** -max(self.stranger, -60))

    @property
    def kin(self) -> float:
        """What a link takes wherever the band is: more where it could be a twin, whose given name is another or alike,
        or a son of his father's name and number, born on another day. No two of them have one id."""
        if any(found.comparison in OWN_IDS and found.level in EQUAL for found in self.evidence):
            return 0.0
        if self.basis == "proof" and any(one.comparison == "birth_date" and one.house < 0 for one in self.evidence):
            return SON
        names = (found.level.split()[0] for found in self.evidence if found.comparison == "name")
        return 0.0 if TWIN.isdisjoint(names) else FIRM

    @property
    def odds(self) -> float:
        return 1 / (2 ** -_within(self.stranger) + 2 ** -_within(self.house))


def _within(bits: float) -> float:
    return max(min(bits, 60), -60)


def score(a: Profile, b: Profile, statistics: Statistics) -> Score:
    """`a` is the newcomer, or the younger of two customers: of a shared value, the people of `b` are asked for."""
    evidence = (*compare_facts(a, b, statistics), *compare_identifiers(a, b, statistics))
    returning = statistics.returning()
    strangers = max(statistics.customers, FEWEST)
    stranger = sum(found.stranger for found in evidence) + log2(returning / strangers)
    house = sum(found.house for found in evidence)
    if not any(found.comparison in SHAREABLE and found.level.startswith("exact") for found in evidence):
        house += log2(returning / statistics.at_home())
    return Score(
        evidence=evidence,
        stranger=stranger,
        house=house,
        vetoes=tuple(vetoes(a, b)),
        basis=_basis(evidence, a, b, statistics),
        claim=any(found.comparison in STRONG and found.level == "exact" for found in evidence),
    )


# -- what a link would rest on -------------------------------------------------------------------------------


def _basis(evidence: Sequence[Evidence], a: Profile, b: Profile, statistics: Statistics) -> Basis:
    """`proof`: a value proved on both sides that nothing contradicts. `evidence`: two comparisons that agree, a rare
    whole name, a device proved on both sides that one person uses, or a value claimed before that the newcomer
    proves. `alone`: a claim that nothing supports, which links nobody."""
    agreeing = [found for found in evidence if _agrees(found, statistics)]
    name = next((found for found in evidence if found.comparison == "name"), None)
    proofs = [found for found in agreeing if all(found.proved) and found.comparison in STRONG]
    if any(found.level in EQUAL for found in proofs) and (name is None or name.stranger >= 0):
        return "proof"
    if len(agreeing) >= 2 and any(map(_certain, agreeing)):
        return "evidence"
    if not agreeing or (name is not None and name.stranger < 0):
        return "alone"
    return "evidence" if _enough(agreeing[0], evidence, a, b, statistics) else "alone"


def _agrees(found: Evidence, statistics: Statistics) -> bool:
    """Not by chance, as a value of several people does, a device that is only claimed and, while hardly a name is
    known, a year of birth."""
    if found.level == "exact_shared" or (found.comparison == "visitor" and not all(found.proved)):
        return False
    if found.level == "year" and statistics.customers < FEWEST:
        return False
    return found.stranger >= SUPPORT


def _certain(found: Evidence) -> bool:
    """Whether it is more than a near miss: two values that are nearly equal, in two fields, are as well two people with
    the next number each."""
    if found.comparison == "birth_date":
        return "year" not in found.level
    return found.comparison in ("name", "spelled_name") or found.level.startswith(("exact", "same_mailbox"))


def _enough(only: Evidence, evidence: Sequence[Evidence], a: Profile, b: Profile, statistics: Statistics) -> bool:
    """Whether one comparison that agrees is enough."""
    if only.comparison == "visitor":
        return statistics.people("visitor", only.values[0]) <= 1
    if only.comparison in ("name", "spelled_name"):
        rare = only.stranger > RARE_NAME and statistics.customers >= NAMES_KNOWN
        return rare and all(found.stranger > AGAINST for found in evidence)
    return only.level in (*EQUAL, "same_mailbox") and only.comparison in STRONG and _met(a, b, only)


def _met(a: Profile, b: Profile, claim: Evidence) -> bool:
    """Whether one side proves what the other claims, and the claimant is nobody from nowhere: proved by something
    else, or known to have claimed it before."""
    for claimant, value, proved, met in (
        (a, claim.values[0], claim.proved[0], claim.proved[1]),
        (b, claim.values[1], claim.proved[1], claim.proved[0]),
    ):
        if met and (proved or claimant.field(claim.comparison).get(value, 0) >= 2):
            return True
        if met and any(kind in STRONG for kind, _ in claimant.proved):
            return True
    return False


# -- verdict -------------------------------------------------------------------------------------------------


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """The probabilities from which a link is made by itself, made by itself on proof, and proposed."""

    same: float = 0.95
    proof: float = 0.90
    review: float = 0.60
    automatic: Automatic = "evidence"
    claims: Claims = "met"

    def needed(self, one: Score) -> float:
        needed = self.proof if one.basis == "proof" else self.same
        return max(needed, one.kin)


def verdict(one: Score, rivals: float, bands: Bands) -> tuple[Verdict, float]:
    """The verdict and its probability. `rivals` are the summed odds of the other candidates who are not the same
    person as this one."""
    odds = one.odds / (1 + rivals)
    probability = odds / (1 + odds)
    if probability >= bands.needed(one) and _may_link(one, bands):
        return ("review" if one.vetoes else "same"), probability
    if one.vetoes:
        return "different", probability
    return ("review" if probability >= bands.review else "different"), probability


def _may_link(one: Score, bands: Bands) -> bool:
    if one.basis == "proof":
        return True
    return bands.automatic == "evidence" and (one.basis != "alone" or (bands.claims == "personal" and one.claim))


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate that nothing forbids; `apart`: somebody said that it is another person than the best one."""

    profile: Profile
    score: Score
    apart: bool = False


def rival_odds(newcomer: Profile, best: Standing, others: Iterable[Standing], statistics: Statistics) -> float:
    """The odds that the newcomer is somebody else's, each weighed by how far that is another person than the best
    candidate at all. `others` are the candidates after the best, the likeliest first; three of them count. To a
    proof, who only claims is no rival."""
    both, odds = merged(best.profile, newcomer), 0.0
    for other, _ in zip(others, range(MOST_RIVALS), strict=False):
        if other.score.odds < 0.01:
            break
        if best.score.basis == "proof" and other.score.basis == "alone":
            continue
        cross = score(both, other.profile, statistics)
        another = bool(cross.vetoes) or other.apart
        odds += other.score.odds if another else other.score.odds / (1 + cross.odds)
    return odds


# -- bands and offers, from what was forecast ----------------------------------------------------------------

STEPS: Final = 400
"""Probabilities are counted in so many steps."""
BAND_AFTER: Final = 50
"""Before so many contacts nothing is known of the forecast, and the band stays where it begins."""
LOWEST: Final = 0.7
LOWEST_OFFER: Final = 0.6
HIGHEST: Final = 0.99
DOUBTS: Final = 0.03
"""So many links are expected in each step before any was seen: only sure ones, and many of them, lower the band."""
FIRST_FORECASTS: Final = 100.0
"""The wanted forecast counts like this many links."""
_FORECASTS: Final = [(f"forecast {step} n", f"forecast {step} p") for step in range(STEPS + 1)]
_OFFERS: Final = [f"offer {step}" for step in range(STEPS + 1)]


def wanted_forecast(precision: float) -> float:
    """The mean probability at which the expected precision is reached: of .9875, .99 of the links were right on two
    streams, for the probabilities are a little too careful."""
    return 1 - (1 - precision) * 1.25


def bands_of(statistics: Statistics, policy: IdentityPolicy = STANDARD) -> Bands:
    """The bands of a policy, after what was seen so far."""
    return Bands(
        same=band(statistics, wanted_forecast(policy.precision), max(HIGHEST, policy.precision)),
        proof=max(Bands().proof, 1 - (1 - policy.precision) * 10),
        automatic=policy.automatic,
        claims=policy.claims,
    )


def note_forecast(statistics: Statistics, probability: float) -> None:
    """The best candidate of a contact was found with this probability, on more than a claim alone."""
    links, right = _FORECASTS[int(probability * STEPS)]
    statistics.lesson.number(links, 1)
    statistics.lesson.number(right, probability)


def band(statistics: Statistics, wanted: float = wanted_forecast(0.99), highest: float = HIGHEST) -> float:
    """The lowest probability above which the forecasts noted so far have a mean of `wanted`, between .6 and `highest`.
    Needs no label: the probabilities are the forecast."""
    if statistics.contacts < BAND_AFTER:
        return max(Bands().same, 1 - (1 - wanted) * 4)
    links, right, found = FIRST_FORECASTS, FIRST_FORECASTS * wanted, highest
    for step in range(STEPS, int(LOWEST * STEPS) - 1, -1):
        n, p = _FORECASTS[step]
        links, right = links + statistics.number(n) + DOUBTS, right + statistics.number(p) + DOUBTS * step / STEPS
        if right < wanted * links - 1e-9:
            break
        found = min(found, step / STEPS)
    return max(found, LOWEST)


def note_offer(statistics: Statistics, probability: float) -> None:
    """A pair was found that a person could be asked about."""
    statistics.lesson.number(_OFFERS[int(probability * STEPS)], 1)


def offer_floor(statistics: Statistics, most: float = STANDARD.suggestions) -> float:
    """From which probability a pair is proposed to a person: the best ones, as far as `most`, the share of contacts,
    allows."""
    room = most * (statistics.contacts + 100)
    for step in range(STEPS, -1, -1):
        room -= statistics.number(_OFFERS[step])
        if room < 0:
            return max((step + 1) / STEPS, LOWEST_OFFER)
    return LOWEST_OFFER


def learn(statistics: Statistics, best: Score, probability: float) -> None:
    """What the best candidate of a contact teaches, however it was decided."""
    if probability >= LEARN_FROM and len(best.evidence) > 1:
        statistics.learn([part for found in best.evidence for part in found.parts], probability)
    if best.basis != "alone":
        note_forecast(statistics, probability)
