"""What erased names become: the same in the database as here, and nothing to who has no key."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import Database
from timeline.pseudonyms import Pseudonyms, is_pseudonym, pseudonyms
from timeline.tickets.ticket import headline, matter_of

NAMES = pseudonyms("a secret of tests, long enough")
HERE = UUID("01a1fee0-bbae-7620-b15b-59ba778f1e52")


async def asked(database: Database, statement: str, *values: object) -> list[object]:
    db = await asyncpg.connect(database.admin_dsn)
    try:
        (row,) = await db.fetch(statement, *values)
        return list(row)
    finally:
        await db.close()


@pytest.mark.parametrize("name", ["o-1", "", "Zoë\u2028\n\x01", "x" * 5_000, "🦊", "erased:" + "0" * 64])
async def test_the_database_makes_the_same(database: Database, name: str) -> None:
    account = uuid4()
    made = await asked(
        database,
        "SELECT pseudonym($1, $2, 'source_id', 'shop' || chr(10) || $3), "
        "pseudonym($1, $2, 'delivery_key', $4::uuid || chr(10) || $3), pseudonym($1, $2, 'request', $3), "
        "decode(substr(pseudonym($1, $2, 'digest', encode(sha256(convert_to($3, 'UTF8')), 'hex')), 8), 'hex'), "
        "sha256(convert_to($3, 'UTF8'))",
        NAMES.blocks,
        HERE,
        name,
        account,
    )
    digest = made.pop()
    assert isinstance(digest, bytes)
    assert made == [
        NAMES.of_item(HERE, "shop", name),
        NAMES.of_delivery(HERE, account, name),
        NAMES.of_request(HERE, name),
        NAMES.of_digest(HERE, digest),
    ]


def test_secret_workspace_field_and_name_all_count() -> None:
    made = {
        NAMES.of_item(HERE, "shop", "1"),
        NAMES.of_item(HERE, "shop", "2"),
        NAMES.of_item(HERE, "mail", "1"),
        NAMES.of_item(uuid4(), "shop", "1"),
        NAMES.of_request(HERE, "shop\n1"),
        pseudonyms("another secret, long enough").of_item(HERE, "shop", "1"),
    }
    assert len(made) == 6
    assert all(is_pseudonym(one) for one in made)
    assert not is_pseudonym("erased:by hand")
    assert "secret" not in repr(NAMES) + str(Pseudonyms(key=b"secret"))


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Lamp",
        "RE: Lamp",
        "Aw: WG:  Lamp\tbroken ",
        "re[2]: Ärger",
        "Picture: no mark",
        "fwd:",
        "  ",
        "Fw: " + "ä" * 600,
    ],
)
async def test_subjects_are_compared_alike(database: Database, subject: str) -> None:
    (made,) = await asked(database, "SELECT matter_of($1)", subject)
    assert made == matter_of(subject[:480])


def test_a_ticket_is_not_called_by_a_hash() -> None:
    assert headline(NAMES.of_request(HERE, "x"), None) is None
    assert headline("erased: my account", None) == "erased: my account"
