"""Folding a part of the past again: read it, step it, compare with what is kept, and write what differs.

The same code undoes a merge, places an item, rebuilds a customer and tries another policy.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from identity.customers import ContactId, Edge, WorkspaceId
from timeline.events import EventId
from timeline.store import Db
from timeline.tickets import edit_store, moment_store, store, streams, version_store
from timeline.tickets.fold import Root
from timeline.tickets.items import FoldEvent, Holding, ItemOf, Past, Void, Written
from timeline.tickets.moments import Moment
from timeline.tickets.moving import with_items
from timeline.tickets.policy import Versions
from timeline.tickets.projection import names_in, numbered, talks_in
from timeline.tickets.stage import Stage, placed_on, roots_at
from timeline.tickets.store import NewRow
from timeline.tickets.ticket import Ticket, TicketId, counts_of

MOST_AT_ONCE: Final = 20_000
"""Events that are folded again in a request; more are left to a job."""

R = TypeVar("R", ItemOf, Holding, Void, Past, Moment)


class TooMuch(Exception):
    """There is more to fold again than a request may take."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What folding again makes other than it is kept: `before` and `after` are tickets by id (None: not there)."""

    before: dict[TicketId, Ticket | None]
    after: dict[TicketId, Ticket | None]
    numbers: dict[TicketId, int]
    items: tuple[list[ItemOf], list[ItemOf]]
    """Gone, and come; so are the next four."""
    holdings: tuple[list[Holding], list[Holding]]
    voids: tuple[list[Void], list[Void]]
    past: tuple[list[Past], list[Past]]
    moments: tuple[list[Moment], list[Moment]]

    @property
    def rows(self) -> int:
        """How many rows of the projection are other."""
        lists = (*self.items, *self.holdings, *self.voids, *self.past, *self.moments)
        return len(self.after) + sum(len(records) for records in lists)


