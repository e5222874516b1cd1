"""One decision about who is who: what it was, whom it is about, and who they are today."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from identity import review, store, views
from identity.customers import ContactId, CustomerId, DecisionId, DecisionKind, WorkspaceId
from identity.errors import NotFound
from identity.explaining import DecisionView, IdentifierView, decision_view, identifier_views


class End(msgspec.Struct, frozen=True, kw_only=True):
    """A party of a decision: a contact, or a customer as such. `customer_id` is today's."""

    id: ContactId
    customer_id: CustomerId
    name: str | None


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that a decision moves."""

    id: ContactId
    name: str | None
    source: str
    key: str
    identifiers: list[IdentifierView]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with its parties; one that is not there any more, or never was, is None."""

    decision: DecisionView
    a: End | None
    b: End | None

    @property
    def one(self) -> bool:
        """Whether both are one customer today."""
        return self.a is not None and self.b is not None and self.a.customer_id == self.b.customer_id


async def read_decided(db: store.Db, workspace: WorkspaceId, decision: DecisionId) -> Decided:
    """Raises `NotFound`."""
    row = await review.decision_shown(db, workspace, decision)
    if row is None:
        raise NotFound
    shown = decision_view(row)
    ends = {end: None for end in (shown.contact_a, shown.contact_b) if end is not None}
    found = {one.id: one for one in await _ends(db, workspace, list(ends))}
    return Decided(decision=shown, a=_end(found, shown.contact_a), b=_end(found, shown.contact_b))


async def latest_decided(
    db: store.Db, workspace: WorkspaceId, kinds: Sequence[DecisionKind], before: UUID | None, limit: int
) -> tuple[list[Decided], UUID | None]:
    """Decisions of these kinds, the newest first, and after which to go on (None: there are no more). A page may have
    fewer than there are, even none, where decisions of other kinds are many."""
    rows, looked = await review.latest_decisions(db, workspace, kinds, before, limit + 1)
    more = rows[limit - 1]["id"] if len(rows) > limit else looked
    shown = [decision_view(row) for row in rows[:limit]]
    ends = {end: None for one in shown for end in (one.contact_a, one.contact_b) if end is not None}
    named = await review.ends_named(db, workspace, list(ends)) if ends else []
    found = {row["id"]: End(id=row["id"], customer_id=row["customer_id"], name=row["name"]) for row in named}
    told = [Decided(decision=one, a=_end(found, one.contact_a), b=_end(found, one.contact_b)) for one in shown]
    return told, more


def _end(found: Mapping[ContactId, End], end: ContactId | None) -> End | None:
    return found.get(end) if end is not None else None


async def _ends(db: store.Db, workspace: WorkspaceId, ends: Sequence[ContactId]) -> list[End]:
    """A customer's desk contact bears the customer's id, and need not be there as a contact."""
    owners: dict[ContactId, CustomerId] = dict(await store.pointers(db, workspace, ends)) if ends else {}
    for end in ends:
        if end not in owners and (now := await store.survivor(db, workspace, CustomerId(end))) is not None:
            owners[end] = now
    named = {row["id"]: row["name"] for row in await store.contacts(db, workspace, ends)} if ends else {}
    people = {one.customer_id: one for one in await views.people_of(db, workspace, list(set(owners.values())))}
    homes = {home: _named_at(home, people[owner]) for home, owner in owners.items() if owner in people}
    return [End(id=end, customer_id=owner, name=named.get(end) or homes.get(end)) for end, owner in owners.items()]


def _named_at(home: ContactId, people: views.People) -> str | None:
    """What to call the side of a customer that had this id."""
    own = [contact for contact in people.contacts if contact.home_id == home]
    ids = {contact.id for contact in own}
    held = [one for one in people.identifiers if one.contact_id in ids]
    side = msgspec.structs.replace(people, contacts=own, identifiers=held) if own else people
    return views.best_name(side) or views.best_name(people)


async def read_parties(db: store.Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> list[Party]:
    """These contacts, in their order."""
    rows = {row["id"]: row for row in await store.contacts(db, workspace, contacts)} if contacts else {}
    held: dict[ContactId, list[views.HeldIdentifier]] = {contact: [] for contact in contacts}
    for one in await views.held_by(db, workspace, list(contacts)) if contacts else ():
        held[one.contact_id].append(one)
    return [
        Party(
            id=contact,
            name=rows[contact]["name"],
            source=rows[contact]["source"],
            key=rows[contact]["source_key"],
            identifiers=identifier_views(held[contact]),
        )
        for contact in contacts
        if contact in rows
    ]
