"""Orders, reservations, shipments as things with a history: what events say of them, how they stand on customers, and
what their types make of them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.claims import lock_key
from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.errors import Impossible
from identity.store import lock
from identity.views import People
from timeline import object_views
from timeline.events import KIND_OF, EventId, NewEvent, OrderRecorded, Recorded
from timeline.interactions import Interaction, InvalidField, ObjectState, check_name
from timeline.object_schemas import Checker, Fault
from timeline.object_types import ObjectType, States, Status, Types, check_type
from timeline.store import Db, Row, clock

MOST_KEPT: Final = 1_000
MOST_TYPES: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class ObjectView(msgspec.Struct, frozen=True, kw_only=True):
    """An object in its newest state by version. A stub was named by `events` and no state has reached it yet: its
    version, state and status are null, and the rest is of the event that named it last."""

    type: str
    id: str
    version: int | str | None
    state: msgspec.Raw
    title: str
    status: Status | None
    stub: bool
    events: int
    kind: str
    contact_id: ContactId
    event_id: EventId
    shown_at: datetime


class Objects(msgspec.Struct, frozen=True, kw_only=True):
    """The objects of a customer, the latest first and no more than `MOST_OBJECTS`, and how many of all are orders."""

    items: list[ObjectView]
    orders: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An object as a statement reads it. `orders` is how many of its events are of kind order; `all_orders`, on a
    customer, how many objects have such events."""

    type: str
    id: str
    has_state: bool
    version: int | str | None
    state: msgspec.Raw
    kind: str
    contact_id: ContactId
    event_id: EventId
    shown_at: datetime
    events: int
    orders: int
    all_orders: int = 0
    customer_id: CustomerId | None = None


_standing: Final = msgspec.json.Decoder(list[Standing])


def lone_orders(events: Sequence[NewEvent]) -> list[int]:
    """How many orders each event adds by itself: those that name an object are counted by their objects."""
    return [int(isinstance(e.event, OrderRecorded) and e.event.object is None) for e in events]


async def record(db: Db, workspace: WorkspaceId, events: Sequence[NewEvent], positions: Sequence[int]) -> None:
    """Keep what appended events say of objects."""
    mentions = [
        _mention(event, position, event.event.object)
        for event, position in zip(events, positions, strict=True)
        if isinstance(event.event, Recorded) and event.event.object is not None
    ]
    if mentions:
        await object_views.record(db, workspace, mentions)


def _mention(event: NewEvent, position: int, said: ObjectState) -> object_views.Mention:
    has_state = said.state is not None
    return object_views.Mention(
        contact_id=event.contact_id,
        type=said.type,
        id=said.id,
        has_state=has_state,
        rank=rank_of(said.version, event.shown_at, has_state=has_state),
        version=msgspec.json.encode(said.version if has_state else None),
        state=msgspec.json.encode(said.state),
        kind=KIND_OF[type(event.event).__name__],
        event_id=event.id,
        position=position,
        shown_at=event.shown_at,
        recorded_at=event.recorded_at,
    )


