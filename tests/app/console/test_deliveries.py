"""What became of an answer by mail, and what whoever may can do about it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.db import new_id
from app.mailing import Mailer
from app.store import add_agent
from tests.app.console.conftest import Browser
from tests.app.console.test_answering import form_of, items, mailed, post
from tests.app.posting import follow, mail_account, mailer
from tests.channels.email.smtp_server import MailServer, mail_server


@pytest.fixture
async def there() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


@pytest.fixture
async def out(browser: Browser, tmp_path: Path) -> AsyncIterator[Mailer]:
    async with mailer(browser.api.database, tmp_path) as made:
        yield made


async def as_lead(browser: Browser) -> Browser:
    agent, email = new_id(), f"lea-{new_id().hex[-8:]}@desk.example"

    async def add(db: Any) -> None:
        assert await add_agent(db, browser.api.mine.id, agent, email=email, name="Lea", role="lead")

    await browser.api.database.write(browser.api.mine.id, add)
    lead = Browser(browser.api, agent, email)
    await lead.choose()
    return lead


async def test_what_became_of_an_answer_is_told_and_decided_by_a_lead(
    browser: Browser, there: MailServer, out: Mailer
) -> None:
    await mail_account(browser.api.database, browser.api.mine.id, there)
    number = await mailed(browser, source="mail")
    page = (await browser.get(f"/tickets/{number}/composer")).text
    assert "Send to" in page
    assert "no account of this desk sends it" not in page
    fields = await form_of(browser, number)
    assert (await post(browser, f"/tickets/{number}/say", {**fields, "body": "It left."})).status_code == 200
    event = (await items(browser, number))[0]["event_id"]
    assert (await browser.get(f"/deliveries/{event}")).status_code == 404
    await follow(out, browser.api.mine.id)
    told = (await browser.get(f"/deliveries/{event}")).text
    assert "It waits to be sent." in told
    assert fields["to"] in told
    assert "Do not send it" not in told
    refused = await browser.post(f"/deliveries/{event}/discard", csrf=fields["csrf"])
    assert refused.status_code == 403
    lead = await as_lead(browser)
    csrf = (await form_of(lead, number))["csrf"]
    assert "Do not send it" in (await lead.get(f"/deliveries/{event}")).text
    assert (await lead.post(f"/deliveries/{event}/sent", csrf=csrf)).status_code == 422
    gone = await lead.client.post(f"/deliveries/{event}/discard", data={"csrf": csrf}, headers={"HX-Request": "true"})
    assert "It is not sent any more." in gone.text
    assert "<form" not in gone.text
    for path in (f"/deliveries/{new_id()}/again", f"/deliveries/{event}/burn", "/deliveries/x/again"):
        assert (await lead.post(path, csrf=csrf)).status_code == 404
    assert not there.taken
