"""Would those who are here be linked otherwise today? One customer weighed against the others that its keys find, and
its own contacts against one another, by what is known by now."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import msgspec

from identity import store
from identity.book import MOST_MEMBERS, Book
from identity.customers import ContactId, CustomerId, Grade
from identity.deciding import PLAUSIBLE_ODDS, UNLIKELY_ODDS, Choice, Evidence, Look
from identity.facts import Profile
from identity.joining import Hand, Link, edge_between, parting, question, unite
from identity.known import Known
from identity.merging import Joined
from identity.proofs import against
from identity.records import NewSuggestion
from identity.statistics import SHAREABLE

Wanted = Callable[[CustomerId, CustomerId], bool]
Kind = Literal["link", "ask", "unlink"]


def older(customer: CustomerId, other: CustomerId) -> bool:
    """Ids are in the order of time: each pair is looked at once, when the younger one's turn comes."""
    return other < customer


def anybody(customer: CustomerId, other: CustomerId) -> bool:
    """For a customer that was just joined: also those who had their turn before."""
    return other != customer


class End(msgspec.Struct, frozen=True, kw_only=True):
    contact_id: ContactId
    customer_id: CustomerId
    name: str | None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a second look comes to. `link`: the customers of the two contacts are one, of this grade; `ask`: they may
    be; `unlink`: `a`, which was linked by itself, may be somebody else."""

    kind: Kind
    a: End
    b: End
    grade: Grade | None = None
    probability: float
    needed: float
    words: list[str]
    evidence: list[dict[str, Any]]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with what carries it out: a link between two contacts, or the suggestion to write."""

    finding: Finding
    ours: Known
    link: Link | None = None
    suggestion: NewSuggestion | None = None


async def doubtful(db: store.Db, evidence: Evidence, customers: Sequence[CustomerId]) -> list[CustomerId]:
    """Those of the customers that a closer look is worth: somebody older may be the same, or a contact none of it."""
    found = await evidence.candidates.read_customers(db, customers, older)
    return [
        customer
        for customer, others in found.items()
        if any(one.score.odds >= PLAUSIBLE_ODDS for one in _look(evidence, customer, others).scored)
        or any(_parted(evidence, customer))
    ]


def _look(evidence: Evidence, customer: CustomerId, others: Sequence[CustomerId]) -> Look:
    candidates = evidence.candidates
    look = Look(candidates, evidence.bands, evidence.policy.suggestions, candidates.profile(customer), set())
    known = (look.against(other) for other in others if candidates.knows(other))
    look.scored = sorted(known, key=lambda one: -one.score.odds)
    return look


def _parted(evidence: Evidence, customer: CustomerId) -> Iterator[tuple[Known, Choice]]:
    """The contacts that came to the customer by themselves, with a value that is several people's by now, and that
    nothing else holds there."""

    def several(facts: Profile) -> bool:
        statistics = evidence.candidates.statistics
        return any(statistics.shared(field, value) for field in SHAREABLE for value in facts.field(field))

    for known, choice in evidence.linked(customer, several):
        if choice.best.score.odds < UNLIKELY_ODDS:
            yield known, choice


class SecondLook:
    """One customer, read for a closer look: `read`, then the locks of `customers`, then `read_again`."""

    def __init__(self, evidence: Evidence, book: Book, customer: CustomerId) -> None:
        self.evidence = evidence
        self.book = book
        self.customer = customer
        self.customers: list[CustomerId] = []
        self._others: list[CustomerId] = []

    async def read(self, db: store.Db, wanted: Wanted) -> None:
        """Leaves `customers` empty where nobody is known of the customer any more."""
        found = await self.evidence.candidates.read_customers(db, [self.customer], wanted)
        if self.customer in found:
            self._others = found[self.customer]
            scored = _look(self.evidence, self.customer, self._others).scored
            self.customers = [self.customer, *(one.customer for one in scored if one.score.odds >= PLAUSIBLE_ODDS)]

    async def read_again(self, db: store.Db) -> None:
        """Raises `Moved`."""
        await self.book.read_customers(db, self.customers)

    def found(self, hand: Hand) -> list[Found]:
        """What is to be done about the customer, as it was read."""
        parted = [self._part(known, choice, hand) for known, choice in _parted(self.evidence, self.customer)]
        pair = self._pair(hand)
        return [*parted, pair] if pair else parted

    def _pair(self, hand: Hand) -> Found | None:
        book, candidates = self.book, self.evidence.candidates
        others = [one for one in self._others if one not in book.members or not book.kept_apart(self.customer, one)]
        look = _look(self.evidence, self.customer, others)
        choice = look.weigh(book.kept_apart)
        if choice is None or choice.said == "different" or choice.best.customer not in book.members:
            return None
        owner = look.nearest(choice.best.customer)
        theirs = Look(candidates, look.bands, look.most_offers, candidates.facts_of(owner), set())
        ours = theirs.nearest(self.customer)
        if choice.said == "same" and not self._too_many(choice.best.customer):
            if against(book, ours, owner) is not None:
                return None
            ours, owner, grade = edge_between(book, look, ours, owner, choice)
            link = Link(owner=owner, grade=grade, via=None, evidence=choice.pieces())
            return Found(finding=finding_of("link", ours, owner, choice, grade), ours=ours, link=link)
        if self.evidence.bands.automatic == "proof" and choice.best.score.basis != "proof":
            return None
        suggestion = question(look, ours, choice, hand)
        return Found(finding=finding_of("ask", ours, owner, choice), ours=ours, suggestion=suggestion)

    def _too_many(self, other: CustomerId) -> bool:
        """Contacts for one transaction to move: of such a pair a person is asked."""
        return any(len(self.book.members[customer]) >= MOST_MEMBERS for customer in (self.customer, other))

    def _part(self, known: Known, choice: Choice, hand: Hand) -> Found:
        members = self.evidence.candidates.members[self.customer]
        suggestion = parting(members, known, choice, hand)
        other = next(one for one in members if one.id == suggestion.contact_b)
        return Found(finding=finding_of("unlink", known, other, choice), ours=known, suggestion=suggestion)

    async def join(self, db: store.Db, found: Found, hand: Hand) -> Joined:
        """Carry a link out, under the locks of `customers`."""
        assert found.link is not None
        look = _look(self.evidence, self.customer, [])
        return await unite(db, self.book, look, found.ours, found.link, hand)


def finding_of(kind: Kind, ours: Known, theirs: Known, choice: Choice, grade: Grade | None = None) -> Finding:
    evidence = choice.pieces()
    return Finding(
        kind=kind,
        a=End(contact_id=ours.id, customer_id=ours.customer_id, name=ours.name),
        b=End(contact_id=theirs.id, customer_id=theirs.customer_id, name=theirs.name),
        grade=grade,
        probability=choice.probability,
        needed=choice.needed,
        words=[piece["words"] for piece in evidence],
        evidence=evidence,
    )
