"""What comes from outside becomes an interaction, or the field at fault is named."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.interactions import CHANNELS, Interaction, InvalidField, decode, shown_at

GOOD: dict[str, Any] = {
    "source": "shop",
    "source_id": "1",
    "kind": "message",
    "channel": "email",
    "direction": "inbound",
    "occurred_at": "2026-03-01T12:00:00Z",
    "contact": {"key": "k", "identifiers": [{"kind": "email", "value": "a@example.com"}]},
}


def read(document: Any) -> Interaction:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return decode(raw, frozenset(CHANNELS))


def refused(document: Any) -> str:
    with pytest.raises(InvalidField) as found:
        read(document)
    assert found.value.words
    return found.value.field


def raw_with(field: str, value: bytes) -> bytes:
    return json.dumps({**GOOD, field: "HERE"}).encode().replace(b'"HERE"', value)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def test_a_good_one_is_read():
    item = read({**GOOD, "data": {"a": deep(40)}, "ticket": 7, "object": {"type": "order", "id": "1", "version": "v2"}})
    assert (item.source, item.kind, item.occurred_at) == ("shop", "message", datetime(2026, 3, 1, 12, tzinfo=UTC))


BAD = [
    ("source", 1, "source"),
    ("source", "", "source"),
    ("source", " ", "source"),
    ("source", "a\nb", "source"),
    ("source", "x" * 513, "source"),
    ("source", "desk", "source"),
    ("source_id", None, "source_id"),
    ("source_id", "a\x7fb", "source_id"),
    ("source_id", "ü" * 513, "source_id"),
    ("kind", "gossip", "kind"),
    ("channel", "pigeon", "channel"),
    ("direction", "sideways", "direction"),
    ("occurred_at", "2026-03-01T12:00:00", "occurred_at"),
    ("occurred_at", "yesterday", "occurred_at"),
    ("occurred_at", "0000-01-01T00:00:00Z", "occurred_at"),
    ("occurred_at", "0001-01-01T00:00:00+14:00", "occurred_at"),
    ("occurred_at", "9999-12-31T23:59:59-14:00", "occurred_at"),
    ("occurred_at", "10000-01-01T00:00:00Z", "occurred_at"),
    ("occurred_at", "1969-12-31T23:59:59Z", "occurred_at"),
    ("occurred_at", "2201-01-01T00:00:00Z", "occurred_at"),
    ("occurred_at", 1767225600, "occurred_at"),
    ("contact", None, "contact"),
    ("contact", [], "contact"),
    ("contact", {"key": "a\0b"}, "contact.key"),
    ("contact", {"key": ""}, "contact.key"),
    ("contact", {"name": "a\0b"}, "contact.name"),
    ("contact", {"name": 7}, "contact.name"),
    ("contact", {"nickname": "x"}, "contact.nickname"),
    ("contact", {"attributes": {"company": 1}}, "contact.attributes[...]"),
    ("contact", {"attributes": {"company": "a\0"}}, "contact.attributes.company"),
    ("contact", {"identifiers": [{"kind": "email"}]}, "contact.identifiers[0].value"),
    ("contact", {"identifiers": [{"kind": "shoe", "value": "42"}]}, "contact.identifiers[0].kind"),
    ("contact", {"identifiers": [{"kind": "email", "value": "a", "verified": 1}]}, "contact.identifiers[0].verified"),
    ("contact", {"identifiers": [{"kind": "email", "value": "a", "trusted": True}]}, "contact.identifiers[0].trusted"),
    ("contact", {"identifiers": [{"kind": "email", "value": "a"}] * 51}, "contact.identifiers"),
    ("contact", {"identifiers": [{"kind": "email", "value": "a"}] * 10_000}, "contact.identifiers"),
    ("conversation", "", "conversation"),
    ("conversation", 7, "conversation"),
    ("subject", ["x"], "subject"),
    ("body", "a\0b", "body"),
    ("body", {"html": "x"}, "body"),
    ("data", [1], "data"),
    ("data", {"n": 2**63}, "data.n"),
    ("data", {"n": [-(2**63) - 1]}, "data.n[0]"),
    ("data", {"a\0b": 1}, "data"),
    ("data", deep(65), "data"),
    ("data", deep(5000), ""),
    ("object", {"type": "order"}, "object.id"),
    ("object", {"type": "order", "id": ""}, "object.id"),
    ("object", {"type": "order", "id": "1", "version": 2**63}, "object.version"),
    ("object", {"type": "order", "id": "1", "version": 1.5}, "object.version"),
    ("object", {"type": "order", "id": "1", "state": {"a": "\0"}}, "object.state.a"),
    ("ticket", 1.5, "ticket"),
    ("ticket", True, "ticket"),
    ("colour", "red", "colour"),
]


@pytest.mark.parametrize(("field", "value", "at_fault"), BAD)
def test_the_field_at_fault_is_named(field: str, value: Any, at_fault: str):
    if field == "data" and at_fault == "":
        opened = b'{"a":' * 5000 + b"1" + b"}" * 5000
        assert refused(raw_with("data", opened)) in ("", "data")
        return
    assert refused({**GOOD, field: value}).removesuffix("[...]") == at_fault.removesuffix("[...]")


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_missing_field_is_named(field: str):
    assert refused({name: value for name, value in GOOD.items() if name != field}) == field


@pytest.mark.parametrize(
    ("value", "at_fault"),
    [
        (b'{"n": NaN}', "data.n"),
        (b'{"n": -Infinity}', "data.n"),
        (b'{"n": 1e400}', "data[...]"),
        (b'{"n": 123456789012345678901234567890}', "data.n"),
        (b'{"n": "\\ud800"}', "data.n"),
        (b'{"n": "\\udc00x"}', "data.n"),
        (b'{"\\ud800": 1}', "data"),
        (b'{"n": "\\u0000"}', "data.n"),
    ],
)
def test_what_json_can_say_and_nobody_can_keep_is_named(value: bytes, at_fault: str):
    assert refused(raw_with("data", value)) == at_fault


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"source": "\xff"}', b"{}{}", b"\0"])
def test_what_is_no_document_is_refused(raw: bytes):
    refused(raw)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(raw: bytes):
    try:
        read(raw)
    except InvalidField:
        pass


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.sampled_from([*GOOD, "data", "object", "subject", "ticket", "conversation"]), _json)
def test_no_value_makes_it_raise_anything_else(field: str, value: Any):
    at_fault = ""
    try:
        read(json.dumps({**GOOD, field: value}).encode())
    except InvalidField as found:
        at_fault = found.field.split(".")[0].split("[")[0]
    assert at_fault in (field, "")


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "believed"),
    [
        (timedelta(0), True),
        (timedelta(days=-9000), True),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, microseconds=1), False),
        (timedelta(days=3000), False),
    ],
)
def test_a_clock_more_than_five_minutes_ahead_is_not_believed(ahead: timedelta, believed: bool):
    assert shown_at(NOW + ahead, NOW) == (NOW + ahead if believed else NOW)
