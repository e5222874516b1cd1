"""Who might a newcomer be? The customers under its rarest blocking keys, with what is held of their members.

Read without locks; the customers that a link may touch are locked and read again before anything is decided for good.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from identity import blocking_store, store
from identity.blocking import blocking_keys, key_of
from identity.claims import Claim, Held, Value
from identity.customers import CustomerId, WorkspaceId
from identity.facts import NameKey, Profile, merged, person_key, read_facts, value_of
from identity.identifiers import Identifier, shared_by_form
from identity.known import Known, known_of
from identity.name_levels import people_differ
from identity.names import read_name
from identity.statistics import SHAREABLE, Counts, Statistics, Use, countable

MOST_UNDER_KEY: Final = 30
"""A key with more homes finds nobody any more."""
MOST_CANDIDATES: Final = 8
"""Twenty found nobody whom eight did not find (22,133 contacts)."""
FAR_BEHIND: Final = 0.3
FOUND_WELL: Final = 0.4
"""Whoever is found by less than both, a share of the first and the weight of a key with two customers and a half, is no
rival either: half the comparisons, and .0005 of the links (22,133 contacts)."""
MOST_READ: Final = 50
"""Of a customer's contacts, the newest."""
MOST_LOOKED_UNDER: Final = 160
"""Keys of a customer that is there, once so many are had."""
MOST_SIGHTINGS: Final = 20
MOST_PARSED: Final = 32_768

_parsed: OrderedDict[tuple[UUID, Any, int, int], Profile] = OrderedDict()


