"""The front desk: merge customers, split contacts off, take any decision back.

Every function takes its locks, decides on what it reads then, and writes decision, pointers and seam in the caller's
transaction. With `preview` it stops before the first write and answers in the same shape without a decision.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from identity import merging, review
from identity import store as identity_store
from identity.customers import ContactId, CustomerId, DecisionId, Edge, LinkDecision, desk_contact
from identity.errors import AlreadyUndone, Impossible, NotFound
from identity.keys import rekey
from identity.merging import Scene
from timeline import consequences, store
from timeline.decisions import Change, Desk, extent, read_scene, seam, seam_of_undoing, time_of, undo
from timeline.events import ContactsSplit, CustomersMerged, CustomersUnmerged
from timeline.placing import undo_placing


async def merge(db: store.Db, desk: Desk, customer: CustomerId, other: CustomerId) -> Change:
    """Join `other` to `customer`, whose id stays; lifts what kept them apart and answers what is still asked of them.

    Raises `NotFound`, `Absorbed` and `Impossible`."""
    if customer == other:
        raise Impossible("other", "a customer cannot be merged with itself")
    scene = await read_scene(db, desk, [customer, other])
    return await _merge(db, desk, scene, customer, other, undoes=None)


async def _merge(
    db: store.Db, desk: Desk, scene: Scene, customer: CustomerId, other: CustomerId, undoes: DecisionId | None
) -> Change:
    decision = LinkDecision(
        id=DecisionId(desk.new_id()),
        kind="merge",
        contact_a=desk_contact(customer),
        contact_b=desk_contact(other),
        undoes=undoes,
        actor=desk.actor,
        reason=desk.reason,
        decided_at=await time_of(db, desk),
    )
    after = merging.planned_merge(scene, decision)
    moved = merging.moved(scene, after)
    tickets = await consequences.of_merge(db, desk, scene, customer, other, decision.decided_at)
    changed = await extent(db, desk, moved) | {"absorbed": [other], "tickets": tickets}
    if desk.preview:
        return Change(customer_id=customer, moved=moved, changed=changed)
    for record in merging.records_between(scene, customer, other):
        if record != undoes:
            await undo(db, desk, record, decision.decided_at)
    now = decision.decided_at
    await review.answer_between(db, desk.workspace, customer, other, "accepted", decision.id, now)
    joined = await merging.carry_out_merge(db, desk.workspace, scene, decision, customer, other, now)
    await consequences.carry_out_merge(db, desk, joined)
    shown = CustomersMerged(decision=decision.id, kept=customer, absorbed=other, reason=desk.reason)
    await seam(db, desk, [customer, other], shown, now)
    return Change(decision_id=decision.id, customer_id=customer, moved=moved, changed=changed)


async def unmerge(db: store.Db, desk: Desk, customer: CustomerId, decision: DecisionId) -> Change:
    """Take a decision of this customer back: a merge, a link, a split, a placement, a "not the same person".

    Raises `NotFound`, `Absorbed`, `AlreadyUndone` and `Impossible`."""
    row = await identity_store.decision(db, desk.workspace, decision)
    if row is None:
        raise NotFound
    if row["kind"] == "split":
        return await _undo_split(db, desk, customer, row)
    if row["kind"] == "place":
        return await undo_placing(db, desk, customer, row)
    scene = await read_scene(db, desk, [customer])
    row = await identity_store.decision(db, desk.workspace, decision)
    assert row is not None
    if not {row["contact_a"], row["contact_b"]} & scene.ends:
        raise NotFound
    if row["undone"]:
        raise AlreadyUndone("this decision was undone before")
    if row["kind"] == "merge":
        return await _undo_merge(db, desk, scene, customer, decision)
    if row["kind"] == "link":
        return await _split(db, desk, scene, customer, [row["contact_a"]], undoes=decision)
    if row["kind"] == "not_same":
        change = Change(customer_id=customer, moved=(), changed={"contacts": 0, "events": 0})
        if desk.preview:
            return change
        now = await time_of(db, desk)
        undone = await undo(db, desk, decision, now)
        await seam_of_undoing(db, desk, [customer], undone, decision, now)
        return msgspec.structs.replace(change, decision_id=undone)
    raise Impossible("decision", f"a decision of kind {row['kind']} is not undone: merge or split instead")


async def _undo_merge(db: store.Db, desk: Desk, scene: Scene, customer: CustomerId, decision: DecisionId) -> Change:
    edge = merging.standing_edge(scene, decision)
    back, after = merging.planned_unmerge(scene, edge, customer)
    moved = merging.moved(scene, after)
    now = await time_of(db, desk)
    plan = await consequences.of_unmerge(db, desk, scene, edge, merging.carried(scene, after), now)
    changed = await extent(db, desk, moved) | {"restored": [back], "tickets": plan.told}
    if desk.preview:
        return Change(customer_id=back, moved=moved, changed=changed)
    undone = _unmerging(desk, edge, now)
    await identity_store.write_decision(db, desk.workspace, undone)
    await merging.apply(db, desk.workspace, scene, after, now)
    await consequences.carry_out(db, desk, plan, now)
    shown = CustomersUnmerged(decision=undone.id, undoes=decision, kept=customer, restored=back, reason=desk.reason)
    await seam(db, desk, [customer, back], shown, now)
    return Change(decision_id=undone.id, customer_id=back, moved=moved, changed=changed)


def _unmerging(desk: Desk, edge: Edge, now: datetime) -> LinkDecision:
    return LinkDecision(
        id=DecisionId(desk.new_id()),
        kind="unmerge",
        contact_a=edge.kept,
        contact_b=edge.lost,
        undoes=edge.decision,
        actor=desk.actor,
        reason=desk.reason,
        decided_at=now,
    )


async def split(db: store.Db, desk: Desk, customer: CustomerId, contacts: Sequence[ContactId]) -> Change:
    """Give some contacts a home of their own; no automatic link brings them back. Raises as `unmerge` does."""
    scene = await read_scene(db, desk, [customer])
    return await _split(db, desk, scene, customer, contacts)


async def _split(
    db: store.Db,
    desk: Desk,
    scene: Scene,
    customer: CustomerId,
    contacts: Sequence[ContactId],
    undoes: DecisionId | None = None,
) -> Change:
    home, decision = CustomerId(desk.new_id()), DecisionId(desk.new_id())
    plan = merging.planned_split(scene, customer, contacts, home, decision)
    after = plan.contacts
    moved = merging.moved(scene, after)
    now = await time_of(db, desk)
    standing = [edge for edge in scene.edges if edge not in (*plan.crossing, *plan.idle)]
    carried = merging.carried(scene, after)
    tickets = await consequences.of_rearranging(db, desk, scene, after, standing, carried, now)
    changed = await extent(db, desk, moved) | {"tickets": tickets.told}
    new = next(c.customer_id for c in after if c.home_id == home)
    if desk.preview:
        return Change(customer_id=new, moved=moved, changed=changed)
    old_homes = list(dict.fromkeys(c.home_id for c in scene.contacts if c.id in set(contacts)))
    for old in old_homes:
        await merging.ensure_desk(db, desk.workspace, old, now)
    parted = LinkDecision(
        id=decision,
        kind="split",
        contact_a=desk_contact(home),
        contact_b=desk_contact(old_homes[0]),
        contacts=list(contacts),
        home_id=home,
        undoes=undoes,
        actor=desk.actor,
        reason=desk.reason,
        decided_at=now,
    )
    await identity_store.write_decision(db, desk.workspace, parted)
    for old in old_homes[1:]:
        apart = msgspec.structs.replace(
            parted, id=DecisionId(desk.new_id()), kind="not_same", contact_b=desk_contact(old), contacts=[], undoes=None
        )
        await identity_store.write_decision(db, desk.workspace, apart)
    for edge in plan.crossing:
        await identity_store.write_decision(db, desk.workspace, _unmerging(desk, edge, now))
    for edge in plan.idle:
        await undo(db, desk, edge.decision, now)
    await identity_store.write_customers(db, desk.workspace, [home], [now])
    await merging.apply(db, desk.workspace, scene, after, now)
    await rekey(db, desk.workspace, [*old_homes, home], desk.salt or desk.workspace.bytes)
    await consequences.carry_out(db, desk, tickets, now)
    shown = ContactsSplit(
        decision=decision, contacts=list(contacts), old_home=customer, new_home=home, reason=desk.reason
    )
    await seam(db, desk, [customer, home], shown, now)
    return Change(decision_id=decision, customer_id=new, moved=moved, changed=changed)


async def _undo_split(db: store.Db, desk: Desk, customer: CustomerId, row: identity_store.Row) -> Change:
    """The contacts that were split off belong to their old customer again: a merge that takes the split back."""
    new = await identity_store.survivor(db, desk.workspace, row["contact_a"])
    old = await identity_store.survivor(db, desk.workspace, row["contact_b"])
    if new is None or old is None or customer not in (new, old):
        raise NotFound
    scene = await read_scene(db, desk, [old, new])
    again = await identity_store.decision(db, desk.workspace, row["id"])
    if new == old or again is None or again["undone"]:
        raise AlreadyUndone("this split was undone before")
    return await _merge(db, desk, scene, old, new, undoes=row["id"])
