"""What a command does to its ticket: the ticket as it is then, or nothing where it is in no state for that.

`docs/tickets.md` is the definition; `fold` finds the ticket and keeps what comes of it."""

from datetime import datetime

import msgspec

from timeline.events import (
    Command,
    Status,
    TicketAssigned,
    TicketClosed,
    TicketPrioritised,
    TicketRenamed,
    TicketStatusSet,
    TicketTagged,
)
from timeline.sla_events import SlaBreached, SlaWarned
from timeline.ticket_events import (
    TicketAwoke,
    TicketConfirmed,
    TicketFieldsSet,
    TicketQueued,
    TicketReminded,
    TicketResolved,
    TicketSnoozed,
    TicketTyped,
)
from timeline.tickets.items import FoldEvent
from timeline.tickets.policy import Rules
from timeline.tickets.routing import choose_queue
from timeline.tickets.ticket import MOVES, Filled, Ticket, can_reopen, reopened, waits, with_status

_replace = msgspec.structs.replace


def carried(ticket: Ticket, command: Command, event: FoldEvent, rules: Rules) -> Ticket | None:
    """The ticket after a command; None: it is in no state for it."""
    match command:
        case TicketStatusSet():
            return _moved(ticket, command, event, rules)
        case TicketAssigned(assignee=somebody):
            opens = ticket.status == "new" and somebody is not None
            return _replace(ticket, assignee=somebody, status="open" if opens else ticket.status)
        case TicketTagged():
            return _replace(ticket, tags=retagged(ticket.tags, command))
        case TicketPrioritised():
            return _replace(ticket, priority=command.priority)
        case TicketRenamed():
            return _replace(ticket, subject=command.subject)
        case TicketTyped():
            return _typed(ticket, command.type or None, rules)
        case TicketFieldsSet():
            return _replace(ticket, fields=refilled(ticket.fields, command))
        case TicketQueued():
            return _replace(ticket, queue=command.queue or None)
        case TicketSnoozed() | TicketAwoke() | TicketReminded() | TicketConfirmed():
            return _lived(ticket, command, event, rules)
        case TicketResolved() | TicketClosed() | SlaWarned() | SlaBreached():
            return ticket


def _lived(
    ticket: Ticket,
    command: TicketSnoozed | TicketAwoke | TicketReminded | TicketConfirmed,
    event: FoldEvent,
    rules: Rules,
) -> Ticket | None:
    match command:
        case TicketSnoozed(until=until):
            return None if ticket.is_ended else _replace(ticket, snoozed=True, snoozed_until=until)
        case TicketAwoke():
            last = max(ticket.last_now, event.now) if ticket.snoozed else ticket.last_now
            return _replace(ticket, snoozed=False, snoozed_until=None, last_now=last)
        case TicketReminded():
            return None if ticket.is_ended else _replace(ticket, reminded_at=event.now)
        case TicketConfirmed():
            return _confirmed(ticket, command, event, rules)


def _moved(ticket: Ticket, command: TicketStatusSet, event: FoldEvent, rules: Rules) -> Ticket | None:
    if not may_move(ticket, command.status, event.shown_at, rules):
        return None
    if command.status != ticket.status:
        ticket = with_status(ticket, command.status, event.shown_at, event.now)
    if ticket.is_ended and command.disposition is not None:
        ticket = _replace(ticket, disposition=command.disposition)
    if ticket.status == "on_hold" and command.waiting is not None:
        return waits(ticket, command.waiting, event.now)
    return waits(ticket, "us", event.now) if ticket.waiting == "third_party" else ticket


def _confirmed(ticket: Ticket, command: TicketConfirmed, event: FoldEvent, rules: Rules) -> Ticket | None:
    if ticket.status != "resolved":
        return None
    if command.confirmed:
        return _replace(with_status(ticket, "closed", event.shown_at, event.now), confirmed=True)
    if not can_reopen(ticket, event.shown_at, rules):
        return None
    return _replace(waits(reopened(ticket), "us", event.now), confirmed=False, asked_at=event.now)


def _typed(ticket: Ticket, kind: str | None, rules: Rules) -> Ticket:
    """A queue that routing chose, or none, follows the type; one that somebody chose stays."""
    ways = [choose_queue(rules.desk.routing, ticket.channel, ticket.source, one) for one in (ticket.type, kind)]
    follows = ticket.queue in (None, ways[0])
    return _replace(ticket, type=kind, queue=ways[1] if follows else ticket.queue)


def may_move(ticket: Ticket, status: Status, shown_at: datetime, rules: Rules) -> bool:
    """Whether a person may move it there; to where it is already is no move."""
    if status == ticket.status:
        return True
    if status not in MOVES[ticket.status]:
        return False
    return status == "closed" or not ticket.is_ended or can_reopen(ticket, shown_at, rules)


def retagged(tags: tuple[str, ...], command: TicketTagged) -> tuple[str, ...]:
    return tuple(sorted(({*tags, *command.added}) - {*command.removed}))


def refilled(fields: Filled, command: TicketFieldsSet) -> Filled:
    """The fields that are filled, in order of their keys; those filled with null are not."""
    both = {**dict(fields), **command.fields}
    return tuple((key, value) for key in sorted(both) if (value := both[key]) is not None)
