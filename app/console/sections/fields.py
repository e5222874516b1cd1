"""What a form asks for, as a declaration; and how what the API knows becomes what is typed, and back. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from app.console.language import _
from app.console.sections.kinds import READERS, WRITERS, Kind, Misread

Typed = dict[str, list[str]]
"""A form as it stands: every name with its values."""

MOST_ROWS: Final = 600
_STEP: Final = re.compile(r"[^.\[\]]+")
_MISSING: Final = object()


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    value: str
    label: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a form asks for. `name` is its path in the API's JSON, `look` what its choices are looked up
    under, `default` what holds where nothing is said. `empty`: what an empty one says. `new`: only asked for when a
    thing is made; `columns`: of a kind `rows`; `head` stands above it where a new part of the form begins."""

    name: str
    label: str
    kind: Kind = "text"
    words: str = ""
    default: str = ""
    start: Any = None
    choices: tuple[Choice, ...] = ()
    look: str = ""
    must: bool = False
    empty: Literal["null", "text", "omit"] = "null"
    new: bool = False
    head: str = ""
    columns: tuple["Field", ...] = ()


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """A field as it is shown now."""

    name: str
    field: Field
    text: str = ""
    chosen: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    fault: str = ""
    rows: tuple[tuple["Control", ...], ...] = ()
    places: tuple[str, ...] = ()
    """Of the rows, as they were typed."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a form said: `values` as the API takes them, `faults` by the name of the control, and which row of the form
    each row that was sent is."""

    values: dict[str, Any]
    faults: dict[str, str]
    order: dict[str, list[int]]


def choices(*pairs: tuple[str, str]) -> tuple[Choice, ...]:
    return tuple(Choice(value=value, label=label) for value, label in pairs)


def value_at(data: Any, path: str, missing: Any = None) -> Any:
    """What stands at a path of names."""
    for step in path.split(".") if path else ():
        if not isinstance(data, Mapping) or step not in data:
            return missing
        data = data[step]
    return data


