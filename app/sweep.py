"""Getting what was erased out of PostgreSQL's files as well: old row versions, index entries, statistics, the log.

An erasure changes rows; the bytes before stay in the files until PostgreSQL happens to use their place again. A sweep
writes the small tables anew, which leaves nothing behind, and does what can be done beside traffic with large ones
(docs/erasure.md says what remains, and until when).
"""

import asyncio
import time
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

TABLES: Final = (
    "event",
    "link_decision",
    "link_suggestion",
    "contact",
    "contact_past",
    "identifier",
    "value_class",
    "object_state",
    "object_event",
    "ticket",
    "ticket_past",
    "ticket_conversation",
    "legal_hold",
    "quarantine",
    "inbound_delivery",
    "file_use",
    "file_upload",
    "mail_thread",
    "mail_reference",
    "mail_bounce",
    "outbound_mail",
    "idempotency_key",
    "search_document",
    "search_vector",
    "search_word",
    "search_spoken",
    "search_fault",
)
"""Where people are; the others hold ids, times and numbers."""
SMALL: Final = 256 * 1024 * 1024
"""Bytes of a table with its indexes that are written anew in about a second; larger ones are not held up for it."""
SLOW: Final = {"search_document", "search_vector"}
"""Their indexes take long to make: an eighth of that."""
NEVER_REINDEXED: Final = {"search_vector"}
"""Its indexes hold ids and vectors, and VACUUM overwrites the vectors that went."""
PATIENCE: Final = 20.0
LOCK_WAIT: Final = "2s"


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep came to: in `left`, in words, what it could not do. `early`: search held some of it still, so the
    next sweep is due already."""

    tables: int
    left: list[str]
    early: bool = False


async def sweep(admin_url: str, whole: bool = False) -> Swept:
    """Sweep one database, signed in as its administrator. `whole` writes large tables anew too, however long that
    holds their traffic up."""
    db = await asyncpg.connect(admin_url, command_timeout=None)
    left: list[str] = []
    warned: list[str] = []
    early = False
    db.add_log_listener(lambda _, message: warned.append(str(message)))
    try:
        await db.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
        if not await _sees_all_sessions(db):
            left.append("this role cannot tell whether an old transaction still sees what was erased")
        outlived = await _outlive_readers(db)
        try:
            if early := await _search_falls_behind(db):
                left.append("search has not taken in what was erased: sweep again once the worker and the engine run")
        except asyncpg.InsufficientPrivilegeError:
            left.append("this role cannot tell whether search has taken in what was erased")
        if not (outlived and await _outlive_readers(db)):
            left.append("an old transaction still sees what was erased: end it and sweep again")
        for table in TABLES:
            left.extend(await _sweep_table(db, warned, table, whole))
        left.extend(await _sweep_statistics(db, warned))
        left.extend(await _sweep_log(db))
    finally:
        await db.close()
    return Swept(tables=len(TABLES), left=left, early=early)


async def _sees_all_sessions(db: asyncpg.Connection) -> bool:
    return await db.fetchval("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')") is True


async def _outlive_readers(db: asyncpg.Connection) -> bool:
    """Wait until nobody's snapshot is older than now: what somebody may still see is not removed."""
    now = await db.fetchval("SELECT pg_current_xact_id()::xid::text")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not await db.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE (datname = current_database() OR datname IS NULL) "
            "AND pid <> pg_backend_pid() AND backend_type IN ('client backend', 'walsender') "
            "AND greatest(age(backend_xmin), age(backend_xid)) >= age($1::text::xid)) "
            "OR EXISTS (SELECT FROM pg_prepared_xacts WHERE database = current_database()) "
            "OR EXISTS (SELECT FROM pg_replication_slots WHERE age(xmin) >= age($1::text::xid))",
            now,
        ):
            return True
        await asyncio.sleep(0.1)
    return False


async def _search_falls_behind(db: asyncpg.Connection) -> bool:
    """Wait until every index has taken the erasures in; whether one does not. What it holds is in these files too,
    and so are the words that it learnt."""
    deadline = time.monotonic() + PATIENCE
    waiting = [row["id"] for row in await db.fetch("SELECT id FROM workspace ORDER BY id")]
    while waiting := [workspace for workspace in waiting if await _search_is_behind(db, workspace)]:
        if time.monotonic() > deadline:
            return True
        await asyncio.sleep(0.1)
    return False


