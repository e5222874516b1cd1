"""The pictures of the console in the documentation, taken of the demo desk as it is now: `make screenshots`."""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from benchmarks import house

FOLDER: Final = Path(__file__).parents[3] / "docs" / "screenshots"
PORT: Final = 8793
SIZE: Final = {"width": 1280, "height": 800}
CUSTOMER: Final = "hannah.whitlock"
PAGES: Final = {
    "inbox": "/",
    "customer": None,
    "ticket": "/tickets/{number}",
    "suggestion": "/suggestions",
    "numbers": "/numbers",
    "journey": "/tickets/{number}/journey",
    "search": "/search?q=the+zip+of+my+sleeping+bag+is+broken",
    "settings": "/settings/sla",
}
DARK: Final = ("customer", "numbers")


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("There is no chromium here: apt install chromium.")
    FOLDER.mkdir(exist_ok=True)
    with _desk() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme in ("light", "dark"):
            room = browser.new_context(base_url=url, viewport=SIZE, color_scheme=theme)  # pyright: ignore[reportArgumentType]
            _take(room.new_page(), theme)
        browser.close()


@contextmanager
def _desk() -> Iterator[str]:
    """The demo in a home of its own."""
    home = Path(tempfile.mkdtemp(prefix="throughline-pictures-"))
    home.chmod(0o755)  # PostgreSQL may run as a user of its own below it
    process = None
    try:
        house.run("demo", home=home, port=PORT)
        process, _ = house.start(home, PORT)
        yield f"http://127.0.0.1:{PORT}"
    finally:
        if process is not None:
            house.stop(process)
        shutil.rmtree(home, ignore_errors=True)


def _take(page: Page, theme: str) -> None:
    page.goto("/sign-in")
    page.get_by_role("button", name="Look at the demo desk").click()
    page.wait_for_url("**/")
    page.goto(f"/customers?q={CUSTOMER}")
    person = page.locator("main a[href^='/customers/']").first.get_attribute("href")
    page.goto(person or "/")
    number = re.sub(r"\D", "", page.locator("a[href^='/tickets/']").first.get_attribute("href") or "")
    for name, path in PAGES.items():
        if theme == "dark" and name not in DARK:
            continue
        page.goto((path or person or "/").format(number=number))
        page.wait_for_load_state("load")
        page.wait_for_timeout(2_500)  # numbers and past cases come a moment later
        page.screenshot(path=FOLDER / f"{name}{'-dark' if theme == 'dark' else ''}.png")
        print(f"{name}, {theme}", file=sys.stderr)


if __name__ == "__main__":
    main()
