"""What every reader yields: an interaction or a refusal, each with the place it came from."""

import json
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from timeline.interactions import CHANNELS, Interaction, InvalidField, check, check_json, refused_json

KNOWN_CHANNELS: Final = frozenset(CHANNELS)
MAX_DATA: Final = 16 * 1024
_BEGINNING: Final = 4000
_MOST_WORDS: Final = 200

Made = TypeVar("Made")


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction fit for intake; `where` names its line or record for a person."""

    where: str
    item: Interaction


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A line or record that cannot be taken; `field` is empty where no single field is at fault."""

    where: str
    field: str
    words: str


class Unreadable(ValueError):
    """The source as a whole cannot be read; the message says which file and why."""


def load_json(path: Path) -> Any:
    """The document in `path`. Raises `Unreadable`."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Unreadable(f"{path.parent}: there is no {path.name}") from None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"{path}: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except (RecursionError, ValueError) as error:
        raise Unreadable(f"{path}: not JSON that can be read ({type(error).__name__})") from None


def load_table(path: Path) -> dict[str, Any]:
    """Records by their id: a JSON object. Raises `Unreadable`."""
    table = load_json(path)
    if not isinstance(table, dict):
        raise Unreadable(f"{path}: expected one JSON object with a record for each id")
    return table


def place(file: str, id_: str) -> str:
    """Where a record stands, in words that can be printed whatever its id holds."""
    return f"{file} {id_ if id_.isprintable() else ascii(id_)}"[:_MOST_WORDS]


def attempt(where: str, found: list[Refusal], build: Callable[[], Made]) -> Made | None:
    """What `build` makes, or None with the reason added to `found`."""
    try:
        return build()
    except InvalidField as error:
        found.append(Refusal(where=where, field=error.field, words=error.words))
    except msgspec.ValidationError as error:
        fault = refused_json(error, b"")
        found.append(Refusal(where=where, field=fault.field, words=fault.words))
    return None


def checked(where: str, item: Interaction) -> Imported | Refusal:
    """The item with its place, if intake may believe every value of it."""
    try:
        check(item, KNOWN_CHANNELS)
        check_json(msgspec.to_builtins(item))
    except InvalidField as error:
        return Refusal(where=where, field=error.field, words=error.words)
    return Imported(where=where, item=item)


def in_order(read: Iterable[Imported | Refusal]) -> Iterator[Imported | Refusal]:
    """Refusals first, then the items by `occurred_at`; items of one instant keep their order."""
    items: list[Imported] = []
    for one in read:
        if isinstance(one, Imported):
            items.append(one)
        else:
            yield one
    yield from sorted(items, key=attrgetter("item.occurred_at"))


def bounded(value: Any) -> Any:
    """`value`, or only how it begins where its JSON is longer than `MAX_DATA` bytes."""
    text = json.dumps(value)
    if len(text) <= MAX_DATA:
        return value
    return {"truncated": True, "bytes": len(text), "begins": text[:_BEGINNING]}