class Refold:
    """One part of the past under way."""

    def __init__(self, stage: Stage, versions: Versions) -> None:
        self.stage = stage
        self.versions = versions
        self.written = Written()
        self.numbers: dict[TicketId, int] = {}
        self.last = 0
        self.events = 0
        root, latest, self._to_come = roots_at(stage)
        made = {home: Root(self.written, latest[home]) for home in set(root.values())}
        self._roots = {home: made[at] for home, at in root.items()}
        self._kept: dict[TicketId, Ticket] = {}
        self._start_of: dict[TicketId, int] = {}
        self._at_start: dict[TicketId, Ticket] = {}

    @property
    def folds(self) -> dict[TicketId, Ticket]:
        return {i: t for root in set(self._roots.values()) for i, t in root.tickets.items()}

    @property
    def holders(self) -> dict[EventId, TicketId]:
        return {event: ticket for root in set(self._roots.values()) for event, ticket in root.holders.items()}

    @property
    def held(self) -> dict[EventId, tuple[TicketId, ...]]:
        """The tickets that each item is in."""
        return {
            event: (ticket, *root.shares.get(event, ()))
            for root in set(self._roots.values())
            for event, ticket in root.holders.items()
        }

    def step(self, events: Iterable[FoldEvent]) -> None:
        """Let events pass in order of position, and the merges between them."""
        for event in events:
            self.join_until(event.position)
            rules = self.versions.at(event.position)
            if event.seeks(rules):
                root = self._roots[self.stage.contacts[event.contact_id]]
                root.step(event if event.edit is None else self._beside(root, event), rules)
            self.events += 1

    def _beside(self, root: Root, event: FoldEvent) -> FoldEvent:
        """An edit with those of its items that stand in its root."""
        homes = self.stage.contacts
        here = tuple(
            one for one in event.moved if one.contact_id in homes and self._roots[homes[one.contact_id]] is root
        )
        return msgspec.structs.replace(event, moved=here)

    def join_until(self, position: float) -> None:
        """Carry out the merges up to a position."""
        while self._to_come and self._to_come[0].position < position:
            self._join(self._to_come.pop(0))

    def _join(self, edge: Edge) -> None:
        homes = self.stage.contacts
        one, other = self._roots[homes[edge.kept]], self._roots[homes[edge.lost]]
        if one is other:
            return
        one.join(other, edge.position, self.versions.at(edge.position))
        for home, root in self._roots.items():
            if root is other:
                self._roots[home] = one

    # -- as it stood ---------------------------------------------------------------------------------------------

    async def load(self, db: Db, workspace: WorkspaceId, events: list[FoldEvent]) -> None:
        """Take in what is kept of the part, and the tickets that `events` can meet as they stood before them."""
        starts = self.stage.contact_starts
        for row in await streams.changed(db, workspace, starts):
            self._kept[row.fold.id] = row.fold
            self._start_of[row.fold.id] = self._start(row.fold)
            self.numbers[row.fold.id] = row.number
        self._past = await streams.past(db, workspace, list(self._kept))
        before = {p.ticket.id: p.ticket for p in self._past if self._spans(p)}
        for ticket in self._kept.values():
            if ticket.opened_position <= self._start_of[ticket.id]:
                self._take(before[ticket.id])
                self._at_start[ticket.id] = before[ticket.id]
        if events and any(self.stage.starts.values()):
            await self._meet(db, workspace, starts, events)

    async def _meet(
        self, db: Db, workspace: WorkspaceId, starts: list[tuple[ContactId, int]], events: list[FoldEvent]
    ) -> None:
        since = min(event.shown_at for event in events) - self.versions.reach
        self._take_rows(await streams.in_reach(db, workspace, starts, since))
        held = await streams.holders(db, workspace, list({name for event in events for name in names_in(event)}))
        conversations = {talk for event in events for talk in talks_in(event)}
        holdings = await streams.holdings(db, workspace, list(conversations))
        wanted = [i.ticket_id for i in held] + [h.ticket_id for _, h in holdings]
        self._take_rows(await streams.by_id(db, workspace, [i for i in wanted if i not in self._kept]))
        while missing := [
            t.joined_into for t in self.folds.values() if t.joined_into and t.joined_into not in self.folds
        ]:
            self._take_rows(await streams.by_id(db, workspace, missing))
        folds = self.folds
        for item in sorted(held, key=lambda one: one.position):
            ticket = folds.get(item.ticket_id)
            if ticket is not None and item.position <= self._start(ticket):
                self._root_of(ticket).holds(item.event_id, item.ticket_id)
        for _, holding in holdings:
            ticket = folds.get(holding.ticket_id)
            if ticket is not None and holding.since <= self._start(ticket):
                self._root_of(ticket).hold(holding)

    def _take_rows(self, rows: list[NewRow]) -> None:
        known = self.folds
        for row in rows:
            if (
                row.fold.contact_id in self.stage.contacts
                and row.fold.id not in known
                and row.fold.id not in self._kept
            ):
                self.numbers[row.fold.id] = row.number
                self._take(row.fold)

    def _take(self, ticket: Ticket) -> None:
        self._root_of(ticket).load(ticket)

    def _root_of(self, ticket: Ticket) -> Root:
        return self._roots[self.stage.contacts[ticket.contact_id]]

    def _start(self, ticket: Ticket) -> int:
        return self.stage.starts[self.stage.contacts[ticket.contact_id]]

    def _spans(self, past: Past) -> bool:
        return past.ticket.position <= self._start_of[past.ticket.id] < past.until

    # -- what differs --------------------------------------------------------------------------------------------

    async def difference(self, db: Db, workspace: WorkspaceId) -> Difference:
        """What is other than it is kept, once all events and merges have passed."""
        self.join_until(float("inf"))
        opened = await self._take_over(db, workspace)
        after = {i: t for i, t in self.folds.items() if i in self.written.changed} | {
            i: t for i, t in self._at_start.items() if i not in self.written.changed
        }
        start, kept = self.stage.start, list(self._kept)
        items = await streams.items(db, workspace, [*kept, *opened], start)
        holdings = await streams.holdings_of(db, workspace, kept, start)
        moments = await moment_store.moments(db, workspace, kept, start)
        holdings += await self._held_elsewhere(db, workspace, holdings)
        voids = await streams.voids(db, workspace, self.stage.contact_starts)
        known = {void.event_id for void in voids}
        voids += await streams.voids_of(
            db, workspace, [v.event_id for v in self.written.voids if v.event_id not in known]
        )
        before = {i: self._kept.get(i) or self.written.changed.get(i) for i in {**self._kept, **after}}
        fresh = [i for i in after if before[i] is None]
        bases = await version_store.bases(db, workspace, fresh) if fresh else {}
        after = {i: _unseen(before[i], ticket, bases.get(i, 0)) for i, ticket in after.items()}
        ids = [i for i, ticket in before.items() if ticket != after.get(i)]
        return Difference(
            before={i: before[i] for i in ids},
            after={i: after.get(i) for i in ids},
            numbers=self.numbers,
            items=_other([i for i in items if i.position > self._start_of[i.ticket_id]], self.written.items),
            holdings=_other([h for h in holdings if h.since > self._start_of[h.ticket_id]], self.written.holdings),
            voids=_other(voids, self.written.voids),
            past=_other([p for p in self._past if p.until > self._start_of[p.ticket.id]], self.written.past),
            moments=_other([m for m in moments if m.position > self._start_of[m.ticket_id]], self.written.moments),
        )

    async def _take_over(self, db: Db, workspace: WorkspaceId) -> list[TicketId]:
        """Take in what is kept of tickets that opened here and are kept with a customer whose own turn is to come.
        Returns those that are not kept at all: a job has perhaps written items of theirs already."""
        opened = [i for i, before in self.written.changed.items() if before is None and i not in self._kept]
        if not opened:
            return []
        rows = await streams.by_id(db, workspace, opened)
        for row in rows:
            self._kept[row.fold.id] = row.fold
            self._start_of[row.fold.id] = 0
            self.numbers[row.fold.id] = row.number
        self._past += await streams.past(db, workspace, [row.fold.id for row in rows])
        fresh = [i for i in opened if i not in self._kept]
        self._start_of.update(dict.fromkeys(fresh, 0))
        return fresh

    async def _held_elsewhere(self, db: Db, workspace: WorkspaceId, here: list[Holding]) -> list[Holding]:
        """What tickets of such customers hold still of the conversations that are held here."""
        known = {(h.source, h.conversation, h.since) for h in here}
        wanted = {(h.source, h.conversation, h.since) for h in self.written.holdings} - known
        if not wanted:
            return []
        found = await streams.holdings(db, workspace, list({(source, name) for source, name, _ in wanted}))
        for _, holding in found:
            self._start_of.setdefault(holding.ticket_id, 0)
        return [holding for _, holding in found if (holding.source, holding.conversation, holding.since) in wanted]

    async def items_other(self, db: Db, workspace: WorkspaceId) -> tuple[list[ItemOf], list[ItemOf]]:
        """Of the events that have passed so far, the items that are kept and should not be, and those that should."""
        opened = await self._take_over(db, workspace)
        kept = await streams.items(db, workspace, [*self._kept, *opened], self.stage.start)
        return _other([i for i in kept if i.position > self._start_of[i.ticket_id]], self.written.items)


