"""The numbers of a desk and the journey of a matter: what is shown is what the reports count, and for whom it is."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from app.auth import workspace_of
from app.db import new_id
from app.store import workspace
from tests.app.api.conftest import Api
from tests.app.console.seats import Seat, seat
from tests.builders import interaction
from timeline.intake import Sender, receive
from timeline.pseudonyms import pseudonyms

NUMBERS = ("opened", "ended", "reopened", "backlog", "first_response", "next_response", "resolution", "sla")
SCRIPT = "<script>alert(1)</script>"
KINDS = frozenset({"email"})


async def promising(api: Api, seconds: int = 3_600) -> None:
    """From now on a first response within so many seconds."""
    sla = {
        "policies": [{"key": "all", "name": "Everybody", "targets": {"first_response": {"seconds": seconds}}}],
        "answers": {"by": "anybody"},
    }
    shown = (await api("GET", "/api/v1/sla-policies")).json()
    put = await api("PUT", "/api/v1/sla-policies", json={"version": shown["version"], "sla": sla})
    assert put.status_code == 200, put.text


async def received(api: Api, who: str, ago: timedelta, **fields: Any) -> Any:
    """What came so long ago, and was known then."""
    async with api.database.read(api.mine.id) as db:
        row = await workspace(db, api.mine.id)
    assert row is not None
    here = workspace_of(row, api.mine.id, pseudonyms("a secret of tests, long enough"))
    sender = Sender(workspace=here, actor=f"key:{new_id()}", proves=KINDS)  # type: ignore[arg-type]
    now = datetime.now(UTC) - ago
    said = {"kind": "message", "channel": "email", "source_id": new_id().hex, "occurred_at": now.isoformat(), **fields}
    item = interaction(contact={"key": who, "name": who, "identifiers": []}, **said)
    (done,) = await api.database.write(api.mine.id, lambda db: receive(db, sender, [item], new_id=new_id, now=now))
    return done


async def answered(api: Api, who: str, made: Any, ago: timedelta, **fields: Any) -> None:
    await received(api, who, ago, direction="outbound", ticket=made.ticket.number, **fields)


async def shown(who: Seat, path: str, *, part: bool = True, expected: int = 200) -> str:
    answer = await who.get(path, part=part)
    assert answer.status_code == expected, answer.text
    return answer.text


def links(page: str, begins: str) -> list[str]:
    return [one for text in re.findall(r'href="([^"]+)"', page) if (one := unescape(text)).startswith(begins)]


async def test_every_number_shows_what_the_reports_count_and_leads_to_its_tickets(api: Api) -> None:
    await promising(api)
    lea = await seat(api, "Lea", "lead")
    for at in range(3):
        made = await received(api, f"p{at}", timedelta(hours=30 + at), subject=f"Lamp {at}")
        if at:
            await answered(api, f"p{at}", made, timedelta(hours=30 + at) - timedelta(minutes=20 + 120 * at))
    page = await shown(lea, "/numbers", part=False)
    for name in NUMBERS:
        assert f'hx-get="/numbers/{name}?' in page
        part = await shown(lea, f"/numbers/{name}?days=7&by=channel")
        assert "<!doctype" not in part
        assert "<table" in part
        told = (await api("GET", f"/api/v1/reports/{name}?ids=true")).json()
        counted = sum(row["count"] for row in told["rows"])
        for href in dict.fromkeys(links(part, f"/numbers/{name}/tickets")):
            listed = await shown(lea, href, part=False)
            assert set(re.findall(r'href="/tickets/(\d+)"', listed)) <= {
                str(one["number"]) for one in told["ids"]["items"]
            }
        if name == "opened":
            assert counted == 3
            assert re.search(r'figure-said">3 tickets<', part)
    assert "Half of 2 within 2.3 h, all within 4.3 h" in await shown(lea, "/numbers/first_response?days=7")


async def test_the_columns_of_a_chart_add_up_to_what_is_said(api: Api) -> None:
    lea = await seat(api, "Lea", "lead")
    for days in (0, 1, 1, 3, 40):
        await received(api, new_id().hex, timedelta(days=days))
    part = await shown(lea, "/numbers/opened?days=28")
    assert "4 tickets" in part
    assert "3 more than in the 28 days before (1)." in part
    hrefs = links(part.partition("<table")[2], "/numbers/opened/tickets")
    assert len(hrefs) == 3
    numbers: list[str] = []
    for href in hrefs:
        numbers += re.findall(r'href="/tickets/(\d+)"', await shown(lea, href, part=False))
    assert len(set(numbers)) == len(numbers) == 4
    csv = await lea.get("/numbers/opened/csv?days=28")
    assert csv.headers["Content-Type"].startswith("text/csv")
    assert sum(int(line.split(",")[-1]) for line in csv.text.split("\r\n")[1:] if line) == 4


async def test_missed_promises_say_whose_and_by_how_much(api: Api) -> None:
    await promising(api)
    lea = await seat(api, "Lea", "lead")
    kept = await received(api, "Kept", timedelta(hours=3), subject="In time")
    await answered(api, "Kept", kept, timedelta(hours=2, minutes=30))
    late = await received(api, "Late", timedelta(hours=5), subject=SCRIPT)
    await answered(api, "Late", late, timedelta(hours=1))
    waits = await received(api, "Waits", timedelta(hours=2), subject="Nobody answers")
    page = await shown(lea, "/numbers/missed?days=7", part=False)
    assert "2 missed" in page
    assert "of 3 that were due; the other 1 were kept" in page
    assert "3 h too late" in page
    assert "1 h so far, still open" in page
    assert "In time" not in page
    assert re.search(r"kept (today|yesterday) \d\d:\d\d", page)
    assert SCRIPT not in page
    assert page.index("Nobody answers") < page.index("&lt;script&gt;"), "the latest first"
    number = waits.ticket.number
    assert f'href="/tickets/{number}"' in page
    assert "First response" in page
    assert "Promised within 1 h by all hours by “Everybody”." in page
    summary = await shown(lea, "/numbers/missed")
    assert "<!doctype" not in summary
    assert "The week before: " in summary
    listed = (await api("GET", "/api/v1/reports/sla?kept=false&ids=true")).json()
    assert {one["number"] for one in listed["ids"]["items"]} == {int(n) for n in re.findall(r'"/tickets/(\d+)"', page)}


async def test_missed_promises_come_page_by_page_and_none_twice(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.console.missed.A_PAGE", 2)
    await promising(api, 60)
    lea = await seat(api, "Lea", "lead")
    for at in range(5):
        await received(api, f"p{at}", timedelta(hours=at + 1))
    path, found = "/numbers/missed?days=7", list[str]()
    while path:
        page = await shown(lea, path, part=False)
        found += re.findall(r'<td><a href="/tickets/(\d+)"', page)
        path = next(iter(links(page, "/numbers/missed?days=7&cursor")), "")
    assert len(found) == len(set(found)) == 5
    assert (await lea.get("/numbers/missed?cursor=1_x_y")).status_code == 400


async def test_numbers_are_for_leads_and_auditors_of_the_workspace(api: Api) -> None:
    await received(api, "Ann", timedelta(hours=1))
    paths = ("/numbers", "/numbers/opened", "/numbers/load", "/numbers/missed", "/numbers/opened/tickets",
             "/numbers/opened/csv")  # fmt: skip
    for role, expected in (("lead", 200), ("auditor", 200), ("admin", 200), ("agent", 403)):
        who = await seat(api, role, role)
        for path in paths:
            answer = await who.get(path)
            assert answer.status_code == expected, (role, path)
            assert ("Your role does not open this" in answer.text) == (expected == 403)
        assert ('href="/numbers"' in (await who.get("/customers")).text) == (expected == 200)
    stranger = await seat(api, "Sam", "lead", api.other.id)
    assert "0 tickets" in await shown(stranger, "/numbers/opened")
    assert "Nothing was counted" in await shown(stranger, "/numbers/opened/tickets", part=False)
    assert (await api.client.get("/numbers")).status_code == 303


async def test_nonsense_is_said_at_its_field_and_what_was_typed_stays(api: Api) -> None:
    lea = await seat(api, "Lea", "lead")
    page = await shown(lea, "/numbers?from=2026-13-01&to=2026-01-01", part=False, expected=400)
    assert 'value="2026-13-01" aria-invalid="true" aria-describedby="fault-from"' in page
    assert "This is no date" in page
    assert 'hx-get="/numbers/opened' not in page
    for asked in ("days=8", "by=colour", "versus=x", "from=2026-02-01&to=2026-01-01", "priority=x"):
        assert (await lea.get(f"/numbers/opened?{asked}")).status_code == 400, asked
    for path in ("/numbers/nothing", "/numbers/opened/nothing", "/numbers/nothing/tickets", "/numbers/nothing/csv"):
        assert (await lea.get(path)).status_code == 404, path
    assert (await lea.get("/numbers/opened/tickets?colour=red")).status_code == 400
    assert (await lea.get("/numbers?" + "&".join(f"a{n}=1" for n in range(300)))).status_code == 400


async def test_names_with_scripts_are_text_and_empty_desks_say_so(api: Api) -> None:
    lea = await seat(api, "Lea", "lead")
    empty = await shown(lea, "/numbers/first_response")
    assert "None" in empty
    assert '<svg class="chart"' not in empty
    assert "No promise was due this week" in await shown(lea, "/numbers/missed")
    assert (await api("POST", "/api/v1/queues", json={"key": "odd", "name": SCRIPT})).status_code == 201
    made = await received(api, SCRIPT, timedelta(hours=1), subject=SCRIPT)
    shown_ticket = (await api("GET", f"/api/v1/tickets/{made.ticket.number}")).json()
    patched = {"version": shown_ticket["version"], "queue": "odd", "tags": [SCRIPT]}
    assert (await api("PATCH", f"/api/v1/tickets/{made.ticket.number}", json=patched)).status_code == 200
    for path in ("/numbers/opened?by=queue", "/numbers/opened?by=tag", "/numbers/load", "/numbers/opened/tickets",
                 f"/numbers?tag={SCRIPT}", f"/tickets/{made.ticket.number}/journey"):  # fmt: skip
        page = await shown(lea, path, part=path.startswith("/numbers/") and "tickets" not in path)
        assert "script&gt;" in page, path
        assert SCRIPT not in page, path


async def test_a_journey_tells_who_waited_and_what_was_missed(api: Api) -> None:
    await promising(api)
    ben = await seat(api, "Ben")
    made = await received(api, "Ann", timedelta(hours=9), subject="Lamp", body="It is broken")
    await answered(api, "Ann", made, timedelta(hours=6), channel="chat", subject=None, body="We look" + " today" * 20)
    await received(api, "Ann", timedelta(hours=2), subject="Re: Lamp", ticket=made.ticket.number)
    number = made.ticket.number
    patched = {"version": (await api("GET", f"/api/v1/tickets/{number}")).json()["version"], "assignee": str(ben.agent)}
    assert (await api("PATCH", f"/api/v1/tickets/{number}", json=patched)).status_code == 200
    page = await shown(ben, f"/tickets/{number}/journey", part=False)
    assert "The customer waited 2 times, 5 h in all, 3 h at most." in page
    assert "We waited for the customer once, 4 h." in page
    assert "First response: missed by 2 h" in page
    assert "Handed on once." in page
    assert "gave it to Ben" in page
    assert "We look" + " today" * 11 + " …" in page
    marks = re.findall(r'href="/customers/[0-9a-f-]+\?at=[^"]+#item-([0-9a-f-]+)"', page)
    rows = re.findall(r'<td><a href="/customers/[^"]+#item-([0-9a-f-]+)">', page)
    assert len(rows) == 4
    assert set(rows) == set(marks)
    event = links(page, "/customers/")[-1]
    assert f'id="item-{rows[-1]}"' in await shown(ben, event, part=False)
    customer = await shown(ben, f"/customers/{made.customer_id}/journey", part=False)
    assert f'href="/tickets/{number}"' in customer


async def test_a_journey_of_many_items_says_what_is_left_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.console.journey_reading.MOST_ITEMS", 4)
    ben = await seat(api, "Ben")
    made = await received(api, "Ann", timedelta(days=9), kind="order", channel="orders")
    for at in range(5):
        await received(api, "Ann", timedelta(days=8 - at), kind="order", channel="orders")
    page = await shown(ben, f"/customers/{made.customer_id}/journey", part=False)
    assert len(re.findall(r"<td><a href=", page)) == 4
    (earlier,) = links(page, f"/customers/{made.customer_id}/journey?until")
    assert len(re.findall(r"<td><a href=", await shown(ben, earlier, part=False))) == 2
    assert (await ben.get(f"/customers/{made.customer_id}/journey?until=x")).status_code == 400


async def test_a_journey_of_another_workspace_is_nobodys(api: Api) -> None:
    made = await received(api, "Ann", timedelta(hours=1))
    stranger = await seat(api, "Sam", "admin", api.other.id)
    for path in (f"/tickets/{made.ticket.id}/journey", f"/tickets/{new_id()}/journey", "/tickets/x/journey",
                 f"/customers/{made.customer_id}/journey", f"/customers/{new_id()}/journey"):  # fmt: skip
        assert (await stranger.get(path)).status_code == 404, path
