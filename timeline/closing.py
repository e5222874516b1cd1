"""Announce what silence did: a ticket whose time has come is closed, and the thread says so."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from identity import store as identity_store
from identity.claims import customer_lock
from identity.customers import ContactId, CustomerId, WorkspaceId
from timeline import store
from timeline.errors import StartOver
from timeline.events import Actor, EventId, NewEvent, TicketClosed
from timeline.reactions import settle
from timeline.tickets import store as ticket_store
from timeline.tickets.projection import POLICIES
from timeline.tickets.store import Kept
from timeline.tickets.ticket import TicketId


async def announce(
    db: store.Db, workspace: WorkspaceId, ticket: TicketId, *, new_id: Callable[[], UUID], now: datetime
) -> bool:
    """Append that a ticket closed at its due time, once; whether there was anything to tell. Raises `StartOver`."""
    found = await _due(db, workspace, ticket, now)
    opening = await store.event(db, workspace, ticket)
    if found is None or opening is None:
        return False
    lies: ContactId = opening["contact_id"]
    owners = await identity_store.pointers(db, workspace, [lies, found.fold.contact_id])
    locks = {customer_lock(workspace, customer) for customer in owners.values()}
    await identity_store.lock(db, sorted(locks))
    if owners != await identity_store.pointers(db, workspace, list(owners)):
        raise StartOver
    found = await _due(db, workspace, ticket, now)
    if found is None or found.fold.closes_at is None:
        return False
    versions = await POLICIES.read(db, workspace)
    policy = versions.latest.version
    event = NewEvent(
        id=EventId(new_id()),
        contact_id=lies,
        event=TicketClosed(ticket=ticket, due=found.fold.closes_at, cause=f"ticket policy {policy}"),
        actor=Actor(f"policy:{policy}"),
        about=EventId(ticket),
        shown_at=now,
        occurred_at=now,
        recorded_at=now,
    )
    positions = await store.append(db, workspace, [event], [owners[lies]], [0])
    if not positions:
        raise StartOver
    stands: tuple[ContactId, CustomerId] = (found.fold.contact_id, owners[found.fold.contact_id])
    await settle(db, workspace, [event], positions, [owners[lies]], versions, placed={event.id: stands})
    return True


async def _due(db: store.Db, workspace: WorkspaceId, ticket: TicketId, now: datetime) -> Kept | None:
    """The ticket, where its time has come and nothing told so yet, and no job will."""
    kept = await ticket_store.tickets(db, workspace, [ticket])
    if not kept or kept[0].fold.closes_at is None or kept[0].fold.closes_at > now:
        return None
    deriving = await ticket_store.are_deriving(db, workspace, [kept[0].customer_id])
    return None if deriving else kept[0]
