"""Tell of promises whose time has come: a warning, or a breach. Each is told once, however many workers try."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity import store as identity_store
from identity.claims import customer_lock
from identity.customers import ContactId, CustomerId, WorkspaceId
from timeline import store
from timeline.errors import StartOver
from timeline.events import Actor, EventId, NewEvent
from timeline.reactions import settle
from timeline.sla_events import SlaBreached, SlaEvent, SlaWarned
from timeline.tickets import sla_store
from timeline.tickets import store as ticket_store
from timeline.tickets.clocks import clocks_at
from timeline.tickets.policy import Rules
from timeline.tickets.projection import POLICIES
from timeline.tickets.sla import Clock
from timeline.tickets.store import Kept
from timeline.tickets.ticket import TicketId

AT_ONCE: Final = 100
"""Tickets that one transaction tells of."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something to tell of one promise of a ticket."""

    kept: Kept
    clock: Clock
    due: datetime
    breached: bool


async def announce(
    db: store.Db,
    workspace: WorkspaceId,
    tickets: Sequence[TicketId],
    *,
    new_id: Callable[[], UUID],
    now: datetime | None = None,
) -> int:
    """Append what is due of some tickets' promises by `now` (none: the database's clock); returns how much that was.
    Raises `StartOver`."""
    now = now or await store.clock(db)
    versions = await POLICIES.read(db, workspace)
    found = await _due(db, workspace, tickets, versions.latest, now)
    lies = await sla_store.lying(db, workspace, list({alarm.clock.started_by for alarm in found}))
    contacts = list({*lies.values(), *(alarm.kept.fold.contact_id for alarm in found)})
    owners = await identity_store.pointers(db, workspace, contacts)
    await identity_store.lock(db, sorted({customer_lock(workspace, customer) for customer in owners.values()}))
    if owners != await identity_store.pointers(db, workspace, contacts):
        raise StartOver
    found = await _due(db, workspace, tickets, versions.latest, now)
    found = [a for a in found if a.clock.started_by in lies and a.kept.fold.contact_id in owners]
    if not found:
        return 0
    said = await _events(db, workspace, found, lies, new_id, now)
    lying_with = [owners[event.contact_id] for event in said]
    positions = await store.append(db, workspace, said, lying_with, [0] * len(said))
    if len(positions) < len(said):
        raise StartOver
    stands: dict[EventId, tuple[ContactId, CustomerId]] = {
        event.id: (alarm.kept.fold.contact_id, owners[alarm.kept.fold.contact_id])
        for event, alarm in zip(said, found, strict=True)
    }
    await settle(db, workspace, said, positions, lying_with, versions, placed=stands)
    return len(said)


async def _due(
    db: store.Db, workspace: WorkspaceId, tickets: Sequence[TicketId], rules: Rules, now: datetime
) -> list[Alarm]:
    """What there is to tell by now of some tickets, and nothing told so yet, and no job will."""
    kept = await ticket_store.tickets(db, workspace, tickets)
    deriving = await sla_store.deriving(db, workspace, list({one.customer_id for one in kept}))
    return [
        alarm
        for one in sorted(kept, key=lambda k: k.fold.id)
        if one.customer_id not in deriving
        for alarm in _alarms(one, now, rules)
    ]


def _alarms(kept: Kept, now: datetime, rules: Rules) -> list[Alarm]:
    found: list[Alarm] = []
    for clock in clocks_at(kept.fold, now, rules).clocks:
        at = clock.alarm_at
        if at is None or at >= now:
            continue
        due = clock.breached_at or clock.due_at
        assert due is not None, "a warning is of a promise that runs"
        found.append(Alarm(kept=kept, clock=clock, due=due, breached=clock.breached_at is not None))
    return found


async def _events(
    db: store.Db,
    workspace: WorkspaceId,
    found: Sequence[Alarm],
    lies: Mapping[UUID, ContactId],
    new_id: Callable[[], UUID],
    now: datetime,
) -> list[NewEvent]:
    """What is appended; promises that were broken before a decision about the past are on record alone."""
    customers = list({alarm.kept.customer_id for alarm in found})
    redecided = await sla_store.redecided(db, workspace, customers, min(alarm.due for alarm in found))
    events: list[NewEvent] = []
    for alarm in found:
        cut = redecided.get(alarm.kept.customer_id)
        events.append(
            NewEvent(
                id=EventId(new_id()),
                contact_id=lies[alarm.clock.started_by],
                event=_told(alarm, missed=cut is not None and alarm.due < cut),
                actor=Actor(f"policy:{alarm.clock.version}"),
                about=EventId(alarm.clock.started_by),
                shown_at=now,
                occurred_at=now,
                recorded_at=now,
            )
        )
    return events


def _told(alarm: Alarm, *, missed: bool) -> SlaEvent:
    clock, ticket = alarm.clock, alarm.kept.fold.id
    policy, cause = clock.policy or "", f"sla policy {clock.policy}, version {clock.version}"
    if not alarm.breached:
        return SlaWarned(
            ticket=ticket,
            target=clock.target,
            started_by=clock.started_by,
            due=alarm.due,
            policy=policy,
            cause=cause,
        )
    return SlaBreached(
        ticket=ticket,
        target=clock.target,
        started_by=clock.started_by,
        due=alarm.due,
        policy=policy,
        found_missed=missed,
        cause=cause,
    )