def put_at(data: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for step in way:
        data = data.setdefault(step, {})
    data[last] = value


# -- what is known, as it is typed -------------------------------------------------------------------------------------


def typed_of(fields: Iterable[Field], data: Mapping[str, Any], zone: Any) -> Typed:
    """The form that shows `data`; what is not there stands as the field starts."""
    typed: Typed = {}
    for field in fields:
        value = value_at(data, field.name, _MISSING)
        if value is _MISSING:
            value = field.start
        if field.kind == "rows":
            for at, row in enumerate(value or ()):
                inner = typed_of(field.columns, row, zone)
                typed.update({f"{field.name}.{at}.{name}": said for name, said in inner.items()})
        else:
            typed[field.name] = [] if value is None else WRITERS[field.kind](value, zone)
    return typed


# -- what was typed, as the API takes it -------------------------------------------------------------------------------


def taken(fields: Iterable[Field], typed: Typed, zone: Any) -> Taken:
    """Read a form. What cannot be read has a fault, and no value."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    order: dict[str, list[int]] = {}
    for field in fields:
        if field.kind == "rows":
            put_at(values, field.name, _taken_rows(field, typed, zone, faults, order))
            continue
        try:
            read = _read(field, typed.get(field.name, []), zone)
        except Misread as misread:
            faults[field.name] = str(misread)
            continue
        if read is not msgspec.UNSET:
            put_at(values, field.name, read)
    return Taken(values=values, faults=faults, order=order)


def _read(field: Field, said: list[str], zone: Any) -> Any:
    said = [one for one in said if one.strip()] if field.kind != "secret" else [one for one in said if one]
    if not said and field.must and field.kind != "flag":
        raise Misread(_("This is needed."))
    if not said and field.kind not in ("several", "lines", "words", "flag", "spans", "holidays"):
        return {"null": None, "text": "", "omit": msgspec.UNSET}[field.empty]
    return READERS[field.kind](said, zone)


def _taken_rows(
    field: Field, typed: Typed, zone: Any, faults: dict[str, str], order: dict[str, list[int]]
) -> list[dict[str, Any]]:
    """Rows in the order that they are numbered; those that are empty or taken away are none."""
    kept: list[tuple[float, int, dict[str, Any]]] = []
    for at in sorted(_rows_of(field.name, typed)):
        prefix = f"{field.name}.{at}."
        inner = {name.removeprefix(prefix): said for name, said in typed.items() if name.startswith(prefix)}
        if inner.get("gone") or not _is_filled(field, inner):
            continue
        row = taken(field.columns, inner, zone)
        faults.update({prefix + name: words for name, words in row.faults.items()})
        kept.append((_place(inner, at), at, row.values))
    kept.sort(key=lambda one: one[:2])
    order[field.name] = [at for _place, at, _row in kept]
    return [row for _place, _at, row in kept]


def _is_filled(field: Field, inner: Typed) -> bool:
    """Whether something of a row is another than in a new one."""
    for one in field.columns:
        fresh = [] if one.start is None else WRITERS[one.kind](one.start, None)
        if [text for text in inner.get(one.name, []) if text.strip()] not in ([], fresh):
            return True
    return False


def _place(inner: Typed, at: int) -> float:
    try:
        return float(inner.get("place", [""])[-1])
    except ValueError:
        return at + 1


def _rows_of(name: str, typed: Typed) -> set[int]:
    heads = (one.removeprefix(f"{name}.").partition(".")[0] for one in typed if one.startswith(f"{name}."))
    return {int(head) for head in heads if head.isdigit() and len(head) < 5 and int(head) < MOST_ROWS}


# -- what is shown -----------------------------------------------------------------------------------------------------


def controls_of(
    fields: Sequence[Field],
    typed: Typed,
    looked: Mapping[str, Sequence[Choice]],
    faults: Mapping[str, str],
    *,
    more: int,
) -> list[Control]:
    """Every field as it is shown; of rows so many empty ones `more`."""
    return [_control(field, field.name, typed, looked, faults, more) for field in fields]


def _control(
    field: Field,
    name: str,
    typed: Typed,
    looked: Mapping[str, Sequence[Choice]],
    faults: Mapping[str, str],
    more: int,
) -> Control:
    if field.kind == "rows":
        there = sorted(_rows_of(name, typed))
        fresh = range(there[-1] + 1 if there else 0, (there[-1] + 1 if there else 0) + more)
        numbers = [*there, *fresh]
        places = [typed.get(f"{name}.{at}.place", [str(place)])[-1] for place, at in enumerate(numbers, 1)]
        rows = [
            tuple(_control(one, f"{name}.{at}.{one.name}", typed, looked, faults, more) for one in field.columns)
            for at in numbers
        ]
        return Control(name=name, field=field, rows=tuple(rows), places=tuple(places), fault=faults.get(name, ""))
    said = typed.get(name, [] if field.start is None else WRITERS[field.kind](field.start, None))
    offered = tuple(looked.get(field.look, ())) if field.look else field.choices
    strange = [one for one in said if one and one not in {choice.value for choice in offered}]
    if field.kind in ("choice", "several") and strange:
        offered = (
            *offered,
            *(Choice(value=one, label=_("%(value)s (not there any more)", value=one)) for one in strange),
        )
    text = said[-1] if said else ""
    return Control(name=name, field=field, text=text, chosen=tuple(said), choices=offered, fault=faults.get(name, ""))


def place_of(path: str, fields: Iterable[Field], order: Mapping[str, list[int]]) -> str:
    """The control that a path of the API's error is about, the nearest one that is shown; empty where none is."""
    steps = _STEP.findall(path)
    best = ""
    for field in fields:
        way = field.name.split(".")
        if steps[: len(way)] == way or (steps and way[: len(steps)] == steps):
            found = _inside(field, steps[len(way) :], order)
            best = found if len(found) > len(best) and (not best or steps[: len(way)] == way) else best
    return best


def _inside(field: Field, rest: list[str], order: Mapping[str, list[int]]) -> str:
    if field.kind != "rows" or not rest or not rest[0].isdigit():
        return field.name
    rows = order.get(field.name, [])
    at = rows[int(rest[0])] if int(rest[0]) < len(rows) else int(rest[0])
    column = place_of(".".join(rest[1:]), field.columns, {}) or field.columns[0].name
    return f"{field.name}.{at}.{column}"


def changed(before: Mapping[str, Any], after: Mapping[str, Any], depth: int = 1) -> dict[str, Any]:
    """What of `after` is another than before, so many names deep."""
    found: dict[str, Any] = {}
    for name, value in after.items():
        was = before.get(name, _MISSING)
        if was == value:
            continue
        nested = depth > 1 and isinstance(value, dict) and isinstance(was, dict)
        found[name] = changed(was, value, depth - 1) if nested else value
    return found


def flat(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its path, lists as one value."""
    if isinstance(data, Mapping) and data:
        for name, value in data.items():
            yield from flat(value, f"{path}.{name}" if path else str(name))
    else:
        yield path, data
