"""Which contacts hold what a claim proves, and what stands against taking that for one person?"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from identity.book import Book
from identity.claims import Claim, accounts_in
from identity.customers import CustomerId
from identity.identifiers import Identifier, shared_by_form
from identity.known import Known
from identity.names import PersonName, names_conflict, read_name

LEARNED: Final = frozenset({"email", "phone"})
"""Kinds whose values families and offices share. An account, an external id or a handle is one person's by nature."""
KEPT_APART: Final = "kept apart by a person"
OTHER_ACCOUNTS: Final = "different accounts of one shop"
WEIGHTS: Final = {"account": 5, "external": 4, "email": 3, "handle": 2, "phone": 1}
"""How much a proved link may rest on a value of the kind."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that holds one of the claim's proved identifiers by proof too."""

    identifier: Identifier
    owner: Known

    @property
    def order(self) -> tuple[Any, ...]:
        """The heaviest evidence first; of equal ones the oldest contact."""
        return -WEIGHTS[self.identifier.kind], self.owner.created_at, self.owner.id


def matches_of(book: Book, claim: Claim, known: Known | None) -> tuple[list[Match], list[Match]]:
    """One match for each other customer that a proof of the claim points to, the heaviest first; and those to ask
    a person about, because the mailbox or number is held by somebody with a conflicting name."""
    name = read_name(claim.name, claim.attributes)
    if known is not None and claim.name is None:
        name = read_name(known.name, {**known.attributes, **claim.attributes})
    accounts = accounts_in(claim.held)
    best: dict[CustomerId, Match] = {}
    asked: dict[CustomerId, Match] = {}
    for identifier in claim.proofs:
        if (known and book.proved_on(known.id, identifier.key)) or not links(book, identifier):
            continue
        owners = [book.contacts[owner] for owner in book.owners.get(identifier.key, [])]
        into = asked if _contradicted(book, identifier, name, accounts, owners) else best
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
    if book.evidence is not None:
        return book.evidence.candidates.usable(identifier)  # what was learned of the value is in the odds
    said = book.classes.get(identifier.key)
    return said == "personal" or (said is None and shared_by_form(identifier) is None)


def _contradicted(
    book: Book, identifier: Identifier, name: PersonName, accounts: list[Identifier], owners: list[Known]
) -> bool:
    """Whether somebody with a conflicting name, or with another account of one shop, holds the mailbox or number.

    A number is shared from the first conflict on. A mailbox, whose people change their names and mistype them, is
    shared once two customers hold it; until then the pair is left to a person."""
    if book.evidence is not None or identifier.kind not in LEARNED or book.classes.get(identifier.key) == "personal":
        return False
    for owner in owners:
        other = owner.person_name
        named_apart = names_conflict(name, other)
        if named_apart or accounts_conflict(accounts, owner.accounts):
            if identifier.kind == "phone" or len({one.customer_id for one in owners}) > 1:
                names = f"{name.shown} and on {other.shown}" if named_apart else OTHER_ACCOUNTS
                book.share(identifier, f"seen on {names}")
            return True
    return False


def torn(book: Book, matches: list[Match]) -> list[Match]:
    """The matches whose customers a person keeps apart from one another: no arrival may unite them."""
    at = [match.owner.customer_id for match in matches]
    return [
        match
        for match, mine in zip(matches, at, strict=True)
        if any(other != mine and book.kept_apart(mine, other) for other in at)
    ]


def against(book: Book, known: Known, owner: Known) -> str | None:
    """Why the customers of the contact and that of the owner may not be joined, in words."""
    if book.kept_apart(known.customer_id, owner.customer_id):
        return KEPT_APART
    if accounts_differ(book, known.accounts, owner.customer_id):
        return OTHER_ACCOUNTS
    others = [book.contacts[one].accounts for one in book.members[known.customer_id] if one != known.id]
    theirs = [book.contacts[one].accounts for one in book.members[owner.customer_id]]
    # Contact by contact: somebody who carries both accounts does not make two account holders one person.
    if any(accounts_conflict(ours, other) for ours in others if ours for other in theirs if other):
        return OTHER_ACCOUNTS
    return None


def accounts_differ(book: Book, accounts: Sequence[Identifier], customer: CustomerId) -> bool:
    members = (book.contacts[contact] for contact in book.members.get(customer, []))
    return accounts_conflict(accounts, [account for known in members for account in known.accounts])


def accounts_conflict(ours: Iterable[Identifier], theirs: Iterable[Identifier]) -> bool:
    """Whether both sides have accounts of one shop and none in common. Claimed ids count: who names another account at
    the same shop is likely somebody else."""
    one, other = _by_shop(ours), _by_shop(theirs)
    return any(one[shop].isdisjoint(other[shop]) for shop in one.keys() & other.keys())


def _by_shop(accounts: Iterable[Identifier]) -> dict[str, set[str]]:
    shops: dict[str, set[str]] = {}
    for account in accounts:
        if account.problem is None and shared_by_form(account) is None:
            shops.setdefault(account.scope, set()).add(account.value)
    return shops
