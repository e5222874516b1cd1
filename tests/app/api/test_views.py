"""Saved views: who sees them, who changes them, that they are checked as lists are, and that their counts are right."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.app.api.asking import PATH, agent, opened, patched
from tests.app.api.conftest import Api
from tests.app.api.test_people import key_of, said
from tests.app.api.test_queues import queues
from tests.app.api.test_ticket_lists import due, six, subjects

VIEWS = "/api/v1/views"


async def names(api: Api, key: str = "") -> str:
    return " ".join(one["name"] for one in (await said(api, "GET", "views", key))["items"])


async def test_a_view_is_seen_and_changed_by_whom_it_is_for(api: Api) -> None:
    kim, lea = await agent(api), await agent(api)
    kims, leas, lead = await key_of(api, kim), await key_of(api, lea), api.mine.keys["lead"]
    await said(api, "POST", "teams", key="night", name="Night", members=[kim], expected=201)
    own = await said(api, "POST", "views", kims, name="Mine", filters={"assignee": "me"}, expected=201)
    assert (own["owner"], own["audience"], own["filters"]) == (f"agent:{kim}", "own", {"assignee": "me"})
    for audience, rest in (("workspace", {}), ("team", {"team": "night"})):
        await said(api, "POST", "views", kims, name="x", audience=audience, **rest, expected=403)
    everybodys = await said(api, "POST", "views", lead, name="All", audience="workspace", expected=201)
    nights = await said(api, "POST", "views", lead, name="Nights", audience="team", team="night", expected=201)
    assert (await names(api, kims), await names(api, leas)) == ("All Mine Nights", "All")
    assert await names(api, lead) == "All Nights"
    assert await names(api, api.mine.keys["integration"]) == "All"
    for method in ("GET", "PATCH", "DELETE"):
        await said(api, method, f"views/{own['id']}", leas, name="Hers", expected=404)
    for view in (everybodys, nights):
        await said(api, "PATCH", f"views/{view['id']}", kims, name="Ours", expected=403)
        await said(api, "DELETE", f"views/{view['id']}", kims, expected=403)
    await said(api, "PATCH", f"views/{own['id']}", kims, audience="workspace", expected=403)
    await said(api, "PATCH", f"views/{nights['id']}", api.mine.keys["admin"], audience="own", team=None, expected=422)
    changed = await said(api, "PATCH", f"views/{everybodys['id']}", lead, columns=["number", "field.order_id"])
    assert (changed["name"], changed["columns"]) == ("All", ["number", "field.order_id"])
    assert (await said(api, "PATCH", f"views/{own['id']}", kims, sort="opened_at"))["sort"] == "opened_at"
    await said(api, "DELETE", f"views/{own['id']}", kims)
    await said(api, "DELETE", "teams/night")
    assert (await names(api, kims), await names(api, api.other.keys["admin"])) == ("All", "")


async def test_a_view_is_checked_as_a_list_is(api: Api) -> None:
    for body, status, field in (
        ({"filters": {"status": "done"}}, 400, "filters.status"),
        ({"filters": {"queues": "x"}}, 400, "filters.queues"),
        ({"filters": {"limit": "5"}}, 400, "filters.limit"),
        ({"filters": {"sla": ["breached", "soon"]}}, 400, "filters.sla"),
        ({"filters": {"q": "a\nb"}}, 400, "filters.q"),
        ({"filters": {"status": 5}}, 400, "filters[...]"),
        ({"filters": {"tag": [str(one) for one in range(101)]}}, 400, "filters"),
        ({"sort": "queue"}, 400, "sort"),
        ({"columns": ["number", "colour"]}, 400, "columns[1]"),
        ({"team": "night"}, 400, "team"),
        ({"audience": "team"}, 400, "team"),
        ({"name": " "}, 400, "name"),
    ):
        refused = await said(api, "POST", "views", **({"name": "x"} | body), expected=status)
        assert refused["fields"][0]["field"] == field, (body, refused)
    foreign = await agent(api, api.other)
    for filters in ({"assignee": foreign}, {"assignee": "no id"}, {"customer": foreign}):
        await said(api, "POST", "views", name="x", filters=filters, expected=404)
    await said(api, "POST", "views", name="x", audience="team", team="nobodys", expected=404)
    assert await names(api) == ""


async def test_counts_are_those_of_the_lists(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    tickets, kim = await six(api), await agent(api)
    await patched(api, tickets["A"], queue="mail", assignee=kim)
    await patched(api, tickets["B"], queue="shop", status="closed")
    await due(api, tickets["D"], -1)
    customer = (await api("GET", f"{PATH}/{tickets['E']}")).json()["customer_id"]
    filters: list[dict[str, Any]] = [
        {}, {"status": "all"}, {"status": ["closed", "resolved"]}, {"status": ["new", "closed"]}, {"queue": "mail"},
        {"queue": ["shop", "none"], "status": "all"}, {"assignee": kim}, {"assignee": ["none", kim]},
        {"customer": customer}, {"sla": "breached"}, {"q": "shoe"}, {"tag": "none"}, {"waiting": "us"},
    ]  # fmt: skip
    for at, one in enumerate(filters):
        view = await said(api, "POST", "views", name=f"{at:02}", filters=one, sort="sla_due_at", expected=201)
        shown = (await said(api, "GET", f"views/{view['id']}/tickets"))["items"]
        assert "".join(ticket["subject"][0] for ticket in shown) == await subjects(api, sort="sla_due_at", **one)
    await said(api, "POST", "views", name="me", filters={"assignee": "me"}, expected=201)
    told = (await said(api, "GET", "views?counts=true"))["items"]
    listed = [len(await subjects(api, **one)) for one in filters]
    assert [one["count"] and one["count"]["tickets"] for one in told] == [*listed, None]
    assert listed == [5, 6, 1, 5, 1, 5, 1, 5, 1, 1, 2, 0, 5]
    assert "count" not in (await said(api, "GET", "views"))["items"][0]
    monkeypatch.setattr("app.saved_views.MOST_COUNTED", 4)
    told = (await said(api, "GET", "views?counts=true"))["items"]
    assert [one["count"] for one in told[:3]] == [
        {"tickets": 4, "more": True}, {"tickets": 4, "more": True}, {"tickets": 1, "more": False},
    ]  # fmt: skip


async def test_a_view_is_paged_and_a_shared_one_shows_each_their_own(api: Api) -> None:
    kim = await agent(api)
    key = await key_of(api, kim)
    await queues(api, "mail")
    for who in "abc":
        await patched(api, (await opened(api, who, subject=who))["id"], assignee=kim)
    filters = {"assignee": "me"}
    view = await said(api, "POST", "views", name="My work", filters=filters, audience="workspace", expected=201)
    path = f"{VIEWS}/{view['id']}/tickets"
    first = (await api("GET", f"{path}?limit=2", key)).json()
    rest = (await api("GET", f"{path}?limit=2&cursor={first['next']}", key)).json()
    assert "".join(one["subject"] for one in [*first["items"], *rest["items"]]) == "cba"
    assert rest["next"] is None
    elsewhere = await api("GET", f"{PATH}?{urlencode({**filters, 'cursor': first['next']})}", key)
    assert elsewhere.status_code == 400
    assert (await api("GET", path)).json()["fields"][0]["field"] == "assignee"
