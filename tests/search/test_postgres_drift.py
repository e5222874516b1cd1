"""What somebody changed in the tables of PostgreSQL's index by hand is seen by comparing, and mended by writing it."""

import uuid
from collections.abc import AsyncIterator

import pytest

from app.db import Database as Access
from identity.customers import WorkspaceId
from search.documents import digest
from search.engine import Embedded, Index
from search.postgres import PostgresEngine
from tests.conftest import Database
from tests.search.contract.desk import found, message, put, words

pytestmark = pytest.mark.anyio
INDEX = Index(generation=1, model="test", dimensions=8)
MEANT = "The parcel never came to me"


@pytest.fixture
async def access(database_of_module: Database) -> AsyncIterator[Access]:
    access = Access(database_of_module.app_dsn)
    await access.open()
    yield access
    await access.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE search_document SET words = 'other'::tsvector WHERE workspace_id = $1 AND id = $2",
        "UPDATE search_document SET words = 'other'::tsvector, digest = 'x' WHERE workspace_id = $1 AND id = $2",
        "UPDATE search_document SET facts = 'other'::tsvector WHERE workspace_id = $1 AND id = $2",
        "UPDATE search_document SET contact_id = gen_random_uuid() WHERE workspace_id = $1 AND id = $2",
        "DELETE FROM search_vector WHERE workspace_id = $1 AND id = $2",
    ],
)
async def test_what_was_changed_by_hand_is_not_held_and_is_mended(access: Access, change: str) -> None:
    engine, workspace = PostgresEngine(access), WorkspaceId(uuid.uuid4())
    here, other = message(1, MEANT, meaning=MEANT), message(2, "The lamp is broken", meaning="The lamp is broken")
    await put(engine, workspace, INDEX, here, other)
    waiting = await engine.unembedded(workspace, INDEX, 10)
    vector = b"\x00\x00\x80\x3f" + b"\x00" * 28
    await engine.embed(workspace, INDEX, [Embedded(id=one.id, digest=one.digest, vector=vector) for one in waiting])
    whole = sorted((one.id, digest(one)) for one in (here, other))
    assert await engine.digests(workspace, INDEX, "", 10) == whole
    await access.write(workspace, lambda db: db.execute(change, workspace, here.id))
    held = dict(await engine.digests(workspace, INDEX, "", 10))
    assert (held[here.id] == digest(here), held[other.id]) == (False, digest(other))
    await engine.write(workspace, INDEX, [here])
    assert await engine.digests(workspace, INDEX, "", 10) == whole
    assert await found(engine, workspace, INDEX, words("parcel")) == [1]
    lost = await engine.unembedded(workspace, INDEX, 10)
    assert [one.id for one in lost] == ([here.id] if "search_vector" in change else [])
