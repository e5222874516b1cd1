"""Reads the tau-airline: its customers, their reservations with payments, and the desk's chats.

A reservation's `created_at` is Eastern time, as the airline's own rules say; the same rules call "now"
2024-05-15 15:00, so the chats lie in the 24 hours from then, one trial of a task every six hours, with 20 to
90 seconds between turns. An account opens one to five years before the first reservation.

The proof of who is chatting is the tool turn `get_user_details` that was answered with a customer. What the
data set's makers know (`info.task`) is never read.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import msgspec

from channels.imports.chats import Chat, Turn, tell
from channels.imports.imported import (
    Imported,
    Refusal,
    Unreadable,
    attempt,
    checked,
    in_order,
    load_json,
    load_table,
    place,
)
from channels.imports.shop import (
    Account,
    Payment,
    Person,
    account_opened,
    object_state,
    payment,
    payments_since,
    reached,
)
from channels.imports.times import days_from, draw, turn_times
from timeline.interactions import Interaction, InvalidField, check_time

SHOP: Final = "tau-airline"
EASTERN: Final = timezone(timedelta(hours=-5))
NOW: Final = datetime(2024, 5, 15, 15, tzinfo=EASTERN).astimezone(UTC)
_FIRST: Final = datetime(2024, 4, 30, tzinfo=UTC)
_CHANGES: Final = {
    "book_reservation": "booked",
    "cancel_reservation": "cancelled",
    "update_reservation_baggages": "changed",
    "update_reservation_flights": "changed",
    "update_reservation_passengers": "changed",
}
_TRIALS: Final = 1000


class Flight(msgspec.Struct, frozen=True, kw_only=True):
    flight_number: str
    date: str


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    reservation_id: str
    user_id: str
    origin: str
    destination: str
    flights: list[Flight]
    created_at: datetime
    payment_history: list[Payment] = []


class Function(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    arguments: str = ""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    function: Function


class Said(msgspec.Struct, frozen=True, kw_only=True):
    role: str
    content: str | None = None
    name: str = ""
    tool_call_id: str = ""
    tool_calls: list[Call] | None = None


class Trajectory(msgspec.Struct, frozen=True, kw_only=True):
    """`info` is left out on purpose: it holds the truth that linking is measured against."""

    task_id: int
    trial: int
    reward: float
    traj: list[Said]


def read(directory: str | Path) -> Iterator[Imported | Refusal]:
    """Everything in `directory` (users.json, reservations.json, trajectories.json): refusals first, then all
    items by `occurred_at`. Raises `Unreadable` where a file is missing or is not the JSON that it should
    be."""
    folder = Path(directory)
    users, reservations = load_table(folder / "users.json"), load_table(folder / "reservations.json")
    chats = load_json(folder / "trajectories.json")
    if not isinstance(chats, list):
        raise Unreadable(f"{folder / 'trajectories.json'}: expected one JSON array of chats")
    return in_order(_all(users, reservations, chats))


def _all(users: dict[str, Any], reservations: dict[str, Any], chats: list[Any]) -> Iterator[Imported | Refusal]:
    accounts: dict[str, Account] = {}
    bad: list[Refusal] = []
    for id_, record in users.items():
        where = place("users.json", id_)
        person = attempt(where, bad, lambda record=record: msgspec.convert(record, Person))
        if person:
            accounts[id_] = Account(shop=SHOP, id=id_, person=person)
            opened = days_from(_FIRST, f"account {id_}", -1825, -365)
            yield checked(where, account_opened(accounts[id_], person, opened))
    for id_, record in reservations.items():
        where = place("reservations.json", id_)
        booked = attempt(where, bad, lambda id_=id_, record=record: _reservation(id_, record))
        if booked:
            yield from (checked(where, item) for item in _booking(booked, record, _account(booked.user_id, accounts)))
    for number, record in enumerate(chats):
        where = f"trajectories.json [{number}]"
        told = attempt(where, bad, lambda record=record: _chat(record, accounts))
        if told:
            chat, closing = told
            for turn, item in tell(chat, closing):
                yield checked(f"{where} turn {turn}", item)
            for turn, item in _changes(chat, reservations, accounts):
                yield checked(f"{where} turn {turn}", item)
    yield from bad


def _account(id_: str, accounts: Mapping[str, Account]) -> Account:
    return accounts.get(id_) or Account(shop=SHOP, id=id_, person=None)


def _reservation(id_: str, record: Any) -> Reservation:
    booked = msgspec.convert(record, Reservation)
    if booked.reservation_id != id_:
        raise InvalidField("reservation_id", f"expected {id_}, the id that the record stands under")
    check_time("created_at", _booked_at(booked))
    return booked


def _booked_at(booked: Reservation) -> datetime:
    try:
        at = booked.created_at if booked.created_at.tzinfo else booked.created_at.replace(tzinfo=EASTERN)
        return at.astimezone(UTC)
    except OverflowError:
        raise InvalidField("created_at", "expected a time between the years 1970 and 2200") from None


def _booking(booked: Reservation, record: Any, account: Account) -> Iterator[Interaction]:
    id_, at = booked.reservation_id, _booked_at(booked)
    yield _state(booked, record, account, id_, "booked", at, f"reservation/{id_}/booked")
    for number, paid in enumerate(booked.payment_history):
        moved = at + timedelta(seconds=5 + number)
        yield payment(account, f"payment/{id_}/{number}", moved, ("reservation", id_), paid)


def _state(
    booked: Reservation, record: Any, account: Account, id_: str, state: str, at: datetime, source_id: str
) -> Interaction:
    flights = ", ".join(f"{flight.flight_number} {flight.date}" for flight in booked.flights)
    data = {key: value for key, value in record.items() if key not in ("user_id", "payment_history")}
    direction = "inbound" if state == "booked" else "internal"
    what = reached("reservation", id_, state, at)
    about = f"{booked.origin} to {booked.destination}, {flights}"
    return object_state(account, "order", source_id, at, what, direction, data, about)


def _chat(record: Any, accounts: Mapping[str, Account]) -> tuple[Chat, dict[str, Any]]:
    told = msgspec.convert(record, Trajectory)
    if not 0 <= told.trial < _TRIALS:
        raise InvalidField("trial", f"expected a number from 0 to {_TRIALS - 1}")
    turns: list[Turn] = []
    calls: Mapping[str, Call] = {}
    for number, said in enumerate(told.traj):
        if said.tool_calls:
            calls = {call.id: call for call in said.tool_calls}
        turn = _turn(number, said, calls, accounts)
        if turn:
            turns.append(turn)
    if not turns:
        raise InvalidField("traj", "expected at least one turn of a customer or an agent")
    id_ = f"chat-{told.task_id}-{told.trial}"
    starts = NOW + timedelta(hours=6 * told.trial, seconds=draw(id_, 0, 4 * 3600))
    chat = Chat(shop=SHOP, id=id_, turns=turns, times=turn_times(starts, id_, len(told.traj)))
    return chat, {"fact": "chat_closed", "reward": told.reward, "task_id": told.task_id, "trial": told.trial}


def _turn(number: int, said: Said, calls: Mapping[str, Call], accounts: Mapping[str, Account]) -> Turn | None:
    if said.role == "user":
        return Turn(number=number, role="user", text=said.content or "")
    if said.role == "assistant":
        return Turn(number=number, role="assistant", text=said.content or "")
    if said.role != "tool":
        return None
    call = calls.get(said.tool_call_id)
    arguments = _parsed(call.function.arguments) if call and call.function.name == said.name else None
    if not isinstance(arguments, dict):
        arguments = {"text": arguments} if arguments else None
    result = _parsed(said.content or "")
    found = _found(said.name, arguments, result, accounts)
    return Turn(number=number, role="tool", tool=said.name, arguments=arguments, result=result, found=found)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _found(tool: str, arguments: dict[str, Any] | None, result: Any, accounts: Mapping[str, Account]) -> Account | None:
    """The account that was asked for by its id, if the booking system answered with the customer behind
    it."""
    id_ = (arguments or {}).get("user_id")
    if tool != "get_user_details" or not isinstance(id_, str) or not isinstance(result, dict):
        return None
    return _account(id_, accounts) if {"name", "email"} <= result.keys() else None


def _changes(
    chat: Chat, reservations: Mapping[str, Any], accounts: Mapping[str, Account]
) -> Iterator[tuple[int, Interaction]]:
    """Reservations that a tool turn booked, changed or cancelled, with the money that this moved.

    A booking made in a chat bears the number of the simulation, which gives the same one to every customer:
    such a reservation is named with its chat."""
    seen: dict[str, Any] = {}
    for turn in chat.turns:
        record = turn.result
        if not isinstance(record, dict) or not isinstance(number := record.get("reservation_id"), str):
            continue
        new = attempt("", [], lambda n=number, r=record: _reservation(n, r))
        before = seen.get(number, reservations.get(number))
        old = attempt("", [], lambda n=number, b=before: _reservation(n, b)) if before is not None else None
        seen[number] = record
        if new and turn.tool in _CHANGES:
            id_ = number if number in reservations else f"{number}@{chat.id}"
            at, account, suffix = (
                chat.times[turn.number],
                _account(new.user_id, accounts),
                f"{chat.id}/{turn.number}",
            )
            state, source_id = _CHANGES[turn.tool], f"reservation/{number}/{suffix}"
            yield turn.number, _state(new, record, account, id_, state, at, source_id)
            for place, paid in payments_since(new.payment_history, old.payment_history if old else []):
                source_id = f"payment/{number}/{suffix}/{place}"
                yield turn.number, payment(account, source_id, at, ("reservation", id_), paid)
