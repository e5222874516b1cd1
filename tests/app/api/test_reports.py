"""Reports over HTTP: defined, grouped, by the clocks of a zone, page by page, as CSV; and whom they are for."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest

from app.api.sheets import sheet
from tests.app.api.asking import agent, asks, opened, patched
from tests.app.api.conftest import Api
from timeline.tickets.reporting import DEFINITIONS

REPORTS = "/api/v1/reports"
PAGE = Path(__file__).parents[3] / "docs" / "reports.md"


async def report(api: Api, asked: str, key: str = "", expected: int = 200) -> dict[str, Any]:
    response = await api("GET", f"{REPORTS}/{asked}", key)
    assert response.status_code == expected, response.text
    return response.json()


def rows(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Period, values and count."""
    return [(*([row["period"]] if row["period"] else []), *row["values"], row["count"]) for row in told["rows"]]


async def test_every_number_is_defined_in_the_answer_and_on_the_page(api: Api) -> None:
    listed = (await api("GET", REPORTS)).json()
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert [one["name"] for one in listed["items"]] == list(DEFINITIONS)
    for one in listed["items"]:
        assert f"`{one['name']}`" in page
        assert one["definition"] in page, one["name"]
        assert one["dated"] in page, one["name"]
        assert (await report(api, one["name"]))["definition"] == one["definition"]
    for word in (*listed["dimensions"], *listed["periods"]):
        assert re.search(rf"\b{word}\b", page)


async def test_a_desk_is_counted_by_what_its_tickets_are(api: Api) -> None:
    kim = await agent(api)
    lamp = await opened(api, "ann", subject="Lamp")
    await opened(api, "ben", 1, subject="Shoes", channel="chat")
    await patched(api, lamp["number"], assignee=kim, tags=["refund", "lamp"])
    await asks(api, "ann", 2, direction="outbound", subject="Re: Lamp")
    await patched(api, lamp["number"], status="resolved")
    assert rows(await report(api, "opened?group=channel")) == [("chat", 1), ("email", 1)]
    assert rows(await report(api, "opened?group=tag,agent")) == [("lamp", kim, 1), ("refund", kim, 1), (None, None, 1)]
    assert rows(await report(api, "opened?tag=lamp&tag=none")) == [(2,)]
    assert rows(await report(api, "opened?agent=none&group=agent")) == [(None, 1)]
    assert rows(await report(api, "backlog?group=priority")) == [("normal", 1)]
    first = await report(api, "first_response?group=agent&ids=true")
    assert rows(first) == [(kim, 1)]
    (counted,) = first["ids"]["items"]
    assert (counted["ticket"], counted["number"]) == (lamp["id"], lamp["number"])
    assert first["rows"][0]["p50"] == counted["facts"][0]["seconds"] > 0
    assert (
        rows(await report(api, "ended?group=agent")) == rows(await report(api, "resolution?group=agent")) == [(kim, 1)]
    )
    assert rows(await report(api, "opened?from=2100-01-01T00:00:00Z")) == [(0,)]


async def test_periods_follow_the_clocks_of_a_zone(api: Api) -> None:
    """The night in which Berlin's clocks go back has two hours from two to three, and its day has 25."""
    for at, moment in enumerate(("25T21:59", "25T22:00", "26T00:30", "26T01:30", "26T22:59", "26T23:00")):
        await asks(api, f"p{at}", occurred_at=f"2025-10-{moment}:00Z")
    berlin = "zone=Europe/Berlin"
    assert rows(await report(api, f"opened?group=day&{berlin}")) == [
        ("2025-10-25T00:00:00+02:00", 1), ("2025-10-26T00:00:00+02:00", 4), ("2025-10-27T00:00:00+01:00", 1),
    ]  # fmt: skip
    assert rows(await report(api, f"opened?group=hour&{berlin}"))[2:4] == [
        ("2025-10-26T02:00:00+02:00", 1), ("2025-10-26T02:00:00+01:00", 1),
    ]  # fmt: skip
    assert rows(await report(api, f"opened?group=week&{berlin}")) == [
        ("2025-10-20T00:00:00+02:00", 5), ("2025-10-27T00:00:00+01:00", 1),
    ]  # fmt: skip
    assert rows(await report(api, f"opened?group=month,channel&{berlin}")) == [
        ("2025-10-01T00:00:00+02:00", "email", 6)
    ]


async def test_what_it_was_counted_from_comes_page_by_page(api: Api) -> None:
    made = {(await opened(api, f"p{at}"))["id"] for at in range(5)}
    path, found = "opened?ids=true&limit=2&group=channel", []
    page = (await report(api, path))["ids"]
    while True:
        found += [one["ticket"] for one in page["items"]]
        assert len(page["items"]) <= 2
        if page["next"] is None:
            break
        page = (await report(api, f"{path}&cursor={page['next']}"))["ids"]
    assert (set(found), len(found)) == (made, 5)
    first = (await report(api, path))["ids"]["next"]
    assert (await report(api, f"opened?ids=true&cursor={first}", expected=400))["fields"][0]["field"] == "cursor"


