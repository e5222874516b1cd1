"""The console in a real browser: Debian's chromium against a real server, signed in.

Each test has a workspace of its own. What the browser complains about (an error of a script, a refused style, a file
that is not there) fails the test.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright

from app.auth import workspace_of
from app.console.pages import COOKIE
from app.db import Database, new_id
from app.demo.desk import fill
from app.main import create_app
from app.signing_in import open_session
from app.store import add_agent, workspace
from tests.app.api.conftest import Tenant, make_tenant
from tests.app.api.serving import served
from tests.builders import pushed, settings
from tests.conftest import Database as Cloned
from timeline.pseudonyms import pseudonyms

CHROMIUM = shutil.which("chromium")
WIDE = {"width": 1280, "height": 800}


class Desk:
    """A workspace, and people who look at it. `page` is Ann's, an agent; `api` speaks as its admin's key."""

    def __init__(self, url: str, database: Database, mine: Tenant, chromium: Browser) -> None:
        self.url, self.database, self.mine, self.chromium = url, database, mine, chromium
        self.complaints: list[str] = []
        self.agents: dict[str, UUID] = {}
        said = {"Authorization": f"Bearer {mine.keys['admin']}"}
        self.api = httpx.AsyncClient(base_url=f"{url}/api/v1", headers=said, timeout=20)
        self.page: Page = None  # pyright: ignore[reportAttributeAccessIssue] - there before the test begins

    async def push(self, **fields: Any) -> dict[str, Any]:
        """Push an interaction that must be new, and return the answer."""
        response = await self.api.post("/interactions", json=pushed(**fields))
        assert response.status_code == 201, response.text
        return response.json()

    async def somebody(self, name: str, role: str = "agent", **context: Any) -> Page:
        """A page of a browser that nobody else uses, signed in as somebody new. `context` as Playwright takes it."""
        agent, email, work = new_id(), f"{name.lower()}-{uuid4().hex[:8]}@desk.example", self.mine.id

        async def enter(db: Any) -> str:
            assert await add_agent(db, work, agent, email=email, name=name, role=role)
            text = await open_session(
                db, work, agent, "a browser of the tests", session=new_id(), who=None, now=datetime.now(UTC)
            )
            assert text is not None
            return text

        cookie = {"name": COOKIE, "value": await self.database.write(work, enter), "url": self.url}
        self.agents[name] = agent
        asked: Any = {"base_url": self.url, "viewport": WIDE, **context}
        room = await self.chromium.new_context(**asked)
        await room.add_cookies([cookie])  # pyright: ignore[reportArgumentType] - a TypedDict
        page = await room.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page


@pytest.fixture(scope="module")
def site(database_of_module: Cloned, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    where = settings(tmp_path_factory.mktemp("site"))
    with served(create_app(where, database_of_module.app_dsn, logs=False)) as url:
        yield url


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def desk(site: str, chromium: Browser, database_of_module: Cloned) -> AsyncIterator[Desk]:
    database = Database(database_of_module.app_dsn)
    await database.open()
    here = Desk(site, database, await make_tenant(database, f"desk-{uuid4().hex[:12]}"), chromium)
    try:
        here.page = await here.somebody("Ann")
        yield here
    finally:
        for room in chromium.contexts:
            await room.close()
        await here.api.aclose()
        await database.close()
    assert not here.complaints


@pytest.fixture
async def furnished(desk: Desk) -> Desk:
    """The demo in the desk's workspace, and an admin before it."""
    async with desk.database.read(desk.mine.id) as db:
        row = await workspace(db, desk.mine.id)
    assert row is not None
    here = workspace_of(row, desk.mine.id, pseudonyms("a secret of tests, long enough"))
    await fill(desk.database, here, datetime.now(UTC), lambda done, of: None)
    desk.page = await desk.somebody("Eve", "admin")
    return desk
