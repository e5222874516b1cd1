"""The promises of a ticket as they are shown."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from timeline.tickets.sla import Clock, Target
from timeline.tickets.ticket import Ticket

State = Literal["unpromised", "running", "paused", "met", "missed", "stopped"]


class ClockView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One promise. `missed`: broken, answered since or not. `stopped`: the ticket ended first. `due_at` is null while
    it is paused, with `remaining` seconds to go then; `version` is that of the desk's configuration."""

    target: Target
    state: State
    policy: str | None
    version: int
    started_by: UUID
    started_at: datetime
    seconds: int
    calendar: str | None
    due_at: datetime | None
    warn_at: datetime | None
    paused_since: datetime | None
    remaining: float | None
    met_at: datetime | None
    breached_at: datetime | None
    found_missed: bool


def state_of(clock: Clock) -> State:
    if clock.policy is None:
        return "unpromised"
    if clock.breached_at is not None:
        return "missed"
    if clock.met_at is not None:
        return "met"
    if clock.stopped_at is not None:
        return "stopped"
    return "paused" if clock.is_paused else "running"


def clock_views(ticket: Ticket) -> list[ClockView]:
    """The promises that a policy made, in the order in which they began."""
    return [
        ClockView(
            target=clock.target,
            state=state_of(clock),
            policy=clock.policy,
            version=clock.version,
            started_by=clock.started_by,
            started_at=clock.started_at,
            seconds=clock.seconds,
            calendar=clock.calendar,
            due_at=clock.due_at,
            warn_at=clock.warn_at,
            paused_since=clock.since if clock.is_paused else None,
            remaining=None if clock.left is None else clock.left.total_seconds(),
            met_at=clock.met_at,
            breached_at=clock.breached_at,
            found_missed=clock.found_missed,
        )
        for clock in ticket.clocks
        if clock.policy is not None
    ]
