"""Edits of tickets by the letter of docs/edits.md, on top of the brute force of docs/tickets.md.

What was undone is not among the events: `derive` is given what stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from tests.laws.life_oracle import wait_for
from tests.laws.ticket_records import (
    MOST_OBJECTS,
    Derived,
    OEvent,
    OMerge,
    OPolicy,
    OTicket,
    beginning,
    normalised,
    united,
)
from tests.laws.tickets_oracle import _Fold

NO_TICKET: Final = "no ticket of an edit"
NO_ITEM: Final = "no item of an edit"
NO_EDIT: Final = "an edit that is not allowed"
INHERITED: Final = ("priority", "assignee", "tags", "type", "fields", "queue")
EDIT: Final = "edit"


def derive(
    events: Iterable[OEvent], merges: Iterable[OMerge], homes: Mapping[Any, Any], policies: Iterable[OPolicy] = ()
) -> Derived:
    """The tickets of a workspace, whose events hold edits: `sets` is ("edit", (what, its words))."""
    told = list(events)
    fold = _Edited(list(merges), homes, list(policies))
    fold.every = {event.id: event for event in told}
    fold.seen = dict(fold.every)
    for thing in sorted([*told, *fold.merges], key=lambda thing: thing.position):
        if isinstance(thing, OMerge):
            fold.join(thing)
        else:
            fold.step(thing)
    return Derived({ticket.id: ticket for ticket in fold.tickets}, fold.voids)


class _Edited(_Fold):
    every: dict[Any, OEvent]

    def __init__(self, merges: list[OMerge], homes: Mapping[Any, Any], policies: list[OPolicy]) -> None:
        super().__init__(merges, homes, policies)
        self.arrived: dict[tuple[Any, Any], int] = {}
        """When an item came to a ticket by an edit; all others came when they were said."""
        self.behind: dict[Any, Any] = {}
        """Tickets of our own, and what each was opened for."""

    # -- which ticket --------------------------------------------------------------------------------------------

    def first_of(self, mine: list[OTicket], item: Any) -> OTicket | None:
        """The ticket, part or not, that an item came to first of all those that it is in."""
        held = [ticket for ticket in mine if item in ticket.items]
        return min(held, key=lambda ticket: self.arrived.get((item, ticket.id), -1), default=None)

    def named(self, mine: list[OTicket], ticket_id: Any, about: Any) -> OTicket | None:
        found = next((ticket for ticket in mine if ticket.id == ticket_id), None)
        found = found or self.first_of(mine, about) or self.first_of(mine, ticket_id)
        return self.standing_for(found)

    def exactly(self, mine: list[OTicket], ticket_id: Any) -> OTicket | None:
        return self.standing_for(next((ticket for ticket in mine if ticket.id == ticket_id), None))

    def item(self, mine: list[OTicket], event: OEvent) -> None:
        """Nothing that a customer or we to a customer say comes to work of our own, and nothing by a policy."""
        asked = self.named(mine, event.ticket, event.about) if event.ticket is not None else None
        spoken = event.kind in ("message", "call") and event.direction in ("inbound", "outbound")
        if asked is not None and asked.id in self.behind:
            if not spoken:
                self.carry_on(asked, event, self.policy(event.position))
                return
            event = replace(event, ticket=None)
        held = self.conversation(mine, event) if asked is None else None
        if held is not None and held.id in self.behind and not spoken:
            self.carry_on(held, event, self.policy(event.position))
            return
        super().item([ticket for ticket in mine if ticket.id not in self.behind], event)

    # -- edits ---------------------------------------------------------------------------------------------------

    def command(self, mine: list[OTicket], event: OEvent, what: str, value: Any) -> None:
        if what != EDIT:
            super().command(mine, event, what, value)
            return
        name, words = value
        done = getattr(self, f"_{name}")(mine, event, words)
        if isinstance(done, str):
            self.voids[event.id] = done
        else:
            done.items.append(event.id)
            self.say_when_it_closes(done, self.policy(event.position))

    def _TicketsJoined(self, mine: list[OTicket], event: OEvent, words: Any) -> OTicket | str:  # noqa: N802
        one, other = self.exactly(mine, words["ticket"]), self.exactly(mine, words["absorbed"])
        if one is None or other is None:
            return NO_TICKET
        if one is other or (one.ended and other.live) or self.behind.get(one.id) != self.behind.get(other.id):
            return NO_EDIT
        kept = (one.status, one.waiting, one.asked_at)
        self.unite(one, other, self.policy(event.position))
        if other.ended:
            one.status, one.waiting, one.asked_at = kept
        return one

    def _TicketSplit(self, mine: list[OTicket], event: OEvent, words: Any) -> OTicket | str:  # noqa: N802
        source = self.exactly(mine, words["ticket"])
        if source is None:
            return NO_TICKET
        going = [self.every[i] for i in words["items"] if self.may_leave(mine, event, i, source)]
        if not going or going[0].id != words["items"][0]:
            return NO_ITEM
        if any(ticket.id == going[0].id for ticket in mine):
            return NO_EDIT
        first = going[0]
        subject = words.get("subject")
        new = OTicket(
            id=first.id, contact=event.contact, opened_position=event.position, position=event.position,
            opened_at=first.shown, opened_now=first.now, last_at=first.shown, last_now=first.now,
            subject=subject or beginning(first.subject) or beginning(first.body),
            matter=normalised(subject or first.subject),
            channels=[first.channel] if first.channel is not None else [], history=first.history,
            status="open" if source.assignee is not None else "new",
        )  # fmt: skip
        for field in fields(OTicket):
            if field.name in INHERITED:
                value = getattr(source, field.name)
                setattr(new, field.name, list(value) if isinstance(value, list) else value)
        self.tickets.append(new)
        if source.id in self.behind:
            self.behind[new.id] = self.behind[source.id]
        for item in going:
            self.pass_on(mine, item, new, event, talks=item.id not in words.get("kept", ()))
        return new

    def _BackstageOpened(self, mine: list[OTicket], event: OEvent, words: Any) -> OTicket | str:  # noqa: N802
        parent = self.exactly(mine, words["ticket"])
        new = OTicket(
            id=event.id, contact=event.contact, opened_position=event.position, position=event.position,
            opened_at=event.shown, opened_now=event.now, last_at=event.shown, last_now=event.now,
            subject=beginning(words["subject"]), matter=normalised(words["subject"]),
        )  # fmt: skip
        new.priority = new.priority if parent is None else parent.priority
        self.behind[new.id] = words["ticket"] if parent is None else parent.id
        self.tickets.append(new)
        return new

    def _TicketEscalated(self, mine: list[OTicket], event: OEvent, words: Any) -> OTicket | str:  # noqa: N802
        there = [self.every[i] for i in words["items"] if i in self.every]
        items = [one for one in there if self.together(one, event) and self.first_of(mine, one.id) is None]
        if not items or items[0].id != words["ticket"]:
            return NO_ITEM
        first = items[0]
        new = OTicket(
            id=first.id, contact=event.contact, opened_position=event.position, position=event.position,
            opened_at=first.shown, opened_now=first.now, last_at=first.shown, last_now=first.now,
            subject=beginning(first.subject) or beginning(first.body), matter=normalised(first.subject),
            history=first.history,
        )  # fmt: skip
        self.tickets.append(new)
        for item in items:
            if item.talk is not None:
                self.came.append((item.talk, new))
            self.receive(item, new, event)
        return new

    def may_leave(self, mine: list[OTicket], event: OEvent, item: Any, source: OTicket) -> bool:
        held = self.first_of(mine, item)
        here = item in self.every and self.together(self.every[item], event)
        return here and held is not None and held.id != item and self.standing_for(held) is source

    def _TicketItemMoved(self, mine: list[OTicket], event: OEvent, words: Any) -> OTicket | str:  # noqa: N802
        return self.given(mine, event, words, moves=True)

    def _TicketItemShared(self, mine: list[OTicket], event: OEvent, words: Any) -> OTicket | str:  # noqa: N802
        return self.given(mine, event, words, moves=False)

    def given(self, mine: list[OTicket], event: OEvent, words: Any, *, moves: bool) -> OTicket | str:
        to, item = self.exactly(mine, words["ticket"]), self.every.get(words["event"])
        if to is None:
            return NO_TICKET
        if item is None or not self.together(item, event):
            return NO_ITEM
        if any(item.id in ticket.items and self.standing_for(ticket) is to for ticket in mine):
            return NO_EDIT
        if to.id in self.behind and item.kind in ("message", "call") and item.direction in ("inbound", "outbound"):
            return NO_EDIT
        held = self.first_of(mine, item.id)
        if not moves and held is None:
            return NO_ITEM
        if moves and held is not None and held.id == item.id:
            return NO_EDIT
        if moves:
            self.pass_on(mine, item, to, event, talks=not words.get("kept", False))
        else:
            self.receive(item, to, event)
        return to

    def together(self, item: OEvent, event: OEvent) -> bool:
        roots = self.roots(event.position)
        return roots.get(item.contact) == roots[event.contact]

    def pass_on(self, mine: list[OTicket], item: OEvent, to: OTicket, event: OEvent, *, talks: bool) -> None:
        held = self.first_of(mine, item.id)
        if talks and item.talk is not None:
            at = self.conversation(mine, item)
            if at is None or (held is not None and at is self.standing_for(held)) or at is to:
                self.came.append((item.talk, to))
        if held is not None:
            held.items.remove(item.id)
            above = held
            while above.joined_into is not None:
                above = next(ticket for ticket in mine if ticket.id == above.joined_into)
                above.position = -1  # it changed: it counts what its parts have
        self.receive(item, to, event)

    def receive(self, item: OEvent, to: OTicket, event: OEvent) -> None:
        policy = self.policy(event.position)
        latest = item.shown >= to.last_at
        to.items.append(item.id)
        self.arrived[item.id, to.id] = event.position
        if item.object is not None:
            to.objects = united(to.objects, [item.object])[:MOST_OBJECTS]
        if self.active(item):
            to.channels = united(to.channels, [item.channel] if item.channel is not None else [])
            to.history = item.history if item.now >= to.last_now else to.history
            to.last_at, to.last_now = max(to.last_at, item.shown), max(to.last_now, item.now)
        spoken = item.kind in ("message", "call") and not item.reminder
        if spoken and item.direction == "inbound":
            to.first_customer_at = min(to.first_customer_at or item.now, item.now)
            to.last_customer_at = max(to.last_customer_at or item.now, item.now)
        if spoken and (item.direction == "outbound" or item.answered):
            to.first_reply_at = min(to.first_reply_at or item.now, item.now)
            to.last_agent_at = max(to.last_agent_at or item.now, item.now)
        if spoken and item.direction == "outbound" and latest:
            wait_for(to, "customer", item.now)
            to.asked_at = None
        if spoken and item.direction == "inbound" and latest:
            wait_for(to, "us", item.now)
            to.asked_at = to.asked_at or item.now
            to.status = "open" if to.status in ("pending", "on_hold") else to.status
        self.say_when_it_closes(to, policy)
