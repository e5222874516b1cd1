"""A channel account over a real database: what its sender posts, and a worker's step by hand."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import pytest

from app.db import Database, Db, new_id
from channels import accounts, deliveries, inbox
from channels.accounts import NewAccount
from channels.deliveries import Accepted
from channels.vault import Vault
from identity.customers import WorkspaceId
from tests.builders import signed
from tests.conftest import Database as Cloned
from tests.understood import understand_waiting
from timeline.events import Actor
from timeline.pseudonyms import pseudonyms
from timeline.threads import Workspace

T = TypeVar("T")
VAULT = Vault("a secret of tests, long enough")
NAMES = pseudonyms("a secret of tests, long enough")
ADMIN = Actor("key:00000000-0000-0000-0000-00000000000b")


ANN = {"id": "c-1", "name": "Ann Example"}


def order(number: Any = 1001, type_: str = "order.created", **data: Any) -> bytes:
    said = {"id": number, "status": "open", "customer": ANN, **data}
    return json.dumps({"type": type_, "timestamp": "2026-01-31T09:30:00Z", "data": said}).encode()


class Doorstep:
    """One workspace with channel accounts; `id` and `secret` are those of the first."""

    def __init__(self, database: Database, workspace: Workspace) -> None:
        self.database = database
        self.workspace = workspace
        self.id = UUID(int=0)
        self.secret = ""

    async def account(self, kind: str = "orders", **fields: Any) -> tuple[UUID, str]:
        plain: dict[str, Any] = {"kind": kind, "name": "shop", **fields}
        new = NewAccount(**plain)
        made = await self.write(
            lambda db: accounts.make_account(db, self.workspace.id, new, VAULT, by="cli", new_id=new_id)
        )
        return accounts.read_public_id(made.account.id)[1], made.secret

    async def deliver(self, raw: bytes, key: str = "msg_1", account: tuple[UUID, str] | None = None) -> Accepted:
        """Hand something in as its sender does. Raises `Unverified`."""
        id_, secret = account or (self.id, self.secret)
        headers = signed(secret, raw, key) if _is_text(raw) else {}

        async def work(db: Db) -> Accepted:
            door, delivery = await deliveries.admit(db, self.workspace.id, id_, headers, raw, VAULT, datetime.now(UTC))
            return await deliveries.accept(db, self.workspace.id, door.account, delivery, NAMES, new_id=new_id)

        return await self.write(work)

    async def step(self, now: datetime | None = None) -> int:
        """What a worker does in one round."""
        return await understand_waiting(self.database, self.workspace, now or datetime.now(UTC))

    async def replay(self, entry: UUID) -> inbox.Replayed:
        return await self.write(lambda db: inbox.replay(db, self.workspace, entry, by=ADMIN, new_id=new_id))

    async def entries(self, *states: inbox.State) -> list[inbox.Entry]:
        async with self.database.read(self.workspace.id) as db:
            return await inbox.list_entries(db, self.workspace.id, states or ("waiting",), None, 200)

    async def raw(self, entry: UUID) -> bytes | None:
        async with self.database.read(self.workspace.id) as db:
            return (await inbox.show(db, self.workspace.id, entry))[1]

    async def listed(self, *states: deliveries.State) -> list[deliveries.InboundDelivery]:
        """The oldest first."""
        async with self.database.read(self.workspace.id) as db:
            found = await deliveries.list_deliveries(db, self.workspace.id, states, None, None, 200)
        return found[::-1]

    async def standing(self) -> dict[str, str]:
        return {one.key: one.state for one in await self.listed()}

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        async with self.database.read(self.workspace.id) as db:
            return await db.fetch(statement, *values)

    async def events(self) -> list[str]:
        """The source ids of what was recorded, in the ledger's order."""
        rows = await self.fetch("SELECT source_id FROM event WHERE type LIKE '%Recorded' ORDER BY position")
        return [row["source_id"] for row in rows]

    async def write(self, work: Callable[[Db], Awaitable[T]]) -> T:
        return await self.database.write(self.workspace.id, work)

    async def say(self, statement: str, *values: Any) -> None:
        async def work(db: Db) -> None:
            await db.execute(statement, *values)

        await self.write(work)


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.fixture
async def doorstep(database: Cloned) -> AsyncIterator[Doorstep]:
    hot = Database(database.app_dsn)
    await hot.open()
    try:
        workspace = Workspace(id=WorkspaceId(new_id()), slug="mine", region="DE")
        async with hot.connection() as db:
            await db.execute("INSERT INTO workspace (id, slug, region) VALUES ($1, 'mine', 'DE')", workspace.id)
        made = Doorstep(hot, workspace)
        made.id, made.secret = await made.account()
        yield made
    finally:
        await hot.close()
