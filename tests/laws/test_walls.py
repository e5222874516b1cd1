"""Law 7 at the store: the application's role, inside one workspace, sees and changes nothing of another, in any table;
outside of any it sees nothing at all."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.laws.world import Place, World
from timeline import desk, placing
from timeline.interactions import ObjectState

TABLES = (
    "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped "
    "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1"
)


async def filled(world: World) -> Place:
    """A workspace with something in every table that the core writes."""
    place = await world.open_workspace()
    a = await place.push("a", "email:a@example.com", object=ObjectState(type="order", id="1"), name="Ann Lee")
    b = await place.push("b", "phone:+4930123987", name="Bob Roy")
    await place.decide(placing.place, a.customer_id, a.event_id, contact=b.contact_id)
    merged = await place.decide(desk.merge, a.customer_id, b.customer_id)
    await place.decide(desk.unmerge, a.customer_id, merged.decision_id)
    await place.push("b", "email:a@example.com")
    await place.push("c", "phone:+4930123987", name="Carla Diaz")
    return place


async def all_tables(admin: asyncpg.Connection) -> list[str]:
    return [row["name"] for row in await admin.fetch(TABLES)]


async def fill_all(world: World, *places: Place) -> list[str]:
    """A row of each place in every table; returns the tables."""
    admin = await asyncpg.connect(world.admin_dsn)
    try:
        for place in places:
            await fill_the_rest(admin, place.id)
        return await all_tables(admin)
    finally:  # left open, it fails whatever test runs when it is collected
        await admin.close()


async def fill_the_rest(admin: asyncpg.Connection, workspace: UUID) -> None:
    """A row in the tables that the core does not write, made from their columns."""
    for table in await all_tables(admin):
        if await admin.fetchval(f"SELECT EXISTS (SELECT FROM {table} WHERE workspace_id = $1)", workspace):
            continue
        columns = await admin.fetch(
            "SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, "
            "(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = a.attrelid "
            "AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum] "
            "AND pg_get_constraintdef(k.oid) LIKE '%ARRAY%' LIMIT 1) AS allowed, "
            "(SELECT substring(pg_get_constraintdef(k.oid) FROM 'length.* = ([0-9]+)') FROM pg_constraint k "
            "WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum] "
            "AND pg_get_constraintdef(k.oid) LIKE '%length(%' LIMIT 1) AS length "
            "FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped "
            "AND a.attnotnull AND a.attname <> 'workspace_id'",
            table,
        )
        names = ", ".join(["workspace_id", *(column["name"] for column in columns)])
        values = ", ".join(["$1", *(made_up(column) for column in columns)])
        await admin.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", workspace)


def made_up(column: Any) -> str:
    if column["allowed"]:
        return "'" + column["allowed"].split("'")[1] + "'"
    if column["length"]:
        return f"substr(sha256('x'), 1, {column['length']})"
    return {
        "uuid": "gen_random_uuid()",
        "text": "'x'",
        "bytea": "sha256('x')",
        "integer": "1",
        "bigint": "1",
        "smallint": "1",
        "numeric": "1",
        "real": "1",
        "tsvector": "''",
        "halfvec": "'[1]'",
        "double precision": "1",
        "xid8": "'1'",
        "jsonb": "'{}'",
        "boolean": "false",
        "text[]": "'{}'",
        "bytea[]": "'{}'",
        "uuid[]": "'{}'",
        "timestamp with time zone": "now()",
    }[column["type"]]


@pytest.fixture(scope="module")
def two(world: World) -> tuple[Place, Place, list[str]]:
    async def made() -> tuple[Place, Place, list[str]]:
        mine, theirs = await filled(world), await filled(world)
        return mine, theirs, await fill_all(world, mine, theirs)

    return world.run(made())


def test_every_table_is_behind_the_wall(world: World, two: tuple[Place, Place, list[str]]):
    mine, theirs, tables = two
    assert {"event", "contact", "link_decision", "api_key", "quarantine"} <= set(tables)

    async def told() -> None:
        for table in tables:
            rows = await mine.fetch(f"SELECT DISTINCT workspace_id FROM {table}")
            assert [row["workspace_id"] for row in rows] == [mine.id], table
            assert await mine.fetch(f"SELECT 1 FROM {table} WHERE workspace_id = $1", theirs.id) == [], table

    world.run(told())


def test_without_a_workspace_nothing_is_there(world: World, two: tuple[Place, Place, list[str]]):
    async def told() -> None:
        for setting in (None, ""):
            async with world.edge.connection() as db:
                if setting is not None:
                    await db.execute("SELECT set_config('tl.workspace', $1, false)", setting)
                for table in two[2]:
                    assert await db.fetch(f"SELECT 1 FROM {table}") == [], table

    world.run(told())


def test_nothing_of_another_workspace_can_be_written(world: World, two: tuple[Place, Place, list[str]]):
    """An update or a deletion meets no row, or is no right of the application's; an insertion is refused."""
    mine, theirs, tables = two

    async def attempted(statement: str, *values: Any) -> str:
        try:
            return await mine.write(lambda db: db.execute(statement, *values))
        except asyncpg.InsufficientPrivilegeError:
            return "refused"

    async def told() -> None:
        for table in tables:
            changed = await attempted(
                f"UPDATE {table} SET workspace_id = $2 WHERE workspace_id = $1", theirs.id, mine.id
            )
            given = await attempted(f"UPDATE {table} SET workspace_id = $2 WHERE workspace_id = $1", mine.id, theirs.id)
            deleted = await attempted(f"DELETE FROM {table} WHERE workspace_id = $1", theirs.id)
            row = await mine.fetch(f"SELECT * FROM {table} LIMIT 1")
            columns = ", ".join(name for name in row[0].keys() if name != "workspace_id")  # noqa: SIM118 - a Record
            copied = await attempted(
                f"INSERT INTO {table} (workspace_id, {columns}) SELECT $1, {columns} FROM {table} LIMIT 1", theirs.id
            )
            assert (changed, given, deleted, copied) in (
                ("UPDATE 0", "refused", "DELETE 0", "refused"),
                ("UPDATE 0", "refused", "refused", "refused"),
                ("refused", "refused", "DELETE 0", "refused"),
                ("refused", "refused", "refused", "refused"),
            ), table

    world.run(told())
