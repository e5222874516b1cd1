"""Moving pointers: join two customers, take a merge back, split contacts off, keep people apart.

Each decision is planned on a `Scene` (what a decision about some customers depends on) by a pure function, and
carried out by `apply`: a preview is the plan, so what it shows is what then happens.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from identity import store
from identity.customers import (
    DESK_SOURCE,
    Contact,
    ContactId,
    CustomerId,
    DecisionId,
    Edge,
    Grade,
    LinkDecision,
    WorkspaceId,
    components,
    desk_contact,
    grades,
    idle,
)
from identity.errors import Absorbed, AlreadyUndone, Impossible, NotFound
from identity.records import ChangedContact, NewContact

NewId = Callable[[], UUID]


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """The contacts of one or more customers, the standing merges among them, and their verified links."""

    contacts: tuple[Contact, ...]
    edges: tuple[Edge, ...]
    links: tuple[tuple[ContactId, ContactId], ...]
    apart: tuple[tuple[DecisionId, UUID, UUID], ...]

    def of(self, customer: CustomerId) -> list[Contact]:
        return [contact for contact in self.contacts if contact.customer_id == customer]

    @property
    def ends(self) -> set[UUID]:
        """What a decision about these customers may name: their contacts and homes."""
        return {end for contact in self.contacts for end in (contact.id, contact.home_id)}

    @property
    def homes(self) -> dict[ContactId, CustomerId]:
        """The home of every contact, and of every desk contact, there or not yet."""
        homes = {desk_contact(contact.home_id): contact.home_id for contact in self.contacts}
        for edge in self.edges:
            homes.setdefault(edge.kept, CustomerId(edge.kept))
            homes.setdefault(edge.lost, CustomerId(edge.lost))
        return homes | {contact.id: contact.home_id for contact in self.contacts}


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision did to the contacts of the scene: `moved` are people's contacts that changed customer, `came`
    holds the desk's own as well."""

    decision: DecisionId
    customer_id: CustomerId
    other: CustomerId
    moved: tuple[ContactId, ...]
    came: tuple[ContactId, ...]
    contacts: tuple[Contact, ...]


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """What splitting off leaves: the contacts, and the edges that go with it: `crossing` keep their ends apart, `idle`
    joined nothing any more."""

    contacts: tuple[Contact, ...]
    crossing: tuple[Edge, ...]
    idle: tuple[Edge, ...]


