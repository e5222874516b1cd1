"""Editing tickets: join two, split items off, give an item to another or to one more, link, and take any of it back.

All in the transaction of the caller, who rolls back what raises. What an edit does to tickets says
`timeline.tickets.edits`; here it is asked whether it may be, and appended.
"""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec

from identity import merging
from identity.errors import AlreadyUndone, Impossible, NotFound
from timeline import consequences, store
from timeline.acting import Ask
from timeline.beside import Appended, Place, append, beside_item, beside_opening, check_asked, locked, locked_with
from timeline.commands import MOST_SUBJECT
from timeline.consequences import TicketChanges
from timeline.decisions import Desk, lock_customers, time_of
from timeline.edit_events import (
    BackstageOpened,
    TicketEditUndone,
    TicketItemMoved,
    TicketItemShared,
    TicketLinked,
    TicketsJoined,
)
from timeline.edit_events import TicketSplit as SplitOff
from timeline.errors import StartOver, StillDeriving
from timeline.events import KIND_OF, Event, EventId
from timeline.interactions import InvalidField, check_text
from timeline.reactions import settle
from timeline.store import Row
from timeline.tickets import edit_store, streams
from timeline.tickets.aiming import Aim
from timeline.tickets.edit_store import EditRow
from timeline.tickets.projection import POLICIES
from timeline.tickets.reading import find_standing
from timeline.tickets.ticket import TicketId, as_of

LinkKind = Literal["duplicate", "parent", "child", "related"]
MOST_ITEMS: Final = 200
FOREIGN: Final = "it stands on another customer's thread: place it here first"
OPENED: Final = "it opened the ticket that it is in: merge that ticket, or split others off"


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """An edit that was made, and the ticket that it is an item of: the one that carries on, or the new one."""

    edit_id: EventId
    ticket_id: TicketId


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """An edit that was taken back, and what that made of tickets. A preview has no event."""

    event_id: EventId | msgspec.UnsetType = msgspec.UNSET
    undoes: EventId
    kind: str
    ticket_id: TicketId
    tickets: TicketChanges


# -- two become one --------------------------------------------------------------------------------------------------


async def merge_tickets(db: store.Db, desk: Desk, ask: Ask, other: TicketId) -> Edited:
    """Make `other` part of the ticket; its number answers with the ticket from then on.

    Raises `NotFound`, `TicketElsewhere`, `TicketStale`, `StillDeriving`, `Impossible`."""
    if ask.ticket == other:
        raise Impossible("other", "a ticket cannot be merged with itself")
    one, two = await locked(db, desk, [ask.ticket, other])
    check_asked(one, ask.version)
    check_asked(two, None)
    if one.customer_id != two.customer_id:
        raise Impossible("other", "it is another customer's ticket: merge the customers, or link the tickets")
    now = await time_of(db, desk)
    if as_of(one.fold, now).is_ended and not as_of(two.fold, now).is_ended:
        raise Impossible("other", "an ended ticket takes no live one: open it again, or merge the other way round")
    if one.fold.backstage_of != two.fold.backstage_of:
        raise Impossible("other", "work of our own and a customer's ticket stay apart")
    event = TicketsJoined(ticket=one.fold.id, absorbed=two.fold.id, cause="api")
    made = await _carry_out(db, desk, event, beside_opening(one), "other")
    await _keep(db, desk, made, "merge", one.fold.id, two.fold.id)
    return Edited(edit_id=made.id, ticket_id=one.fold.id)


# -- items go elsewhere ----------------------------------------------------------------------------------------------


async def split_ticket(db: store.Db, desk: Desk, ask: Ask, items: Sequence[UUID], subject: str | None) -> Edited:
    """Give some items of a ticket a ticket of their own. Its id is the first of them, and it answers for ever.

    Raises `NotFound`, `TicketElsewhere`, `TicketStale`, `StillDeriving`, `Impossible`, `InvalidField`."""
    subject = None if subject is None else _subject(subject)
    if not 0 < len(items) <= MOST_ITEMS or len({*items}) < len(items):
        raise InvalidField("items", f"expected 1 to {MOST_ITEMS} items, each once")
    (aim,), rows = await locked_with(db, desk, [ask.ticket], items)
    check_asked(aim, ask.version)
    mine = (aim.fold.id, *aim.fold.parts)
    for at, row in enumerate(rows):
        field = f"items[{items.index(row['id'])}]"
        _check_item(row, aim, field)
        if not row["tickets"] or row["tickets"][0] not in mine:
            raise Impossible(field, "it is not in this ticket, or came to it from another that it is in still")
        if row["tickets"][0] == row["id"]:
            raise Impossible(field, OPENED)
        assert at >= 0
    first = rows[0]
    named = tuple(row["id"] for row in rows)
    kept = await _talks_that_stay(db, desk, rows, mine)
    event = SplitOff(ticket=aim.fold.id, items=named, kept=kept, subject=subject, cause="api")
    made = await _carry_out(db, desk, event, beside_item(first), "items")
    await _keep(db, desk, made, "split", aim.fold.id, first["id"], named)
    return Edited(edit_id=made.id, ticket_id=TicketId(first["id"]))


