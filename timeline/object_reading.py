"""One object with all its states and the customers it stands on, and lists of objects."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity import views
from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.errors import Absorbed, NotFound
from timeline import object_views
from timeline.events import EventId
from timeline.objects import TYPES, ObjectView, standing, view
from timeline.store import Db

MOST_CUSTOMERS: Final = 200
_FIRST: Final = ("", "")


class ListedObject(ObjectView, frozen=True, kw_only=True):
    """An object, with the customer on whom its newest state stands."""

    customer_id: CustomerId


class StateView(msgspec.Struct, frozen=True, kw_only=True):
    """One state of an object: the event that told it, and where that stands."""

    version: int | str
    state: msgspec.Raw
    kind: str
    event_id: EventId
    contact_id: ContactId
    customer_id: CustomerId
    shown_at: datetime
    recorded_at: datetime


class ObjectHistory(msgspec.Struct, frozen=True, kw_only=True):
    """An object, the customers it stands on (at most 200), and a page of its states, the newest version first."""

    object: ListedObject
    customers: list[UUID]
    states: list[StateView]


class ObjectQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects to list, in order of type and id. `id_` needs `types`; `after` is an event of the last one seen."""

    types: tuple[str, ...] = ()
    id_: str | None = None
    customer: CustomerId | None = None
    after: UUID | None = None
    limit: int = 50


async def read_objects(db: Db, workspace: WorkspaceId, query: ObjectQuery) -> list[ListedObject]:
    """A page of objects. Raises `NotFound` for a customer or a place in the list that is not there."""
    contacts = await _contacts(db, workspace, query.customer) if query.customer else None
    after = _FIRST
    if query.after is not None:
        named = await object_views.named_by(db, workspace, [query.after])
        if not named:
            raise NotFound
        after = (named[0]["type"], named[0]["id"])
    if query.id_ is not None:
        keys = sorted((name, query.id_) for name in query.types if (name, query.id_) > after)[: query.limit]
    else:
        keys = await object_views.keys(db, workspace, query.types, contacts, after, query.limit)
    return await _listed(db, workspace, keys, contacts) if keys else []


async def read_object(
    db: Db, workspace: WorkspaceId, type_: str, id_: str, before: UUID | None, limit: int
) -> ObjectHistory:
    """One object with its states from behind the one that the event `before` told. Raises `NotFound`."""
    found = await _listed(db, workspace, [(type_, id_)], None)
    if not found:
        raise NotFound
    rows = await object_views.history(db, workspace, type_, id_, before, limit)
    return ObjectHistory(
        object=found[0],
        customers=await object_views.customers(db, workspace, type_, id_, MOST_CUSTOMERS),
        states=[
            StateView(
                version=msgspec.json.decode(row["version"], type=int | str),
                state=msgspec.Raw(row["state"]),
                kind=row["kind"],
                event_id=row["event_id"],
                contact_id=row["contact_id"],
                customer_id=row["customer_id"],
                shown_at=row["shown_at"],
                recorded_at=row["recorded_at"],
            )
            for row in rows
        ],
    )


async def _contacts(db: Db, workspace: WorkspaceId, customer: CustomerId) -> list[ContactId]:
    """The contacts of a customer, or of the one that it was merged into."""
    try:
        people = await views.read_people(db, workspace, customer, None, whole=False)
    except Absorbed as absorbed:
        people = await views.read_people(db, workspace, CustomerId(absorbed.survivor), None, whole=False)
    return [contact.id for contact in people.contacts]


async def _listed(
    db: Db, workspace: WorkspaceId, keys: Sequence[tuple[str, str]], contacts: Sequence[ContactId] | None
) -> list[ListedObject]:
    row = await object_views.standing(db, workspace, keys, contacts)
    types = await TYPES.as_at(db, workspace, row["types"])
    listed: list[ListedObject] = []
    for one in standing(row):
        assert one.customer_id is not None
        shown = view(one, types)
        fields = {name: getattr(shown, name) for name in shown.__struct_fields__}
        listed.append(ListedObject(**fields, customer_id=one.customer_id))
    return listed
