"""What a ticket says about itself, in words: its status, who is waited for, its promises with their reasons."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, get_args

from app.console.dates import span_words
from app.console.language import _, counted
from app.console.rendering import clock_time, day
from app.signed_in import Who
from timeline.events import Priority, Status
from timeline.tickets.promises import ClockView
from timeline.tickets.reading import TicketView
from timeline.tickets.sla import Sla

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
PRIORITIES: Final[tuple[Priority, ...]] = ("urgent", "high", "normal", "low")


def status_words(status: str) -> str:
    return {
        "new": _("new"),
        "open": _("open"),
        "pending": _("pending"),
        "on_hold": _("on hold"),
        "resolved": _("resolved"),
        "closed": _("closed"),
    }.get(status, status)


def priority_words(priority: str) -> str:
    known = {"low": _("low"), "normal": _("normal"), "high": _("high"), "urgent": _("urgent")}
    return known.get(priority, priority)


def target_words(target: str) -> str:
    return {
        "first_response": _("First response"),
        "next_response": _("Next response"),
        "resolution": _("Resolution"),
    }.get(target, target)


def policy_names(sla: Sla) -> dict[str, str]:
    """What the SLA policies of today are called, by their keys."""
    return {one.key: one.name for one in sla.policies if one.name}


def link_words(kind: str) -> str:
    """What another ticket is to this one."""
    return {
        "duplicate": _("duplicate"),
        "parent": _("parent"),
        "child": _("child"),
        "related": _("related"),
    }.get(kind, kind)


def at_words(at: datetime, who: Who | None, *, within: bool = False) -> str:
    """The day and the time of the day where the agent is, alone or `within` a sentence."""
    return _("%(day)s %(time)s", day=day(at, who, within=within), time=clock_time(at, who))


def waiting_words(ticket: TicketView) -> str:
    """Who is waited for."""
    return {
        "us": _("us"),
        "customer": _("the customer"),
        "third_party": _("a third party"),
    }.get(ticket.waiting or "", "")


def clock_state(clock: ClockView) -> str:
    """How a promise stands, without when."""
    return {
        "running": _("due"),
        "paused": _("stands still"),
        "met": _("kept"),
        "missed": _("missed"),
        "stopped": _("ended before"),
    }.get(clock.state, clock.state)


def clock_reasons(clock: ClockView, ticket: TicketView, who: Who | None, policies: Mapping[str, str]) -> list[str]:
    """Why a promise stands as it does, a sentence each; `policies` are names by key."""
    hours = _("of %(calendar)s", calendar=clock.calendar) if clock.calendar else _("around the clock")
    said = [
        _(
            "Promised by %(policy)s: %(span)s, %(hours)s.",
            policy=policies.get(clock.policy or "", clock.policy),
            span=span_words(clock.seconds),
            hours=hours,
        )
    ]
    if clock.due_at is not None and clock.state == "running":
        said.append(_("Due %(at)s.", at=at_words(clock.due_at, who, within=True)))
    if clock.paused_since is not None:
        said.append(_paused(clock, ticket, who))
    if clock.breached_at is not None:
        said.append(_("It was due %(at)s.", at=at_words(clock.breached_at, who, within=True)))
    if clock.met_at is not None:
        said.append(_met(clock, who))
    elif clock.state == "missed":
        said.append(_("It is not resolved yet.") if clock.target == "resolution" else _("Nobody answered yet."))
    if clock.state == "stopped":
        said.append(_("The ticket ended before it was due."))
    if clock.found_missed:
        said.append(_("It was found missed later, when the ticket was cut again."))
    return said


def _paused(clock: ClockView, ticket: TicketView, who: Who | None) -> str:
    assert clock.paused_since is not None
    return _(
        "It stands still since %(at)s, while the ticket is %(status)s; %(left)s are left then.",
        at=at_words(clock.paused_since, who, within=True),
        status=status_words(ticket.status),
        left=span_words(clock.remaining or 0),
    )


def _met(clock: ClockView, who: Who | None) -> str:
    assert clock.met_at is not None
    at = at_words(clock.met_at, who, within=True)
    if clock.target == "resolution":
        return _("The ticket was resolved %(at)s.", at=at)
    return _("We answered %(at)s.", at=at)


def reopened_words(ticket: TicketView) -> str:
    if not ticket.reopened:
        return ""
    return counted("came back once", "came back %(num)s times", ticket.reopened)
