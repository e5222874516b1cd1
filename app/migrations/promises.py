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

TOMBSTONES = """
CREATE OR REPLACE FUNCTION tombstone(e event, keys bytea[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(f.key, CASE
      WHEN f.key = ANY (ARRAY['v', 'ticket', 'ticket_id', 'status', 'priority', 'assignee', 'cause', 'due', 'history',
        'ahead', 'decision', 'kept', 'absorbed', 'undoes', 'restored', 'contacts', 'old_home', 'new_home', 'event',
        'contact', 'erasure', 'items', 'type', 'queue', 'until', 'disposition', 'waiting',
        'target', 'started_by', 'policy'])
        AND says_nothing(f.value) THEN f.value
      WHEN f.key = 'object' AND f.value ? 'id' THEN jsonb_build_object('type', f.value -> 'type', 'id',
        pseudonym(keys, e.workspace_id, 'object', (f.value ->> 'type') || chr(10) || (f.value ->> 'id')), 'version',
        CASE jsonb_typeof(f.value -> 'version') WHEN 'number' THEN f.value -> 'version' ELSE '0' END)
      WHEN f.key = 'subject' AND e.type LIKE '%Recorded' THEN coalesce(to_jsonb(
        pseudonym(keys, e.workspace_id, 'matter', nullif(matter_of(f.value #>> '{}'), ''))), 'null')
      WHEN jsonb_typeof(f.value) IN ('null', 'number', 'boolean') THEN f.value
      WHEN jsonb_typeof(f.value) = 'string' THEN '""'
      WHEN jsonb_typeof(f.value) = 'array' THEN '[]'
      ELSE '{}' END), '{}') || '{"erased": true}'
  FROM jsonb_each(e.data) AS f
  WHERE NOT (e.type LIKE '%Recorded' AND f.key IN ('body', 'data', 'contact'))
$$
"""
"""As it was, and with the keys that say of a ticket's life and promises nothing of anybody."""


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [COLUMNS, TOMBSTONES])
