"""What one transaction knows of identity: read after its locks, changed item by item in memory, written at the end.

So a batch decides like the same pushes one after the other, with a handful of statements for all of them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from identity import review, store
from identity.claims import Claim, Held, SharedValues, Value
from identity.customers import ContactId, CustomerId, LinkDecision, WorkspaceId
from identity.deciding import Evidence, Look
from identity.identifiers import Identifier
from identity.known import Known, known_of
from identity.records import ChangedContact, NewContact, NewSuggestion, SeenIdentifier, SharedValue

MOST_OWNERS: Final = 20
MOST_MEMBERS: Final = 500
MOST_HELD: Final = 50
SEEN_AGAIN: Final = timedelta(hours=12)
"""`last_seen` is kept to half a day, so that a known contact's push writes nothing about identity."""


class Moved(Exception):
    """What was read before the locks changed until they were held: a customer moved, or a value's class."""


class Book:
    """Contacts, owners of proved values, value classes and "not the same" records around the claims of a batch."""

    def __init__(self, workspace: WorkspaceId, evidence: Evidence | None = None) -> None:
        self.workspace = workspace
        self.evidence = evidence
        """None where a workspace links on proof alone."""
        self.contacts: dict[ContactId, Known] = {}
        self.by_key: dict[tuple[str, str], ContactId] = {}
        self.owners: dict[Value, list[ContactId]] = {}
        self.classes: dict[Value, str] = {}
        self.members: dict[CustomerId, list[ContactId]] = {}
        self.apart: set[frozenset[UUID]] = set()
        self.regrade: set[ContactId] = set()
        """Contacts whose customers' grades a new proof may change."""
        self._proofs = False
        self._touched: dict[ContactId, None] = {}
        self._new: dict[ContactId, bool] = {}
        self._seen: dict[tuple[ContactId, Value], SeenIdentifier] = {}
        self._shared: dict[Value, SharedValue] = {}
        self._links: list[LinkDecision] = []
        self._suggested: list[NewSuggestion] = []
        self.asked: list[UUID] = []
        """The suggestions that were written."""

    async def read(self, db: store.Db, claims: Sequence[Claim], shared: SharedValues) -> None:
        """Read what the claims are about. The locks of `claim_locks` are held."""
        keys = list(dict.fromkeys((claim.source, claim.key) for claim in claims))
        rows = await store.contacts_by_key(db, self.workspace, [k[0] for k in keys], [k[1] for k in keys])
        self._add(rows)
        if self.evidence is not None:
            news = [claim for claim in claims if self.brings_news(claim)]
            await self.evidence.read(db, [(claim, self.known_by(claim)) for claim in news])
        fresh = {
            identifier.key
            for claim in claims
            for identifier in claim.proofs
            if not self.proved_on(self.by_key.get((claim.source, claim.key)), identifier.key)
        }
        self._proofs = bool(fresh)
        if not fresh:
            return
        values = sorted(fresh)
        self.classes.update(await self._read_classes(db, values))
        for value in values:
            if self.classes.get(value) == "shared":
                shared.add(self.workspace, value)
            elif (self.workspace, value) in shared.values:
                shared.values.discard((self.workspace, value))
                raise Moved
        for row in await store.owners(db, self.workspace, values, MOST_OWNERS):
            value = (row["kind"], row["scope"], row["value"])
            self.owners.setdefault(value, []).append(row["contact_id"])
            self.members.setdefault(row["customer_id"], [])

    async def _read_classes(self, db: store.Db, values: Sequence[Value]) -> dict[Value, str]:
        if self.evidence is not None:
            return {value: said for value, said in self.evidence.candidates.said.items() if value in values}
        rows = await store.value_classes(db, self.workspace, values)
        return {(row["kind"], row["scope"], row["value"]): row["class"] for row in rows}

    def customers(self) -> set[CustomerId]:
        """The customers that the claims may end up with, as far as they are known before their locks."""
        likely = self.evidence.likely if self.evidence else set[CustomerId]()
        return {known.customer_id for known in self.contacts.values()} | set(self.members) | likely

    def known_by(self, claim: Claim) -> Known | None:
        """The contact that the claim is about, where there is one by now."""
        found = self.by_key.get((claim.source, claim.key))
        return None if found is None else self.contacts[found]

    def brings_news(self, claim: Claim) -> bool:
        """Whether the claim says of its contact what was not held of it, or opens it."""
        known = self.known_by(claim)
        if known is None:
            return True
        if any(
            h.identifier.key not in known.held or (h.verified and not known.held[h.identifier.key].verified)
            for h in claim.held
        ):
            return len(known.held) < MOST_HELD
        newer = claim.said_at >= known.said_at
        renamed = claim.name is not None and claim.name != known.name and (newer or known.name is None)
        return renamed or any(
            known.attributes.get(name) != value and (newer or name not in known.attributes)
            for name, value in claim.attributes.items()
        )

    async def read_candidates(self, db: store.Db) -> None:
        """Read the members of the candidate customers anew, now that their locks are held. Raises `Moved`.

        Nobody may hold the new proofs yet: an item of the batch may still prove what a later one matches."""
        candidates = list(self.customers())
        if not candidates or not (self._proofs or (self.evidence and self.evidence.looks)):
            return
        before = {contact: known.customer_id for contact, known in self.contacts.items()}
        await self._read_members(db, candidates)
        wanted = {contact for owners in self.owners.values() for contact in owners} | set(before)
        now = await store.pointers(db, self.workspace, list(wanted))
        if any(now[contact] != customer for contact, customer in before.items()) or set(now.values()) - set(candidates):
            raise Moved
        missing = [contact for contact in wanted if contact not in self.contacts]
        self._add(await store.contacts(db, self.workspace, missing) if missing else [])
        await self._read_apart(db)
        if self.evidence is not None:
            for customer in candidates:
                self.look_again(customer)

    async def read_customers(self, db: store.Db, customers: Sequence[CustomerId]) -> None:
        """Read customers about whom no claim says anything. Raises `Moved` where one of them is no more."""
        await self._read_members(db, customers)
        await self._read_apart(db)
        for customer in customers:
            if not self.members[customer]:
                raise Moved
            self.look_again(customer)

    async def _read_members(self, db: store.Db, customers: Sequence[CustomerId]) -> None:
        rows = await store.members(db, self.workspace, customers, MOST_MEMBERS)
        self.members = {customer: [] for customer in customers}
        self._add(rows)

    async def _read_apart(self, db: store.Db) -> None:
        ends = {*self.contacts, *(known.home_id for known in self.contacts.values())}
        for row in await store.not_same(db, self.workspace, list(ends)):
            self.apart.add(frozenset((row["contact_a"], row["contact_b"])))

    def look(self, claim: Claim) -> Look | None:
        """The claim as it is weighed; None where it says nothing new, or where proof alone decides."""
        if self.evidence is None or not self.brings_news(claim):
            return None
        return self.evidence.look(claim)

    def look_again(self, customer: CustomerId) -> None:
        """What a customer is compared by, from its members as they are in the book."""
        if self.evidence is not None:
            self.evidence.candidates.again(customer, [self.contacts[one] for one in self.members[customer]])

    def _add(self, rows: Sequence[store.Row]) -> None:
        fresh = [row for row in rows if row["id"] not in self.contacts]
        for row in fresh:
            known = known_of(row)
            self.contacts[known.id] = known
            self.by_key[known.source, known.key] = known.id
        for row in rows:
            self.members.setdefault(row["customer_id"], [])
            if row["id"] not in self.members[row["customer_id"]]:
                self.members[row["customer_id"]].append(row["id"])

    def proved_on(self, contact: ContactId | None, value: Value) -> bool:
        """Whether the contact holds the value by proof already."""
        held = self.contacts[contact].held.get(value) if contact else None
        return held is not None and held.verified

    def ids_of(self, customer: CustomerId) -> set[UUID]:
        """The ends that a decision about this customer may name: its contacts and their homes."""
        known = [self.contacts[contact] for contact in self.members.get(customer, [])]
        return {customer, *(k.id for k in known), *(k.home_id for k in known)}

    def kept_apart(self, one: CustomerId, other: CustomerId) -> bool:
        """Whether a person said that somebody in `one` is nobody in `other`."""
        ours, theirs = self.ids_of(one), self.ids_of(other)
        return any(len(pair & ours) == 1 and len(pair & theirs) == 1 for pair in self.apart)

    def open_contact(self, known: Known, opens: bool) -> None:
        self.contacts[known.id] = known
        self.by_key[known.source, known.key] = known.id
        self.members.setdefault(known.customer_id, []).append(known.id)
        self._new[known.id] = opens
        if self.evidence is not None:
            self.evidence.candidates.members.setdefault(known.customer_id, [])

    def touch(self, known: Known) -> None:
        """The contact changed; it is written at the end."""
        known.facts = None
        self._touched[known.id] = None

    def hold(self, known: Known, held: Held, now: datetime) -> None:
        """The contact came with this identifier. Past fifty the event alone keeps it: no contact grows without end."""
        value = held.identifier.key
        before = known.held.get(value)
        if before is None and len(known.held) >= MOST_HELD:
            return
        proved = held.verified and not (before and before.verified)
        if before is None or proved or now - known.last_seen[value] > SEEN_AGAIN:
            self._seen[known.id, value] = SeenIdentifier(
                contact_id=known.id, identifier=held.identifier, verified=held.verified
            )
            known.last_seen[value] = now
        if before is None or proved:
            known.held[value] = held
            known.facts = None
        if proved and held.identifier.strong:
            known.proved = True
            owners = self.owners.setdefault(value, [])
            if len(owners) < MOST_OWNERS:
                owners.append(known.id)

    def share(self, identifier: Identifier, reason: str) -> None:
        """The value turned out to belong to several people: from now on it links nobody."""
        self.classes[identifier.key] = "shared"
        self._shared[identifier.key] = SharedValue(identifier=identifier, reason=reason)

    def decide(self, decision: LinkDecision) -> None:
        self._links.append(decision)

    def suggest(self, suggestion: NewSuggestion) -> None:
        self._suggested.append(suggestion)

    async def write(self, db: store.Db, now: datetime) -> None:
        """Write what was decided since the last call, in as many statements as there are kinds of rows."""
        if self._links:
            await store.write_links(db, self.workspace, self._links)
        if self._new:
            new = [_new_contact(self.contacts[contact], opens) for contact, opens in self._new.items()]
            await store.write_contacts(db, self.workspace, new)
        changed = [_changed(self.contacts[contact]) for contact in self._touched if contact not in self._new]
        if changed and await store.change_contacts(db, self.workspace, changed, now) < len(changed):
            raise Moved
        for contact in self._touched:
            self.contacts[contact].since = max(self.contacts[contact].since, now)
        if self._seen:
            await store.write_identifiers(db, self.workspace, list(self._seen.values()), now)
        if self._shared:
            await store.write_shared(db, self.workspace, list(self._shared.values()), now)
        if self._suggested:
            self.asked.extend(await review.write_suggestions(db, self.workspace, self._suggested, now))
        if self.evidence is not None:
            await self.evidence.write(db)
        for written in (self._links, self._new, self._touched, self._seen, self._shared, self._suggested):
            written.clear()


def _new_contact(known: Known, opens: bool) -> NewContact:
    return NewContact(
        id=known.id,
        source=known.source,
        key=known.key,
        home_id=known.home_id,
        customer_id=known.customer_id,
        grade=known.grade,
        name=known.name,
        attributes=known.attributes,
        said_at=known.said_at,
        via=known.via,
        home_decision=known.home_decision,
        customer_decision=known.customer_decision,
        created_at=known.created_at,
        opens=opens,
    )


def _changed(known: Known) -> ChangedContact:
    return ChangedContact(
        id=known.id,
        home_id=known.home_id,
        customer_id=known.customer_id,
        grade=known.grade,
        name=known.name,
        attributes=known.attributes,
        said_at=known.said_at,
        via=known.via,
        home_decision=known.home_decision,
        customer_decision=known.customer_decision,
        since=known.since,
    )
