"""Events and merges of one root, stepped one by one: which ticket each belongs to, and what it does to it.

A `Root` holds the tickets that its next events could still meet: all of them in a fold from the beginning, those
loaded by name, reach and conversation in a step. Both ways come to the same tickets (docs/tickets.md).
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from timeline.events import Command, Edit, EventId
from timeline.sla_events import SlaEvent
from timeline.tickets.candidates import Candidates
from timeline.tickets.carrying import carried
from timeline.tickets.clocks import begun_by_edit, clocked, with_their_promises
from timeline.tickets.edits import Present, edited
from timeline.tickets.items import FoldEvent, Holding, ItemOf, Past, Void, Written
from timeline.tickets.matters import Asking
from timeline.tickets.moments import moments_of
from timeline.tickets.policy import Rules
from timeline.tickets.routing import choose_queue
from timeline.tickets.ticket import (
    MOST_OBJECTS,
    Ticket,
    TicketId,
    as_of,
    can_reopen,
    headline,
    joined,
    matter_of,
    reopened,
    timed,
    waits,
    with_status,
)

NO_TICKET: Final = "it finds no ticket here"
NO_MOVE: Final = "its ticket is in no state for it here"

_replace = msgspec.structs.replace


class Root:
    """One root's tickets under the fold. `edge` is the position of its latest merge."""

    def __init__(self, written: Written, edge: int = 0) -> None:
        self.written = written
        self.edge = edge
        self.tickets: dict[TicketId, Ticket] = {}
        self.holders: dict[EventId, TicketId] = {}
        self.shares: dict[EventId, tuple[TicketId, ...]] = {}
        self.conversations: dict[tuple[str, str], tuple[int, TicketId]] = {}
        self._candidates = Candidates()
        self._latest: datetime | None = None
        self._now: datetime | None = None
        self._time: tuple[datetime, Rules] | None = None

    # -- what it holds -------------------------------------------------------------------------------------------

    def load(self, ticket: Ticket) -> None:
        """Take in a ticket as it is kept."""
        self.tickets[ticket.id] = ticket
        if ticket.joined_into is not None:
            self._candidates.drop(ticket.id)
            return
        self._candidates.put(ticket)
        if ticket.backstage_of is None and (self._latest is None or ticket.last_at > self._latest):
            self._latest = ticket.last_at

    def hold(self, holding: Holding) -> None:
        """Take in where a conversation belongs, unless something later is known."""
        name = (holding.source, holding.conversation)
        known = self.conversations.get(name)
        if known is None or known[0] < holding.since:
            self.conversations[name] = (holding.since, holding.ticket_id)

    def _put(self, new: Ticket, item: FoldEvent | None = None) -> None:
        old = self.tickets.get(new.id)
        if self._time is not None:
            new = clocked(old, new, item, *self._time)
        self.written.changed.setdefault(new.id, old)
        if old is not None and self.edge > old.position:
            self.written.past.append(Past(ticket=_replace(old, version_base=0), until=new.position))
        if self._now is not None:
            self.written.moments.extend(moments_of(old, new, self._now))
        self.load(new)

    def join(self, other: "Root", position: int, rules: Rules) -> None:
        """Another root's tickets come in by a merge; none changes, unless the policy joins those that are one."""
        self.edge, self._now, self._time = position, None, None
        sides = (self._candidates.not_closed, other._candidates.not_closed)
        for ticket in other.tickets.values():
            self.load(ticket)
        self.holders.update(other.holders)
        self.shares.update(other.shares)
        for (source, conversation), (since, ticket_id) in other.conversations.items():
            self.hold(Holding(source=source, conversation=conversation, since=since, ticket_id=ticket_id))
        if rules.on_link == "join":
            for earlier, later in self.would_be_one(sides, rules):
                one, gone = joined(self.tickets[earlier], self.tickets[later], position, rules)
                self._put(gone)
                self._put(one)

    def would_be_one(
        self, sides: tuple[list[TicketId], list[TicketId]], rules: Rules
    ) -> list[tuple[TicketId, TicketId]]:
        """The open tickets of two sides of which the later would have continued the earlier: (earlier, later)."""
        side = {ticket: at for at in (0, 1) for ticket in sides[at]}
        standing = [t for t in (self.tickets[i] for i in side) if t.is_open]
        earlier = (Candidates(), Candidates())
        pairs: list[tuple[TicketId, TicketId]] = []
        for later in sorted(standing, key=lambda t: t.opened_position):
            own = side[later.id]
            best = earlier[1 - own].best(Asking.of(later), rules)
            if best is None:
                earlier[own].put(later)
            else:
                pairs.append((best.id, later.id))
        return pairs

    # -- one event -----------------------------------------------------------------------------------------------

    def step(self, event: FoldEvent, rules: Rules) -> None:
        """Let one event of this root pass. It must seek a ticket."""
        self._now, self._time = event.now, (event.now, rules)
        for ticket in self._candidates.due(event.now):
            after = as_of(ticket, event.now)
            self._put(_replace(after, position=event.position, version=_version(ticket, event.position)))
        if event.command is not None:
            self._carry_out(event, event.command, rules)
            return
        if event.edit is not None:
            self._edit(event, event.edit, rules)
            return
        found, late = self._belongs(event, rules)
        if found is not None and not late and found.is_ended and event.begins:
            self._open(event, rules, follow_up_of=found.id)
            return
        if found is not None and not late and found.is_ended and event.moves and event.direction == "inbound":
            if can_reopen(found, event.shown_at, rules):
                found = _replace(reopened(found), asked_at=None)
            elif event.opens(rules):
                self._open(event, rules, follow_up_of=found.id)
                return
        if found is not None:
            self._continue(found, event, rules)
        elif event.opens(rules):
            self._open(event, rules, at_birth=late)

    def named(self, ticket: UUID, about: UUID | None) -> Ticket | None:
        """The ticket that a command means here: by id, else by what it was about, else by its opening event."""
        found = self.tickets.get(TicketId(ticket))
        for event in (about, ticket):
            if found is None and event is not None and (holder := self.holders.get(EventId(event))) is not None:
                found = self.tickets[holder]
        return None if found is None else self._standing(found)

    def _promising(self, command: Command) -> Ticket | None:
        """Of what is told of a promise, the ticket that what started the promise is in."""
        return self.named(command.started_by, command.started_by) if isinstance(command, SlaEvent) else None

    def _standing(self, ticket: Ticket) -> Ticket:
        while ticket.joined_into is not None:
            ticket = self.tickets[ticket.joined_into]
        return ticket

    def _belongs(self, event: FoldEvent, rules: Rules) -> tuple[Ticket | None, bool]:
        """The ticket that an item belongs to, and whether it came too late to be decided on."""
        named = None if event.ticket is None else self.named(event.ticket, event.about)
        if named is not None and (named.backstage_of is None or not event.moves):
            return named, False
        if event.conversation is not None:
            held = self.conversations.get((event.source or "", event.conversation))
            if held is not None:
                found = self._standing(self.tickets[held[1]])
                if found.backstage_of is None or not event.moves:
                    return found, False
        if event.only_talks(rules):
            return None, False
        if not event.is_activity(rules):
            return (self._candidates.about(Asking.by(event), rules) if event.object is not None else None), False
        if self._latest is not None and self._latest - rules.gap > event.shown_at:
            return self._candidates.spanning(event.shown_at, rules), True
        return self._candidates.best(Asking.by(event), rules), False

    # -- what it does --------------------------------------------------------------------------------------------

    def _carry_out(self, event: FoldEvent, command: Command, rules: Rules) -> None:
        ticket = self._promising(command) or self.named(command.ticket, event.about)
        if ticket is None:
            self._void(event, NO_TICKET)
            return
        after = carried(ticket, command, event, rules)
        if after is None:
            self._void(event, NO_MOVE)
        else:
            self._add(after, event, rules)

    def _edit(self, event: FoldEvent, edit: Edit, rules: Rules) -> None:
        """What an edit moves is no answer and no end of its own: reports count none."""
        self._now = None
        present = Present(
            tickets=self.tickets, holders=self.holders, shares=self.shares, conversations=self.conversations
        )
        made = edited(present, event, edit, rules)
        if isinstance(made, str):
            self._void(event, made)
            return
        opened = made.tickets[0].id not in self.tickets
        for ticket in made.tickets:
            self._put(ticket)
        for item, ticket in made.gone:
            self.written.take_off(item, ticket)
            self.let_go(item, ticket)
        for item, ticket in made.came:
            came = ItemOf(event_id=item.id, ticket_id=ticket, position=event.position, shown_at=item.shown_at)
            self.written.items.append(came)
            self.holds(item.id, ticket)
        for name, ticket in made.talks:
            self._converse(name, event.position, ticket)
        for ticket in with_their_promises(self.tickets, made.gone, made.came):
            self._put(ticket)
        ticket = self.tickets[made.tickets[0].id]
        if came := [item for item, whose in made.came if whose == ticket.id]:
            ticket = begun_by_edit(ticket, came, event.now, rules, opened=opened)
        self._add(ticket, event, rules)

    def holds(self, item: EventId, ticket: TicketId) -> None:
        """An item is in a ticket; in which it was before, it is first of all."""
        if self.holders.setdefault(item, ticket) != ticket:
            self.shares[item] = (*self.shares.get(item, ()), ticket)

    def let_go(self, item: EventId, ticket: TicketId) -> None:
        left = [one for one in (self.holders.pop(item), *self.shares.pop(item, ())) if one != ticket]
        for one in left:
            self.holds(item, one)

    def _void(self, event: FoldEvent, reason: str) -> None:
        self.written.voids.append(
            Void(event_id=event.id, contact_id=event.contact_id, position=event.position, reason=reason)
        )

    def _continue(self, ticket: Ticket, event: FoldEvent, rules: Rules) -> None:
        if event.object is not None and event.object not in ticket.objects and len(ticket.objects) < MOST_OBJECTS:
            ticket = _replace(ticket, objects=(*ticket.objects, event.object))
        if event.is_activity(rules):
            ticket = _active(ticket, event)
        if event.moves:
            ticket = _answered(ticket, event, rules) if event.direction == "outbound" else _asked(ticket, event)
        self._add(ticket, event, rules)

    def _add(self, ticket: Ticket, event: FoldEvent, rules: Rules) -> None:
        """The event is an item of the ticket, which is as it leaves it."""
        version = _version(self.tickets[ticket.id], event.position)
        ticket = _replace(ticket, items=ticket.items + 1, position=event.position, version=version)
        self._put(timed(ticket, rules), event)
        self._remember(event, ticket.id)

    def _open(
        self, event: FoldEvent, rules: Rules, *, at_birth: bool = False, follow_up_of: TicketId | None = None
    ) -> None:
        ticket = Ticket(
            id=TicketId(event.id),
            contact_id=event.contact_id,
            opened_position=event.position,
            position=event.position,
            subject=headline(event.subject, event.body),
            matter=matter_of(event.subject),
            channel=event.channel,
            source=event.source,
            queue=choose_queue(rules.desk.routing, event.channel, event.source, None),
            channels=(event.channel,) if event.channel else (),
            objects=(event.object,) if event.object else (),
            history=event.history,
            follow_up_of=follow_up_of,
            opened_at=event.shown_at,
            opened_now=event.now,
            last_at=event.shown_at,
            last_now=event.now,
        )
        if event.moves:
            ticket = _answered(ticket, event, rules) if event.direction == "outbound" else _asked(ticket, event)
        if at_birth:
            at = event.shown_at
            ticket = _replace(ticket, status="closed", ended_at=at, closed_at=at, resolved_at=None)
        self._put(timed(ticket, rules), event)
        self._remember(event, ticket.id)

    def _remember(self, event: FoldEvent, ticket: TicketId) -> None:
        self.written.items.append(
            ItemOf(event_id=event.id, ticket_id=ticket, position=event.position, shown_at=event.shown_at)
        )
        self.holders[event.id] = ticket
        if event.conversation is None:
            return
        name = (event.source or "", event.conversation)
        known = self.conversations.get(name)
        if known is None or known[1] != ticket:
            self._converse(name, event.position, ticket)

    def _converse(self, name: tuple[str, str], since: int, ticket: TicketId) -> None:
        self.written.holdings.append(Holding(source=name[0], conversation=name[1], since=since, ticket_id=ticket))
        self.conversations[name] = (since, ticket)


