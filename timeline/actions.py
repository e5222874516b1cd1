"""Perform commands on a ticket: ask whether they may be, and append what they do to it as events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.errors import Impossible
from timeline import store
from timeline.addressing import Addressed, answered_subject
from timeline.commands import (
    MOST_TAGS,
    AddNote,
    Assign,
    Change,
    Command,
    Life,
    Reply,
    SetFields,
    SetPriority,
    SetQueue,
    SetSubject,
    SetType,
    Tag,
)
from timeline.decisions import Desk
from timeline.errors import StartOver, StillDeriving, TicketElsewhere, TicketStale
from timeline.events import (
    Event,
    EventId,
    MessageRecorded,
    NewEvent,
    NoteRecorded,
    TicketAssigned,
    TicketPrioritised,
    TicketRenamed,
    TicketTagged,
)
from timeline.interactions import InvalidField
from timeline.living import lived
from timeline.ticket_events import TicketFieldsSet, TicketQueued, TicketTyped
from timeline.tickets.aiming import Aim, Place
from timeline.tickets.carrying import refilled, retagged
from timeline.tickets.fold import Root
from timeline.tickets.items import Written
from timeline.tickets.policy import Rules
from timeline.tickets.projection import fold_event
from timeline.tickets.ticket import Ticket, as_of
from timeline.tickets.types import checked_fields

MAIL: Final = "email"
FORM: Final = "web_form"
NO_POINT: Final = "nothing is known by which this contact is reached on this channel"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What commands are decided under. `retired` are agents who work no more."""

    desk: Desk
    rules: Rules
    now: datetime
    cause: str
    retired: set[UUID]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """An event about to be appended to its owner's stream, the contact that it stands on, and that one's customer."""

    event: NewEvent
    owner_id: CustomerId
    stands_on: ContactId
    customer_id: CustomerId


def plan(terms: Terms, aim: Aim | TicketElsewhere, version: int | None, commands: Sequence[Command]) -> list[Made]:
    """The events of some commands, found by stepping the ticket as the fold will. `version` is what the
    asker saw (None: whatever it is).

    Raises `TicketElsewhere`, `StillDeriving`, `TicketStale`, `Impossible`."""
    if isinstance(aim, TicketElsewhere):
        raise aim
    if aim.deriving:
        raise StillDeriving
    if version is not None and version != aim.fold.shown_version:
        raise TicketStale(aim.fold.shown_version)
    root = Root(Written())
    root.load(as_of(aim.fold, terms.now))
    made: list[Made] = []
    for command in commands:
        ticket = root.tickets[aim.fold.id]
        one = _made(terms, command, ticket, aim)
        if one is not None:
            made.append(one)
            folded = fold_event(one.event, ticket.position + 1)
            assert folded is not None
            root.step(folded, terms.rules)
    return made


def _made(terms: Terms, command: Command, ticket: Ticket, aim: Aim) -> Made | None:
    """None where the ticket is so already."""
    if isinstance(command, Reply | AddNote):
        assert aim.answered is not None
        if isinstance(command, Reply):
            _check_reply(command, ticket, aim.answered)
        place, event = aim.answered, _said(terms, command, ticket, aim.answered)
    else:
        place, event = aim.opening, _happened(terms, command, ticket)
    if event is None:
        return None
    new = NewEvent(
        id=EventId(terms.desk.new_id()),
        contact_id=place.contact_id,
        event=event,
        channel=place.channel if isinstance(command, Reply) else None,
        direction="outbound" if isinstance(command, Reply) else "internal" if isinstance(command, AddNote) else None,
        actor=terms.desk.actor,
        about=place.about,
        shown_at=terms.now,
        occurred_at=terms.now,
        recorded_at=terms.now,
    )
    return Made(event=new, owner_id=place.owner_id, stands_on=place.stands_on, customer_id=aim.customer_id)


def _said(terms: Terms, command: Reply | AddNote, ticket: Ticket, place: Place) -> Event:
    data: dict[str, Any] = {"cause": terms.cause}
    if isinstance(command, AddNote):
        if command.mentions:
            data["mentions"] = list(command.mentions)
        return NoteRecorded(body=command.body, ticket_id=ticket.id, data=data)
    mail = _mail_of(command, ticket, place) if place.channel == MAIL else None
    point = {"kind": "email", "value": command.to[0]} if command.to else place.point
    data |= {"to": point, "delivery": "recorded"}
    if point is None:
        data["words"] = NO_POINT
    if mail is not None:
        data["mail"] = msgspec.to_builtins(mail)
    return MessageRecorded(body=command.body, ticket_id=ticket.id, data=data)


