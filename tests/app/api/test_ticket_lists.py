"""Lists of tickets by every filter, each against what the tickets say; by due time, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from tests.app.api.asking import PATH, agent, opened, patched
from tests.app.api.conftest import Api
from tests.app.api.test_people import key_of, said
from tests.app.api.test_queues import queues

TYPES: dict[str, Any] = {"types": [{"key": "refund", "name": "Refund", "fields": [
    {"key": "order_id", "name": "Order", "kind": "text"}, {"key": "total", "name": "Total", "kind": "number"},
    {"key": "parts", "name": "Parts", "kind": "multi-choice", "options": ["left", "right"]},
]}]}  # fmt: skip


async def subjects(api: Api, key: str = "", /, **asked: Any) -> str:
    """The initials of what a list holds, in its order."""
    response = await api("GET", f"{PATH}?{urlencode(asked, doseq=True)}", key)
    assert response.status_code == 200, response.text
    return "".join(one["subject"][0] for one in response.json()["items"])


async def six(api: Api) -> dict[str, str]:
    """Six tickets by the first letter of their subjects."""
    await queues(api, "mail", "shop")
    await said(api, "PUT", "ticket-types", version=0, **TYPES)
    names = ("A left shoe", "B 100% wool", "C right shoe", "D_ark", "E", "F")
    return {name[0]: (await opened(api, name[0], minutes, subject=name))["id"] for minutes, name in enumerate(names)}


async def due(api: Api, ticket: str, minutes: float | None) -> None:
    """Say when a promise of the ticket is due, beside the fold."""
    at = None if minutes is None else datetime.now(UTC) + timedelta(minutes=minutes)

    async def work(db: Any) -> None:
        await db.execute("UPDATE ticket SET sla_due_at = $2 WHERE id = $1", UUID(ticket), at)

    await api.database.write(api.mine.id, work)


async def snoozed(api: Api, ticket: str) -> None:
    async def work(db: Any) -> None:
        await db.execute("UPDATE ticket SET snoozed_until = now() + interval '1 day' WHERE id = $1", UUID(ticket))

    await api.database.write(api.mine.id, work)


async def test_every_filter_holds_what_it_says(api: Api) -> None:
    tickets, kim = await six(api), await agent(api)
    key = await key_of(api, kim)
    await said(api, "POST", "teams", key="floor", name="Floor", expected=201)
    await said(api, "PATCH", "queues/shop", team="floor")
    await patched(api, tickets["A"], queue="mail", type="refund", fields={"order_id": "5", "total": 5})
    await patched(api, tickets["B"], queue="shop", type="refund", fields={"parts": ["left", "right"]})
    await patched(api, tickets["C"], queue="shop", assignee=kim, status="closed")
    await patched(api, tickets["D"], assignee=kim)
    await snoozed(api, tickets["E"])
    number = (await api("GET", f"{PATH}/{tickets['F']}")).json()["number"]
    held: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "FEDBA"),
        ({"queue": "mail"}, "A"),
        ({"queue": ["mail", "shop"]}, "BA"),
        ({"queue": ["mail", "shop"], "status": "all"}, "CBA"),
        ({"queue": "none"}, "FED"),
        ({"queue": ["none", "mail"], "sort": "opened_at"}, "FEDA"),
        ({"queue": "nobodys"}, ""),
        ({"team": "floor"}, "B"),
        ({"team": "floor", "status": ["closed", "new"]}, "CB"),
        ({"type": "refund"}, "BA"),
        ({"type": "none", "assignee": "none"}, "FE"),
        ({"assignee": kim}, "D"),
        ({"assignee": [kim, "none"], "queue": "none"}, "FED"),
        ({"assignee": kim, "queue": "shop", "status": "all"}, "C"),
        ({"field.order_id": "5"}, "A"),
        ({"field.total": ["5", "6"]}, "A"),
        ({"field.total": "5.0"}, "A"),
        ({"field.order_id": "5", "field.total": "6"}, ""),
        ({"field.parts": "right"}, "B"),
        ({"field.5": "order_id"}, ""),
        ({"snoozed": "true"}, "E"),
        ({"snoozed": "false"}, "FDBA"),
        ({"q": "SHOE"}, "A"),
        ({"q": "shoe", "status": "all"}, "CA"),
        ({"q": "100%"}, "B"),
        ({"q": "_ark"}, "D"),
        ({"q": "%"}, "B"),
        ({"q": f"#{number}"}, "F"),
    )
    for asked, found in held:
        assert await subjects(api, **asked) == found, asked
    assert await subjects(api, key, assignee="me", sort="sla_due_at") == "D"
    shown = (await api("GET", f"{PATH}?assignee={kim}")).json()["items"][0]
    assert shown["assignee_name"] == "Kim"
    for query, field in (
        ("snoozed=perhaps", "snoozed"), ("sla=late", "sla"), ("sla=due_within:-1", "sla"), ("sort=queue", "sort"),
        (f"q={'x' * 201}", "q"), ("assignee=me", "assignee"), ("fields.x=1", "fields.x"),
        ("sla=due_within:99999999999", "sla"),
    ):  # fmt: skip
        refused = await api("GET", f"{PATH}?{query}")
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, field)


async def test_by_due_time_the_first_due_comes_first_and_what_is_never_due_last(api: Api) -> None:
    tickets = await six(api)
    for name, minutes in (("D", -5.0), ("B", 30.0), ("F", 90.0), ("A", 30.0001)):
        await due(api, tickets[name], minutes)
    for name in "ABCEF":
        await patched(api, tickets[name], queue="shop")
        await due(api, tickets[name], {"B": 30.0, "F": 90.0, "A": 30.01}.get(name))
    some: list[dict[str, Any]] = [{}, {"queue": ["shop", "mail"]}, {"assignee": "none"}]
    for filters in some:
        whole = await subjects(api, sort="sla_due_at", **filters)
        assert whole == ("BAFCE" if "queue" in filters else "DBAFCE")
        for limit in (1, 2, 4):
            found, cursor = "", ""
            while cursor is not None:
                asked = {"sort": "sla_due_at", "limit": limit, **filters, **({"cursor": cursor} if cursor else {})}
                page = (await api("GET", f"{PATH}?{urlencode(asked, doseq=True)}")).json()
                found += "".join(one["subject"][0] for one in page["items"])
                cursor = page["next"]
            assert found == whole
    assert await subjects(api, sla="breached") == "D"
    assert await subjects(api, sla="due_within:3600", sort="sla_due_at") == "BA"
    assert await subjects(api, sla=["breached", "due_within:3600"], sort="sla_due_at") == "DBA"
