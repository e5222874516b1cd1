"""What would be made of some people today, were they to arrive? They are weighed as a push weighs a newcomer, with the
counts of this moment, and nothing is decided."""

from collections.abc import Iterable, Sequence
from typing import Final

from identity import policies, store
from identity.blocking import blocking_keys
from identity.candidates import MOST_READ, Candidates
from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.decision import bands_of
from identity.facts import Profile, merged
from identity.identifiers import Identifier
from identity.known import Known, known_of
from identity.learning import LEARNING
from identity.matching import Comparison, Scales, compare
from identity.policy import IdentityPolicy

MOST_MEMBERS: Final = 500
"""Of a customer's contacts, the oldest."""
MOST_ASKED: Final = 200
"""Values of which it is read who was seen on them."""


class Weighing:
    """People who are there, with what is known of their values, ready to be compared. Made by `weigh`."""

    def __init__(self, candidates: Candidates, policy: IdentityPolicy, people: Iterable[Known]) -> None:
        self.candidates = candidates
        self.policy = policy
        self.people = {known.id: known for known in people}
        self.scales = Scales(statistics=candidates.statistics, bands=bands_of(candidates.statistics, policy))

    def members(self, customer: CustomerId) -> list[Known]:
        """The people of a customer, the oldest first."""
        found = [one for one in self.people.values() if one.customer_id == customer and not one.is_desk]
        return sorted(found, key=lambda known: (known.created_at, known.id))

    def contacts(self, a: Known, b: Known, *, kept_apart: bool = False) -> Comparison:
        """Two contacts, each by itself."""
        return self._compare((a, [a]), (b, [b]), kept_apart)

    def customers(self, a: CustomerId, b: CustomerId, *, kept_apart: bool = False) -> Comparison:
        """Two customers, by the mean over their members."""
        ours, theirs = self.members(a), self.members(b)
        return self._compare((ours[0], ours), (theirs[0], theirs), kept_apart)

    def company(self, contact: Known, *, first: bool, kept_apart: bool = False) -> Comparison:
        """A contact and all others of its customer; `first` is whether it is told as the first of the two."""
        others = [one for one in self.members(contact.customer_id) if one.id != contact.id]
        alone, rest = (contact, [contact]), (others[0], others)
        return self._compare(alone, rest, kept_apart) if first else self._compare(rest, alone, kept_apart)

    def beside(self, customer: CustomerId, contact: Known, *, kept_apart: bool = False) -> Comparison:
        """A customer, and a contact of another."""
        ours = self.members(customer)
        return self._compare((ours[0], ours), (contact, [contact]), kept_apart)

    def _compare(
        self, a: tuple[Known, Sequence[Known]], b: tuple[Known, Sequence[Known]], kept_apart: bool
    ) -> Comparison:
        """Each side with the contact by whose age it is the newer one."""
        newer = (a[0].created_at, a[0].id) > (b[0].created_at, b[0].id)
        return compare(self._profile(a[1]), self._profile(b[1]), self.scales, a_is_newer=newer, kept_apart=kept_apart)

    def _profile(self, people: Sequence[Known]) -> Profile:
        newest = sorted(people, key=lambda known: known.created_at, reverse=True)[:MOST_READ]
        return merged(*(self.candidates.facts_of(known) for known in newest))

    def in_common(self, contact: Known, customer: CustomerId) -> set[str]:
        """The blocking keys of a contact that the members of a customer have too."""
        theirs = (blocking_keys(self.candidates.facts_of(one)) for one in self.members(customer))
        return blocking_keys(self.candidates.facts_of(contact)) & set().union(*theirs)

    async def would_meet(self, db: store.Db, contact: Known, customer: CustomerId) -> bool:
        """Whether the customer is among the candidates that the contact is compared with."""
        keys = self.candidates.keys(self.candidates.facts_of(contact))
        await self.candidates.find(db, keys)
        return customer in self.candidates.ranked(keys, lambda other: other != contact.customer_id)


async def weigh(
    db: store.Db, workspace: WorkspaceId, salt: bytes, customers: Sequence[CustomerId], also: Sequence[ContactId] = ()
) -> Weighing:
    """The members of some customers and some more contacts; `salt` is the workspace's. Values that two sides hold, and
    those of the contacts named, are asked about."""
    rows = await store.members(db, workspace, list(dict.fromkeys(customers)), MOST_MEMBERS)
    rows += await store.contacts(db, workspace, [one for one in also if all(one != row["id"] for row in rows)])
    people = sorted(map(known_of, rows), key=lambda known: known.created_at, reverse=True)
    learned = await LEARNING.of(db, workspace)
    candidates = Candidates(workspace, salt, learned.counts)
    await candidates.meet(db, people, _asked(people, also))
    return Weighing(candidates, await policies.in_force(db, workspace), people)


def _asked(people: Sequence[Known], also: Sequence[ContactId]) -> list[Identifier]:
    named = [held.identifier for known in people if known.id in also for held in known.held.values()]
    holders: dict[tuple[str, str, str], set[CustomerId]] = {}
    identifiers: dict[tuple[str, str, str], Identifier] = {}
    for known in people:
        for held in known.held.values():
            identifiers[held.identifier.key] = held.identifier
            holders.setdefault(held.identifier.key, set()).add(known.customer_id)
    both = [identifiers[key] for key, customers in holders.items() if len(customers) > 1]
    return list({one.key: one for one in (*named, *both)}.values())[:MOST_ASKED]
