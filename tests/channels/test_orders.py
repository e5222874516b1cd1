"""What a shop posts and what becomes of it: real payloads, and everything that is refused by name."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Account, Delivery, Unparseable
from channels.orders.items import OrdersSettings
from channels.orders.kind import Orders
from identity.customers import ClaimedIdentifier, ContactClaim
from timeline.interactions import Interaction, ObjectState
from timeline.objects import rank

FIXTURES = Path(__file__).parent / "fixtures" / "orders"
SHOP = Account(
    id=UUID(int=7),
    kind="orders",
    source="shop.example",
    settings=OrdersSettings(currency="EUR"),
    proves=frozenset({"account"}),
    is_disabled=False,
)
SHORT = ContactClaim(
    key="70311",
    name="Jörg Größmann",
    identifiers=[
        ClaimedIdentifier(kind="account", value="70311", verified=True),
        ClaimedIdentifier(kind="email", value="Joerg.Groessmann@example.de", verified=True),
    ],
    attributes={},
)
ORDER = ObjectState(type="order", id="B-2026-004711", version=0, state=None)


def parsed(raw: bytes, key: str = "msg_1") -> list[Interaction]:
    return Orders().parse(Delivery(key=key, raw=raw, headers={}), SHOP)


def said(type_: str, data: Any, timestamp: str = "2026-01-31T09:30:00Z", **extra: Any) -> list[Interaction]:
    return parsed(json.dumps({"type": type_, "timestamp": timestamp, "data": data, **extra}).encode())


def fixture(name: str) -> tuple[Interaction, dict[str, Any]]:
    raw = (FIXTURES / f"{name}.json").read_bytes()
    (item,) = parsed(raw)
    return item, json.loads(raw)["data"]


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def shell(**fields: Any) -> Interaction:
    plain: dict[str, Any] = {
        "source": "shop.example",
        "source_id": "msg_1",
        "channel": "orders",
        "direction": "inbound",
        "contact": SHORT,
    }
    return Interaction(**{**plain, **fields})


def test_an_order_with_everything() -> None:
    item, data = fixture("order_created")
    assert item == shell(
        kind="order",
        occurred_at=datetime(2026, 1, 31, 9, 14, 53, 120_000, UTC),
        subject="Order B-2026-004711 open: 237.95 EUR",
        contact=ContactClaim(
            key="70311",
            name="Jörg Größmann",
            identifiers=[
                *(SHORT.identifiers or ()),
                ClaimedIdentifier(kind="phone", value="0221 4710815", verified=False),
            ],
            attributes={
                "given_name": "Jörg",
                "family_name": "Größmann",
                "language": "de",
                "newsletter": "false",
                "street": "Zülpicher Straße 58a",
                "postcode": "50674",
                "place": "Köln",
                "country": "DE",
            },
        ),
        data={
            "type": "order.created",
            "customer": {"tags": ["Stammkunde", "B2C"]},
            "envelope": {"api_version": "2025-10", "shop": "bergzeit-köln.example"},
        },
        object=ObjectState(
            type="order", id="B-2026-004711", version=1, state=without(data, "id", "version", "customer")
        ),
    )


def test_a_partial_shipment_is_an_object_of_its_own_and_names_its_order() -> None:
    item, data = fixture("shipment_partial")
    assert item == shell(
        kind="shipment",
        direction="outbound",
        occurred_at=datetime(2026, 2, 2, 15, 40, 10, tzinfo=UTC),
        subject="Shipment S-90112 dispatched of order B-2026-004711",
        data={"type": "shipment.dispatched", "order": "B-2026-004711"},
        object=ObjectState(type="shipment", id="S-90112", version=1, state=without(data, "id", "version", "customer")),
    )
    order, _ = fixture("order_partially_shipped")
    assert order.subject == "Order B-2026-004711 partially shipped: 237.95 EUR"
    assert order.object is not None
    assert (order.object.version, order.object.state["status"]) == (3, "partially_shipped")


@pytest.mark.parametrize(
    ("name", "direction", "subject"),
    [
        ("payment_captured", "inbound", "Payment captured for order B-2026-004711: 237.95 EUR"),
        ("payment_refunded", "outbound", "Payment refunded for order B-2026-004711: 24.50 EUR"),
    ],
)
def test_money_names_the_order_and_leaves_its_state_alone(name: str, direction: str, subject: str) -> None:
    item, data = fixture(name)
    kept = {"payment_type" if field == "type" else field: value for field, value in data.items()}
    assert item == shell(
        kind="payment",
        direction=direction,
        occurred_at=item.occurred_at,
        subject=subject,
        data={**without(kept, "customer"), "type": name.replace("_", ".")},
        object=ORDER,
    )


def test_a_cancelled_order_says_so_even_where_the_shop_does_not() -> None:
    item, data = fixture("order_cancelled")
    assert item.subject == "Order B-2026-004799 cancelled: 89.00 EUR"
    assert item.object is not None
    assert item.object.state == {**without(data, "id", "version", "customer"), "status": "cancelled"}


@pytest.mark.parametrize(
    ("type_", "status", "expected"),
    [
        ("order.cancelled", None, "cancelled"),
        ("order.canceled", None, "canceled"),
        ("order.cancelled", "void", "void"),
        ("order.created", None, None),
        ("order.updated", None, None),
        ("reservation.no_show", None, "no_show"),
        ("reservation.reminded", None, None),
        ("shipment.delivered", None, "delivered"),
        ("shipment.out_for_delivery", None, "out_for_delivery"),
        ("shipment.delivered", "at_neighbour", "at_neighbour"),
        ("shipment.delivered", 3, 3),
    ],
)
def test_what_happened_is_the_status_where_the_payload_says_none(type_: str, status: Any, expected: Any) -> None:
    for given_ in ({}, {"status": None}) if status is None else ({"status": status},):
        (item,) = said(type_, {"id": 5, **given_})
        assert item.object is not None
        assert item.object.state.get("status") == expected


def test_a_reservation_of_a_guest_without_an_account() -> None:
    item, data = fixture("reservation_created")
    assert item.kind == "order"
    assert item.object == ObjectState(
        type="reservation",
        id="88123",
        version="2026-03-03T17:22:00.500000Z",
        state=without(data, "id", "version", "customer"),
    )
    assert item.contact == ContactClaim(
        key="guest of reservation 88123",
        name="Ägidius Schäfer",
        identifiers=[
            ClaimedIdentifier(kind="email", value="a.schäfer@example.com", verified=False),
            ClaimedIdentifier(kind="phone", value="+49 151 23456789", verified=False),
        ],
        attributes={},
    )


def test_a_customer_is_a_fact_about_itself() -> None:
    item, data = fixture("customer_updated")
    assert (item.kind, item.subject, item.object) == ("fact", "Customer updated", None)
    assert item.contact.key == "70311"
    assert [(one.kind, one.verified) for one in item.contact.identifiers or ()] == [
        ("account", True),
        ("email", True),
        ("phone", True),
    ]
    assert item.data == {
        "type": "customer.updated",
        "customer": {name: data[name] for name in ("tags", "addresses", "loyalty")},
    }


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_every_payload_gives_the_same_ids_for_ever(name: str) -> None:
    raw = (FIXTURES / f"{name}.json").read_bytes()
    assert parsed(raw) == parsed(raw)
    assert [item.source_id for item in parsed(raw, "evt-9")] == ["evt-9"]


def test_a_list_is_an_item_each_with_a_name_each() -> None:
    items = said("order.updated", [{"id": 1}, {"id": 2}, {"id": 1, "version": 2}])
    assert [(item.source_id, item.object and item.object.id) for item in items] == [
        ("msg_1/1", "1"),
        ("msg_1/2", "2"),
        ("msg_1/3", "1"),
    ]


@pytest.mark.parametrize(
    ("type_", "data", "kind", "object_"),
    [
        ("order.disputed", {"id": 5, "why": "late"}, "fact", ("order", "5", 0, None)),
        ("order.item.returned", {"sku": "A"}, "fact", None),
        ("reservation.reminded", {"id": "R", "version": 1}, "order", ("reservation", "R", 1, {})),
        ("payment.failed", {"reservation": "R"}, "payment", ("reservation", "R", 0, None)),
        ("payment.failed", {"amount": 5}, "payment", None),
        ("customer.deleted", {"id": 5}, "fact", None),
        ("customer.erasure_asked", {"customer": {"id": 5}, "by": "mail"}, "fact", None),
    ],
)
def test_what_else_there_is(type_: str, data: dict[str, Any], kind: str, object_: tuple[Any, ...] | None) -> None:
    (item,) = said(type_, data)
    assert (item.kind, item.object and msgspec.structs.astuple(item.object)) == (kind, object_)
    assert item.data is not None
    assert item.data["type"] == type_


def test_versions_sort_as_the_shop_changed_them() -> None:
    said_at = ("2026-01-31T23:30:00-02:00", "2026-02-01T02:00:00.5+00:00", "2026-02-01T04:00:01+02:00")
    versions = [said("order.updated", {"id": 1, "updated_at": at})[0].object for at in said_at]
    ranks = [rank(one.version) for one in versions if one is not None]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 3
    (item,) = said("order.updated", {"id": 1})
    assert item.object is not None
    assert item.object.version == "2026-01-31T09:30:00.000000Z"


def test_only_what_the_payload_says_outright_is_verified() -> None:
    for flag in (None, False):
        (item,) = said("customer.created", {"id": 1, "email": "a@example.com", "email_verified": flag})
        assert [one.verified for one in item.contact.identifiers or ()] == [True, False]


REFUSED: list[tuple[Any, str]] = [
    ([], ""),
    ("order", ""),
    ({}, "type"),
    ({"type": 5}, "type"),
    ({"type": "order"}, "type"),
    ({"type": "order."}, "type"),
    ({"type": "order.."}, "type"),
    ({"type": "Order.created"}, "type"),
    ({"type": "invoice.created"}, "type"),
    ({"type": "order.created\n"}, "type"),
    ({"type": "order." + "x" * 200}, "type"),
    ({"type": "order.created"}, "timestamp"),
    ({"type": "order.created", "timestamp": 1769851800}, "timestamp"),
    ({"type": "order.created", "timestamp": "yesterday"}, "timestamp"),
    ({"type": "order.created", "timestamp": "2026-01-31T09:30:00"}, "timestamp"),
    ({"type": "order.created", "timestamp": "1969-01-31T09:30:00Z"}, "timestamp"),
    ({"type": "order.created", "timestamp": "0001-01-01T00:00:00+23:59"}, "timestamp"),
    ({"data": None}, "data"),
    ({"data": []}, "data"),
    ({"data": [{"id": 1}] * 101}, "data"),
    ({"data": [{"id": 1}, 2]}, "data[1]"),
    ({"data": [{"id": 1}, {}]}, "data[1].id"),
    ({"data": {}}, "data.id"),
    ({"data": {"id": None}}, "data.id"),
    ({"data": {"id": True}}, "data.id"),
    ({"data": {"id": 1.5}}, "data.id"),
    ({"data": {"id": " "}}, "data.id"),
    ({"data": {"id": "a\tb"}}, "data.id"),
    ({"data": {"id": "x" * 513}}, "data.id"),
    ({"data": {"id": {"a": 1}}}, "data.id"),
    ({"data": {"id": 1, "version": True}}, "data.version"),
    ({"data": {"id": 1, "version": 1.5}}, "data.version"),
    ({"data": {"id": 1, "version": ""}}, "data.version"),
    ({"data": {"id": 1, "version": 2**63}}, "data.version"),
    ({"data": {"id": 1, "updated_at": "soon"}}, "data.updated_at"),
    ({"data": {"id": 1, "note": "a\0b"}}, "data.note"),
    ({"data": {"id": 1, "customer": 5}}, "data.customer"),
    ({"data": {"id": 1, "customer": {"id": []}}}, "data.customer.id"),
    ({"data": {"id": 1, "customer": {"name": 5}}}, "data.customer.name"),
    ({"data": {"id": 1, "customer": {"name": "a\x07b"}}}, "data.customer.name"),
    ({"data": {"id": 1, "customer": {"email": ["a@example.com"]}}}, "data.customer.email"),
    ({"data": {"id": 1, "customer": {"email_verified": "true"}}}, "data.customer.email_verified"),
    ({"data": {"id": 1, "customer": {"attributes": {"place": 5}}}}, "data.customer.attributes[...]"),
    ({"data": {"id": 1, "customer": {"x" * 101: "long"}}}, "data.customer.attributes"),
    ({"type": "customer.created", "data": {"name": "Nobody"}}, "data.id"),
    ({"type": "customer.created", "data": {"customer": {"name": "Nobody"}}}, "data.customer.id"),
    ({"type": "payment.captured", "data": {"order": 1.5}}, "data.order"),
    ({"type": "shipment.sent", "data": {"id": 1, "order": []}}, "data.order"),
]


@pytest.mark.parametrize(("payload", "field"), REFUSED)
def test_what_is_refused_names_its_field(payload: Any, field: str) -> None:
    good = {"type": "order.created", "timestamp": "2026-01-31T09:30:00Z"}
    whole = {**good, **payload} if isinstance(payload, dict) and "data" in payload else payload
    with pytest.raises(Unparseable) as refused:
        parsed(json.dumps(whole).encode())
    assert refused.value.field == field
    assert refused.value.words


@pytest.mark.parametrize(
    ("raw", "field", "words"),
    [
        (b"", "", "malformed JSON"),
        (b"\xff\xfe{}", "", "not UTF-8"),
        (b'\xef\xbb\xbf{"type":"order.created"}', "", "malformed JSON"),
        ('{"type":"order.created"}'.encode("utf-16"), "", "not UTF-8"),
        (b'{"type":"order.created","type":"order.updated"}', "type", "twice"),
        (b'{"data":{"id":1,"customer":{"email":"a@x.de","email":"b@x.de"}}}', "email", "twice"),
        (b'{"\\u0000":1,"\\u0000":2}', "?", "twice"),
        (b'{"\\ud800":1,"\\ud800":2}', "?", "twice"),
        (b'{"a":NaN}', "", "NaN"),
        (b'{"a":-Infinity}', "", "-Infinity"),
        (b'{"a":1e999}', "a", "NaN and Infinity"),
        (b'{"a":"\\ud800"}', "a", "surrogates"),
        (b'{"a":' + b"9" * 5000 + b"}", "", ""),
        (b'{"a":' + b"[" * 65 + b"]" * 65 + b"}", "a" + "[0]" * 64, "deeper"),
        (b"[" * 500_000, "", "deeper"),
        (b'{"a":' * 100_000, "", "deeper"),
        (b'{"a":1}{"a":2}', "", "malformed JSON"),
        (b"{'a':1}", "", "malformed JSON"),
    ],
)
def test_bytes_that_two_readers_could_read_differently_are_refused(raw: bytes, field: str, words: str) -> None:
    with pytest.raises(Unparseable) as refused:
        parsed(raw)
    assert refused.value.field == field
    assert words in refused.value.words


same_each_run = settings(max_examples=300, deadline=None, derandomize=True, database=None)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["id", "version", "updated_at", "status", "order", "reservation", "total", "amount", "currency", "customer", "type"]
)
TYPES = st.sampled_from(["order.created", "order.x", "reservation.a", "shipment.b", "payment.c", "customer.d"])


@same_each_run
@given(
    type_=TYPES,
    data=st.dictionaries(NAMES, VALUES, max_size=8),
    customer=st.dictionaries(st.sampled_from(["id", "name", "email", "phone", "attributes", "x"]), VALUES, max_size=5),
)
def test_whatever_is_signed_is_read_or_refused_and_never_fails(
    type_: str, data: dict[str, Any], customer: dict[str, Any]
) -> None:
    payload = {"type": type_, "timestamp": "2026-01-31T09:30:00Z", "data": {**data, "customer": customer}}
    try:
        items = parsed(json.dumps(payload).encode())
    except Unparseable:
        return
    assert all(msgspec.json.decode(msgspec.json.encode(item), type=Interaction) == item for item in items)


@same_each_run
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(Unparseable):
        parsed(raw)
