"""What is found: documents with their words and facts, their vectors, and the functions that search them.

`@@`, `%` and distances are not leakproof, so row security keeps them off their indexes. Both tables therefore belong to
`throughline_search`, which cannot log in and is not held by their wall; everybody else is. Its functions are the only
ones that read through it, and each asks for `tl.workspace` by itself.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.search_functions import FUNCTIONS
from app.migrations.statements import run_script

ID = "0022-search"
VERSION = "1.38.0"
DESCRIPTION = "Search: documents, vectors, functions."

EXTENSIONS = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
GRANT throughline_search TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO throughline_search;
SET LOCAL ROLE throughline_search
"""

TABLES = """
CREATE TABLE search_document (
  workspace_id uuid NOT NULL,
  generation integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  contact_id uuid NOT NULL,
  at timestamptz NOT NULL,
  facts tsvector NOT NULL,
  words tsvector NOT NULL,
  people text NOT NULL DEFAULT '',
  content text NOT NULL,
  digest text NOT NULL,
  PRIMARY KEY (workspace_id, generation, id)
) WITH (fillfactor = 85);
COMMENT ON TABLE search_document IS 'one for each item, case and contact that can be found; made again by reindex';
COMMENT ON COLUMN search_document.generation IS 'of the index: one is live, another may be made beside it';
COMMENT ON COLUMN search_document.facts IS
  'what is filtered by and counted, each a letter and its value; in no index, so that a change of them touches none';
COMMENT ON COLUMN search_document.words IS
  'every word as it is and by its stem, ids, people and tickets; each behind a mark of the workspace and generation';
COMMENT ON COLUMN search_document.people IS 'of a contact: its names and addresses, for those with a typo';
COMMENT ON COLUMN search_document.content IS
  'a digest of the other columns and of what is embedded, as they were written';
CREATE INDEX search_document_newest ON search_document (workspace_id, generation, at, id);
CREATE INDEX search_document_by_contact ON search_document (workspace_id, generation, contact_id, at);
CREATE INDEX search_document_words ON search_document USING gin (words) WITH (fastupdate = off);
CREATE INDEX search_document_people ON search_document USING gin (people gin_trgm_ops) WITH (fastupdate = off)
  WHERE kind = 'contact';

CREATE TABLE search_vector (
  workspace_id uuid NOT NULL,
  generation integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL,
  digest text NOT NULL,
  meaning text,
  dimensions smallint NOT NULL DEFAULT 0,
  vector halfvec,
  PRIMARY KEY (workspace_id, generation, id)
);
COMMENT ON TABLE search_vector IS 'what each document means, of length one; those without one wait for it';
COMMENT ON COLUMN search_vector.meaning IS 'the text, until it is embedded';
COMMENT ON COLUMN search_vector.digest IS 'of the meaning: a vector stands while it is the same';
CREATE INDEX search_vector_waiting ON search_vector (workspace_id, generation, at, id) WHERE vector IS NULL;
CREATE INDEX search_vector_384 ON search_vector USING hnsw ((vector::halfvec(384)) halfvec_ip_ops)
  WHERE dimensions = 384;
CREATE INDEX search_vector_768 ON search_vector USING hnsw ((vector::halfvec(768)) halfvec_ip_ops)
  WHERE dimensions = 768;
COMMENT ON INDEX search_vector_384 IS 'vectors of other lengths are searched one by one'
"""

WALLS = [
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {table} ALTER COLUMN workspace_id SET (n_distinct = 1);
    CREATE POLICY workspace_wall ON {table}
      USING (workspace_id = nullif(current_setting('tl.workspace', true), '')::uuid);
    GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO throughline_app"""
    for table in ("search_document", "search_vector")
]

DONE = "RESET ROLE; REVOKE CREATE ON SCHEMA public FROM throughline_search"


async def forwards() -> MigrationManager:
    """As the role that owns search; extensions as whoever migrates."""
    manager = MigrationManager(migration_id=ID, app_name="app", description=DESCRIPTION)

    async def run() -> None:
        for script in (EXTENSIONS, TABLES, *WALLS, *FUNCTIONS, DONE):
            await run_script(script)

    manager.add_raw(run)
    return manager
