"""Reads the tau-retail shop: its customers, their orders with payments and parcels, and the desk's chats.

The source gives no dates. An account opens two to four years before the anchor of `times`; a delivered or
cancelled order was placed one month to two years before it, a processed one in the last five weeks and a
pending one in the last three, because an order does not stay pending for a year; states follow one to six
days apart. Chats lie in the two weeks after the anchor, so after every order, with 20 to 90 seconds between
turns.

A chat line holds one text with `user:`, `assistant:` and `tool:` at the start of each turn. It does not name
the tools, so a tool turn's name is read from what it answered. A chat is named after a hash of its text, so
inserting a line renames no other.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from hashlib import sha256
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
    load_table,
    place,
)
from channels.imports.shop import (
    Account,
    Address,
    Payment,
    Person,
    account_opened,
    object_state,
    payment,
    payments_since,
    reached,
)
from channels.imports.times import ANCHOR, days_from, draw, later, turn_times
from timeline.interactions import Interaction, InvalidField

SHOP: Final = "tau-retail"
_ROLE: Final = re.compile(r"^(user|assistant|tool): ?", re.MULTILINE)
_NEXT: Final = {
    "": ("user", "assistant"),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("assistant",),
}
_PLACED: Final = {"pending": (-21, -1), "processed": (-35, -8)}
_PLACED_LONG_AGO: Final = (-730, -30)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    item_id: str
    price: float
    options: dict[str, Any] = {}


class Fulfilment(msgspec.Struct, frozen=True, kw_only=True):
    tracking_id: list[str]
    item_ids: list[str]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    order_id: str
    user_id: str
    status: str
    items: list[Item]
    address: Address | None = None
    fulfillments: list[Fulfilment] = []
    payment_history: list[Payment] = []


def read(directory: str | Path) -> Iterator[Imported | Refusal]:
    """Everything in `directory` (users.json, orders.json, conversations.jsonl): refusals first, then all
    items by `occurred_at`. Raises `Unreadable` where a file is missing or is not the JSON that it should
    be."""
    folder = Path(directory)
    users, orders = load_table(folder / "users.json"), load_table(folder / "orders.json")
    lines = _lines(folder / "conversations.jsonl")
    return in_order(_all(users, orders, lines))


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\n")
    except FileNotFoundError:
        raise Unreadable(f"{path.parent}: there is no {path.name}") from None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from None


def _all(users: dict[str, Any], orders: dict[str, Any], lines: list[bytes]) -> Iterator[Imported | Refusal]:
    accounts: dict[str, Account] = {}
    bad: list[Refusal] = []
    for id_, record in users.items():
        where = place("users.json", id_)
        person = attempt(where, bad, lambda record=record: msgspec.convert(record, Person))
        if person:
            accounts[id_] = Account(shop=SHOP, id=id_, person=person)
            opened = days_from(ANCHOR, f"account {id_}", -1460, -731)
            yield checked(where, account_opened(accounts[id_], person, opened))
    for id_, record in orders.items():
        where = place("orders.json", id_)
        order = attempt(where, bad, lambda id_=id_, record=record: _order(id_, record))
        if order:
            yield from (checked(where, item) for item in _order_history(order, record, _account(order, accounts)))
    emails = _by_email(accounts)
    for number, line in enumerate(lines, 1):
        where = f"conversations.jsonl line {number}"
        chat = attempt(where, bad, lambda line=line: _chat(line, accounts, emails)) if line.strip() else None
        if chat:
            for turn, item in tell(chat):
                yield checked(f"{where} turn {turn}", item)
            for turn, item in _order_changes(chat, orders, accounts):
                yield checked(f"{where} turn {turn}", item)
    yield from bad


def _order(id_: str, record: Any) -> Order:
    order = msgspec.convert(record, Order)
    if order.order_id != id_:
        raise InvalidField("order_id", f"expected {id_}, the id that the record stands under")
    return order


def _account(order: Order, accounts: Mapping[str, Account]) -> Account:
    return accounts.get(order.user_id) or Account(shop=SHOP, id=order.user_id, person=None)


def _order_history(order: Order, record: Any, account: Account) -> Iterator[Interaction]:
    """The states on the way to the present one, with the money and the parcels."""
    id_ = order.order_id
    at = placed = days_from(ANCHOR, f"order {id_}", *_PLACED.get(order.status, _PLACED_LONG_AGO))
    yield _state(order, record, account, "pending", at, f"order/{id_}/pending")
    if order.fulfillments or order.status in ("processed", "delivered"):
        at = later(placed, f"processed {id_}", 1, 3)
        yield _state(order, record, account, "processed", at, f"order/{id_}/processed")
        yield from _parcels(order, account, "announced", at + timedelta(minutes=5))
    if order.status not in ("pending", "processed"):
        at = later(at, f"{order.status} {id_}", 2, 6)
        yield _state(order, record, account, order.status, at, f"order/{id_}/{order.status}")
    if order.status == "delivered":
        yield from _parcels(order, account, "delivered", at)
    for number, paid in enumerate(order.payment_history):
        moved = at if paid.is_refund else placed
        moved += timedelta(seconds=draw(f"payment {id_} {number}", 5, 120))
        yield payment(account, f"payment/{id_}/{number}", moved, ("order", id_), paid)


def _state(order: Order, record: Any, account: Account, status: str, at: Any, source_id: str) -> Interaction:
    names = ", ".join(item.name for item in order.items)
    data = {key: value for key, value in record.items() if key not in ("user_id", "status", "payment_history")}
    data["total"] = round(sum(item.price for item in order.items), 2)
    state = reached("order", order.order_id, status, at)
    direction = "inbound" if source_id.endswith("/pending") else "internal"
    return object_state(account, "order", source_id, at, state, direction, data, names)


def _parcels(order: Order, account: Account, state: str, at: Any) -> Iterator[Interaction]:
    for fulfilment in order.fulfillments:
        for tracking in fulfilment.tracking_id:
            what = reached("shipment", tracking, state, at)
            data = {"order_id": order.order_id, "tracking_id": tracking, "item_ids": fulfilment.item_ids}
            source_id = f"shipment/{tracking}/{state}"
            yield object_state(account, "shipment", source_id, at, what, "outbound", data)


def _by_email(accounts: Mapping[str, Account]) -> dict[str, Account]:
    """Accounts by their address; an address of two accounts finds neither."""
    times = Counter(one.person.email.lower() for one in accounts.values() if one.person)
    found = {one.person.email.lower(): one for one in accounts.values() if one.person}
    return {email: one for email, one in found.items() if times[email] == 1}


def _chat(line: bytes, accounts: Mapping[str, Account], emails: Mapping[str, Account]) -> Chat:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidField("", f"not JSON: {error}") from None
    text = record.get("messages_display") if isinstance(record, dict) else None
    if not isinstance(text, str):
        raise InvalidField("messages_display", "expected the text of a chat")
    turns = [_turn(n, role, said, accounts, emails) for n, (role, said) in enumerate(_split(text))]
    id_ = "chat-" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return Chat(shop=SHOP, id=id_, turns=turns, times=turn_times(days_from(ANCHOR, id_, 0, 13), id_, len(turns)))


def _split(text: str) -> list[tuple[str, str]]:
    """The turns of a chat. A role begins a turn only where it may follow: a customer who types a line that
    begins with `tool:` answers for nobody's account."""
    starts: list[tuple[str, int, int]] = []
    for match in _ROLE.finditer(text):
        if match[1] in _NEXT[starts[-1][0] if starts else ""]:
            starts.append((match[1], match.start(), match.end()))
    if not starts or starts[0][1] != 0:
        raise InvalidField("messages_display", "expected a chat that begins with `user:` or `assistant:`")
    ends = [start for _, start, _ in starts[1:]] + [len(text)]
    return [(role, text[begin:end].strip()) for (role, _, begin), end in zip(starts, ends, strict=True)]


