"""What was done to a ticket, and the tickets that it is linked with, as they are shown."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from timeline.editing import meant
from timeline.events import Actor
from timeline.store import Db, clock
from timeline.tickets import edit_store
from timeline.tickets.naming import refs_of
from timeline.tickets.projection import TicketRef
from timeline.tickets.reading import find_standing
from timeline.tickets.ticket import TicketId

EDITS: Final = ("merge", "split", "move", "share", "backstage")
SHOWN: Final = (
    "id", "kind", "ticket_id", "other_id", "items", "actor", "decided_at", "undone_by", "undone_at",
)  # fmt: skip


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that another is linked with, and what it is to that."""

    id: UUID
    kind: str
    ticket: TicketRef
    actor: Actor
    linked_at: datetime


async def links_of(db: Db, workspace: WorkspaceId, ticket: TicketId) -> list[Link]:
    """The links of a ticket and of its parts; what was joined into another stands for that."""
    mine = await _family(db, workspace, ticket)
    rows = await edit_store.edits_of(db, workspace, mine, edit_store.LINKS, standing=True)
    ends = [meant(row, row["ticket_id"] if row["ticket_id"] in mine else row["other_id"]) for row in rows]
    refs = await refs_of(db, workspace, [TicketId(other) for other, _ in ends], await clock(db))
    return [
        Link(id=row["id"], kind=kind, ticket=ref, actor=row["actor"], linked_at=row["decided_at"])
        for row, (other, kind) in zip(rows, ends, strict=True)
        if (ref := refs.get(TicketId(other))) is not None and ref.id not in mine
    ]


async def backstage_of(db: Db, workspace: WorkspaceId, ticket: TicketId) -> list[TicketRef]:
    """The tickets of our own that were opened for a ticket or one of its parts."""
    mine = await _family(db, workspace, ticket)
    rows = await edit_store.edits_of(db, workspace, mine, ["backstage"], standing=True)
    opened = [TicketId(row["other_id"]) for row in rows if row["ticket_id"] in mine]
    refs = await refs_of(db, workspace, opened, await clock(db))
    return list({refs[one].id: refs[one] for one in opened if one in refs}.values())


async def edits_of(db: Db, workspace: WorkspaceId, ticket: TicketId) -> list[dict[str, Any]]:
    """The edits that name a ticket or one of its parts, in their order."""
    mine = await _family(db, workspace, ticket)
    rows = await edit_store.edits_of(db, workspace, mine, EDITS, standing=False)
    return [{name: row[name] for name in SHOWN} for row in rows]


async def _family(db: Db, workspace: WorkspaceId, ticket: TicketId) -> list[TicketId]:
    """A ticket, as it is called, with what it is part of today and that one's parts. Raises `NotFound`."""
    standing, _ = await find_standing(db, workspace, str(ticket))
    return list(dict.fromkeys((ticket, standing.id, *standing.parts)))
