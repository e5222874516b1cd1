"""What a shop's payload means on a thread: states of objects, money about them, facts about their customer."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from channels.contract import Account, Unparseable
from channels.orders.payloads import Envelope, Said, Thing, read_customer, read_id, read_time
from identity.customers import ContactClaim
from timeline.interactions import (
    CHANNELS,
    MAX_NAME,
    Direction,
    Interaction,
    InvalidField,
    Kind,
    ObjectState,
    check,
)
from timeline.money import money
from timeline.object_types import BUILT_IN

ORDER_VERBS: Final = frozenset({"created", "updated", "cancelled", "canceled"})
MOST_WORD: Final = 60
_CHANNELS: Final = frozenset(CHANNELS)


class OrdersSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`currency` is what amounts are in where a payload does not say it; `prefix` goes before the numbers of orders,
    reservations and shipments, where another shop of the workspace has the same."""

    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] | None = None
    prefix: Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,40}\Z")] | None = None


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """One thing on its way: the payload's words without the customer's."""

    envelope: Envelope
    path: str
    data: dict[str, Any]
    settings: OrdersSettings

    def number(self, id_: str) -> str:
        """What an object is called in the workspace."""
        return (self.settings.prefix or "") + id_

    def named(self, type_: str, id_: str | None) -> ObjectState | None:
        """An object named without saying what state it is in."""
        return None if id_ is None else ObjectState(type=type_, id=self.number(id_), version=0, state=None)


