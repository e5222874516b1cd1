"""How far is the index of a workspace, and what is not in it? For those who run the desk, and for their monitoring."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from identity.errors import NotFound
from search import index_store, indexes, sources
from search.index_store import Db, Row
from search.indexes import Kept
from timeline.followers import read_checkpoint

MOST_COUNTED: Final = 10_000


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison of all documents with the ledger, the one under way or the last: how many were looked at, of which
    some were missing, other (stale) or too many (orphaned) and were mended; `done_at` is null while it goes on."""

    compared: int
    missing: int
    stale: int
    orphaned: int
    done_at: datetime | None


class IndexState(msgspec.Struct, frozen=True, kw_only=True):
    """One index. `model` gave its vectors (null: words alone). `behind` are events that it has not taken in, counted up
    to 10,000, the oldest of them `lag_seconds` ago; `due` are people and tickets to be looked at again; `faults` are
    documents that were set aside; `trouble` says why it does not get on."""

    generation: int
    engine: str
    model: str | None
    state: Literal["building", "live"]
    documents: int
    behind: int
    lag_seconds: float
    due: int
    faults: int
    checked: Pass
    trouble: str | None
    made_at: datetime


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was set aside while it was made, written or embedded, with words why."""

    id: UUID
    generation: int
    document: str
    step: Literal["build", "write", "embed"]
    words: str
    tries: int
    failed_at: datetime


async def read_states(db: Db, workspace: WorkspaceId, engine: str, now: datetime) -> list[IndexState]:
    """The index that answers, then the one that is made beside it; none before the worker has made one."""
    faults, due = await index_store.count_faults(db, workspace), await index_store.count_due(db, workspace)
    found: list[IndexState] = []
    for kept in await indexes.read(db, workspace, engine):
        generation = kept.index.generation
        behind, oldest = await _behind(db, workspace, kept)
        found.append(
            IndexState(
                generation=generation,
                engine=kept.engine,
                model=kept.index.model,
                state="live" if kept.state == "live" else "building",
                documents=kept.documents,
                behind=behind,
                lag_seconds=0.0 if oldest is None else max(0.0, round((now - oldest).total_seconds(), 3)),
                due=due.get(generation, 0),
                faults=faults.get(generation, 0),
                checked=_pass(kept),
                trouble=kept.trouble,
                made_at=kept.made_at,
            )
        )
    return found


async def read_lag(db: Db, workspace: WorkspaceId, engine: str, now: datetime) -> tuple[float, int] | None:
    """How many seconds the index that answers is behind, and how many documents were set aside; None without one."""
    row = await index_store.live(db, workspace, engine)
    if row is None:
        return None
    kept = indexes.kept(row)
    _, oldest = await _behind(db, workspace, kept, 1)
    faults = (await index_store.count_faults(db, workspace)).get(kept.index.generation, 0)
    return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds()), faults


async def read_faults(db: Db, workspace: WorkspaceId, after: UUID | None, limit: int) -> list[Fault]:
    """In the order of their ids."""
    rows = await index_store.faults(db, workspace, after, limit)
    return [_fault(row) for row in rows]


async def read_fault(db: Db, workspace: WorkspaceId, name: UUID) -> Fault:
    """Raises `NotFound`."""
    row = await index_store.fault(db, workspace, name)
    if row is None:
        raise NotFound
    return _fault(row)


def _fault(row: Row) -> Fault:
    return Fault(
        id=row["id"],
        generation=row["generation"],
        document=row["document_id"],
        step=row["step"],
        words=row["words"],
        tries=row["tries"],
        failed_at=row["failed_at"],
    )


async def _behind(db: Db, workspace: WorkspaceId, kept: Kept, most: int = MOST_COUNTED) -> tuple[int, datetime | None]:
    at = await read_checkpoint(db, workspace, kept.follower)
    return await sources.oldest_unread(db, workspace, (at.epoch, at.xid, at.position), most)


def _pass(kept: Kept) -> Pass:
    return Pass(
        compared=kept.swept,
        missing=kept.missing,
        stale=kept.stale,
        orphaned=kept.orphaned,
        done_at=kept.checked_at if kept.swept_to is None else None,
    )