def _version(before: Ticket, position: int) -> int:
    """One event changes the version once, whatever it does."""
    return before.version + (before.position != position)


def _active(ticket: Ticket, event: FoldEvent) -> Ticket:
    channels = ticket.channels
    if event.channel is not None and event.channel not in channels:
        channels = (*channels, event.channel)
    return _replace(
        ticket,
        channels=channels,
        last_at=max(ticket.last_at, event.shown_at),
        last_now=max(ticket.last_now, event.now),
        history=event.history,
    )


def _asked(ticket: Ticket, event: FoldEvent) -> Ticket:
    status = "open" if ticket.status in ("pending", "on_hold") else ticket.status
    ticket = _replace(
        waits(ticket, "us", event.now),
        status=status,
        asked_at=ticket.asked_at or event.now,
        first_customer_at=ticket.first_customer_at or event.now,
        last_customer_at=max(ticket.last_customer_at or event.now, event.now),
        snoozed=False,
        snoozed_until=None,
    )
    return _spoken_with(ticket, event) if event.answered else ticket


def _spoken_with(ticket: Ticket, event: FoldEvent) -> Ticket:
    last = max(ticket.last_agent_at or event.now, event.now)
    return _replace(ticket, first_reply_at=ticket.first_reply_at or event.now, last_agent_at=last)


def _answered(ticket: Ticket, event: FoldEvent, rules: Rules) -> Ticket:
    ticket = _replace(_spoken_with(waits(ticket, "customer", event.now), event), asked_at=None)
    if ticket.status not in ("new", "open") or ticket.status == rules.after_reply:
        return ticket
    return with_status(ticket, rules.after_reply, event.shown_at, event.now)
