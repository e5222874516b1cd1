"""Is this somebody whom we know? One newcomer against its candidates: whom it is linked with by itself, whom a person
is asked about, and which customers it shows to be one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from identity import blocking_store, store
from identity.candidates import Candidates
from identity.claims import Claim
from identity.customers import CustomerId, Grade, WorkspaceId
from identity.decision import (
    MOST_RIVALS,
    Bands,
    Score,
    Standing,
    bands_of,
    learn,
    note_offer,
    offer_floor,
    rival_odds,
    score,
    verdict,
)
from identity.facts import Profile, merged, value_of
from identity.identifiers import Identifier
from identity.known import Known
from identity.policy import IdentityPolicy
from identity.statistics import SHAREABLE, Counts
from identity.wording import Rival, sentences

MOST_LOOKED_THROUGH: Final = 12
MOST_RECONSIDERED: Final = 30
UNLIKELY_ODDS: Final = 0.5
BANDS_AFTER: Final = 25
"""The bands are set again after so many contacts of a batch."""
PLAUSIBLE_ODDS: Final = 0.5
"""Customers whom the newcomer may be at lower odds are not locked, and so not linked in this transaction."""

Apart = Callable[[CustomerId, CustomerId], bool]


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    customer: CustomerId
    score: Score


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What came out for the best candidate: `same` links, `review` asks, `different` leaves it."""

    best: Scored
    said: str
    probability: float
    needed: float
    runner_up: Scored | None = None

    def pieces(self) -> list[dict[str, Any]]:
        """The evidence as it is kept with a decision or a suggestion: the comparisons, then the decision."""
        rival = self.runner_up and Rival(customer=str(self.runner_up.customer), odds=self.runner_up.score.odds)
        return sentences(self.best.score, self.needed, self.probability, rival)


