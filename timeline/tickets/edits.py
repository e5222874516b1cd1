"""What does an edit make of the tickets of one root? Joining, splitting off, moving and sharing items, as pure values.

`docs/edits.md` is the definition; the fold carries out what is answered here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from uuid import UUID

import msgspec

from timeline.edit_events import (
    BackstageOpened,
    TicketEscalated,
    TicketItemMoved,
    TicketItemShared,
    TicketsJoined,
    TicketSplit,
)
from timeline.events import Edit, EventId
from timeline.tickets.items import FoldEvent
from timeline.tickets.policy import Rules
from timeline.tickets.ticket import (
    MOST_OBJECTS,
    Ticket,
    TicketId,
    headline,
    joined,
    matter_of,
    timed,
    waits,
)

NO_TICKET: Final = "one of its tickets is not here"
NO_ITEM: Final = "its item is not here, or in another ticket than it was"
NO_EDIT: Final = "its tickets are in no state for it here"
EDITS: Final = (
    "TicketsJoined", "TicketSplit", "TicketItemMoved", "TicketItemShared", "BackstageOpened", "TicketEscalated",
)  # fmt: skip

_replace = msgspec.structs.replace


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """A root before an edit. `holders` says in which ticket an item is first of all, `shares` in which others."""

    tickets: Mapping[TicketId, Ticket]
    holders: Mapping[EventId, TicketId]
    shares: Mapping[EventId, tuple[TicketId, ...]]
    conversations: Mapping[tuple[str, str], tuple[int, TicketId]]

    def named(self, ticket: UUID) -> Ticket | None:
        """The ticket with this id, or what it was joined into; an edit follows no other trace."""
        found = self.tickets.get(TicketId(ticket))
        while found is not None and found.joined_into is not None:
            found = self.tickets[found.joined_into]
        return found

    def into(self, ticket: TicketId) -> list[TicketId]:
        """A ticket and those that it was joined into, one after the other."""
        chain = [ticket]
        while (into := self.tickets[chain[-1]].joined_into) is not None:
            chain.append(into)
        return chain

    def holds(self, ticket: TicketId, item: EventId) -> bool:
        """Whether an item is in a ticket or in one of its parts."""
        held = (self.holders.get(item), *self.shares.get(item, ()))
        return any(one is not None and self.into(one)[-1] == ticket for one in held)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit makes: tickets as they are then, of which the first has the edit as an item; items that leave a
    ticket, and items that come to one; and conversations that go with them."""

    tickets: tuple[Ticket, ...]
    gone: tuple[tuple[EventId, TicketId], ...] = ()
    came: tuple[tuple[FoldEvent, TicketId], ...] = ()
    talks: tuple[tuple[tuple[str, str], TicketId], ...] = ()


def edited(present: Present, event: FoldEvent, edit: Edit, rules: Rules) -> Made | str:
    """What an edit makes of the tickets that are here, or why it is void."""
    if isinstance(edit, TicketsJoined):
        return _joined(present, event, edit, rules)
    if isinstance(edit, TicketSplit):
        return _split(present, event, edit, rules)
    if isinstance(edit, BackstageOpened):
        return _backstage(present.named(edit.ticket), event, edit)
    if isinstance(edit, TicketEscalated):
        return _escalated(present, event, edit, rules)
    ticket = present.named(edit.ticket)
    if ticket is None:
        return NO_TICKET
    item = next((one for one in event.moved if one.id == edit.event), None)
    if item is None:
        return NO_ITEM
    if present.holds(ticket.id, item.id) or (ticket.backstage_of is not None and item.moves):
        return NO_EDIT
    if isinstance(edit, TicketItemShared):
        if item.id not in present.holders:
            return NO_ITEM
        return Made(tickets=(taken(ticket, item, event, rules),), came=((item, ticket.id),))
    return _moved(present, event, edit, ticket, item, rules)


def names_of(edit: Edit) -> Iterator[UUID]:
    """The tickets and items that an edit is about."""
    yield edit.ticket
    if isinstance(edit, TicketsJoined):
        yield edit.absorbed
    else:
        yield from items_of(edit)


def items_of(edit: Edit) -> tuple[EventId, ...]:
    """The items that an edit is about."""
    if isinstance(edit, TicketSplit | TicketEscalated):
        return tuple(EventId(item) for item in edit.items)
    return (EventId(edit.event),) if isinstance(edit, TicketItemMoved | TicketItemShared) else ()