async def _search_is_behind(db: asyncpg.Connection, workspace: UUID) -> bool:
    """Whether events up to the last erasure, or documents of who was erased, are still to be looked at."""
    await db.execute("SELECT set_config('tl.workspace', $1::text, false)", str(workspace))
    behind = await db.fetchval(
        "SELECT EXISTS (SELECT FROM search_spoken WHERE workspace_id = $1) "
        "AND (EXISTS (SELECT FROM search_index x JOIN follower_checkpoint f ON f.workspace_id = $1 "
        "AND f.follower = 'search/' || x.generation WHERE x.workspace_id = $1 AND x.state IN ('live', 'building') "
        "AND EXISTS (SELECT FROM event e JOIN (SELECT epoch, xid FROM erasure WHERE workspace_id = $1 "
        "ORDER BY epoch DESC, xid DESC LIMIT 1) AS l ON (e.epoch, e.xid) <= (l.epoch, l.xid) WHERE e.workspace_id = $1 "
        "AND (e.epoch, e.xid, e.position) > (f.epoch, f.xid, f.position))) "
        "OR EXISTS (SELECT FROM search_due d WHERE d.workspace_id = $1 AND d.kind = 'contact' AND d.id IN "
        "(SELECT unnest(contacts) FROM erasure WHERE workspace_id = $1)))",
        workspace,
    )
    return behind is True


async def _sweep_table(db: asyncpg.Connection, warned: list[str], table: str, whole: bool) -> list[str]:
    size = await db.fetchval("SELECT pg_total_relation_size($1::text::regclass)", table)
    if int(size or 0) <= (SMALL // 8 if table in SLOW else SMALL) or whole:
        return await _try(db, warned, f"VACUUM (FULL, ANALYZE) {table}", f"{table} was not written anew")
    left = [f"{table} is large: free space in its pages keeps old bytes until new rows need it (erase --sweep --whole)"]
    left += await _try(db, warned, f"VACUUM (ANALYZE) {table}", f"{table} was not vacuumed")
    if table in NEVER_REINDEXED:
        return left
    return left + await _make_indexes_anew(db, warned, table)


async def _make_indexes_anew(db: asyncpg.Connection, warned: list[str], table: str) -> list[str]:
    """Tried once, and patiently: it holds nobody up, and cut short it leaves indexes that are to be dropped."""
    otherwise = f"the indexes of {table} were not made anew"
    left = await _drop_unfinished(db, warned, table)
    if left:
        return left
    await db.execute(f"SET lock_timeout = '{round(PATIENCE * 1000)}ms'")
    left = await _try(db, warned, f"REINDEX TABLE CONCURRENTLY {table}", otherwise)
    await db.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
    return left + (await _drop_unfinished(db, warned, table) if left else [])


async def _drop_unfinished(db: asyncpg.Connection, warned: list[str], table: str) -> list[str]:
    """Drop what a REINDEX that was cut short left: nothing reads it, and writers write it."""
    rows = await db.fetch(
        "SELECT i.oid::regclass::text AS name FROM pg_class t "
        "JOIN pg_index x ON x.indrelid IN (t.oid, t.reltoastrelid) JOIN pg_class i ON i.oid = x.indexrelid "
        "WHERE t.oid = $1::text::regclass AND NOT x.indisvalid AND i.relname ~ '_cc(new|old)[0-9]*$'",
        table,
    )
    for row in rows:
        left = await _try(db, warned, f"DROP INDEX IF EXISTS {row['name']}", f"unfinished indexes of {table} stay")
        if left:
            return left
    return []


async def _sweep_statistics(db: asyncpg.Connection, warned: list[str]) -> list[str]:
    """Most common values are copies of what columns held. ANALYZE wrote others; here the old rows go."""
    otherwise = "old planner statistics stay until vacuumed"
    return await _try(db, warned, "VACUUM (FULL) pg_catalog.pg_statistic", otherwise)


async def _sweep_log(db: asyncpg.Connection) -> list[str]:
    """Let go of the write-ahead log's segments up to now. A checkpoint keeps some for use again, with what they held:
    the second round writes over them."""
    try:
        for _ in range(2):
            for _ in range(await _kept_segments(db) + 1):
                await db.execute("SELECT pg_logical_emit_message(false, 'throughline', '')")
                await db.execute("SELECT pg_switch_wal()")
            await db.execute("CHECKPOINT")
    except asyncpg.InsufficientPrivilegeError:
        return ["the write-ahead log was not turned over: its segments hold old bytes until PostgreSQL removes them"]
    return []


async def _kept_segments(db: asyncpg.Connection) -> int:
    """How many segments lie ready for use again."""
    ahead = await db.fetchval(
        "SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' "
        "AND name > pg_walfile_name(pg_current_wal_lsn())"
    )
    return int(ahead or 0)


async def _try(db: asyncpg.Connection, warned: list[str], statement: str, otherwise: str) -> list[str]:
    """Again while others hold the lock; then what is left, in words. Who lacks the right is only warned."""
    deadline = time.monotonic() + PATIENCE
    while True:
        warned.clear()
        try:
            await db.execute(statement)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if time.monotonic() > deadline:
                return [f"{otherwise}: others held it"]
            await asyncio.sleep(0.2)
        except asyncpg.InsufficientPrivilegeError:
            return [f"{otherwise}: the role lacks the right"]
        else:
            await asyncio.sleep(0)  # what was warned of comes in the loop's next round
            return [f"{otherwise}: the role lacks the right"] if warned else []
