"""Forms as a browser fills them in and sends them."""

import re
from html import unescape
from typing import Any

from tests.app.console.conftest import Browser

SCRIPT = '</textarea>"><script>alert(1)</script>'
Typed = dict[str, str | list[str]]
INPUT = re.compile(r"<input ([^>]*)>")
AREA = re.compile(r"<textarea\s+([^>]*)>\n?([^<]*)</textarea>")
SELECT = re.compile(r"<select\s+([^>]*)>(.*?)</select>", re.DOTALL)
CHOSEN = re.compile(r'<option value="([^"]*)" selected>')
OPTION = re.compile(r'<option value="([^"]*)"')
NAME, VALUE = re.compile(r'name="([^"]+)"'), re.compile(r'value="([^"]*)"')


def form_of(page: str) -> dict[str, list[str]]:
    """What a browser would send of the form of a page, if nobody touched it."""
    start = page.index('class="settings-form"')
    html = page[start : page.index("</form>", start)]
    sent: dict[str, list[str]] = {}
    for text in INPUT.findall(html):
        name, value = NAME.search(text), VALUE.search(text)
        if name is None or ('type="checkbox"' in text and " checked" not in text):
            continue
        sent.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for text, inner in AREA.findall(html):
        sent[_named(text)] = [unescape(inner)]
    for text, inner in SELECT.findall(html):
        chosen = CHOSEN.search(inner) or OPTION.search(inner)
        sent[_named(text)] = [unescape(chosen[1])] if chosen else []
    return sent


def _named(text: str) -> str:
    found = NAME.search(text)
    assert found is not None, text
    return found[1]


async def become(browser: Browser, role: str) -> Browser:
    """Sign in as somebody of a role."""
    changed = await browser.api("PATCH", f"/api/v1/agents/{browser.agent}", json={"role": role})
    assert changed.status_code == 200, changed.text
    await browser.choose()
    return browser


async def send(browser: Browser, path: str, form: dict[str, list[str]], **more: str | list[str]) -> Any:
    said = {name: [value] if isinstance(value, str) else value for name, value in more.items()}
    return await browser.client.post(path, data={**form, **said})


async def opened(browser: Browser, path: str) -> dict[str, list[str]]:
    page = await browser.get(path)
    assert page.status_code == 200, (path, page.text[-400:])
    return form_of(page.text)


def once_of(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'<code class="s-once-text" tabindex="0">([^<]*)</code>', page)]
