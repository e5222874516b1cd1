"""Whose is this? Identifiers to a contact, found or new; linked on proof, suggested where proof meets a conflict."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from identity import merging, store
from identity.book import Book, Known
from identity.claims import Claim
from identity.customers import Contact, ContactId, CustomerId, DecisionId, LinkDecision
from identity.identifiers import Identifier, label, shared_by_form
from identity.matching import Held, Person, accounts_conflict, weight
from identity.merging import Joined
from identity.names import names_conflict, read_name
from identity.records import NewSuggestion

NewId = Callable[[], UUID]
LEARNED = frozenset({"email", "phone"})
"""Kinds whose values families and offices share. An account, an external id or a handle is one person's by nature."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """The contact of a claim, and the merges that its proofs brought about."""

    contact_id: ContactId
    customer_id: CustomerId
    joined: tuple[Joined, ...] = ()


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that holds one of the claim's proved identifiers by proof too."""

    identifier: Identifier
    owner: Known

    @property
    def order(self) -> tuple[Any, ...]:
        """The heaviest evidence first; of equal ones the oldest contact."""
        return -weight(self.identifier), self.owner.created_at, self.owner.id


async def resolve(db: store.Db, book: Book, claim: Claim, actor: str, now: datetime, new_id: NewId) -> Resolved:
    """Find or make the contact of `claim` and link it as far as its proofs go.

    `book` was read for this claim, under its locks; what is decided is in the book and written with it."""
    found = book.by_key.get((claim.source, claim.key))
    known = book.contacts[found] if found else None
    matches, unsure = _matches(book, claim, known)
    if known is None:
        known, rest = _open(book, claim, matches, actor, now, new_id)
    else:
        _update(book, known, claim)
        rest = matches
    _hold(book, known, claim, actor, now, new_id)
    for match in unsure:
        accounts = accounts_conflict(_accounts(known.person), _accounts(match.owner.person))
        against = "different accounts of one shop" if accounts else "the names conflict"
        _suggest(book, known.id, match, against, new_id)
    joined: list[Joined] = []
    torn = _torn(book, rest)
    for match in rest:  # one by one: each join brings its side's accounts and partings along
        against = "kept apart by a person" if match in torn else _against(book, known, match)
        if against:
            _suggest(book, known.id, match, against, new_id)
        else:
            joined.append(await _join(db, book, known, match, actor, now, new_id))
    return Resolved(contact_id=known.id, customer_id=known.customer_id, joined=tuple(joined))


def _matches(book: Book, claim: Claim, known: Known | None) -> tuple[list[Match], list[Match]]:
    """One match for each other customer that a proof of the claim points to, the heaviest first; and those to ask
    a person about, because the mailbox or number is held by somebody with a conflicting name."""
    person = Person(contact_id=None, name=claim.name, attributes=claim.attributes, identifiers=claim.held)
    if known is not None and claim.name is None:
        person = msgspec.structs.replace(person, name=known.name, attributes={**known.attributes, **claim.attributes})
    best: dict[CustomerId, Match] = {}
    asked: dict[CustomerId, Match] = {}
    for identifier in claim.proofs:
        if (known and book.proved_on(known.id, identifier.key)) or not links(book, identifier):
            continue
        owners = [book.contacts[owner] for owner in book.owners.get(identifier.key, [])]
        into = asked if _contradicted(book, identifier, person, owners) else best
        if into is asked and not links(book, identifier):
            continue
        for owner in owners:
            match = Match(identifier=identifier, owner=owner)
            before = into.get(owner.customer_id)
            if (known is None or owner.customer_id != known.customer_id) and (
                before is None or match.order < before.order
            ):
                into[owner.customer_id] = match
    unsure = [match for customer, match in asked.items() if customer not in best]
    return sorted(best.values(), key=lambda match: match.order), unsure


def links(book: Book, identifier: Identifier) -> bool:
    """Whether the value may link people: no role mailbox, no junk, not found or listed as shared."""
    said = book.classes.get(identifier.key)
    return said == "personal" or (said is None and shared_by_form(identifier) is None)


def _contradicted(book: Book, identifier: Identifier, person: Person, owners: list[Known]) -> bool:
    """Whether somebody with a conflicting name, or with another account of one shop, holds the mailbox or number.

    A number is shared from the first conflict on. A mailbox, whose people change their names and mistype them, is
    shared once two customers hold it; until then the pair is left to a person."""
    if identifier.kind not in LEARNED or book.classes.get(identifier.key) == "personal":
        return False
    name, accounts = read_name(person.name, person.attributes), _accounts(person)
    for owner in owners:
        other = read_name(owner.name, owner.attributes)
        named_apart = names_conflict(name, other)
        if named_apart or accounts_conflict(accounts, _accounts(owner.person)):
            if identifier.kind == "phone" or len({one.customer_id for one in owners}) > 1:
                names = f"{name.shown} and on {other.shown}" if named_apart else "different accounts of one shop"
                book.share(identifier, f"seen on {names}")
            return True
    return False


