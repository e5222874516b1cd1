"""A leaf of a thread: spans beside rows, days once, talks in one breath, changes folded, and what goes over borders."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest

from app.console.leaves import Border, Clocks, Leaf, lay_out, read_border
from app.console.sayings import Speaker
from identity.customers import ContactId
from timeline.events import EventId
from timeline.items import NOTHING, Item, Why
from timeline.tickets.projection import TicketRef
from timeline.tickets.ticket import TicketId

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 23, tzinfo=UTC)
WHY = Why(identifier=None, grade="verified", decision=None, words="")


def ticket(number: int, status: Any = "open", opened: UUID | None = None) -> TicketRef:
    return TicketRef(id=TicketId(opened or UUID(int=number)), number=number, status=status)


def item(minute: float, *tickets: TicketRef, **fields: Any) -> Item:
    at = START + timedelta(minutes=minute)
    told: dict[str, Any] = {
        "event_id": EventId(uuid4()),
        "kind": "message",
        "type": "MessageRecorded",
        "channel": "chat",
        "direction": "inbound",
        "conversation": "c-1",
        "source": "shop",
        "source_id": None,
        "occurred_at": at,
        "shown_at": at,
        "recorded_at": at,
        "contact_id": ContactId(UUID(int=1)),
        "actor": "system",
        "about": None,
        "subject": None,
        "body": "Hello",
        "data": NOTHING,
        "object": NOTHING,
        "card": None,
        "ahead": False,
        "history": False,
        "erased": False,
        "tickets": tickets,
        "why": WHY,
    }
    return Item(**told | fields)


def changed(minute: float, *tickets: TicketRef) -> Item:
    return item(minute, *tickets, kind="change", type="TicketTagged", direction=None, body=None)


def laid(*items: Item, zone: str | None = None, **borders: Border) -> Leaf:
    """Items in the order of time, as the leaf that they make."""
    clocks = Clocks(None, ZoneInfo(zone) if zone else None, NOW)
    return lay_out(list(reversed(items)), Speaker({}, "Ann"), clocks, **borders)


def drawn(leaf: Leaf) -> list[str]:
    """The lanes beside each row: a sign for each ticket's begin, middle and end."""
    signs = {(True, True): "o", (True, False): "^", (False, True): "v", (False, False): "|"}
    return [" ".join(f"{bar.lane}{signs[bar.begins, bar.ends]}{bar.number}" for bar in row.bars) for row in leaf.rows]


def test_a_ticket_runs_from_the_item_that_opened_it_to_its_last() -> None:
    first = item(0)
    one = ticket(1, "closed", first.event_id)
    first = msgspec.structs.replace(first, tickets=(one,))
    leaf = laid(first, item(60), item(120, one), item(180))
    assert drawn(leaf) == ["0^1", "0|1", "0v1", ""]
    assert [tuple(ref.number for ref in row.begins) for row in leaf.rows] == [(1,), (), (), ()]
    assert not leaf.rows[0].bars[0].is_open


def test_one_that_opened_earlier_comes_from_above_and_one_that_is_open_goes_on() -> None:
    leaf = laid(item(0), item(60, ticket(7)), item(120), newer=Border(lanes={7: -1}, open=frozenset({7})))
    assert drawn(leaf) == ["0|7", "0|7", "0|7"]
    assert leaf.older.text == leaf.newer.text == "7.4"


def test_an_open_ticket_without_items_here_runs_through() -> None:
    leaf = laid(item(0), item(60), newer=Border(lanes={9: 2}, open=frozenset({9})))
    assert drawn(leaf) == ["2|9", "2|9"]


def test_lanes_are_kept_over_a_border_and_never_shared_while_one_is_free() -> None:
    leaf = laid(item(0, ticket(1)), item(1, ticket(2)), item(2, ticket(1)), newer=read_border("2.0-5.1"))
    assert [{bar.number: bar.lane for bar in row.bars} for row in leaf.rows] == [{2: 0, 5: 1, 1: 2}] * 3


def test_more_than_there_are_lanes_share_the_last() -> None:
    numbers = [ticket(number) for number in range(1, 8)]
    leaf = laid(item(0, *numbers), item(1, *numbers))
    assert max(bar.lane for bar in leaf.rows[0].bars) == 3
    assert len(leaf.rows[0].bars) == 7


@pytest.mark.parametrize("text", ["", "x", "1.9-", "1.2.3", "1.-1", "9" * 500, "<b>.1", "٣.1"])
def test_borders_of_nobody_are_none(text: str) -> None:
    assert not read_border(text).lanes


def test_three_changes_in_a_row_are_one_line_and_two_are_not() -> None:
    leaf = laid(item(0), changed(1), changed(2), changed(3), item(4), changed(5), changed(6))
    assert [len(row.folded) for row in leaf.rows] == [0, 3, 0, 0, 0]


def test_a_day_stands_once_also_over_a_border() -> None:
    leaf = laid(item(-24 * 60), item(0), item(30))
    assert [row.day for row in leaf.rows] == ["Yesterday", "Today", ""]
    assert laid(item(31), older=leaf.newer).rows[0].day == ""


def test_one_breath_is_said_once() -> None:
    leaf = laid(item(0), item(2), item(40), item(41, direction="outbound"), item(42, channel="sms"))
    assert [row.goes_on for row in leaf.rows] == [False, True, False, False, False]


