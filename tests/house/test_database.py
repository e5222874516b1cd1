"""The database keeps the house's rules, read from its own catalog; each rule is seen to find a planted fault."""

import asyncio
import uuid
from collections.abc import Callable, Iterator

import asyncpg
import pytest

from app.embedded import EmbeddedDatabase

NO_TENANT = {"workspace", "migration"}
"""Tables without a workspace: the workspaces themselves, and what Piccolo keeps about migrations."""
APPEND_ONLY = {"event", "link_decision"}
SEARCHED = {"search_by_meaning", "search_by_name", "search_by_words", "search_counts", "search_newest", "search_sample"}
"""Functions that search across the wall, each for the workspace of its transaction alone."""
DEFINERS = {"analyze_young_tables", "erase"} | SEARCHED
"""Functions that run with their owner's rights."""
SEARCH_TABLES = {"search_document", "search_vector"}
"""What belongs to the role that owns the functions of search, and is walled for everybody else."""
ROLES = {  # may it log in, is it a superuser, does it pass row security, may it make roles or databases
    "throughline_owner": (False, False, False, False),
    "throughline_app": (True, False, False, False),
    "throughline_reports": (True, False, False, False),
    "throughline_search": (False, False, False, False),
}

_SEARCH = ", ".join(f"'{name}'" for name in sorted(SEARCH_TABLES))
_TABLE = "c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"


def keys_without_workspace() -> str:
    """Primary keys, unique constraints and b-tree indexes begin with `workspace_id`; every table has a primary key."""
    return f"""
        SELECT c.relname || ': no primary key' AS fault, c.relname AS on_table FROM pg_class c
        WHERE {_TABLE} AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
        UNION ALL
        SELECT c.relname || ': ' || i.indexrelid::regclass, c.relname FROM pg_class c
        JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree'
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE {_TABLE} AND a.attname IS DISTINCT FROM 'workspace_id'"""


def walls_missing() -> str:
    """Row security is enabled, and forced but for the tables of search, by one policy for everybody on
    `tl.workspace`, for reading and writing."""
    return f"""
        SELECT c.relname || ': no forced row security' AS fault, c.relname AS on_table FROM pg_class c
        WHERE {_TABLE} AND NOT (c.relrowsecurity AND (c.relforcerowsecurity OR c.relname IN ({_SEARCH})))
        UNION ALL
        SELECT c.relname || ': not the one policy', c.relname FROM pg_class c
        WHERE {_TABLE} AND (SELECT array_agg(pg_get_expr(p.polqual, p.polrelid) || coalesce(' check ' ||
          pg_get_expr(p.polwithcheck, p.polrelid), '') || p.polcmd::text || p.polroles::text || p.polpermissive)
          FROM pg_policy p WHERE p.polrelid = c.oid) IS DISTINCT FROM ARRAY['(workspace_id = (NULLIF('
          'current_setting(''tl.workspace''::text, true), ''''::text))::uuid)*{{0}}true']"""


def privileges_too_many() -> str:
    """The application reads and adds; no TRUNCATE, REFERENCES, TRIGGER or MAINTAIN; reports read."""
    return f"""
        SELECT c.relname || ': ' || g.grantee::regrole || ' ' || g.privilege_type AS fault, c.relname AS on_table
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS g
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND g.grantee <> c.relowner
        AND NOT (g.grantee = 'throughline_app'::regrole AND g.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
          AND NOT (c.relname IN ({", ".join(f"'{name}'" for name in sorted(APPEND_ONLY))})
            AND g.privilege_type IN ('UPDATE', 'DELETE')))
        AND NOT (g.grantee = 'throughline_reports'::regrole AND g.privilege_type = 'SELECT')"""


def owned_by_others() -> str:
    """Everything of ours belongs to the owner, who cannot log in; what is searched to search, who cannot either."""
    return f"""
        SELECT c.relname || ' belongs to ' || c.relowner::regrole AS fault, c.relname AS on_table FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND c.relname NOT LIKE 'migration%' AND c.relowner <> CASE WHEN c.relname IN ({_SEARCH})
          THEN 'throughline_search'::regrole ELSE 'throughline_owner'::regrole END"""


def definers_unlisted() -> str:
    """Every function with its owner's rights is on the list, and has a fixed `search_path`."""
    return f"""
        SELECT p.oid::regprocedure::text AS fault, p.proname AS on_table FROM pg_proc p
        WHERE p.prosecdef AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        AND NOT (p.proname = ANY (ARRAY[{", ".join(f"'{name}'" for name in sorted(DEFINERS))}]::text[])
          AND EXISTS (SELECT FROM unnest(p.proconfig) AS set WHERE set LIKE 'search_path=%'))"""


