"""The tables of identity, of the ledger and of the edge, written by hand: Piccolo knows no composite keys."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0001-foundation"
VERSION = "1.38.0"
DESCRIPTION = "Identity, the ledger, keys and what the edge keeps."

IDENTITY = """
CREATE TABLE workspace (
  id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' AND length(slug) <= 63),
  region text CHECK (region ~ '^[A-Z][A-Z]$'),
  channels text[] NOT NULL DEFAULT ARRAY[]::text[],
  epoch integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN workspace.epoch IS 'raised by a restore, because transaction ids start again';

CREATE SEQUENCE ledger_position;

CREATE TABLE customer (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE contact (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  source text NOT NULL,
  source_key text NOT NULL,
  home_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  grade text NOT NULL CHECK (grade IN ('verified', 'presumed', 'possible')),
  name text,
  attributes jsonb NOT NULL,
  said_at timestamptz NOT NULL,
  via text,
  home_decision uuid,
  customer_decision uuid,
  created_at timestamptz NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, source, source_key)
);
COMMENT ON COLUMN contact.said_at IS 'when the source said what name and attributes hold; older news fills gaps only';
COMMENT ON COLUMN contact.via IS 'the identifier on which it came to its home';
CREATE INDEX contact_by_customer ON contact (workspace_id, customer_id);
CREATE INDEX contact_by_home ON contact (workspace_id, home_id);

CREATE TABLE contact_past (
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz NOT NULL,
  home_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  grade text NOT NULL,
  name text,
  attributes jsonb NOT NULL,
  said_at timestamptz NOT NULL,
  via text,
  home_decision uuid,
  customer_decision uuid,
  PRIMARY KEY (workspace_id, contact_id, since)
);
COMMENT ON TABLE contact_past IS 'what a contact was before it changed: as_of reads it';
CREATE INDEX contact_past_by_customer ON contact_past (workspace_id, customer_id, until);
CREATE INDEX contact_past_by_home ON contact_past (workspace_id, home_id, until);

CREATE TABLE identifier (
  workspace_id uuid NOT NULL,
  kind text NOT NULL,
  scope text NOT NULL,
  value text NOT NULL,
  contact_id uuid NOT NULL,
  raw text NOT NULL,
  problem text,
  verified_at timestamptz,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, kind, scope, value, contact_id)
);
CREATE INDEX identifier_by_contact ON identifier (workspace_id, contact_id);

CREATE TABLE value_class (
  workspace_id uuid NOT NULL,
  kind text NOT NULL,
  scope text NOT NULL,
  value text NOT NULL,
  class text NOT NULL CHECK (class IN ('shared', 'personal')),
  reason text NOT NULL,
  actor text NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, kind, scope, value)
);
COMMENT ON TABLE value_class IS
  'values known to be shared (they link nobody), learned or listed by an operator; personal overrules';

CREATE TABLE link_decision (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  position bigint NOT NULL DEFAULT nextval('ledger_position'),
  kind text NOT NULL CHECK (kind IN ('link', 'proof', 'merge', 'unmerge', 'split', 'not_same', 'place', 'undo')),
  contact_a uuid,
  contact_b uuid,
  contacts uuid[] NOT NULL DEFAULT ARRAY[]::uuid[],
  home_id uuid,
  event_id uuid,
  undoes uuid,
  grade text NOT NULL,
  actor text NOT NULL,
  reason text,
  evidence jsonb NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE link_decision IS 'who is who, by whom, on what evidence: append-only';
COMMENT ON COLUMN link_decision.contact_a IS
  'merge and unmerge: the side whose id stays; link: the arriving one; place: the origin; split: the new home';
COMMENT ON COLUMN link_decision.contact_b IS
  'merge and unmerge: the side that loses its id; link: the one matched; place: the new place; split: the old home';
CREATE INDEX link_decision_by_a ON link_decision (workspace_id, contact_a);
CREATE INDEX link_decision_by_b ON link_decision (workspace_id, contact_b);
CREATE UNIQUE INDEX link_decision_undone_once ON link_decision (workspace_id, undoes) WHERE undoes IS NOT NULL;

CREATE TABLE link_suggestion (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  contact_a uuid NOT NULL,
  contact_b uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'accepted', 'rejected')),
  evidence jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  decided_at timestamptz,
  decision_id uuid,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, contact_a, contact_b),
  CHECK (contact_a < contact_b)
);
CREATE INDEX link_suggestion_open ON link_suggestion (workspace_id, created_at, id) WHERE state = 'open';
CREATE INDEX link_suggestion_by_b ON link_suggestion (workspace_id, contact_b);

CREATE TABLE placement (
  workspace_id uuid NOT NULL,
  event_id uuid NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz NOT NULL DEFAULT 'infinity',
  contact_id uuid NOT NULL,
  origin_id uuid NOT NULL,
  decision_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, event_id, decision_id, since)
);
COMMENT ON TABLE placement IS
  'where items stand that were given to another contact by hand; one row an event has until = infinity';
