"""The inbox: every list says what it holds, pages go on where they ended, nothing that is shown runs or breaks it."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.listings import SORTS
from app.console.asked_lists import COLUMNS, EITHER, AskedList, read_asked, read_pairs
from app.console.due_words import due, span, urgency
from tests.app.api.conftest import Api
from tests.app.console.seats import Seat, seat
from tests.builders import identifier, pushed

NUMBER = re.compile(r'<tr id="t-[^"]+".*?href="/tickets/(\d+)"', re.DOTALL)
COUNT = re.compile(r'<span class="lists-name"><bdi>([^<]*)</bdi></span> <span class="lists-count">([^<]*)</span>')
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def numbers(page: str) -> list[int]:
    return [int(one) for one in NUMBER.findall(page)]


def counts(page: str) -> dict[str, str]:
    return {unescape(name): count for name, count in COUNT.findall(page)}


def writes(name: str, **fields: Any) -> dict[str, Any]:
    who = {"key": uuid4().hex, "name": name, "identifiers": [identifier(value=f"{uuid4().hex}@example.com")]}
    return {"kind": "message", "channel": "email", "direction": "inbound", "contact": who, **fields}


async def opened(api: Api, name: str, subject: str, **change: Any) -> int:
    made = await api.push(**writes(name, subject=subject, body=f"{subject}, says {name}."))
    number = made["ticket"]["number"]
    if change:
        ticket = await api("GET", f"/api/v1/tickets/{number}")
        done = await api(
            "PATCH", f"/api/v1/tickets/{number}", headers={"If-Match": ticket.headers["ETag"]}, json=change
        )
        assert done.status_code == 200, done.text
    return number


async def test_each_list_holds_what_it_says(api: Api) -> None:
    ann = await seat(api, "Ann")
    assert (await api("POST", "/api/v1/queues", json={"key": "orders", "name": "Orders"})).status_code == 201
    mine = await opened(api, "Mara", "A parcel", assignee=str(ann.agent), tags=["late", "vip"])
    waits = await opened(api, "Nils", "A refund", queue="orders", priority="urgent")
    later = await opened(api, "Olga", "A question")
    await api("POST", f"/api/v1/tickets/{later}/snooze", json={"until": None})
    await opened(api, "Pia", "An old matter", status="resolved")
    page = (await ann.get("/")).text
    assert counts(page) == {"Mine": "1", "Unassigned": "1", "All open": "2", "Snoozed": "1", "Orders": "1"}
    assert set(numbers(page)) == {mine, waits}
    assert "Mara" in page
    assert "A refund, says Nils." in page
    shown = {
        "assignee=me": {mine},
        "assignee=none": {waits},
        "snoozed=true": {later},
        "snoozed=any": {mine, waits, later},
        "queue=orders&priority=urgent&priority=high": {waits},
        "tags=vip,%20nobody": {mine},
        "tag=late": {mine},
        "q=refund": {waits},
        f"q=%23{mine}": {mine},
        "status=": {mine, waits},
        "channel=chat": set(),
    }
    for query, expected in shown.items():
        assert set(numbers((await ann.get(f"/?{query}")).text)) == expected, query
    assert "No ticket is like that." in (await ann.get("/?channel=chat")).text
    columns = (await ann.get("/?columns=queue,channel,field.reason,nonsense")).text
    assert '<th scope="col" class="c-queue">Queue</th>' in columns
    assert re.search(r'c-queue"><bdi>Orders</bdi>', columns)


async def test_the_last_words_are_whose_they_are(api: Api) -> None:
    ann = await seat(api, "Ann")
    number = await opened(api, "Mara", "A parcel")
    path = f"/api/v1/tickets/{number}"
    await api("POST", f"{path}/replies", json={"body": "It left   today."})
    assert 'We: <span dir="auto">It left today.' in (await ann.get("/")).text
    await api("POST", f"{path}/notes", json={"body": "Sounds angry."})
    assert 'Note: <span dir="auto">Sounds angry.' in (await ann.get("/")).text


async def test_pages_go_on_where_they_ended(api: Api) -> None:
    ann = await seat(api, "Ann")
    items = [pushed(**writes(f"c{one}", subject=f"Matter {one}", body="Hello")) for one in range(53)]
    assert (await api("POST", "/api/v1/interactions/batch", json=items)).status_code == 200
    older = None
    for sort in SORTS:
        first = (await ann.get(f"/?sort={sort}")).text
        older = re.search(r'href="/\?([^"]+)" rel="next"', first)
        assert older is not None
        second = (await ann.get(f"/?{unescape(older[1])}")).text
        listed = await api("GET", f"/api/v1/tickets?snoozed=false&sort={sort}&limit=200")
        assert numbers(first) + numbers(second) == [one["number"] for one in listed.json()["items"]]
        assert len(numbers(first)) == 50
    assert older is not None
    cursor = unescape(older[1]).partition("cursor=")[2]
    wrong = await ann.get(f"/?assignee=none&cursor={cursor}")
    assert wrong.status_code == 400
    assert "another list" in wrong.text


async def test_what_cannot_be_asked_is_said_and_the_rest_stands(api: Api) -> None:
    ann = await seat(api, "Ann")
    number = await opened(api, "Mara", "A parcel")
    for query, status, said in (
        ("status=odd", 400, "status"),
        ("sla=soon", 400, "sla"),
        ("sort=colour", 400, "sort"),
        ("shoe=red", 400, "shoe"),
        ("cursor=x", 400, "another list"),
        ("q=" + "x" * 300, 400, "at most 200"),
        ("tag=" + "x" * 2000, 400, "tag"),
        ("&".join(["tag=x"] * 200), 400, "no list of ours"),
        ("%ff=%fe", 400, "no list of ours"),
        (f"assignee={uuid4()}", 404, "Nobody"),
        ("assignee=ann", 404, "Nobody"),
        (f"view={uuid4()}", 404, "view"),
        (f"customer={uuid4()}", 404, "Nobody"),
    ):
        page = await ann.get(f"/?{query}")
        assert page.status_code == status, query
        assert said in page.text.partition('role="alert">')[2].partition("<a")[0], query
        assert counts(page.text)["All open"] == "1", query
        assert (await ann.get(f"/inbox/filters?{query}")).status_code == 200, query
    assert numbers((await ann.get("/?queue=nowhere")).text) == []
    assert numbers((await ann.get("/?queue=none")).text) == [number]


async def test_nothing_that_is_shown_runs_or_swells(api: Api) -> None:
    ann = await seat(api, "Ann")
    long = "W" * 10_000
    await api("POST", "/api/v1/queues", json={"key": "evil", "name": EVIL[:60]})
    await opened(api, EVIL + long, EVIL, tags=[EVIL[:40], *(f"tag{one}" for one in range(49))], queue="evil")
    await opened(api, "ليلى", "مرحبا " + "x" * 900)
    await ann.do("/views/new?queue=evil", "/views", name=EVIL[:60])
    for path in ("/?columns=queue,tags,channel,status", f"/?tag={EVIL}&status=all", "/inbox/filters", "/?queue=evil"):
        page = (await ann.get(path)).text
        assert "<script>alert" not in page
        assert "<img" not in page.replace('<img src="/static', "")
        assert "WWWW" * 60 not in page
        assert len(page) < 60_000
    assert "+47" in (await ann.get("/")).text


async def test_an_empty_desk_says_how_to_begin(api: Api) -> None:
    ann = await seat(api, "Ann")
    page = (await ann.get("/")).text
    assert "http://tests/api/v1/interactions" in page
    number = await opened(api, "Mara", "A parcel", status="resolved")
    page = (await ann.get("/")).text
    assert "curl" not in page
    assert "Nothing is open." in page
    assert numbers((await ann.get("/?status=all")).text) == [number]


async def test_others_see_nothing_of_it(api: Api) -> None:
    await opened(api, "Mara", "A parcel")
    stranger: Seat = await seat(api, "Eve", workspace=api.other.id)
    page = (await stranger.get("/")).text
    assert "parcel" not in page
    assert "No ticket yet" in page


# -- what needs no database ------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILTERS = st.dictionaries(
    st.sampled_from(["status", "queue", "tag", "q", "field.size"]), st.text(min_size=1, max_size=6), max_size=3
)


@pytest.mark.parametrize(
    ("seconds", "said", "is_"),
    [
        (0, "in 0 s", "soon"),
        (59, "in 59 s", "soon"),
        (60, "in 1 min", "soon"),
        (1800, "in 30 min", "soon"),
        (1801, "in 30 min", "later"),
        (3599, "in 59 min", "later"),
        (3600, "in 1 h", "later"),
        (3660, "in 1 h 1 min", "later"),
        (7199, "in 1 h 59 min", "later"),
        (7200, "in 2 h", "later"),
        (172_799, "in 47 h", "later"),
        (172_800, "in 2 d", "later"),
        (-1, "1 s over", "over"),
        (-185, "3 min over", "over"),
        (-400_000, "4 d over", "over"),
    ],
)
def test_clocks_say_how_long(seconds: int, said: str, is_: str) -> None:
    at = NOW + timedelta(seconds=seconds)
    assert (due(at, NOW), urgency(at, NOW)) == (said, is_)
    assert span(abs(seconds)) in said


@settings(max_examples=60, deadline=None)
@given(FILTERS, st.sampled_from(["false", "true", EITHER]), st.sampled_from(SORTS), st.booleans())
def test_an_address_is_the_list_that_made_it(filters: dict[str, str], snoozed: str, sort: str, plain: bool) -> None:
    pairs = {**filters, **({} if snoozed == EITHER else {"snoozed": snoozed})}
    columns = COLUMNS if plain else ("queue", "last_at")
    asked = AskedList(filters=tuple(sorted(pairs.items())), sort=sort, columns=columns)
    assert read_asked(read_pairs(asked.query.encode()), None) == asked
