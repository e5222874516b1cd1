"""Contacts, customers and link decisions as values, and the two pure rules over them.

`components` answers who belongs together: homes under the standing edges, with the id that stays.
`grades` answers how sure each link is.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NewType
from uuid import UUID

import msgspec

WorkspaceId = NewType("WorkspaceId", UUID)
CustomerId = NewType("CustomerId", UUID)
ContactId = NewType("ContactId", UUID)
DecisionId = NewType("DecisionId", UUID)

Grade = Literal["verified", "presumed", "possible"]
DecisionKind = Literal["link", "merge", "unmerge", "split", "not_same", "place", "undo", "proof"]

DESK_SOURCE: Final = "desk"


class ClaimedIdentifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identifier as a source hands it in; `verified` is its word, believed where its key proves the kind."""

    kind: Literal["email", "phone", "account", "external", "handle", "visitor"]
    value: str
    verified: bool | None = False
    scope: str | None = None


class ContactClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source says about somebody: `key` is the source's own id for that person."""

    key: str | None = None
    name: str | None = None
    identifiers: list[ClaimedIdentifier] | None = None
    attributes: dict[str, str | None] | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One source's view of somebody; owns one stream of events.

    `home_decision` is how it came to its home (None: it opened it), `customer_decision` the merge that
    joined its home to the present customer (None: the customer is its home)."""

    id: ContactId
    source: str
    key: str
    home_id: CustomerId
    customer_id: CustomerId
    grade: Grade
    name: str | None
    attributes: dict[str, str]
    said_at: datetime
    via: str | None
    home_decision: DecisionId | None
    customer_decision: DecisionId | None
    proved: bool
    created_at: datetime
    since: datetime


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A standing merge: the customer's id on the side of `kept` stays. Ends are contacts."""

    decision: DecisionId
    position: int
    kept: ContactId
    lost: ContactId
    grade: Grade = "verified"


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Where a home stands: the customer it adds up to, and the merge that moved it there last."""

    customer_id: CustomerId
    decision: DecisionId | None


class LinkDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded decision about who is who; append-only. `undoes` names the decision that it takes back."""

    id: DecisionId
    kind: DecisionKind
    contact_a: ContactId | None = None
    contact_b: ContactId | None = None
    contacts: list[ContactId] = []
    home_id: CustomerId | None = None
    event_id: UUID | None = None
    undoes: DecisionId | None = None
    grade: Grade = "verified"
    actor: str
    reason: str | None = None
    evidence: list[dict[str, Any]] = []
    decided_at: datetime


def desk_contact(customer: CustomerId) -> ContactId:
    """A customer's desk contact bears the customer's own id, so it can be named before it is needed."""
    return ContactId(customer)


def components(homes: Mapping[ContactId, CustomerId], edges: Iterable[Edge]) -> dict[CustomerId, Placed]:
    """The customer of every home, by replaying the standing edges in the order of their decisions.

    `homes` maps every contact that an edge may name (desk contacts are their own home). An edge inside one
    component joins nothing and is skipped."""
    placed, _ = _replayed(homes, edges)
    return placed


def idle(homes: Mapping[ContactId, CustomerId], edges: Iterable[Edge]) -> list[Edge]:
    """The edges that join nothing which is not joined without them: only a split can leave such."""
    _, skipped = _replayed(homes, edges)
    return skipped


def _replayed(
    homes: Mapping[ContactId, CustomerId], edges: Iterable[Edge]
) -> tuple[dict[CustomerId, Placed], list[Edge]]:
    members: dict[CustomerId, list[CustomerId]] = {home: [home] for home in homes.values()}
    placed = {home: Placed(customer_id=home, decision=None) for home in members}
    group = {home: home for home in members}
    skipped: list[Edge] = []
    for edge in sorted(edges, key=lambda e: e.position):
        kept, lost = group[homes[edge.kept]], group[homes[edge.lost]]
        if kept == lost:
            skipped.append(edge)
            continue
        for home in members.pop(lost):
            members[kept].append(home)
            group[home] = kept
            placed[home] = Placed(customer_id=kept, decision=edge.decision)
    return placed, skipped


def grades(
    contacts: Sequence[Contact], links: Iterable[tuple[ContactId, ContactId]], through: Iterable[ContactId] = ()
) -> dict[ContactId, Grade]:
    """How sure it is that each contact of one customer is this customer.

    `links` are the verified ones. Contacts that they join are a proved group: in company the oldest proved
    group is verified and the others presumed; alone, a contact is verified with a proved strong identifier.
    `through` are desk contacts of homes that nobody is left in: links still pass through them."""
    if len(contacts) == 1:
        only = contacts[0]
        return {only.id: "verified" if only.proved else "possible"}
    root = {contact: contact for contact in (*through, *(contact.id for contact in contacts))}

    def find(contact: ContactId) -> ContactId:
        while root[contact] != contact:
            contact = root[contact]
        return contact

    for a, b in links:
        if a in root and b in root:
            root[find(a)] = find(b)
    groups: dict[ContactId, list[Contact]] = {}
    for contact in contacts:
        groups.setdefault(find(contact.id), []).append(contact)
    proved = [g for g in groups.values() if len(g) > 1 or g[0].proved]
    if not proved:
        return {contact.id: "presumed" for contact in contacts}
    first = min(proved, key=lambda g: min((c.created_at, c.id) for c in g))
    return {c.id: "verified" if g is first else "presumed" for g in groups.values() for c in g}
