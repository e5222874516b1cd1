"""What a command needs to know of its ticket: as it is kept, whose it is, in which streams what it does will lie."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.errors import Impossible, NotFound
from timeline import store
from timeline.errors import TicketElsewhere
from timeline.events import EventId
from timeline.store import Db, Row
from timeline.tickets import reading, views
from timeline.tickets.ticket import Ticket, TicketId

_REACHED_BY: Final = {
    "email": ("email",),
    "web_form": ("email", "phone"),
    "sms": ("phone",),
    "voice": ("phone",),
    "chat": ("visitor", "account", "handle"),
    "social": ("handle",),
}
_ANYHOW: Final = ("email", "phone", "handle", "account", "external")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An item that something is about: the contact in whose stream it lies and whose that one is, the contact that it
    stands on, and the identifier by which the first is reached on the item's channel."""

    about: EventId
    contact_id: ContactId
    owner_id: CustomerId
    stands_on: ContactId
    channel: str | None = None
    point: dict[str, str] | None = None
    subject: str | None = None


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that something is asked of. `deriving`: the tickets of its customer wait for a job."""

    fold: Ticket
    customer_id: CustomerId
    deriving: bool
    opening: Place
    answered: Place | None = None

    @property
    def customers(self) -> set[CustomerId]:
        places = (self.opening, self.answered or self.opening)
        return {self.customer_id, *(place.owner_id for place in places)}


async def read_aims(
    db: Db, workspace: WorkspaceId, tickets: Sequence[TicketId]
) -> dict[TicketId, Aim | TicketElsewhere]:
    """Tickets of the registry, or where they went."""
    aims: dict[TicketId, Aim | TicketElsewhere] = {}
    for row in await views.aims(db, workspace, tickets):
        fold = msgspec.json.decode(row["fold"], type=Ticket)
        if fold.joined_into is None:
            opening = Place(
                about=EventId(fold.id),
                contact_id=row["contact_id"],
                owner_id=row["owner_id"],
                stands_on=fold.contact_id,
            )
            aims[fold.id] = Aim(fold=fold, customer_id=row["customer_id"], deriving=row["deriving"], opening=opening)
    for ticket in tickets:
        if ticket not in aims:
            aims[ticket] = await reading.where_it_went(db, workspace, ticket)
    return aims


async def at_item(db: Db, workspace: WorkspaceId, aim: Aim, about: UUID | None) -> Aim:
    """The aim with the item that a reply or note is about: the customer's latest message where none is named.

    Raises `NotFound` for an event that is nobody's, `Impossible` for one that is no item of this ticket."""
    tickets = (aim.fold.id, *aim.fold.parts)
    event = about or await views.latest_inbound(db, workspace, tickets) or aim.fold.id
    row = await views.item(db, workspace, tickets, event)
    if row is None:
        if await store.event(db, workspace, event) is None:
            raise NotFound
        raise Impossible("about", "expected an item of this ticket")
    if row["about"] is not None:  # a placement carries what is about its item, and nothing that is about that
        row = await views.item(db, workspace, tickets, row["about"]) or row
    return msgspec.structs.replace(aim, answered=_place(row))


def _place(row: Row) -> Place:
    held = msgspec.json.decode(row["held"] or b"[]", type=list[Held])
    said = msgspec.json.decode(row["said"] or b"null", type=list[Said] | None) or []
    return Place(
        about=row["id"],
        contact_id=row["contact_id"],
        owner_id=row["owner_id"],
        stands_on=row["stands_on"] or row["contact_id"],
        channel=row["channel"],
        subject=row["subject"],
        point=point_of(row["channel"], said, held),
    )


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier that a contact holds."""

    kind: str
    scope: str
    value: str
    raw: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier as an item told it."""

    kind: str
    value: str


def point_of(channel: str | None, said: Sequence[Said], held: Sequence[Held]) -> dict[str, str] | None:
    """By what a contact is reached on a channel: what the item itself told, else the first that it holds."""
    told = {(one.kind, one.value.strip().casefold()) for one in said}
    kinds = _REACHED_BY.get(channel or "", _ANYHOW)
    fitting = [one for kind in kinds for one in held if one.kind == kind]
    fitting.sort(key=lambda one: not told & {(one.kind, one.raw.casefold()), (one.kind, one.value.casefold())})
    if not fitting:
        return None
    found = {"kind": fitting[0].kind, "value": fitting[0].value}
    return found | {"scope": fitting[0].scope} if fitting[0].scope else found