class Look:
    """One claim looked at: `profile` is what is compared, the newcomer's or that of the customer it came to."""

    def __init__(
        self, candidates: Candidates, bands: Bands, most_offers: float, profile: Profile, keys: set[int]
    ) -> None:
        self.candidates = candidates
        self.bands = bands
        self.most_offers = most_offers
        self.profile = profile
        self.keys = keys
        self.scored: list[Scored] = []
        self._kept: dict[CustomerId, tuple[Profile, Profile, Scored]] = {}
        self.linked = False
        """Whether the contact is in company, or was there before: what is said of it may show customers to be one."""
        self.turned: list[tuple[str, Any]] = []
        """The values that turned out to be several people's."""

    def saw(self, profile: Profile) -> None:
        self.turned.extend(self.candidates.statistics.saw(profile))

    def shared(self, identifier: Identifier) -> bool:
        """Whether the value was known to be several people's. Of a mailbox that turned out so just now a person is
        asked first: people change their names and mistype them."""
        value = identifier.kind, value_of(identifier)
        turned = identifier.kind == "email" and value in self.turned
        return self.candidates.statistics.shared(*value, proved=True) and not turned

    def people_on(self, field: str, value: Any) -> str:
        """Who was seen on the value, in words."""
        names = [one.name for one in self.candidates.statistics.uses[field, value].people]
        return " and on ".join(" ".join((*name.given, *name.family)).title() for name in reversed(names[-3:]))

    def arrived(self, known: Known, before: Profile | None) -> None:
        """A new contact stands in its home; `before` is the profile of the customer that it was linked with."""
        statistics = self.candidates.statistics
        if before is not None:
            statistics.saw_known()
        else:
            statistics.saw_opened(max((one.score.housemate for one in self.scored), default=0.0))
        self.linked = before is not None
        self.candidates.settled(known, self.keys, before=before)

    def went_on(self, known: Known, before: Profile) -> None:
        """A known contact brought news: its customer is compared with those whom the news point to."""
        self.linked = True
        keys = self.keys | self.candidates.keys(self.candidates.facts_of(known))  # a name and a town said apart
        self.candidates.settled(known, keys, before=before)
        self.profile = self.candidates.profile(known.customer_id)
        self.compare(without=known.customer_id)

    def compare(self, without: CustomerId | None = None, also: tuple[CustomerId, ...] = ()) -> None:
        """Score the candidates, the likeliest first; those that are as they were when they were scored keep it."""
        ranked = dict.fromkeys((*also, *self.candidates.ranked(self.keys)))
        self.scored = sorted(
            (self.against(customer) for customer in ranked if customer != without and self.candidates.knows(customer)),
            key=lambda one: -one.score.odds,
        )

    def against(self, customer: CustomerId, profile: Profile | None = None) -> Scored:
        ours, theirs = profile or self.profile, self.candidates.profile(customer)
        kept = self._kept.get(customer)
        if kept is not None and kept[0] is ours and kept[1] is theirs:
            return kept[2]
        scored = Scored(customer=customer, score=score(ours, theirs, self.candidates.statistics))
        if ours is self.profile:
            self._kept[customer] = ours, theirs, scored
        return scored

    def choose(self, apart: Apart) -> Choice | None:
        """Whose the newcomer is, and what is learned from it; None where there is nobody to compare with."""
        choice = self.weigh(apart)
        if choice is not None and not choice.best.score.vetoes:
            learn(self.candidates.statistics, choice.best.score, choice.probability)
        return choice

    def weigh(self, apart: Apart) -> Choice | None:
        """The best candidate, with the odds of the others against it."""
        standing = [one for one in self.scored if not one.score.vetoes]
        if not standing:
            return self.judged(self.scored[0]) if self.scored else None
        best = self._first(standing)
        others = [one for one in standing if one is not best]
        return self.judged(best, self._rivals(best, others, apart), others[0] if others else None)

    def _first(self, standing: list[Scored]) -> Scored:
        """The likeliest; whoever only claims, which anybody may, does not come before a proof that is enough."""
        first = standing[0]
        if first.score.basis == "alone":
            proofs = (one for one in standing if one.score.basis == "proof")
            return next((one for one in proofs if self.judged(one).said == "same"), first)
        return first

    def judged(self, one: Scored, rivals: float = 0.0, runner_up: Scored | None = None) -> Choice:
        said, probability = verdict(one.score, rivals, self.bands)
        return Choice(
            best=one, said=said, probability=probability, needed=self.bands.needed(one.score), runner_up=runner_up
        )

    def _rivals(self, best: Scored, others: list[Scored], apart: Apart) -> float:
        first, *rest = (
            Standing(
                profile=self.candidates.profile(one.customer),
                score=one.score,
                apart=one is not best and apart(best.customer, one.customer),
            )
            for one in (best, *others[:MOST_RIVALS])
        )
        return rival_odds(self.profile, first, rest, self.candidates.statistics)

    def judge(self, customer: CustomerId, other: CustomerId) -> Choice:
        """Whether two customers are one, by the mean over the members of both."""
        return self.judged(self.against(other, self.candidates.profile(customer)))

    def offered(self, choice: Choice) -> bool:
        """Whether the pair is worth a person's time: one of the likeliest, as far as the queue's share allows."""
        if choice.said != "review":
            return False
        statistics = self.candidates.statistics
        note_offer(statistics, choice.probability)
        return choice.probability >= offer_floor(statistics, self.most_offers)

    def nearest(self, customer: CustomerId) -> Known:
        """The member that the newcomer is likest: of equal ones the oldest."""
        people = [known for known in self.candidates.members[customer] if not known.is_desk]
        members = people[:MOST_LOOKED_THROUGH]
        facts = {known.id: self.candidates.facts_of(known) for known in members}
        odds = {known.id: score(self.profile, facts[known.id], self.candidates.statistics).odds for known in members}
        return max(reversed(members), key=lambda known: odds[known.id])


