"""Editing tickets: make two one, split items off, file an item, link; each is an event, and undone by an event."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.identity import PREVIEW
from app.api.routes import Route, route
from app.db import Db
from identity.errors import NotFound
from timeline import edit_reading, editing
from timeline.acting import Ask, perform
from timeline.commands import SetQueue
from timeline.editing import LinkKind, Undone
from timeline.events import Actor
from timeline.tickets.naming import find_tickets
from timeline.tickets.projection import TicketRef
from timeline.tickets.reading import TicketView, read_ticket
from timeline.tickets.ticket import TicketId

_REFUSES: Final = frozenset({404, 409, 412, 422})
Version = Annotated[int, msgspec.Meta(ge=0, le=999_999_999)]


class MergeTickets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`other`, by id or number, becomes part of the ticket in the path. `version` is the one that was seen of that."""

    other: str | int
    version: Version | None = None


class SplitTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Items, by their event ids, that become a ticket of their own; without a subject it is called by the first."""

    items: list[str]
    subject: str | None = None
    version: Version | None = None


class FileItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item for the ticket in the path: `move` takes it out of the one that it is in, `share` leaves it there too."""

    event: str
    mode: Literal["move", "share"] = "move"
    version: Version | None = None


class LinkTickets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `other`, by id or number, is to the ticket in the path, whosever it is."""

    other: str | int
    kind: LinkKind


class UndoEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None


class OpenBackstage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done, and the queue where it waits."""

    subject: str
    queue: str | None = None


class BackstagePage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[TicketRef]
    next: None = None


class EditMade(msgspec.Struct, frozen=True, kw_only=True):
    """The edit, by which it is undone, and the ticket: the one that carries on, or the new one."""

    edit_id: UUID
    ticket: TicketView


class EditView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done to a ticket and which items it has. `other_id` is the ticket that became part, the new
    one, or the one that the item was in."""

    id: UUID
    kind: str
    ticket_id: UUID
    other_id: UUID | None
    items: list[UUID]
    actor: Actor
    decided_at: datetime
    undone_by: UUID | None
    undone_at: datetime | None


class EditPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[EditView]
    next: None = None


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that has to do with the one in the path; `kind` is what it is to that. `id` undoes the link."""

    id: UUID
    kind: str
    ticket: TicketRef
    actor: Actor
    linked_at: datetime


class LinkPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[LinkView]
    next: None = None


@route("POST", "/api/v1/tickets/{ticket}/merge", "desk", takes=MergeTickets, answers={200: EditMade}, refuses=_REFUSES)
async def merge(call: Call) -> Answer:
    """Make another ticket of the same customer part of this one. Its number leads here from then on; late replies and
    copies come here."""
    asked = await call.take(MergeTickets)

    async def work(db: Db) -> Answer:
        ticket, other = await tickets_named(db, call, call.request.path_params["ticket"], asked.other)
        made = await editing.merge_tickets(db, call.desk(), Ask(ticket=ticket, version=asked.version), other)
        return await _made(db, call, made, 200)

    return await call.write(work)


@route("POST", "/api/v1/tickets/{ticket}/split", "desk", takes=SplitTicket, answers={201: EditMade}, refuses=_REFUSES)
async def split(call: Call) -> Answer:
    """Give items of a ticket a ticket of their own, as urgent and in the same hands. A conversation goes along where
    its last item does."""
    asked = await call.take(SplitTicket)
    items = [read_id(one) for one in asked.items]

    async def work(db: Db) -> Answer:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        ask = Ask(ticket=ticket, version=asked.version)
        made = await editing.split_ticket(db, call.desk(), ask, items, asked.subject)
        return await _made(db, call, made, 201)

    return await call.write(work)


@route("POST", "/api/v1/tickets/{ticket}/items", "desk", takes=FileItem, answers={200: EditMade}, refuses=_REFUSES)
async def file(call: Call) -> Answer:
    """Give an item of the same customer to this ticket: from the one that it is in, from none, or beside that one."""
    asked = await call.take(FileItem)
    item = read_id(asked.event)

    async def work(db: Db) -> Answer:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        ask = Ask(ticket=ticket, version=asked.version)
        made = await editing.file_item(db, call.desk(), ask, item, asked.mode)
        return await _made(db, call, made, 200)

    return await call.write(work)


