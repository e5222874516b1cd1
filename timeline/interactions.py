"""The shape that every channel hands in: one exchange, or one pushed fact.

`decode` turns bytes from outside into an `Interaction` or says which field is at fault; nothing behind it
has to doubt a value again.
"""

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from identity.customers import DESK_SOURCE, ContactClaim

Kind = Literal["message", "call", "note", "order", "payment", "shipment", "visit", "fact"]
Direction = Literal["inbound", "outbound", "internal"]

CHANNELS: Final = ("email", "chat", "sms", "voice", "social", "web_form", "orders", "crm", "api")
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2201, 1, 1, tzinfo=UTC)
MAX_IDENTIFIERS: Final = 50
MAX_NAME: Final = 512
MAX_ATTRIBUTES: Final = 100
MAX_ATTRIBUTE_NAME: Final = 100
MAX_ATTRIBUTE: Final = 10_000
MAX_DEPTH: Final = 64
AHEAD: Final = timedelta(minutes=5)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNPRINTABLE = re.compile(r"[\x01-\x08\x0b-\x0c\x0e-\x1f\x7f]")
_LONG_NUMBER = re.compile(rb"\d{19}")


class InvalidField(ValueError):
    """A value from outside that cannot be taken: `field` is its path, `words` says what was expected."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(f"{field}: {words}" if field else words)
        self.field = field
        self.words = words


class ObjectState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One state of an order, a reservation, a shipment. The greatest `version` is the newest state."""

    type: str
    id: str
    version: int | str = 0
    state: Any = None


class Interaction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One exchange or one pushed fact; `source` and `source_id` name it for ever."""

    source: str
    source_id: str
    kind: Kind
    channel: str
    direction: Direction
    occurred_at: datetime
    contact: ContactClaim
    conversation: str | None = None
    subject: str | None = None
    body: str | None = None
    data: dict[str, Any] | None = None
    object: ObjectState | None = None
    ticket: str | int | None = None


_decoder = msgspec.json.Decoder(Interaction)
_PATH = re.compile(r" - at `(?:key in )?\$\.?(.*?)`\Z")
_STEP = re.compile(r"[^.\[\]]+")
_NAMED = re.compile(r"(?:required|unknown) field `(.*?)`")


def decode(raw: bytes, channels: frozenset[str]) -> Interaction:
    """The interaction in `raw` (JSON), checked; `channels` are those that the workspace knows.

    Raises `InvalidField`."""
    try:
        item = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refused_json(error, raw, Interaction) from None
    check(item, channels)
    if b"\\u0000" in raw or raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or _LONG_NUMBER.search(raw):
        check_json(msgspec.to_builtins(item))
    return item


def refused_json(error: Exception, raw: bytes, kind: Any = None) -> InvalidField:
    """What is wrong with `raw`, which msgspec refused with `error`, and where; of a `kind` that is given, also what a
    word could have been."""
    if isinstance(error, RecursionError):
        return InvalidField("", f"JSON nested deeper than {MAX_DEPTH} levels")
    if not isinstance(error, msgspec.ValidationError):
        return _culprit(raw) or InvalidField("", str(error))
    words = str(error)
    path, named = _PATH.search(words), _NAMED.search(words)
    field = ".".join(part for part in (path and path[1], named and named[1]) if part)
    words = _PATH.sub("", words)
    known: list[str] = []
    if kind is not None and words.startswith("Invalid enum value"):
        known = [word for one in _schemas_at(kind, field) for word in one.get("enum", ()) if isinstance(word, str)]
    elif kind is not None and words.startswith("Object contains unknown field"):
        known = [name for one in _schemas_at(kind, path[1] if path else "") for name in one.get("properties", ())]
    if known:
        words += f": expected one of {', '.join(known)}"
    return InvalidField(field, words)


def _schemas_at(kind: Any, path: str) -> list[dict[str, Any]]:
    """What stands in the schema of `kind` at a path."""
    schema = msgspec.json.schema(kind)

    def unfolded(one: dict[str, Any]) -> list[dict[str, Any]]:
        if "$ref" in one:
            return unfolded(schema["$defs"][one["$ref"].rpartition("/")[2]])
        return [inner for part in one["anyOf"] for inner in unfolded(part)] if "anyOf" in one else [one]

    at = unfolded(schema)
    for step in _STEP.findall(path):
        inside = [
            one["properties"].get(step) if "properties" in one else one.get("items", one.get("additionalProperties"))
            for one in at
        ]
        at = [inner for part in inside if isinstance(part, dict) for inner in unfolded(part)]
    return at


def check_json(value: Any) -> None:
    """What JSON can say and PostgreSQL or other readers cannot keep: null characters, lone surrogates, NaN,
    integers beyond 64 bits, more than 64 levels. Raises `InvalidField`."""
    for path, depth, part in _parts(value):
        if depth > MAX_DEPTH:
            raise InvalidField(path.split(".")[0], f"JSON nested deeper than {MAX_DEPTH} levels")
        if isinstance(part, str):
            _check_text(path, part)
        elif isinstance(part, dict):
            for key in part:
                _check_text(path, key)
        elif isinstance(part, int) and not -(2**63) <= part < 2**63:
            raise InvalidField(path, "expected a number within 64 bits")
        elif isinstance(part, float) and not math.isfinite(part):
            raise InvalidField(path, "NaN and Infinity are not JSON")


def _parts(value: Any) -> Iterator[tuple[str, int, Any]]:
    todo: list[tuple[str, int, Any]] = [("", 0, value)]
    while todo:
        path, depth, part = todo.pop()
        yield path, depth, part
        if isinstance(part, dict):
            todo.extend((f"{path}.{key}" if path else key, depth + 1, inner) for key, inner in part.items())
        elif isinstance(part, list):
            todo.extend((f"{path}[{at}]", depth + 1, inner) for at, inner in enumerate(part))


def _check_text(path: str, text: str) -> None:
    if "\0" in text:
        raise InvalidField(path, "null characters are not text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidField(path, "lone surrogates are not text") from None


def _culprit(raw: bytes) -> InvalidField | None:
    """The field behind a malformed document, where Python's laxer reader can still say which one it is."""
    try:
        check_json(json.loads(raw))
    except InvalidField as found:
        return found
    except (ValueError, RecursionError):
        return None
    return None


