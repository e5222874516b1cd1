"""Search: the words of a workspace's corpus, by which a mistyped word of a question is told and mended."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0024-vocabulary"
VERSION = "1.38.0"
DESCRIPTION = "The words of the corpus."

VOCABULARY = """
CREATE TABLE search_word (
  workspace_id uuid NOT NULL,
  word text NOT NULL,
  documents integer NOT NULL,
  PRIMARY KEY (workspace_id, word)
) WITH (fillfactor = 80);
COMMENT ON TABLE search_word IS 'words that stand in some document, and in how many';

CREATE TABLE search_spoken (
  workspace_id uuid NOT NULL,
  document_id text NOT NULL,
  words text NOT NULL,
  PRIMARY KEY (workspace_id, document_id)
);
COMMENT ON TABLE search_spoken IS 'the words for which a document is counted, so that they go with it'
"""

TABLES = ("search_word", "search_spoken")


async def forwards() -> MigrationManager:
    """Reports need none of it."""
    walls = [wall(table, "SELECT, INSERT, UPDATE, DELETE", reported=False) for table in TABLES]
    return scripted(ID, DESCRIPTION, [VOCABULARY, *walls])
