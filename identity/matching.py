"""Are two contacts, or two customers, one person? Every comparison of two profiles at the level that it reached, in
words and in bits, with the verdict, its numbers, and what could not be compared.

The levels come from `comparing` (names, dates, places) and `identities` (addresses, numbers, ids; what forbids it), the
weights from `weights` and `statistics`, the sum and the verdict from `decision`, the words from `wording`."""

from typing import Any, Final

import msgspec

from identity.decision import Bands, Basis, Score, Verdict, score, verdict
from identity.facts import Profile
from identity.statistics import Statistics
from identity.wording import called, sentences

TELLING: Final = (
    "name", "email", "phone", "account", "external", "handle", "national_id", "birth_date", "address", "company",
)  # fmt: skip
"""Fields whose absence on one side is told: with them more could be said."""
KEPT_APART: Final = "a person said so"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What a push would make of the two today. `evidence` is a piece for each comparison that says something, the
    weightiest first, with its words, and its bits against strangers and against people of one house or firm; the last
    piece is the decision. `only_a` and `only_b` name what one side alone tells."""

    verdict: Verdict
    basis: Basis
    probability: float
    needed: float
    vetoes: list[str]
    evidence: list[dict[str, Any]]
    only_a: list[str]
    only_b: list[str]

    @property
    def words(self) -> list[str]:
        """What the pieces say, a part of a sentence each; the decision comes last."""
        return [piece["words"] for piece in self.evidence]


class Scales(msgspec.Struct, frozen=True, kw_only=True):
    """What two are weighed with: the counts of the workspace, and the bands of its policy."""

    statistics: Statistics
    bands: Bands


def compare(a: Profile, b: Profile, scales: Scales, *, a_is_newer: bool, kept_apart: bool = False) -> Comparison:
    """The newer one is weighed as a newcomer is; what is told is in the order of the arguments."""
    newer, older = (a, b) if a_is_newer else (b, a)
    found = score(newer, older, scales.statistics)
    if not a_is_newer:
        found = _turned(found)
    if kept_apart:
        found = msgspec.structs.replace(found, vetoes=(KEPT_APART, *found.vetoes))
    said, probability = verdict(found, 0.0, scales.bands)
    if found.basis != "proof" and (kept_apart or scales.bands.automatic == "proof"):
        said = "different"  # nobody is asked: a person answered, or evidence is not asked for here
    needed = scales.bands.needed(found)
    return Comparison(
        verdict=said,
        basis=found.basis,
        probability=round(probability, 6),
        needed=round(needed, 6),
        vetoes=list(found.vetoes),
        evidence=sentences(found, needed, probability, automatic=scales.bands.automatic),
        only_a=_alone(a, b),
        only_b=_alone(b, a),
    )


def _turned(found: Score) -> Score:
    turned = (
        msgspec.structs.replace(one, values=(one.values[1], one.values[0]), proved=(one.proved[1], one.proved[0]))
        for one in found.evidence
    )
    return msgspec.structs.replace(found, evidence=tuple(turned))


def _alone(one: Profile, other: Profile) -> list[str]:
    return [called(field) for field in TELLING if one.field(field) and not other.field(field)]