def _check_reply(command: Reply, ticket: Ticket, place: Place) -> None:
    if ticket.backstage_of is not None:
        raise Impossible("ticket", "the customer hears nothing of work of our own: write a note")
    if place.channel == FORM and command.names_one:
        return
    if command.is_addressed and place.channel != MAIL:
        raise Impossible("about", "recipients, a subject and files are for answers by mail: this item is none")
    if command.is_addressed and command.to is None and place.point is None:
        raise Impossible("to", NO_POINT)


def _mail_of(command: Reply, ticket: Ticket, place: Place) -> Addressed | None:
    """Whom it goes to, decided now: by default the contact point of the item answered, whatever was merged since."""
    to = command.to if command.to is not None else (place.point["value"],) if place.point is not None else ()
    if not to:
        return None
    return Addressed(
        to=to,
        cc=tuple(one for one in command.cc if one not in to),
        bcc=tuple(one for one in command.bcc if one not in to),
        subject=command.subject or answered_subject(place.subject or ticket.subject),
        attachments=tuple(str(file) for file in command.attachments),
    )


def _happened(terms: Terms, command: Change, ticket: Ticket) -> Event | None:
    if isinstance(command, Life):
        return lived(command, ticket, terms.rules, terms.now, terms.cause)
    if isinstance(command, Assign):
        if command.assignee != ticket.assignee and command.assignee in terms.retired:
            raise Impossible("assignee", "expected the id of an agent who works here")
        event = TicketAssigned(ticket=ticket.id, assignee=command.assignee, cause=terms.cause, reason=command.reason)
        return event if command.assignee != ticket.assignee else None
    if isinstance(command, Tag):
        event = _tagged(command, ticket, terms.cause)
        return event if event.added or event.removed else None
    if isinstance(command, SetPriority):
        event = TicketPrioritised(ticket=ticket.id, priority=command.priority, cause=terms.cause)
        return event if command.priority != ticket.priority else None
    if isinstance(command, SetSubject):
        event = TicketRenamed(ticket=ticket.id, subject=command.subject, cause=terms.cause)
        return event if command.subject != ticket.subject else None
    return _described(terms, command, ticket)


def _described(terms: Terms, command: SetType | SetFields | SetQueue, ticket: Ticket) -> Event | None:
    """What it is about, in the desk's own words."""
    types = terms.rules.desk.types
    if isinstance(command, SetType):
        if command.type is not None and types.named(command.type) is None:
            known = ", ".join(one.key for one in types.types) or "none yet"
            raise Impossible("type", f"expected a ticket type of this desk: {known}")
        event = TicketTyped(ticket=ticket.id, type=command.type, cause=terms.cause)
        return event if command.type != ticket.type else None
    if isinstance(command, SetFields):
        try:
            fields = checked_fields(types.named(ticket.type), command.fields)
        except InvalidField as error:
            raise Impossible(error.field, error.words) from None
        event = TicketFieldsSet(ticket=ticket.id, fields=fields, cause=terms.cause)
        return event if refilled(ticket.fields, event) != ticket.fields else None
    event = TicketQueued(ticket=ticket.id, queue=command.queue, cause=terms.cause, reason=command.reason)
    return event if command.queue != ticket.queue else None


def _tagged(command: Tag, ticket: Ticket, cause: str) -> TicketTagged:
    before, added = {*ticket.tags}, {*command.added} - {*command.removed}
    gone = before - added if command.only else before & {*command.removed}
    event = TicketTagged(
        ticket=ticket.id, added=tuple(sorted(added - before)), removed=tuple(sorted(gone)), cause=cause
    )
    if len(retagged(ticket.tags, event)) > MOST_TAGS:
        raise Impossible("tags", f"a ticket has at most {MOST_TAGS} tags")
    return event


async def append(db: store.Db, workspace: WorkspaceId, made: Sequence[Made]) -> list[int]:
    """Append what was planned, under the customers' locks; returns the positions. Raises `StartOver`."""
    events = [one.event for one in made]
    positions = await store.append(db, workspace, events, [one.owner_id for one in made], [0] * len(made))
    if len(positions) < len(events):
        raise StartOver
    return positions
