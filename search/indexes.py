"""Which index of a workspace answers, and which is made beside it?"""

from datetime import datetime
from typing import Final, Literal

import msgspec

from identity.customers import WorkspaceId
from search import index_store
from search.engine import Index
from search.index_store import Db, Row

FOLLOWER: Final = "search/"

State = Literal["building", "live", "old"]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An index with how far it is. `swept_to`: the document up to which all were compared with the ledger, None: all
    were; `missing`, `stale` and `orphaned` are those that were not as they should be; `documents`: as many as should be
    in it."""

    index: Index
    engine: str
    state: State
    swept_to: str | None
    swept: int
    missing: int
    stale: int
    orphaned: int
    documents: int
    timed_until: datetime
    checked_at: datetime | None
    trouble: str | None
    made_at: datetime

    @property
    def drift(self) -> int:
        return self.missing + self.stale + self.orphaned

    @property
    def follower(self) -> str:
        return f"{FOLLOWER}{self.index.generation}"


def kept(row: Row) -> Kept:
    return Kept(
        index=Index(generation=row["generation"], model=row["model"], dimensions=row["dimensions"]),
        engine=row["engine"],
        state=row["state"],
        swept_to=row["swept_to"],
        swept=row["swept"],
        missing=row["missing"],
        stale=row["stale"],
        orphaned=row["orphaned"],
        documents=row["documents"],
        timed_until=row["timed_until"],
        checked_at=row["checked_at"],
        trouble=row["trouble"],
        made_at=row["made_at"],
    )


async def live(db: Db, workspace: WorkspaceId, engine: str) -> Index | None:
    """The index that answers; None before the worker has made one. Its vectors are those of its `model`."""
    row = await index_store.live(db, workspace, engine)
    return None if row is None else kept(row).index


async def read(db: Db, workspace: WorkspaceId, engine: str) -> list[Kept]:
    """The live one, then the one that is made beside it."""
    return [one for one in await read_all(db, workspace, engine) if one.state != "old"]


async def read_all(db: Db, workspace: WorkspaceId, engine: str) -> list[Kept]:
    """Those that are to be dropped as well, and first."""
    return [kept(row) for row in await index_store.indexes(db, workspace) if row["engine"] == engine]


async def read_others(db: Db, workspace: WorkspaceId, engine: str) -> list[Kept]:
    """Those of engines that served before."""
    return [kept(row) for row in await index_store.indexes(db, workspace) if row["engine"] != engine]


async def is_waiting(db: Db, workspace: WorkspaceId, index: Kept, now: datetime) -> bool:
    """Whether there is anything to do for an index."""
    generation = index.index.generation
    return index.swept_to is not None or await index_store.is_waiting(
        db, workspace, generation, index.follower, index.timed_until, now
    )
