"""Objects and their types: what an order, a reservation or a type of one's own is, has been, and looks like."""

from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, unquote
from uuid import UUID

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Parameter, Route, route
from app.db import Db
from app.errors import bad_request
from identity.customers import CustomerId
from identity.errors import NotFound
from timeline.interactions import InvalidField, check_name
from timeline.object_reading import ListedObject, ObjectQuery, StateView, read_object, read_objects
from timeline.object_types import BUILT_IN, ObjectType, States, Types
from timeline.objects import TYPES, define

_TEXTS: Final = {"type": "array", "items": {"type": "string", "maxLength": 512}}


class ObjectTypeView(msgspec.Struct, frozen=True, kw_only=True):
    """A type in force, built in while `version` is 0. Where `title` is null, a card shows the type and the id."""

    type: str
    version: int
    built_in: bool
    schema: dict[str, Any] | None
    title: str | None
    states: States
    actor: str | None
    created_at: datetime | None


class ObjectTypePage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[ObjectTypeView]
    next: str | None


class DefineObjectType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a type is to be; what is left out or null is as it is built in, or plain. `schema` is JSON Schema 2020-12,
    `title` a text with places such as {id} and {state.total}, `states` where the status stands and which are known."""

    schema: dict[str, Any] | None = None
    title: str | None = None
    states: States | None = None


class ObjectPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[ListedObject]
    next: str | None


class StatePage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[StateView]
    next: str | None


class ObjectWithHistory(ListedObject, frozen=True, kw_only=True):
    """An object in its newest state, the customers it stands on (at most 200), and a page of its states, the newest
    version first."""

    customers: list[UUID]
    history: StatePage


@route("GET", "/api/v1/object-types", "read", query=(LIMIT, CURSOR), answers={200: ObjectTypePage})
async def list_types(call: Call) -> Answer:
    """Object types, the built-in ones and the workspace's own, in order of their names."""
    limit = call.query.limit()
    after = call.start_of("object types")
    async with call.read() as db:
        types = await TYPES.read(db, call.workspace)
    names = sorted({*BUILT_IN, *types.own})
    if after is not None:
        marks = [_mark_of(name) for name in names]
        if after not in marks:
            raise bad_request("cursor", "this is no cursor of this list")
        names = names[marks.index(after) + 1 :]
    more = call.next_of("object types", [_mark_of(name) for name in names], limit)
    return answer(ObjectTypePage(items=[_view_of(types.of(name)) for name in names[:limit]], next=more))


@route("GET", "/api/v1/object-types/{type}", "read", any_text=True, answers={200: ObjectTypeView})
async def show_type(call: Call) -> Answer:
    """One type as it is in force."""
    (name,) = _texts_in_path(call, "/api/v1/object-types/", 1)
    async with call.read() as db:
        types = await TYPES.read(db, call.workspace)
    if name not in BUILT_IN and name not in types.own:
        raise NotFound
    return answer(_view_of(types.of(name)))


@route(
    "PUT",
    "/api/v1/object-types/{type}",
    "config.write",
    any_text=True,
    takes=DefineObjectType,
    answers={200: ObjectTypeView},
    refuses=frozenset({422}),
)
async def define_type(call: Call) -> Answer:
    """Define a type, from the next push on. A state that its schema does not allow is refused with 400 and the path of
    the fault; what was taken before stays. The definition in force again makes no new version."""
    (name,) = _texts_in_path(call, "/api/v1/object-types/", 1)
    asked = await call.take(DefineObjectType)

    async def work(db: Db) -> Answer:
        made = await define(
            db,
            call.workspace,
            name,
            schema=asked.schema,
            title=asked.title,
            states=asked.states,
            actor=call.caller.actor,
        )
        return answer(_view_of(Types(own={name: made}).of(name)))

    return await call.write(work)


@route(
    "GET",
    "/api/v1/objects",
    "read",
    query=(
        Parameter(name="type", words="Only these types; given twice means or.", schema=_TEXTS),
        Parameter(name="id", words="Only the object with this id; needs a type.", schema={"type": "string"}),
        Parameter(name="customer", words="Only what stands on this customer.", schema={"type": "string"}),
        LIMIT,
        CURSOR,
    ),
    answers={200: ObjectPage},
)
async def list_objects(call: Call) -> Answer:
    """Objects in their newest states, in order of type and id."""
    query, limit = call.query, call.query.limit()
    types, id_, customer = query.texts("type"), query.text("id"), query.text("customer")
    if id_ is not None and not types:
        raise bad_request("id", "an id belongs to a type: give type too")
    listed = f"objects {[*types, '', id_, customer]}"
    after = call.start_of(listed)
    asked = ObjectQuery(
        types=types,
        id_=id_,
        customer=CustomerId(read_id(customer)) if customer is not None else None,
        after=after,
        limit=limit + 1,
    )
    async with call.read() as db:
        found = await read_objects(db, call.workspace, asked)
    more = call.next_of(listed, [one.event_id for one in found], limit)
    return answer(ObjectPage(items=found[:limit], next=more))


@route(
    "GET",
    "/api/v1/objects/{type}/{object_id}",
    "read",
    any_text=True,
    query=(LIMIT, CURSOR),
    answers={200: ObjectWithHistory},
)
async def show_object(call: Call) -> Answer:
    """One object: its newest state, the customers it stands on and its states, the newest version first. A slash in a
    type or an id is sent as %2F; an id of dots alone is found with `GET /api/v1/objects?type=&id=`."""
    name, id_ = _texts_in_path(call, "/api/v1/objects/", 2)
    limit = call.query.limit()
    listed = f"states {[name, id_]}"
    before = call.start_of(listed)
    async with call.read() as db:
        found = await read_object(db, call.workspace, name, id_, before, limit + 1)
    states = found.states[:limit]
    more = call.next_of(listed, [state.event_id for state in found.states], limit)
    fields = {field: getattr(found.object, field) for field in found.object.__struct_fields__}
    return answer(ObjectWithHistory(**fields, customers=found.customers, history=StatePage(items=states, next=more)))


def _texts_in_path(call: Call, before: str, count: int) -> list[str]:
    """The segments behind `before` as they were sent, so that an id may hold any character. Raises `NotFound`."""
    scope: Any = call.request.scope
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    segments = raw.decode("latin-1").removeprefix(before).split("/")
    if len(segments) != count:
        raise NotFound
    try:
        texts = [unquote(segment, errors="strict") for segment in segments]
        for text in texts:
            check_name("", text)
    except (UnicodeDecodeError, InvalidField):
        raise NotFound from None
    return texts


def _mark_of(name: str) -> UUID:
    """What a cursor says of the last type seen."""
    return UUID(bytes=sha256(name.encode()).digest()[:16])


def _view_of(kind: ObjectType) -> ObjectTypeView:
    assert kind.states is not None
    return ObjectTypeView(
        type=kind.type,
        version=kind.version,
        built_in=kind.built_in,
        schema=kind.schema,
        title=kind.title,
        states=kind.states,
        actor=kind.actor,
        created_at=kind.created_at,
    )


ROUTES: Final[tuple[Route, ...]] = (list_types, show_type, define_type, list_objects, show_object)
