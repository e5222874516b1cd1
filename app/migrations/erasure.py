"""Erasure, legal holds and retention: the tables, and the one function that may blank what the ledger says.

The function runs with the owner's right. It makes the tombstones itself, so that whoever calls it can take words away
and put none in their place; what it did is on record, and sealed like everything else.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0006-erasure"
VERSION = "1.38.0"
DESCRIPTION = "Erasure, legal holds, retention."

TABLES = """
CREATE TABLE erasure (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  epoch integer NOT NULL DEFAULT coalesce(current_epoch(), 1),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  position bigint NOT NULL DEFAULT nextval('ledger_position'),
  contacts uuid[] NOT NULL,
  events integer NOT NULL,
  actor text NOT NULL,
  reason text,
  erased_at timestamptz NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE erasure IS 'whom and what was erased, by whom, when: append-only';
COMMENT ON COLUMN erasure.contacts IS 'the people erased; empty where single items were blanked';
COMMENT ON COLUMN erasure.digest IS 'over the records that it blanked: what they were, what they are';
CREATE INDEX erasure_followers ON erasure (workspace_id, epoch, xid, position);

CREATE TABLE erased_record (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  erasure_id uuid NOT NULL,
  original bytea NOT NULL CHECK (length(original) = 32),
  tombstone bytea NOT NULL CHECK (length(tombstone) = 32),
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE erased_record IS
  'each blanked event or decision: the digest that its seal was made over, and that of what is left';
CREATE INDEX erased_record_by_erasure ON erased_record (workspace_id, erasure_id, id);

CREATE TABLE legal_hold (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  customer_id uuid NOT NULL,
  contacts uuid[] NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  held_from timestamptz NOT NULL,
  lifted_at timestamptz,
  lifted_by text,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE legal_hold IS 'people who may not be erased while it stands, however their contacts are merged';

CREATE TABLE retention_policy (
  workspace_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  policy jsonb NOT NULL,
  actor text NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, version)
);
COMMENT ON TABLE retention_policy IS 'append-only: the highest version is in force';

CREATE INDEX event_seams ON event (workspace_id, position)
  WHERE type IN ('CustomersMerged', 'CustomersUnmerged', 'ContactsSplit', 'ItemPlaced', 'DecisionUndone');
COMMENT ON INDEX event_seams IS 'decisions as threads show them: an erasure takes their reasons, also from others'
"""

DIGESTS = """
CREATE FUNCTION event_digest(e event) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(jsonb_build_array('event', e.position, e.id, e.contact_id, e.type, e.channel, e.direction,
    e.conversation, e.source, e.source_id, e.actor, e.about, extract(epoch FROM e.shown_at),
    extract(epoch FROM e.occurred_at), extract(epoch FROM e.recorded_at), e.data)::text, 'UTF8'))
$$;
CREATE FUNCTION decision_digest(d link_decision) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(jsonb_build_array('decision', d.position, d.id, d.kind, d.contact_a, d.contact_b, d.contacts,
    d.home_id, d.event_id, d.undoes, d.grade, d.actor, d.reason, d.evidence, extract(epoch FROM d.decided_at))::text,
    'UTF8'))
$$;
CREATE FUNCTION erasure_digest(x erasure) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(jsonb_build_array('erasure', x.position, x.id, x.contacts, x.events, x.actor, x.reason,
    extract(epoch FROM x.erased_at), encode(x.digest, 'hex'))::text, 'UTF8'))