def check(item: Interaction, channels: frozenset[str]) -> None:
    """What the types cannot say. Raises `InvalidField`."""
    for field in ("source", "source_id"):
        check_name(field, getattr(item, field))
    if item.source == DESK_SOURCE:
        raise InvalidField("source", f"{DESK_SOURCE!r} is the desk's own: its contacts are the customers themselves")
    if item.channel not in channels:
        raise InvalidField("channel", "unknown channel; expected one of " + ", ".join(sorted(channels)))
    check_time("occurred_at", item.occurred_at)
    if item.conversation is not None:
        check_name("conversation", item.conversation)
    if item.contact.key is not None:
        check_name("contact.key", item.contact.key)
    if len(item.contact.identifiers or ()) > MAX_IDENTIFIERS:
        raise InvalidField("contact.identifiers", f"at most {MAX_IDENTIFIERS} identifiers a contact")
    _check_attributes(item.contact.attributes or {})
    for field, text in (("subject", item.subject), ("body", item.body), ("contact.name", item.contact.name)):
        if text is not None:
            check_text(field, text)
    if item.object is not None:
        check_name("object.type", item.object.type)
        check_name("object.id", item.object.id)
        if isinstance(item.object.version, str):
            check_name("object.version", item.object.version)
        elif abs(item.object.version) >= 2**63:
            raise InvalidField("object.version", "expected a number within 64 bits")


def check_time(field: str, at: datetime) -> None:
    """A time with a zone between the years 1970 and 2200, or `InvalidField`."""
    if at.tzinfo is None:
        raise InvalidField(field, "expected an RFC 3339 time with a zone, such as 2026-01-31T09:30:00Z")
    try:
        inside = EARLIEST <= at < LATEST
    except OverflowError:
        inside = False
    if not inside:
        raise InvalidField(field, "expected a time between the years 1970 and 2200")


def shown_at(occurred_at: datetime, recorded_at: datetime) -> datetime:
    """Where the item stands on the thread: a clock more than five minutes ahead is not believed."""
    return recorded_at if occurred_at > recorded_at + AHEAD else occurred_at


def _check_attributes(attributes: dict[str, str | None]) -> None:
    if len(attributes) > MAX_ATTRIBUTES:
        raise InvalidField("contact.attributes", f"at most {MAX_ATTRIBUTES} attributes a contact")
    for name, value in attributes.items():
        if not 0 < len(name) <= MAX_ATTRIBUTE_NAME or _CONTROL.search(name):
            raise InvalidField("contact.attributes", f"a name has 1 to {MAX_ATTRIBUTE_NAME} printable characters")
        if value is not None and (len(value) > MAX_ATTRIBUTE or _UNPRINTABLE.search(value)):
            raise InvalidField(f"contact.attributes.{name}", f"expected at most {MAX_ATTRIBUTE} printable characters")


def check_text(field: str, text: str) -> None:
    """What somebody wrote, or `InvalidField`."""
    if _UNPRINTABLE.search(text):
        raise InvalidField(field, "control characters other than tab and line ends are not text")


def check_name(field: str, value: str) -> None:
    """Text that names something: 1 to 512 characters without control characters, or `InvalidField`."""
    if not value.strip() or len(value) > MAX_NAME or len(value.encode()) > 2 * MAX_NAME or _CONTROL.search(value):
        raise InvalidField(field, f"expected 1 to {MAX_NAME} characters, none of them a control character")
