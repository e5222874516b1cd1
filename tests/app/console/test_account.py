"""One's own account: sessions ended, the password changed by who knows it, zone, theme and mails."""

from typing import Any

import pytest

from app.console.devices import device_words
from app.console.pages import COOKIE, THEME
from app.signing_in import FREE_TRIES
from tests.app.console.conftest import PASSWORD, Browser

LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
NEW = "another one at all"


def csrf_in(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


async def at_account(browser: Browser) -> str:
    """Signed in, in front of the page; the token of its forms."""
    await browser.choose()
    page = await browser.get("/account")
    assert page.status_code == 200
    return csrf_in(page.text)


async def elsewhere(browser: Browser) -> str:
    """Signed in with another browser too; that session's text. The first one's cookie stays."""
    here = browser.client.cookies[COOKIE]
    browser.client.cookies.clear()
    there = (await browser.sign_in()).cookies[COOKIE]
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, here)
    return there


async def is_in(browser: Browser, text: str) -> bool:
    here = browser.client.cookies[COOKIE]
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, text)
    answer = await browser.get("/customers")
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, here)
    return answer.status_code == 200


async def test_sessions_are_listed_and_ended_one_by_one(browser: Browser) -> None:
    csrf = await at_account(browser)
    there = await elsewhere(browser)
    page = (await browser.get("/account")).text
    assert page.count("this one") == 1
    other = page.partition('name="session" value="')[2].partition('"')[0]
    assert (await browser.post("/account/sessions", session=other, csrf="x")).status_code == 403
    assert await is_in(browser, there)
    assert (await browser.post("/account/sessions", session=other, csrf=csrf)).status_code == 303
    assert not await is_in(browser, there)
    assert (await browser.post("/account/sessions", session=other, csrf=csrf)).status_code == 303
    assert await browser.sessions() == 1


async def test_all_others_end_and_this_one_stays(browser: Browser) -> None:
    csrf = await at_account(browser)
    for _ in range(2):
        await elsewhere(browser)
    assert await browser.sessions() == 3
    assert (await browser.post("/account/sessions", csrf=csrf)).status_code == 404
    await browser.post("/account/sessions", which="others", csrf=csrf)
    assert await browser.sessions() == 1
    assert (await browser.get("/account")).status_code == 200


async def test_a_session_of_somebody_else_does_not_end(browser: Browser, api: Any) -> None:
    csrf = await at_account(browser)
    key = api.mine.ids["admin"]
    assert (await browser.post("/account/sessions", session=str(key), csrf=csrf)).status_code == 303
    assert (await api("GET", "/api/v1/keys")).status_code == 200


async def test_who_knows_the_password_changes_it_and_ends_the_others(browser: Browser) -> None:
    csrf = await at_account(browser)
    there = await elsewhere(browser)
    wrong = await browser.post("/account/password", csrf=csrf, old="not this one", password=NEW, again=NEW)
    assert wrong.status_code == 422
    assert "not your password" in wrong.text
    assert NEW not in wrong.text
    for password, again, words in (("short", "short", "characters or more"), (NEW, NEW + "x", "not the same")):
        refused = await browser.post("/account/password", csrf=csrf, old=PASSWORD, password=password, again=again)
        assert refused.status_code == 422
        assert words in refused.text
    assert await is_in(browser, there)
    done = await browser.post("/account/password", csrf=csrf, old=PASSWORD, password=NEW, again=NEW)
    assert done.status_code == 303
    assert not await is_in(browser, there)
    assert "signed out everywhere else" in (await browser.get(done.headers["location"])).text
    browser.client.cookies.clear()
    assert (await browser.sign_in(NEW)).status_code == 303


async def test_who_guesses_the_password_waits(browser: Browser) -> None:
    csrf = await at_account(browser)
    for _ in range(FREE_TRIES["person"]):
        await browser.post("/account/password", csrf=csrf, old="guess guess", password=NEW, again=NEW)
    held = await browser.post("/account/password", csrf=csrf, old=PASSWORD, password=NEW, again=NEW)
    assert held.status_code == 429
    assert "wait" in held.text
    browser.client.cookies.clear()
    assert (await browser.sign_in()).status_code == 303


async def test_zone_theme_and_mails_are_kept_and_shown(browser: Browser) -> None:
    csrf = await at_account(browser)
    assert (await browser.post("/account/zone", csrf=csrf, zone="Asia/Tokyo")).status_code == 303
    assert "<option selected>Asia/Tokyo" in (await browser.get("/account")).text
    refused = await browser.post("/account/zone", csrf=csrf, zone="Nowhere/<b>")
    assert refused.status_code == 422
    assert "Nowhere/<b>" not in refused.text
    dark = await browser.post("/account/theme", csrf=csrf, theme="dark")
    assert f"{THEME}=dark" in dark.headers["set-cookie"]
    assert 'data-theme="dark"' in (await browser.get("/customers")).text
    assert 'data-theme="dark"' in (await browser.get("/sign-in")).text
    await browser.post("/account/theme", csrf=csrf, theme="system")
    assert "data-theme" not in (await browser.get("/customers")).text
    assert (await browser.post("/account/mails", csrf=csrf, mails="all")).status_code == 303
    assert 'value="all" checked' in (await browser.get("/account")).text
    assert (await browser.post("/account/mails", csrf=csrf, mails="some")).status_code == 422


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (LINUX, "Chrome 150 on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128 on macOS"),
        ("a robot", "a robot"),
        ("", "unknown"),
    ],
)
def test_a_browser_in_two_words(said: str, words: str) -> None:
    assert device_words(said) == words
