"""Customers without a number of the shop's: all that is said of one order is about one of them."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from channels.contract import Account, Delivery
from channels.orders.items import OrdersSettings
from channels.orders.kind import Orders
from tests.channels.conftest import Doorstep, order
from timeline.interactions import InvalidField

ADDRESS = {"email": "a@example.com"}
PROVED = {"email": "a@example.com", "email_verified": True}


def key_of(type_: str, data: dict[str, Any], *proves: str) -> str | None:
    account = Account(
        id=UUID(int=7),
        kind="orders",
        source="shop",
        settings=OrdersSettings(),
        proves=frozenset(proves),
        is_disabled=False,
    )
    said = {"type": type_, "timestamp": "2026-01-31T09:30:00Z", "data": data}
    (item,) = Orders().parse(Delivery(key="m", raw=msgspec.json.encode(said), headers={}), account)
    return item.contact.key


@pytest.mark.parametrize(
    ("type_", "data", "key"),
    [
        ("order.updated", {"id": 5}, "guest of order 5"),
        ("order.disputed", {"id": 5}, "guest of order 5"),
        ("payment.captured", {"id": 9, "order": 5}, "guest of order 5"),
        ("payment.captured", {"id": 9}, None),
        ("shipment.delivered", {"id": 9, "order": 5}, "guest of order 5"),
        ("shipment.delivered", {"id": 9}, "guest of shipment 9"),
        ("reservation.booked", {"id": 9}, "guest of reservation 9"),
        ("order.updated", {"id": 5, "customer": {"id": "c"}}, "c"),
        ("order.updated", {"id": 5, "customer": ADDRESS}, "guest of order 5"),
        ("order.updated", {"id": "x" * 500}, None),
    ],
)
def test_a_guest_is_named_by_the_order(type_: str, data: dict[str, Any], key: str | None) -> None:
    assert key_of(type_, data, "account") == key


@pytest.mark.parametrize(("proves", "key"), [(["email"], None), (["account", "phone"], "guest of order 5")])
def test_whose_address_the_account_proves_is_no_guest(proves: list[str], key: str | None) -> None:
    assert key_of("order.updated", {"id": 5, "customer": PROVED}, *proves) == key


async def test_all_that_is_said_of_a_guests_order_stands_on_one_customer(doorstep: Doorstep) -> None:
    guest = {"name": "Ann Guest", "email": "ann@example.com"}
    told = [
        ("payment.captured", {"id": "p-1", "order": "77", "amount": 5}),
        ("shipment.delivered", {"id": "s-1", "order": "77"}),
        ("order.updated", {"id": "77", "version": 2, "status": "paid", "customer": guest}),
        ("order.created", {"id": "77", "version": 1, "status": "open", "customer": guest}),
    ]
    for number, (type_, data) in enumerate(told):
        said = {"type": type_, "timestamp": "2026-02-01T09:30:00Z", "data": data}
        await doorstep.deliver(msgspec.json.encode(said), f"m{number}")
    await doorstep.deliver(order(78, customer=guest), "another")
    await doorstep.step()
    contacts = await doorstep.fetch("SELECT name FROM contact WHERE source = 'shop' ORDER BY source_key")
    assert [row["name"] for row in contacts] == ["Ann Guest", "Ann Guest"]
    states = await doorstep.fetch("SELECT id, version, events FROM object_state ORDER BY id")
    assert [(row["id"], row["events"]) for row in states] == [("77", 3), ("78", 1), ("s-1", 1)]
    assert states[0]["version"] == b"2"


async def test_numbers_that_two_shops_share_are_told_apart_by_a_prefix(doorstep: Doorstep) -> None:
    outlet = await doorstep.account(name="outlet", settings={"prefix": "OUT-"})
    told = [
        ("order.updated", {"id": "77", "version": 1, "status": "paid"}),
        ("payment.captured", {"order": "77"}),
        ("shipment.delivered", {"id": "s-1", "order": "77"}),
        ("reservation.booked", {"id": "77"}),
    ]
    for account in (None, outlet):
        for number, (type_, data) in enumerate(told):
            said = {"type": type_, "timestamp": "2026-02-01T09:30:00Z", "data": data}
            await doorstep.deliver(msgspec.json.encode(said), f"m{number}", account)
    await doorstep.step()
    rows = await doorstep.fetch("SELECT type, id, sum(events)::int AS events FROM object_state GROUP BY type, id")
    assert {(row["type"], row["id"]): row["events"] for row in rows} == {
        ("order", "77"): 2, ("order", "OUT-77"): 2, ("shipment", "s-1"): 1, ("shipment", "OUT-s-1"): 1,
        ("reservation", "77"): 1, ("reservation", "OUT-77"): 1,
    }  # fmt: skip
    subjects = await doorstep.fetch("SELECT data->>'subject' AS said FROM event")
    assert all("OUT" not in (row["said"] or "") for row in subjects), "headings bear the shop's own numbers"


@pytest.mark.parametrize("prefix", ["", " ", "a b", "a\n", "x" * 41, 3, "é"])
async def test_a_prefix_is_plain_text(doorstep: Doorstep, prefix: Any) -> None:
    with pytest.raises(InvalidField) as found:
        await doorstep.account(settings={"prefix": prefix})
    assert found.value.field == "settings.prefix"
