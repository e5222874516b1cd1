"""Identity by evidence: blocking keys of homes, counts that weigh it, policies, and what a suggestion is worth."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0008-identity"
VERSION = "1.38.0"
DESCRIPTION = "Blocking keys, counts, policies, trainings, and the order of suggestions."

TABLES = """
CREATE TABLE home_key (
  workspace_id uuid NOT NULL,
  key bigint NOT NULL,
  home_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, key, home_id)
);
COMMENT ON TABLE home_key IS
  'projection: keyed hashes by which a home is found for comparing; `throughline resolve` makes them again';
CREATE INDEX identifier_proved ON identifier (workspace_id, kind, scope, value, contact_id)
  WHERE verified_at IS NOT NULL AND problem IS NULL;
CREATE INDEX home_key_by_home ON home_key (workspace_id, home_id);

CREATE TABLE value_count (
  workspace_id uuid NOT NULL,
  value bigint NOT NULL,
  customers integer NOT NULL,
  PRIMARY KEY (workspace_id, value)
);
COMMENT ON TABLE value_count IS
  'projection: how many customers hold a value, by its keyed hash; `throughline resolve` counts again';
CREATE INDEX value_count_frequent ON value_count (workspace_id, customers, value) WHERE customers > 1;

CREATE TABLE identity_count (
  workspace_id uuid NOT NULL,
  counter text NOT NULL,
  amount double precision NOT NULL,
  PRIMARY KEY (workspace_id, counter)
) WITH (fillfactor = 80);
COMMENT ON TABLE identity_count IS
  'projection: what was learned from decisions, as sums; `throughline resolve` counts again';

CREATE TABLE identity_policy (
  workspace_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  policy jsonb NOT NULL,
  actor text NOT NULL,
  reason text,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, version)
);
COMMENT ON TABLE identity_policy IS 'append-only: the highest version is in force';

CREATE TABLE identity_training (
  workspace_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  model text NOT NULL,
  training jsonb NOT NULL,
  actor text NOT NULL,
  reason text,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, version)
);
COMMENT ON TABLE identity_training IS
  'append-only: shares that `throughline train identity` put in force, from what, and which links it compared';
COMMENT ON COLUMN identity_training.model IS 'the version of the table of weights that the shares are on top of';

CREATE TABLE identity_pass (
  workspace_id uuid NOT NULL,
  pass text NOT NULL,
  state jsonb NOT NULL,
  moved_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, pass)
);
COMMENT ON TABLE identity_pass IS 'how far a pass of `throughline resolve` got that was cut short; gone when it is over'
"""

SUGGESTIONS = """
ALTER TABLE link_suggestion
  ADD COLUMN kind text NOT NULL DEFAULT 'link' CHECK (kind IN ('link', 'unlink')),
  ADD COLUMN probability double precision,
  ADD COLUMN value double precision NOT NULL DEFAULT 0,
  ADD COLUMN later_until timestamptz;
COMMENT ON COLUMN link_suggestion.kind IS 'link: they may be one; unlink: what joined them no longer holds';
COMMENT ON COLUMN link_suggestion.probability IS 'that they are one, when it was suggested';
COMMENT ON COLUMN link_suggestion.value IS 'what an answer is worth, times the probability: the queue''s order';
COMMENT ON COLUMN link_suggestion.later_until IS 'an open one is not shown before';
ALTER TABLE link_suggestion DROP CONSTRAINT link_suggestion_workspace_id_contact_a_contact_b_key;
ALTER TABLE link_suggestion ADD CONSTRAINT link_suggestion_once UNIQUE (workspace_id, contact_a, contact_b, kind);
ALTER TABLE link_suggestion DROP CONSTRAINT link_suggestion_check;
ALTER TABLE link_suggestion ADD CONSTRAINT link_suggestion_ends
  CHECK (contact_a < contact_b OR kind = 'unlink' AND contact_a <> contact_b);
COMMENT ON COLUMN link_suggestion.contact_a IS 'link: the lower id; unlink: the contact that would be split off';
DROP INDEX link_suggestion_open;
CREATE INDEX link_suggestion_queue ON link_suggestion (workspace_id, state, value DESC, id)
"""

ERASURE = """
CREATE OR REPLACE FUNCTION erase_identity(ws uuid, people uuid[]) RETURNS void LANGUAGE sql AS $$
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
  DELETE FROM home_key k WHERE k.workspace_id = ws AND k.home_id = ANY (ARRAY(
    SELECT h.home_id FROM (
      SELECT c.home_id FROM contact c WHERE c.workspace_id = ws AND c.id = ANY (people)
      UNION SELECT p.home_id FROM contact_past p WHERE p.workspace_id = ws AND p.contact_id = ANY (people)) AS h
    WHERE NOT EXISTS (SELECT FROM contact o WHERE o.workspace_id = ws AND o.home_id = h.home_id
      AND o.source <> 'desk' AND o.source_key <> 'erased/' || o.id)));
  DELETE FROM link_suggestion WHERE workspace_id = ws AND state = 'open'
    AND (contact_a = ANY (people) OR contact_b = ANY (people));
  UPDATE link_suggestion SET evidence = '[]' WHERE workspace_id = ws
    AND (contact_a = ANY (people) OR contact_b = ANY (people));
  UPDATE legal_hold SET reason = '' WHERE workspace_id = ws AND contacts && people;
$$
"""

RIGHTS = {
    "home_key": "SELECT, INSERT, DELETE",
    "value_count": "SELECT, INSERT, UPDATE, DELETE",
    "identity_count": "SELECT, INSERT, UPDATE, DELETE",
    "identity_policy": "SELECT, INSERT",
    "identity_training": "SELECT, INSERT",
    "identity_pass": "SELECT, INSERT, UPDATE, DELETE",
}
UNREPORTED = ("home_key", "value_count", "identity_pass")


async def forwards() -> MigrationManager:
    walls = [wall(table, rights, reported=table not in UNREPORTED) for table, rights in RIGHTS.items()]
    return scripted(ID, DESCRIPTION, [TABLES, *walls, SUGGESTIONS, ERASURE])
