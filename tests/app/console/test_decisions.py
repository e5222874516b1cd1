"""The latest decisions beside the questions: who was merged, by whom, whether it stands, and the way to undo it."""

import re

import pytest

from tests.app.console.conftest import Browser
from tests.app.console.forms import become
from tests.app.console.test_merging import asked, decision_in, sent, two
from tests.builders import contact, identifier


def rows(page: str) -> list[str]:
    """The lines of the list in words."""
    table = page.partition('<table class="rows decisions">')[2].partition("</table>")[0]
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in table.split("<tr>")[2:]]


async def test_a_merge_is_listed_with_the_way_to_undo_it(browser: Browser) -> None:
    _, _, path = await asked(browser)
    assert "Latest decisions" not in (await browser.get("/suggestions")).text
    decision = decision_in(await sent(browser, path, answer="accept", reason="same voice"))
    page = (await browser.get("/suggestions")).text
    (row,) = rows(page)
    for words in ("Two customers were merged", "same voice", "Ann Lee", "Ben Ford", "Ann Desk", "stands", "Undo …"):
        assert words in row
    assert f'href="/decisions/{decision}"' in page
    assert "Today they are one customer." in (await browser.get(path)).text
    await sent(browser, f"/decisions/{decision}")
    newest, first = rows((await browser.get("/suggestions?state=decided")).text)
    assert "A merge was taken back" in newest
    assert " undone " in first
    assert "Undo …" not in newest + first


async def test_who_has_no_name_is_listed_by_an_address(browser: Browser) -> None:
    ann, _ = await two(browser)
    nameless = contact("cy", identifier(value="cy@three.example"), name=None)
    cy = await browser.api.push(kind="message", channel="email", subject="Late", contact=nameless)
    await sent(browser, f"/customers/{ann['customer_id']}/merge?other={cy['customer_id']}")
    (row,) = rows((await browser.get("/suggestions?state=decided")).text)
    assert "Ann Lee and cy@three.example" in row


async def test_an_answer_that_was_taken_back_says_what_stands(browser: Browser) -> None:
    _, _, path = await asked(browser)
    await sent(browser, f"/decisions/{decision_in(await sent(browser, path, answer='accept'))}")
    page = (await browser.get(path)).text
    assert "This was answered with yes." in page
    assert "That was taken back since. Today they are two customers." in page
    assert "undo it" not in page
    assert "undone since" in (await browser.get("/suggestions?state=accepted")).text


async def test_decisions_are_paged(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.console.suggesting.A_PAGE", 1)
    ann, ben = await two(browser)
    merge = f"/customers/{ann['customer_id']}/merge?other={ben['customer_id']}"
    await sent(browser, f"/decisions/{decision_in(await sent(browser, merge))}")
    page = (await browser.get("/suggestions?state=decided")).text
    (newest,) = rows(page)
    assert "A merge was taken back" in newest
    older = re.search(r'href="(/suggestions\?state=decided&amp;cursor=[^"]+)">Older decisions', page)
    assert older is not None
    last = (await browser.get(older[1].replace("&amp;", "&"))).text
    assert "Two customers were merged" in rows(last)[0]
    assert "Older decisions" not in last
    assert (await browser.get("/suggestions?state=decided&cursor=x")).status_code == 400


async def test_who_may_only_look_is_offered_no_undoing(browser: Browser) -> None:
    _, _, path = await asked(browser)
    await sent(browser, path, answer="accept")
    auditor = await become(browser, "auditor")
    (row,) = rows((await auditor.get("/suggestions")).text)
    assert "stands" in row
    assert "Undo …" not in row
