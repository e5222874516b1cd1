"""Objects with a history: every event that names one, their newest states by where items stand, and their types."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0004-objects"
VERSION = "1.38.0"
DESCRIPTION = "The history of objects, and object types."

OBJECTS = """
CREATE TABLE object_event (
  workspace_id uuid NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  contact_id uuid NOT NULL,
  kind text NOT NULL,
  has_state boolean NOT NULL,
  version_number numeric NOT NULL,
  version_text text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  shown_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, event_id)
);
COMMENT ON TABLE object_event IS 'projection: every event that names an object, on the contact where it came in';
COMMENT ON COLUMN object_event.version_number IS
  'states are compared by version; an event that names an object without a state by the microsecond it is shown at';
CREATE INDEX object_event_by_object ON object_event (workspace_id, type, id, position);
CREATE INDEX object_event_by_contact ON object_event (workspace_id, contact_id, position);

ALTER TABLE object_state ADD COLUMN has_state boolean NOT NULL DEFAULT true;
ALTER TABLE object_state ADD COLUMN position bigint NOT NULL DEFAULT 0;
ALTER TABLE object_state ADD COLUMN events bigint NOT NULL DEFAULT 0;
ALTER TABLE object_state ADD COLUMN orders bigint NOT NULL DEFAULT 0;
ALTER TABLE object_state ALTER COLUMN has_state DROP DEFAULT, ALTER COLUMN position DROP DEFAULT,
  ALTER COLUMN events DROP DEFAULT, ALTER COLUMN orders DROP DEFAULT;
COMMENT ON TABLE object_state IS
  'projection: the newest state of each object on each contact, by version and by where items stand';
COMMENT ON COLUMN object_state.has_state IS 'false: a stub, which events have named and no state has reached';
COMMENT ON COLUMN object_state.orders IS 'how many of its events are of kind order';
CREATE INDEX object_state_by_object ON object_state (workspace_id, type, id);
COMMENT ON COLUMN contact_count.orders IS 'events of kind order that name no object: the others count by object_state';
GRANT DELETE ON object_state TO throughline_app;

CREATE TABLE object_type (
  workspace_id uuid NOT NULL,
  type text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  position bigint NOT NULL DEFAULT nextval('ledger_position'),
  schema jsonb,
  title text,
  states jsonb,
  actor text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, type, version)
);
COMMENT ON TABLE object_type IS 'append-only: the highest version of a type is in force';
COMMENT ON COLUMN object_type.position IS 'the greatest one says whether what a process remembers is still true';
CREATE INDEX object_type_changes ON object_type (workspace_id, position)
"""

FILL = r"""
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM workspace LOOP
    PERFORM set_config('tl.workspace', one::text, true);

    INSERT INTO object_event (workspace_id, event_id, type, id, contact_id, kind, has_state, version_number,
      version_text, position, shown_at, recorded_at)
    SELECT one, e.id, o.object->>'type', o.object->>'id', e.contact_id, lower(replace(e.type, 'Recorded', '')),
      s.has_state,
      CASE WHEN NOT s.has_state THEN floor(extract(epoch FROM e.shown_at) * 1000000)
        WHEN o.version ~ '^[0-9]+$' OR jsonb_typeof(o.object->'version') = 'number' THEN o.version::numeric
        ELSE 0 END,
      CASE WHEN s.has_state AND jsonb_typeof(o.object->'version') = 'string' AND o.version !~ '^[0-9]+$'
        THEN o.version ELSE '' END,
      e.position, e.shown_at, e.recorded_at
    FROM event e
    CROSS JOIN LATERAL (SELECT e.data->'object' AS object, coalesce(e.data->'object'->>'version', '0') AS version) AS o
    CROSS JOIN LATERAL (SELECT coalesce(jsonb_typeof(o.object->'state'), 'null') <> 'null' AS has_state) AS s
    WHERE e.workspace_id = one AND jsonb_typeof(o.object) = 'object';

    DELETE FROM object_state WHERE workspace_id = one;
    INSERT INTO object_state (workspace_id, contact_id, type, id, has_state, version_number, version_text, version,
      state, kind, event_id, shown_at, position, events, orders)
    SELECT one, n.contact_id, n.type, n.id, n.has_state, n.version_number, n.version_text,
      CASE WHEN n.has_state THEN coalesce(e.data->'object'->'version', '0') ELSE 'null' END,
      CASE WHEN n.has_state THEN e.data->'object'->'state' ELSE 'null' END,
      n.kind, n.event_id, n.shown_at, n.position, n.events, n.orders
    FROM (SELECT DISTINCT ON (s.contact_id, m.type, m.id) s.contact_id, m.type, m.id, m.has_state, m.version_number,
        m.version_text, m.kind, m.event_id, m.shown_at, m.position, count(*) OVER every AS events,
        count(*) FILTER (WHERE m.kind = 'order') OVER every AS orders
      FROM object_event m
      LEFT JOIN placement p ON p.workspace_id = one AND p.event_id = m.event_id AND p.until = 'infinity'
      CROSS JOIN LATERAL (SELECT coalesce(p.contact_id, m.contact_id) AS contact_id) AS s
      WHERE m.workspace_id = one
      WINDOW every AS (PARTITION BY s.contact_id, m.type, m.id)
      ORDER BY s.contact_id, m.type, m.id, m.has_state DESC, m.version_number DESC, m.version_text DESC,
        m.position DESC) AS n
    JOIN event e ON e.workspace_id = one AND e.id = n.event_id;

    UPDATE contact_count c SET orders = (SELECT count(*) FROM event e WHERE e.workspace_id = one
      AND e.contact_id = c.contact_id AND e.type = 'OrderRecorded'
      AND coalesce(jsonb_typeof(e.data->'object'), 'null') <> 'object')
    WHERE c.workspace_id = one AND c.orders > 0;
  END LOOP;
  PERFORM set_config('tl.workspace', '', true);
END $$
"""

RIGHTS = {
    "object_event": "SELECT, INSERT, DELETE",
    "object_type": "SELECT, INSERT",
}


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [OBJECTS, *(wall(table, rights) for table, rights in RIGHTS.items()), FILL])