# -- two become one --------------------------------------------------------------------------------------------------


def _joined(present: Present, event: FoldEvent, edit: TicketsJoined, rules: Rules) -> Made | str:
    one, other = present.named(edit.ticket), present.named(edit.absorbed)
    if one is None or other is None:
        return NO_TICKET
    if one.id == other.id or (one.is_ended and not other.is_ended) or one.backstage_of != other.backstage_of:
        return NO_EDIT
    both, gone = joined(one, other, event.position, rules)
    if other.is_ended:
        both = _replace(both, status=one.status, waiting=one.waiting, asked_at=one.asked_at)
        both = timed(both, rules)
    return Made(tickets=(both, gone))


# -- work of our own -------------------------------------------------------------------------------------------------


def _backstage(parent: Ticket | None, event: FoldEvent, edit: BackstageOpened) -> Made:
    """It is never void: what was said in it stays, wherever the ticket went that it was opened for."""
    ticket = Ticket(
        id=TicketId(event.id),
        contact_id=event.contact_id,
        opened_position=event.position,
        position=event.position,
        subject=headline(edit.subject, None),
        matter=matter_of(edit.subject),
        priority="normal" if parent is None else parent.priority,
        items=0,
        backstage_of=TicketId(edit.ticket) if parent is None else parent.id,
        opened_at=event.shown_at,
        opened_now=event.now,
        last_at=event.shown_at,
        last_now=event.now,
    )
    return Made(tickets=(ticket,))


# -- what was only talk ----------------------------------------------------------------------------------------------


def _escalated(present: Present, event: FoldEvent, edit: TicketEscalated, rules: Rules) -> Made | str:
    """Those of the items that are here and in no ticket; the ticket is as if the first of them had opened it."""
    items = [item for item in event.moved if item.id not in present.holders]
    if not items or items[0].id != edit.ticket:
        return NO_ITEM
    if TicketId(edit.ticket) in present.tickets:
        return NO_EDIT
    first = items[0]
    ticket = Ticket(
        id=TicketId(first.id),
        contact_id=event.contact_id,
        opened_position=event.position,
        position=event.position,
        subject=headline(first.subject, first.body),
        matter=matter_of(first.subject),
        channel=first.channel,
        items=0,
        history=first.history,
        opened_at=first.shown_at,
        opened_now=first.now,
        last_at=first.shown_at,
        last_now=first.now,
    )
    for item in items:
        ticket = taken(ticket, item, event, rules)
    talks = {(item.source or "", item.conversation): ticket.id for item in items if item.conversation is not None}
    return Made(tickets=(ticket,), came=tuple((item, ticket.id) for item in items), talks=tuple(talks.items()))


# -- items go elsewhere ----------------------------------------------------------------------------------------------


def _moved(
    present: Present, event: FoldEvent, edit: TicketItemMoved, ticket: Ticket, item: FoldEvent, rules: Rules
) -> Made | str:
    held = present.holders.get(item.id)
    if held == item.id:
        return NO_EDIT
    came = taken(ticket, item, event, rules)
    talks = () if edit.kept else _talks(present, [item], held, ticket.id)
    if held is None:
        return Made(tickets=(came,), came=((item, ticket.id),), talks=talks)
    left = _without(present, [item], held, event)
    return Made(tickets=(came, *left), gone=((item.id, held),), came=((item, ticket.id),), talks=talks)


def _split(present: Present, event: FoldEvent, edit: TicketSplit, rules: Rules) -> Made | str:
    source = present.named(edit.ticket)
    if source is None:
        return NO_TICKET
    here = {one.id: one for one in event.moved}
    named = items_of(edit)
    items = [here[i] for i in named if i in here and _leaves(present, i, source.id)]
    if not items or items[0].id != named[0]:
        return NO_ITEM
    new = TicketId(items[0].id)
    if new in present.tickets:
        return NO_EDIT
    ticket = _opened(event, edit, source, items[0])
    for item in items:
        ticket = taken(ticket, item, event, rules)
    by_part: dict[TicketId, list[FoldEvent]] = {}
    for item in items:
        by_part.setdefault(present.holders[item.id], []).append(item)
    left: dict[TicketId, Ticket] = {}
    talks: dict[tuple[str, str], TicketId] = {}
    for part, gone in by_part.items():
        seen = _replace(present, tickets={**present.tickets, **left})
        left |= {one.id: one for one in _without(seen, gone, part, event)}
        going = [item for item in gone if item.id not in edit.kept]
        talks |= dict(_talks(present, going, part, new))
    return Made(
        tickets=(ticket, *left.values()),
        gone=tuple((item.id, present.holders[item.id]) for item in items),
        came=tuple((item, new) for item in items),
        talks=tuple(talks.items()),
    )


