"""Sections of the settings: who is offered what, forms that go round, faults at their fields."""

from typing import Any

from app.console.sections.all import declared
from tests.app.console.conftest import Browser


async def become(browser: Browser, role: str) -> Browser:
    """Sign in as somebody of a role."""
    changed = await browser.api("PATCH", f"/api/v1/agents/{browser.agent}", json={"role": role})
    assert changed.status_code == 200, changed.text
    await browser.choose()
    return browser


async def test_every_section_opens_for_an_admin(browser: Browser) -> None:
    await become(browser, "admin")
    for section in declared():
        page = await browser.get(f"/settings/{section.key}")
        assert page.status_code == 200, (section.key, page.text[-600:])
        if section.adds:
            new = await browser.get(f"/settings/{section.key}/new")
            assert new.status_code == 200, (section.key, new.text[-600:])
