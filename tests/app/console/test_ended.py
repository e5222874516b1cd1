"""What a session hears that has ended, on whatever page, and addresses of files that are none."""

import pytest

from app.db import new_id
from tests.app.console.conftest import Browser

HX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    "path", ["/settings", "/search", "/palette?q=", "/find/customers", "/suggestions/next", "/settings/nothing"]
)
async def test_a_session_that_ended_opens_no_page_from_memory(browser: Browser, path: str) -> None:
    await browser.choose()
    assert (await browser.get(path)).status_code in (200, 303, 404)
    gone = await browser.api("PATCH", f"/api/v1/agents/{browser.agent}", json={"disabled": True})
    assert gone.status_code == 200, gone.text
    answered = await browser.get(path)
    assert (answered.status_code, answered.headers.get("location", "").partition("?")[0]) == (303, "/sign-in")
    assert "Ann Desk" not in answered.text


async def test_a_part_leads_to_the_door_and_back_to_its_page(browser: Browser) -> None:
    page = "http://testserver.local/tickets/9?at=1"
    for path in ("/palette?q=x", f"/customers/{new_id()}/who"):
        answered = await browser.get(path, headers={**HX, "HX-Current-URL": page})
        assert answered.headers["hx-redirect"] == "/sign-in?next=%2Ftickets%2F9%3Fat%3D1"
    unasked = await browser.get("/palette?q=x", headers={**HX, "HX-Current-URL": page, "X-Unasked": "yes"})
    assert (unasked.status_code, unasked.headers.get("hx-redirect"), unasked.text) == (401, None, "")
    away = await browser.get("/palette?q=x", headers={**HX, "HX-Current-URL": "https://evil.example//evil.example/"})
    assert 'name="next"' not in (await browser.get(away.headers["hx-redirect"])).text


async def test_a_form_leads_to_the_door_and_back_to_where_it_stands(browser: Browser) -> None:
    said = {"csrf": "x", "subject": "typed"}
    page = "http://testserver.local/settings/desk?key=a"
    sent = await browser.client.post("/settings/desk", data=said, headers={"Referer": page})
    assert sent.headers["location"] == "/sign-in?next=%2Fsettings%2Fdesk%3Fkey%3Da%23typed"
    for headers in ({"Referer": page}, {**HX, "HX-Current-URL": page}):
        sent = await browser.client.post("/tickets/9/do/subject", data=said, headers=headers)
        door = sent.headers.get("location") or sent.headers["hx-redirect"]
        assert door == "/sign-in?next=%2Ftickets%2F9%2Fdo%2Fsubject%23typed"
    assert 'value="/tickets/9/do/subject#typed"' in (await browser.get(door)).text
    sent = await browser.client.post("/settings/desk", data=said)
    assert sent.headers["location"] == "/sign-in?next=%2F%23typed"


@pytest.mark.parametrize("name", ["%00", "x" * 5_000, "vendor/%00", "vendor", "%2E%2E"])
async def test_what_is_no_file_is_not_there(browser: Browser, name: str) -> None:
    assert (await browser.get(f"/static/000000000000/{name}")).status_code == 404


async def test_where_no_page_is_a_browser_sees_one_and_a_program_does_not(browser: Browser) -> None:
    seen = await browser.get("/nowhere", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (seen.status_code, "<h1>There is nothing here</h1>" in seen.text) == (404, True)
    assert "default-src 'none'" in seen.headers["content-security-policy"]
    assert (await browser.get("/nowhere")).headers["content-type"] == "application/problem+json"
    away = await browser.get("/api/v1/nowhere", headers={"Accept": "text/html"})
    assert away.headers["content-type"] == "application/problem+json"


async def test_a_page_says_its_charset_once(browser: Browser) -> None:
    assert (await browser.get("/sign-in")).headers["content-type"] == "text/html; charset=utf-8"
