"""Legal holds: people who may not be erased while one stands, whatever a policy or a request says.

A hold names contacts. So it stays with them when customers are merged or parted, and holds the whole customer that
any of them belongs to.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.errors import AlreadyUndone, NotFound
from timeline import erasure, erasure_views, store
from timeline.decisions import Desk, time_of


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A hold, standing until it is lifted. `customer_id` is whom it was laid on then."""

    id: UUID
    customer_id: CustomerId
    contacts: list[ContactId]
    reason: str
    actor: str
    held_from: datetime
    lifted_at: datetime | None
    lifted_by: str | None


async def add_hold(db: store.Db, desk: Desk, customer: CustomerId, reason: str) -> Hold:
    """Hold a customer's contacts of today. Raises `NotFound`, `Absorbed` and `StartOver`."""
    person = await erasure.lock_person(db, desk.workspace, customer)
    hold, now = desk.new_id(), await time_of(db, desk)
    await erasure_views.add_hold(
        db, desk.workspace, hold, customer, person.contacts, reason=reason, actor=desk.actor, now=now
    )
    return await read_hold(db, desk.workspace, hold)


async def lift_hold(db: store.Db, desk: Desk, hold: UUID) -> Hold:
    """Let go. Raises `NotFound`, and `AlreadyUndone` where it was lifted before."""
    await read_hold(db, desk.workspace, hold)
    if not await erasure_views.lift_hold(db, desk.workspace, hold, desk.actor, await time_of(db, desk)):
        raise AlreadyUndone("this hold was lifted before")
    return await read_hold(db, desk.workspace, hold)


async def read_hold(db: store.Db, workspace: WorkspaceId, hold: UUID) -> Hold:
    """Raises `NotFound`."""
    row = await erasure_views.hold(db, workspace, hold)
    if row is None:
        raise NotFound
    return Hold(**dict(row))


async def read_holds(
    db: store.Db, workspace: WorkspaceId, *, standing: bool, after: UUID | None, limit: int
) -> list[Hold]:
    """In order of id: those that stand, or all."""
    return [Hold(**dict(row)) for row in await erasure_views.holds(db, workspace, standing, after, limit)]
