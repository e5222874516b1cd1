"""The items that edits are about, read from the ledger: an edit carries ids, and what it moves was said before it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from identity.customers import ContactId, WorkspaceId
from timeline.events import EventId
from timeline.store import Db, Row
from timeline.tickets.edits import items_of
from timeline.tickets.items import FoldEvent
from timeline.tickets.streams import READ, fold_event


async def with_items(
    db: Db, workspace: WorkspaceId, events: Sequence[FoldEvent], placed: Mapping[EventId, ContactId] | None = None
) -> list[FoldEvent]:
    """The events, edits with their items; `placed` says of items where they stand, if that is elsewhere."""
    named = {item for event in events if event.edit is not None for item in items_of(event.edit)}
    if not named:
        return list(events)
    where = placed or {}
    items = {
        row["id"]: fold_event(row, where.get(row["id"]) or where.get(row["about"]) or row["contact_id"])
        for row in await _events(db, workspace, list(named))
    }
    return [
        event
        if event.edit is None
        else msgspec.structs.replace(event, moved=tuple(items[i] for i in items_of(event.edit) if i in items))
        for event in events
    ]


async def _events(db: Db, workspace: WorkspaceId, ids: Sequence[UUID]) -> list[Row]:
    return await db.fetch(
        f"SELECT {READ} FROM event e WHERE e.workspace_id = $1 AND e.id = ANY($2::uuid[])", workspace, ids
    )
