"""One item given to another contact by hand, such as a forwarded mail, with everything about it, and taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from identity import merging, review
from identity import store as identity_store
from identity.customers import ContactId, CustomerId, DecisionId, LinkDecision, WorkspaceId
from identity.errors import Absorbed, AlreadyUndone, Impossible, NotFound
from timeline import consequences, objects, store
from timeline import views as thread_views
from timeline.consequences import Plan
from timeline.decisions import Change, Desk, lock_customers, seam, seam_of_undoing, time_of, undo
from timeline.errors import StartOver
from timeline.events import KIND_OF, EventId, ItemPlaced


class ItemMoved(msgspec.Struct, frozen=True, kw_only=True):
    """Where an item stands by a decision: on `contact_id`, whose customer is `customer_id`."""

    decision_id: DecisionId | msgspec.UnsetType = msgspec.UNSET
    event_id: EventId
    contact_id: ContactId
    customer_id: CustomerId
    moved: tuple[EventId, ...]
    changed: dict[str, Any]


async def place(
    db: store.Db,
    desk: Desk,
    customer: CustomerId,
    event_id: UUID,
    *,
    contact: ContactId | None = None,
    target: CustomerId | None = None,
) -> ItemMoved:
    """Give an item of this customer's thread to another contact, or to a customer's desk contact (`target`).

    Raises `NotFound`, `Absorbed` and `Impossible`."""
    if (contact is None) == (target is None):
        raise Impossible("contact", "name either a contact or a customer")
    origin, present, source = await _standing(db, desk, event_id)
    if source != customer:
        raise NotFound
    item = await store.event(db, desk.workspace, event_id)
    if item is None or item["type"] not in KIND_OF:
        raise Impossible("event", "the record of a decision stays where it was written")
    to, receiver = await _receiver(db, desk, contact, target)
    await lock_customers(db, desk, [customer, receiver])
    if not desk.preview and (
        (origin, present, source) != await _standing(db, desk, event_id)
        or (to, receiver) != await _receiver(db, desk, contact, target)
    ):
        raise StartOver
    if to == present:
        raise Impossible("contact" if contact else "customer", "the item stands there already")
    about = await thread_views.count_about(db, desk.workspace, event_id)
    now = await time_of(db, desk)
    tickets = await _tickets(db, desk, [customer, receiver], event_id, to, now)
    placed = ItemMoved(
        event_id=EventId(event_id),
        contact_id=to,
        customer_id=receiver,
        moved=(EventId(event_id),),
        changed={"events": about, "tickets": tickets.told},
    )
    if desk.preview:
        return placed
    if target is not None:
        await merging.ensure_desk(db, desk.workspace, target, now)
    decision = LinkDecision(
        id=DecisionId(desk.new_id()),
        kind="place",
        contact_a=origin,
        contact_b=to,
        event_id=event_id,
        actor=desk.actor,
        reason=desk.reason,
        decided_at=now,
    )
    await identity_store.write_decision(db, desk.workspace, decision)
    await review.move_item(db, desk.workspace, event_id, origin, (to, decision.id), now)
    await objects.stand_on(db, desk.workspace, event_id, [present, to])
    await consequences.carry_out(db, desk, tickets, now)
    shown = ItemPlaced(decision=decision.id, event=EventId(event_id), contact=to, reason=desk.reason)
    await seam(db, desk, [customer, receiver], shown, now)
    return msgspec.structs.replace(placed, decision_id=decision.id)


async def _tickets(
    db: store.Db, desk: Desk, customers: Sequence[CustomerId], event_id: UUID, to: ContactId, now: datetime
) -> Plan:
    """What an item on another contact makes of the tickets of the customers."""
    scene = await merging.read_scene(db, desk.workspace, list(dict.fromkeys(customers)))
    placed = {EventId(event_id): to}
    return await consequences.of_rearranging(db, desk, scene, scene.contacts, scene.edges, [], now, placed)


async def _standing(db: store.Db, desk: Desk, event_id: UUID) -> tuple[ContactId, ContactId, CustomerId]:
    """Where the item lies, where it stands, and whose thread that is."""
    event = await store.event(db, desk.workspace, event_id)
    if event is None:
        raise NotFound
    placed = await review.placed(db, desk.workspace, event_id)
    present = placed["contact_id"] if placed else event["contact_id"]
    customers = await identity_store.pointers(db, desk.workspace, [present])
    return event["contact_id"], present, customers[present]


async def whereabouts(db: store.Db, workspace: WorkspaceId, event_id: UUID) -> tuple[CustomerId, datetime]:
    """Whose thread an item stands on, and the time at which it is shown there. Raises `NotFound`."""
    event = await store.event(db, workspace, event_id)
    if event is None:
        raise NotFound
    placed = await review.placed(db, workspace, event_id)
    present = placed["contact_id"] if placed else event["contact_id"]
    return (await identity_store.pointers(db, workspace, [present]))[present], event["shown_at"]


async def _receiver(
    db: store.Db, desk: Desk, contact: ContactId | None, target: CustomerId | None
) -> tuple[ContactId, CustomerId]:
    if contact is not None:
        customers = await identity_store.pointers(db, desk.workspace, [contact])
        if contact not in customers:
            raise NotFound
        return contact, customers[contact]
    assert target is not None
    survivor = await identity_store.survivor(db, desk.workspace, target)
    if survivor is None:
        raise NotFound
    if survivor != target:
        raise Absorbed(target, survivor)
    return ContactId(target), target


async def undo_placing(db: store.Db, desk: Desk, customer: CustomerId, row: identity_store.Row) -> Change:
    """Take a placement back: the item goes where the latest of the other placements says, else where it came in.

    Raises `NotFound`, `Absorbed` and `AlreadyUndone`."""
    event_id = row["event_id"]
    before = await _before(db, desk, row)
    await lock_customers(db, desk, [customer, *before.customers.values()])
    if not desk.preview and before != await _before(db, desk, row):
        raise StartOver
    if customer not in (before.customers[row["contact_a"]], before.customers[row["contact_b"]]):
        survivor = await identity_store.survivor(db, desk.workspace, customer)
        raise NotFound if survivor in (None, customer) else Absorbed(customer, survivor)
    if before.undone:
        raise AlreadyUndone("this placement was undone before")
    goes = before.goes if before.wins else before.stands
    about = await thread_views.count_about(db, desk.workspace, event_id)
    now = await time_of(db, desk)
    parties = [before.customers[before.stands], before.customers[goes]]
    tickets = await _tickets(db, desk, parties, event_id, goes, now)
    change = Change(
        customer_id=before.customers[goes],
        moved=(),
        changed={"events": about if before.wins else 0, "tickets": tickets.told},
    )
    if desk.preview:
        return change
    undone = await undo(db, desk, row["id"], now)
    if before.wins:
        to = (goes, before.goes_by) if before.goes_by else None
        await review.move_item(db, desk.workspace, event_id, row["contact_a"], to, now)
        await objects.stand_on(db, desk.workspace, event_id, [before.stands, goes])
        await consequences.carry_out(db, desk, tickets, now)
    seen = list(dict.fromkeys([before.customers[before.stands], before.customers[goes]]))
    await seam_of_undoing(db, desk, seen, undone, row["id"], now)
    return msgspec.structs.replace(change, decision_id=undone)


class _Before(msgspec.Struct, frozen=True, kw_only=True):
    """A placement before it is taken back: `wins` where the item stands by it; `goes` is its place without it."""

    stands: ContactId
    wins: bool
    goes: ContactId
    goes_by: DecisionId | None
    undone: bool
    customers: dict[ContactId, CustomerId]


async def _before(db: store.Db, desk: Desk, row: identity_store.Row) -> _Before:
    origin, to = row["contact_a"], row["contact_b"]
    standing = await review.placed(db, desk.workspace, row["event_id"])
    other = await review.latest_placing(db, desk.workspace, row["event_id"], origin, but=row["id"])
    again = await identity_store.decision(db, desk.workspace, row["id"])
    stands, goes = standing["contact_id"] if standing else origin, other["contact_b"] if other else origin
    return _Before(
        stands=stands,
        wins=standing is not None and standing["decision_id"] == row["id"],
        goes=goes,
        goes_by=other["id"] if other else None,
        undone=again is None or again["undone"],
        customers=await identity_store.pointers(db, desk.workspace, list({origin, to, stands, goes})),
    )
