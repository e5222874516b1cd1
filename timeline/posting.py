"""Telling in the ledger what became of what was sent, about the item that it carried. No ticket moves by it."""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from identity import store as identity_store
from identity.claims import customer_lock
from identity.customers import ContactId, CustomerId, WorkspaceId
from timeline import store
from timeline.errors import StartOver
from timeline.events import Actor, EventId, NewEvent
from timeline.mail_events import MailSettled
from timeline.triage_events import TicketClassified

Owners = dict[ContactId, CustomerId]


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what this event carried, in the stream of this contact."""

    event_id: UUID
    contact_id: UUID
    told: MailSettled | TicketClassified


async def lock(db: store.Db, workspace: WorkspaceId, contacts: Sequence[UUID]) -> Owners:
    """Whose these contacts are, until the transaction ends; before its first write. Raises `StartOver`."""
    named = [ContactId(contact) for contact in dict.fromkeys(contacts)]
    if not named:
        return {}
    owners = await identity_store.pointers(db, workspace, named)
    await identity_store.lock(db, sorted({customer_lock(workspace, customer) for customer in owners.values()}))
    if owners != await identity_store.pointers(db, workspace, named):
        raise StartOver
    return owners


async def tell(
    db: store.Db,
    workspace: WorkspaceId,
    owners: Owners,
    settled: Sequence[Settled],
    *,
    actor: Actor,
    new_id: Callable[[], UUID],
) -> None:
    """Append it, for contacts that were locked. Raises `StartOver`."""
    settled = [one for one in settled if ContactId(one.contact_id) in owners]
    if not settled:
        return
    now = await store.clock(db)
    events = [
        NewEvent(
            id=EventId(new_id()),
            contact_id=ContactId(one.contact_id),
            event=one.told,
            actor=actor,
            about=EventId(one.event_id),
            shown_at=now,
            occurred_at=now,
            recorded_at=now,
        )
        for one in settled
    ]
    customers = [owners[event.contact_id] for event in events]
    if len(await store.append(db, workspace, events, customers, [0] * len(events))) < len(events):
        raise StartOver
