"""When the promises of a ticket are due, in columns: for lists, and for those who tell of it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted

ID = "0012-sla"
VERSION = "1.38.0"
DESCRIPTION = "When promises are due, and when there is something to tell of them."

COLUMNS = """
ALTER TABLE ticket
  ADD COLUMN sla_due_at timestamptz,
  ADD COLUMN sla_alarm_at timestamptz;
COMMENT ON COLUMN ticket.sla_due_at IS 'the earliest due time of promises that run, broken ones too';
COMMENT ON COLUMN ticket.sla_alarm_at IS 'when a warning or a breach is next to be told; null: never, as it stands';
CREATE INDEX ticket_by_sla ON ticket (workspace_id, sla_due_at, id) WHERE is_open;
CREATE INDEX ticket_alarm ON ticket (workspace_id, sla_alarm_at) WHERE sla_alarm_at IS NOT NULL
"""


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [COLUMNS])
