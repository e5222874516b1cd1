"""What types of ticket a desk knows: the fields of each, what may stand in them, and how a ticket may be ended.

Pure: `check_types` looks at what somebody sets up, `checked_fields` at what somebody fills in."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, Literal

import msgspec

from timeline.interactions import InvalidField, check_text
from timeline.ticket_events import FieldValue

Kind = Literal["text", "number", "integer", "boolean", "date", "choice", "multi-choice"]

KEY: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
KEY_WORDS: Final = "expected 1 to 63 small letters, digits, dashes and underscores, a letter first"
MOST_TYPES: Final = 100
MOST_FIELDS: Final = 50
MOST_OPTIONS: Final = 200
MOST_TEXT: Final = 2_000
MOST_NUMBER: Final = 10**15
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One field of a type. `options` are what a choice chooses from, `max_length` is of a text."""

    key: str
    name: str
    kind: Kind
    required: Literal["never", "at_close"] = "never"
    options: tuple[str, ...] = ()
    max_length: int | None = None


class TicketType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One kind of matter."""

    key: str
    name: str
    fields: tuple[Field, ...] = ()


class Disposition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of a ticket, in the desk's own words."""

    key: str
    name: str


class Types(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The section as it is written and kept."""

    types: tuple[TicketType, ...] = ()
    dispositions: tuple[Disposition, ...] = ()
    disposition_required: bool = False

    def named(self, key: str | None) -> TicketType | None:
        return next((one for one in self.types if one.key == key), None)


def check_types(section: Types) -> None:
    """Raises `InvalidField` with the path at fault."""
    _keyed("types", section.types, MOST_TYPES)
    _keyed("dispositions", section.dispositions, MOST_OPTIONS)
    if section.disposition_required and not section.dispositions:
        raise InvalidField("disposition_required", "expected dispositions to choose from")
    for at, one in enumerate(section.types):
        _keyed(f"types[{at}].fields", one.fields, MOST_FIELDS)
        for index, field in enumerate(one.fields):
            _check_field(f"types[{at}].fields[{index}]", field)


def _keyed(path: str, things: Iterable[Any], most: int) -> None:
    keys: set[str] = set()
    for at, one in enumerate(things):
        if at >= most:
            raise InvalidField(path, f"expected at most {most}")
        if not KEY.fullmatch(one.key):
            raise InvalidField(f"{path}[{at}].key", KEY_WORDS)
        if one.key in keys:
            raise InvalidField(f"{path}[{at}].key", f"{one.key} is there already")
        if not one.name.strip() or len(one.name) > 100:
            raise InvalidField(f"{path}[{at}].name", "expected 1 to 100 characters")
        keys.add(one.key)


def _check_field(path: str, field: Field) -> None:
    chooses = field.kind in ("choice", "multi-choice")
    if bool(field.options) != chooses:
        raise InvalidField(
            f"{path}.options", "expected what to choose from" if chooses else "only a choice has options"
        )
    if len(field.options) > MOST_OPTIONS or len({*field.options}) < len(field.options):
        raise InvalidField(f"{path}.options", f"expected at most {MOST_OPTIONS}, each once")
    if any(not option.strip() or len(option) > 100 for option in field.options):
        raise InvalidField(f"{path}.options", "expected 1 to 100 characters each")
    if field.max_length is not None and (field.kind != "text" or not 1 <= field.max_length <= MOST_TEXT):
        raise InvalidField(f"{path}.max_length", f"expected 1 to {MOST_TEXT}, of a text")


def checked_fields(kind: TicketType | None, filled: Mapping[str, Any]) -> dict[str, FieldValue | None]:
    """What is filled in, as it is kept; null empties a field. Raises `InvalidField` with the path at fault."""
    fields = {field.key: field for field in kind.fields} if kind is not None else {}
    checked: dict[str, FieldValue | None] = {}
    for key, value in filled.items():
        path = f"fields.{key[:100]}"
        if value is not None and key not in fields:
            known = ", ".join(fields) or "none: the ticket has no type with fields"
            raise InvalidField(path, f"no field of the ticket's type; these are: {known}")
        checked[key] = None if value is None else _checked(path, fields[key], value)
    return checked


def _checked(path: str, field: Field, value: Any) -> FieldValue:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match field.kind:
        case "boolean" if isinstance(value, bool):
            return value
        case "integer" if number and value == int(value) and abs(value) <= MOST_NUMBER:
            return int(value)
        case "number" if number and math.isfinite(value) and abs(value) <= MOST_NUMBER:
            return int(value) if value == int(value) else value
        case "date" if isinstance(value, str) and _is_date(value):
            return value
        case "text" if isinstance(value, str):
            return _text(path, value, field.max_length or MOST_TEXT)
        case "choice" if value in field.options:
            return str(value)
        case "multi-choice" if isinstance(value, list) and all(one in field.options for one in value):
            return tuple(option for option in field.options if option in value)
        case _:
            raise InvalidField(path, f"expected {_wanted(field)}")


def _text(path: str, value: str, most: int) -> str:
    check_text(path, value)
    if not value.strip() or len(value) > most:
        raise InvalidField(path, f"expected 1 to {most} characters")
    return value


def _is_date(value: str) -> bool:
    try:
        return _DATE.fullmatch(value) is not None and date.fromisoformat(value).year > 0
    except ValueError:
        return False


def _wanted(field: Field) -> str:
    match field.kind:
        case "number":
            return f"a number up to {MOST_NUMBER:,}"
        case "integer":
            return f"a whole number up to {MOST_NUMBER:,}"
        case "boolean":
            return "true or false"
        case "date":
            return "a date, such as 2026-10-23"
        case "text":
            return "a text"
        case "choice":
            return f"one of {', '.join(field.options)}"
        case "multi-choice":
            return f"a list of {', '.join(field.options)}"


def missing_at_close(section: Types, kind: str | None, fields: Iterable[str]) -> str | None:
    """The first field of a type that has to be filled before a ticket of it ends."""
    known, filled = section.named(kind), {*fields}
    required = (one.key for one in (known.fields if known else ()) if one.required == "at_close")
    return next((key for key in required if key not in filled), None)
