"""Search: which indexes a workspace has, what in them waits to be looked at again, and what they do not take."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0023-indexing"
VERSION = "1.38.0"
DESCRIPTION = "Search indexes, their faults and what is due in them."

INDEXING = """
CREATE TABLE search_index (
  workspace_id uuid NOT NULL,
  generation integer NOT NULL CHECK (generation > 0),
  engine text NOT NULL,
  model text,
  dimensions integer NOT NULL,
  state text NOT NULL CHECK (state IN ('building', 'live', 'old', 'gone')),
  swept_to text,
  swept bigint NOT NULL DEFAULT 0,
  missing bigint NOT NULL DEFAULT 0,
  stale bigint NOT NULL DEFAULT 0,
  orphaned bigint NOT NULL DEFAULT 0,
  documents bigint NOT NULL DEFAULT 0,
  timed_until timestamptz NOT NULL,
  checked_at timestamptz,
  trouble text,
  made_at timestamptz NOT NULL,
  live_at timestamptz,
  PRIMARY KEY (workspace_id, generation)
);
COMMENT ON TABLE search_index IS 'the indexes of a workspace: the one that answers, and one that is made beside it';
COMMENT ON COLUMN search_index.model IS 'whose vectors it holds; null: words alone';
COMMENT ON COLUMN search_index.swept_to IS
  'the document up to which all were compared with the ledger; null where all were';
COMMENT ON COLUMN search_index.swept IS 'documents compared by the pass under way, or by the last';
COMMENT ON COLUMN search_index.missing IS 'of those compared, with stale (other) and orphaned (too many)';
COMMENT ON COLUMN search_index.documents IS 'as many as should be in it';
COMMENT ON COLUMN search_index.timed_until IS 'what time alone did to tickets is in it up to here';
COMMENT ON COLUMN search_index.trouble IS 'why it does not get on, in words';
COMMENT ON COLUMN search_index.state IS 'old: it answers no more and is to be dropped; gone: it was';
CREATE UNIQUE INDEX search_index_one ON search_index (workspace_id, engine, state) WHERE state IN ('building', 'live');

CREATE TABLE search_due (
  workspace_id uuid NOT NULL,
  generation integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('contact', 'ticket')),
  id uuid NOT NULL,
  after_at timestamptz NOT NULL DEFAULT '-infinity',
  after_position bigint NOT NULL DEFAULT 0,
  round bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (workspace_id, generation, kind, id)
);
COMMENT ON TABLE search_due IS 'whose documents are to be compared with the ledger again, and how far that is done';
COMMENT ON COLUMN search_due.round IS 'asked again meanwhile, it begins anew';

CREATE TABLE search_fault (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  generation integer NOT NULL,
  document_id text NOT NULL,
  step text NOT NULL CHECK (step IN ('build', 'write', 'embed')),
  words text NOT NULL,
  tries integer NOT NULL DEFAULT 1,
  failed_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, generation, document_id),
  UNIQUE (workspace_id, id)
);
COMMENT ON TABLE search_fault IS 'documents that were set aside: the others are in the index'
"""

TABLES = ("search_index", "search_due", "search_fault")


async def forwards() -> MigrationManager:
    """Reports need none of it."""
    walls = [wall(table, "SELECT, INSERT, UPDATE, DELETE", reported=False) for table in TABLES]
    return scripted(ID, DESCRIPTION, [INDEXING, *walls])
