"""The desk's own configuration, in versions beside those of the ticket policy."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted

ID = "0009-desk"
VERSION = "1.38.0"
DESCRIPTION = "What a desk sets up, in versions."

PARTS = """
ALTER TABLE ticket_policy ADD COLUMN part text NOT NULL DEFAULT 'policy' CHECK (part IN ('policy', 'desk'));
COMMENT ON COLUMN ticket_policy.part IS
  'policy: `policy` is a ticket policy; desk: what is set up beside it. Versions of both are numbered together'
"""


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [PARTS])
