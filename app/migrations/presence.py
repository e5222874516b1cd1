"""Presence: who has which customer before them just now. It is nothing to keep: a crash may forget it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0027-presence"
VERSION = "1.38.0"
DESCRIPTION = "Who looks at a customer, and who replies."

PRESENCE = """
CREATE UNLOGGED TABLE presence (
  workspace_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  ticket integer,
  replying boolean NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, customer_id, agent_id)
) WITH (fillfactor = 60);
COMMENT ON TABLE presence IS 'who has a customer before them: it ends by itself, and a crash forgets it';
COMMENT ON COLUMN presence.ticket IS 'the number of the ticket that is open beside the thread'
"""


async def forwards() -> MigrationManager:
    """Reports have no use for it."""
    walls = [wall("presence", "SELECT, INSERT, UPDATE, DELETE", reported=False)]
    return scripted(ID, DESCRIPTION, [PRESENCE, *walls])
