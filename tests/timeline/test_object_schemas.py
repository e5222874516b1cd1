"""Schemas of object types: faults named by their path, nothing fetched, and an answer in bounded time."""

import random
import socket
import time
from typing import Any

import pytest

from timeline.interactions import InvalidField
from timeline.object_schemas import MOST_MATCHING, MOST_WORK, Checker

SECONDS = 4.0
"""What a check may take at worst here, on a machine with other work; measured alone: below one."""
ORDER = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://shop.example/order.json",
    "type": "object",
    "required": ["total"],
    "properties": {
        "total": {"type": "number", "minimum": 0},
        "status": {"enum": ["placed", "paid"]},
        "items": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/item"}},
        "sku.code": {"pattern": "^[A-Z]{2}\\d{4}$"},
    },
    "$defs": {
        "item": {
            "type": "object",
            "required": ["price"],
            "properties": {"price": {"type": "number"}},
            "additionalProperties": False,
        }
    },
}


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ({"total": 1}, None),
        ({"total": 1, "items": [{"price": 1}], "status": "paid", "sku.code": "AB1234", "more": None}, None),
        ({}, ".total"),
        ([], ""),
        (3, ""),
        ({"total": "1"}, ".total"),
        ({"total": -1}, ".total"),
        ({"total": True}, ".total"),
        ({"total": 1, "status": "lost"}, ".status"),
        ({"total": 1, "items": [{"price": 1}, {"price": "x"}]}, ".items[1].price"),
        ({"total": 1, "items": [{}]}, ".items[0].price"),
        ({"total": 1, "items": [{"price": 1, "cost": 1}]}, ".items[0].cost"),
        ({"total": 1, "items": [{"price": 1}] * 4}, ".items"),
        ({"total": 1, "sku.code": "ab"}, ".sku.code"),
    ],
)
def test_the_path_of_a_fault_is_named(state: Any, field: str | None):
    fault = Checker(ORDER).fault(state)
    assert (fault and fault.field) == field
    assert fault is None or 0 < len(fault.words) <= 300


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ({"type": "nothing"}, "schema.type"),
        ({"properties": {"a": {"type": "nothing"}}}, "schema.properties.a.type"),
        ({"properties": {"a": 3}}, "schema.properties.a"),
        ({"properties": 3}, "schema.properties"),
        ({"required": "a"}, "schema.required"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "schema.$schema"),
        ({"$ref": "https://shop.example/x.json"}, "schema.$ref"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "schema.properties.a.$ref"),
        ({"$ref": "#anchor"}, "schema.$ref"),
        ({"$ref": "other.json#/a"}, "schema.$ref"),
        ({"$ref": 3}, "schema.$ref"),
        ({"$ref": "#/$defs/a"}, "schema.$ref"),
        ({"$ref": "#/$defs", "$defs": {}}, None),
        ({"$ref": "#"}, "schema"),
        ({"properties": {"a": {"$ref": "#/properties/a"}}}, "schema.properties.a"),
        ({"$dynamicRef": "#a"}, "schema.$dynamicRef"),
        ({"$defs": {"a": {"$anchor": "a"}}}, "schema.$defs.a.$anchor"),
        ({"items": {"$id": "x"}}, "schema.items.$id"),
        ({"unevaluatedProperties": False}, "schema.unevaluatedProperties"),
        ({"pattern": "(?=a)"}, "schema.pattern"),
        ({"pattern": "(a)\\1"}, "schema.pattern"),
        ({"pattern": "(a{1000}){1000}"}, "schema.pattern"),
        ({"patternProperties": {"(?=a)": True}}, "schema.patternProperties.(?=a)"),
        ({"enum": list(range(20_000))}, "schema"),
        ({"allOf": [{"enum": list(range(100))}] * 60}, "schema"),
        ({"properties": {"$ref": {"type": "string"}, "$id": {}, "enum": {"const": {"$ref": 3}}}}, None),
        ({"description": "x", "examples": [{"$ref": "http://x"}], "default": {"$ref": "http://x"}}, None),
        ({}, None),
    ],
)
def test_a_schema_with_a_fault_is_named(schema: dict[str, Any], field: str | None):
    if field is None:
        assert Checker(schema).fault(1) is None
        return
    with pytest.raises(InvalidField) as found:
        Checker(schema)
    assert found.value.field == field


def nested(depth: int) -> Any:
    return True if depth == 0 else {"items": nested(depth - 1)}


