"""The product's pure fold over a whole small ledger, in the words in which the oracle answers."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from tests.laws.ticket_records import NO_TICKET, NOT_ALLOWED, Derived, OEvent, OMerge, OPolicy, OTicket
from timeline import events as happened
from timeline import ticket_events as lived
from timeline.tickets import fold
from timeline.tickets.fold import Root
from timeline.tickets.items import FoldEvent, Written
from timeline.tickets.policy import TicketPolicy, Versions, rules_of
from timeline.tickets.ticket import Ticket

REASONS: Final = {fold.NO_TICKET: NO_TICKET, fold.NO_MOVE: NOT_ALLOWED}
PLAIN: Final = (
    "opened_position", "position", "version", "status", "subject", "priority", "type", "queue", "assignee", "waiting",
    "history", "reopened", "follow_up_of", "joined_into", "opened_at", "opened_now", "last_at", "last_now", "asked_at",
    "waiting_since", "first_customer_at", "last_customer_at", "last_agent_at", "snoozed", "snoozed_until",
    "reminded_at", "resolves_at", "reminds_at", "disposition", "confirmed", "first_reply_at",
    "ended_at", "resolved_at", "closed_at", "closes_at",
)  # fmt: skip
LISTS: Final = ("tags", "channels", "objects", "parts")

Shown = dict[str, Any]
"""A ticket's every field, as both sides are brought to it."""
Answer = tuple[dict[Any, Shown], set[tuple[Any, Any]], dict[Any, str]]
"""Tickets, items (event, ticket), voids with their reasons."""


def shown(ticket: Ticket) -> Shown:
    fields = {name: getattr(ticket, name) for name in PLAIN} | {name: list(getattr(ticket, name)) for name in LISTS}
    fields |= {"fields": dict(ticket.fields), "contact": ticket.contact_id, "matter": ticket.matter or None}
    return fields | {"items": ticket.items}


def expected(ticket: OTicket, derived: Derived) -> Shown:
    fields = {name: getattr(ticket, name) for name in (*PLAIN, *LISTS, "fields")}
    items = len(ticket.items) + sum(len(derived.tickets[part].items) for part in ticket.parts)
    return fields | {"contact": ticket.contact, "matter": ticket.matter, "items": items}


def known_as(name: Any) -> Any:
    """A name of a case as the product takes it: a UUID, always the same."""
    return name if name is None or isinstance(name, UUID) else uuid.uuid5(uuid.NAMESPACE_OID, str(name))


def command(event: OEvent) -> Any:
    if event.sets is None:
        return None
    what, value = event.sets
    return COMMANDS[what](known_as(event.ticket), value, event)


def moved(ticket: Any, value: Any, _: OEvent) -> Any:
    return happened.TicketStatusSet(ticket=ticket, status=value)


def until(hours: int | None, event: OEvent) -> datetime | None:
    return event.shown + timedelta(hours=hours) if hours else None


COMMANDS: Final[dict[str, Callable[[Any, Any, OEvent], Any]]] = {
    "status": moved,
    "end": lambda t, v, _: happened.TicketStatusSet(ticket=t, status=v[0], disposition=v[1]),
    "third": lambda t, _, __: happened.TicketStatusSet(ticket=t, status="on_hold", waiting="third_party"),
    "assignee": lambda t, v, _: happened.TicketAssigned(ticket=t, assignee=known_as(v)),
    "tags": lambda t, v, _: happened.TicketTagged(ticket=t, added=tuple(v[0]), removed=tuple(v[1])),
    "priority": lambda t, v, _: happened.TicketPrioritised(ticket=t, priority=v),
    "subject": lambda t, v, _: happened.TicketRenamed(ticket=t, subject=v),
    "type": lambda t, v, _: lived.TicketTyped(ticket=t, type=v),
    "fields": lambda t, v, _: lived.TicketFieldsSet(ticket=t, fields=v),
    "queue": lambda t, v, _: lived.TicketQueued(ticket=t, queue=v),
    "snooze": lambda t, v, event: lived.TicketSnoozed(ticket=t, until=until(v, event)),
    "wake": lambda t, _, __: lived.TicketAwoke(ticket=t),
    "resolving": lambda t, _, event: lived.TicketResolved(ticket=t, due=event.shown),
    "reminding": lambda t, _, event: lived.TicketReminded(ticket=t, due=event.shown),
    "confirm": lambda t, v, _: lived.TicketConfirmed(ticket=t, confirmed=v),
    "closing": lambda t, _, event: happened.TicketClosed(ticket=t, due=event.shown),
}