CREATE UNIQUE INDEX placement_standing ON placement (workspace_id, event_id) WHERE until = 'infinity';
CREATE INDEX placement_by_origin ON placement (workspace_id, origin_id);
CREATE INDEX placement_by_contact ON placement (workspace_id, contact_id)
"""

LEDGER = """
CREATE TABLE event (
  workspace_id uuid NOT NULL,
  epoch integer NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  position bigint NOT NULL DEFAULT nextval('ledger_position'),
  id uuid NOT NULL,
  contact_id uuid NOT NULL,
  type text NOT NULL,
  channel text,
  direction text,
  conversation text,
  source text,
  source_id text,
  actor text NOT NULL,
  about uuid,
  shown_at timestamptz NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  data jsonb NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, source, source_id)
);
COMMENT ON TABLE event IS 'what happened: append-only';
CREATE INDEX event_thread ON event (workspace_id, contact_id, shown_at, position);
CREATE INDEX event_followers ON event (workspace_id, epoch, xid, position);
CREATE INDEX event_about ON event (workspace_id, about) WHERE about IS NOT NULL;

CREATE TABLE contact_count (
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  events bigint NOT NULL,
  messages bigint NOT NULL,
  orders bigint NOT NULL,
  PRIMARY KEY (workspace_id, contact_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE contact_count IS 'how much lies in a contact''s stream, kept so that nobody counts a thread';

CREATE TABLE object_state (
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  version_number numeric NOT NULL,
  version_text text COLLATE "C" NOT NULL,
  version jsonb NOT NULL,
  state jsonb NOT NULL,
  kind text NOT NULL,
  event_id uuid NOT NULL,
  shown_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, contact_id, type, id)
);
COMMENT ON TABLE object_state IS 'the newest state of each object by version, whatever the order of arrival';

CREATE TABLE follower_checkpoint (
  workspace_id uuid NOT NULL,
  follower text NOT NULL,
  epoch integer NOT NULL,
  xid xid8 NOT NULL,
  position bigint NOT NULL,
  moved_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, follower)
)
"""

EDGE = """
CREATE TABLE api_key (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'lead', 'agent', 'auditor', 'integration')),
  hash bytea NOT NULL,
  hint text NOT NULL,
  proves text[] NOT NULL,
  rate integer NOT NULL CHECK (rate >= 0),
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, hash)
);

CREATE TABLE agent (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  email text NOT NULL,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'lead', 'agent', 'auditor')),
  created_at timestamptz NOT NULL,
  disabled_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, email)
);

CREATE TABLE idempotency_key (
  workspace_id uuid NOT NULL,
  caller text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  status integer NOT NULL,
  body bytea NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, caller, route, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (workspace_id, created_at);

CREATE TABLE quarantine (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  door text NOT NULL,
  source text,
  source_id text,
  event_id uuid,
  code text NOT NULL,
  reason text NOT NULL,
  fields text[] NOT NULL,
  raw bytea,
  digest bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'replayed', 'discarded')),
  tries integer NOT NULL DEFAULT 1,
  actor text NOT NULL,
  proves text[] NOT NULL,
  received_at timestamptz NOT NULL,
  decided_at timestamptz,
  decided_by text,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, door, digest)
);
COMMENT ON TABLE quarantine IS 'what reached us and could not become an event, with its bytes';
CREATE INDEX quarantine_waiting ON quarantine (workspace_id, state, id)
"""

STATISTICS = """
CREATE FUNCTION analyze_young_tables() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
  young regclass;
  done integer := 0;
BEGIN
  FOR young IN SELECT s.relid FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.schemaname = 'public' AND c.relowner = (SELECT oid FROM pg_roles WHERE rolname = 'throughline_owner')
    AND c.reltuples < 50000 AND s.n_mod_since_analyze > 20 + greatest(c.reltuples, 0)
  LOOP
    EXECUTE format('ANALYZE %s', young);
    done := done + 1;
  END LOOP;
  RETURN done;
END $$;
COMMENT ON FUNCTION analyze_young_tables() IS
  'statistics for tables that doubled: until then their plans read a workspace whole';
REVOKE ALL ON FUNCTION analyze_young_tables() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analyze_young_tables() TO throughline_app
"""

RIGHTS = {
    "customer": "SELECT, INSERT",
    "contact": "SELECT, INSERT, UPDATE",
    "contact_past": "SELECT, INSERT",
    "identifier": "SELECT, INSERT, UPDATE",
    "value_class": "SELECT, INSERT, UPDATE, DELETE",
    "link_decision": "SELECT, INSERT",
    "link_suggestion": "SELECT, INSERT, UPDATE",
    "placement": "SELECT, INSERT, UPDATE",
    "event": "SELECT, INSERT",
    "contact_count": "SELECT, INSERT, UPDATE",
    "object_state": "SELECT, INSERT, UPDATE",
    "follower_checkpoint": "SELECT, INSERT, UPDATE",
    "api_key": "SELECT, INSERT, UPDATE",
    "agent": "SELECT, INSERT, UPDATE",
    "idempotency_key": "SELECT, INSERT, DELETE",
    "quarantine": "SELECT, INSERT, UPDATE",
}
UNREPORTED = ("api_key", "idempotency_key", "quarantine")
REGISTER = """
GRANT SELECT, INSERT ON workspace TO throughline_app;
GRANT SELECT ON workspace TO throughline_reports;
GRANT USAGE ON SEQUENCE ledger_position TO throughline_app
"""


async def forwards() -> MigrationManager:
    walls = [wall(table, rights, reported=table not in UNREPORTED) for table, rights in RIGHTS.items()]
    return scripted(ID, DESCRIPTION, [IDENTITY, LEDGER, EDGE, STATISTICS, *walls, REGISTER])
