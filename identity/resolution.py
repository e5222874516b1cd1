"""Whose is this? Identifiers to a contact, found or new; linked on proof or on evidence, asked about where unsure."""

from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from identity import store
from identity.book import Book
from identity.claims import Claim, accounts_in
from identity.customers import ContactId, CustomerId, DecisionId, Grade, LinkDecision
from identity.deciding import Choice, Look, first_equal, presumed_grades
from identity.identifiers import Identifier, label
from identity.joining import (
    MOST_JOINS,
    Hand,
    Link,
    ask,
    doubt,
    join_likely,
    join_proved,
    offer,
    piece,
    proved_link,
    reconsider,
)
from identity.known import Known
from identity.merging import Joined
from identity.names import names_conflict, read_name
from identity.proofs import (
    KEPT_APART,
    OTHER_ACCOUNTS,
    Match,
    accounts_conflict,
    accounts_differ,
    links,
    matches_of,
    torn,
)

NewId = Callable[[], UUID]


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """The contact of a claim, and the merges that its proofs brought about."""

    contact_id: ContactId
    customer_id: CustomerId
    joined: tuple[Joined, ...] = ()


async def resolve(db: store.Db, book: Book, claim: Claim, actor: str, now: datetime, new_id: NewId) -> Resolved:
    """Find or make the contact of `claim` and link it as far as its proofs go, and evidence where that may link.

    `book` was read for this claim, under its locks; what is decided is in the book and written with it."""
    hand = Hand(actor=actor, now=now, new_id=new_id)
    known = book.known_by(claim)
    look = book.look(claim)
    matches, unsure = matches_of(book, claim, known)
    if known is None and look is not None:
        known, rest = _arrive(book, look, claim, matches, hand)
    elif known is None:
        known, rest = _arrive_by_proof(book, claim, matches, hand)
    else:
        rest = matches
        _go_on(book, look, known, claim, hand)
    for match in unsure:
        accounts = accounts_conflict(known.accounts, match.owner.accounts)
        ask(book, known.id, match, OTHER_ACCOUNTS if accounts else "the names conflict", hand)
    joined = await join_proved(db, book, look, known, rest, hand)
    if look is not None:
        joined.extend(await join_likely(db, book, look, known, {m.owner.customer_id for m in rest}, hand))
        reconsider(book, look, claim, hand)
    return Resolved(contact_id=known.id, customer_id=known.customer_id, joined=tuple(joined))


# -- somebody new ------------------------------------------------------------------------------------------------


def _arrive_by_proof(book: Book, claim: Claim, matches: list[Match], hand: Hand) -> tuple[Known, list[Match]]:
    """A new contact: in the home of its heaviest match, else in one of its own. Returns the matches still to join."""
    contact = ContactId(hand.new_id())
    fitting = [m for m in matches if not accounts_differ(book, accounts_in(claim.held), m.owner.customer_id)]
    parted = bool(torn(book, fitting))
    for match in matches:
        if parted or match not in fitting:
            ask(book, contact, match, KEPT_APART if parted else OTHER_ACCOUNTS, hand)
    match = None if parted or not fitting else fitting[0]
    known = _open(book, claim, contact, proved_link(match) if match else None, hand)
    _hold(book, known, claim, hand)
    return known, [] if parted else fitting[1:]


def _arrive(book: Book, look: Look, claim: Claim, matches: list[Match], hand: Hand) -> tuple[Known, list[Match]]:
    """A new contact, weighed against everybody who may be the same person."""
    contact = ContactId(hand.new_id())
    look.compare(also=tuple(match.owner.customer_id for match in matches[:MOST_JOINS]))
    choice = look.choose(book.kept_apart)
    link = _weighed_link(book, look, choice, claim, matches)
    before = look.candidates.profile(link.owner.customer_id) if link else None
    known = _open(book, claim, contact, link, hand)
    _hold(book, known, claim, hand)
    look.arrived(known, before)
    if link is not None:
        if link.grade == "verified":
            _raise_others(book, look, known, claim.proofs, hand)
        return known, [match for match in matches if match.owner.customer_id != known.customer_id]
    parted = torn(book, matches)
    for match in matches:
        if not look.shared(match.identifier):
            ask(book, contact, match, KEPT_APART if match in parted else doubt(book, look, known, match), hand, look)
    if choice is not None and not matches and look.offered(choice):
        offer(book, look, known, choice, hand)
    return known, []


def _weighed_link(book: Book, look: Look, choice: Choice | None, claim: Claim, matches: list[Match]) -> Link | None:
    """The link that the choice asks for; a customer that is not locked is not linked with now."""
    if choice is None or choice.said != "same" or choice.best.customer not in book.members:
        return None
    customer = choice.best.customer
    if choice.best.score.basis == "proof":
        proof = next((match for match in matches if match.owner.customer_id == customer), None)
        if proof is not None:
            return proved_link(proof, choice)
    owner = look.nearest(customer)
    return Link(owner=owner, grade="presumed", via=first_equal(claim, owner), evidence=choice.pieces())