def _unseen(before: Ticket | None, after: Ticket, base: int) -> Ticket:
    """A ticket under a version under which nobody has seen another: an undoing takes steps back, and whoever saw them
    must not be taken for somebody who saw what comes in their place. `base` is that of one that was gone."""
    if before is None:
        return msgspec.structs.replace(after, version_base=base)
    same = msgspec.structs.replace(after, version_base=before.version_base)
    if same == before:
        return before
    beyond = max(before.version_base, before.shown_version + 1 - after.version)
    return msgspec.structs.replace(after, version_base=beyond)


def _other(kept: list[R], folded: list[R]) -> tuple[list[R], list[R]]:
    """What is kept and not folded, and the other way round; both hold each record once."""
    ours, theirs = set(kept), set(folded)
    return [record for record in kept if record not in theirs], [record for record in folded if record not in ours]


async def read_stage(
    db: Db, workspace: WorkspaceId, stage: Stage, but: Mapping[EventId, ContactId] | None = None
) -> Stage:
    """The stage with the items that were placed by hand, and without the edits that were undone; `but` are placements
    that are planned."""
    rows = await streams.placements(db, workspace, list(stage.contacts))
    placed: dict[EventId, ContactId] = {row["event_id"]: row["contact_id"] for row in rows}
    stage = placed_on(stage, {**placed, **(but or {})})
    undone = await edit_store.undone(db, workspace, list(stage.contacts), stage.placed_in)
    return msgspec.structs.replace(stage, undone=stage.undone | undone)


async def read_events(
    db: Db, workspace: WorkspaceId, stage: Stage, after: int, limit: int
) -> tuple[list[FoldEvent], int, bool]:
    """The stage's next events in order of position, the position they reach to, and whether there are more."""
    rows = await streams.events(db, workspace, stage.contact_starts, stage.placed_in, after, limit)
    events: list[FoldEvent] = []
    for row in rows:
        contact = stage.placed.get(row["id"]) or stage.placed.get(row["about"]) or row["contact_id"]
        home = stage.contacts.get(contact)
        if home is not None and row["position"] > stage.starts[home] and row["id"] not in stage.undone:
            events.append(streams.fold_event(row, contact))
    events = await with_items(db, workspace, events, stage.placed)
    return events, rows[-1]["position"] if rows else after, len(rows) == limit


async def refolded(
    db: Db, workspace: WorkspaceId, stage: Stage, versions: Versions, most: int = MOST_AT_ONCE
) -> Difference:
    """Fold the stage again and compare, writing nothing. Raises `TooMuch` where there are more than `most` events."""
    refold = Refold(stage, versions)
    events, _, more = await read_events(db, workspace, stage, 0, most + 1)
    if more:
        raise TooMuch
    await refold.load(db, workspace, events)
    refold.step(events)
    return await refold.difference(db, workspace)


async def write(db: Db, workspace: WorkspaceId, found: Difference) -> None:
    """Keep what folding again came to. Raises `NumbersSpent`."""
    gone = [ticket for ticket, fold in found.after.items() if fold is None]
    await streams.remove(db, workspace, gone, found.items[0], found.holdings[0], found.voids[0], found.past[0])
    await moment_store.remove(db, workspace, found.moments[0])
    folds = [fold for fold in found.after.values() if fold is not None]
    bases = {i: before.shown_version for i in gone if (before := found.before[i]) is not None}
    bases |= {fold.id: fold.version_base for fold in folds if fold.version_base}
    if bases:
        await version_store.keep_bases(db, workspace, bases)
    numbers = found.numbers | await store.numbers_of(db, workspace, [t.id for t in folds if t.id not in found.numbers])
    await store.write(
        db,
        workspace,
        *numbered(workspace, folds, numbers),
        found.items[1],
        found.holdings[1],
        found.voids[1],
        found.past[1],
        counts_of((before, found.after[i]) for i, before in found.before.items()),
        found.moments[1],
    )
