"""What is kept of who takes part in threads goes with the mails that an erasure blanks, and nothing follows them."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from app.db import new_id
from channels.email import threading_store
from tests.channels.email.mailroom import House, housed, letter
from tests.conftest import Database as Cloned


@pytest.fixture(scope="module")
async def house(database_of_module: Cloned, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with housed(database_of_module, tmp_path_factory.mktemp("home")) as opened:
        yield opened


async def test_an_erased_mail_is_in_no_thread_and_others_stay(house: House, database_of_module: Cloned):
    office, erasure = await house.office(), new_id()
    first, other = await office.take(
        letter(), letter(Message_ID="<2@shop.example>", References="<9@x.example>", text="Other")
    )
    rows = await office.fetch("SELECT author, message FROM mail_thread")
    assert not [row for row in rows if b"ann" in row["author"] or b"shop" in row["message"]]
    await _blank(database_of_module, office.workspace.id, other["id"], erasure)
    await house.database.write(office.workspace.id, lambda db: threading_store.forget(db, office.workspace.id, erasure))
    left = await office.fetch("SELECT event_id FROM mail_thread UNION SELECT event_id FROM mail_reference")
    assert [row["event_id"] for row in left] == [first["id"]]
    (follow,) = await office.take(letter(References="<2@shop.example>", Message_ID="<3@shop.example>"))
    assert follow["conversation"] == follow["source_id"]


async def _blank(database: Cloned, workspace: UUID, event: UUID, erasure: UUID) -> None:
    """As the erasure's own function does, which alone may."""
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute(
        "INSERT INTO erased_record (workspace_id, id, erasure_id, original, tombstone) VALUES ($1, $2, $3, $4, $4)",
        workspace,
        event,
        erasure,
        bytes(32),
    )
    await admin.close()
