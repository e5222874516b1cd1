"""Tickets as they were at a moment: what was known by then, folded in memory."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from identity import store as identity_store
from identity.customers import ContactId, CustomerId, WorkspaceId, desk_contact
from identity.merging import edge_of
from identity.views import People
from timeline.events import EventId
from timeline.store import Db
from timeline.tickets import edit_store, policy_store, reading, store, streams
from timeline.tickets.moving import with_items
from timeline.tickets.policy import Rules
from timeline.tickets.projection import TicketRef, ref, versions_of
from timeline.tickets.reading import TicketView
from timeline.tickets.refolding import MOST_AT_ONCE, Refold
from timeline.tickets.stage import Stage, placed_on
from timeline.tickets.ticket import Ticket, TicketId, as_of


class Then(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's tickets at a moment, those without a number left out, and which of them held each event."""

    at: datetime
    rules: Rules
    folds: dict[TicketId, Ticket]
    numbers: dict[TicketId, int]
    holders: dict[EventId, tuple[TicketId, ...]]

    @property
    def standing(self) -> list[Ticket]:
        """Those that were not joined into another, as silence had left them."""
        return [as_of(ticket, self.at) for ticket in self.folds.values() if ticket.joined_into is None]

    @property
    def refs(self) -> Mapping[EventId, tuple[TicketRef, ...]]:
        """The tickets of each event that had one."""
        known = {ticket.id: ref(ticket, self.numbers[ticket.id]) for ticket in self.standing}
        return {
            event: tuple(known[one] for one in dict.fromkeys(self._stands(ticket) for ticket in tickets))
            for event, tickets in self.holders.items()
        }

    def open(self, customer: CustomerId, most: int) -> list[TicketView]:
        """The open ones, the latest activity first."""
        found = sorted((t for t in self.standing if t.is_open), key=lambda t: (t.last_at, t.id), reverse=True)
        return [reading.view(t, self.numbers[t.id], customer, self.rules, self.at) for t in found[:most]]

    def items_of(self, tickets: Iterable[TicketId]) -> list[EventId]:
        """What belonged to some tickets, or to what they had become part of."""
        meant = {self._stands(ticket) for ticket in tickets if ticket in self.folds}
        return [event for event, held in self.holders.items() if any(self._stands(one) in meant for one in held)]

    def _stands(self, ticket: TicketId) -> TicketId:
        while (into := self.folds[ticket].joined_into) is not None:
            ticket = into
        return ticket


async def read_then(db: Db, workspace: WorkspaceId, people: People, at: datetime) -> Then | None:
    """The tickets of people as they were; None where that is more than a request may fold."""
    stage = await _stage(db, workspace, people, at)
    rows = await streams.events(db, workspace, stage.contact_starts, stage.placed_in, 0, MOST_AT_ONCE + 1)
    if len(rows) > MOST_AT_ONCE:
        return None
    versions = versions_of([row for row in await policy_store.policies(db, workspace) if row["decided_at"] <= at])
    refold, events = Refold(stage, versions), []
    for row in rows:
        contact = stage.placed.get(row["id"]) or stage.placed.get(row["about"]) or row["contact_id"]
        if contact in stage.contacts and row["recorded_at"] <= at and row["id"] not in stage.undone:
            events.append(streams.fold_event(row, contact))
    refold.step(await with_items(db, workspace, events, stage.placed))
    refold.join_until(float("inf"))
    numbers = await store.numbers_of(db, workspace, list(refold.folds))
    return Then(
        at=at,
        rules=versions.latest,
        folds={i: ticket for i, ticket in refold.folds.items() if i in numbers},
        numbers=numbers,
        holders={event: tuple(i for i in held if i in numbers) for event, held in refold.held.items()},
    )


async def _stage(db: Db, workspace: WorkspaceId, people: People, at: datetime) -> Stage:
    homes: dict[ContactId, CustomerId] = {desk_contact(c.home_id): c.home_id for c in people.contacts}
    homes |= {contact.id: contact.home_id for contact in people.contacts}
    edges = [edge_of(row) for row in await identity_store.edges(db, workspace, list(homes), at)]
    stage = Stage(
        contacts=homes,
        edges=tuple(edge for edge in edges if edge.kept in homes and edge.lost in homes),
        starts=dict.fromkeys(homes.values(), 0),
    )
    stage = placed_on(stage, {EventId(p.event_id): p.contact_id for p in people.placements})
    undone = await edit_store.undone(db, workspace, list(homes), stage.placed_in, at)
    return msgspec.structs.replace(stage, undone=undone)
