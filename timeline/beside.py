"""Writing beside a ticket or an item what somebody did with it: under whose locks, in whose stream, about what."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId
from identity.errors import NotFound
from timeline import store
from timeline.decisions import Desk, lock_customers, time_of
from timeline.errors import StartOver, StillDeriving, TicketElsewhere, TicketStale
from timeline.events import Event, EventId, NewEvent
from timeline.store import Row
from timeline.tickets import edit_store
from timeline.tickets.aiming import Aim, read_aims
from timeline.tickets.ticket import TicketId


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an edit is written: in whose stream, about what, and where it stands by that."""

    contact_id: ContactId
    owner_id: CustomerId
    about: EventId | None
    stands_on: ContactId
    customer_id: CustomerId


async def locked(db: store.Db, desk: Desk, tickets: Sequence[TicketId]) -> list[Aim]:
    aims, _ = await locked_with(db, desk, tickets, [])
    return aims


async def locked_with(
    db: store.Db, desk: Desk, tickets: Sequence[TicketId], items: Sequence[UUID]
) -> tuple[list[Aim], list[Row]]:
    """Tickets and items under the locks of all whose they are. Raises `NotFound`, `TicketElsewhere`, `StartOver`."""
    found = await _read(db, desk, tickets, items)
    locked = _customers(*found)
    await lock_customers(db, desk, sorted(locked))
    found = await _read(db, desk, tickets, items)
    if not _customers(*found) <= locked:
        raise StartOver
    return found


async def _read(
    db: store.Db, desk: Desk, tickets: Sequence[TicketId], items: Sequence[UUID]
) -> tuple[list[Aim], list[Row]]:
    aims = await read_aims(db, desk.workspace, tickets)
    found = [aims[ticket] for ticket in tickets]
    for aim in found:
        if isinstance(aim, TicketElsewhere):
            raise aim
    rows = await edit_store.items_at(db, desk.workspace, items) if items else []
    if len(rows) < len(items):
        raise NotFound
    return [aim for aim in found if isinstance(aim, Aim)], rows


def _customers(aims: Sequence[Aim], rows: Sequence[Row]) -> set[CustomerId]:
    return {customer for aim in aims for customer in aim.customers} | {
        row[whose] for row in rows for whose in ("owner_id", "customer_id")
    }


def check_asked(aim: Aim, version: int | None) -> None:
    if aim.deriving:
        raise StillDeriving
    if version is not None and version != aim.fold.shown_version:
        raise TicketStale(aim.fold.shown_version)


def beside_opening(aim: Aim) -> Place:
    return Place(
        contact_id=aim.opening.contact_id,
        owner_id=aim.opening.owner_id,
        about=aim.opening.about,
        stands_on=aim.opening.stands_on,
        customer_id=aim.customer_id,
    )


def beside_item(row: Row) -> Place:
    """Beside an item: what is about it stands with it, and where a placement carries the item along, so does what is
    about the item's own item."""
    carried = row["placed"] is None and row["stands_on"] != row["contact_id"]
    return Place(
        contact_id=row["contact_id"],
        owner_id=row["owner_id"],
        about=row["about"] if carried else row["id"],
        stands_on=row["stands_on"],
        customer_id=row["customer_id"],
    )


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    id: EventId
    position: int
    place: Place


async def append(db: store.Db, desk: Desk, event: Event, place: Place) -> tuple[Appended, NewEvent]:
    now = await time_of(db, desk)
    new = NewEvent(
        id=EventId(desk.new_id()),
        contact_id=place.contact_id,
        event=event,
        actor=desk.actor,
        about=place.about,
        shown_at=now,
        occurred_at=now,
        recorded_at=now,
    )
    positions = await store.append(db, desk.workspace, [new], [place.owner_id], [0])
    if not positions:
        raise StartOver
    return Appended(id=new.id, position=positions[0], place=place), new