async def test_how_long_it_took_is_spread_and_narrowed(api: Api) -> None:
    for at in range(4):
        await opened(api, f"p{at}")
        await asks(api, f"p{at}", 1, direction="outbound")
    told = await report(api, "first_response?spread=true")
    held = [(part["least"], part["below"], part["count"]) for part in told["spread"] if part["count"]]
    assert sum(count for *_, count in held) == told["rows"][0]["count"] == 4
    for least, below, count in held:
        narrowed = await report(api, f"first_response?least={least:g}&below={below:g}&ids=true")
        assert rows(narrowed) == [(count,)]
        assert len(narrowed["ids"]["items"]) == count
        assert all(least <= one["facts"][0]["seconds"] < below for one in narrowed["ids"]["items"])


async def test_csv_is_what_was_asked_for(api: Api) -> None:
    lamp = await opened(api, "ann", channel="email")
    await patched(api, lamp["number"], tags=["=1+1", "a,b"])
    for path, headers in (("opened?group=tag,week&format=csv", {}), ("opened?group=tag,week", {"Accept": "text/csv"})):
        response = await api("GET", f"{REPORTS}/{path}", headers=headers)
        assert response.headers["Content-Type"].startswith("text/csv; charset=utf-8")
        assert 'filename="opened.csv"' in response.headers["Content-Disposition"]
        (header, *lines) = csv.reader(io.StringIO(response.text, newline=""))
        assert header == ["week", "tag", "count"]
        assert [line[1:] for line in lines] == [["'=1+1", "1"], ["a,b", "1"]]
    facts = (await api("GET", f"{REPORTS}/opened?format=csv&ids=true")).text.split("\r\n")
    assert facts[0] == "ticket,number,at"
    assert facts[1].startswith(f"{lamp['id']},{lamp['number']},20")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("plain", "plain"),
        ("a,b", '"a,b"'),
        ('say "hi"', '"say ""hi"""'),
        ("two\nlines", '"two\nlines"'),
        ("=1+1", "'=1+1"),
        ("+49 30 1234", "'+49 30 1234"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", '"\'\r=1"'),
        ("\n=1", '"\'\n=1"'),
        ("  =1+1", "'  =1+1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("|cmd", "'|cmd"),
        ('=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'),
        ("a=b", "a=b"),
        ("", ""),
        (None, ""),
        (-1.5, "-1.5"),
    ],
)
def test_a_cell_carries_nothing_out(cell: Any, written: str) -> None:
    assert sheet(["a", "b"], [[cell, 1]]).decode() == f"a,b\r\n{written},1\r\n"
    (_, (read, _)) = csv.reader(io.StringIO(sheet(["a", "b"], [[cell, 1]]).decode(), newline=""))
    assert read in (str(cell or ""), f"'{cell}")


async def test_what_cannot_be_counted_is_said(api: Api) -> None:
    for asked, field in (
        ("opened?group=colour", "group"),
        ("opened?group=week,day", "group"),
        ("opened?group=tag,tag", "group"),
        ("opened?group=", "group"),
        ("opened?zone=Mars/Phobos", "zone"),
        ("opened?zone=../etc/passwd", "zone"),
        ("opened?zone=localtime", "zone"),
        ("opened?group=target", "group"),
        ("backlog?policy=gold", "policy"),
        ("opened?from=yesterday", "from"),
        ("opened?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("opened?format=xml", "format"),
        ("opened?ids=perhaps", "ids"),
        ("opened?limit=0", "limit"),
        ("opened?colour=red", "colour"),
        ("opened?cursor=x", "cursor"),
        ("first_response?least=-1", "least"),
        ("first_response?below=1e3", "below"),
        ("opened?least=60", "least"),
        ("opened?kept=false", "kept"),
        ("sla?kept=perhaps", "kept"),
        ("opened?spread=true", "spread"),
        ("resolution?spread=true&group=day", "spread"),
        ("backlog?group=day", "from"),
        ("backlog?group=hour&from=2020-01-01T00:00:00Z", "period"),
    ):
        assert (await report(api, asked, expected=400))["fields"][0]["field"] == field


async def test_reports_are_for_leads_and_auditors_of_the_workspace(api: Api) -> None:
    await opened(api)
    for role, expected in (("lead", 200), ("auditor", 200), ("admin", 200), ("agent", 403), ("integration", 403)):
        assert (await api("GET", f"{REPORTS}/opened", api.mine.keys[role])).status_code == expected
        assert (await api("GET", REPORTS, api.mine.keys[role])).status_code == expected
    assert rows(await report(api, "opened", api.other.keys["lead"])) == [(0,)]
    assert (await report(api, "opened?ids=true", api.other.keys["lead"]))["ids"]["items"] == []
    await report(api, "nobodys", expected=404)