class Candidates:
    """The customers that the claims of a batch are compared with, and those that the batch itself opens."""

    def __init__(self, workspace: WorkspaceId, salt: bytes, counts: Counts) -> None:
        self.workspace = workspace
        self.salt = salt
        self.statistics = Statistics(counts, Counts(), {}, salt)
        self.at: dict[CustomerId, CustomerId] = {}
        """The customer of each home."""
        self.members: dict[CustomerId, list[Known]] = {}
        self.new_keys: dict[tuple[int, CustomerId], None] = {}
        self._under: dict[int, dict[CustomerId, None]] = {}
        self._profiles: dict[CustomerId, Profile] = {}
        self._facts: dict[CustomerId, list[Profile]] = {}
        self._claims: dict[int, tuple[Profile, set[int]]] = {}
        self.said: dict[Value, str] = {}
        """The class of the values at hand, as far as one was learned or told."""
        self._classes: dict[Value, str] = {}

    async def read(self, db: store.Db, claims: Sequence[Claim]) -> None:
        """Read who stands under the keys of the claims, and who was seen on their identifiers."""
        for claim in claims:
            self._read_claim(claim)
        keys = [self._claims[id(claim)][1] for claim in claims]
        await self._read_under(db, keys)
        await self._read_members(db, [customer for some in keys for customer in self.ranked(some)])
        ours = {held.identifier.key: held.identifier for claim in claims for held in claim.held}
        await self._read_classes(db, ours)
        for claim in claims:
            if any(held.identifier.key in self._classes for held in claim.held):
                self._read_claim(claim)
        await self._read_sightings(db, [identifier for identifier in ours.values() if identifier.kind in SHAREABLE])

    async def read_customers(
        self, db: store.Db, customers: Sequence[CustomerId], wanted: Callable[[CustomerId, CustomerId], bool]
    ) -> dict[CustomerId, list[CustomerId]]:
        """Read customers that are there, and for each those who stand under its keys, as far as they are `wanted` (of
        a customer and another): returned the likeliest first."""
        await self.read_alone(db, customers)
        keys = {customer: self._keys_of(customer) for customer in customers if self.knows(customer)}
        await self._read_under(db, list(keys.values()))
        found = {one: self.ranked(some, lambda other, one=one: wanted(one, other)) for one, some in keys.items()}
        await self._read_members(db, [other for others in found.values() for other in others])
        await self._read_classes(db, ())
        ours = [held.identifier for one in keys for known in self.members[one] for held in known.held.values()]
        distinct = {identifier.key: identifier for identifier in ours if identifier.kind in SHAREABLE}
        await self._read_sightings(db, list(distinct.values()))
        return found

    async def read_alone(self, db: store.Db, customers: Sequence[CustomerId]) -> None:
        """Read customers for what they hold alone."""
        await self._read_members(db, customers)
        await self._read_classes(db, ())

    async def _read_members(self, db: store.Db, customers: Iterable[CustomerId]) -> None:
        wanted = [customer for customer in dict.fromkeys(customers) if customer not in self.members]
        for row in await store.members(db, self.workspace, wanted, MOST_READ, newest=True) if wanted else ():
            self.members.setdefault(row["customer_id"], []).append(known_of(row))

    async def _read_under(self, db: store.Db, keys: Sequence[set[int]]) -> None:
        for row in await blocking_store.homes_under(db, self.workspace, sorted(set().union(*keys)), MOST_UNDER_KEY):
            self._under.setdefault(row["key"], {})[row["home_id"]] = None
            self.at[row["home_id"]] = row["customer_id"]

    async def find(self, db: store.Db, keys: set[int]) -> None:
        """Read who stands under the keys."""
        await self._read_under(db, [keys])

    async def meet(self, db: store.Db, people: Iterable[Known], asked: Iterable[Identifier]) -> None:
        """Take these for the members of their customers, and read who was seen on the values asked about."""
        for known in people:
            self.members.setdefault(known.customer_id, []).append(known)
        values = {identifier.key: identifier for identifier in asked}
        await self._read_classes(db, values)
        await self._read_sightings(db, [one for one in values.values() if one.kind in SHAREABLE])

    def _read_claim(self, claim: Claim) -> tuple[Profile, set[int]]:
        profile = self.facts(claim.name, claim.attributes, claim.held)
        read = self._claims[id(claim)] = profile, self.keys(profile)
        return read

    def claimed(self, claim: Claim) -> tuple[Profile, set[int]]:
        """What a claim says, and the keys under which to look for it."""
        return self._claims.get(id(claim)) or self._read_claim(claim)

    async def _read_classes(self, db: store.Db, ours: Iterable[Value]) -> None:
        """What an operator said of the values at hand; what was learned is in the sightings."""
        theirs = (value for known in self._all() for value in known.held)
        for row in await store.value_classes(db, self.workspace, sorted({*ours, *theirs})):
            value = row["kind"], row["scope"], row["value"]
            self.said[value] = row["class"]
            if row["class"] == "personal" or row["actor"] != "system":
                self._classes[value] = row["class"]
            if row["class"] == "personal" and row["kind"] in SHAREABLE:
                said = Identifier(kind=row["kind"], scope=row["scope"], value=row["value"], raw=row["value"])
                self.statistics.personal.add((said.kind, value_of(said)))

    async def _read_sightings(self, db: store.Db, ours: Sequence[Identifier]) -> None:
        uses: dict[tuple[str, Any], Use] = {}
        on: dict[tuple[str, Any], set[CustomerId]] = defaultdict(set)
        for known in reversed(self._all()):
            name = next(iter(self.facts_of(known).field("name")), None)
            for held in known.held.values():
                if held.identifier.kind in SHAREABLE and self.usable(held.identifier):
                    value = held.identifier.kind, value_of(held.identifier)
                    on[value].add(known.customer_id)
                    if name is not None:
                        uses[value] = uses.get(value, Use()).seen_with(name, held.verified)
        uses = {value: use for value, use in uses.items() if len(on[value]) > 1}
        asked = [identifier for identifier in ours if self.usable(identifier)]
        for identifier in asked:
            uses[identifier.kind, value_of(identifier)] = Use()
        values = [identifier.key for identifier in asked]
        for row in await blocking_store.people_on(db, self.workspace, values, MOST_SIGHTINGS) if values else ():
            identifier = Identifier(kind=row["kind"], scope=row["scope"], value=row["value"], raw=row["value"])
            attributes = {"given_name": row["given_name"] or "", "family_name": row["family_name"] or ""}
            value, name = (identifier.kind, value_of(identifier)), name_key(row["name"], attributes)
            if name is not None:
                uses[value] = uses[value].seen_with(name, row["verified"])
        self.statistics.uses.update(uses)

    def _all(self) -> list[Known]:
        return [known for members in self.members.values() for known in members]

    def usable(self, identifier: Identifier) -> bool:
        """Whether the value is anybody's: not listed as shared, and no role mailbox or junk by its form."""
        said = self._classes.get(identifier.key)
        return said == "personal" or (said is None and shared_by_form(identifier) is None)

    # -- profiles ------------------------------------------------------------------------------------------------

    def facts(self, name: str | None, attributes: dict[str, str], held: Iterable[Held]) -> Profile:
        usable = [(one.identifier, one.verified) for one in held if self.usable(one.identifier)]
        return read_facts(name, attributes, usable)

    def facts_of(self, known: Known) -> Profile:
        """A contact's profile, kept from one decision to the next while nothing about the contact changes."""
        if known.facts is None:
            known.facts = self._read_facts_of(known)
        return known.facts

    def _read_facts_of(self, known: Known) -> Profile:
        if self._classes and any(value in self._classes for value in known.held):
            return self.facts(known.name, known.attributes, known.held.values())
        proved = sum(held.verified for held in known.held.values())
        stamp = known.id, (known.name, *known.attributes.items()), len(known.held), proved
        profile = _parsed.get(stamp)
        if profile is not None:
            _parsed.move_to_end(stamp)
        else:
            profile = _parsed[stamp] = self.facts(known.name, known.attributes, known.held.values())
            if len(_parsed) > MOST_PARSED:
                _parsed.popitem(last=False)
        return profile

    def profile(self, customer: CustomerId) -> Profile:
        """What the members of a customer add up to."""
        profile = self._profiles.get(customer)
        if profile is None:
            facts = self._facts[customer] = self._facts_of_all(customer)
            profile = self._profiles[customer] = facts[0] if len(facts) == 1 else merged(*facts)
        return profile

    def _facts_of_all(self, customer: CustomerId) -> list[Profile]:
        """Of each member that counts. Who proves nothing and goes by another name than all who do says nothing of the
        customer: a form may be filled in for anybody."""
        people = [(known, self.facts_of(known)) for known in self.members[customer] if not known.is_desk]
        proved = [name for known, facts in people if known.proved for name in facts.field("name")]
        return [
            facts
            for known, facts in people
            if known.proved
            or not (proved and facts.field("name"))
            or any(not people_differ(name, other) for name in facts.field("name") for other in proved)
        ]

    def knows(self, customer: CustomerId) -> bool:
        """Whether there is anybody to compare with: a customer of a desk contact alone has no profile."""
        return any(not known.is_desk for known in self.members.get(customer, ()))

    # -- keys ----------------------------------------------------------------------------------------------------

    def keys(self, profile: Profile) -> set[int]:
        return {key_of(self.salt, key) for key in blocking_keys(profile)}

    def _keys_of(self, customer: CustomerId) -> set[int]:
        """Those of its members, as far as they are not too many to look under."""
        keys: set[int] = set()
        for known in self.members[customer]:
            if len(keys) < MOST_LOOKED_UNDER and not known.is_desk:
                keys |= self.keys(self.facts_of(known))
        return keys

    def ranked(self, keys: Iterable[int], wanted: Callable[[CustomerId], bool] = lambda _: True) -> list[CustomerId]:
        """The customers under most of the keys, a rare key counting for more."""
        found: dict[CustomerId, float] = defaultdict(float)
        for key in sorted(keys):
            homes = self._under.get(key)
            if not homes or len(homes) > MOST_UNDER_KEY:
                continue
            customers = dict.fromkeys(self.at[home] for home in homes)
            for customer in filter(wanted, customers):
                found[customer] += 1 / len(customers)
        first = max(found.values(), default=0.0)
        near = [customer for customer, weight in found.items() if weight >= min(FAR_BEHIND * first, FOUND_WELL)]
        return sorted(near, key=lambda customer: (-found[customer], customer))[:MOST_CANDIDATES]

    # -- what the batch changes ----------------------------------------------------------------------------------

    def again(self, customer: CustomerId, members: Sequence[Known]) -> None:
        """The customer as it is now that it is locked, or now that a member of it changed."""
        self.members[customer] = sorted(members, key=lambda known: known.created_at, reverse=True)[:MOST_READ]
        before, now = self._facts.get(customer, []), self._facts_of_all(customer)
        if len(before) != len(now) or any(one is not other for one, other in zip(before, now, strict=True)):
            self._profiles.pop(customer, None)

    def settled(self, known: Known, keys: Iterable[int], *, before: Profile | None) -> None:
        """A contact stands at its home from now on; `before` is what its customer held without it."""
        self.at[known.home_id] = known.customer_id
        for key in keys:
            self._under.setdefault(key, {})[known.home_id] = None
            self.new_keys[key, known.home_id] = None  # those that were read, too: a split may have taken them since
        members = self.members.setdefault(known.customer_id, [])
        if all(one is not known for one in members):
            members.insert(0, known)
            facts = self.facts_of(known)
            self._profiles[known.customer_id] = facts if before is None else merged(before, facts)
            self._facts.pop(known.customer_id, None)
        new = countable(self.facts_of(known))
        self.statistics.count(new - countable(before) if before else new)

    def joined(
        self, kept: CustomerId, lost: CustomerId, members: Sequence[Known], before: tuple[Profile, Profile]
    ) -> None:
        """Two customers became one: what both held `before` is held by one customer less."""
        both = countable(before[0]) & countable(before[1])
        self.statistics.count(both, -1)
        self.statistics.saw_joined()
        for home, customer in self.at.items():
            if customer == lost:
                self.at[home] = kept
        self.members.pop(lost, None)
        self._profiles.pop(lost, None)
        self.again(kept, members)


def name_key(name: str | None, attributes: dict[str, str]) -> NameKey | None:
    key = person_key(read_name(name, attributes))
    return key if key.given or key.family else None
