"""Cards: titles from templates, statuses from states, and what a definition may hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.world import law
from timeline.interactions import InvalidField
from timeline.object_types import NO_TYPES, ObjectType, State, States, Status, Types, check_type

STATE = {"total": 12.5, "currency": "EUR", "items": [{"name": "Red\n shoe"}], "gift": True, "none": None, "n": 0}


def title(template: str, state: Any = STATE, name: str = "thing", id_: str = "7") -> str:
    types = Types(at=1, own={name: ObjectType(type=name, version=1, title=template)})
    return types.card(name, id_, 3, state).title


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("Order {id} · {state.total}", "Order 7 · 12.5"),
        ("Order {id} · {state.total} {state.currency}", "Order 7 · 12.50 EUR"),
        ("{id}: {state.total} EUR", "7: 12.50 EUR"),
        ("{id}: {state.total} kg", "7: 12.5 kg"),
        ("{state.total} LBS {id}", "12.5 LBS 7"),
        ("{state.total}{state.currency}", "12.5EUR"),
        ("{state.gift} {state.currency}", "true EUR"),
        ("Order {id} · {state.missing}", "Order 7"),
        ("Order {id} · {state.missing} {state.currency}", "Order 7 EUR"),
        ("{state.missing} – {id}", "7"),
        ("({state.missing}) {id}", "7"),
        ("{id} ({state.missing})", "7"),
        ("{id} ({state.currency})!", "7 (EUR)!"),
        ("{type} {id} v{version}", "thing 7 v3"),
        ("{state.items.0.name}", "Red shoe"),
        ("{state.items.1.name} {id}", "7"),
        ("{state.items} {state.none} {id}", "7"),
        ("{state.gift} {state.n}", "true 0"),
        ("{state.missing}", "Thing 7"),
        ("Only words", "Only words"),
        ("{id.__class__}", "Thing 7"),
        ("{state.total.real}", "Thing 7"),
    ],
)
def test_a_title_is_its_template_without_what_is_missing(template: str, shown: str):
    assert title(template) == shown


def test_values_are_shown_and_never_read_as_templates():
    assert title("{id} {state.total}", {"total": "{id} {state}"}, id_="{state.total}") == "{state.total} {id} {state}"


@law(200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    st.text(min_size=1, max_size=30),
)
def test_any_state_has_a_card(state: Any, id_: str):
    for name in ("order", "shipment", "x"):
        card = NO_TYPES.card(name, id_, None, state)
        assert card.title
        assert len(card.title) <= 200
        assert "\n" not in card.title


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ({"status": "delivered"}, Status(value="delivered", label="Delivered", final=True)),
        ({"status": "paid"}, Status(value="paid", label="Paid", final=False)),
        ({"status": "own word"}, Status(value="own word", label="own word", final=False)),
        ("delivered", Status(value="delivered", label="Delivered", final=True)),
        ({"status": "DELIVERED"}, Status(value="DELIVERED", label="Delivered", final=True)),
        ({"status": "On-Hold"}, Status(value="On-Hold", label="On hold", final=False)),
        ({"status": "partially_shipped"}, Status(value="partially_shipped", label="Partially shipped", final=False)),
        ({"status": "canceled"}, Status(value="canceled", label="Canceled", final=True)),
        ({"status": "__class__"}, Status(value="__class__", label="__class__", final=False)),
        ({"status": 3}, Status(value="3", label="3", final=False)),
        ({"status": ["paid"]}, None),
        ({"other": 1}, None),
        (None, None),
        (3, None),
    ],
)
def test_a_status_is_where_the_type_says(state: Any, status: Status | None):
    assert NO_TYPES.card("order", "1", 1, state).status == status


def test_a_type_of_ones_own_says_where_its_status_stands_and_keeps_the_rest_of_a_built_in_one():
    states = States(path="now.0", known={"a": State(label="Away", final=True), "A": State(), "b": State()})
    types = Types(at=1, own={"order": ObjectType(type="order", version=1, states=states)})
    assert types.card("order", "1", 1, {"now": ["a"], "total": 3}).title == "Order 1 · 3"
    assert types.card("order", "1", 1, {"now": ["a"]}).status == Status(value="a", label="Away", final=True)
    assert types.card("order", "1", 1, {"now": ["b"]}).status == Status(value="b", label="b", final=False)
    assert types.card("order", "1", 1, {"now": ["A"]}).status == Status(value="A", label="A", final=False)


@pytest.mark.parametrize(
    ("template", "field"),
    [(one, "title") for one in ("", " ", "x" * 201, "a\nb", "{", "}", "{}", "{0}", "{name}", "{state}", "{id.x}")]
    + [(one, "title") for one in ("{state..a}", "{state.a b}", "{state.}", "{{id}}", "{id!r}", "{id:>9}")],
)
def test_a_template_with_a_fault_is_named(template: str, field: str):
    with pytest.raises(InvalidField) as found:
        check_type(template, None)
    assert found.value.field == field


@pytest.mark.parametrize(
    ("states", "field"),
    [
        (States(path=""), "states.path"),
        (States(path="a..b"), "states.path"),
        (States(path="a" * 201), "states.path"),
        (States(known={f"{n}": State() for n in range(101)}), "states.known"),
        (States(known={"": State()}), "states.known."),
        (States(known={"a": State(label="")}), "states.known.a"),
        (States(known={"a": State(label="x\0y")}), "states.known.a"),
    ],
)
def test_states_with_a_fault_are_named(states: States, field: str):
    with pytest.raises(InvalidField) as found:
        check_type(None, states)
    assert found.value.field == field