def searches_without_workspace() -> str:
    """Every function that belongs to search is listed, asks for `tl.workspace` in each of its statements, and may be
    called by the application alone."""
    return f"""
        SELECT p.oid::regprocedure::text AS fault, p.proname AS on_table FROM pg_proc p
        WHERE p.proowner = 'throughline_search'::regrole AND (p.proname <> ALL (
          ARRAY[{", ".join(f"'{name}'" for name in sorted(SEARCHED))}]::text[])
        OR p.prosrc !~ 'ws uuid := nullif\\(current_setting\\(.tl.workspace., true\\), ..\\)::uuid'
        OR p.prosrc ~* 'execute'
        OR regexp_count(p.prosrc, '(FROM|JOIN) search_\\w+') > regexp_count(p.prosrc, '\\mworkspace_id = ws\\M')
        OR p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) AS g
          WHERE g.grantee NOT IN (p.proowner, 'throughline_app'::regrole)))"""


RULES: tuple[Callable[[], str], ...] = (
    keys_without_workspace,
    walls_missing,
    privileges_too_many,
    owned_by_others,
    definers_unlisted,
    searches_without_workspace,
)

GOOD = "CREATE TABLE bad (workspace_id uuid NOT NULL, id uuid NOT NULL, other uuid, PRIMARY KEY (workspace_id, id));"
WALL = (
    "ALTER TABLE bad ENABLE ROW LEVEL SECURITY; ALTER TABLE bad FORCE ROW LEVEL SECURITY; CREATE POLICY w ON bad "
    "USING (workspace_id = nullif(current_setting('tl.workspace', true), '')::uuid);"
    "ALTER TABLE bad OWNER TO throughline_owner; GRANT SELECT, INSERT ON bad TO throughline_app;"
)
ASKS = "DECLARE ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid;"
LOOKS = (
    "DROP FUNCTION search_sample; CREATE FUNCTION {name}() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER "
    "SET search_path = pg_catalog, public AS $$ {asks} BEGIN RETURN (SELECT count(*) FROM search_document d{where}); "
    "END $$; ALTER FUNCTION {name}() OWNER TO throughline_search; REVOKE ALL ON FUNCTION {name}() FROM PUBLIC"
)
FAULTS = [
    (keys_without_workspace, "CREATE TABLE bad (workspace_id uuid, id uuid)"),
    (keys_without_workspace, "CREATE TABLE bad (workspace_id uuid, id uuid, PRIMARY KEY (id, workspace_id))"),
    (keys_without_workspace, f"{GOOD} ALTER TABLE bad ADD UNIQUE (other)"),
    (keys_without_workspace, f"{GOOD} CREATE INDEX ON bad (other, workspace_id)"),
    (keys_without_workspace, f"{GOOD} CREATE INDEX ON bad ((workspace_id::text))"),
    (walls_missing, GOOD),
    (walls_missing, f"{GOOD} {WALL} ALTER TABLE bad NO FORCE ROW LEVEL SECURITY"),
    (walls_missing, f"{GOOD} {WALL} DROP POLICY w ON bad"),
    (walls_missing, f"{GOOD} {WALL} CREATE POLICY more ON bad USING (true)"),
    (walls_missing, f"{GOOD} {WALL} ALTER POLICY w ON bad WITH CHECK (true)"),
    (walls_missing, f"{GOOD} {WALL} ALTER POLICY w ON bad TO throughline_app"),
    (privileges_too_many, f"{GOOD} {WALL} GRANT TRUNCATE ON bad TO throughline_app"),
    (privileges_too_many, f"{GOOD} {WALL} GRANT REFERENCES ON bad TO throughline_app"),
    (privileges_too_many, f"{GOOD} {WALL} GRANT INSERT ON bad TO throughline_reports"),
    (privileges_too_many, f"{GOOD} {WALL} GRANT SELECT ON bad TO PUBLIC"),
    (privileges_too_many, "GRANT UPDATE ON event TO throughline_app"),
    (privileges_too_many, "GRANT DELETE ON link_decision TO throughline_app"),
    (owned_by_others, GOOD),
    (owned_by_others, f"{GOOD} {WALL} ALTER TABLE bad OWNER TO throughline_app"),
    (definers_unlisted, "ALTER FUNCTION analyze_young_tables() RESET search_path"),
    (definers_unlisted, "CREATE FUNCTION bad() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"),
    (walls_missing, "ALTER TABLE search_vector DISABLE ROW LEVEL SECURITY"),
    (owned_by_others, "ALTER TABLE search_vector OWNER TO throughline_owner"),
    (owned_by_others, f"{GOOD} ALTER TABLE bad OWNER TO throughline_search"),
    (searches_without_workspace, "GRANT EXECUTE ON FUNCTION search_sample TO PUBLIC"),
    (searches_without_workspace, LOOKS.format(name="bad", asks=ASKS, where=" WHERE d.workspace_id = ws")),
    (searches_without_workspace, LOOKS.format(name="search_sample", asks="", where="")),
    (searches_without_workspace, LOOKS.format(name="search_sample", asks=ASKS, where="")),
]


