"""A real database for the laws: workspaces in it, and the desk's operations as the edge carries them out."""

import asyncio
import itertools
import os
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from hypothesis import HealthCheck, Phase, settings

from app.db import Database, Db, new_id
from identity.customers import ContactClaim, WorkspaceId
from identity.policy import STANDARD, IdentityPolicy
from timeline import intake
from timeline.decisions import Desk
from timeline.events import Actor
from timeline.interactions import Interaction
from timeline.items import Item
from timeline.threads import ThreadQuery, Workspace, read_page

T = TypeVar("T")

APP_PASSWORD: Final = "app-password"
TEMPLATE: Final = "tl_template"
NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY_PROOF: Final = IdentityPolicy(automatic="proof")
"""Links on proved identifiers alone: what the oracle of identity foresees without knowing any weight."""
ALL_KINDS: Final = frozenset({"email", "phone", "account", "external", "handle", "visitor"})
AGENT: Final = Actor("agent:00000000-0000-0000-0000-00000000000a")
KEY: Final = Actor("key:00000000-0000-0000-0000-00000000000b")


def law(examples: int) -> Any:
    """Settings of a law: the same examples in every run; THROUGHLINE_LAW_EXAMPLES asks for more, and random ones."""
    asked = os.environ.get("THROUGHLINE_LAW_EXAMPLES")
    return settings(
        max_examples=int(asked) if asked else examples,
        derandomize=asked is None,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink) if asked else (Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


class World:
    """One database; every history has a workspace of its own in it."""

    def __init__(self, runner: asyncio.Runner, edge: Database, admin_dsn: str) -> None:
        self.runner = runner
        self.edge = edge
        self.admin_dsn = admin_dsn

    def run(self, work: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await work

        return self.runner.run(awaited())

    async def open_workspace(self, region: str | None = None, *, identity: IdentityPolicy = STANDARD) -> "Place":
        slug = f"w-{uuid.uuid4().hex}"
        workspace = Workspace(id=WorkspaceId(new_id()), slug=slug, region=region, identity=identity)
        async with self.edge.connection() as db:
            await db.execute(
                "INSERT INTO workspace (id, slug, region) VALUES ($1, $2, $3)", workspace.id, workspace.slug, region
            )
        return Place(self.edge, workspace)

    def workspace(self, identity: IdentityPolicy = STANDARD) -> "Place":
        return self.run(self.open_workspace(identity=identity))


class Place:
    """One workspace, and what can be done in it."""

    def __init__(self, edge: Database, workspace: Workspace) -> None:
        self.edge = edge
        self.workspace = workspace
        self.id = workspace.id
        self._names = itertools.count()

    def sender(self, proves: frozenset[str] = ALL_KINDS, history: bool = False) -> intake.Sender:
        return intake.Sender(workspace=self.workspace, actor=KEY, proves=proves, history=history)

    def desk(self, preview: bool = False, reason: str | None = None) -> Desk:
        return Desk(workspace=self.id, actor=AGENT, new_id=new_id, reason=reason, preview=preview)

    def item(self, key: str | None = None, *identifiers: str, **fields: Any) -> Interaction:
        """A message of contact `key`; an identifier is `kind:value` or `kind:scope:value`, `?` before it: claimed."""
        at = next(self._names)
        contact = {
            "key": key,
            "identifiers": [said(one) for one in identifiers],
            "name": fields.pop("name", None),
            "attributes": fields.pop("attributes", {}),
        }
        plain: dict[str, Any] = {
            "source": "shop",
            "source_id": f"n{at}",
            "kind": "message",
            "channel": "email",
            "direction": "inbound",
            "occurred_at": NOON + timedelta(minutes=at % 7),
            "contact": msgspec.convert(contact, ContactClaim),
        }
        return Interaction(**{**plain, **fields})

    async def receive(self, *items: Interaction, sender: intake.Sender | None = None) -> list[Any]:
        who = sender or self.sender()
        return await self.write(lambda db: intake.receive(db, who, items, new_id=new_id))

    async def push(self, key: str | None = None, *identifiers: str, **fields: Any) -> Any:
        (outcome,) = await self.receive(self.item(key, *identifiers, **fields))
        return outcome

    async def write(self, work: Callable[[Db], Awaitable[T]]) -> T:
        return await self.edge.write(self.id, work)

    async def read(self, work: Callable[[Db], Awaitable[T]]) -> T:
        async with self.edge.read(self.id) as db:
            return await work(db)

    async def decide(
        self, decision: Callable[..., Awaitable[T]], *wanted: Any, preview: bool = False, **named: Any
    ) -> T:
        """A decision at the desk, in the edge's transaction."""
        desk = self.desk(preview)
        return await self.write(lambda db: decision(db, desk, *wanted, **named))

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        return await self.read(lambda db: db.fetch(statement, *values))

    async def clock(self) -> datetime:
        (row,) = await self.fetch("SELECT clock_timestamp() AS now")
        return row["now"]

    async def contacts(self) -> dict[UUID, dict[str, Any]]:
        rows = await self.fetch("SELECT * FROM contact WHERE workspace_id = $1", self.id)
        return {row["id"]: {**dict(row), "attributes": msgspec.json.decode(row["attributes"])} for row in rows}

    async def thread(self, customer: Any, limit: int = 200, **query: Any) -> list[Item]:
        """All items of a customer, page by page."""
        items: list[Item] = []
        before = None
        while True:
            asked = ThreadQuery(limit=limit, before=before, **query)
            page = await self.read(lambda db, asked=asked: read_page(db, self.id, customer, asked))
            items.extend(page.items)
            before = page.next
            if before is None:
                return items


def said(identifier: str) -> dict[str, Any]:
    kind, _, rest = identifier.lstrip("?").partition(":")
    scope, _, value = rest.rpartition(":")
    return {"kind": kind, "value": value, "scope": scope or None, "verified": not identifier.startswith("?")}


@contextmanager
def opened_world(admin_dsn: str, app_dsn: str) -> Iterator[World]:
    with asyncio.Runner() as runner:
        edge = Database(app_dsn)
        runner.run(edge.open())
        yield World(runner, edge, admin_dsn)
        runner.run(edge.close())


async def gathered(*work: Awaitable[T]) -> Sequence[T]:
    return await asyncio.gather(*work)