def fold_event(event: OEvent) -> FoldEvent:
    return FoldEvent(
        position=event.position,
        id=known_as(event.id),
        contact_id=known_as(event.contact),
        kind=event.kind,
        channel=event.channel,
        direction=event.direction,
        source=event.source,
        conversation=event.conversation,
        about=known_as(event.about),
        shown_at=event.shown,
        now=event.now,
        history=event.history,
        reminder=event.reminder,
        answered=event.answered,
        begins=event.begins,
        ticket=known_as(event.ticket),
        subject=event.subject,
        body=event.body,
        object=event.object,
        command=command(event),
    )


def versions(policies: Iterable[OPolicy]) -> Versions:
    written = sorted(policies, key=lambda policy: policy.version)
    return Versions(
        kept=tuple(
            (policy.from_position, rules_of(msgspec.convert(policy.words, TicketPolicy), policy.version))
            for policy in written
        )
    )


def folded(
    events: Iterable[OEvent], merges: Iterable[OMerge], homes: Mapping[Any, Any], policies: Iterable[OPolicy]
) -> Answer:
    """As `answer` gives it of the oracle."""
    written, kept = Written(), versions(policies)
    roots = {home: Root(written) for home in homes.values()}
    for thing in sorted([*events, *merges], key=lambda thing: thing.position):
        rules = kept.at(thing.position)
        if isinstance(thing, OMerge):
            one, other = roots[homes[thing.a]], roots[homes[thing.b]]
            one.join(other, thing.position, rules)
            roots = {home: one if root is other else root for home, root in roots.items()}
        elif (event := fold_event(thing)).seeks(rules):
            roots[homes[thing.contact]].step(event, rules)
    tickets = {ticket: shown(state) for root in roots.values() for ticket, state in root.tickets.items()}
    items = {(item.event_id, item.ticket_id) for item in written.items}
    return tickets, items, {void.event_id: REASONS[void.reason] for void in written.voids}


def answer(derived: Derived) -> Answer:
    return (
        {ticket.id: expected(ticket, derived) for ticket in derived.tickets.values()},
        derived.items,
        dict(derived.voids),
    )


def with_uuids(found: Answer) -> Answer:
    """An answer about a case, by the names under which the product knows everything."""
    tickets, items, voids = found
    names = ("contact", "assignee", "follow_up_of", "joined_into")
    return (
        {
            known_as(ticket): fields
            | {name: known_as(fields[name]) for name in names}
            | {"parts": [known_as(part) for part in fields["parts"]]}
            for ticket, fields in tickets.items()
        },
        {(known_as(event), known_as(ticket)) for event, ticket in items},
        {known_as(event): reason for event, reason in voids.items()},
    )


def differences(found: Answer, wanted: Answer) -> list[str]:
    """What is wrong, a line each."""
    tickets = [f"ticket too many: {ticket}" for ticket in found[0].keys() - wanted[0].keys()]
    tickets += [f"ticket missing: {ticket}" for ticket in wanted[0].keys() - found[0].keys()]
    tickets += [
        f"ticket {ticket} {name}: {mine[name]!r}, not {theirs[name]!r}"
        for ticket in found[0].keys() & wanted[0].keys()
        for mine, theirs in [(found[0][ticket], wanted[0][ticket])]
        for name in theirs
        if mine[name] != theirs[name]
    ]
    items = [f"item too many: {pair}" for pair in found[1] - wanted[1]]
    items += [f"item missing: {pair}" for pair in wanted[1] - found[1]]
    voids = [
        f"void {event}: {found[2].get(event)}, not {wanted[2].get(event)}"
        for event in {**found[2], **wanted[2]}
        if found[2].get(event) != wanted[2].get(event)
    ]
    return tickets + items + voids