@pytest.fixture(scope="module")
def catalog(postgres: EmbeddedDatabase, template: str) -> Iterator[str]:
    """The address of one migrated database for all: what is planted is rolled back."""
    name = f"t_{uuid.uuid4().hex}"
    asyncio.run(say(postgres.database_url(), f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield postgres.database_url(database=name)
    asyncio.run(say(postgres.database_url(), f"DROP DATABASE {name} WITH (FORCE)"))


async def say(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def faults(catalog: str, rule: Callable[[], str], planted: str = "") -> list[str]:
    """What the rule finds, with something planted in a transaction that is taken back."""

    async def found() -> list[str]:
        admin = await asyncpg.connect(catalog)
        try:
            await admin.execute("BEGIN")
            if planted:
                await admin.execute(planted)
            rows = await admin.fetch(rule())
        finally:
            await admin.close()
        return [row["fault"] for row in rows if row["on_table"] not in NO_TENANT or rule not in RULES[:2]]

    return asyncio.run(found())


def told(catalog: str, statement: str) -> list[asyncpg.Record]:
    async def fetched() -> list[asyncpg.Record]:
        admin = await asyncpg.connect(catalog)
        try:
            return await admin.fetch(statement)
        finally:
            await admin.close()

    return asyncio.run(fetched())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_database_keeps(catalog: str, rule: Callable[[], str]):
    assert faults(catalog, rule) == []


@pytest.mark.parametrize(("rule", "planted"), FAULTS)
def test_a_planted_fault_is_found(catalog: str, rule: Callable[[], str], planted: str):
    assert faults(catalog, rule, planted)


def test_a_good_table_is_no_fault(catalog: str):
    assert [fault for rule in RULES for fault in faults(catalog, rule, GOOD + WALL)] == []


def test_a_search_that_asks_for_its_workspace_is_no_fault(catalog: str):
    planted = LOOKS.format(name="search_sample", asks=ASKS, where=" WHERE d.workspace_id = ws")
    assert faults(catalog, searches_without_workspace, planted) == []


def test_every_rule_was_seen_to_fail():
    assert {rule for rule, _ in FAULTS} == set(RULES)


def test_the_ledger_can_be_read_and_added_to_and_nothing_else(catalog: str):
    rows = told(
        catalog,
        "SELECT c.relname, array_agg(g.privilege_type::text ORDER BY 1) AS may FROM pg_class c "
        "CROSS JOIN LATERAL aclexplode(c.relacl) AS g WHERE c.relname IN ('event', 'link_decision') "
        "AND g.grantee = 'throughline_app'::regrole GROUP BY 1",
    )
    assert {row["relname"]: sorted(row["may"]) for row in rows} == {
        table: ["INSERT", "SELECT"] for table in APPEND_ONLY
    }


def test_the_roles_may_what_they_are_for(catalog: str):
    rows = told(
        catalog,
        "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole OR rolcreatedb OR rolreplication AS makes "
        "FROM pg_roles WHERE rolname LIKE 'throughline%'",
    )
    assert {row["rolname"]: tuple(row)[1:] for row in rows} == ROLES


def test_the_application_is_no_member_of_another_role(catalog: str):
    rows = told(
        catalog,
        "SELECT roleid::regrole::text AS of FROM pg_auth_members WHERE member IN ('throughline_app'::regrole, "
        "'throughline_reports'::regrole)",
    )
    assert rows == []


def test_the_application_cannot_change_the_schema(catalog: str):
    (row,) = told(
        catalog,
        "SELECT has_schema_privilege('throughline_app', 'public', 'CREATE') AS app, "
        "has_schema_privilege('throughline_reports', 'public', 'CREATE') AS reports, "
        "has_sequence_privilege('throughline_app', 'ledger_position', 'UPDATE') AS sets_positions",
    )
    assert tuple(row) == (False, False, False)