async def file_item(db: store.Db, desk: Desk, ask: Ask, item: UUID, mode: Literal["move", "share"] = "move") -> Edited:
    """Give an item to a ticket: from the one that it is in or from none, or beside that one.

    Raises `NotFound`, `TicketElsewhere`, `TicketStale`, `StillDeriving`, `Impossible`."""
    (aim,), (row,) = await locked_with(db, desk, [ask.ticket], [item])
    check_asked(aim, ask.version)
    _check_item(row, aim, "event")
    held: Sequence[UUID] = row["tickets"]
    if {*held} & {aim.fold.id, *aim.fold.parts}:
        raise Impossible("event", "it is in this ticket already")
    if aim.fold.backstage_of is not None and row["type"] in ("MessageRecorded", "CallRecorded"):
        raise Impossible("event", "no customer's item comes to work of our own")
    source = None if not held else (await find_standing(db, desk.workspace, str(held[0])))[0]
    if mode == "share":
        if source is None:
            raise Impossible("event", "it is in no ticket yet: move it")
        event: Event = TicketItemShared(ticket=aim.fold.id, event=row["id"], cause="api")
    else:
        if held and held[0] == row["id"]:
            raise Impossible("event", OPENED)
        family = () if source is None else (source.id, *source.parts)
        stays = bool(await _talks_that_stay(db, desk, [row], family))
        event = TicketItemMoved(ticket=aim.fold.id, event=row["id"], kept=stays, cause="api")
    made = await _carry_out(db, desk, event, beside_item(row), "event")
    await _keep(db, desk, made, mode, aim.fold.id, source and source.id, (row["id"],))
    return Edited(edit_id=made.id, ticket_id=aim.fold.id)


async def _talks_that_stay(
    db: store.Db, desk: Desk, rows: Sequence[Row], tickets: Sequence[UUID]
) -> tuple[EventId, ...]:
    """The items whose conversation went on in the tickets that they leave: it stays there."""
    talks = {(row["source"], row["conversation"]) for row in rows if row["source"] and row["conversation"]}
    if not (talks and tickets):
        return ()
    last = await edit_store.last_of_talks(db, desk.workspace, tickets, list(talks))
    going = {row["id"] for row in rows}
    return tuple(
        row["id"] for row in rows if (at := last.get((row["source"], row["conversation"]))) and at not in going
    )


def _check_item(row: Row, aim: Aim, field: str) -> None:
    if row["customer_id"] != aim.customer_id:
        raise Impossible(field, FOREIGN)
    if row["type"] not in KIND_OF:
        raise Impossible(field, "only what was said or recorded goes to another ticket")


def _subject(subject: str) -> str:
    subject = " ".join(subject.split())
    if not 0 < len(subject) <= MOST_SUBJECT:
        raise InvalidField("subject", f"expected 1 to {MOST_SUBJECT} characters")
    check_text("subject", subject)
    return subject


# -- work of our own -------------------------------------------------------------------------------------------------


async def open_backstage(db: store.Db, desk: Desk, ticket: TicketId, subject: str) -> Edited:
    """Open a ticket of our own for a customer's: on the customer's desk contact, where no customer sees or answers it.

    Raises `NotFound`, `TicketElsewhere`, `StillDeriving`, `Impossible`, `InvalidField`."""
    subject = _subject(subject)
    (aim,) = await locked(db, desk, [ticket])
    check_asked(aim, None)
    if aim.fold.backstage_of is not None:
        raise Impossible("ticket", "it is work of our own already")
    homes = await streams.homes(db, desk.workspace, [aim.customer_id])
    contact = await merging.ensure_desk(db, desk.workspace, homes[aim.fold.contact_id], await time_of(db, desk))
    place = Place(
        contact_id=contact,
        owner_id=aim.customer_id,
        about=None,
        stands_on=contact,
        customer_id=aim.customer_id,
    )
    event = BackstageOpened(ticket=aim.fold.id, subject=subject, cause="api")
    made = await _carry_out(db, desk, event, place, "ticket")
    await _keep(db, desk, made, "backstage", aim.fold.id, made.id)
    return Edited(edit_id=made.id, ticket_id=TicketId(made.id))


# -- links -----------------------------------------------------------------------------------------------------------


