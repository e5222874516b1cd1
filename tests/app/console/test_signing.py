"""Signing in: passwords, links that work once, too many tries, sessions that end, and pages of other sites."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.calls import Edge
from app.console.pages import COOKIE
from app.people import AgentChange, change_agent
from app.people_store import disable_agent
from app.signing_in import FREE_TRIES, LONGEST_WAIT, check_password, wait_of
from identity.customers import WorkspaceId
from tests.app.console.conftest import PASSWORD, Browser, edge_of_app
from timeline.interactions import InvalidField

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def edge(app: Any) -> Edge:
    return edge_of_app(app)


async def test_a_link_sets_the_password_once_and_signs_in(browser: Browser) -> None:
    link = await browser.link()
    assert "Ann Desk" in (await browser.get(link)).text
    made = await browser.post(link, password=PASSWORD, again=PASSWORD)
    assert (made.status_code, made.headers["location"]) == (303, "/")
    cookie = made.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=tl_")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (await browser.get("/customers")).status_code == 200
    browser.client.cookies.clear()
    assert (await browser.get(link)).status_code == 404
    assert (await browser.post(link, password="another one at all", again="another one at all")).status_code == 404
    assert (await browser.sign_in()).status_code == 303


async def test_a_link_is_good_for_its_time_and_the_next_one_ends_it(browser: Browser) -> None:
    old = await browser.link("reset", now=datetime.now(UTC) - timedelta(hours=1, minutes=1))
    assert (await browser.get(old)).status_code == 404
    first, second = await browser.link(), await browser.link()
    assert (await browser.get(first)).status_code == 404
    assert (await browser.get(second)).status_code == 200
    assert (await browser.get("/welcome/" + "0" * 32 + "-" + "x" * 43)).status_code == 404
    assert (await browser.get("/welcome/nothing")).status_code == 404


async def test_the_same_answer_for_a_wrong_password_and_for_nobody(browser: Browser) -> None:
    await browser.choose()
    browser.client.cookies.clear()
    wrong = await browser.sign_in("not this one at all")
    nobody = await browser.sign_in(email=f"x{browser.email}")
    assert wrong.status_code == nobody.status_code == 422
    assert wrong.text.replace(browser.email, "") == nobody.text.replace(f"x{browser.email}", "")
    assert "set-cookie" not in wrong.headers


async def test_who_tries_too_often_waits_and_others_do_not(browser: Browser, edge: Edge) -> None:
    await browser.choose()
    browser.client.cookies.clear()
    for _ in range(FREE_TRIES["person"]):
        assert (await browser.sign_in("wrong wrong wrong")).status_code == 422
    held = await browser.sign_in()
    assert held.status_code == 429
    assert "wait" in held.text
    assert (await browser.sign_in("whatever it is", email="else@desk.example")).status_code == 422


async def test_a_workspace_that_is_not_there_answers_as_one_that_is(browser: Browser) -> None:
    await browser.choose()
    browser.client.cookies.clear()
    slug = await browser.slug()
    gone = f"not-{slug}"

    async def tried(workspace: str) -> list[tuple[int, str]]:
        tries = range(FREE_TRIES["person"] + 2)
        found = [await browser.sign_in("wrong wrong wrong", workspace=workspace) for _ in tries]
        found += [
            await browser.post("/forgotten", workspace=workspace, email=browser.email)
            for _ in range(FREE_TRIES["person"] + 1)
        ]
        return [(one.status_code, re.sub(r"\d+ seconds", "", one.text).replace(workspace, "")) for one in found]

    here, nowhere = await tried(slug), await tried(gone)
    assert here == nowhere
    assert [status for status, _text in nowhere].count(429) == 3
    assert (await browser.sign_in("wrong wrong wrong", workspace=f"else-{slug}")).status_code == 422


@given(st.integers(0, 60), st.integers(0, 4_000))
def test_waits_grow_and_end(tries: int, since: int) -> None:
    last = NOW - timedelta(seconds=since)
    wait = wait_of(tries, 5, last, NOW)
    assert 0.0 <= wait <= LONGEST_WAIT
    assert wait <= wait_of(tries + 1, 5, last, NOW)
    assert wait == 0.0 or tries >= 5
    assert wait_of(tries, 5, last, last + timedelta(seconds=LONGEST_WAIT)) == 0.0


@pytest.mark.parametrize("password", ["short", "a" * 201, "ann@desk.example", "aaaaaaaaaaaaa"])
def test_passwords_that_are_not_taken(password: str) -> None:
    with pytest.raises(InvalidField):
        check_password(password, "ann@desk.example")


async def test_two_that_differ_are_asked_again(browser: Browser) -> None:
    link = await browser.link()
    answer = await browser.post(link, password=PASSWORD, again="something else")
    assert answer.status_code == 422
    assert "not the same" in answer.text
    assert (await browser.get(link)).status_code == 200


async def test_signing_out_ends_the_session_for_good(browser: Browser) -> None:
    text = (await browser.choose()).cookies[COOKIE]
    page = await browser.get("/customers")
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    assert (await browser.post("/sign-out")).status_code == 403
    assert (await browser.post("/sign-out", csrf="a" * 43)).status_code == 403
    assert (await browser.post("/sign-out", csrf=csrf)).headers["location"] == "/sign-in"
    assert await browser.sessions() == 0
    browser.client.cookies.set(COOKIE, text)
    assert (await browser.get("/customers")).headers["location"] == "/sign-in?next=%2Fcustomers"


async def test_a_session_is_no_bearer_key_and_a_key_is_no_session(browser: Browser) -> None:
    text = (await browser.choose()).cookies[COOKIE]
    browser.client.cookies.clear()
    assert (await browser.api("GET", "/api/v1/customers", text)).status_code == 401
    browser.client.cookies.set(COOKIE, browser.api.mine.keys["admin"])
    assert (await browser.get("/customers")).status_code == 303
    listed = (await browser.api("GET", "/api/v1/keys")).json()["items"]
    assert "session" not in {one["name"] for one in listed}


async def test_who_leaves_or_becomes_something_else_is_out_with_the_next_page(browser: Browser, edge: Edge) -> None:
    await browser.choose()
    assert (await browser.get("/customers")).status_code == 200
    mine = WorkspaceId(browser.api.mine.id)
    change = AgentChange(role="lead")
    await edge.database.write(mine, lambda db: change_agent(db, mine, browser.agent, change))
    assert (await browser.get("/customers")).status_code == 303
    await browser.sign_in()
    assert (await browser.get("/customers")).status_code == 200
    await edge.database.write(mine, lambda db: disable_agent(db, mine, browser.agent, None))
    assert (await browser.get("/customers")).status_code == 303
    assert (await browser.sign_in()).status_code == 422


async def test_a_new_password_ends_what_was_signed_in(browser: Browser) -> None:
    await browser.choose()
    await browser.sign_in()
    assert await browser.sessions() == 2
    await browser.choose("another one at all")
    assert await browser.sessions() == 1
    assert (await browser.sign_in()).status_code == 422


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "evil"]
)
async def test_one_goes_on_to_a_page_of_ours(browser: Browser, target: str) -> None:
    await browser.choose()
    assert (await browser.sign_in(next=target)).headers["location"] == "/"
    assert (await browser.sign_in(next="/customers?cursor=a")).headers["location"] == "/customers?cursor=a"


async def test_another_site_signs_nobody_in_and_asks_for_nothing(browser: Browser) -> None:
    fields = {"email": browser.email, "password": PASSWORD, "workspace": await browser.slug()}
    for site in ("cross-site", "same-site"):
        answer = await browser.client.post("/sign-in", data=fields, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403


async def test_the_demo_is_for_whoever_sits_here(browser: Browser) -> None:
    assert (await browser.post("/sign-in/demo")).status_code == 404
    assert "demo" not in (await browser.get("/sign-in")).text


async def test_forgotten_answers_alike_and_is_limited(browser: Browser) -> None:
    slug = await browser.slug()
    known = await browser.post("/forgotten", workspace=slug, email=browser.email)
    nobody = await browser.post("/forgotten", workspace=slug, email="nobody@desk.example")
    assert (known.status_code, known.text) == (nobody.status_code, nobody.text) == (200, known.text)
    answers = [await browser.post("/forgotten", workspace=slug, email=browser.email) for _ in range(6)]
    assert answers[-1].status_code == 429


async def test_pages_say_what_may_run_in_them(browser: Browser) -> None:
    page: httpx.Response = await browser.get("/sign-in")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in page.text
    assert "style=" not in page.text
