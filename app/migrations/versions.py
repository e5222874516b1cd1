"""What no version of a ticket may fall below: kept beside the tickets, which are folded again from nothing."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0021-versions"
VERSION = "1.38.0"
DESCRIPTION = "Versions of tickets whose past was folded again."

VERSIONS = """
CREATE TABLE ticket_version (
  workspace_id uuid NOT NULL,
  ticket_id uuid NOT NULL,
  base integer NOT NULL CHECK (base > 0),
  PRIMARY KEY (workspace_id, ticket_id)
);
COMMENT ON TABLE ticket_version IS
  'what is added to the version of a ticket that an undoing took steps back, so that no version is shown of two states'
"""

RIGHTS = "SELECT, INSERT, UPDATE"


async def forwards() -> MigrationManager:
    """Reports have no use for it."""
    return scripted(ID, DESCRIPTION, [VERSIONS, wall("ticket_version", RIGHTS, reported=False)])
