"""Which customers turn out to be one, and what a link, a join or a question keeps of its evidence."""

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec

from identity import merging, store
from identity.book import Book
from identity.claims import Claim
from identity.customers import Contact, ContactId, CustomerId, Grade
from identity.deciding import Choice, Look
from identity.decision import EQUAL
from identity.evidence import STRONG
from identity.facts import value_of
from identity.identifiers import Identifier, label
from identity.known import Known
from identity.merging import Joined
from identity.names import names_conflict, read_name
from identity.proofs import KEPT_APART, OTHER_ACCOUNTS, Match, accounts_differ, against, torn
from identity.records import NewSuggestion

NewId = Callable[[], UUID]
MOST_JOINS: Final = 5


class Hand(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides, and when."""

    actor: str
    now: datetime
    new_id: NewId


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What a new contact is linked by: with whom, how surely, told by which identifier, on what evidence."""

    owner: Known
    grade: Grade
    via: Identifier | None
    evidence: list[dict[str, Any]]


def proved_link(match: Match, choice: Choice | None = None) -> Link:
    """Verified as far as the proof carries it: where the value is several people's, it is the rest that links."""
    if choice is not None and choice.best.score.basis != "proof":
        return Link(owner=match.owner, grade="presumed", via=match.identifier, evidence=choice.pieces())
    return Link(owner=match.owner, grade="verified", via=match.identifier, evidence=_proof_and_more(match, choice))


def _proof_and_more(match: Match, choice: Choice | None) -> list[dict[str, Any]]:
    """The proof that asks for a link, with what it weighs, and what else was weighed."""
    proof = piece("exact_verified", match.identifier, f"same verified {label(match.identifier)}")
    more = [] if choice is None else choice.pieces()
    equal = (one for one in more if one["comparison"] == match.identifier.kind and one["level"] in EQUAL)
    weighed = next((one for one in equal if match.identifier.value in one["values"][0]), None)
    if weighed is None:
        return [proof, *more]
    return [{**weighed, **proof, "words": weighed["words"]}, *(one for one in more if one is not weighed)]


async def join_proved(
    db: store.Db, book: Book, look: Look | None, known: Known, rest: list[Match], hand: Hand
) -> list[Joined]:
    """Join the customers of the matches, one by one: each join brings its side's accounts and partings along."""
    joined: list[Joined] = []
    parted = torn(book, rest)
    for match in rest[:MOST_JOINS] if look else rest:
        if match.owner.customer_id == known.customer_id:
            continue
        reason = KEPT_APART if match in parted else against(book, known, match.owner)
        choice = look.judge(known.customer_id, match.owner.customer_id) if look else None
        if reason is None and choice is not None and choice.said != "same":
            if look and look.shared(match.identifier):
                continue
            reason = doubt(book, look, known, match)
        if reason:
            ask(book, known.id, match, reason, hand, look)
        else:
            link = proved_link(match, choice)
            joined.append(await unite(db, book, look, known, link, hand))
    return joined


async def join_likely(
    db: store.Db, book: Book, look: Look, known: Known, tried: set[CustomerId], hand: Hand
) -> list[Joined]:
    """Customers that the newcomer, or its news, show to be its own: by the mean over both sides."""
    joined: list[Joined] = []
    if not look.linked:
        return joined
    others = [one.customer for one in look.scored if one.customer not in {known.customer_id, *tried}]
    for other in others[:MOST_JOINS]:
        if other == known.customer_id or not look.candidates.knows(other):
            continue
        choice = look.judge(known.customer_id, other)
        if choice.said == "same" and bridged(book, known, choice):
            offer(book, look, known, choice, hand)
        elif choice.said == "same" and other in book.members:
            owner = look.nearest(other)
            if against(book, known, owner) is None:
                ours, owner, grade = edge_between(book, look, known, owner, choice)
                link = Link(owner=owner, grade=grade, via=None, evidence=choice.pieces())
                joined.append(await unite(db, book, look, ours, link, hand))
        elif look.offered(choice) and not book.kept_apart(known.customer_id, other):
            offer(book, look, known, choice, hand)
    return joined


def bridged(book: Book, known: Known, choice: Choice) -> bool:
    """Whether nothing but what a contact claims would join two customers that both proved who they are: who types two
    people's addresses into a form would make them one."""
    if choice.best.score.basis == "proof" or known.proved:
        return False
    sides = (book.members.get(one, ()) for one in (known.customer_id, choice.best.customer))
    return all(any(book.contacts[member].proved for member in members) for members in sides)


def edge_between(book: Book, look: Look, ours: Known, theirs: Known, choice: Choice) -> tuple[Known, Known, Grade]:
    """Between whom two customers are joined, and how surely: two who prove the same, else the two that are given."""
    for found in choice.best.score.evidence if choice.best.score.basis == "proof" else ():
        if found.comparison in STRONG and found.level in EQUAL and all(found.proved):
            one = _who_proves(book, look, ours, found.comparison, found.values[0])
            other = _who_proves(book, look, theirs, found.comparison, found.values[1])
            if one is not None and other is not None:
                return one, other, "verified"
    return ours, theirs, "presumed"


def _who_proves(book: Book, look: Look, first: Known, kind: str, value: Any) -> Known | None:
    """Of a customer's contacts: the one that is given, else the oldest."""
    people = (book.contacts[one] for one in book.members[first.customer_id])
    proving = (one for one in people if (kind, value) in look.candidates.facts_of(one).proved)
    return min(proving, key=lambda one: (one is not first, one.created_at, one.id), default=None)


async def unite(db: store.Db, book: Book, look: Look | None, known: Known, link: Link, hand: Hand) -> Joined:
    """Two customers turned out to be one: an edge between the two contacts; the older customer's id stays."""
    await book.write(db, hand.now)
    joined = await merging.join(
        db,
        book.workspace,
        known.id,
        link.owner.id,
        grade=link.grade,
        actor=hand.actor,
        evidence=link.evidence,
        now=hand.now,
        new_id=hand.new_id,
    )
    before = (look.candidates.profile(joined.customer_id), look.candidates.profile(joined.other)) if look else None
    for contact in joined.contacts:
        _refresh(book, contact, hand.now)
    if look is not None and before is not None:
        members = [book.contacts[one] for one in book.members[joined.customer_id]]
        look.candidates.joined(joined.customer_id, joined.other, members, before)
    return joined


def _refresh(book: Book, contact: Contact, now: datetime) -> None:
    known = book.contacts.get(contact.id)
    if known is None or (known.customer_id == contact.customer_id and known.grade == contact.grade):
        return
    if known.id in book.members.get(known.customer_id, []):
        book.members[known.customer_id].remove(known.id)
    book.members.setdefault(contact.customer_id, []).append(known.id)
    known.customer_id, known.grade = contact.customer_id, contact.grade
    known.customer_decision, known.since = contact.customer_decision, now


def piece(level: str, identifier: Identifier, words: str) -> dict[str, Any]:
    return {"comparison": identifier.kind, "level": level, "identifier": label(identifier), "words": words}


def doubt(book: Book, look: Look | None, known: Known, match: Match) -> str:
    """Why a proof does not link, in words."""
    if accounts_differ(book, known.accounts, match.owner.customer_id):
        return OTHER_ACCOUNTS
    names = (read_name(one.name, one.attributes) for one in (known, match.owner))
    if names_conflict(*names):
        return "the names conflict"
    found = look.judge(known.customer_id, match.owner.customer_id) if look else None
    if found is not None and found.best.score.vetoes:
        return found.best.score.vetoes[0]
    return "what else is known speaks against it"


def ask(book: Book, contact: ContactId, match: Match, reason: str, hand: Hand, look: Look | None = None) -> None:
    """Ask a person about a proof that does not link."""
    from_it = {"comparison": "conflict", "level": "conflict", "words": reason}
    choice = look.judge(book.contacts[contact].customer_id, match.owner.customer_id) if look else None
    book.suggest(
        NewSuggestion(
            id=hand.new_id(),
            contact_a=contact,
            contact_b=match.owner.id,
            evidence=[*_proof_and_more(match, choice), from_it],
            probability=None if choice is None else choice.probability,
        )
    )


def offer(book: Book, look: Look, known: Known, choice: Choice, hand: Hand) -> None:
    """Ask a person about a pair that is likely and not likely enough."""
    book.suggest(question(look, known, choice, hand))


def question(look: Look, known: Known, choice: Choice, hand: Hand) -> NewSuggestion:
    return NewSuggestion(
        id=hand.new_id(),
        contact_a=known.id,
        contact_b=look.nearest(choice.best.customer).id,
        evidence=choice.pieces(),
        probability=choice.probability,
    )


def reconsider(book: Book, look: Look, claim: Claim, hand: Hand) -> None:
    """Where a value of the claim turned out to be several people's: say so, and ask about the contacts that nothing
    else holds at the customer to which they were linked."""
    assert book.evidence is not None
    for field, value in look.turned:
        for held in claim.held:
            if held.identifier.kind == field and value_of(held.identifier) == value:
                book.share(held.identifier, f"seen on {look.people_on(field, value)}")
        for known, choice in islice(book.evidence.unheld(field, value), MOST_JOINS):
            book.suggest(parting(look.candidates.members[known.customer_id], known, choice, hand))


def parting(members: list[Known], known: Known, choice: Choice, hand: Hand) -> NewSuggestion:
    """Ask whether a contact is to be split off from the oldest other one."""
    return NewSuggestion(
        id=hand.new_id(),
        kind="unlink",
        contact_a=known.id,
        contact_b=[one for one in members if one.id != known.id and not one.is_desk][-1].id,
        evidence=choice.pieces(),
        probability=choice.probability,
    )
