"""Files: what is stored, which part of which event it is, and what was uploaded for replies that are not sent yet."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0018-files"
VERSION = "1.38.0"
DESCRIPTION = "Stored files, their uses and uploads."

FILES = """
CREATE TABLE stored_file (
  workspace_id uuid NOT NULL,
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  size bigint NOT NULL CHECK (size >= 0),
  look_at timestamptz,
  going boolean NOT NULL DEFAULT false,
  PRIMARY KEY (workspace_id, sha256)
);
COMMENT ON TABLE stored_file IS 'bytes that are in the file store or about to be: the row comes first and goes last';
COMMENT ON COLUMN stored_file.look_at IS
  'when to look whether anything needs it; null: something did when it was looked at last';
COMMENT ON COLUMN stored_file.going IS 'its bytes are being deleted, or are already: nothing may begin to point to it';
CREATE INDEX stored_file_looks ON stored_file (workspace_id, look_at) WHERE look_at IS NOT NULL;

CREATE TABLE file_use (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  event_id uuid NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal >= 0),
  part text NOT NULL CHECK (part IN ('attachment', 'inline', 'html')),
  name text NOT NULL,
  type text NOT NULL,
  size bigint NOT NULL,
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  content_id text,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, event_id, ordinal)
);
COMMENT ON TABLE file_use IS 'a stored file as a part of an event: what people open';
CREATE INDEX file_use_of_content ON file_use (workspace_id, sha256);

CREATE TABLE file_upload (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  type text NOT NULL,
  size bigint NOT NULL,
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  made_at timestamptz NOT NULL,
  made_by text NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE file_upload IS 'a file that waits for its reply; used, it becomes a file_use of the same id';
CREATE INDEX file_upload_of_content ON file_upload (workspace_id, sha256);
CREATE INDEX file_upload_old ON file_upload (workspace_id, made_at)
"""

RIGHTS = {
    "stored_file": "SELECT, INSERT, UPDATE, DELETE",
    "file_use": "SELECT, INSERT, DELETE",
    "file_upload": "SELECT, INSERT, DELETE",
}


async def forwards() -> MigrationManager:
    """Reports see no names of files."""
    walls = [wall(table, rights, reported=False) for table, rights in RIGHTS.items()]
    return scripted(ID, DESCRIPTION, [FILES, *walls])
