"""Every page that a link leads to, over the demo desk: nothing in either theme that WCAG 2.2 AA forbids, nothing wider
than the window, and what is sent stays small."""

import re
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

from app.console.rendering import BUNDLES, read_static
from app.main import all_pages
from tests.app.browser.conftest import Desk
from tests.house.sentences import CONSOLE

EXAMPLES = 1
"""Of each kind of page."""
ONE_BY_ONE = ("section", "what", "number", "action")
"""Each value of these is a page of another kind."""
NO_PAGES = ("/files/", "/static/", "/live", "/numbers/{number}/csv")
LIGHT = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
DARK = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}, "resultTypes": ["violations"]}
NARROW = {"width": 390, "height": 800}
WIDE = {"width": 1280, "height": 800}


async def test_no_page_has_a_barrier_or_is_wider_than_the_window(furnished: Desk) -> None:
    page = furnished.page
    kinds = [one.path for one in all_pages() if one.method == "GET" and not one.path.startswith(NO_PAGES)]
    seen: dict[str, int] = {}
    waiting, asked, faults = ["/", "/search?q=sleeping+bag", "/customers", "/suggestions"], set[str](), list[str]()
    while waiting:
        path = waiting.pop(0)
        kind = _kind(path, kinds)
        if path in asked or kind is None or seen.get(kind, 0) >= EXAMPLES:
            continue
        asked.add(path)
        seen[kind] = seen.get(kind, 0) + 1
        answer = await page.goto(path)
        assert answer is not None
        if answer.status != 200:
            faults.append(f"{path}: {answer.status}")
            continue
        faults += [f"{path}: {fault}" for fault in await _faults(page)]
        links: list[str] = await page.eval_on_selector_all(
            "a[href^='/']", "all => all.map(one => one.getAttribute('href'))"
        )
        waiting += [link.partition("#")[0] for link in dict.fromkeys(links)]
    assert not faults, "\n".join(faults)
    assert len(seen) > 40, sorted(seen)


def _kind(path: str, kinds: list[str]) -> str | None:
    """Which page an address is of, the one with the fewest parameters first."""
    plain = path.partition("?")[0]
    for kind in sorted(kinds, key=lambda one: one.count("{")):
        found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", kind), plain)
        if found is not None:
            return kind + "".join(f" {found[name]}" for name in ONE_BY_ONE if name in found.groupdict())
    return None


async def _faults(page: Page) -> list[str]:
    await page.evaluate(AXE_SCRIPT)
    found = [*await _axe(page, LIGHT)]
    await page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in await _axe(page, DARK)]
    await page.emulate_media(color_scheme="light")
    for size in (WIDE, NARROW):
        await page.set_viewport_size(size)  # pyright: ignore[reportArgumentType] - a TypedDict
        wide = await page.evaluate("document.documentElement.scrollWidth")
        if wide > size["width"]:
            found.append(f"{wide} wide in a window of {size['width']}")
    await page.set_viewport_size(WIDE)  # pyright: ignore[reportArgumentType]
    return found


async def _axe(page: Page, rules: dict[str, Any]) -> list[str]:
    told: dict[str, Any] = await page.evaluate("rules => axe.run(document, rules)", rules)
    return [
        f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in told["violations"]
        for node in one["nodes"][:3]
    ]


def test_no_text_of_a_script_spans_lines() -> None:
    """Indents are left out where scripts become one file."""
    for path in (CONSOLE / "static" / "scripts").iterdir():
        assert [line for line in path.read_text(encoding="utf-8").splitlines() if line.count("`") % 2] == []


def test_what_is_sent_stays_small() -> None:
    assert set(BUNDLES) == {"console.css", "console.js"}
    assert len(read_static("console.css")) < 60_000
    assert len(read_static("console.js")) < 30_000
