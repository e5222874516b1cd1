"""Finding, deciding who is who, and one's account in a browser: by keyboard, and taken back in two clicks."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from app.db import new_id
from app.indexing import Indexer
from app.signing_in import open_session
from identity import review
from identity.customers import ContactId, WorkspaceId
from identity.records import NewSuggestion
from search.embeddings import trigrams
from search.postgres import PostgresEngine
from tests import settling
from tests.app.browser.conftest import Desk
from tests.builders import contact, identifier

EVIDENCE = [
    {
        "comparison": "name",
        "level": "exact",
        "stranger": 9.1,
        "values": ["Mara Lind", "Mara Lind"],
        "words": "same name",
    },
    {"comparison": "birth", "level": "conflicting", "stranger": -4.0, "values": [], "words": "other birth dates"},
    {"comparison": "decision", "level": "evidence", "probability": 0.93, "words": "likely: 4.1 of 4.2 needed"},
]


@pytest.fixture
async def indexer(desk: Desk) -> AsyncIterator[Indexer]:
    embedder = trigrams()
    yield Indexer(desk.database, None, PostgresEngine(desk.database), embedder)
    await embedder.close()


async def caught_up(desk: Desk, indexer: Indexer) -> None:
    mine = WorkspaceId(desk.mine.id)
    await settling.settled(desk.database, mine)
    while await indexer.step(mine, datetime.now(UTC)):
        pass


async def clean(page: Page) -> None:
    """Nothing on it that keeps somebody out."""
    found: Any = await Axe().run(page)
    assert not found.response["violations"], [
        (one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]
    ]


async def test_what_is_typed_is_found_and_opened_and_actions_are_done(desk: Desk, indexer: Indexer) -> None:
    said = {"kind": "message", "channel": "email", "subject": "My boots leak", "body": "Both of them."}
    who = contact("mara", identifier(value="mara.lind@example.com"), name="Mara <b>Lind</b>")
    made = await desk.push(contact=who, **said)
    await caught_up(desk, indexer)
    page = desk.page
    await page.goto("/suggestions")
    await page.locator("main .tabs a").first.focus()
    await page.keyboard.press("/")
    field, options = page.locator("#palette-q"), page.locator("#palette [role=option]:visible")
    await expect(field).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("main .tabs a").first).to_be_focused()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("mara.li")
    person = page.locator(f"#found-person-{made['customer_id']}")
    await expect(person).to_contain_text("Mara <b>Lind</b>")
    await expect(person).to_have_attribute("aria-selected", "true")
    await expect(field).to_have_attribute("aria-activedescendant", f"found-person-{made['customer_id']}")
    await clean(page)
    await page.keyboard.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(rf"/customers/{made['customer_id']}"))
    await page.keyboard.press("/")
    await page.keyboard.type("go cust")
    await expect(options.first).to_have_text("Go to Customers")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/customers$"))
    await page.keyboard.press("/")
    await page.keyboard.type("leaking boots")
    await expect(page.locator("#found-all-all")).to_be_visible()
    await page.keyboard.press("End")
    await page.keyboard.press("Control+End")
    await page.keyboard.press("Enter")
    await expect(page.locator(".hit")).to_contain_text("My boots leak")


async def test_two_are_merged_from_the_queue_and_parted_from_the_seam_in_two_clicks(desk: Desk) -> None:
    said = {"kind": "message", "channel": "email", "subject": "Where is it?"}
    ann = await desk.push(contact=contact("ann", identifier(value="ann@one.example"), name="Ann Lee"), **said)
    ben = await desk.push(contact=contact("ben", identifier(value="ben@two.example"), name="Ben Ford"), **said)
    mine = WorkspaceId(desk.mine.id)
    a, b = ContactId(UUID(ann["contact_id"])), ContactId(UUID(ben["contact_id"]))
    asked = NewSuggestion(id=new_id(), contact_a=a, contact_b=b, evidence=EVIDENCE, probability=0.93, value=1.0)
    await desk.database.write(mine, lambda db: review.write_suggestions(db, mine, [asked], datetime.now(UTC)))
    page = await desk.somebody("Cleo", color_scheme="dark")
    await page.goto("/")
    await page.keyboard.press("g")
    await page.keyboard.press("m")
    await expect(page).to_have_url(re.compile("/suggestions$"))
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Are these one person?")).to_be_visible()
    await expect(page.locator(".evidence")).to_contain_text("other birth dates")
    await clean(page)
    await page.keyboard.press("m")
    await expect(page).to_have_url(re.compile(rf"/customers/{ann['customer_id']}$"))
    await expect(page.get_by_role("status").filter(has_text="That was done")).to_be_visible()
    await page.goto(f"/customers/{ben['customer_id']}")
    await expect(page).to_have_url(re.compile(rf"/customers/{ann['customer_id']}$"))
    await page.locator('.thread a[href^="/decisions/"]').first.click()
    await expect(page.get_by_role("heading", name="What undoing it changes")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page).to_have_url(re.compile(rf"/customers/{ben['customer_id']}$"))
    await expect(page.get_by_role("heading", name="Ben Ford")).to_be_visible()


async def test_who_signed_in_elsewhere_is_signed_out_from_here(desk: Desk) -> None:
    page = desk.page
    await page.goto("/account")
    await page.get_by_label("Dark").check()
    await page.get_by_role("button", name="Use this theme").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await clean(page)
    await desk.database.write(desk.mine.id, lambda db: another_session(db, desk))
    await page.goto("/account")
    await expect(page.locator("#main tbody tr")).to_have_count(2)
    await page.get_by_role("button", name="Sign out Firefox 128 on Windows").click()
    await expect(page.get_by_role("status").filter(has_text="They are signed out")).to_be_visible()
    await expect(page.locator("#main tbody tr")).to_have_count(1)
    await page.goto("/customers")
    await expect(page.get_by_role("heading", name="Customers")).to_be_visible()


async def another_session(db: Any, desk: Desk) -> None:
    device = "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0"
    now, ann = datetime.now(UTC), desk.agents["Ann"]
    assert await open_session(db, desk.mine.id, ann, device, session=new_id(), who=None, now=now)
