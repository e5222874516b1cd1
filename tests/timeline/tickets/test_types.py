"""Ticket types by themselves: what may be set up, and what may stand in a field of each kind."""

from typing import Any

import pytest

from timeline.interactions import InvalidField
from timeline.tickets.types import (
    Disposition,
    Field,
    TicketType,
    Types,
    check_types,
    checked_fields,
    missing_at_close,
)

KINDS: dict[str, dict[str, Any]] = {
    "text": {"max_length": 5},
    "number": {},
    "integer": {},
    "boolean": {},
    "date": {},
    "choice": {"options": ("red", "blue")},
    "multi-choice": {"options": ("red", "blue")},
}
RETURN = TicketType(
    key="return",
    name="Return",
    fields=tuple(
        Field(key=kind.replace("-", "_"), name=kind, kind=kind, **more)  # pyright: ignore[reportArgumentType]
        for kind, more in KINDS.items()
    ),
)


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("text", "lamp", "lamp"),
        ("number", 12.5, 12.5),
        ("number", 3.0, 3),
        ("integer", 7, 7),
        ("integer", 7.0, 7),
        ("boolean", False, False),
        ("date", "2026-02-28", "2026-02-28"),
        ("choice", "red", "red"),
        ("multi_choice", ["blue", "red", "blue"], ("red", "blue")),
        ("multi_choice", [], ()),
        ("text", None, None),
        ("gone", None, None),
    ],
)
def test_what_fits_is_kept(field: str, value: Any, kept: Any):
    assert checked_fields(RETURN, {field: value}) == {field: kept}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("text", 3, "expected a text"),
        ("text", "lamps!", "expected 1 to 5 characters"),
        ("text", " ", "expected 1 to 5 characters"),
        ("text", "a\x07b", "control characters other than tab and line ends are not text"),
        ("number", "12", "expected a number up to 1,000,000,000,000,000"),
        ("number", True, "expected a number up to 1,000,000,000,000,000"),
        ("number", 1e300, "expected a number up to 1,000,000,000,000,000"),
        ("integer", 7.5, "expected a whole number up to 1,000,000,000,000,000"),
        ("integer", 10**40, "expected a whole number up to 1,000,000,000,000,000"),
        ("boolean", 1, "expected true or false"),
        ("date", "2026-02-29", "expected a date, such as 2026-10-23"),
        ("date", "20260228", "expected a date, such as 2026-10-23"),
        ("choice", "green", "expected one of red, blue"),
        ("choice", ["red"], "expected one of red, blue"),
        ("multi_choice", "red", "expected a list of red, blue"),
        ("multi_choice", ["red", {}], "expected a list of red, blue"),
    ],
)
def test_what_does_not_is_named_by_its_path(field: str, value: Any, words: str):
    with pytest.raises(InvalidField) as refused:
        checked_fields(RETURN, {field: value})
    assert (refused.value.field, refused.value.words) == (f"fields.{field}", words)


def test_a_field_of_no_type_is_refused():
    with pytest.raises(InvalidField, match="no field of the ticket's type"):
        checked_fields(None, {"text": "lamp"})


def _types(*fields: Field, **more: Any) -> Types:
    return Types(types=(TicketType(key="a", name="A", fields=fields),), **more)


@pytest.mark.parametrize(
    ("section", "path"),
    [
        (_types(Field(key="A", name="A", kind="text")), "types[0].fields[0].key"),
        (_types(*[Field(key="a", name="A", kind="text")] * 2), "types[0].fields[1].key"),
        (_types(Field(key="a", name=" ", kind="text")), "types[0].fields[0].name"),
        (_types(Field(key="a", name="A", kind="choice")), "types[0].fields[0].options"),
        (_types(Field(key="a", name="A", kind="text", options=("x",))), "types[0].fields[0].options"),
        (_types(Field(key="a", name="A", kind="choice", options=("x", "x"))), "types[0].fields[0].options"),
        (_types(Field(key="a", name="A", kind="number", max_length=3)), "types[0].fields[0].max_length"),
        (_types(Field(key="a", name="A", kind="text", max_length=0)), "types[0].fields[0].max_length"),
        (_types(dispositions=(Disposition(key="", name="A"),)), "dispositions[0].key"),
        (_types(disposition_required=True), "disposition_required"),
        (Types(types=(TicketType(key="a", name="A"),) * 101), "types[1].key"),
    ],
)
def test_a_typo_is_named_by_its_path(section: Types, path: str):
    with pytest.raises(InvalidField) as refused:
        check_types(section)
    assert refused.value.field == path


def test_what_is_required_at_the_end_is_missed_then():
    section = _types(Field(key="a", name="A", kind="text"), Field(key="b", name="B", kind="text", required="at_close"))
    assert missing_at_close(section, "a", ["a"]) == "b"
    assert missing_at_close(section, "a", ["b"]) is None
    assert missing_at_close(section, None, []) is None
