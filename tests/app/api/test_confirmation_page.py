"""What a customer sees who follows the link under a resolution: a page that asks once and says what came of it."""

from typing import Any

import pytest

from tests.app.api.asking import PATH, opened, patched, ticket_of
from tests.app.api.conftest import Api

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


async def resolved(api: Api, subject: str = "Lamp") -> tuple[dict[str, Any], str]:
    ticket = await opened(api, subject=subject)
    await patched(api, ticket["id"], status="resolved")
    link = (await api("GET", f"{PATH}/{ticket['id']}/confirmation")).json()
    assert link["url"].startswith("http")
    assert link["url"].endswith(link["path"])
    return ticket, link["path"]


async def follow(api: Api, path: str) -> Any:
    return await api("GET", path, None, headers=BROWSER)


async def send(api: Api, path: str, form: str) -> Any:
    headers = {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}
    return await api("POST", path, None, content=form.encode(), headers=headers)


async def test_the_page_asks_changes_nothing_and_loads_nothing(api: Api) -> None:
    ticket, path = await resolved(api, subject="<script>alert(1)</script>")
    page = await follow(api, path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert "http" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    assert (await ticket_of(api, ticket["id"]))["status"] == "resolved"
    assert (await api("GET", path, None)).json()["number"] == ticket["number"], "a program is told in JSON"


@pytest.mark.parametrize(("word", "status", "says"), [("yes", "closed", "is closed"), ("no", "open", "open again")])
async def test_the_form_answers_once(api: Api, word: str, status: str, says: str) -> None:
    ticket, path = await resolved(api)
    done = await send(api, path, f"confirmed={word}&comment=Two%0D%0Alines+%26+more")
    assert done.status_code == 200, done.text
    assert says in done.text
    assert (await ticket_of(api, ticket["id"]))["status"] == status
    again = await send(api, path, "confirmed=yes&comment=")
    assert (again.status_code, again.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert (await follow(api, path)).status_code == 404


@pytest.mark.parametrize("form", ["", "comment=x", "confirmed=maybe", "confirmed=yes&confirmed=no", "%ff=1"])
async def test_another_form_is_refused_and_answers_nothing(api: Api, form: str) -> None:
    ticket, path = await resolved(api)
    assert (await send(api, path, form)).status_code == 400
    assert (await ticket_of(api, ticket["id"]))["status"] == "resolved"
