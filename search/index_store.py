"""Every statement on the indexes of a workspace: which there are, what is due in them, what was set aside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from identity.customers import WorkspaceId

Db = Any
Row = asyncpg.Record

_INDEX: Final = (
    "generation, engine, model, dimensions, state, swept_to, swept, missing, stale, orphaned, documents, timed_until, "
    "checked_at, trouble, made_at, live_at"
)


async def indexes(db: Db, workspace: WorkspaceId) -> list[Row]:
    """All that are there: those that are to be dropped, then those that answer, then those that will."""
    return await db.fetch(
        f"SELECT {_INDEX} FROM search_index WHERE workspace_id = $1 AND state <> 'gone' "
        "ORDER BY state DESC, generation",
        workspace,
    )


async def is_waiting(
    db: Db, workspace: WorkspaceId, generation: int, follower: str, since: datetime, until: datetime
) -> bool:
    """Whether an index has anything to take in: new events, what is due, or what silence did since a moment."""
    return await db.fetchval(
        "SELECT EXISTS (SELECT FROM search_due WHERE workspace_id = $1 AND generation = $2) OR EXISTS (SELECT FROM "
        "follower_checkpoint f CROSS JOIN LATERAL (SELECT FROM event e WHERE e.workspace_id = $1 AND (e.epoch, e.xid, "
        "e.position) > (f.epoch, f.xid, f.position) LIMIT 1) AS e WHERE f.workspace_id = $1 AND f.follower = $3) "
        "OR EXISTS (SELECT FROM ticket WHERE workspace_id = $1 AND closes_at > $4 AND closes_at <= $5 AND NOT lapsed) "
        "OR EXISTS (SELECT FROM ticket WHERE workspace_id = $1 AND closes_at > $4 AND closes_at <= $5 AND lapsed) "
        "OR EXISTS (SELECT FROM ticket WHERE workspace_id = $1 AND next_at <= $5 AND NOT lapsed AND resolves_at > $4 "
        "AND resolves_at <= $5)",
        workspace,
        generation,
        follower,
        since,
        until,
    )


async def live(db: Db, workspace: WorkspaceId, engine: str) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_INDEX} FROM search_index WHERE workspace_id = $1 AND engine = $2 AND state = 'live'",
        workspace,
        engine,
    )


async def add_index(
    db: Db, workspace: WorkspaceId, *, engine: str, model: str | None, dimensions: int, state: str, now: datetime
) -> int | None:
    """The generation of a new index that nothing was compared with yet; None where there is one in that state."""
    return await db.fetchval(
        "INSERT INTO search_index (workspace_id, generation, engine, model, dimensions, state, swept_to, timed_until, "
        "made_at, live_at) SELECT $1, 1 + coalesce((SELECT max(generation) FROM search_index WHERE workspace_id = $1), "
        "0), $2, $3, $4, $5, '', $6, $6, CASE WHEN $5 = 'live' THEN $6::timestamptz END "
        "ON CONFLICT DO NOTHING RETURNING generation",
        workspace,
        engine,
        model,
        dimensions,
        state,
        now,
    )


async def begin_sweep(db: Db, workspace: WorkspaceId, generation: int) -> None:
    """Have all documents compared from the first one on."""
    await db.execute(
        "UPDATE search_index SET swept_to = '', swept = 0, missing = 0, stale = 0, orphaned = 0 "
        "WHERE workspace_id = $1 AND generation = $2",
        workspace,
        generation,
    )


async def begin_sweeps(db: Db, workspace: WorkspaceId) -> None:
    """The same in every index, as after a restore."""
    await db.execute(
        "UPDATE search_index SET swept_to = '', swept = 0, missing = 0, stale = 0, orphaned = 0 "
        "WHERE workspace_id = $1 AND state IN ('building', 'live')",
        workspace,
    )


async def move_sweep(
    db: Db,
    workspace: WorkspaceId,
    generation: int,
    to: str | None,
    *,
    looked: int,
    missing: int,
    stale: int,
    orphaned: int,
    now: datetime,
) -> None:
    """Go on from a document; None: all were compared."""
    await db.execute(
        "UPDATE search_index SET swept_to = $3, swept = swept + $4, missing = missing + $5, stale = stale + $6, "
        "orphaned = orphaned + $7, checked_at = CASE WHEN $3::text IS NULL THEN $8::timestamptz ELSE checked_at END "
        "WHERE workspace_id = $1 AND generation = $2",
        workspace,
        generation,
        to,
        looked,
        missing,
        stale,
        orphaned,
        now,
    )


async def count_documents(db: Db, workspace: WorkspaceId, generation: int, more: int) -> None:
    await db.execute(
        "UPDATE search_index SET documents = documents + $3 WHERE workspace_id = $1 AND generation = $2",
        workspace,
        generation,
        more,
    )


async def set_documents(db: Db, workspace: WorkspaceId, generation: int, documents: int) -> None:
    await db.execute(
        "UPDATE search_index SET documents = $3 WHERE workspace_id = $1 AND generation = $2",
        workspace,
        generation,
        documents,
    )


async def move_time(db: Db, workspace: WorkspaceId, generation: int, until: datetime) -> None:
    await db.execute(
        "UPDATE search_index SET timed_until = $3 WHERE workspace_id = $1 AND generation = $2",
        workspace,
        generation,
        until,
    )


async def set_trouble(db: Db, workspace: WorkspaceId, generation: int, trouble: str | None) -> None:
    await db.execute(
        "UPDATE search_index SET trouble = $3 WHERE workspace_id = $1 AND generation = $2 "
        "AND trouble IS DISTINCT FROM $3",
        workspace,
        generation,
        trouble,
    )


async def switch(db: Db, workspace: WorkspaceId, live: int, new: int, now: datetime) -> None:
    """Let the new index answer, and forget what was due in the one before."""
    await retire(db, workspace, live)
    await db.execute(
        "UPDATE search_index SET state = 'live', live_at = $3 WHERE workspace_id = $1 AND generation = $2",
        workspace,
        new,
        now,
    )


async def retire(db: Db, workspace: WorkspaceId, generation: int) -> None:
    await db.execute(
        "WITH due AS (DELETE FROM search_due WHERE workspace_id = $1 AND generation = $2), "
        "faults AS (DELETE FROM search_fault WHERE workspace_id = $1 AND generation = $2) "
        "UPDATE search_index SET state = 'old', trouble = NULL WHERE workspace_id = $1 AND generation = $2",
        workspace,
        generation,
    )


async def dropped(db: Db, workspace: WorkspaceId, generation: int) -> None:
    await db.execute(
        "UPDATE search_index SET state = 'gone' WHERE workspace_id = $1 AND generation = $2", workspace, generation
    )


# -- what is due -----------------------------------------------------------------------------------------------------


async def ask(db: Db, workspace: WorkspaceId, generation: int, kind: str, ids: Sequence[UUID]) -> None:
    """Have everything of some contacts or tickets compared again, from the start."""
    await db.execute(
        "INSERT INTO search_due AS d (workspace_id, generation, kind, id) SELECT $1, $2, $3, k FROM unnest($4::uuid[]) "
        "AS k ON CONFLICT (workspace_id, generation, kind, id) DO UPDATE SET after_at = '-infinity', "
        "after_position = 0, round = d.round + 1",
        workspace,
        generation,
        kind,
        sorted(set(ids)),
    )


async def ask_for_customers(db: Db, workspace: WorkspaceId, customers: Sequence[UUID]) -> None:
    """The same for all contacts of some customers, in every index."""
    await db.execute(
        "INSERT INTO search_due AS d (workspace_id, generation, kind, id) SELECT $1, x.generation, 'contact', c.id "
        "FROM (SELECT id FROM contact WHERE workspace_id = $1 AND customer_id = ANY($2::uuid[])) AS c CROSS JOIN "
        "(SELECT generation FROM search_index WHERE workspace_id = $1 AND state IN ('building', 'live')) AS x "
        "ORDER BY 2, 4 "
        "ON CONFLICT (workspace_id, generation, kind, id) DO UPDATE SET after_at = '-infinity', after_position = 0, "
        "round = d.round + 1",
        workspace,
        customers,
    )


async def due(db: Db, workspace: WorkspaceId, generation: int, limit: int) -> list[Row]:
    return await db.fetch(
        "SELECT kind, id, CASE WHEN after_at > '-infinity' THEN after_at END AS after_at, after_position, round "
        "FROM search_due WHERE workspace_id = $1 AND generation = $2 ORDER BY kind, id LIMIT $3",
        workspace,
        generation,
        limit,
    )


async def move_due(
    db: Db, workspace: WorkspaceId, generation: int, row: Row, after_at: datetime | None, after_position: int
) -> None:
    """Go on from there, unless it was asked for again meanwhile."""
    await db.execute(
        "UPDATE search_due SET after_at = coalesce($6, after_at), after_position = $7 WHERE workspace_id = $1 "
        "AND generation = $2 AND kind = $3 AND id = $4 AND round = $5",
        workspace,
        generation,
        row["kind"],
        row["id"],
        row["round"],
        after_at,
        after_position,
    )


async def done(db: Db, workspace: WorkspaceId, generation: int, row: Row) -> None:
    await db.execute(
        "DELETE FROM search_due WHERE workspace_id = $1 AND generation = $2 AND kind = $3 AND id = $4 AND round = $5",
        workspace,
        generation,
        row["kind"],
        row["id"],
        row["round"],
    )


# -- faults ----------------------------------------------------------------------------------------------------------


async def set_aside(
    db: Db, workspace: WorkspaceId, generation: int, step: str, faults: Sequence[tuple[str, str]], now: datetime
) -> None:
    """Remember documents that are not in the index, each with words why."""
    await db.execute(
        "INSERT INTO search_fault AS f (workspace_id, generation, document_id, step, words, failed_at) "
        "SELECT $1, $2, k.id, $3, k.words, $6 FROM unnest($4::text[], $5::text[]) AS k(id, words) "
        "ON CONFLICT (workspace_id, generation, document_id) DO UPDATE SET step = excluded.step, "
        "words = excluded.words, failed_at = excluded.failed_at, tries = f.tries + 1",
        workspace,
        generation,
        step,
        [fault[0] for fault in faults],
        [fault[1] for fault in faults],
        now,
    )


async def settle_faults(db: Db, workspace: WorkspaceId, generation: int, documents: Sequence[str]) -> None:
    await db.execute(
        "DELETE FROM search_fault WHERE workspace_id = $1 AND generation = $2 AND document_id = ANY($3::text[])",
        workspace,
        generation,
        documents,
    )


_FAULT: Final = "id, generation, document_id, step, words, tries, failed_at"


async def faults(db: Db, workspace: WorkspaceId, after: UUID | None, limit: int) -> list[Row]:
    return await db.fetch(
        f"SELECT {_FAULT} FROM search_fault WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id > $2) "
        "ORDER BY id LIMIT $3",
        workspace,
        after,
        limit,
    )


async def fault(db: Db, workspace: WorkspaceId, name: UUID) -> Row | None:
    return await db.fetchrow(f"SELECT {_FAULT} FROM search_fault WHERE workspace_id = $1 AND id = $2", workspace, name)


async def count_faults(db: Db, workspace: WorkspaceId) -> dict[int, int]:
    rows = await db.fetch(
        "SELECT generation, count(*) AS faults FROM search_fault WHERE workspace_id = $1 GROUP BY generation", workspace
    )
    return {row["generation"]: row["faults"] for row in rows}


async def count_due(db: Db, workspace: WorkspaceId) -> dict[int, int]:
    rows = await db.fetch(
        "SELECT generation, count(*) AS due FROM search_due WHERE workspace_id = $1 GROUP BY generation", workspace
    )
    return {row["generation"]: row["due"] for row in rows}


async def beat(db: Db) -> None:
    """Keep a connection that waits from being taken for one that was left."""
    await db.fetchval("SELECT 1")
