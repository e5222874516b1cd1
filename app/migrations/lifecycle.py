"""A ticket's whole life in columns: what lists filter by, and when time alone changes it next."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted

ID = "0010-lifecycle"
VERSION = "1.38.0"
DESCRIPTION = "Type, queue, who is waited for, snoozing and what is due next."

COLUMNS = """
ALTER TABLE ticket
  ADD COLUMN type text,
  ADD COLUMN queue text,
  ADD COLUMN waiting text,
  ADD COLUMN snoozed_until timestamptz,
  ADD COLUMN resolves_at timestamptz,
  ADD COLUMN next_at timestamptz;
COMMENT ON COLUMN ticket.snoozed_until IS 'lists may leave it out until then; the year 9999: until the customer writes';
COMMENT ON COLUMN ticket.resolves_at IS 'when silence resolves it; closes_at is when silence closes it';
COMMENT ON COLUMN ticket.next_at IS 'the first of closes_at, resolves_at, the reminder and the end of a snooze';
ALTER TABLE ticket NO FORCE ROW LEVEL SECURITY;
UPDATE ticket SET waiting = fold->>'waiting', next_at = closes_at;
ALTER TABLE ticket FORCE ROW LEVEL SECURITY;
CREATE INDEX ticket_next ON ticket (workspace_id, next_at) WHERE next_at IS NOT NULL AND NOT lapsed;
CREATE INDEX ticket_by_queue ON ticket (workspace_id, queue, last_at, id) WHERE queue IS NOT NULL
"""


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [COLUMNS])
