"""What an object looks like on a card: the title and the status that its type makes of a state.

Three types are built in; a workspace adds its own and may redefine these. A type that nobody defined has a card too.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from timeline.interactions import MAX_NAME, InvalidField
from timeline.money import is_currency, money

MOST_TITLE: Final = 200
MOST_SHOWN: Final = 200
MOST_STATES: Final = 100
MOST_PATH: Final = 200

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_PATH: Final = re.compile(r"[^{}\s.]+(?:\.[^{}\s.]+)*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SPACES: Final = re.compile(r"[\s\x00-\x1f\x7f]+")
_WORD: Final = re.compile(r"\w")
_MARKS: Final = re.compile(r"[\s_-]+")


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A known status: how it is called, and whether nothing more is to come after it."""

    label: str | None = None
    final: bool = False


class States(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where in a state its status stands (a dotted path), and which are known. A state that is a text is its status.

    A known status goes by its own spelling or by the plain one: `on hold` is also `ON_HOLD` and `On-Hold`."""

    path: str = "status"
    known: dict[str, State] = {}

    def find(self, value: str) -> State | None:
        """The known status that a value means."""
        return self.known.get(value) or self.known.get(_MARKS.sub(" ", value).strip().lower())


class ObjectType(msgspec.Struct, frozen=True, kw_only=True):
    """A type in force. `version` is 0 where it is built in; what is null is as it is built in, or plain."""

    type: str
    version: int = 0
    schema: dict[str, Any] | None = None
    title: str | None = None
    states: States | None = None
    actor: str | None = None
    created_at: datetime | None = None

    @property
    def built_in(self) -> bool:
        return self.version == 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A status as it came, as it is called, and whether it is the last."""

    value: str
    label: str
    final: bool


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """An object in a line."""

    title: str
    status: Status | None


def _known(final: str, *others: str) -> dict[str, State]:
    return {name: State(label=name.capitalize()) for name in others} | {
        name: State(label=name.capitalize(), final=True) for name in final.split(", ")
    }


BUILT_IN: Final[dict[str, ObjectType]] = {
    one.type: one
    for one in (
        ObjectType(
            type="order",
            title="Order {id} · {state.total} {state.currency}",
            states=States(
                known=_known(
                    "delivered, completed, cancelled, canceled, returned, exchanged, refunded",
                    "placed", "pending", "confirmed", "on hold", "paid", "processing", "processed", "packed",
                    "partially shipped", "shipped", "fulfilled", "failed", "exchange requested", "return requested",
                )
            ),
        ),
        ObjectType(
            type="reservation",
            title="Reservation {id} · {state.name}",
            states=States(
                known=_known(
                    "cancelled, canceled, completed, no show, checked out",
                    "booked", "confirmed", "changed", "checked in",
                )
            ),
        ),
        ObjectType(
            type="shipment",
            title="Shipment {id} · {state.carrier}",
            states=States(
                known=_known(
                    "delivered, returned, lost",
                    "announced", "handed over", "dispatched", "in transit", "out for delivery", "held",
                )
            ),
        ),
    )
}  # fmt: skip
_PLAIN: Final = States()


class Types(msgspec.Struct, frozen=True, kw_only=True):
    """The types of a workspace: its own, and behind them the built-in ones. `at` changes whenever they do."""

    at: int | None = None
    own: Mapping[str, ObjectType] = {}

    def of(self, name: str) -> ObjectType:
        """The type in force, with what it leaves open filled in."""
        plain = BUILT_IN.get(name) or ObjectType(type=name, states=_PLAIN)
        own = self.own.get(name)
        if own is None:
            return plain
        return msgspec.structs.replace(own, title=own.title or plain.title, states=own.states or plain.states)

    def card(self, name: str, id_: str, version: int | str | None, state: Any) -> Card:
        """The card of one object in a state; None where it has none."""
        kind = self.of(name)
        title = _filled(kind.title, {"type": name, "id": id_, "version": version, "state": state}) if kind.title else ""
        plain = _SPACES.sub(" ", f"{name[:1].upper()}{name[1:].replace('_', ' ')} {id_}").strip()
        return Card(title=(title or plain)[:MOST_SHOWN], status=_status(kind.states or _PLAIN, state))


NO_TYPES: Final = Types()


def check_type(title: str | None, states: States | None) -> None:
    """What the shape of a definition cannot say. Raises `InvalidField`."""
    if title is not None:
        _check_title(title)
    if states is None:
        return
    if len(states.path) > MOST_PATH or not _PATH.fullmatch(states.path):
        raise InvalidField("states.path", f"expected names with dots between them, at most {MOST_PATH} characters")
    if len(states.known) > MOST_STATES:
        raise InvalidField("states.known", f"at most {MOST_STATES} states")
    for value, known in states.known.items():
        for text in (value, known.label):
            if text is not None and (not text.strip() or len(text) > MOST_PATH or _CONTROL.search(text)):
                words = f"expected 1 to {MOST_PATH} characters, none of them a control character"
                raise InvalidField(f"states.known.{value[:100]}", words)


def _check_title(title: str) -> None:
    if not title.strip() or len(title) > MOST_TITLE or _CONTROL.search(title):
        raise InvalidField("title", f"expected 1 to {MOST_TITLE} characters, none of them a control character")
    if "{" in _PLACEHOLDER.sub("", title) or "}" in _PLACEHOLDER.sub("", title):
        raise InvalidField("title", "expected every brace to belong to a placeholder such as {id} or {state.total}")
    for place in _PLACEHOLDER.findall(title):
        first, _, rest = place.partition(".")
        if (
            not _PATH.fullmatch(place)
            or first not in ("id", "type", "version", "state")
            or (first == "state") != bool(rest)
        ):
            words = "expected {id}, {type}, {version} or a place in the state such as {state.total}"
            raise InvalidField("title", f"{words}; not {{{place}}}")


@lru_cache(maxsize=4_096)
def _pieces(title: str) -> tuple[str, ...]:
    """Text and placeholders by turns; it begins and ends with text."""
    return tuple(_PLACEHOLDER.split(title))


def _filled(title: str, values: Mapping[str, Any]) -> str:
    """The title with its placeholders filled in: a value before a currency is money. A missing value leaves nothing,
    nor the marks around it."""
    first, *rest = _pieces(title)
    shown, found = [first], False
    places = list(zip(rest[::2], rest[1::2], strict=True))
    for number, (place, after) in enumerate(places, 1):
        said = at(values, place)
        code = _currency(values, after, places[number][0] if number < len(places) else None)
        value = (money(said, code) if code else None) or _text(said)
        found = found or value is not None
        if value is None and not _WORD.search(shown[-1]):
            shown[-1] = ""
        lonely = value is None and (number == len(places) or not any(shown))
        shown.extend((value or "", "" if lonely and not _WORD.search(after) else after))
    return _SPACES.sub(" ", "".join(shown)).strip() if found or not places else ""


def _currency(values: Mapping[str, Any], after: str, place: str | None) -> str | None:
    """The currency that stands behind a placeholder, as a word of the title or as the next value."""
    said = after.split(maxsplit=1) if after[:1] == " " else []
    code = said[0] if said else at(values, place) if place is not None and after == " " else None
    return code if is_currency(code) else None


def at(value: Any, path: str) -> Any:
    """What stands at a dotted path, a number counting into a list; None where nothing does."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 6 and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _text(value: Any) -> str | None:
    """A value as a title shows it; lists and objects are not shown."""
    if isinstance(value, str):
        return _SPACES.sub(" ", value[: 2 * MAX_NAME]).strip()[:MOST_SHOWN] or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def _status(states: States, state: Any) -> Status | None:
    value = _text(state if isinstance(state, str) else at(state, states.path))
    if value is None:
        return None
    known = states.find(value) or State()
    return Status(value=value, label=known.label or value, final=known.final)