def test_a_subject_is_said_once_in_a_talk() -> None:
    subjects = ["Shoes", "Re: Shoes", "AW: RE: shoes", "Fwd: Boots", "Shoes"]
    leaf = laid(*(item(60 * at, subject=one) for at, one in enumerate(subjects)))
    assert [row.subject for row in leaf.rows] == ["Shoes", "", "", "Fwd: Boots", "Shoes"]


def test_the_customers_clock_stands_where_it_differs() -> None:
    assert laid(item(0), zone="America/New_York").rows[0].theirs == "04:00"
    assert laid(item(0), zone="UTC").rows[0].theirs == laid(item(0)).rows[0].theirs == ""


def test_what_arrived_late_is_marked_and_the_past_is_not() -> None:
    late = {"occurred_at": START - timedelta(hours=2), "shown_at": START - timedelta(hours=2)}
    rows = laid(item(0, **late), item(1, **late, history=True), item(2)).rows
    assert [row.late for row in rows] == [True, False, False]


def test_what_came_late_together_says_so_once() -> None:
    long_ago = START - timedelta(days=90)
    bulk = [
        item(0, occurred_at=at, shown_at=at, recorded_at=START + timedelta(seconds=day))
        for day, at in enumerate(long_ago + timedelta(days=day) for day in range(4))
    ]
    alone = item(0, occurred_at=START - timedelta(hours=3), shown_at=START - timedelta(hours=3), recorded_at=NOW)
    rows = [row for row in laid(*bulk[:2], changed(0), *bulk[2:], alone, item(2)).rows if row.look != "change"]
    assert [(row.late, row.late_on) for row in rows] == [(True, 3), *[(False, 0)] * 3, (True, 0), (False, 0)]


def test_who_takes_a_ticket_gives_it_to_nobody() -> None:
    ann, ben = uuid4(), uuid4()
    speaker = Speaker({ann: "Ann", ben: "Ben"}, None)

    def said(assignee: UUID | None) -> str:
        data = msgspec.Raw(msgspec.json.encode({"assignee": assignee, "reason": None}))
        return speaker.what(item(0, kind="change", type="TicketAssigned", data=data, actor=f"agent:{ann}"))

    assert [said(ann), said(ben), said(None)] == ["took it", "gave it to Ben", "made it nobody's"]


@pytest.mark.parametrize(
    ("type_", "data", "words"),
    [
        ("TicketClosed", {}, "The policy closed it after a silence"),
        ("TicketAwoke", {}, "The policy brought it back"),
        ("SlaBreached", {"target": "next_response"}, "The policy saw the promise of the next response missed"),
        ("SlaWarned", {"target": "resolution"}, "The policy saw that the promise of a resolution runs out soon"),
    ],
)
def test_what_the_policy_did_is_a_sentence(type_: str, data: dict[str, str], words: str) -> None:
    one = item(0, kind="change", type=type_, data=msgspec.Raw(msgspec.json.encode(data)), actor="policy:3")
    speaker = Speaker({}, None)
    assert f"{speaker.who(one)} {speaker.what(one)}" == words


def test_what_another_system_recorded_is_by_the_agent_whom_it_names() -> None:
    speaker = Speaker({}, "Ann")

    def who(data: bytes, **fields: Any) -> str:
        return speaker.who(item(0, data=msgspec.Raw(data), actor="key:1", **fields))

    assert who(b'{"agent":"Tom"}', direction="outbound") == "Tom"
    assert who(b'{"agent":"Tom"}', direction="inbound") == "Ann"
    assert who(b'{"agent":7}', direction="outbound") == who(b"null", direction="outbound") == "The desk"


@pytest.mark.parametrize(
    ("items", "words"), [(1, "made an item a ticket of its own"), (2, "made 2 items a ticket of their own")]
)
def test_a_split_says_how_many_items_it_took(items: int, words: str) -> None:
    data = msgspec.Raw(msgspec.json.encode({"items": [uuid4() for _ in range(items)]}))
    assert Speaker({}, None).what(item(0, kind="change", type="TicketSplit", data=data)) == words


def test_quotes_and_signatures_are_folded_and_long_texts_cut() -> None:
    data = msgspec.Raw(b'{"mail":{"quoted_at":6,"signed_at":3,"html":true}}')
    row = laid(item(0, body="Hi\n--\nOn Monday you said", data=data)).rows[0]
    assert (row.said, row.rest, row.cut, row.letter) == ("Hi", "--\nOn Monday you said", 0, True)
    assert laid(item(0, body="x" * 4_000)).rows[0].cut == 1_000
    odd = msgspec.Raw(b'{"mail":7,"decision":"none"}')
    assert laid(item(0, data=odd)).rows[0].said == "Hello"


def test_a_merge_is_a_seam_that_names_its_decision() -> None:
    decision = uuid4()
    data = msgspec.Raw(msgspec.json.encode({"decision": decision, "reason": "same voice"}))
    merged = item(0, kind="change", type="CustomersMerged", data=data, direction=None, actor="agent:x")
    again = msgspec.structs.replace(merged, event_id=EventId(uuid4()))
    rows = laid(changed(0), changed(0), merged, again, changed(1)).rows
    row = rows[2]
    assert [one.look for one in rows] == ["change", "change", "seam", "change"]
    assert (row.look, row.decision) == ("seam", decision)
    assert "same voice" in row.what
