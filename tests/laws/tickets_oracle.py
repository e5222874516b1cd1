"""Tickets by the letter of docs/tickets.md: brute force over small histories.

Knows no database and none of the code that it judges. Roots are computed anew at every event, tickets are looked for
by walking all of them, and what a step changed is found by comparing everything with a copy from before.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.laws import life_oracle
from tests.laws.life_oracle import (
    hear,
    lay_down,
    live,
    move,
    pass_time,
    speak,
    too_late,
    wait_for,
)
from tests.laws.ticket_records import (
    MOST_OBJECTS,
    MOVES,
    NO_TICKET,
    NOT_ALLOWED,
    PRIORITIES,
    Asked,
    Derived,
    OEvent,
    OMerge,
    OPolicy,
    OTicket,
    as_asked,
    beginning,
    normalised,
    united,
)


def derive(
    events: Iterable[OEvent], merges: Iterable[OMerge], homes: Mapping[Any, Any], policies: Iterable[OPolicy] = ()
) -> Derived:
    """The tickets of a workspace. `merges` are those that stand, `homes` says of each contact where it is at home."""
    fold = _Fold(list(merges), homes, list(policies))
    for thing in sorted([*events, *fold.merges], key=lambda thing: thing.position):
        if isinstance(thing, OMerge):
            fold.join(thing)
        else:
            fold.step(thing)
    return Derived({ticket.id: ticket for ticket in fold.tickets}, fold.voids)


class _Fold:
    def __init__(self, merges: list[OMerge], homes: Mapping[Any, Any], policies: list[OPolicy]) -> None:
        self.merges = merges
        self.homes = homes
        self.policies = policies
        self.tickets: list[OTicket] = []
        self.voids: dict[Any, str] = {}
        self.seen: dict[Any, OEvent] = {}
        self.came: list[tuple[Any, OTicket]] = []
        """Each time a conversation came to a ticket from another, or from none: in order of position."""

    # -- what is folded ------------------------------------------------------------------------------------------

    def roots(self, position: int) -> dict[Any, Any]:
        """The root of every contact, at an event or merge of this position."""
        root = {home: home for home in self.homes.values()}
        for merge in self.merges:
            if merge.position < position:
                kept, lost = root[self.homes[merge.a]], root[self.homes[merge.b]]
                root = {home: kept if at == lost else at for home, at in root.items()}
        return {contact: root[home] for contact, home in self.homes.items()}

    def policy(self, position: int) -> OPolicy:
        held = [policy for policy in self.policies if policy.from_position <= position]
        return max(held, key=lambda policy: policy.version, default=OPolicy(0, 0, {}))

    def active(self, event: OEvent) -> bool:
        if event.sets is not None or event.reminder:
            return False
        spoken = event.kind in ("message", "call") and event.direction in ("inbound", "outbound")
        return spoken or self.policy(event.position).opens(event)

    def seeks(self, event: OEvent) -> bool:
        named = (event.ticket, event.conversation, event.object, event.sets)
        return self.active(event) or any(one is not None for one in named)

    def step(self, event: OEvent) -> None:
        if not self.seeks(event):
            return
        self.seen[event.id] = event
        roots = self.roots(event.position)
        mine = [ticket for ticket in self.tickets if roots[ticket.contact] == roots[event.contact]]
        before = copy.deepcopy(self.tickets)
        self.let_time_pass(mine, event.now)
        if event.sets is not None:
            self.command(mine, event, *event.sets)
        else:
            self.item(mine, event)
            holder = next((ticket for ticket in self.tickets if event.id in ticket.items), None)
            if event.talk is not None and holder is not None and holder is not self.conversation(mine, event):
                self.came.append((event.talk, holder))
        self.count(before, event.position)

    def count(self, before: Sequence[OTicket], position: int) -> None:
        was = {ticket.id: ticket for ticket in before}
        for ticket in self.tickets:
            if ticket != was.get(ticket.id):
                ticket.version += 1
                ticket.position = position

    def let_time_pass(self, mine: list[OTicket], now: Any) -> None:
        for ticket in mine:
            if ticket.joined_into is None:
                pass_time(ticket, now)

    # -- commands ------------------------------------------------------------------------------------------------

    def set_status(self, ticket: OTicket, status: str, event: OEvent) -> None:
        life_oracle.set_status(ticket, status, event)

    def say_when_it_closes(self, ticket: OTicket, policy: OPolicy) -> None:
        life_oracle.say_when_it_closes(ticket, policy)

    def named(self, mine: list[OTicket], ticket_id: Any, about: Any) -> OTicket | None:
        """What a ticket's id means in this root."""
        ways = (
            lambda ticket: ticket.id == ticket_id,
            lambda ticket: about in ticket.items,
            lambda ticket: ticket_id in ticket.items,
        )
        found = next((ticket for way in ways for ticket in mine if way(ticket)), None)
        return self.standing_for(found)

    def standing_for(self, ticket: OTicket | None) -> OTicket | None:
        while ticket is not None and ticket.joined_into is not None:
            ticket = next(other for other in self.tickets if other.id == ticket.joined_into)
        return ticket

    def command(self, mine: list[OTicket], event: OEvent, what: str, value: Any) -> None:
        policy = self.policy(event.position)
        ticket = self.named(mine, event.ticket, event.about)
        if ticket is None:
            self.voids[event.id] = NO_TICKET
            return
        status = value if what == "status" else value[0] if what == "end" else "on_hold" if what == "third" else None
        moves = status is None or self.may_become(ticket, status, event, policy)
        if not moves or too_late(ticket, what, value, event, policy):
            self.voids[event.id] = NOT_ALLOWED
            return
        ticket.items.append(event.id)
        if status is not None:
            move(self.set_status, ticket, status, what, value, event)
        elif what in ("snooze", "until", "wake", "reminding", "confirm"):
            live(self.set_status, ticket, what, value, event)
        elif what == "assignee":
            ticket.assignee = value
            if value is not None and ticket.status == "new":
                ticket.status = "open"
        elif what == "tags":
            added, removed = value
            ticket.tags = sorted({*ticket.tags, *added} - {*removed})
        elif what == "priority":
            ticket.priority = value
        elif what == "fields":
            filled = {**ticket.fields, **value}
            ticket.fields = {key: one for key, one in filled.items() if one is not None}
        elif what in ("subject", "type", "queue"):
            setattr(ticket, what, value)
        self.say_when_it_closes(ticket, policy)

    def may_become(self, ticket: OTicket, status: str, event: OEvent, policy: OPolicy) -> bool:
        if status == ticket.status:
            return True
        if ticket.ended and status == "open" and not ticket.reopenable(event.shown, policy):
            return False
        return status in MOVES[ticket.status]

    # -- any other event -----------------------------------------------------------------------------------------

    def item(self, mine: list[OTicket], event: OEvent) -> None:
        policy = self.policy(event.position)
        here = [ticket for ticket in mine if ticket.joined_into is None]
        asked = self.named(mine, event.ticket, event.about) if event.ticket is not None else None
        asked = asked or self.conversation(mine, event)
        if asked is not None:
            self.carry_on(asked, event, policy)
        elif policy.only_talks(event):
            return
        elif not self.active(event):
            could = [t for t in here if event.object in t.objects and (t.live or t.reopenable(event.shown, policy))]
            if could:
                self.take(self.best(could, as_asked(event)), event, policy)
        elif any(ticket.last_at - policy.gap > event.shown for ticket in here):
            self.late(here, event, policy)
        else:
            found = self.best([t for t in here if self.continues(t, as_asked(event), policy)], as_asked(event))
            if found is not None:
                self.carry_on(found, event, policy)
            elif policy.opens(event):
                self.open(event, policy)

    def conversation(self, mine: list[OTicket], event: OEvent) -> OTicket | None:
        """The ticket that the event's conversation came to last, in its root."""
        came = [ticket for talk, ticket in self.came if talk == event.talk and any(ticket is own for own in mine)]
        return self.standing_for(came[-1]) if came and event.talk is not None else None

    def late(self, here: list[OTicket], event: OEvent, policy: OPolicy) -> None:
        spans = [
            ticket
            for ticket in here
            if ticket.opened_at <= event.shown
            and (event.shown <= ticket.last_at + policy.gap if ticket.live else event.shown < ticket.ended_at)
        ]
        if spans:
            self.take(max(spans, key=lambda t: (t.opened_at, t.opened_position)), event, policy)
        elif policy.opens(event):
            ticket = self.open(event, policy)
            ticket.status, ticket.resolved_at, ticket.closes_at = "closed", None, None
            lay_down(ticket)
            ticket.ended_at = ticket.closed_at = event.shown

    def continues(self, ticket: OTicket, asked: Asked, policy: OPolicy) -> bool:
        same = asked.same_object(ticket)
        alike = same or asked.same_subject(ticket)
        near = asked.shown <= ticket.last_at + policy.gap
        again = ticket.ended and ticket.reopenable(asked.shown, policy) and (alike or not asked.converses)
        again |= ticket.live and (same or (alike and asked.shown <= ticket.last_at + policy.within))
        if not near and not again:
            return False
        if policy.of("continues", "same_channel") and asked.channel not in ticket.channels:
            return False
        if policy.of("continues", "same_conversation") and asked.converses and not alike:
            return False
        if policy.of("continues", "same_object") and asked.objects and ticket.objects and not same:
            return False
        return same or not asked.other_subject(ticket) or not policy.of("continues", "same_subject")

    def best(self, could: list[OTicket], asked: Asked) -> Any:
        def rank(ticket: OTicket) -> Any:
            same = asked.same_object(ticket), asked.same_subject(ticket)
            return *same, ticket.live, ticket.last_at, ticket.opened_position

        return max(could, key=rank, default=None)

    def carry_on(self, ticket: OTicket, event: OEvent, policy: OPolicy) -> None:
        """Found by name, by conversation or by the policy: the ticket may be reopened, or followed up."""
        if ticket.ended and event.begins:
            self.open(event, policy).follow_up_of = ticket.id
            return
        if ticket.ended and event.kind in ("message", "call") and event.direction == "inbound":
            if ticket.reopenable(event.shown, policy):
                self.set_status(ticket, "open", event)
                ticket.asked_at = None
            elif policy.opens(event):
                self.open(event, policy).follow_up_of = ticket.id
                return
        self.take(ticket, event, policy)

    def take(self, ticket: OTicket, event: OEvent, policy: OPolicy) -> None:
        ticket.items.append(event.id)
        if event.object is not None:
            ticket.objects = united(ticket.objects, [event.object])[:MOST_OBJECTS]
        if self.active(event):
            ticket.channels = united(ticket.channels, [event.channel] if event.channel is not None else [])
            ticket.last_at = max(ticket.last_at, event.shown)
            ticket.last_now = max(ticket.last_now, event.now)
            ticket.history = event.history
        if event.kind in ("message", "call") and event.direction == "inbound":
            hear(ticket, event)
            ticket.asked_at = ticket.asked_at or event.now
            if ticket.status in ("pending", "on_hold"):
                ticket.status = "open"
        if event.kind in ("message", "call") and event.direction == "outbound" and not event.reminder:
            wait_for(ticket, "customer", event.now)
            ticket.asked_at = None
            speak(ticket, event)
            if ticket.status in ("new", "open"):
                self.set_status(ticket, policy.after_reply, event)
        self.say_when_it_closes(ticket, policy)

    def open(self, event: OEvent, policy: OPolicy) -> OTicket:
        spoken = event.kind in ("message", "call")
        ticket = OTicket(
            id=event.id,
            contact=event.contact,
            opened_position=event.position,
            position=event.position,
            opened_at=event.shown,
            opened_now=event.now,
            last_at=event.shown,
            last_now=event.now,
            asked_at=event.now if spoken and event.direction == "inbound" else None,
            subject=beginning(event.subject) or beginning(event.body),
            matter=normalised(event.subject),
            channels=[event.channel] if event.channel is not None else [],
            objects=[event.object] if event.object is not None else [],
            history=event.history,
            items=[event.id],
        )
        if spoken and event.direction == "inbound":
            hear(ticket, event)
        if spoken and event.direction == "outbound":
            wait_for(ticket, "customer", event.now)
            speak(ticket, event)
            self.set_status(ticket, policy.after_reply, event)
        self.say_when_it_closes(ticket, policy)
        self.tickets.append(ticket)
        return ticket

    # -- merges --------------------------------------------------------------------------------------------------

    def join(self, merge: OMerge) -> None:
        policy, roots = self.policy(merge.position), self.roots(merge.position)
        sides = [roots[merge.a], roots[merge.b]]
        if policy.on_link != "join" or sides[0] == sides[1]:
            return
        before = copy.deepcopy(self.tickets)
        was = {ticket.id: ticket for ticket in before}
        union = [t for t in self.tickets if roots[t.contact] in sides and t.live and t.joined_into is None]
        union.sort(key=lambda ticket: ticket.opened_position)
        for at, later in enumerate(union):
            alike = Asked(later.opened_at, self.seen[later.id].channel, tuple(was[later.id].objects), later.matter)
            others = [
                was[earlier.id]
                for earlier in union[:at]
                if earlier.joined_into is None
                and roots[earlier.contact] != roots[later.contact]
                and self.continues(was[earlier.id], alike, policy)
            ]
            best = self.best(others, alike)
            if best is not None:
                self.unite(next(ticket for ticket in union if ticket.id == best.id), later, policy)
        self.count(before, merge.position)

    def unite(self, ticket: OTicket, other: OTicket, policy: OPolicy) -> None:
        other.joined_into, other.closes_at = ticket.id, None
        lay_down(other)
        ticket.parts = united(ticket.parts, [other.id, *other.parts])
        ticket.channels = united(ticket.channels, other.channels)
        ticket.objects = united(ticket.objects, other.objects)[:MOST_OBJECTS]
        ticket.tags = sorted({*ticket.tags, *other.tags})
        ticket.priority = max(ticket.priority, other.priority, key=PRIORITIES.index)
        ticket.assignee = ticket.assignee if ticket.assignee is not None else other.assignee
        ticket.queue = ticket.queue or other.queue
        if ticket.type is None:
            ticket.type, ticket.fields = other.type, other.fields
        if other.last_now > ticket.last_now:
            ticket.history, ticket.waiting, ticket.asked_at = other.history, other.waiting, other.asked_at
            ticket.waiting_since = other.waiting_since
        for name, choose in (("first_customer_at", min), ("last_customer_at", max), ("last_agent_at", max)):
            times = [at for at in (getattr(ticket, name), getattr(other, name)) if at is not None]
            setattr(ticket, name, choose(times, default=None))
        ticket.last_at = max(ticket.last_at, other.last_at)
        ticket.last_now = max(ticket.last_now, other.last_now)
        replies = [at for at in (ticket.first_reply_at, other.first_reply_at) if at is not None]
        ticket.first_reply_at = min(replies, default=None)
        both = {ticket.status, other.status}
        ticket.status = (
            "open" if "open" in both
            else "new" if both == {"new"}
            else "open" if "new" in both
            else "pending" if "pending" in both
            else "on_hold"
        )  # fmt: skip
        self.say_when_it_closes(ticket, policy)