def rank_of(version: int | str, shown_at: datetime, *, has_state: bool) -> tuple[int, str]:
    """What events that name an object are compared by: states by version, the others by when they are shown."""
    return rank(version) if has_state else ((shown_at - _EPOCH) // _MICROSECOND, "")


def rank(version: int | str) -> tuple[int, str]:
    """What versions are compared by: numbers as numbers, also when they come as text; other text after its bytes."""
    if isinstance(version, int):
        return version, ""
    return (int(version), "") if version.isascii() and version.isdigit() else (0, version)


async def stand_on(db: Db, workspace: WorkspaceId, event_id: UUID, contacts: Sequence[ContactId]) -> None:
    """Let the object that an item names stand anew on these contacts, after the item was placed or placed back."""
    for row in await object_views.named_by(db, workspace, [event_id]):
        await _gather(db, workspace, row["type"], row["id"], contacts)


async def forget(db: Db, workspace: WorkspaceId, events: Sequence[UUID]) -> None:
    """Drop what some events said of objects, after they were erased. Their contacts' customers are locked."""
    named = await object_views.named_by(db, workspace, events)
    if named:
        await object_views.drop(db, workspace, events)
    for row in named:
        await _gather(db, workspace, row["type"], row["id"], row["contacts"])


async def _gather(db: Db, workspace: WorkspaceId, type_: str, id_: str, contacts: Sequence[ContactId]) -> None:
    await object_views.clear(db, workspace, type_, id_, contacts)
    await object_views.gather(db, workspace, type_, id_, contacts)


def standing(row: Row) -> list[Standing]:
    """The objects in a row that holds them as `objects`."""
    return _standing.decode(row["objects"] or "[]")


def read(row: Row, types: Types) -> Objects:
    """The objects in a row that was read with `object_views.OBJECTS`."""
    found = standing(row)
    return Objects(items=[view(one, types) for one in found], orders=found[0].all_orders if found else 0)


async def read_as_of(db: Db, workspace: WorkspaceId, people: People, at: datetime, types: Types) -> Objects:
    """The objects of a customer as they were; `people` is the customer as of then."""
    moved = [placed for placed in people.placements if placed.contact_id != placed.origin_id]
    mine = {contact.id for contact in people.contacts}
    row = await object_views.as_of(
        db,
        workspace,
        list(mine),
        [placed.event_id for placed in moved if placed.origin_id in mine],
        [(placed.event_id, placed.contact_id) for placed in moved if placed.contact_id in mine],
        at,
    )
    return read(row, types)


def view(one: Standing, types: Types) -> ObjectView:
    """An object with what its type makes of it."""
    card = types.card(one.type, one.id, one.version, msgspec.json.decode(one.state))
    return ObjectView(
        type=one.type,
        id=one.id,
        version=one.version,
        state=one.state,
        title=card.title,
        status=card.status,
        stub=not one.has_state,
        events=one.events,
        kind=one.kind,
        contact_id=one.contact_id,
        event_id=one.event_id,
        shown_at=one.shown_at,
    )


async def first_told(
    db: Db, workspace: WorkspaceId, objects: Sequence[ObjectView], contacts: Sequence[ContactId]
) -> dict[tuple[str, str], datetime]:
    """When each was first heard of on these contacts, by type and id; what was placed there by hand is left out."""
    rows = await object_views.first_told(
        db, workspace, [one.type for one in objects], [one.id for one in objects], contacts
    )
    return {(row["type"], row["id"]): row["since"] for row in rows if row["since"] is not None}


class KnownTypes:
    """What this process knows of every workspace's types. Versions are immutable: what it knows holds while `at`, the
    place in the ledger of the latest one, is the same, and whoever asks read that in the transaction at hand."""

    def __init__(self) -> None:
        self._types: dict[WorkspaceId, Types] = {}
        self._checkers: dict[tuple[WorkspaceId, str, int], Checker | None] = {}

    async def read(self, db: Db, workspace: WorkspaceId) -> Types:
        """The types in force, in this transaction."""
        return await self.as_at(db, workspace, await object_views.types_at(db, workspace))

    async def as_at(self, db: Db, workspace: WorkspaceId, at: int | None) -> Types:
        """The types in force when the latest of their changes is `at`; None: before the first."""
        if at is None:
            return Types()
        known = self._types.get(workspace)
        if known is None or known.at != at:
            if len(self._types) >= MOST_KEPT:
                self._types.clear()
            own = [_type_of(row) for row in await object_views.types(db, workspace)]
            known = self._types[workspace] = Types(at=at, own={one.type: one for one in own})
        return known

    def checker(self, workspace: WorkspaceId, kind: ObjectType) -> Checker | None:
        """What states of a type are checked with; None where it has no schema."""
        if kind.schema is None:
            return None
        name = (workspace, kind.type, kind.version)
        if name not in self._checkers:
            if len(self._checkers) >= MOST_KEPT:
                self._checkers.clear()
            self._checkers[name] = _checker(kind.schema)
        return self._checkers[name]


TYPES: Final = KnownTypes()
"""Of this process."""


def _type_of(row: Row) -> ObjectType:
    return ObjectType(
        type=row["type"],
        version=row["version"],
        schema=msgspec.json.decode(row["schema"]) if row["schema"] else None,
        title=row["title"],
        states=msgspec.json.decode(row["states"], type=States) if row["states"] else None,
        actor=row["actor"],
        created_at=row["created_at"],
    )


def _checker(schema: dict[str, Any]) -> Checker | None:
    """A schema of a time when others were taken refuses nothing."""
    try:
        return Checker(schema)
    except InvalidField:
        return None


async def refused(db: Db, workspace: WorkspaceId, items: Sequence[Interaction], at: int | None) -> dict[int, Fault]:
    """Which items push a state that the schema of its type does not allow, by their place; `at` as in `KnownTypes`."""
    if at is None or all(item.object is None for item in items):
        return {}
    types, faults = await TYPES.as_at(db, workspace, at), dict[int, Fault]()
    for place, item in enumerate(items):
        if item.object is None or item.object.state is None:
            continue
        checker = TYPES.checker(workspace, types.of(item.object.type))
        if checker is None:
            continue
        fault = checker.fault(item.object.state)
        await asyncio.sleep(0)  # a batch of costly states must not hold up everybody else
        if fault is not None:
            faults[place] = Fault(field=f"object.state{fault.field}", words=fault.words)
    return faults


async def define(
    db: Db,
    workspace: WorkspaceId,
    name: str,
    *,
    schema: dict[str, Any] | None,
    title: str | None,
    states: States | None,
    actor: str,
) -> ObjectType:
    """Put a definition of a type in force; the one in force already makes no new version. What the ledger holds is
    never checked again. Raises `InvalidField` and `Impossible`."""
    check_name("type", name)
    check_type(title, states)
    if schema is not None:
        Checker(schema)
    await lock(db, [lock_key(workspace, "object types")])  # places in the ledger are given in the order of commits
    own = {row["type"]: row for row in await object_views.types(db, workspace)}
    asked = {"schema": _json(schema), "title": title, "states": _json(states)}
    if name in own:
        kept = _type_of(own[name])
        if asked == {"schema": _json(kept.schema), "title": kept.title, "states": _json(kept.states)}:
            return kept
    elif len(own) >= MOST_TYPES:
        raise Impossible("type", f"a workspace has at most {MOST_TYPES} types of its own")
    version, now = own[name]["version"] + 1 if name in own else 1, await clock(db)
    await object_views.add_type(db, workspace, name, version, asked, actor, now)
    return ObjectType(
        type=name, version=version, schema=schema, title=title, states=states, actor=actor, created_at=now
    )


def _json(value: Any) -> bytes | None:
    return None if value is None else msgspec.json.encode(value, order="deterministic")
