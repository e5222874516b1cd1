"""What would the contacts that are there have taught, had they come one after the other to what is known today?"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from identity import review, store
from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.deciding import Evidence
from identity.decision import Standing, note_forecast, note_offer, rival_odds, score, verdict
from identity.facts import Profile, merged
from identity.known import Known
from identity.statistics import Counts
from identity.training import Pattern, pattern_of

LEARNED: Final = ("level", "group", "forecast", "offer")
"""How the names of the counters begin that hold what decisions taught."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of contacts of which a person said that they are one, or are not."""

    one: dict[ContactId, set[ContactId]]
    apart: dict[ContactId, set[ContactId]]

    @property
    def given(self) -> int:
        return sum(map(len, (*self.one.values(), *self.apart.values()))) // 2


async def read_answers(db: store.Db, workspace: WorkspaceId) -> Answers:
    answers = Answers(one=defaultdict(set), apart=defaultdict(set))
    for row in await review.answered(db, workspace):
        pairs = answers.one if row["state"] == "accepted" else answers.apart
        pairs[row["contact_a"]].add(row["contact_b"])
        pairs[row["contact_b"]].add(row["contact_a"])
    return answers


class Lessons:
    """What was taught so far: `patterns` to estimate levels from, and in `counts` what is counted as it comes."""

    def __init__(self) -> None:
        self.patterns: Counter[Pattern] = Counter()
        self.counts = Counts()
        self.contacts = 0


async def take(
    db: store.Db, evidence: Evidence, customers: Sequence[CustomerId], answers: Answers, into: Lessons
) -> None:
    """Let the contacts of some customers come again, each to those who came before it."""
    await evidence.candidates.read_customers(db, customers, lambda customer, other: other != customer)
    for customer in customers:
        people = [known for known in evidence.candidates.members.get(customer, ()) if not known.is_desk]
        people.sort(key=lambda known: known.id)
        before: Profile | None = None
        said = set().union(*(answers.apart.get(known.id, ()) for known in people))
        for at, known in enumerate(people):
            own = _against(evidence, known, before) if before is not None else None
            found = [one for one in _others(evidence, known) if not said & _ids(evidence, one)]
            others = [_against(evidence, known, evidence.candidates.profile(one)) for one in found]
            sure = not answers.one.get(known.id, set()).isdisjoint(one.id for one in people[:at])
            _arrive(evidence, known, own, others, sure, into)
            facts = evidence.candidates.facts_of(known)
            before = facts if before is None else merged(before, facts)
            into.contacts += 1
    into.counts.add(evidence.lesson)


def _arrive(
    evidence: Evidence, known: Known, own: Standing | None, others: list[Standing], sure: bool, into: Lessons
) -> None:
    """What the best of them teaches: `own` are those of its customer who came before it. `sure`: a person said that it
    is one with them."""
    statistics, facts = evidence.candidates.statistics, evidence.candidates.facts_of(known)
    if own is None:
        into.counts.number("opened", 1)
        into.counts.number("housemates", max((one.score.housemate for one in others), default=0.0))
    standing = [one for one in (own, *others) if one is not None and not one.score.vetoes]
    if not standing:
        return
    best, *rivals = sorted(standing, key=lambda one: -one.score.odds)
    odds = rival_odds(facts, best, rivals, statistics)
    said, probability = verdict(best.score, odds, evidence.bands)
    pattern = pattern_of(best.score, odds, statistics, sure=sure and best is own)
    if pattern is not None:
        into.patterns[pattern] += 1
    if best.score.basis != "alone":
        note_forecast(statistics, probability)
    if own is None and said == "review":
        note_offer(statistics, probability)


def _against(evidence: Evidence, known: Known, profile: Profile) -> Standing:
    found = score(evidence.candidates.facts_of(known), profile, evidence.candidates.statistics)
    return Standing(profile=profile, score=found)


def _others(evidence: Evidence, known: Known) -> list[CustomerId]:
    """The customers who were there when it came, as far as they were read."""
    keys = evidence.candidates.keys(evidence.candidates.facts_of(known))
    found = evidence.candidates.ranked(keys, lambda other: other < known.id and other != known.customer_id)
    return [other for other in found if evidence.candidates.knows(other)]


def _ids(evidence: Evidence, customer: CustomerId) -> set[ContactId]:
    return {known.id for known in evidence.candidates.members[customer]}
