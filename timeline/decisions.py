"""What every decision at the desk has in common: who decides, what it changes, its locks, its seam on the threads."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from identity import merging
from identity import store as identity_store
from identity.claims import customer_lock
from identity.customers import ContactId, CustomerId, DecisionId, LinkDecision, WorkspaceId
from identity.merging import Scene
from timeline import store
from timeline.events import Actor, DecisionUndone, Event
from timeline.merges import append_to_desks

NewId = Callable[[], UUID]


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides, where and why; `preview` changes nothing. `now` is for tests: the database's clock otherwise. `salt`
    is the workspace's (`Workspace.salt`), for who parts contacts."""

    workspace: WorkspaceId
    actor: Actor
    new_id: NewId
    reason: str | None = None
    preview: bool = False
    now: datetime | None = None
    salt: bytes | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision does: `moved` are the contacts with another customer than before. A preview has no decision."""

    decision_id: DecisionId | msgspec.UnsetType = msgspec.UNSET
    customer_id: CustomerId
    moved: tuple[ContactId, ...]
    changed: dict[str, Any]


async def lock_customers(db: store.Db, desk: Desk, customers: Sequence[CustomerId]) -> None:
    """Keep pushes and other decisions about these customers waiting; a preview waits for nobody."""
    if not desk.preview:
        await identity_store.lock(db, sorted({customer_lock(desk.workspace, customer) for customer in customers}))


async def read_scene(db: store.Db, desk: Desk, customers: Sequence[CustomerId]) -> Scene:
    """The customers as they are under their locks. Raises `NotFound` and `Absorbed`."""
    await lock_customers(db, desk, customers)
    return await merging.read_scene(db, desk.workspace, customers)


async def time_of(db: store.Db, desk: Desk) -> datetime:
    return desk.now or await store.clock(db)


async def extent(db: store.Db, desk: Desk, moved: Sequence[ContactId]) -> dict[str, Any]:
    """How much the decision moves."""
    return {"contacts": len(moved), "events": await store.events_of(db, desk.workspace, moved)}


async def undo(db: store.Db, desk: Desk, decision: DecisionId, now: datetime) -> DecisionId:
    """Record that a decision stands no more."""
    undone = LinkDecision(
        id=DecisionId(desk.new_id()),
        kind="undo",
        undoes=decision,
        actor=desk.actor,
        reason=desk.reason,
        decided_at=now,
    )
    await identity_store.write_decision(db, desk.workspace, undone)
    return undone.id


async def seam(db: store.Db, desk: Desk, customers: Sequence[CustomerId], event: Event, now: datetime) -> None:
    """Show the decision on the threads of the customers."""
    await append_to_desks(db, desk.workspace, customers, event, actor=desk.actor, new_id=desk.new_id, now=now)


async def seam_of_undoing(
    db: store.Db, desk: Desk, customers: Sequence[CustomerId], undone: DecisionId, undoes: DecisionId, now: datetime
) -> None:
    await seam(db, desk, customers, DecisionUndone(decision=undone, undoes=undoes, reason=desk.reason), now)