class Evidence:
    """What a batch decides by beyond proof: its candidates, and the bands in force."""

    def __init__(self, workspace: WorkspaceId, salt: bytes, counts: Counts, policy: IdentityPolicy) -> None:
        self.candidates = Candidates(workspace, salt, counts)
        self.policy = policy
        self.bands = bands_of(self.candidates.statistics, policy)
        self._banded_at = self.candidates.statistics.contacts
        self.looks: dict[int, Look] = {}
        self.likely: set[CustomerId] = set()

    @property
    def lesson(self) -> Counts:
        """What the batch taught, to be taken over once nothing can make it start over."""
        return self.candidates.statistics.lesson

    async def read(self, db: store.Db, claims: Sequence[tuple[Claim, Known | None]]) -> None:
        """Read around the claims, which bring something new of a contact that is known or not: whom they may be."""
        if not claims:
            return
        await self.candidates.read(db, [claim for claim, _ in claims])
        for claim, known in claims:
            look = self.looks[id(claim)] = self._look(claim)
            look.saw(look.profile if known is None else self._fresh(claim, known))
            look.compare()
            self.likely.update(one.customer for one in look.scored if one.score.odds >= PLAUSIBLE_ODDS)

    def _fresh(self, claim: Claim, known: Known) -> Profile:
        """What a known contact was not seen with before."""
        held = [one for one in claim.held if one.identifier.key not in known.held]
        return self.candidates.facts(claim.name or known.name, {**known.attributes, **claim.attributes}, held)

    def look(self, claim: Claim) -> Look:
        """The claim as it was read, or one that an earlier item of the batch made news, under the bands of now."""
        if self.candidates.statistics.contacts >= self._banded_at + BANDS_AFTER:
            self._banded_at = self.candidates.statistics.contacts
            self.bands = bands_of(self.candidates.statistics, self.policy)
        look = self.looks.get(id(claim)) or self._look(claim)
        look.bands = self.bands
        return look

    def _look(self, claim: Claim) -> Look:
        return Look(self.candidates, self.bands, self.policy.suggestions, *self.candidates.claimed(claim))

    async def write(self, db: store.Db) -> None:
        """The keys under which the homes of this batch are found from now on."""
        new = list(self.candidates.new_keys)
        self.candidates.new_keys.clear()
        if new:
            await blocking_store.write_keys(
                db, self.candidates.workspace, [key for key, _ in new], [home for _, home in new]
            )

    def unheld(self, field: str, value: Any) -> Iterator[tuple[Known, Choice]]:
        """The contacts that came to their customers by themselves and hold the value, which turned out to be several
        people's, and that nothing else holds there."""
        for customer in list(self.candidates.members):
            for known, choice in self.linked(customer, lambda facts: value in facts.field(field)):
                if choice.best.score.odds < UNLIKELY_ODDS:
                    yield known, choice

    def linked(self, customer: CustomerId, asked: Callable[[Profile], bool]) -> Iterator[tuple[Known, Choice]]:
        """The contacts that came to a customer by themselves and are `asked` for by what they hold, each weighed
        against all others there."""
        people = [known for known in self.candidates.members.get(customer, ()) if not known.is_desk]
        for known in people if 1 < len(people) <= MOST_RECONSIDERED else ():
            facts = self.candidates.facts_of(known)
            if known.home_decision is not None and asked(facts):
                rest = merged(*(self.candidates.facts_of(other) for other in people if other is not known))
                again = score(facts, rest, self.candidates.statistics)
                look = Look(self.candidates, self.bands, self.policy.suggestions, facts, set())
                yield known, look.judged(Scored(customer=customer, score=again))


def first_equal(claim: Claim, known: Known) -> Identifier | None:
    """An identifier that both name, the strongest by its kind: what a presumed link is told by."""
    equal = [held.identifier for held in claim.held if held.identifier.key in known.held]
    return min(equal, key=lambda identifier: (identifier.kind in SHAREABLE, identifier.key), default=None)


def presumed_grades(newcomer_proved: bool, members: list[Known]) -> tuple[Grade, bool]:
    """The grade of a newcomer that evidence alone links with a customer, and whether it leaves its members presumed.

    It is a group of its own and the youngest: verified where it alone is proved (`identity.customers.grades`)."""
    if any(known.grade == "verified" for known in members):
        return "presumed", False
    return ("verified" if newcomer_proved else "presumed"), True
