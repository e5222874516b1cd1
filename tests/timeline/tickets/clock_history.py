"""A customer's events by the minute, folded as they come under SLA policies: for tests of clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from identity.customers import ContactId
from timeline.events import Command, EventId, TicketStatusSet
from timeline.tickets.configuration import DeskConfiguration, DeskRules, desk_rules_of
from timeline.tickets.fold import Root
from timeline.tickets.items import FoldEvent, Written
from timeline.tickets.policy import STANDARD, Rules, TicketPolicy, rules_of
from timeline.tickets.sla import Clock
from timeline.tickets.ticket import Ticket

MONDAY = datetime(2026, 10, 19, 8, 0, tzinfo=UTC)
CONTACT = ContactId(UUID(int=1))
OFFICE = {"zone": "Europe/Berlin", "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}
NIGHTS = {
    "zone": "Australia/Lord_Howe",
    "hours": {day: [["00:00", "03:00"], ["20:00", "24:00"]] for day in ("sat", "sun", "mon")},
}
CALENDARS = {"office": OFFICE, "nights": NIGHTS}
HOUR, MINUTE = 3_600, 60


def desk(policies: list[dict[str, Any]], answers: dict[str, Any] | None = None, version: int = 7) -> DeskRules:
    sla = {"policies": policies, "answers": answers or {}}
    written = msgspec.convert({"calendars": CALENDARS, "sla": sla}, DeskConfiguration)
    return desk_rules_of(written, version)


def under(rules: DeskRules, policy: TicketPolicy = STANDARD) -> Rules:
    return msgspec.structs.replace(rules_of(policy, 0), desk=rules)


class History:
    """One customer's events, a minute's number each, folded as they come."""

    def __init__(self, rules: Rules, start: datetime = MONDAY) -> None:
        self.rules, self.start = rules, start
        self.root = Root(Written())
        self.position = 0
        self.events: dict[EventId, FoldEvent] = {}

    def say(self, at: float, **said: Any) -> EventId:
        self.position += 1
        now = self.start + timedelta(minutes=at)
        what: dict[str, Any] = {
            "position": self.position,
            "id": EventId(UUID(int=1_000 + self.position)),
            "contact_id": CONTACT,
            "kind": "message",
            "channel": "email",
            "direction": "inbound",
            "source": None,
            "conversation": None,
            "about": None,
            "shown_at": now,
            "now": now,
            "history": False,
            "ticket": None,
            "subject": None,
            "body": None,
            "object": None,
            "command": None,
        }
        event = FoldEvent(**{**what, **said})
        self.events[event.id] = event
        self.root.step(event, self.rules)
        return event.id

    def command(self, at: float, command: Command) -> EventId:
        return self.say(at, kind="change", channel=None, direction=None, command=command)

    def reply(self, at: float, **said: Any) -> EventId:
        return self.say(at, direction="outbound", **said)

    def status(self, at: float, status: Any) -> EventId:
        return self.command(at, TicketStatusSet(ticket=self.ticket.id, status=status))

    @property
    def ticket(self) -> Ticket:
        return next(iter(self.root.tickets.values()))

    def clock(self, target: str, which: int = -1) -> Clock:
        return [clock for clock in self.ticket.clocks if clock.target == target][which]


def at(minutes: float) -> datetime:
    return MONDAY + timedelta(minutes=minutes)
