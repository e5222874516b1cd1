"""The shop's customers, orders and chats become one rich, proved history; bad records are named."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from channels.imports import tau_retail
from channels.imports.imported import Imported, Refusal, Unreadable
from identity.customers import ClaimedIdentifier
from timeline.interactions import Interaction

ALICE: dict[str, Any] = {
    "name": {"first_name": "Alice", "last_name": "Archer"},
    "address": {
        "address1": "1 Oak Lane",
        "address2": "Flat 2",
        "city": "Reno",
        "country": "USA",
        "state": "NV",
        "zip": "89501",
    },
    "email": "alice@example.org",
    "payment_methods": {"visa_1": {"source": "credit_card", "brand": "visa", "last_four": "1111", "id": "visa_1"}},
    "orders": ["#W1", "#W2"],
}
BOB: dict[str, Any] = {
    **ALICE,
    "name": {"first_name": "Bob", "last_name": "Baker"},
    "email": "bob@example.org",
    "orders": [],
}
USERS = {"alice_archer_1001": ALICE, "bob_baker_2002": BOB}


def order(id_: str, status: str, **other: Any) -> dict[str, Any]:
    return {
        "order_id": id_,
        "user_id": "alice_archer_1001",
        "address": ALICE["address"],
        "items": [{"name": "Lamp", "product_id": "p", "item_id": "i", "price": 10.5, "options": {"colour": "red"}}],
        "fulfillments": [],
        "status": status,
        "payment_history": [{"transaction_type": "payment", "amount": 10.5, "payment_method_id": "visa_1"}],
    } | other


PARCEL = {"fulfillments": [{"tracking_id": ["T9"], "item_ids": ["i"]}]}
ORDERS: dict[str, Any] = {"#W1": order("#W1", "delivered", **PARCEL), "#W2": order("#W2", "pending")}
DETAILS = {**ALICE, "address": {**ALICE["address"], "province": "NV"}}
CHAT = "\n".join(
    [
        "user: Hi, I am alice@example.org.",
        "My number is bob_baker_2002.",
        "assistant: None",
        "tool: Error: user not found",
        "assistant: Your name and postcode?",
        "user: Alice Archer, 89501",
        "tool: bob_baker_2002",
        "assistant: One moment.",
        "tool: alice_archer_1001",
        "assistant: None",
        "tool: " + json.dumps(order("#W2", "pending")),
        "assistant: Shall I cancel it?",
        "user: yes ###STOP###",
        "assistant: None",
        "tool: "
        + json.dumps(
            order(
                "#W2",
                "cancelled",
                payment_history=[
                    *ORDERS["#W2"]["payment_history"],
                    {"transaction_type": "refund", "amount": 10.5, "payment_method_id": "visa_1"},
                ],
            )
        ),
        "assistant: Done.",
        "user: ###STOP###",
    ]
)
Shop = Callable[..., list[Imported | Refusal]]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    def read(users: Any = None, orders: Any = None, lines: list[str] | None = None) -> list[Imported | Refusal]:
        (tmp_path / "users.json").write_text(json.dumps(USERS if users is None else users))
        (tmp_path / "orders.json").write_text(json.dumps(ORDERS if orders is None else orders))
        chats = [json.dumps({"messages_display": CHAT})] if lines is None else lines
        (tmp_path / "conversations.jsonl").write_text("\n".join(chats))
        return list(tau_retail.read(tmp_path))

    return read


def items(read: list[Imported | Refusal]) -> list[Interaction]:
    return [one.item for one in read if isinstance(one, Imported)]


def refused(read: list[Imported | Refusal]) -> list[tuple[str, str]]:
    return [(one.where, one.field) for one in read if isinstance(one, Refusal)]


def proofs(item: Interaction) -> list[str]:
    return [one.value for one in item.contact.identifiers or () if one.kind == "account" and one.verified]


def test_every_customer_exists_with_a_verified_account_and_profile(shop: Shop) -> None:
    opened = {i.contact.key: i for i in items(shop()) if i.source_id.startswith("account/")}
    assert set(opened) == set(USERS)
    contact = opened["bob_baker_2002"].contact
    assert contact.name == "Bob Baker"
    assert contact.identifiers == [
        ClaimedIdentifier(kind="account", value="bob_baker_2002", verified=True, scope="tau-retail"),
        ClaimedIdentifier(kind="email", value="bob@example.org", verified=True),
    ]
    assert contact.attributes == {
        "given_name": "Bob",
        "family_name": "Baker",
        "street": "1 Oak Lane, Flat 2",
        "postcode": "89501",
        "place": "Reno",
        "region": "NV",
        "country": "USA",
    }


def test_an_order_reaches_its_states_in_order_with_money_and_parcels(shop: Shop) -> None:
    mine = [i for i in items(shop(lines=[])) if "#W1" in f"{i.source_id}{i.data}"]
    assert [i.source_id for i in mine] == [
        "order/#W1/pending",
        "payment/#W1/0",
        "order/#W1/processed",
        "shipment/T9/announced",
        "order/#W1/delivered",
        "shipment/T9/delivered",
    ]
    states = [i.object for i in mine if i.object and i.object.type == "order"]
    versions = [state.version for state in states]
    assert versions == sorted(set(versions))
    assert [state.state for state in states] == ["pending", "processed", "delivered"]
    data = mine[0].data or {}
    assert (data["total"], data["items"][0]["options"]) == (10.5, {"colour": "red"})
    assert (mine[1].data or {})["method"] == {"source": "credit_card", "brand": "visa", "last_four": "1111"}
    assert {i.contact.key for i in mine} == {"alice_archer_1001"}


def test_a_cancelled_order_is_paid_back_when_it_is_cancelled(shop: Shop) -> None:
    back = {"transaction_type": "refund", "amount": 10.5, "payment_method_id": "visa_1"}
    paid = [*ORDERS["#W2"]["payment_history"], back]
    read = items(shop(orders={"#W2": order("#W2", "cancelled", payment_history=paid)}, lines=[]))
    assert [(i.source_id, i.direction) for i in read if i.channel == "orders"] == [
        ("order/#W2/pending", "inbound"),
        ("payment/#W2/0", "inbound"),
        ("order/#W2/cancelled", "internal"),
        ("payment/#W2/1", "outbound"),
    ]


def test_a_chat_is_told_turn_by_turn(shop: Shop) -> None:
    told = [i for i in items(shop()) if i.source == "tau-retail-chat"]
    assert len({i.conversation for i in told}) == len({i.contact.key for i in told}) == 1
    assert [(i.source_id.split("/")[1], i.kind, i.direction) for i in told] == [
        ("0", "message", "inbound"),
        ("2", "fact", "internal"),
        ("3", "message", "outbound"),
        ("4", "message", "inbound"),
        ("5", "message", "outbound"),
        ("6", "fact", "internal"),
        ("8", "fact", "internal"),
        ("9", "message", "outbound"),
        ("10", "message", "inbound"),
        ("12", "fact", "internal"),
        ("13", "message", "outbound"),
    ]
    assert told[8].body == "yes"
    assert (told[1].data or {})["ok"] is False
    assert (told[6].data or {})["result"]["order_id"] == "#W2"
    gaps = {b.occurred_at - a.occurred_at for a, b in pairwise(told)}
    assert min(gaps) >= timedelta(seconds=20)


def test_a_chat_is_proved_from_the_turn_that_found_the_customer_and_by_nothing_typed(shop: Shop) -> None:
    told = [i for i in items(shop()) if i.source == "tau-retail-chat"]
    assert [proofs(i) for i in told] == [[]] * 5 + [["alice_archer_1001"]] * 6
    assert told[0].contact.identifiers == [
        ClaimedIdentifier(kind="email", value="alice@example.org"),
        ClaimedIdentifier(kind="account", value="bob_baker_2002", scope="tau-retail"),
    ]
    assert (told[4].contact.name, told[5].contact.name) == (None, "Alice Archer")
    assert "tool: bob_baker_2002" in (told[3].body or "")


def test_the_first_account_found_stays_and_a_profile_alone_proves_too(shop: Shop) -> None:
    text = "user: hi\nassistant: None\ntool: " + json.dumps(DETAILS)
    text += "\nassistant: None\ntool: bob_baker_2002\nassistant: bye"
    told = [i for i in items(shop(lines=[json.dumps({"messages_display": text})])) if i.conversation]
    assert [proofs(i) for i in told] == [[]] + [["alice_archer_1001"]] * 3


def test_an_unknown_account_proves_nobody(shop: Shop) -> None:
    text = "user: hi\nassistant: None\ntool: eve_else_3003\nassistant: None\ntool: " + json.dumps(ORDERS["#W1"])
    told = [i for i in items(shop(lines=[json.dumps({"messages_display": text})])) if i.conversation]
    assert [proofs(i) for i in told] == [[], [], []]


def test_what_the_desk_changed_is_a_newer_state_of_the_order(shop: Shop) -> None:
    read = items(shop())
    states = [i.object for i in read if i.object and i.object.id == "#W2"]
    assert [state.state for state in states] == ["pending", "cancelled"]
    assert int(states[0].version) < int(states[1].version)
    chat = next(i.conversation for i in read if i.conversation)
    change, refund = [i for i in read if i.source_id.endswith((f"{chat}/12", f"{chat}/12/1")) and not i.conversation]
    assert (change.contact.key, refund.contact.key) == ("alice_archer_1001", "alice_archer_1001")
    assert refund.kind == "payment"
    assert refund.direction == "outbound"


def test_bad_records_are_named_and_stop_nobody(shop: Shop) -> None:
    users = {
        **USERS,
        "x_1": "text",
        "x_2": {**ALICE, "email": 5},
        "x_3": {"name": ALICE["name"]},
        "x\n4": ALICE,
    }
    orders = {
        **ORDERS,
        "#X1": None,
        "#X2": order("#X9", "pending"),
        "#X3": order("#X3", "pending", items=[{"name": "Lamp", "item_id": "i", "price": "dear"}]),
        "#X4": order("#X4", "pending", note="\ud800"),
    }
    lines = [
        json.dumps({"messages_display": CHAT}),
        '{"messages_display": "user: hi',
        "[]",
        json.dumps({"messages_display": 4}),
        json.dumps({"messages_display": "tool: alice_archer_1001"}),
        "",
        json.dumps({"messages_display": "user: a\0b\nassistant: hello"}),
    ]
    read = shop(users, orders, lines)
    assert sorted(refused(read)) == sorted(
        [
            ("users.json 'x\\n4'", "source_id"),
            ("users.json x_1", ""),
            ("users.json x_2", "email"),
            ("users.json x_3", "address"),
            ("orders.json #X1", ""),
            ("orders.json #X2", "order_id"),
            ("orders.json #X3", "items[0].price"),
            ("orders.json #X4", "data.note"),
            ("conversations.jsonl line 2", ""),
            ("conversations.jsonl line 3", "messages_display"),
            ("conversations.jsonl line 4", "messages_display"),
            ("conversations.jsonl line 5", "messages_display"),
            ("conversations.jsonl line 7 turn 0", "body"),
        ]
    )
    good = {i.source_id for i in items(read)}
    assert good > {i.source_id for i in items(shop())}


def test_mending_one_record_changes_no_other(shop: Shop) -> None:
    whole = items(shop())
    without = items(shop(users={"bob_baker_2002": BOB}, orders={"#W1": ORDERS["#W1"]}))
    kept = {(i.source, i.source_id): i.occurred_at for i in whole}
    assert all(kept[i.source, i.source_id] == i.occurred_at for i in without)


def test_a_long_answer_is_bounded(shop: Shop) -> None:
    text = "user: hi\nassistant: None\ntool: " + json.dumps({"name": "x" * 50_000, "variants": {}})
    told = [
        i for i in items(shop(lines=[json.dumps({"messages_display": text})])) if i.kind == "fact" and i.conversation
    ]
    result = (told[0].data or {})["result"]
    assert result["truncated"] is True
    assert len(result["begins"]) < result["bytes"] / 10


def test_a_folder_that_is_no_shop_says_what_is_wrong(tmp_path: Path, shop: Shop) -> None:
    with pytest.raises(Unreadable, match=r"there is no users\.json"):
        list(tau_retail.read(tmp_path))
    with pytest.raises(Unreadable, match=r"there is no users\.json"):
        list(tau_retail.read(tmp_path / "none"))
    shop()
    (tmp_path / "conversations.jsonl").unlink()
    with pytest.raises(Unreadable, match=r"there is no conversations\.jsonl"):
        list(tau_retail.read(tmp_path))
    (tmp_path / "orders.json").write_text('{"#W1": {"order_id":')
    with pytest.raises(Unreadable, match=r"orders\.json: .* in line 1, column 21"):
        list(tau_retail.read(tmp_path))
    (tmp_path / "orders.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(Unreadable, match="not UTF-8 at byte 7"):
        list(tau_retail.read(tmp_path))
    with pytest.raises(Unreadable, match="one JSON object"):
        shop(users=[])
