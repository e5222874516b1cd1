"""A ticket's whole life in columns: what lists filter by, and when time alone changes it next; what of it an erasure
leaves."""

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

TOMBSTONES = """
CREATE OR REPLACE FUNCTION tombstone(e event, keys bytea[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(f.key, CASE
      WHEN f.key = ANY (ARRAY['v', 'ticket', 'ticket_id', 'status', 'priority', 'assignee', 'cause', 'due', 'history',
        'ahead', 'decision', 'kept', 'absorbed', 'undoes', 'restored', 'contacts', 'old_home', 'new_home', 'event',
        'contact', 'erasure', 'items', 'type', 'queue', 'until', 'disposition', 'waiting'])
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
"""As it was, and with the keys that say of a ticket's life nothing of anybody."""


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [COLUMNS, TOMBSTONES])
