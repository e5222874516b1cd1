"""How pages go out: small, and with a token that is another each time and still the same."""

import gzip

import pytest

from app.console.sending import mask, unmask
from tests.app.console.conftest import Browser


async def test_a_page_is_sent_compressed_to_who_takes_it(browser: Browser) -> None:
    await browser.choose()
    plain = await browser.get("/customers", headers={"Accept-Encoding": "identity"})
    packed = await browser.get("/customers", headers={"Accept-Encoding": "gzip"})
    assert plain.headers.get("content-encoding") is None
    assert packed.headers["content-encoding"] == "gzip"
    assert (plain.headers["vary"], packed.headers["vary"]) == ("Accept-Encoding", "Accept-Encoding")
    assert len(packed.text) == len(plain.text)
    assert len(gzip.compress(packed.content, 1)) < len(packed.content) / 2


async def test_the_token_of_a_form_is_in_other_words_each_time_and_holds(browser: Browser) -> None:
    await browser.choose()
    tokens = [(await browser.get("/")).text.partition('name="csrf" value="')[2].partition('"')[0] for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert unmask(tokens[0]) == unmask(tokens[1]) != ""
    assert (await browser.post("/sign-out", csrf=tokens[1])).status_code == 303


@pytest.mark.parametrize("text", ["", "x", "é", "====", "AAAA", "another"])
async def test_what_is_no_token_is_refused(browser: Browser, text: str) -> None:
    await browser.choose()
    for token in (text, mask(text)):
        assert (await browser.post("/sign-out", csrf=token)).status_code == 403
