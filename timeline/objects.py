"""Orders, reservations, shipments as things with a history: what pushes say of them, and how they stand on a thread."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from identity.customers import ContactId, WorkspaceId
from timeline import object_views
from timeline.events import CHANGE, KIND_OF, EventId, NewEvent, OrderRecorded, Recorded
from timeline.interactions import ObjectState
from timeline.items import NOTHING
from timeline.store import Db, Row


class ObjectView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest state of one object by version."""

    type: str
    id: str
    version: int | str
    state: msgspec.Raw
    kind: str
    contact_id: ContactId
    event_id: EventId
    shown_at: datetime


_views = msgspec.json.Decoder(list[ObjectView])


async def count_orders(db: Db, workspace: WorkspaceId, events: Sequence[NewEvent]) -> list[int]:
    """How many orders each event adds: several states of one order are one order."""
    named = [(e.contact_id, o.type, o.id) for e in events if (o := _object(e)) is not None]
    known = await object_views.known(db, workspace, named) if named else set()
    return [_new_order(event, known) for event in events]


def _object(event: NewEvent) -> ObjectState | None:
    return event.event.object if isinstance(event.event, Recorded) else None


def _new_order(event: NewEvent, known: set[tuple[ContactId, str, str]]) -> int:
    if not isinstance(event.event, OrderRecorded):
        return 0
    if event.event.object is None:
        return 1
    name = (event.contact_id, event.event.object.type, event.event.object.id)
    if name in known:
        return 0
    known.add(name)
    return 1


async def record(db: Db, workspace: WorkspaceId, events: Sequence[NewEvent]) -> None:
    """Keep what appended events say of objects."""
    newest: dict[tuple[ContactId, str, str], object_views.StateRow] = {}
    for event in events:
        pushed = _object(event)
        if pushed is None:
            continue
        row = object_views.StateRow(
            contact_id=event.contact_id,
            type=pushed.type,
            id=pushed.id,
            rank=rank(pushed.version),
            version=msgspec.json.encode(pushed.version),
            state=msgspec.json.encode(pushed.state),
            kind=KIND_OF[type(event.event).__name__],
            event_id=event.id,
            shown_at=event.shown_at,
        )
        before = newest.get((row.contact_id, row.type, row.id))
        if before is None or row.rank >= before.rank:
            newest[row.contact_id, row.type, row.id] = row
    if newest:
        await object_views.write(db, workspace, list(newest.values()))


def rank(version: int | str) -> tuple[int, str]:
    """What versions are compared by: numbers as numbers, also when they come as text; other text after its bytes."""
    if isinstance(version, int):
        return version, ""
    return (int(version), "") if version.isascii() and version.isdigit() else (0, version)


def read(row: Row) -> list[ObjectView]:
    """The objects in a row that was read with `object_views.OBJECTS`."""
    return _views.decode(row["objects"] or "[]")


async def read_as_of(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], as_of: datetime
) -> list[ObjectView]:
    newest: dict[tuple[str, str], tuple[tuple[int, str], ObjectView]] = {}
    for row in await object_views.as_of(db, workspace, contacts, as_of):
        seen = msgspec.json.decode(row["data"], type=_WithObject).object
        version = rank(seen.version)
        view = ObjectView(
            type=seen.type,
            id=seen.id,
            version=seen.version,
            state=seen.state,
            kind=KIND_OF.get(row["type"], CHANGE),
            contact_id=row["contact_id"],
            event_id=row["id"],
            shown_at=row["shown_at"],
        )
        before = newest.get((seen.type, seen.id))
        if before is None or version >= before[0]:
            newest[seen.type, seen.id] = (version, view)
    return sorted((view for _, view in newest.values()), key=lambda v: v.shown_at, reverse=True)


class _ObjectBytes(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    id: str
    version: int | str = 0
    state: msgspec.Raw = NOTHING


class _WithObject(msgspec.Struct, frozen=True, kw_only=True):
    object: _ObjectBytes
