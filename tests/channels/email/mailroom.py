"""A desk with a mailbox over a real database, real child processes for reading, and a name server of ours."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from app.db import Database, Db, new_id
from app.mailroom import Mailroom
from app.understanding import Understander
from channels import accounts, deliveries, outbox_store
from channels.accounts import NewAccount
from channels.email import kind
from channels.email.tokens import Tokens
from channels.files import FileStore, open_files
from channels.reading import Apart
from channels.vault import Vault
from identity.customers import WorkspaceId
from tests.builders import settings
from tests.channels.email.signing import Records
from tests.conftest import Database as Cloned
from timeline.pseudonyms import pseudonyms
from timeline.threads import Workspace

SECRET = "a secret of tests, long enough"
OURS = "mx.desk.example"
ADDRESS = "desk@desk.example"
TOKENS = Tokens(SECRET)


class Office:
    """A workspace with one mailbox; made anew for each test in the module's database."""

    def __init__(self, database: Database, mailroom: Mailroom, files: FileStore, workspace: Workspace) -> None:
        self.database = database
        self.mailroom = mailroom
        self.files = files
        self.workspace = workspace
        self.account = UUID(int=0)

    async def open(self, **fields: Any) -> UUID:
        """Another mailbox."""
        plain: dict[str, Any] = {"kind": "email", "name": f"box {new_id().hex}", **fields}
        said = {"address": ADDRESS, "authserv_id": OURS, "plus_addressing": True, **plain.pop("settings", {})}

        async def work(db: Db) -> accounts.WithSecret:
            new = NewAccount(**plain, settings=said)
            return await accounts.make_account(db, self.workspace.id, new, Vault(SECRET), by="cli", new_id=new_id)

        return accounts.read_public_id((await self.database.write(self.workspace.id, work)).account.id)[1]

    async def deliver(self, raw: bytes, account: UUID | None = None, *, arrived: datetime | None = None) -> UUID:
        """A mail reaches the mailbox."""

        async def work(db: Db) -> UUID:
            to = await accounts.find_account(db, self.workspace.id, account or self.account)
            names = pseudonyms(SECRET)
            mail = kind.delivery(raw, arrived=arrived)
            return (await deliveries.accept(db, self.workspace.id, to, mail, names, new_id=new_id)).delivery_id

        return await self.database.write(self.workspace.id, work)

    async def step(self, now: datetime | None = None, ways: Apart | None = None, patience: float = 30.0) -> int:
        understander = Understander(self.database, ways or self.mailroom.ways(), patience)
        moved = await understander.round(self.workspace, now or datetime.now(UTC))
        await understander.settle()
        return moved

    async def take(self, *raws: bytes, account: UUID | None = None) -> list[dict[str, Any]]:
        """Mails reach the mailbox and are understood; what is recorded of them, in the order in which they came."""
        for raw in raws:
            await self.deliver(raw, account)
        await self.step()
        by_name = {item["source_id"]: item for item in await self.items()}
        return [by_name[f"mail:{kind.key_of(raw)}"] for raw in raws]

    async def items(self) -> list[dict[str, Any]]:
        """In the ledger's order; with the contact's standing."""
        rows = await self.fetch(
            "SELECT e.id, e.source_id, e.conversation, e.contact_id, e.type, e.occurred_at, e.data, e.actor, c.grade, "
            "c.customer_id FROM event e JOIN contact c ON c.workspace_id = e.workspace_id AND c.id = e.contact_id "
            "WHERE e.type LIKE '%Recorded' ORDER BY e.position"
        )
        return [{**dict(row), "data": msgspec.json.decode(row["data"])} for row in rows]

    async def sent(
        self, to: Sequence[str], *, account: UUID | None = None, purpose: str = "reply", **fields: Any
    ) -> tuple[UUID, str, str]:
        """A mail of ours: its id, its Message-ID, and the address that its answers go to."""
        box, mail = account or self.account, new_id()
        columns: dict[str, Any] = {
            "key": f"test/{mail}", "account": box, "event": None, "contact": None, "conversation": None,
            "purpose": purpose, "message_id": TOKENS.message_id(box, mail, "desk.example"), "domain": "x.example",
            "recipients": msgspec.json.encode({"to": [{"address": one} for one in to], "cc": [], "bcc": []}),
            "raw": b"", "files": b"[]", "state": "sent", "reason": None, "next_try_at": None,
            "now": datetime.now(UTC), **fields,
        }  # fmt: skip
        await self.database.write(
            self.workspace.id, lambda db: outbox_store.add(db, self.workspace.id, mail, **columns)
        )
        return mail, columns["message_id"], f"desk+{TOKENS.tag(box, mail)}@desk.example"

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        async with self.database.read(self.workspace.id) as db:
            return await db.fetch(statement, *values)

    async def say(self, statement: str, *values: Any) -> None:
        async def work(db: Db) -> None:
            await db.execute(statement, *values)

        await self.database.write(self.workspace.id, work)


class House:
    """What the tests of a module share: the database, the processes that read, the name server."""

    def __init__(self, database: Database, mailroom: Mailroom, files: FileStore, records: Records) -> None:
        self.database = database
        self.mailroom = mailroom
        self.files = files
        self.records = records

    async def office(self) -> Office:
        workspace = Workspace(
            id=WorkspaceId(new_id()), slug=f"w{new_id().hex}", region="DE", pseudonyms=pseudonyms(SECRET)
        )
        async with self.database.connection() as db:
            await db.execute(
                "INSERT INTO workspace (id, slug, region) VALUES ($1, $2, 'DE')", workspace.id, workspace.slug
            )
        made = Office(self.database, self.mailroom, self.files, workspace)
        made.account = await made.open(source="mail")
        return made


@asynccontextmanager
async def housed(cloned: Cloned, home: Path) -> AsyncIterator[House]:
    database, records = Database(cloned.app_dsn), Records({})
    await database.open()
    files = open_files(None, home / "files")
    mailroom = Mailroom(settings(home), database, files, records.lookup)
    try:
        yield House(database, mailroom, files, records)
    finally:
        await mailroom.close()
        await database.close()


def letter(
    sender: str = "Ann <ann@shop.example>",
    *,
    result: str | None = "dmarc=pass header.from=shop.example",
    text: str = "Where is my order?",
    top: str = "",
    **headers: str,
) -> bytes:
    """A mail; `result` is what our mail server says of it."""
    told = f"Authentication-Results: {OURS}; {result}\r\n" if result else ""
    names = {"To": f"Desk <{ADDRESS}>", "Subject": "My order", "Message-ID": "<1@shop.example>"}
    names |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in names.items() if value)
    return f"{top}{told}From: {sender}\r\n{lines}\r\n{text}\r\n".encode()
