"""Where sections read and write: things with routes of their own, a part of the desk's setup, a policy in versions."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import msgspec

from app.api.calls import Answer
from app.api.routes import Route
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Visit
from app.console.sections.declared import Listed, Row, Said, Standing
from app.console.sections.fields import changed, put_at, value_at
from app.errors import Problem
from identity.errors import Impossible, NotFound
from timeline.interactions import InvalidField


def said_by(answer: Answer) -> Row:
    return msgspec.json.decode(answer.body)


def stale(version: int | None) -> Problem:
    return Problem(412, "stale", f"It is at version {version} now.", [("version", f"it is at version {version}")])


class Things:
    """Things with a route to list, show, add and change each."""

    def __init__(
        self,
        lists: Route,
        shows: Route | None = None,
        adds: Route | None = None,
        changes: Route | None = None,
        *,
        parameter: str = "id",
        id: str = "id",  # noqa: A002 - what the API calls it
        depth: int = 1,
        query: Mapping[str, Any] | None = None,
        inside: str = "items",
    ) -> None:
        self._lists, self._shows, self._adds, self._changes = lists, shows, adds, changes
        self._parameter, self._id, self._depth, self._inside = parameter, id, depth, inside
        self._query = dict(query or {})

    async def rows(self, visit: Visit, query: Mapping[str, Any]) -> Listed:
        known = {one.name for one in self._lists.query}
        asked = {name: value for name, value in {**self._query, **query}.items() if name in known and value}
        found = said_by(await ask(visit, self._lists, query=asked))
        return Listed(rows=found[self._inside], next=found.get("next"))

    async def one(self, visit: Visit, key: str) -> tuple[Row, Standing]:
        if self._shows is not None:
            found = said_by(await ask(visit, self._shows, {self._parameter: key}))
            return found, _changed_by(found)
        after: str | None = ""
        while after is not None:
            listed = await self.rows(visit, {"limit": "200", "cursor": after})
            for row in listed.rows:
                if str(row.get(self._id)) == key:
                    return row, _changed_by(row)
            after = listed.next
        raise NotFound

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:
        assert self._adds is not None
        made = said_by(await ask(visit, self._adds, body=values, once=said.once))
        return str(made.get(self._id, "")), made

    async def change(self, visit: Visit, key: str, before: Row, after: Row, said: Said) -> Row:
        assert self._changes is not None
        body = changed(before, after, self._depth)
        if not body:
            return {}
        return said_by(await ask(visit, self._changes, {self._parameter: key}, body=body, once=said.once))

    def path_of(self, field: str, key: str) -> str:  # noqa: ARG002 - the form is the body
        return field


def _changed_by(row: Row) -> Standing:
    """Who changed it last, where it says so."""
    if not row.get("changed_at"):
        return Standing()
    return Standing(actor=row.get("changed_by"), at=datetime.fromisoformat(row["changed_at"]))


def _standing(found: Row) -> Standing:
    at = found.get("decided_at")
    return Standing(
        version=found.get("version"),
        actor=found.get("actor"),
        at=datetime.fromisoformat(at) if at else None,
        reason=found.get("reason"),
    )


def _placed(things: list[Row]) -> list[Row]:
    return [{**one, "place": at} for at, one in enumerate(things, 1)]


def _merged(whole: Row, part: Row) -> Row:
    """What is said in place of what is there; what is not said stays."""
    both = {name for name in part if isinstance(part[name], dict) and isinstance(whole.get(name), dict)}
    return {**whole, **part, **{name: _merged(whole[name], part[name]) for name in both}}


def _is_same(known: Row, values: Row, shape: type[msgspec.Struct] | None) -> bool:
    """Whether what is there is what the form says, so that a form sent twice does it once."""
    if shape is None:
        return False
    names = shape.__struct_fields__
    try:
        one, other = (
            msgspec.convert({name: row[name] for name in names if name in row}, shape) for row in (known, values)
        )
    except (msgspec.ValidationError, InvalidField):
        return False
    return one == other


class Part:
    """One part of the desk's setup, which is read and replaced as a whole: `names` are what is replaced. With
    `inside` its things are in there: an object by key, or a list whose things have a `key`; `shape` is what one is."""

    def __init__(
        self,
        shows: Route,
        puts: Route,
        names: Sequence[str],
        inside: str = "",
        shape: type[msgspec.Struct] | None = None,
    ) -> None:
        self._shows, self._puts, self._names, self._inside = shows, puts, tuple(names), inside
        self._shape = shape

    async def _whole(self, visit: Visit) -> tuple[Row, Standing]:
        found = said_by(await ask(visit, self._shows))
        return {name: found[name] for name in self._names}, _standing(found)

    async def rows(self, visit: Visit, query: Mapping[str, Any]) -> Listed:  # noqa: ARG002 - they are few
        whole, standing = await self._whole(visit)
        return Listed(rows=_placed(self._things(whole)), standing=standing)

    def _things(self, whole: Row) -> list[Row]:
        inside = value_at(whole, self._inside, []) if self._inside else []
        if isinstance(inside, dict):
            return [{**one, "key": key} for key, one in inside.items()]
        return list(inside)

    async def one(self, visit: Visit, key: str) -> tuple[Row, Standing]:
        whole, standing = await self._whole(visit)
        if not self._inside:
            return whole, standing
        found = next((one for one in _placed(self._things(whole)) if one["key"] == key), None)
        if found is None:
            raise NotFound
        return found, standing

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:
        whole, _standing = await self._whole(visit)
        there, key = self._things(whole), str(values.get("key") or "")
        known = next((one for one in there if one["key"] == key), None)
        if known is not None and _is_same(known, values, self._shape):
            return key, {}
        if known is not None:
            raise Impossible("key", f"there is one with the key {key} already")
        await self._put(visit, self._with(whole, [*there, values]), key, said)
        return key, {}

    async def change(self, visit: Visit, key: str, before: Row, after: Row, said: Said) -> Row:
        if not changed(before, after):
            return {}
        return await self._put(visit, await self.would_be(visit, key, after), key, said)

    async def would_be(self, visit: Visit, key: str, after: Row) -> Row:
        """All of it, with this in place of what has the key, or as another."""
        whole, _standing = await self._whole(visit)
        if not self._inside:
            return _merged(whole, after)
        there = self._things(whole)
        if all(one["key"] != key for one in there):
            return self._with(whole, [*there, after])
        return self._with(whole, [after | {"key": key} if one["key"] == key else one for one in there])

    async def remove(self, visit: Visit, key: str, said: Said) -> None:
        whole, _standing = await self._whole(visit)
        left = [one for one in self._things(whole) if one["key"] != key]
        await self._put(visit, self._with(whole, left), key, said)

    async def move(self, visit: Visit, key: str, place: float, said: Said) -> None:
        """Put one before others: the first that fits is taken. Raises `Impossible` for no place of the list."""
        await self.one(visit, key)
        whole, _standing = await self._whole(visit)
        things = self._things(whole)
        if place not in range(1, len(things) + 1):
            raise Impossible("place", _("expected a place from 1 to %(last)s", last=len(things)))
        rest = [other for other in things if other["key"] != key]
        rest.insert(int(place) - 1, next(one for one in things if one["key"] == key))
        await self._put(visit, self._with(whole, rest), key, said)

    def _with(self, whole: Row, things: list[Row]) -> Row:
        whole = msgspec.json.decode(msgspec.json.encode(whole))
        if isinstance(value_at(whole, self._inside), dict):
            put_at(whole, self._inside, {one["key"]: {k: v for k, v in one.items() if k != "key"} for one in things})
        else:
            put_at(whole, self._inside, things)
        return whole

    async def _put(self, visit: Visit, whole: Row, key: str, said: Said) -> Row:
        body = {**whole, "reason": said.reason or None}
        try:
            return said_by(await ask(visit, self._puts, body=body, version=f'"{said.version}"', once=said.once))
        except Impossible as error:
            raise self._named(error, self._things(whole), key) from None

    def _named(self, error: Impossible, things: list[Row], key: str) -> Impossible:
        """The error with the name of the thing that it is about, where that is another than the form's."""
        found = re.fullmatch(rf"{re.escape(self._inside)}\[(\d+)\](.*)", error.field) if self._inside else None
        if found is None:
            return error
        about = things[int(found[1])]
        if about["key"] != key:
            return Impossible("", f"“{about.get('name') or about['key']}”: {error}")
        return error if found[2] else Impossible("", str(error))

    def path_of(self, field: str, key: str) -> str:
        if not self._inside or not field.startswith(self._inside):
            return field
        rest = field.removeprefix(self._inside)
        if rest.startswith("["):
            return rest.partition("]")[2].lstrip(".")
        return unquote(rest).lstrip(".").removeprefix(key).lstrip(".") or "key"


