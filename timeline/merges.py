"""The seams on a thread: what merges and their undoing write to the desk contacts."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from identity import merging
from identity import store as identity_store
from identity.customers import CustomerId, WorkspaceId
from identity.merging import Joined
from timeline import store
from timeline.events import Actor, CustomersMerged, Event, EventId, NewEvent

NewId = Callable[[], UUID]


async def append_to_desks(
    db: store.Db,
    workspace: WorkspaceId,
    customers: Sequence[CustomerId],
    event: Event,
    *,
    actor: Actor,
    new_id: NewId,
    now: datetime,
) -> None:
    """Write one change to the desk contact of each of some homes, making those that are not there yet."""
    homes = list(dict.fromkeys(customers))
    desks = [await merging.ensure_desk(db, workspace, home, now) for home in homes]
    owners = await identity_store.pointers(db, workspace, desks)
    events = [
        NewEvent(
            id=EventId(new_id()),
            contact_id=desk,
            event=event,
            actor=actor,
            shown_at=now,
            occurred_at=now,
            recorded_at=now,
        )
        for desk in desks
    ]
    await store.append(db, workspace, events, [owners[desk] for desk in desks], [0] * len(events))


async def append_joined(
    db: store.Db, workspace: WorkspaceId, joined: Sequence[Joined], actor: Actor, new_id: NewId, now: datetime
) -> None:
    """The seams of merges that proofs brought about."""
    for one in joined:
        event = CustomersMerged(decision=one.decision, kept=one.customer_id, absorbed=one.other)
        await append_to_desks(db, workspace, [one.customer_id, one.other], event, actor=actor, new_id=new_id, now=now)