def _turn(number: int, role: str, text: str, accounts: Mapping[str, Account], emails: Mapping[str, Account]) -> Turn:
    if role == "user":
        return Turn(number=number, role="user", text=text)
    if role == "assistant":
        return Turn(number=number, role="assistant", text="" if text == "None" else text)
    result = _parsed(text)
    found = None
    if isinstance(result, str):
        found = accounts.get(result)
    elif isinstance(result, dict) and {"email", "name", "address"} <= result.keys():
        found = emails.get(str(result["email"]).lower())
    return Turn(number=number, role="tool", tool=_tool(result, accounts), result=result, found=found)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _tool(result: Any, accounts: Mapping[str, Account]) -> str:
    """Which tool answers like this; the source does not say."""
    if isinstance(result, str):
        if result in accounts or result == "Error: user not found":
            return "find_user"
        return "transfer_to_human_agents" if result == "Transfer successful" else ""
    if isinstance(result, int | float):
        return "calculate"
    if not isinstance(result, dict):
        return ""
    if "order_id" in result:
        return "get_order_details"
    if "variants" in result:
        return "get_product_details"
    return "get_user_details" if "email" in result else "list_all_product_types"


def _order_changes(
    chat: Chat, orders: Mapping[str, Any], accounts: Mapping[str, Account]
) -> Iterator[tuple[int, Interaction]]:
    """Orders that a tool turn shows otherwise than the chat, or else the shop, had them: the desk changed
    them."""
    seen: dict[str, Any] = {}
    for turn in chat.turns:
        record = turn.result
        if not isinstance(record, dict) or not isinstance(id_ := record.get("order_id"), str):
            continue
        before = seen.get(id_, orders.get(id_))
        seen[id_] = record
        new, old = (
            attempt("", [], lambda r=record: _order(r["order_id"], r)),
            attempt("", [], lambda b=before, i=id_: _order(i, b)),
        )
        if new and old and record != before:
            yield from ((turn.number, item) for item in _change(chat, turn, new, old, record, accounts))


def _change(
    chat: Chat, turn: Turn, new: Order, old: Order, record: Any, accounts: Mapping[str, Account]
) -> Iterator[Interaction]:
    at, account, suffix = chat.times[turn.number], _account(new, accounts), f"{chat.id}/{turn.number}"
    yield _state(new, record, account, new.status, at, f"order/{new.order_id}/{suffix}")
    for number, paid in payments_since(new.payment_history, old.payment_history):
        source_id = f"payment/{new.order_id}/{suffix}/{number}"
        yield payment(account, source_id, at, ("order", new.order_id), paid)
