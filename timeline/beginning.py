"""Writing to a customer first, and noting something down about one: there is no item that it could be about."""

from datetime import datetime
from typing import Any

import msgspec

from identity import merging
from identity.customers import ContactId, CustomerId
from identity.errors import Impossible
from identity.identifiers import normalise
from identity.views import HeldIdentifier, People, read_people
from timeline import store
from timeline.addressing import Addressed
from timeline.commands import AddNote, Reply, checked
from timeline.decisions import Desk, lock_customers, time_of
from timeline.errors import StartOver, StillDeriving
from timeline.events import Event, EventId, MessageRecorded, NewEvent, NoteRecorded
from timeline.reactions import settle
from timeline.tickets.projection import POLICIES, Advanced, TicketRef

EMAIL = "email"
NOT_THEIRS = "expected an address that this customer is known by"


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What was appended, and the ticket that it is in."""

    event_id: EventId
    ticket: TicketRef | None


async def write_first(db: store.Db, desk: Desk, customer: CustomerId, said: Reply, account: str) -> Begun:
    """Write a mail to a customer that answers nothing: it goes out by the account to the one address in `to`, which
    must be the customer's own, and lies with the contact that is known by it. The policy says which open ticket it goes
    on with; where that is none, it opens one.

    Raises `NotFound`, `Absorbed`, `StillDeriving`, `Impossible`, `InvalidField`, `StartOver`."""
    wanted = checked(said)
    assert isinstance(wanted, Reply)
    await lock_customers(db, desk, [customer])
    point = _point(await read_people(db, desk.workspace, customer), wanted)
    mail = Addressed(
        to=(point.value,),
        subject=wanted.subject or "",
        attachments=tuple(str(file) for file in wanted.attachments),
        account=account,
    )
    data: dict[str, Any] = {
        "cause": "api",
        "to": {"kind": EMAIL, "value": point.value},
        "delivery": "recorded",
        "mail": msgspec.to_builtins(mail),
    }
    event = MessageRecorded(subject=wanted.subject, body=wanted.body, data=data, begins=True)
    new = _new(desk, event, point.contact_id, await time_of(db, desk), channel=EMAIL, direction="outbound")
    settled = await _append(db, desk, customer, new)
    if settled.deriving:
        raise StillDeriving
    return Begun(event_id=new.id, ticket=settled.tickets[new.id])


async def note_down(db: store.Db, desk: Desk, customer: CustomerId, note: AddNote) -> Begun:
    """Note something down about a customer, on the desk contact. In a ticket only where the policy opens one for notes.

    Raises `NotFound`, `Absorbed`, `InvalidField`, `StartOver`."""
    wanted = checked(note)
    assert isinstance(wanted, AddNote)
    await lock_customers(db, desk, [customer])
    await read_people(db, desk.workspace, customer, whole=False)
    now = await time_of(db, desk)
    contact = await merging.ensure_desk(db, desk.workspace, customer, now)
    event = NoteRecorded(body=wanted.body, data={"cause": "api"})
    new = _new(desk, event, contact, now, channel=None, direction="internal")
    settled = await _append(db, desk, customer, new)
    return Begun(event_id=new.id, ticket=settled.tickets.get(new.id))


def addresses_of(people: People) -> list[HeldIdentifier]:
    """The addresses that a customer is known by, each once: as the contact holds it that proved it, else that was seen
    on it last; the proved ones first."""
    held = [one for one in people.identifiers if one.kind == EMAIL and one.problem is None]
    found: dict[str, HeldIdentifier] = {}
    for one in sorted(held, key=lambda one: (one.verified, one.last_seen), reverse=True):
        found.setdefault(one.value, one)
    return sorted(found.values(), key=lambda one: (not one.verified, one.value))


def _point(people: People, said: Reply) -> HeldIdentifier:
    (address,) = said.to or ("",)
    value = normalise(EMAIL, address, None, None).value
    found = next((one for one in addresses_of(people) if one.value == value), None)
    if found is None:
        raise Impossible("to", NOT_THEIRS)
    return found


def _new(
    desk: Desk, event: Event, contact: ContactId, now: datetime, *, channel: str | None, direction: str
) -> NewEvent:
    return NewEvent(
        id=EventId(desk.new_id()),
        contact_id=contact,
        event=event,
        channel=channel,
        direction=direction,
        actor=desk.actor,
        shown_at=now,
        occurred_at=now,
        recorded_at=now,
    )


async def _append(db: store.Db, desk: Desk, customer: CustomerId, new: NewEvent) -> Advanced:
    positions = await store.append(db, desk.workspace, [new], [customer], [0])
    if not positions:
        raise StartOver
    versions = await POLICIES.read(db, desk.workspace)
    return await settle(db, desk.workspace, [new], positions, [customer], versions)
