"""The audit trail: seals over the ledger, and the columns by which decisions can be followed like events."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted

ID = "0002-audit"
VERSION = "1.38.0"
DESCRIPTION = "Seals over events and decisions."

AUDIT = """
CREATE FUNCTION current_epoch() RETURNS integer LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT epoch FROM workspace WHERE id = nullif(current_setting('tl.workspace', true), '')::uuid
$$;
COMMENT ON FUNCTION current_epoch() IS 'the epoch of the workspace that the transaction works for';

ALTER TABLE link_decision ADD COLUMN epoch integer NOT NULL DEFAULT coalesce(current_epoch(), 1);
ALTER TABLE link_decision ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX link_decision_followers ON link_decision (workspace_id, epoch, xid, position);

CREATE TABLE audit_seal (
  workspace_id uuid NOT NULL,
  number bigint NOT NULL CHECK (number > 0),
  epoch integer NOT NULL,
  xid xid8 NOT NULL,
  position bigint NOT NULL,
  records integer NOT NULL CHECK (records > 0),
  digest bytea NOT NULL CHECK (length(digest) = 32),
  sealed_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, number)
);
COMMENT ON TABLE audit_seal IS 'a chain of SHA-256 over every event and decision in ledger order: append-only';
COMMENT ON COLUMN audit_seal.position IS 'with epoch and xid: the last record that this seal covers';
ALTER TABLE audit_seal ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_seal FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_seal ALTER COLUMN workspace_id SET (n_distinct = 1);
CREATE POLICY workspace_wall ON audit_seal
  USING (workspace_id = nullif(current_setting('tl.workspace', true), '')::uuid);
GRANT SELECT, INSERT ON audit_seal TO throughline_app;
GRANT SELECT ON audit_seal TO throughline_reports
"""


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [AUDIT])
