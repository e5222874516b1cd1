"""The promises of a ticket under the fold: which start, pause, are kept and are broken where an event leaves it.

`docs/sla.md` is the definition. `clocked` is the one hook: the fold calls it wherever it puts a ticket."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from timeline.events import EventId
from timeline.sla_events import SlaBreached, SlaWarned
from timeline.tickets.items import FoldEvent
from timeline.tickets.policy import Rules
from timeline.tickets.sla import (
    Clock,
    SlaPolicy,
    SlaRules,
    Target,
    When,
    held,
    kept,
    parted,
    passed,
    promised,
    stopped,
    together,
)
from timeline.tickets.ticket import Ticket, TicketId, as_of

MOST_OVER: Final = 50
"""Clocks that are over and kept with a ticket; of older next responses only how many were kept and broken is."""
TIER: Final = "tier"

_replace = msgspec.structs.replace


def clocked(old: Ticket | None, new: Ticket, item: FoldEvent | None, now: datetime, rules: Rules) -> Ticket:
    """A ticket with its clocks as `item`, or time alone, leaves them; `old` is how it was (None: it opens)."""
    sla = rules.desk.sla
    if new.joined_into is not None or new.backstage_of is not None or not (sla.policies or new.clocks):
        return new
    ends = new.is_ended and (old is None or not old.is_ended)
    at = (new.resolved_at or new.closed_at or now) if ends and item is None else now
    clocks = tuple(passed(clock, at) for clock in new.clocks)
    if item is not None:
        clocks = _told(_answered(clocks, item, sla, at), item)
    if new.is_ended:
        if ends:
            clocks = tuple(kept(c, at) if c.target == "resolution" else stopped(c, at) for c in clocks)
        return _keeping(new, clocks)
    policy = first_match(sla, new)
    if old is not None and policy is not None and policy is not first_match(sla, old):
        clocks = tuple(promised(clock, policy, sla, at) for clock in clocks)
    if item is not None:
        started = [_started(target, item, policy, sla) for target in _starts(old, new, clocks, item)]
        clocks = (*clocks, *started)
    return _keeping(new, tuple(held(clock, new.status, sla, at) for clock in clocks))


def _answered(clocks: tuple[Clock, ...], item: FoldEvent, sla: SlaRules, at: datetime) -> tuple[Clock, ...]:
    if not answers(item, sla):
        return clocks
    return tuple(clock if clock.target == "resolution" else kept(clock, at) for clock in clocks)


def answers(item: FoldEvent, sla: SlaRules) -> bool:
    """Whether an item is a reply to the customer, as the desk counts it."""
    how = sla.answers
    if not item.moves or item.direction != "outbound" or (item.kind == "call" and not how.calls):
        return False
    return not (how.by == "people" and item.automatic) and item.source not in how.but_sources


def _told(clocks: tuple[Clock, ...], item: FoldEvent) -> tuple[Clock, ...]:
    """What was announced is not announced again."""
    said = item.command
    if not isinstance(said, SlaWarned | SlaBreached):
        return clocks

    def told(clock: Clock) -> Clock:
        if (clock.target, clock.started_by) != (said.target, said.started_by):
            return clock
        if isinstance(said, SlaWarned):
            return _replace(clock, warned=True)
        return _replace(clock, told=True, found_missed=said.found_missed)

    return tuple(told(clock) for clock in clocks)


def _starts(old: Ticket | None, new: Ticket, clocks: tuple[Clock, ...], item: FoldEvent) -> list[Target]:
    """The promises that an item of a live ticket starts."""
    found: list[Target] = []
    waiting = any(clock.target != "resolution" and not clock.is_over for clock in clocks)
    if item.moves and item.direction == "inbound" and not waiting:
        firsts = [clock for clock in clocks if clock.target == "first_response"]
        replied = any(clock.met_at for clock in firsts) if firsts else new.first_reply_at is not None
        found.append("next_response" if replied else "first_response")
    if old is None or new.reopened > old.reopened:
        found.append("resolution")
    return found


def _started(target: Target, item: FoldEvent, policy: SlaPolicy | None, sla: SlaRules) -> Clock:
    clock = Clock(target=target, started_by=item.id, started_at=item.now, since=item.now, silent=item.history)
    return clock if policy is None else promised(clock, policy, sla, item.now)


def _keeping(ticket: Ticket, clocks: tuple[Clock, ...]) -> Ticket:
    """The ticket with these clocks, of those long over only a tally."""
    over = [c for c in clocks if c.is_over and c.target == "next_response" and c.alarm_at is None]
    spare = max(0, len(over) - MOST_OVER)
    if spare == 0:
        return ticket if clocks == ticket.clocks else _replace(ticket, clocks=clocks)
    gone = over[:spare]
    met = sum(
        1 for clock in gone if clock.policy is not None and clock.met_at is not None and clock.breached_at is None
    )
    missed = sum(1 for clock in gone if clock.breached_at is not None)
    return _replace(
        ticket,
        clocks=tuple(clock for clock in clocks if clock not in gone),
        clocks_met=ticket.clocks_met + met,
        clocks_missed=ticket.clocks_missed + missed,
    )


def with_their_promises(
    tickets: Mapping[TicketId, Ticket],
    gone: Iterable[tuple[EventId, TicketId]],
    came: Iterable[tuple[FoldEvent, TicketId]],
) -> list[Ticket]:
    """The tickets that items left and came to by an edit, each with the promises that its own items started."""
    goes_to = {item.id: ticket for item, ticket in came}
    changed: dict[TicketId, Ticket] = {}
    for item, left in gone:
        source = changed.get(left) or tickets[left]
        target = changed.get(goes_to.get(item, left)) or tickets[goes_to.get(item, left)]
        stay, go = parted(source.clocks, frozenset((item,)))
        if go and source.id != target.id:
            changed[source.id] = _replace(source, clocks=stay)
            changed[target.id] = _replace(target, clocks=together(target.clocks, go))
    return list(changed.values())


def begun_by_edit(ticket: Ticket, came: Sequence[FoldEvent], now: datetime, rules: Rules, *, opened: bool) -> Ticket:
    """A ticket to which an edit gave items, with the promises that nobody made of them where they were: of an answer to
    the oldest of them that waits for one, and of an end where the edit `opened` it; both from the edit on."""
    sla = rules.desk.sla
    if ticket.is_ended or ticket.backstage_of is not None or not sla.policies:
        return ticket
    found: list[tuple[Target, FoldEvent]] = []
    asking = _unanswered(came) if ticket.asked_at is not None else None
    if asking is not None and not any(c.target != "resolution" and not c.is_over for c in ticket.clocks):
        found.append(("first_response" if ticket.first_reply_at is None else "next_response", asking))
    if opened and not any(clock.target == "resolution" for clock in ticket.clocks):
        found.append(("resolution", came[0]))
    policy = first_match(sla, ticket)
    started = [_started(target, _replace(item, now=now), policy, sla) for target, item in found]
    return _replace(ticket, clocks=(*ticket.clocks, *started)) if started else ticket


def _unanswered(items: Sequence[FoldEvent]) -> FoldEvent | None:
    """The first message or call of the customer behind our last answer."""
    found: FoldEvent | None = None
    for item in items:
        if item.moves and item.direction == "outbound":
            found = None
        elif item.moves and item.direction == "inbound" and not item.answered:
            found = found or item
    return found


# -- which policy ----------------------------------------------------------------------------------------------------


def first_match(sla: SlaRules, ticket: Ticket) -> SlaPolicy | None:
    """The first policy that is for the ticket as it is."""
    return next((policy for policy in sla.policies if _is_for(policy.when, ticket)), None)


def _is_for(when: When, ticket: Ticket) -> bool:
    if when.priority and ticket.priority not in when.priority:
        return False
    if when.queue and ticket.queue not in when.queue:
        return False
    if when.channel and ticket.channel not in when.channel:
        return False
    if when.type and ticket.type not in when.type:
        return False
    if when.tag and not any(tag in when.tag for tag in ticket.tags):
        return False
    if not when.tier and not when.fields:
        return True
    filled = dict(ticket.fields)
    wanted = {**when.fields, **({TIER: when.tier} if when.tier else {})}
    return all(_holds(filled.get(key), values) for key, values in wanted.items() if values)


def _holds(value: object, wanted: tuple[object, ...]) -> bool:
    """Whether a field's value, or one of several, is wanted; true and 1 are not the same."""
    having = value if isinstance(value, tuple) else (value,)
    return any(one == other and isinstance(one, bool) == isinstance(other, bool) for one in having for other in wanted)


