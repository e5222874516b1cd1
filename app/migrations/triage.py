"""Triage: what was learned from labelled tickets, with the report of how right it is."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0025-triage"
VERSION = "1.38.0"
DESCRIPTION = "Models of triage and their reports."

TRIAGE = """
CREATE TABLE triage_model (
  workspace_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  embedder text NOT NULL,
  report jsonb NOT NULL,
  heads bytea NOT NULL,
  active boolean NOT NULL,
  made_at timestamptz NOT NULL,
  actor text NOT NULL,
  PRIMARY KEY (workspace_id, version)
);
COMMENT ON TABLE triage_model IS 'what was learned from labelled tickets; one at most is in force';
COMMENT ON COLUMN triage_model.embedder IS 'whose vectors it was learned from, and is asked with';
COMMENT ON COLUMN triage_model.report IS 'how right it was on tickets that were held back';
COMMENT ON COLUMN triage_model.heads IS 'weights by aim; empty where they are not kept any more';
CREATE UNIQUE INDEX triage_model_active ON triage_model (workspace_id) WHERE active
"""


async def forwards() -> MigrationManager:
    """Reports read the report in the application."""
    walls = [wall("triage_model", "SELECT, INSERT, UPDATE", reported=False)]
    return scripted(ID, DESCRIPTION, [TRIAGE, *walls])
