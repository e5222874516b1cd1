"""Restores on record: from which backup, when, and the epoch that begins with it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0007-restorations"
VERSION = "1.38.0"
DESCRIPTION = "Restores on record."

RESTORATIONS = """
CREATE TABLE restoration (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  epoch integer NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  position bigint NOT NULL DEFAULT nextval('ledger_position'),
  backup_id uuid NOT NULL,
  taken_at timestamptz NOT NULL,
  actor text NOT NULL,
  restored_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE restoration IS 'restores of backups: append-only, written by the owner alone';
COMMENT ON COLUMN restoration.epoch IS 'what was recorded since the restore has this epoch';
COMMENT ON COLUMN restoration.taken_at IS 'when the backup was taken: what came between then and the restore is gone';
CREATE INDEX restoration_followers ON restoration (workspace_id, epoch, xid, position);

CREATE FUNCTION restoration_digest(r restoration) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(jsonb_build_array('restoration', r.position, r.id, r.epoch, r.backup_id,
    extract(epoch FROM r.taken_at), r.actor, extract(epoch FROM r.restored_at))::text, 'UTF8'))
$$
"""


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [RESTORATIONS, wall("restoration", "SELECT")])