# -- as it is shown and told -----------------------------------------------------------------------------------------


def clocks_at(ticket: Ticket, now: datetime, rules: Rules) -> Ticket:
    """The ticket and its clocks as time alone has left them by now."""
    after = as_of(ticket, now)
    for clock in ticket.clocks:
        if clock.due_at is not None and clock.due_at < now and clock.runs:
            break
    else:
        if after is ticket:
            return ticket
    return clocked(ticket, after, None, now, rules)


def same_until(ticket: Ticket, now: datetime) -> datetime | None:
    """When time alone may next make it look otherwise, at that moment or right behind it; None: never."""
    times = (ticket.closes_at, ticket.resolves_at, ticket.snoozed_until, *(clock.due_at for clock in ticket.clocks))
    return min((at for at in times if at is not None and at >= now), default=None)


def due_at(ticket: Ticket) -> datetime | None:
    """The earliest due time of the promises that are not kept yet, broken ones too; of those that run."""
    if not ticket.is_open:
        return None
    return min((c.due_at for c in ticket.clocks if not c.is_over and c.due_at is not None), default=None)


def alarm_at(ticket: Ticket) -> datetime | None:
    """When there is next something to tell of a promise."""
    if ticket.joined_into is not None:
        return None
    return min((at for at in (clock.alarm_at for clock in ticket.clocks) if at is not None), default=None)