async def link_tickets(db: store.Db, desk: Desk, ticket: TicketId, other: TicketId, kind: LinkKind) -> Edited:
    """Say that `other` is a duplicate, the parent, a child or a relation of the ticket, whosever it is; once.

    Raises `NotFound`, `TicketElsewhere`, `Impossible`."""
    if ticket == other:
        raise Impossible("other", "a ticket cannot be linked with itself")
    one, two = await locked(db, desk, [ticket, other])
    for row in await edit_store.edits_of(db, desk.workspace, [ticket], edit_store.LINKS, standing=True):
        if meant(row, ticket) == (other, kind):
            return Edited(edit_id=row["id"], ticket_id=ticket)
    if kind in ("parent", "child"):
        child, parent = (one.fold.id, two.fold.id) if kind == "parent" else (two.fold.id, one.fold.id)
        if child in await edit_store.above(db, desk.workspace, parent):
            raise Impossible("other", "a ticket cannot be above itself, and it is already")
    event = TicketLinked(ticket=one.fold.id, event=EventId(two.fold.id), kind=kind)
    made, _ = await append(db, desk, event, beside_opening(one))
    await _keep(db, desk, made, kind, one.fold.id, two.fold.id)
    return Edited(edit_id=made.id, ticket_id=ticket)


INVERSE: Final[dict[str, LinkKind]] = {
    "duplicate": "duplicate", "related": "related", "parent": "child", "child": "parent",
}  # fmt: skip


def meant(row: Row, ticket: UUID) -> tuple[UUID, str]:
    """A link seen from one of its ends: the other end, and what that is."""
    if row["ticket_id"] == ticket:
        return row["other_id"], row["kind"]
    return row["ticket_id"], INVERSE[row["kind"]]


# -- taking back -----------------------------------------------------------------------------------------------------


async def undo_edit(db: store.Db, desk: Desk, edit: UUID) -> Undone:
    """Take an edit or a link back: tickets are what they would be without it, also by what came since.

    Raises `NotFound`, `AlreadyUndone`."""
    row, place = await _standing_edit(db, desk, edit)
    await lock_customers(db, desk, [place.owner_id, place.customer_id])
    if not desk.preview and (row, place) != await _standing_edit(db, desk, edit):
        raise StartOver
    if row["undone_at"] is not None:
        raise AlreadyUndone("this edit was undone before")
    now = await time_of(db, desk)
    edit_id = EventId(row["id"])
    plan = None
    if row["kind"] not in edit_store.LINKS:
        scene = await merging.read_scene(db, desk.workspace, [place.customer_id])
        plan = await consequences.of_undoing(db, desk, scene, edit_id, now)
    done = Undone(
        undoes=edit_id,
        kind=row["kind"],
        ticket_id=row["ticket_id"],
        tickets=plan.told if plan is not None else TicketChanges(),
    )
    if desk.preview:
        return done
    event = TicketEditUndone(ticket=row["ticket_id"], undoes=edit_id, reason=desk.reason)
    made, _ = await append(db, desk, event, place)
    await edit_store.mark_undone(db, desk.workspace, edit_id, made.id, now)
    if plan is not None:
        await consequences.carry_out(db, desk, plan, now)
    return msgspec.structs.replace(done, event_id=made.id)


async def _standing_edit(db: store.Db, desk: Desk, edit: UUID) -> tuple[Row, Place]:
    row = await edit_store.edit(db, desk.workspace, edit)
    found = await edit_store.items_at(db, desk.workspace, [edit])
    if row is None or not found:
        raise NotFound
    at = found[0]
    place = Place(
        contact_id=at["contact_id"],
        owner_id=at["owner_id"],
        about=EventId(edit),
        stands_on=at["stands_on"],
        customer_id=at["customer_id"],
    )
    return row, place


# -- what they have in common ----------------------------------------------------------------------------------------


async def _carry_out(db: store.Db, desk: Desk, event: Event, place: Place, field: str) -> Appended:
    """Append an edit and settle it. Raises `Impossible` where the fold would not have it."""
    made, new = await append(db, desk, event, place)
    versions = await POLICIES.read(db, desk.workspace)
    placed = {made.id: (place.stands_on, place.customer_id)}
    settled = await settle(db, desk.workspace, [new], [made.position], [place.owner_id], versions, placed=placed)
    if settled.deriving:
        raise StillDeriving
    if made.id in settled.voids:
        raise Impossible(field, settled.voids[made.id])
    return made


async def _keep(
    db: store.Db,
    desk: Desk,
    made: Appended,
    kind: str,
    ticket: UUID,
    other: UUID | None,
    items: tuple[UUID, ...] = (),
) -> None:
    row = EditRow(
        id=made.id,
        kind=kind,
        ticket_id=ticket,
        other_id=other,
        items=items,
        contact_id=made.place.contact_id,
        about=made.place.about,
        position=made.position,
        actor=desk.actor,
        decided_at=await time_of(db, desk),
    )
    await edit_store.add_edit(db, desk.workspace, row)
