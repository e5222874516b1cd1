"""Telling agents by mail how to sign in: an invitation, or a link that sets a forgotten password. Each works once."""

import hashlib
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.db import Db, new_id
from app.settings import Settings
from app.signing_in import Purpose, make_link
from channels import notifying
from channels.email.tokens import Tokens
from identity.customers import WorkspaceId

NOBODY_WRITES: Final = "no channel account writes to agents: set `notifies` of a mailbox that sends"


async def invite(db: Db, workspace: WorkspaceId, agent: UUID, email: str, settings: Settings) -> bool:
    """False where no account writes to agents. Raises `StartOver`."""
    return await _send(db, workspace, agent, email, settings, "invitation")


async def reset(db: Db, workspace: WorkspaceId, agent: UUID, email: str, settings: Settings) -> bool:
    """False where no account writes to agents. Raises `StartOver`."""
    return await _send(db, workspace, agent, email, settings, "reset")


async def link_of(db: Db, workspace: UUID, agent: UUID, purpose: Purpose, settings: Settings) -> str:
    """A new link, in place of any that was waiting, for whoever hands it over."""
    link = await make_link(db, workspace, agent, purpose, datetime.now(UTC))
    return f"{settings.public_url}/welcome/{link}"


async def _send(db: Db, workspace: WorkspaceId, agent: UUID, email: str, settings: Settings, purpose: Purpose) -> bool:
    url = await link_of(db, workspace, agent, purpose, settings)
    return await notifying.send_link(
        db,
        workspace,
        email,
        url,
        purpose,
        key=hashlib.sha256(url.encode()).hexdigest()[:32],
        tokens=Tokens(settings.secret),
        new_id=new_id,
        now=datetime.now(UTC),
    )
