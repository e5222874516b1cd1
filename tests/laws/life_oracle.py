"""The rest of the oracle of tickets: what a state, a message, a command and silence do to one ticket, by the page."""

from datetime import timedelta
from typing import Any

from tests.laws.ticket_records import OEvent, OPolicy, OTicket


def lay_down(ticket: OTicket) -> None:
    """What no ended ticket has."""
    ticket.snoozed, ticket.snoozed_until, ticket.resolves_at, ticket.reminds_at = False, None, None, None


def pass_time(ticket: OTicket, now: Any) -> None:
    """What silence did to it by now."""
    if ticket.resolves_at is not None and ticket.resolves_at <= now:
        ticket.status = "resolved"
        ticket.resolved_at = ticket.ended_at = ticket.resolves_at
        lay_down(ticket)
    if ticket.closes_at is not None and ticket.closes_at <= now:
        if ticket.live:
            ticket.ended_at = ticket.closes_at
        ticket.status, ticket.closed_at, ticket.closes_at = "closed", ticket.closes_at, None
        lay_down(ticket)


def wait_for(ticket: OTicket, whom: str, now: Any) -> None:
    if ticket.waiting != whom:
        ticket.waiting, ticket.waiting_since = whom, now


def hear(ticket: OTicket, event: OEvent) -> None:
    wait_for(ticket, "us", event.now)
    ticket.snoozed, ticket.snoozed_until = False, None
    if ticket.first_customer_at is None:
        ticket.first_customer_at = ticket.last_customer_at = event.now
    ticket.last_customer_at = max(ticket.last_customer_at or event.now, event.now)
    if event.answered:
        speak(ticket, event)


def speak(ticket: OTicket, event: OEvent) -> None:
    ticket.first_reply_at = ticket.first_reply_at or event.now
    ticket.last_agent_at = max(ticket.last_agent_at or event.now, event.now)


def live(set_status: Any, ticket: OTicket, what: str, value: Any, event: OEvent) -> None:
    if what == "snooze" or what == "until":
        ticket.snoozed = True
        ticket.snoozed_until = event.shown + timedelta(hours=value) if what == "snooze" and value else None
        if what == "until":
            ticket.snoozed_until = value
    elif what == "wake" and ticket.snoozed:
        ticket.snoozed, ticket.snoozed_until = False, None
        ticket.last_now = max(ticket.last_now, event.now)
    elif what == "reminding":
        ticket.reminded_at = event.now
    elif what == "confirm" and value:
        set_status(ticket, "closed", event)
        ticket.confirmed = True
    elif what == "confirm":
        set_status(ticket, "open", event)
        wait_for(ticket, "us", event.now)
        ticket.confirmed, ticket.asked_at = False, event.now


def too_late(ticket: OTicket, what: str, value: Any, event: OEvent, policy: OPolicy) -> bool:
    """What is not allowed of an ended ticket, or of one that is not resolved."""
    if what in ("snooze", "until", "reminding"):
        return ticket.ended
    if what != "confirm":
        return False
    return ticket.status != "resolved" or not (value or ticket.reopenable(event.shown, policy))


def set_status(ticket: OTicket, status: str, event: OEvent) -> None:
    if status == "resolved":
        ticket.resolved_at, ticket.ended_at = event.now, event.shown
    elif status == "closed":
        ticket.closed_at = event.now
        ticket.ended_at = event.shown if ticket.live else ticket.ended_at
    elif ticket.ended:
        ticket.reopened += 1
        ticket.disposition = ticket.confirmed = None
        ticket.ended_at = ticket.resolved_at = ticket.closed_at = None
    if status in ("resolved", "closed"):
        lay_down(ticket)
    ticket.status = status


def say_when_it_closes(ticket: OTicket, policy: OPolicy) -> None:
    since, silence = max(ticket.last_now, ticket.snoozed_until or ticket.last_now), None
    if ticket.status == "resolved":
        since = max(since, ticket.resolved_at or since)
        silence = policy.lasts("closes", "resolved_after")
    elif ticket.status != "closed" and ticket.history:
        silence = policy.lasts("closes", "history_after")
    elif ticket.status == "pending":
        silence = policy.lasts("closes", "pending_after")
    ticket.closes_at = None if silence is None else since + silence
    ticket.resolves_at = ticket.reminds_at = None
    quiet = policy.lasts("resolves", "pending_after")
    if ticket.status != "pending" or ticket.history or quiet is None:
        return
    if ticket.closes_at is None or since + quiet < ticket.closes_at:
        ticket.resolves_at = since + quiet
        later, before = policy.lasts("closes", "resolved_after"), policy.lasts("resolves", "reminder_before")
        ticket.closes_at = None if later is None else ticket.resolves_at + later
        if before is not None and (ticket.reminded_at is None or ticket.reminded_at < ticket.last_now):
            ticket.reminds_at = ticket.resolves_at - before


def move(set_status: Any, ticket: OTicket, status: str, what: str, value: Any, event: OEvent) -> None:
    if status != ticket.status:
        set_status(ticket, status, event)
    if ticket.ended and what == "end":
        ticket.disposition = value[1]
    if what == "third":
        wait_for(ticket, "third_party", event.now)
    elif ticket.waiting == "third_party":
        wait_for(ticket, "us", event.now)