def _leaves(present: Present, item: EventId, source: TicketId) -> bool:
    """Whether an item is in the ticket or a part of it, first of all, and did not open what it is in."""
    held = present.holders.get(item)
    return held is not None and held != item and present.into(held)[-1] == source


def _opened(event: FoldEvent, edit: TicketSplit, source: Ticket, first: FoldEvent) -> Ticket:
    """The ticket that is split off, before its items: as urgent as the other one, and in the same hands."""
    return Ticket(
        id=TicketId(first.id),
        contact_id=event.contact_id,
        opened_position=event.position,
        position=event.position,
        status="new" if source.assignee is None else "open",
        subject=edit.subject or headline(first.subject, first.body),
        matter=matter_of(edit.subject or first.subject),
        priority=source.priority,
        assignee=source.assignee,
        tags=source.tags,
        type=source.type,
        fields=source.fields,
        queue=source.queue,
        channel=first.channel,
        channels=(first.channel,) if first.channel else (),
        items=0,
        history=first.history,
        backstage_of=source.backstage_of,
        opened_at=first.shown_at,
        opened_now=first.now,
        last_at=first.shown_at,
        last_now=first.now,
    )


def taken(ticket: Ticket, item: FoldEvent, event: FoldEvent, rules: Rules) -> Ticket:
    """A ticket with an item that an edit gives it: what is later than all that it had says who is waited for."""
    latest = item.shown_at >= ticket.last_at
    if item.object is not None and item.object not in ticket.objects and len(ticket.objects) < MOST_OBJECTS:
        ticket = _replace(ticket, objects=(*ticket.objects, item.object))
    if item.is_activity(rules):
        if item.channel is not None and item.channel not in ticket.channels:
            ticket = _replace(ticket, channels=(*ticket.channels, item.channel))
        if item.now >= ticket.last_now:
            ticket = _replace(ticket, history=item.history)
        ticket = _replace(ticket, last_at=max(ticket.last_at, item.shown_at), last_now=max(ticket.last_now, item.now))
    if item.moves:
        ticket = _spoken(ticket, item, latest)
    version = ticket.version + (ticket.position != event.position)
    ticket = _replace(ticket, items=ticket.items + 1, position=event.position, version=version)
    return timed(ticket, rules)


def _spoken(ticket: Ticket, item: FoldEvent, latest: bool) -> Ticket:
    if item.direction == "inbound":
        first = min(ticket.first_customer_at or item.now, item.now)
        last = max(ticket.last_customer_at or item.now, item.now)
        ticket = _replace(ticket, first_customer_at=first, last_customer_at=last)
    if item.direction == "outbound" or item.answered:
        first = min(ticket.first_reply_at or item.now, item.now)
        last = max(ticket.last_agent_at or item.now, item.now)
        ticket = _replace(ticket, first_reply_at=first, last_agent_at=last)
    if not latest:
        return ticket
    if item.direction == "outbound":
        return _replace(waits(ticket, "customer", item.now), asked_at=None)
    status = "open" if ticket.status in ("pending", "on_hold") else ticket.status
    return _replace(waits(ticket, "us", item.now), asked_at=ticket.asked_at or item.now, status=status)


def _without(present: Present, items: list[FoldEvent], held: TicketId, event: FoldEvent) -> list[Ticket]:
    """A ticket that items leave, with those that it was joined into; what they did to it before stays done."""
    return [
        _replace(
            one,
            items=one.items - len(items),
            position=event.position,
            version=one.version + (one.position != event.position),
        )
        for one in (present.tickets[ticket] for ticket in present.into(held))
    ]


def _talks(
    present: Present, items: Iterable[FoldEvent], held: TicketId | None, ticket: TicketId
) -> tuple[tuple[tuple[str, str], TicketId], ...]:
    """The conversations of items, where they are with the ticket that the items leave."""
    found: dict[tuple[str, str], TicketId] = {}
    for item in items:
        if item.conversation is None:
            continue
        name = (item.source or "", item.conversation)
        known = present.conversations.get(name)
        if known is None or (held is not None and present.into(known[1])[-1] == present.into(held)[-1]):
            found[name] = ticket
    return tuple(found.items())