def _open(book: Book, claim: Claim, contact: ContactId, link: Link | None, hand: Hand) -> Known:
    """The contact in the book: at its link's home, else at one of its own."""
    first = next((h.identifier for h in claim.held if h.verified), None)
    via = (link.via if link else None) or first
    owner = link.owner if link else None
    home = owner.home_id if owner else CustomerId(hand.new_id())
    known = Known(
        id=contact,
        source=claim.source,
        key=claim.key,
        home_id=home,
        customer_id=owner.customer_id if owner else home,
        grade=_grade(book, link, claim),
        name=claim.name,
        attributes=claim.attributes,
        said_at=claim.said_at,
        via=label(via) if via else None,
        home_decision=DecisionId(hand.new_id()) if link else None,
        customer_decision=owner.customer_decision if owner else None,
        created_at=hand.now,
        since=hand.now,
        proved=False,
        held={},
        last_seen={},
    )
    book.open_contact(known, opens=link is None)
    if link:
        book.decide(_link(known, link, hand))
    return known


def _grade(book: Book, link: Link | None, claim: Claim) -> Grade:
    """How sure a new contact is; a presumed link may leave those who are there no surer than presumed."""
    if link is None:
        return "verified" if claim.proofs else "possible"
    if link.grade == "verified":
        return link.owner.grade
    members = [book.contacts[one] for one in book.members[link.owner.customer_id]]
    people = [member for member in members if not member.is_desk]
    grade, lowers = presumed_grades(bool(claim.proofs), people)
    for member in people if lowers else ():
        if member.grade == "possible":
            member.grade = "presumed"
            book.touch(member)
    return grade


# -- somebody known ----------------------------------------------------------------------------------------------


def _go_on(book: Book, look: Look | None, known: Known, claim: Claim, hand: Hand) -> None:
    """What a known contact says now: it stays where it is, and its customer is compared again where that is news."""
    proofs = [proof for proof in claim.proofs if not book.proved_on(known.id, proof.key)]
    if look is None:
        _update(book, known, claim)
        _hold(book, known, claim, hand)
        _rise(book, look, known, proofs, hand)
        return
    before = look.candidates.profile(known.customer_id)
    _update(book, known, claim)
    _hold(book, known, claim, hand)
    _rise(book, look, known, proofs, hand)
    book.look_again(known.customer_id)
    look.went_on(known, before)


def _update(book: Book, known: Known, claim: Claim) -> None:
    """What the source says now goes before what it said earlier; older news fills gaps only."""
    newer = claim.said_at >= known.said_at
    name = (claim.name or known.name) if newer else (known.name or claim.name)
    attributes = {**known.attributes, **claim.attributes} if newer else {**claim.attributes, **known.attributes}
    if name != known.name or attributes != known.attributes:
        known.name, known.attributes = name, attributes
        known.said_at = max(known.said_at, claim.said_at)
        book.touch(known)


def _hold(book: Book, known: Known, claim: Claim, hand: Hand) -> None:
    """Take the claim's identifiers over. A first proof raises a contact that was alone from possible to verified."""
    proved = known.proved
    for held in claim.held:
        book.hold(known, held, hand.now)
    if known.grade == "possible" and known.proved and not proved:
        known.grade, known.via = "verified", label(claim.proofs[0])
        book.touch(known)
        book.decide(_proof(known, None, claim.proofs[0], hand))


def _rise(book: Book, look: Look | None, known: Known, fresh: list[Identifier], hand: Hand) -> None:
    """In company, a proof that the customer's other contacts hold too makes a presumed link a verified one."""
    if not fresh or len(book.members.get(known.customer_id, ())) < 2:
        return
    book.regrade.add(known.id)
    for identifier in fresh:
        owner = next(_also_proved(book, look, known, identifier), None)
        if owner is not None:
            book.decide(_proof(known, owner, identifier, hand))


def _raise_others(book: Book, look: Look, known: Known, proofs: list[Identifier], hand: Hand) -> None:
    """A newcomer that is proved to be the customer may prove of its presumed contacts that they are, too."""
    for identifier in proofs:
        for owner in _also_proved(book, look, known, identifier):
            if owner.grade == "presumed":
                book.decide(_proof(known, owner, identifier, hand))
                book.regrade.add(known.id)
                break


def _also_proved(book: Book, look: Look | None, known: Known, identifier: Identifier) -> Iterator[Known]:
    """Who of the customer's other contacts proves a value too that is one person's."""
    if not links(book, identifier) or (look is not None and look.shared(identifier)):
        return
    name = read_name(known.name, known.attributes)
    owners = (book.contacts[one] for one in book.owners.get(identifier.key, ()) if one in book.contacts)
    for owner in owners:
        together = owner.id != known.id and owner.customer_id == known.customer_id
        if together and not names_conflict(name, read_name(owner.name, owner.attributes)):
            yield owner


def _proof(known: Known, owner: Known | None, identifier: Identifier, hand: Hand) -> LinkDecision:
    return LinkDecision(
        id=DecisionId(hand.new_id()),
        kind="proof",
        contact_a=known.id,
        contact_b=owner.id if owner else None,
        home_id=known.home_id,
        actor=hand.actor,
        evidence=[piece("proved", identifier, f"{label(identifier)} was proved")],
        decided_at=hand.now,
    )


def _link(known: Known, link: Link, hand: Hand) -> LinkDecision:
    assert known.home_decision is not None
    return LinkDecision(
        id=known.home_decision,
        kind="link",
        contact_a=known.id,
        contact_b=link.owner.id,
        home_id=known.home_id,
        grade=link.grade,
        actor=hand.actor,
        evidence=link.evidence,
        decided_at=hand.now,
    )
