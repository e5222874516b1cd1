"""Whatever stands in a filter, it is looked for as it is and asks for nothing else."""

import string
import uuid
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.customers import WorkspaceId
from search.engine import Filters
from search.meilisearch_filters import COMPARED, EQUAL, FACETED, conditions, micros, moment, quoted
from tests.search.fake_filters import Attributes, Row, folded, parse

WORKSPACE = WorkspaceId(uuid.UUID(int=1))
ALLOWED = Attributes(
    [
        {
            "attributePatterns": [*FACETED.values(), *EQUAL],
            "features": {"filter": {"equality": True, "comparison": False}},
        },
        {"attributePatterns": list(COMPARED), "features": {"filter": {"equality": True, "comparison": True}}},
    ]
)
HOSTILE = [
    '" OR workspace_id != ""',
    '" OR workspace != "x',
    '\\" OR workspace EXISTS OR kind = "',
    "\\",
    '\\\\"',
    "' OR id EXISTS OR '",
    "] OR id EXISTS",
    "_geoRadius(45.4, 9.1, 2000)",
    "_geoBoundingBox([1,2],[3,4])",
    "NOT EXISTS",
    "a\nb\tc\x00d",
    "\\u{41}\\n\\x41",
    "\ud800 alone",
    "",
    "[1, 2]",
]
anything = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30), st.text(alphabet="\"\\'()[]= OR", max_size=20))


def row(**more: object) -> Row:
    known = {"id": "item-1", "workspace": uuid.UUID(int=1).hex, "internal": False, "kind": "message", "at": 0}
    return known | more


@given(anything)
@settings(max_examples=100)
def test_a_value_is_read_back_as_it_is(value: str):
    test = parse(f"kind = {quoted(value)}", ALLOWED)
    sound = value.encode("utf-8", "replace").decode()
    assert test(row(kind=sound))
    assert test(row()) == (folded(sound) == "message")


@given(st.lists(anything, min_size=1, max_size=4), st.lists(anything, max_size=3))
@settings(max_examples=60)
def test_nothing_that_is_asked_for_leaves_its_place(values: list[str], people: list[str]):
    """A row of another workspace never passes, one of ours exactly where it holds a value."""
    filters = Filters(internal=False, tags=frozenset(values), people=frozenset(people))
    written = conditions(WORKSPACE, filters, after=(datetime(2026, 1, 1, tzinfo=UTC), values[0]))
    test = parse(written, ALLOWED)
    named = people[:1] or ["anybody"]
    sound = [value.encode("utf-8", "replace").decode() for value in (values[0], named[0])]
    ours = row(tags=[sound[0]], people=[sound[1]])
    assert test(ours)
    assert not test({**ours, "workspace": uuid.UUID(int=2).hex})
    assert not test({**ours, "internal": True})
    assert not test({**ours, "tags": ["none of these, surely"]}) or "none of these, surely" in values


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_alone_finds_only_itself(value: str):
    for field in (
        "kinds",
        "channels",
        "statuses",
        "queues",
        "tags",
        "agents",
        "tickets",
        "idents",
        "people",
        "without",
    ):
        test = parse(
            conditions(WORKSPACE, msgspec.structs.replace(Filters(internal=True), **{field: frozenset({value})})),
            ALLOWED,
        )
        assert test(row()) == (field == "without")


def test_each_filter_is_one_condition():
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    contact = uuid.UUID(int=10)
    cases: list[tuple[dict[str, object], dict[str, object], dict[str, object]]] = [
        ({"contacts": (contact,)}, {"contact": contact.hex}, {"contact": uuid.UUID(int=11).hex}),
        ({"kinds": frozenset({"note"})}, {"kind": "note"}, {"kind": "message"}),
        ({"statuses": frozenset({"open", "new"})}, {"statuses": ["new", "vip"]}, {"statuses": ["closed"]}),
        ({"outcomes": frozenset({"solved"})}, {"outcomes": ["solved"]}, {"outcomes": []}),
        ({"start": noon}, {"at": micros(noon)}, {"at": micros(noon) - 1}),
        ({"end": noon}, {"at": micros(noon) - 1}, {"at": micros(noon)}),
        ({"without": frozenset({"item-1"})}, {"id": "item-2"}, {"id": "item-1"}),
    ]
    for asked, passing, failing in cases:
        test = parse(conditions(WORKSPACE, msgspec.structs.replace(Filters(internal=True), **asked)), ALLOWED)
        assert test(row(**passing)), asked
        assert not test(row(**failing)), asked
    assert conditions(WORKSPACE, Filters(internal=True, contacts=())) is None


def test_notes_are_left_out_of_every_filter_for_who_may_not_read_them():
    test = parse(conditions(WORKSPACE, Filters(internal=False)), ALLOWED)
    assert test(row())
    assert not test(row(internal=True))
    assert parse(conditions(WORKSPACE, Filters(internal=True)), ALLOWED)(row(internal=True))


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_moments_are_whole_microseconds_and_exact_in_a_double(at: datetime):
    assert moment(micros(at)) == at
    assert int(float(micros(at))) == micros(at)
    assert micros(at + timedelta(microseconds=1)) == micros(at) + 1


def test_what_the_filters_are_written_with_needs_no_quotes():
    assert set("".join([*EQUAL, *COMPARED, *FACETED.values()])) <= set(string.ascii_lowercase)
