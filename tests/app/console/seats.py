"""Several people at one desk, each with a session of their own."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from uuid import UUID

import httpx

from app.console.pages import COOKIE
from app.db import new_id
from app.signing_in import open_session
from app.store import add_agent
from tests.app.api.conftest import Api

FIELD = re.compile(r'<input type="hidden" name="([\w.]+)" value="([^"]*)">')
HX = {"HX-Request": "true"}


class Seat:
    """Somebody who signed in; `part` asks as a script does."""

    def __init__(self, api: Api, agent: UUID, cookie: str) -> None:
        self.api, self.agent = api, agent
        self._said = {"Cookie": f"{COOKIE}={cookie}"}

    async def get(self, path: str, *, part: bool = False) -> httpx.Response:
        return await self.api.client.get(path, headers={**self._said, **(HX if part else {})})

    async def post(self, path: str, fields: dict[str, Any], *, part: bool = False) -> httpx.Response:
        return await self.api.client.post(path, data=fields, headers={**self._said, **(HX if part else {})})

    async def form(self, page: str, action: str) -> dict[str, str]:
        """The hidden fields of a form of a page."""
        return form_in((await self.get(page)).text, action)

    async def do(self, page: str, action: str, *, part: bool = False, **said: Any) -> httpx.Response:
        """Open a page, fill in its form, send it."""
        return await self.post(action, {**await self.form(page, action), **said}, part=part)


def form_in(page: str, action: str) -> dict[str, str]:
    part = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    assert part, page
    return {name: unescape(value) for name, value in FIELD.findall(part)}


async def seat(api: Api, name: str, role: str = "agent", workspace: UUID | None = None) -> Seat:
    """A seat for somebody new, in `mine` where no other workspace is named."""
    agent, work = new_id(), workspace or api.mine.id

    async def enter(db: Any) -> str:
        assert await add_agent(db, work, agent, email=f"{agent.hex[-12:]}@desk.example", name=name, role=role)
        now = datetime.now(UTC)
        text = await open_session(db, work, agent, "tests", session=new_id(), who=None, now=now)
        assert text is not None
        return text

    return Seat(api, agent, await api.database.write(work, enter))
