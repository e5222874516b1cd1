"""Whether a ticket may be ended, laid aside, fetched or confirmed, and the event that says so. Pure."""

from datetime import UTC, datetime
from typing import Final

from identity.errors import Impossible
from timeline.commands import Confirm, Life, SetStatus, Snooze
from timeline.events import Event, TicketStatusSet
from timeline.ticket_events import TicketAwoke, TicketConfirmed, TicketSnoozed
from timeline.tickets.carrying import may_move
from timeline.tickets.policy import Rules
from timeline.tickets.ticket import ENDED, Ticket, can_reopen
from timeline.tickets.types import missing_at_close

FARTHEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
TOO_LATE: Final = "this {status} ticket ended too long ago to be opened again"


def lived(command: Life, ticket: Ticket, rules: Rules, now: datetime, cause: str) -> Event | None:
    """None where the ticket is so already. Raises `Impossible`."""
    if isinstance(command, SetStatus):
        return _moved(command, ticket, rules, now, cause)
    if isinstance(command, Snooze):
        if ticket.is_ended:
            raise Impossible("until", f"a ticket that is {ticket.status} cannot be laid aside")
        if command.until is not None and not now < command.until < FARTHEST:
            raise Impossible("until", "expected a time to come, before the year 2100")
        same = ticket.snoozed and ticket.snoozed_until == command.until
        return None if same else TicketSnoozed(ticket=ticket.id, until=command.until, cause=cause)
    if isinstance(command, Confirm):
        return _confirmed(command, ticket, rules, now, cause)
    return TicketAwoke(ticket=ticket.id, cause=cause) if ticket.snoozed else None


def _moved(command: SetStatus, ticket: Ticket, rules: Rules, now: datetime, cause: str) -> Event | None:
    if not may_move(ticket, command.status, now, rules):
        raise Impossible("status", _no_move(ticket, command, rules, now))
    if command.disposition is not None or command.status in ENDED:
        _check_end(command, ticket, rules)
    if command.waiting is not None and command.status != "on_hold":
        raise Impossible("waiting", "a third party is waited for on hold")
    if command.status == ticket.status and command.disposition in (None, ticket.disposition):
        third = "third_party" if ticket.waiting == "third_party" else None
        if command.status != "on_hold" or command.waiting == third:
            return None
    return TicketStatusSet(
        ticket=ticket.id,
        status=command.status,
        disposition=command.disposition,
        waiting=command.waiting,
        cause=cause,
    )


def _no_move(ticket: Ticket, command: SetStatus, rules: Rules, now: datetime) -> str:
    if command.status == "open" and ticket.status in ENDED and not can_reopen(ticket, now, rules):
        return TOO_LATE.format(status=ticket.status)
    return f"a ticket that is {ticket.status} cannot become {command.status}"


def _check_end(command: SetStatus, ticket: Ticket, rules: Rules) -> None:
    """Whether all that an end asks for is there."""
    section, given = rules.desk.types, command.disposition
    if given is not None:
        if command.status not in ENDED:
            raise Impossible("disposition", "expected together with the status resolved or closed")
        if given not in (known := [one.key for one in section.dispositions]):
            raise Impossible("disposition", f"expected one of {', '.join(known) or 'none: the desk has set up none'}")
    if ticket.is_ended:
        return
    if section.disposition_required and given is None:
        known = ", ".join(one.key for one in section.dispositions)
        raise Impossible("disposition", f"expected what came of it, one of {known}")
    missing = missing_at_close(section, ticket.type, (key for key, _ in ticket.fields))
    if missing is not None:
        raise Impossible(f"fields.{missing}", f"expected {missing} before the ticket ends")


def _confirmed(command: Confirm, ticket: Ticket, rules: Rules, now: datetime, cause: str) -> Event | None:
    if ticket.status == "closed" and ticket.confirmed and command.confirmed:
        return None
    if ticket.status != "resolved":
        raise Impossible("confirmed", f"expected a ticket that is resolved, and this is {ticket.status}")
    if not command.confirmed and not can_reopen(ticket, now, rules):
        raise Impossible("confirmed", TOO_LATE.format(status=ticket.status))
    return TicketConfirmed(ticket=ticket.id, confirmed=command.confirmed, comment=command.comment, cause=cause)
