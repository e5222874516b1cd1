"""The mailer over a test's database, a step at a time and by a clock that the test holds."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from app.db import Database, new_id
from app.live import Live
from app.mail_doors import MailDoors
from app.mailing import Lane, Mailer
from app.outward import LookUp, Outward
from channels import accounts
from channels.accounts import NewAccount
from channels.email.smtp import Patience
from channels.email.tokens import Tokens
from channels.files import open_files
from channels.vault import Vault
from identity.customers import WorkspaceId
from tests.channels.email.smtp_server import MailServer
from tests.settling import settled

SECRET = "a secret of tests, long enough"
VAULT = Vault(SECRET)
TOKENS = Tokens(SECRET)
QUICK = Patience(command=2.0, final=0.3)
DESK = "desk@shop.example"


@asynccontextmanager
async def mailer(
    database: Database,
    folder: Path,
    *,
    private: bool = True,
    trust: ssl.SSLContext | None = None,
    look_up: LookUp | None = None,
) -> AsyncIterator[Mailer]:
    outward = Outward(private=private, look_up=look_up)
    doors = MailDoors(outward, trust=trust)
    files = open_files(None, folder / "files")
    try:
        yield Mailer(database, Live(database.dsn), VAULT, TOKENS, doors, files, patience=QUICK)
    finally:
        outward.close()


async def mail_account(database: Database, workspace: UUID, server: MailServer, **settings: Any) -> UUID:
    """An account that sends by this server; `smtp` in the settings is merged into what it is asked by."""
    smtp = {"host": "127.0.0.1", "port": server.port, "security": "none", **settings.pop("smtp", {})}
    source = settings.pop("source", "mail")
    name = settings.pop("account", source)
    said = {"address": DESK, "name": "The Shop", "smtp": smtp, **settings}
    new = NewAccount(kind="email", name=name, source=source, settings=said)
    made = await database.write(
        workspace, lambda db: accounts.make_account(db, workspace, new, VAULT, by="cli", new_id=new_id)
    )
    return accounts.read_public_id(made.account.id)[1]


async def follow(made: Mailer, workspace: UUID) -> None:
    """Until every reply that is recorded is a mail: a transaction that is open on this server holds it back."""
    await settled(made.database, workspace)
    await made.follow(WorkspaceId(workspace))


async def send(made: Mailer, workspace: UUID, now: datetime | None = None) -> int:
    """Empty every lane that has something due; how many attempts that took."""
    at = now or datetime.now(UTC)
    async with made.database.read(workspace) as db:
        rows = await db.fetch(
            "SELECT DISTINCT account_id, domain FROM outbound_mail WHERE workspace_id = $1 AND next_try_at <= $2",
            workspace,
            at,
        )
    lanes = [Lane(made, WorkspaceId(workspace), row["account_id"], row["domain"]) for row in rows]
    try:
        return sum([await lane.empty(at) for lane in lanes])
    finally:
        for lane in lanes:
            await lane.close()
