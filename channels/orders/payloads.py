"""What did the shop send? The envelope of a Standard Webhook, and the customer in it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from channels.contract import Unparseable
from channels.strict_json import read_json
from identity.customers import ClaimedIdentifier, ContactClaim
from timeline.interactions import MAX_NAME, InvalidField, check_time, refused_json

FAMILIES: Final = ("order", "reservation", "shipment", "payment", "customer")
MOST_THINGS: Final = 100
MOST_TYPE: Final = 100
_CUSTOMER: Final = ("id", "name", "email", "phone", "email_verified", "phone_verified", "attributes")


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a payload tells of; `path` is where it stands in the payload, `suffix` names it in the
    delivery."""

    path: str
    suffix: str
    data: dict[str, Any]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A payload, opened: `type` is `family.verb`; `extra` is what the sender put beside the data."""

    family: str
    verb: str
    at: datetime
    things: list[Thing]
    extra: dict[str, Any]

    @property
    def type(self) -> str:
        return f"{self.family}.{self.verb}"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a payload says of its customer; `rest` is what a contact has no place for."""

    contact: ContactClaim
    rest: dict[str, Any]


class _Customer(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    email_verified: bool | None = None
    phone_verified: bool | None = None
    attributes: dict[str, str | None] | None = None


def open_envelope(raw: bytes) -> Envelope:
    """Raises `Unparseable`."""
    payload = read_json(raw)
    if not isinstance(payload, dict):
        raise Unparseable("", "expected an object with type, timestamp and data")
    family, verb = _type(payload.get("type"))
    return Envelope(
        family=family,
        verb=verb,
        at=read_time(payload, "timestamp", ""),
        things=_things(payload.get("data")),
        extra={name: value for name, value in payload.items() if name not in ("type", "timestamp", "data")},
    )


def _type(said: Any) -> tuple[str, str]:
    if not isinstance(said, str) or len(said) > MOST_TYPE or not said.isprintable():
        raise Unparseable("type", f"expected text of at most {MOST_TYPE} characters, such as order.created")
    family, _, verb = said.partition(".")
    if family not in FAMILIES or not verb.strip("."):
        raise Unparseable("type", f"unknown; expected {', '.join(f'{one}.…' for one in FAMILIES)}")
    return family, verb


def _things(data: Any) -> list[Thing]:
    if isinstance(data, dict):
        return [Thing(path="data", suffix="", data=data)]
    if not isinstance(data, list) or not 0 < len(data) <= MOST_THINGS:
        raise Unparseable("data", f"expected an object, or a list of 1 to {MOST_THINGS} objects")
    for at, one in enumerate(data):
        if not isinstance(one, dict):
            raise Unparseable(f"data[{at}]", "expected an object")
    return [Thing(path=f"data[{at}]", suffix=f"/{at + 1}", data=one) for at, one in enumerate(data)]


def read_time(said: Mapping[str, Any], name: str, path: str) -> datetime:
    """An RFC 3339 time with a zone. Raises `Unparseable`."""
    value = said.get(name)
    field = f"{path}.{name}" if path else name
    if not isinstance(value, str):
        raise Unparseable(field, "expected an RFC 3339 time with a zone, such as 2026-01-31T09:30:00Z")
    try:
        at = msgspec.convert(value, datetime)
        check_time(field, at)
        return at.astimezone(UTC)
    except InvalidField as error:
        raise Unparseable(field, error.words) from None
    except (msgspec.ValidationError, OverflowError):
        raise Unparseable(field, "expected an RFC 3339 time with a zone, such as 2026-01-31T09:30:00Z") from None


def read_id(said: Mapping[str, Any], name: str, path: str) -> str | None:
    """An id, which shops write as text or as a number; None where there is none. Raises `Unparseable`."""
    value = said.get(name)
    if value is None:
        return None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.strip() or len(text.encode()) > MAX_NAME or not text.isprintable():
        raise Unparseable(f"{path}.{name}", f"expected a number, or 1 to {MAX_NAME} bytes of printable text")
    return text


def read_customer(said: Any, path: str) -> Said:
    """The contact that a payload's customer is. What it does not know of is an attribute, or kept in `rest`.

    Raises `Unparseable`."""
    if said is None:
        return Said(contact=ContactClaim(), rest={})
    if not isinstance(said, dict):
        raise Unparseable(path, "expected an object")
    account = read_id(said, "id", path)
    try:
        known = msgspec.convert(said, _Customer)
    except msgspec.ValidationError as error:
        refused = refused_json(error, b"")
        raise Unparseable(f"{path}.{refused.field}", refused.words) from None
    others = {name: value for name, value in said.items() if name not in _CUSTOMER and value is not None}
    plain = {name: _as_text(value) for name, value in others.items() if not isinstance(value, dict | list)}
    contact = ContactClaim(
        key=account,
        name=known.name,
        identifiers=_identifiers(account, known),
        attributes={**plain, **(known.attributes or {})},
    )
    return Said(contact=contact, rest={name: value for name, value in others.items() if name not in plain})


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _identifiers(account: str | None, known: _Customer) -> list[ClaimedIdentifier]:
    """Without a scope an account is unique in the channel account's source: that is the shop's own number."""
    found: list[ClaimedIdentifier] = []
    if account is not None:
        found.append(ClaimedIdentifier(kind="account", value=account, verified=True))
    if known.email:
        found.append(ClaimedIdentifier(kind="email", value=known.email, verified=known.email_verified is True))
    if known.phone:
        found.append(ClaimedIdentifier(kind="phone", value=known.phone, verified=known.phone_verified is True))
    return found
