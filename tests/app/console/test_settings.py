"""Sections of the settings: who is offered what, forms that go round, faults at their fields, nothing lost."""

import re
from html import unescape
from typing import Any

import pytest

from app.console.sections.all import declared
from tests.app.console.conftest import Browser

SCRIPT = '</textarea>"><script>alert(1)</script>'
HIDDEN = re.compile(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">')
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


@pytest.mark.parametrize("role", ["admin", "lead", "auditor", "agent"])
async def test_a_section_opens_for_those_who_may_read_it_and_is_offered_to_nobody_else(
    browser: Browser, role: str
) -> None:
    await become(browser, role)
    index = (await browser.get("/settings")).text
    for section in declared():
        page = await browser.get(f"/settings/{section.key}")
        offered = f'href="/settings/{section.key}"' in index
        assert page.status_code == (200 if offered else 403), (role, section.key, page.text[-400:])
        assert offered or f"As {role} you may not" in page.text
        if section.adds:
            new = await browser.get(f"/settings/{section.key}/new")
            may = offered and f"/settings/{section.key}/new" in page.text
            assert new.status_code == (200 if may else 403), (role, section.key, new.text[-400:])
    assert ("keys" in {one.key for one in declared()} and "/settings/keys" in index) == (role in ("admin", "auditor"))