$$;
COMMENT ON FUNCTION event_digest(event) IS 'what a seal is made over; the bytes may never change'
"""

TOMBSTONES = """
CREATE FUNCTION pseudonym(keys bytea[], workspace uuid, field text, name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT 'erased:' || encode(sha256(keys[2] || sha256(keys[1] || convert_to(workspace::text, 'UTF8') || '\\x00'::bytea
    || convert_to(field, 'UTF8') || '\\x00'::bytea || convert_to(name, 'UTF8'))), 'hex')
$$;
COMMENT ON FUNCTION pseudonym(bytea[], uuid, text, text) IS
  'HMAC-SHA256; keys are the inner and the outer block: timeline/pseudonyms.py makes the same';

CREATE FUNCTION says_nothing(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_typeof(value)
    WHEN 'string' THEN value #>> '{}' ~ '^[A-Za-z0-9_:.+-]{1,64}$'
    WHEN 'array' THEN NOT EXISTS (SELECT FROM jsonb_array_elements_text(value) AS one
      WHERE one !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
    WHEN 'object' THEN false
    ELSE true END
$$;

CREATE FUNCTION matter_of(subject text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT trim(regexp_replace(lower(regexp_replace(left(subject, 480),
    '^(\\s*(re|aw|sv|antw|fwd?|wg|tr|vs)\\s*(\\[\\d+\\])?\\s*:)+', '', 'i')), '\\s+', ' ', 'g'))
$$;
COMMENT ON FUNCTION matter_of(text) IS 'what timeline/tickets/ticket.py compares subjects by';

CREATE FUNCTION tombstone(e event, keys bytea[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(f.key, CASE
      WHEN f.key = ANY (ARRAY['v', 'ticket', 'ticket_id', 'status', 'priority', 'assignee', 'cause', 'due', 'history',
        'ahead', 'decision', 'kept', 'absorbed', 'undoes', 'restored', 'contacts', 'old_home', 'new_home', 'event',
        'contact', 'erasure', 'items']) AND says_nothing(f.value) THEN f.value
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
$$;
COMMENT ON FUNCTION tombstone(event, bytea[]) IS
  'what is left of an event: ids, numbers, states, a keyed hash of its matter, and blanks where a reader expects words'
"""

ERASE = """
CREATE FUNCTION erase(made uuid, people uuid[], items uuid[], keys bytea[], by_whom text, why text, at timestamptz,
  again boolean) RETURNS TABLE (events integer, digest bytea) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
  ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid;
  ends uuid[];
  decided uuid[];
  blanked integer;
  proof bytea;
BEGIN
  IF NOT again AND EXISTS (SELECT FROM holds_over(ws, people, items)) THEN
    RAISE EXCEPTION 'a legal hold stands' USING ERRCODE = 'TL001';
  END IF;

  ends := ARRAY(SELECT unnest(people) UNION SELECT c.home_id FROM contact c
    WHERE c.workspace_id = ws AND c.id = ANY (people));
  WITH RECURSIVE about_them AS (
    SELECT d.id FROM link_decision d WHERE d.workspace_id = ws
      AND (d.contact_a = ANY (ends) OR d.contact_b = ANY (ends))
    UNION SELECT d.id FROM link_decision d WHERE d.workspace_id = ws AND d.kind = 'split' AND d.contacts && people
      AND d.contact_a = ANY (SELECT p.home_id FROM contact_past p WHERE p.workspace_id = ws
        AND p.contact_id = ANY (people))
    UNION SELECT p.decision_id FROM placement p WHERE p.workspace_id = ws
      AND (p.event_id = ANY (items) OR p.origin_id = ANY (people))
    UNION SELECT u.id FROM link_decision u JOIN about_them a ON u.undoes = a.id WHERE u.workspace_id = ws)
  SELECT array_agg(a.id) INTO decided FROM about_them a;

  WITH theirs AS MATERIALIZED (
    SELECT e.id, event_digest(e) AS original FROM event e WHERE e.workspace_id = ws AND e.contact_id = ANY (people)
      AND e.type <> 'CustomerErased' AND NOT e.data ? 'erased'
    UNION SELECT e.id, event_digest(e) FROM event e WHERE e.workspace_id = ws AND e.id = ANY (items)
      AND NOT e.data ? 'erased'
    UNION SELECT e.id, event_digest(e) FROM event e WHERE e.workspace_id = ws
      AND e.type IN ('CustomersMerged', 'CustomersUnmerged', 'ContactsSplit', 'ItemPlaced', 'DecisionUndone')
      AND e.data ? 'reason' AND NOT e.data ? 'erased' AND (e.data ->> 'decision')::uuid = ANY (decided)),
  gone AS (
    UPDATE event e SET data = tombstone(e, keys),
      conversation = pseudonym(keys, ws, 'conversation', coalesce(e.source, '') || chr(10) || e.conversation),
      source_id = pseudonym(keys, ws, 'source_id', e.source || chr(10) || e.source_id)
    FROM theirs t WHERE e.workspace_id = ws AND e.id = t.id
    RETURNING e.id, t.original, event_digest(e) AS tombstone)
  INSERT INTO erased_record (workspace_id, id, erasure_id, original, tombstone)
  SELECT ws, g.id, made, g.original, g.tombstone FROM gone g;
  GET DIAGNOSTICS blanked = ROW_COUNT;

  WITH theirs AS MATERIALIZED (
    SELECT d.id, decision_digest(d) AS original FROM link_decision d
    WHERE d.workspace_id = ws AND d.id = ANY (decided) AND (d.reason IS NOT NULL OR d.evidence <> '[]')),
  gone AS (
    UPDATE link_decision d SET reason = NULL, evidence = '[]' FROM theirs t WHERE d.workspace_id = ws AND d.id = t.id
    RETURNING d.id, t.original, decision_digest(d) AS tombstone)
  INSERT INTO erased_record (workspace_id, id, erasure_id, original, tombstone)
  SELECT ws, g.id, made, g.original, g.tombstone FROM gone g;

  PERFORM erase_identity(ws, people);
  SELECT sha256(coalesce(string_agg(uuid_send(r.id) || r.original || r.tombstone, '' ORDER BY r.id), ''))
    INTO proof FROM erased_record r WHERE r.workspace_id = ws AND r.erasure_id = made;
  INSERT INTO erasure (workspace_id, id, contacts, events, actor, reason, erased_at, digest)
  VALUES (ws, made, people, blanked, by_whom, why, at, proof);
  RETURN QUERY SELECT blanked, proof;
END $$;
COMMENT ON FUNCTION erase(uuid, uuid[], uuid[], bytea[], text, text, timestamptz, boolean) IS
  'blanks people with all that they said, or single items; again: a restore repeats what no hold stopped then'
"""

HOLDS = """
CREATE FUNCTION holds_over(ws uuid, people uuid[], items uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  WITH touched AS (
    SELECT unnest(people) AS id UNION SELECT e.contact_id FROM event e WHERE e.workspace_id = ws AND e.id = ANY (items)
    UNION SELECT p.contact_id FROM placement p WHERE p.workspace_id = ws AND p.until = 'infinity'
      AND (p.event_id = ANY (items) OR p.origin_id = ANY (people)))
  SELECT h.id FROM legal_hold h WHERE h.workspace_id = ws AND h.lifted_at IS NULL AND h.contacts && ARRAY(
    SELECT id FROM touched UNION SELECT o.id FROM touched t JOIN contact c ON c.workspace_id = ws AND c.id = t.id
      JOIN contact o ON o.workspace_id = ws AND o.customer_id = c.customer_id) ORDER BY h.id
$$;
COMMENT ON FUNCTION holds_over(uuid, uuid[], uuid[]) IS
  'the legal holds over any contact of the customers on whose threads these people and items lie or stand'
"""

IDENTITY = """
CREATE FUNCTION erase_identity(ws uuid, people uuid[]) RETURNS void LANGUAGE sql AS $$
  DELETE FROM value_class v USING identifier i WHERE v.workspace_id = ws AND i.workspace_id = ws
    AND i.contact_id = ANY (people) AND (v.kind, v.scope, v.value) = (i.kind, i.scope, i.value)
    AND NOT EXISTS (SELECT FROM identifier o WHERE o.workspace_id = ws AND o.kind = v.kind AND o.scope = v.scope
      AND o.value = v.value AND o.contact_id <> ALL (people));
  UPDATE value_class v SET reason = CASE v.actor WHEN 'system' THEN 'seen on several people' ELSE 'listed' END
    FROM identifier i WHERE v.workspace_id = ws AND i.workspace_id = ws AND i.contact_id = ANY (people)
    AND (v.kind, v.scope, v.value) = (i.kind, i.scope, i.value);
  DELETE FROM identifier WHERE workspace_id = ws AND contact_id = ANY (people);
  UPDATE contact SET source_key = 'erased/' || id, name = NULL, attributes = '{}', via = NULL
    WHERE workspace_id = ws AND id = ANY (people) AND source <> 'desk';
  UPDATE contact_past SET name = NULL, attributes = '{}', via = NULL
    WHERE workspace_id = ws AND contact_id = ANY (people);
  DELETE FROM link_suggestion WHERE workspace_id = ws AND state = 'open'
    AND (contact_a = ANY (people) OR contact_b = ANY (people));
  UPDATE link_suggestion SET evidence = '[]' WHERE workspace_id = ws
    AND (contact_a = ANY (people) OR contact_b = ANY (people));
  UPDATE legal_hold SET reason = '' WHERE workspace_id = ws AND contacts && people;
$$
"""

RIGHTS = {
    "erasure": "SELECT",
    "erased_record": "SELECT",
    "legal_hold": "SELECT, INSERT, UPDATE",
    "retention_policy": "SELECT, INSERT",
}
FUNCTIONS = """
GRANT UPDATE ON idempotency_key TO throughline_app;
REVOKE ALL ON FUNCTION erase(uuid, uuid[], uuid[], bytea[], text, text, timestamptz, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION erase_identity(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase(uuid, uuid[], uuid[], bytea[], text, text, timestamptz, boolean) TO throughline_app
"""


async def forwards() -> MigrationManager:
    walls = [wall(table, rights) for table, rights in RIGHTS.items()]
    return scripted(ID, DESCRIPTION, [TABLES, *walls, DIGESTS, TOMBSTONES, HOLDS, IDENTITY, ERASE, FUNCTIONS])
