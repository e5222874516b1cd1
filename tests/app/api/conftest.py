"""The API over a real database: two workspaces, with a key of each role in both."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from litestar import Litestar

from app.access import ROLES
from app.api.calls import Edge
from app.auth import MadeKey, make_key
from app.db import Database, new_id
from app.mailing import Mailer
from app.main import create_app, edge_of
from app.store import add_workspace
from tests.app.posting import mailer
from tests.builders import pushed, settings
from tests.channels.email.smtp_server import MailServer, mail_server
from tests.conftest import Database as Cloned

COUNTED = (
    "event",
    "contact",
    "identifier",
    "link_decision",
    "placement",
    "quarantine",
    "api_key",
    "channel_account",
    "inbound_delivery",
    "webhook",
    "webhook_delivery",
    "stored_file",
    "file_use",
    "file_upload",
    "outbound_mail",
)


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace with the text of a key of each role; `ids` are those of the keys."""

    id: UUID
    keys: dict[str, str]
    ids: dict[str, UUID]


class Api:
    """A client that says who it is: `await api("GET", path, key)`; the admin of `mine` by default."""

    def __init__(self, client: httpx.AsyncClient, database: Database, mine: Tenant, other: Tenant) -> None:
        self.client = client
        self.database = database
        self.mine = mine
        self.other = other

    async def __call__(
        self, method: str, path: str, key: str | None = "", *, headers: dict[str, str] | None = None, **rest: Any
    ) -> httpx.Response:
        said = dict(headers or {})
        if key is not None:
            said["Authorization"] = f"Bearer {key or self.mine.keys['admin']}"
        return await self.client.request(method, path, headers=said, **rest)

    async def push(self, key: str | None = "", **fields: Any) -> dict[str, Any]:
        """Push an interaction that must be new, and return the answer."""
        response = await self("POST", "/api/v1/interactions", key, json=pushed(**fields))
        assert response.status_code == 201, response.text
        return response.json()

    async def counts(self) -> dict[str, int]:
        """How many rows each table of both workspaces holds: what a refused request must not change."""
        found: dict[str, int] = {}
        for tenant in (self.mine, self.other):
            async with self.database.read(tenant.id) as db:
                for table in COUNTED:
                    found[f"{table} of {tenant.id}"] = int(await db.fetchval(f"SELECT count(*) FROM {table}") or 0)
        return found


async def make_tenant(database: Database, slug: str, rate: int = 0) -> Tenant:
    workspace = new_id()
    async with database.connection() as db:
        assert await add_workspace(db, workspace, slug, "DE", [])
    made: dict[str, MadeKey] = {}
    for role in ROLES:

        async def work(db: Any, role: Any = role) -> MadeKey:
            return await make_key(db, workspace, name=role, role=role, rate=rate, created_by="system")

        made[role] = await database.write(workspace, work)
    return Tenant(
        id=workspace,
        keys={role: key.text for role, key in made.items()},
        ids={role: key.key.id for role, key in made.items()},
    )


async def tenant_of(dsn: str) -> Tenant:
    """A workspace made through a pool of its own: for servers with a loop of their own."""
    database = Database(dsn)
    await database.open()
    try:
        return await make_tenant(database, f"mine-{uuid4().hex}")
    finally:
        await database.close()


@pytest.fixture
def database(database_of_module: Cloned) -> Cloned:
    """Shared by a module: each test has workspaces of its own."""
    return database_of_module


@pytest.fixture(scope="session")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    """An application made once: declaring all routes takes as long as many a test."""
    return create_app(settings(tmp_path_factory.mktemp("routed")), "postgresql://nowhere/", logs=False)


@pytest.fixture
def app(routed: Litestar, database: Cloned, tmp_path: Path) -> Litestar:
    """It with an edge of the test's own, in the place of the one before."""
    edge_of_app(routed).__dict__.update(vars(edge_of(settings(tmp_path), database.app_dsn)))
    return routed


def edge_of_app(app: Litestar) -> Edge:
    return app.state["edge"]


@pytest.fixture
async def api(database: Cloned, app: Litestar) -> AsyncIterator[Api]:
    hot = Database(database.app_dsn)
    await hot.open()
    try:
        mine, other = await make_tenant(hot, f"mine-{uuid4().hex}"), await make_tenant(hot, f"other-{uuid4().hex}")
        transport = httpx.ASGITransport(app=cast("Any", app))
        async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://tests") as client:
            yield Api(client, hot, mine, other)
    finally:
        await hot.close()


@pytest.fixture
async def there() -> AsyncIterator[MailServer]:
    """A real mail server on this machine, which takes what is sent to it."""
    async with mail_server() as made:
        yield made


@pytest.fixture
async def out(api: Api, tmp_path: Path) -> AsyncIterator[Mailer]:
    """What sends mails, in the process of the test."""
    async with mailer(api.database, tmp_path) as made:
        yield made
