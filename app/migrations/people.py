"""Who works at a desk and where tickets wait: teams, queues, what agents are doing, and views that were saved."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0013-people"
VERSION = "1.38.0"
DESCRIPTION = "Teams, queues, states of agents, agents' keys, saved views."

AGENTS = """
ALTER TABLE agent
  ADD COLUMN state text NOT NULL DEFAULT 'offline' CHECK (state IN ('online', 'away', 'offline')),
  ADD COLUMN state_until timestamptz,
  ADD COLUMN zone text,
  ADD COLUMN calendar text,
  ADD COLUMN left_because text;
COMMENT ON COLUMN agent.state_until IS 'after it who was away is online, and who was online is offline';
COMMENT ON COLUMN agent.zone IS 'where the agent works: an IANA time zone';
COMMENT ON COLUMN agent.calendar IS 'the key of the calendar that the agent works by';
COMMENT ON COLUMN agent.left_because IS 'said on each ticket that is handed back for a disabled agent';
ALTER TABLE api_key ADD COLUMN agent_id uuid;
COMMENT ON COLUMN api_key.agent_id IS 'whose key it is: what it does the agent did; null: a program''s';
CREATE INDEX api_key_of_agent ON api_key (workspace_id, agent_id) WHERE agent_id IS NOT NULL;
CREATE INDEX ticket_held ON ticket (workspace_id, assignee, id) WHERE is_open AND assignee IS NOT NULL;
CREATE INDEX ticket_queue_due ON ticket (workspace_id, queue, sla_due_at, id) WHERE is_open AND queue IS NOT NULL
"""

TEAMS = """
CREATE TABLE team (
  workspace_id uuid NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, key)
);
COMMENT ON TABLE team IS 'agents who share queues and views';

CREATE TABLE team_member (
  workspace_id uuid NOT NULL,
  team text NOT NULL,
  agent_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, team, agent_id)
);
CREATE INDEX team_member_of_agent ON team_member (workspace_id, agent_id);

CREATE TABLE queue (
  workspace_id uuid NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  team text,
  place integer NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, key)
);
COMMENT ON TABLE queue IS 'where tickets wait; a ticket names it by its key';
COMMENT ON COLUMN queue.place IS 'where it stands among the queues';
CREATE INDEX queue_of_team ON queue (workspace_id, team) WHERE team IS NOT NULL
"""

VIEWS = """
CREATE TABLE saved_view (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  owner text NOT NULL,
  audience text NOT NULL CHECK (audience IN ('own', 'team', 'workspace')),
  team text,
  name text NOT NULL,
  filters jsonb NOT NULL,
  sort text NOT NULL,
  columns text[] NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  CHECK ((audience = 'team') = (team IS NOT NULL)),
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE saved_view IS 'lists of tickets that somebody keeps';
COMMENT ON COLUMN saved_view.owner IS 'the actor who made it: an agent, or a key that is nobody''s';
COMMENT ON COLUMN saved_view.filters IS 'words and values as a list of tickets takes them in its query'
"""

RIGHTS = {
    "team": "SELECT, INSERT, UPDATE, DELETE",
    "team_member": "SELECT, INSERT, DELETE",
    "queue": "SELECT, INSERT, UPDATE, DELETE",
    "saved_view": "SELECT, INSERT, UPDATE, DELETE",
}


async def forwards() -> MigrationManager:
    walls = [wall(table, rights) for table, rights in RIGHTS.items()]
    return scripted(ID, DESCRIPTION, [AGENTS, TEAMS, VIEWS, *walls])