class Policy:
    """A policy of which every version is kept: the newest is in force."""

    def __init__(self, lists: Route, adds: Route, shape: type[msgspec.Struct], *, reasons: bool = True) -> None:
        self._lists, self._adds, self._shape, self._reasons = lists, adds, shape, reasons

    async def rows(self, visit: Visit, query: Mapping[str, Any]) -> Listed:  # noqa: ARG002 - they are few
        return Listed(rows=said_by(await ask(visit, self._lists))["items"])

    async def one(self, visit: Visit, key: str) -> tuple[Row, Standing]:
        versions = (await self.rows(visit, {})).rows
        found = versions[0] if not key else next((one for one in versions if str(one["version"]) == key), None)
        if found is None:
            raise NotFound
        return found["policy"], _standing(found)

    async def add(self, visit: Visit, values: Row, said: Said) -> tuple[str, Row]:  # noqa: ARG002 - there is one
        raise NotFound

    async def change(self, visit: Visit, key: str, before: Row, after: Row, said: Said) -> Row:
        if not changed(before, after):
            return {}
        there, standing = await self.one(visit, key)
        wanted = await self.would_be(visit, after)
        if _is_same(wanted, there, self._shape):
            return there  # sent twice
        if said.version and str(standing.version) != said.version:
            raise stale(standing.version)
        body: Row = {"policy": wanted}
        if self._reasons:
            body["reason"] = said.reason or None
        return said_by(await ask(visit, self._adds, body=body, once=said.once))

    async def would_be(self, visit: Visit, after: Row) -> Row:
        """The policy with this in place of what is in force."""
        return _merged((await self.one(visit, ""))[0], after)

    def path_of(self, field: str, key: str) -> str:  # noqa: ARG002 - there is one
        return field.removeprefix("policy.")