async def read_scene(db: store.Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> Scene:
    """Raises `Absorbed` for a customer that was merged away and `NotFound` for one that never was."""
    rows = await store.members(db, workspace, list(dict.fromkeys(customers)), 1_000_000)
    contacts = tuple(contact_of(row) for row in rows)
    for customer in customers:
        if not any(contact.customer_id == customer for contact in contacts):
            survivor = await store.survivor(db, workspace, customer)
            raise NotFound if survivor is None else Absorbed(customer, survivor)
    ids = list({*(c.id for c in contacts), *(c.home_id for c in contacts)})
    edges = tuple(edge_of(row) for row in await store.edges(db, workspace, ids))
    return Scene(
        contacts=contacts,
        edges=edges,
        links=tuple((row["contact_a"], row["contact_b"]) for row in await store.verified_links(db, workspace, ids)),
        apart=tuple((r["id"], r["contact_a"], r["contact_b"]) for r in await store.not_same(db, workspace, ids)),
    )


def edge_of(row: store.Row) -> Edge:
    return Edge(
        decision=row["id"], position=row["position"], kept=row["contact_a"], lost=row["contact_b"], grade=row["grade"]
    )


def contact_of(row: store.Row) -> Contact:
    return Contact(
        id=row["id"],
        source=row["source"],
        key=row["source_key"],
        home_id=row["home_id"],
        customer_id=row["customer_id"],
        grade=row["grade"],
        name=row["name"],
        attributes=store.decode(row, "attributes"),
        said_at=row["said_at"],
        via=row["via"],
        home_decision=row["home_decision"],
        customer_decision=row["customer_decision"],
        proved=row["proved"],
        created_at=row["created_at"],
        since=row["since"],
    )


def replaced(scene: Scene, edges: Iterable[Edge]) -> tuple[Contact, ...]:
    """The scene's contacts as they stand under other edges: customer, decision and grade of each."""
    standing = tuple(edges)
    placed = components(scene.homes, standing)
    out: list[Contact] = []
    by_customer: dict[CustomerId, list[Contact]] = {}
    for contact in scene.contacts:
        where = placed[contact.home_id]
        new = msgspec.structs.replace(contact, customer_id=where.customer_id, customer_decision=where.decision)
        by_customer.setdefault(where.customer_id, []).append(new)
    for together in by_customer.values():
        out.extend(_graded(together, scene.links, standing))
    return tuple(out)


def _graded(
    together: list[Contact], links: Iterable[tuple[ContactId, ContactId]], edges: Iterable[Edge]
) -> list[Contact]:
    """Grades of one customer's contacts. A desk contact stands for the oldest contact of its home; contacts
    with one home decision were split off together, by a person."""
    people = [contact for contact in together if contact.source != DESK_SOURCE]
    oldest: dict[UUID, ContactId] = {}
    for contact in sorted(people, key=lambda c: (c.created_at, c.id)):
        oldest.setdefault(contact.home_id, contact.id)
    verified = [*links, *((edge.kept, edge.lost) for edge in edges if edge.grade == "verified")]
    split: dict[UUID, ContactId] = {}
    verified.extend((c.id, split.setdefault(c.home_decision, c.id)) for c in people if c.home_decision is not None)
    left = [desk_contact(contact.home_id) for contact in together if contact.home_id not in oldest]
    graded = grades(people, [(oldest.get(a, a), oldest.get(b, b)) for a, b in verified], left)
    return [msgspec.structs.replace(c, grade=graded.get(c.id, "verified")) for c in together]


async def apply(db: store.Db, workspace: WorkspaceId, scene: Scene, after: Sequence[Contact], now: datetime) -> None:
    """Write the contacts that the plan changed, those alone."""
    before = {contact.id: contact for contact in scene.contacts}
    changed = [_changed(contact) for contact in after if contact != before[contact.id]]
    if changed:
        await store.change_contacts(db, workspace, changed, now)


async def regrade(db: store.Db, workspace: WorkspaceId, contacts: Sequence[ContactId], now: datetime) -> None:
    """Grade the customers of these contacts again: a proof may have made a presumed link a verified one."""
    customers = await store.pointers(db, workspace, contacts)
    scene = await read_scene(db, workspace, list(dict.fromkeys(customers.values())))
    await apply(db, workspace, scene, replaced(scene, scene.edges), now)


def moved(scene: Scene, after: Sequence[Contact]) -> tuple[ContactId, ...]:
    """People's contacts whose customer is another than before."""
    desks = {contact.id for contact in after if contact.source == DESK_SOURCE}
    return tuple(contact for contact in carried(scene, after) if contact not in desks)


def carried(scene: Scene, after: Sequence[Contact]) -> tuple[ContactId, ...]:
    """All contacts whose customer is another than before, desk contacts too: they have tickets of our own."""
    before = {contact.id: contact.customer_id for contact in scene.contacts}
    return tuple(c.id for c in after if c.customer_id != before[c.id])


async def ensure_desk(db: store.Db, workspace: WorkspaceId, customer: CustomerId, now: datetime) -> ContactId:
    """The desk contact of a home, made when it is first needed."""
    desk = desk_contact(customer)
    if not await store.contacts(db, workspace, [desk]):
        where = await store.home_placement(db, workspace, customer)
        await store.write_contacts(
            db,
            workspace,
            [
                NewContact(
                    id=desk,
                    source=DESK_SOURCE,
                    key=str(customer),
                    home_id=customer,
                    customer_id=where["customer_id"],
                    grade="verified",
                    said_at=now,
                    customer_decision=where["customer_decision"],
                    created_at=now,
                )
            ],
        )
    return desk


async def join(
    db: store.Db,
    workspace: WorkspaceId,
    one: ContactId,
    other: ContactId,
    *,
    grade: Grade = "verified",
    actor: str,
    evidence: list[dict[str, Any]],
    now: datetime,
    new_id: NewId,
) -> Joined:
    """Join the customers of two contacts by themselves; the older customer's id stays. Their locks are held."""
    at = await store.pointers(db, workspace, [one, other])
    ages = await store.customer_ages(db, workspace, [at[one], at[other]])
    kept, lost = (one, other) if (ages[at[one]], at[one]) <= (ages[at[other]], at[other]) else (other, one)
    decision = LinkDecision(
        id=DecisionId(new_id()),
        kind="merge",
        contact_a=kept,
        contact_b=lost,
        grade=grade,
        actor=actor,
        reason=None,
        evidence=evidence,
        decided_at=now,
    )
    await ensure_desk(db, workspace, at[kept], now)
    await ensure_desk(db, workspace, at[lost], now)
    scene = await read_scene(db, workspace, [at[kept], at[lost]])
    return await carry_out_merge(db, workspace, scene, decision, at[kept], at[lost], now)


def planned_merge(scene: Scene, decision: LinkDecision) -> tuple[Contact, ...]:
    """The contacts as the merge would leave them."""
    assert decision.contact_a is not None
    assert decision.contact_b is not None
    position = max((edge.position for edge in scene.edges), default=0) + 1
    edge = Edge(
        decision=decision.id,
        position=position,
        kept=decision.contact_a,
        lost=decision.contact_b,
        grade=decision.grade,
    )
    return replaced(scene, (*scene.edges, edge))


async def carry_out_merge(
    db: store.Db,
    workspace: WorkspaceId,
    scene: Scene,
    decision: LinkDecision,
    kept: CustomerId,
    lost: CustomerId,
    now: datetime,
) -> Joined:
    await store.write_decision(db, workspace, decision)
    after = planned_merge(scene, decision)
    await apply(db, workspace, scene, after, now)
    return Joined(
        decision=decision.id,
        customer_id=kept,
        other=lost,
        moved=moved(scene, after),
        came=tuple(contact.id for contact in scene.of(lost)),
        contacts=after,
    )


def records_between(scene: Scene, one: CustomerId, other: CustomerId) -> list[DecisionId]:
    """The "not the same person" records that keep two customers apart: a merge by hand lifts them."""
    ours = {i for c in scene.of(one) for i in (c.id, c.home_id)}
    theirs = {i for c in scene.of(other) for i in (c.id, c.home_id)}
    return [d for d, a, b in scene.apart if (a in ours and b in theirs) or (a in theirs and b in ours)]


def planned_unmerge(scene: Scene, edge: Edge, present: CustomerId) -> tuple[CustomerId, tuple[Contact, ...]]:
    """The customer that comes back, and the contacts as they stand without the edge."""
    after = replaced(scene, [e for e in scene.edges if e.decision != edge.decision])
    placed = components(scene.homes, [e for e in scene.edges if e.decision != edge.decision])
    homes = scene.homes
    sides = [placed[homes[end]].customer_id for end in (edge.kept, edge.lost)]
    back = next((side for side in sides if side != present), present)
    return back, after


def standing_edge(scene: Scene, decision: DecisionId) -> Edge:
    """The scene's edge with this id. Raises `AlreadyUndone`: the decision is there and its edge stands no more."""
    for edge in scene.edges:
        if edge.decision == decision:
            return edge
    raise AlreadyUndone("this merge was undone before")


def planned_split(
    scene: Scene,
    customer: CustomerId,
    contacts: Sequence[ContactId],
    new_home: CustomerId,
    decision: DecisionId,
) -> Split:
    """The contacts as they stand once some have a home of their own, with their edges along.

    Where everybody would go along, the edges between those named and the others are taken back with the split
    (docs/decisions/0005). Raises `NotFound` and `Impossible`."""
    there = {contact.id: contact for contact in scene.of(customer)}
    chosen = set(contacts)
    if not chosen:
        raise Impossible("contacts", "name at least one contact")
    if any(contact not in there for contact in chosen):
        raise NotFound
    if any(there[contact].source == DESK_SOURCE for contact in chosen):
        raise Impossible("contacts", "a desk contact belongs to its customer and cannot be split off")
    if all(c.id in chosen for c in there.values() if c.source != DESK_SOURCE):
        raise Impossible("contacts", "all contacts of a customer cannot be split off: nobody would be left")
    new = msgspec.structs.replace(
        scene, contacts=tuple(_split_off(c, chosen, new_home, decision) for c in scene.contacts)
    )
    edges, after = list(scene.edges), replaced(new, scene.edges)
    crossing: list[Edge] = []
    if len({c.customer_id for c in after if c.source != DESK_SOURCE}) == 1:
        crossing = [edge for edge in edges if (edge.kept in chosen) != (edge.lost in chosen)]
        edges = [edge for edge in edges if edge not in crossing]
    spare = idle(new.homes, edges)
    return Split(
        contacts=replaced(new, [edge for edge in edges if edge not in spare]),
        crossing=tuple(crossing),
        idle=tuple(spare),
    )


def _split_off(contact: Contact, chosen: set[ContactId], home: CustomerId, decision: DecisionId) -> Contact:
    if contact.id not in chosen:
        return contact
    return msgspec.structs.replace(contact, home_id=home, home_decision=decision, via=None)


def _changed(contact: Contact) -> ChangedContact:
    return ChangedContact(
        id=contact.id,
        home_id=contact.home_id,
        customer_id=contact.customer_id,
        grade=contact.grade,
        name=contact.name,
        attributes=contact.attributes,
        said_at=contact.said_at,
        via=contact.via,
        home_decision=contact.home_decision,
        customer_decision=contact.customer_decision,
        since=contact.since,
    )
