"""Telling somebody by mail that they are an agent now: with the console's address and no secret."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.db import Db, new_id
from app.settings import Settings
from channels import notifying
from channels.email.tokens import Tokens
from identity.customers import WorkspaceId

NOBODY_WRITES: Final = "no channel account writes to agents: set `notifies` of a mailbox that sends"


async def invite(db: Db, workspace: WorkspaceId, agent: UUID, email: str, settings: Settings) -> bool:
    """False where no account writes to agents. Raises `StartOver`."""
    return await notifying.invite(
        db,
        workspace,
        agent,
        email,
        settings.public_url,
        tokens=Tokens(settings.secret),
        new_id=new_id,
        now=datetime.now(UTC),
    )