def test_depth_and_bytes_are_bounded():
    assert Checker(nested(30)).fault([[[]]]) is None
    for schema in (nested(40), {"description": "x" * 40_000}):
        with pytest.raises(InvalidField) as found:
            Checker(schema)
        assert found.value.field == "schema"


def doubled(levels: int) -> dict[str, Any]:
    """Each level asks the next one twice."""
    rooms = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**rooms, f"d{levels}": {"type": "integer"}}, "$ref": "#/$defs/d0"}


def test_references_that_multiply_or_lead_on_without_end_are_refused():
    assert Checker(doubled(8)).fault(1) is None
    chain = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(900)} | {"d900": True}
    for schema in (doubled(20), doubled(300), {"$defs": chain, "$ref": "#/$defs/d0"}):
        began = time.perf_counter()
        with pytest.raises(InvalidField):
            Checker(schema)
        assert time.perf_counter() - began < SECONDS


def disguised(levels: int) -> dict[str, Any]:
    """As `doubled`, with references that lead to `true` until somebody decodes them."""
    rooms = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/%64{n + 1}"}] * 2} for n in range(levels)}
    return {
        "$defs": {**rooms, f"d{levels}": {}, **{f"%64{n}": True for n in range(levels + 1)}},
        "$ref": "#/$defs/%640",
    }


def test_a_reference_leads_where_it_was_weighed():
    for schema, field in (
        (disguised(60), "schema.$defs.d0.allOf[0].$ref"),
        (
            {"$defs": {"a%62": True, "ab": {"not": {"$ref": "#/$defs/a%62"}}}, "$ref": "#/$defs/a"},
            "schema.$defs.ab.not.$ref",
        ),
        ({"allOf": [True, {"type": "string"}], "not": {"$ref": "#/allOf/01"}}, "schema.not.$ref"),
        ({"$defs": {"a~b": True}, "$ref": "#/$defs/a~0%62"}, "schema.$ref"),
    ):
        with pytest.raises(InvalidField) as found:
            Checker(schema)
        assert found.value.field == field


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch):
    """Not by us, and not by the library if a reference got past us."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.3)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/x.json"
    for schema in (
        {"$ref": address},
        {"$schema": address},
        {"$id": address, "$ref": "#/$defs/a", "$defs": {"a": {}}},
        {"$defs": {"a": {"$id": address}}},
        {"$dynamicRef": address},
    ):
        for weighed in (True, False):
            with monkeypatch.context() as patched:
                if not weighed:
                    patched.setattr("timeline.object_schemas._REFUSED", ())
                    patched.setattr("timeline.object_schemas._Weighed._target", lambda *_: True)
                try:
                    Checker(schema).fault({"a": 1})
                except InvalidField:
                    pass
    with pytest.raises(TimeoutError):
        listening.accept()
    listening.close()


def slow_text(letters: int) -> str:
    dice = random.Random(1)
    return "".join(dice.choice("ab") for _ in range(letters))


@pytest.mark.parametrize(
    ("schema", "state"),
    [
        ({"pattern": "^(a+)+$"}, "a" * (MOST_MATCHING - 1) + "b"),
        ({"pattern": "[ab]*a[ab]{120}c"}, slow_text(MOST_MATCHING - 1)),
        ({"patternProperties": {f"({'|'.join('ab' * 20)})*{n}c": True for n in range(50)}}, {"ab" * 1_950: 1}),
        ({"items": {"enum": [[n] for n in range(1_600)]}}, [[1_599]] * 150),
        ({"items": {"anyOf": [{"type": "string"}] * 1_500}}, [1] * 600),
        ({"anyOf": [{"items": {"type": "string"}}] * 10}, list(range(1_900))),
        ({"uniqueItems": True}, [{"a": n} for n in range(300_000)]),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"allOf": [{"minimum": -1}] * 2_000}}}}, [0] * 480),
    ],
)
def test_hostile_schemas_and_states_are_answered_in_time(schema: dict[str, Any], state: Any):
    checker = Checker(schema)
    began = time.perf_counter()
    fault = checker.fault(state)
    assert time.perf_counter() - began < SECONDS
    assert fault is None or "more values" not in fault.words, "this one is not looked at"


def test_more_than_the_bound_is_refused_unread():
    checker = Checker({"items": {"enum": [[n] for n in range(1_600)]}})
    assert checker.size * 3_000 > MOST_WORK
    for schema, state in ((checker, [[0]] * 3_000), (Checker({"pattern": "a"}), "a" * (MOST_MATCHING + 1))):
        fault = schema.fault(state)
        assert fault is not None
        assert "more" in fault.words
