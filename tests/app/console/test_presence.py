"""Who else is here: seen at once, gone by itself, nobody else's business, and no news to streams."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar import Litestar

from app.console.presence import presence_of
from app.db import new_id
from app.presence_store import others as others_at
from app.presence_store import stand as stand_at
from app.store import add_agent
from tests.app.api.conftest import edge_of_app, make_tenant
from tests.app.console.conftest import Browser
from tests.app.console.test_answering import form_of, mailed


async def colleague(browser: Browser, name: str = "Ben <b>") -> Any:
    agent = new_id()

    async def add(db: Any) -> None:
        assert await add_agent(db, browser.api.mine.id, agent, email=f"{agent}@desk.example", name=name, role="agent")

    await browser.api.database.write(browser.api.mine.id, add)
    return agent


async def stand(browser: Browser, customer: Any, agent: Any, *, seconds: float = 30, replying: bool = True) -> None:
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    work = browser.api.mine.id

    async def write(db: Any) -> None:
        assert await stand_at(db, work, customer, agent, None, replying, until, datetime.now(UTC)) is not None

    await browser.api.database.write(work, write)


async def test_colleagues_are_seen_until_they_leave_or_are_lost(browser: Browser) -> None:
    number = await mailed(browser)
    csrf = (await form_of(browser, number))["csrf"]
    customer = (await browser.api("GET", f"/api/v1/tickets/{number}")).json()["customer_id"]
    path = f"/customers/{customer}/presence"
    alone = await browser.post(path, csrf=csrf, doing="came", ticket=str(number))
    assert (alone.status_code, alone.text.strip()) == (200, "")
    ben = await colleague(browser)
    await stand(browser, customer, ben)
    seen = await browser.post(path, csrf=csrf, doing="looking", ticket=str(number))
    assert "Ben &lt;b&gt;" in seen.text
    assert "is replying" in seen.text
    await stand(browser, customer, ben, seconds=-1)
    assert "Ben" not in (await browser.post(path, csrf=csrf, doing="replying")).text
    assert (await browser.post(path, csrf=csrf, doing="gone")).status_code == 200
    assert await others(browser, customer, ben) == []


async def others(browser: Browser, customer: Any, agent: Any) -> list[str]:
    async with browser.api.database.read(browser.api.mine.id) as db:
        rows = await others_at(db, browser.api.mine.id, customer, agent, datetime.now(UTC), 5)
    return [row["name"] for row in rows]


async def test_one_who_is_here_is_told_to_others_and_the_lost_are_forgotten(browser: Browser) -> None:
    number = await mailed(browser)
    csrf = (await form_of(browser, number))["csrf"]
    customer = (await browser.api("GET", f"/api/v1/tickets/{number}")).json()["customer_id"]
    ben, lost = await colleague(browser), await colleague(browser, "Lost")
    await stand(browser, customer, lost, seconds=-1)
    await browser.post(f"/customers/{customer}/presence", csrf=csrf, doing="came")
    assert await others(browser, customer, ben) == ["Ann Desk"]
    async with browser.api.database.read(browser.api.mine.id) as db:
        rows = await others_at(db, browser.api.mine.id, customer, ben, datetime(2000, 1, 1, tzinfo=UTC), 5)
    assert [row["name"] for row in rows] == ["Ann Desk"]


async def test_nobody_is_present_at_what_is_not_theirs(browser: Browser) -> None:
    number = await mailed(browser)
    csrf = (await form_of(browser, number))["csrf"]
    other = await make_tenant(browser.api.database, f"other-{new_id().hex[-12:]}")
    theirs = await browser.api.push(other.keys["admin"])
    for customer in (new_id(), "x", theirs["customer_id"]):
        gone = await browser.post(f"/customers/{customer}/presence", csrf=csrf, doing="looking")
        assert gone.status_code == 404
    assert (await browser.post(f"/customers/{new_id()}/presence", csrf=csrf, doing="dancing")).status_code == 400
    assert (await browser.post(f"/customers/{new_id()}/presence", doing="looking")).status_code == 403


async def test_who_comes_or_begins_to_reply_where_others_are_or_goes_is_told(
    browser: Browser, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await mailed(browser)
    csrf = (await form_of(browser, number))["csrf"]
    customer = (await browser.api("GET", f"/api/v1/tickets/{number}")).json()["customer_id"]
    told: list[Any] = []
    monkeypatch.setattr(edge_of_app(app).live, "beckon", told.append)

    async def tells(doing: str) -> int:
        said = await browser.post(f"/customers/{customer}/presence", csrf=csrf, doing=doing, ticket=str(number))
        assert said.status_code == 200
        return len(told)

    assert [await tells(doing) for doing in ("came", "replying", "gone")] == [0, 0, 1]
    await stand(browser, customer, await colleague(browser))
    doings = ("came", "looking", "replying", "replying", "looking", "gone")
    assert [await tells(doing) for doing in doings] == [2, 2, 3, 3, 4, 5]
    mine = browser.api.mine.id
    assert set(told) == {presence_of(mine, customer)}
    assert presence_of(new_id(), customer) != presence_of(mine, customer)


async def test_presence_is_no_news_to_streams(browser: Browser, app: Litestar) -> None:
    number = await mailed(browser)
    csrf = (await form_of(browser, number))["csrf"]
    customer = (await browser.api("GET", f"/api/v1/tickets/{number}")).json()["customer_id"]
    database, hints = edge_of_app(app).database, []
    before, database.on_commit = database.on_commit, hints.append
    try:
        for doing in ("came", "replying", "gone"):
            assert (await browser.post(f"/customers/{customer}/presence", csrf=csrf, doing=doing)).status_code == 200
    finally:
        database.on_commit = before
    assert not hints