class _Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What it comes to; `data` is kept on the item beside the payload's type. `whose` is the object whose customer it
    is about, where that is another one."""

    kind: Kind
    direction: Direction = "inbound"
    subject: str
    object: ObjectState | None = None
    whose: ObjectState | None = None
    data: dict[str, Any] = {}


def interactions(envelope: Envelope, key: str, account: Account) -> list[Interaction]:
    """An interaction for each thing of the payload. Raises `Unparseable`."""
    return [_interaction(envelope, thing, key, account) for thing in envelope.things]


def _interaction(envelope: Envelope, thing: Thing, key: str, account: Account) -> Interaction:
    said, data, path = _customer(envelope, thing)
    told = _Told(envelope=envelope, path=thing.path, data=data, settings=account.settings)
    meant = _MEANINGS[envelope.family](told)
    item = Interaction(
        source=account.source,
        source_id=key + thing.suffix,
        kind=meant.kind,
        channel="orders",
        direction=meant.direction,
        occurred_at=envelope.at,
        contact=_contact(said.contact, meant.whose or meant.object, account),
        subject=meant.subject,
        data=_kept(envelope, meant, said),
        object=meant.object,
    )
    try:
        check(item, _CHANNELS)
    except InvalidField as error:
        raise Unparseable(error.field.replace("contact", path, 1), error.words) from None
    return item


def _contact(said: ContactClaim, about: ObjectState | None, account: Account) -> ContactClaim:
    """Whom nothing names for certain is a guest, and one guest over all that is said of one order."""
    proved = any(one.verified and one.kind in account.proves_now for one in said.identifiers or ())
    if said.key is not None or about is None or proved:
        return said
    key = f"guest of {about.type} {about.id}"
    return msgspec.structs.replace(said, key=key) if len(key) <= MAX_NAME else said


def _kept(envelope: Envelope, meant: _Meant, said: Said) -> dict[str, Any]:
    """What stays on the item beside its object; a `type` of the thing's own makes room for the payload's."""
    kept = {f"{envelope.family}_type" if name == "type" else name: value for name, value in meant.data.items()}
    beside = {"customer": said.rest, "envelope": envelope.extra}
    return {**{name: more for name, more in beside.items() if more}, **kept, "type": envelope.type}


def _customer(envelope: Envelope, thing: Thing) -> tuple[Said, dict[str, Any], str]:
    """Who it is about, the rest of the data, and where the customer stands. A `customer.*` is the customer itself."""
    inside = f"{thing.path}.customer"
    if envelope.family != "customer" or "customer" in thing.data:
        data = {name: value for name, value in thing.data.items() if name != "customer"}
        said, path = read_customer(thing.data.get("customer"), inside), inside
    else:
        data, said, path = {}, read_customer(thing.data, thing.path), thing.path
    if envelope.family == "customer" and said.contact.key is None:
        raise Unparseable(f"{path}.id", "missing: which customer is this about?")
    return said, data, path


def _order(told: _Told) -> _Meant:
    if told.envelope.verb in ORDER_VERBS:
        return _state(told, "order")
    about = read_id(told.data, "id", told.path)
    return _Meant(
        kind="fact",
        subject=_subject("Order", about, told.envelope.verb),
        object=told.named("order", about),
        data=told.data,
    )


def _reservation(told: _Told) -> _Meant:
    return _state(told, "order")


def _shipment(told: _Told) -> _Meant:
    about = {name: of for name in ("order", "reservation") if (of := read_id(told.data, name, told.path)) is not None}
    meant = _state(told, "shipment")
    of = "".join(f" of {name} {number}" for name, number in about.items())
    whose = next((told.named(name, number) for name, number in about.items()), None)
    return msgspec.structs.replace(meant, direction="outbound", subject=meant.subject + of, whose=whose, data=about)


def _payment(told: _Told) -> _Meant:
    verb = told.envelope.verb
    order = read_id(told.data, "order", told.path)
    reservation = read_id(told.data, "reservation", told.path)
    of = told.named("order", order) or told.named("reservation", reservation)
    about = f" for {of.type} {order or reservation}" if of is not None else ""
    return _Meant(
        kind="payment",
        direction="outbound" if verb.startswith("refund") else "inbound",
        subject=f"Payment {_word(verb)}{about}{_money(told, 'amount')}",
        object=of,
        data=told.data,
    )


def _about_customer(told: _Told) -> _Meant:
    return _Meant(kind="fact", subject=f"Customer {_word(told.envelope.verb)}", data=told.data)


_MEANINGS: Final[dict[str, Callable[[_Told], _Meant]]] = {
    "order": _order,
    "reservation": _reservation,
    "shipment": _shipment,
    "payment": _payment,
    "customer": _about_customer,
}


def _state(told: _Told, kind: Kind) -> _Meant:
    """One state of an object: everything that the payload says of it but its name and number."""
    family, verb = told.envelope.family, told.envelope.verb
    named = read_id(told.data, "id", told.path)
    if named is None:
        raise Unparseable(f"{told.path}.id", f"missing: which {family} is this?")
    state = {name: value for name, value in told.data.items() if name not in ("id", "version")}
    if state.get("status") is None and _is_status(family, verb):
        state["status"] = verb
    status = state.get("status")
    reached = status if isinstance(status, str) and _is_word(status) else verb
    return _Meant(
        kind=kind,
        subject=_subject(family.capitalize(), named, reached) + _money(told, "total"),
        object=ObjectState(type=family, id=told.number(named), version=_version(told), state=state),
    )


def _is_status(family: str, verb: str) -> bool:
    """Whether what happened says as well what became of it, as `shipment.delivered` does."""
    states = BUILT_IN[family].states
    return states is not None and states.find(verb) is not None


def _version(told: _Told) -> int | str:
    """The sender's number, else the time of the change as text that sorts like the times do."""
    version = told.data.get("version")
    if isinstance(version, int) and not isinstance(version, bool):
        return version
    if version is not None:
        text = read_id(told.data, "version", told.path)
        assert text is not None
        return text
    if told.data.get("updated_at") is None:
        return _sortable(told.envelope.at)
    return _sortable(read_time(told.data, "updated_at", told.path))


def _sortable(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _subject(what: str, id_: str | None, words: str) -> str:
    return " ".join(part for part in (what, id_, _word(words)) if part)


def _word(text: str) -> str:
    return text.replace("_", " ").replace(".", " ")[:MOST_WORD]


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_WORD and value.isprintable()


def _money(told: _Told, name: str) -> str:
    """An amount as a heading shows it; nothing where there is none that can be read."""
    amount = told.data.get(name)
    currency = told.data.get("currency")
    if isinstance(amount, bool) or not (isinstance(amount, int | float) or _is_word(amount)):
        return ""
    code = str(currency) if _is_word(currency) else told.settings.currency or ""
    return f": {money(amount, code) or amount} {code}".rstrip()
