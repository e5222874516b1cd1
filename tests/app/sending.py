"""The sender of webhooks over a test's database, a step at a time and by a clock that the test holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from app.db import Database
from app.live import Live
from app.outward import Outward
from app.webhooks import Lane, Sender
from channels.vault import Vault
from identity.customers import WorkspaceId
from tests.settling import settled

SECRET = "a secret of tests, long enough"


@asynccontextmanager
async def sender(database: Database, *, private: bool = True) -> AsyncIterator[Sender]:
    outward = Outward(private=private)
    try:
        yield Sender(database, Live(database.dsn), Vault(SECRET), outward)
    finally:
        outward.close()


async def follow(made: Sender, workspace: UUID) -> None:
    """Until everything that is recorded is queued: a transaction that is open anywhere on this server holds it back."""
    await settled(made.database, workspace)
    await made.follow(WorkspaceId(workspace))


async def send(made: Sender, workspace: UUID, webhook: str, now: datetime | None = None) -> int:
    """Empty one lane; how many attempts that took."""
    lane = Lane(made, WorkspaceId(workspace), UUID(webhook))
    try:
        return await lane.empty(now or datetime.now(UTC))
    finally:
        await lane.stop()
        await lane.close()