@route("POST", "/api/v1/tickets/{ticket}/links", "desk", takes=LinkTickets, answers={201: EditMade}, refuses=_REFUSES)
async def link(call: Call) -> Answer:
    """Say that another ticket, whosever it is, is a duplicate, the parent, a child or a relation of this one. Said
    again it is the same link."""
    asked = await call.take(LinkTickets)

    async def work(db: Db) -> Answer:
        ticket, other = await tickets_named(db, call, call.request.path_params["ticket"], asked.other)
        made = await editing.link_tickets(db, call.desk(), ticket, other, asked.kind)
        return await _made(db, call, made, 201)

    return await call.write(work)


@route("GET", "/api/v1/tickets/{ticket}/links", "read", answers={200: LinkPage})
async def list_links(call: Call) -> Answer:
    """The tickets that this one is linked with."""
    async with call.read() as db:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        links = await edit_reading.links_of(db, call.workspace, ticket)
    return answer(LinkPage(items=[msgspec.convert(one, LinkView, from_attributes=True) for one in links]))


@route("GET", "/api/v1/tickets/{ticket}/edits", "read", answers={200: EditPage})
async def list_edits(call: Call) -> Answer:
    """What was done to this ticket and the items that it has, the oldest first, also what was undone."""
    async with call.read() as db:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        rows = await edit_reading.edits_of(db, call.workspace, ticket)
    return answer(EditPage(items=[EditView(**row) for row in rows]))


@route(
    "POST",
    "/api/v1/tickets/{ticket}/backstage",
    "desk",
    takes=OpenBackstage,
    answers={201: EditMade},
    refuses=_REFUSES,
)
async def open_backstage(call: Call) -> Answer:
    """Open a ticket of our own for a customer's ticket, with notes and a queue of its own. The customer neither sees
    nor answers it, and nothing that the customer says comes to it."""
    asked = await call.take(OpenBackstage)

    async def work(db: Db) -> Answer:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        made = await editing.open_backstage(db, call.desk(), ticket, asked.subject)
        if asked.queue is not None:
            await perform(db, call.desk(), Ask(ticket=made.ticket_id), [SetQueue(queue=asked.queue)])
        return await _made(db, call, made, 201)

    return await call.write(work)


@route("GET", "/api/v1/tickets/{ticket}/backstage", "read", answers={200: BackstagePage})
async def list_backstage(call: Call) -> Answer:
    """The tickets of our own that were opened for this one."""
    async with call.read() as db:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        return answer(BackstagePage(items=await edit_reading.backstage_of(db, call.workspace, ticket)))


@route(
    "POST",
    "/api/v1/edits/{edit_id}/undo",
    "desk",
    query=(PREVIEW,),
    takes=UndoEdit,
    needs_body=False,
    answers={200: Undone},
    refuses=frozenset({404, 409, 422}),
)
async def undo(call: Call) -> Answer:
    """Take an edit or a link back: tickets are what they would be without it, also by what came since. What was asked
    of a ticket that is not there then comes to nothing, and is listed."""
    edit, preview = call.path_id("edit_id"), call.query.flag("preview")
    asked = await call.take(UndoEdit) if await call.body() else UndoEdit()
    desk = call.desk(reason=asked.reason, preview=preview)

    async def work(db: Db) -> Answer:
        return answer(await editing.undo_edit(db, desk, edit))

    return await (call.commit(work) if preview else call.write(work))


async def tickets_named(db: Db, call: Call, *names: str | int) -> list[TicketId]:
    """Tickets by id or number, wherever they went. Raises `NotFound`."""
    found = await find_tickets(db, call.workspace, names)
    if any(str(name) not in found for name in names):
        raise NotFound
    return [found[str(name)].id for name in names]


async def _made(db: Db, call: Call, made: editing.Edited, status: int) -> Answer:
    ticket = await read_ticket(db, call.workspace, str(made.ticket_id))
    return answer(EditMade(edit_id=made.edit_id, ticket=ticket), status)


ROUTES: Final[tuple[Route, ...]] = (
    merge, split, file, link, list_links, list_edits, open_backstage, list_backstage, undo,
)  # fmt: skip