def _open(
    book: Book, claim: Claim, matches: list[Match], actor: str, now: datetime, new_id: NewId
) -> tuple[Known, list[Match]]:
    """A new contact: in the home of its heaviest match, else in one of its own. Returns the matches still to join."""
    contact = ContactId(new_id())
    fitting = [m for m in matches if not _accounts_differ(book, claim.held, m.owner.customer_id)]
    torn = bool(_torn(book, fitting))
    for match in matches:
        if torn or match not in fitting:
            _suggest(
                book,
                contact,
                match,
                "kept apart by a person" if torn else "different accounts of one shop",
                new_id,
            )
    match = None if torn or not fitting else fitting[0]
    first = next((h.identifier for h in claim.held if h.verified), None)
    home = match.owner.home_id if match else CustomerId(new_id())
    known = Known(
        id=contact,
        source=claim.source,
        key=claim.key,
        home_id=home,
        customer_id=match.owner.customer_id if match else home,
        grade=match.owner.grade if match else "verified" if claim.proofs else "possible",
        name=claim.name,
        attributes=claim.attributes,
        said_at=claim.said_at,
        via=label(match.identifier) if match else label(first) if first else None,
        home_decision=DecisionId(new_id()) if match else None,
        customer_decision=match.owner.customer_decision if match else None,
        created_at=now,
        since=now,
        proved=False,
        held={},
        last_seen={},
    )
    book.open_contact(known, opens=match is None)
    if match:
        book.decide(_link(known, match, actor, now))
    return known, [] if torn else fitting[1:]


def _update(book: Book, known: Known, claim: Claim) -> None:
    """What the source says now goes before what it said earlier; older news fills gaps only."""
    newer = claim.said_at >= known.said_at
    name = (claim.name or known.name) if newer else (known.name or claim.name)
    attributes = {**known.attributes, **claim.attributes} if newer else {**claim.attributes, **known.attributes}
    if name != known.name or attributes != known.attributes:
        known.name, known.attributes = name, attributes
        known.said_at = max(known.said_at, claim.said_at)
        book.touch(known)


def _hold(book: Book, known: Known, claim: Claim, actor: str, now: datetime, new_id: NewId) -> None:
    """Take the claim's identifiers over. A first proof raises a contact that was alone from possible to verified."""
    proved = known.proved
    for held in claim.held:
        book.hold(known, held, now)
    if known.grade == "possible" and known.proved and not proved:
        proof = claim.proofs[0]
        known.grade, known.via = "verified", label(proof)
        book.touch(known)
        book.decide(
            LinkDecision(
                id=DecisionId(new_id()),
                kind="proof",
                contact_a=known.id,
                home_id=known.home_id,
                actor=actor,
                evidence=[_said("proved", proof, f"{label(proof)} was proved")],
                decided_at=now,
            )
        )


def _torn(book: Book, matches: list[Match]) -> list[Match]:
    """The matches whose customers a person keeps apart from one another: no arrival may unite them."""
    at = [match.owner.customer_id for match in matches]
    return [
        match
        for match, mine in zip(matches, at, strict=True)
        if any(other != mine and book.kept_apart(mine, other) for other in at)
    ]


def _against(book: Book, known: Known, match: Match) -> str | None:
    """Why the customers of the contact and its match may not be joined, in words."""
    if book.kept_apart(known.customer_id, match.owner.customer_id):
        return "kept apart by a person"
    if _accounts_differ(book, tuple(known.held.values()), match.owner.customer_id):
        return "different accounts of one shop"
    others = [_accounts(book.contacts[one].person) for one in book.members[known.customer_id] if one != known.id]
    theirs = [_accounts(book.contacts[one].person) for one in book.members[match.owner.customer_id]]
    # Contact by contact: somebody who carries both accounts does not make two account holders one person.
    if any(accounts_conflict(ours, other) for ours in others if ours for other in theirs if other):
        return "different accounts of one shop"
    return None


async def _join(
    db: store.Db, book: Book, known: Known, match: Match, actor: str, now: datetime, new_id: NewId
) -> Joined:
    """Two customers were proved to be one: an edge between the two contacts; the older customer's id stays."""
    await book.write(db, now)
    evidence = [_said("exact_verified", match.identifier, f"same verified {label(match.identifier)}")]
    joined = await merging.join(
        db, book.workspace, known.id, match.owner.id, actor=actor, evidence=evidence, now=now, new_id=new_id
    )
    for contact in joined.contacts:
        _refresh(book, contact, now)
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


def _accounts(person: Person) -> tuple[Identifier, ...]:
    return tuple(h.identifier for h in person.identifiers if h.identifier.kind == "account")


def _accounts_differ(book: Book, held: tuple[Held, ...], customer: CustomerId) -> bool:
    ours = tuple(h.identifier for h in held if h.identifier.kind == "account")
    theirs = tuple(
        h.identifier
        for contact in book.members.get(customer, [])
        for h in book.contacts[contact].held.values()
        if h.identifier.kind == "account"
    )
    return bool(accounts_conflict(ours, theirs))


def _link(known: Known, match: Match, actor: str, now: datetime) -> LinkDecision:
    assert known.home_decision is not None
    return LinkDecision(
        id=known.home_decision,
        kind="link",
        contact_a=known.id,
        contact_b=match.owner.id,
        home_id=known.home_id,
        actor=actor,
        evidence=[_said("exact_verified", match.identifier, f"same verified {label(match.identifier)}")],
        decided_at=now,
    )


def _said(level: str, identifier: Identifier, words: str) -> dict[str, Any]:
    return {"comparison": identifier.kind, "level": level, "identifier": label(identifier), "words": words}


def _suggest(book: Book, contact: ContactId, match: Match, against: str, new_id: NewId) -> None:
    for_it = _said("exact_verified", match.identifier, f"same verified {label(match.identifier)}")
    from_it = {"comparison": "conflict", "level": "conflict", "words": against}
    pair = NewSuggestion(id=new_id(), contact_a=contact, contact_b=match.owner.id, evidence=[for_it, from_it])
    book.suggest(pair)
