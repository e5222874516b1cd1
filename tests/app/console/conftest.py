"""The console over a real database, and a browser's manners: cookies kept, no redirect followed by itself."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from argon2 import PasswordHasher
from litestar import Litestar

from app.db import new_id
from app.sign_in_store import sessions
from app.signing_in import Hashing, make_link
from app.store import add_agent, workspace
from tests.app.api.conftest import Api, api, app, database, edge_of_app, routed

__all__ = ["Api", "api", "app", "database", "edge_of_app", "routed"]

PASSWORD = "correct horse battery"


class Browser:
    """Somebody at a desk: `email` is an agent's of `mine`."""

    def __init__(self, api: Api, agent: UUID, email: str) -> None:
        self.api, self.agent, self.email = api, agent, email
        self.client = api.client

    async def get(self, path: str, **rest: Any) -> httpx.Response:
        return await self.client.get(path, **rest)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.client.post(path, data=fields)

    async def link(self, purpose: Any = "invitation", now: Any = None) -> str:

        work = self.api.mine.id
        return "/welcome/" + await self.api.database.write(
            work, lambda db: make_link(db, work, self.agent, purpose, now or datetime.now(UTC))
        )

    async def choose(self, password: str = PASSWORD) -> httpx.Response:
        return await self.post(await self.link(), password=password, again=password)

    async def sign_in(self, password: str = PASSWORD, **more: str) -> httpx.Response:
        slug = more.pop("workspace", await self.slug())
        return await self.post(
            "/sign-in", workspace=slug, email=more.pop("email", self.email), password=password, **more
        )

    async def slug(self) -> str:
        async with self.api.database.read(self.api.mine.id) as db:
            row = await workspace(db, self.api.mine.id)
        assert row is not None
        return row["slug"]

    async def sessions(self) -> int:
        async with self.api.database.read(self.api.mine.id) as db:
            return len(await sessions(db, self.api.mine.id, self.agent))


@pytest.fixture
async def browser(api: Api, app: Litestar) -> Browser:
    edge_of_app(app).hashing = Hashing(PasswordHasher(time_cost=1, memory_cost=64))
    agent, email = new_id(), f"ann-{new_id().hex[-8:]}@desk.example"

    async def add(db: Any) -> None:
        assert await add_agent(db, api.mine.id, agent, email=email, name="Ann Desk", role="agent")

    await api.database.write(api.mine.id, add)
    return Browser(api, agent, email)
