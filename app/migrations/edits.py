"""Edits of tickets and what undoes them; tasks, followers and notifications."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0011-edits"
VERSION = "1.38.0"
DESCRIPTION = "Edits of tickets, their links, tasks, followers, notifications."

TABLES = """
CREATE TABLE ticket_edit (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN
    ('merge', 'split', 'move', 'share', 'backstage', 'duplicate', 'parent', 'child', 'related')),
  ticket_id uuid NOT NULL,
  other_id uuid,
  items uuid[] NOT NULL DEFAULT '{}',
  contact_id uuid NOT NULL,
  about uuid,
  position bigint NOT NULL,
  actor text NOT NULL,
  decided_at timestamptz NOT NULL,
  undone_by uuid,
  undone_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  CHECK ((undone_by IS NULL) = (undone_at IS NULL))
);
COMMENT ON TABLE ticket_edit IS
  'what was done to the tickets that items are in, and links between tickets: as the ledger has it';
COMMENT ON COLUMN ticket_edit.id IS 'of the event; undone_by is that of the event that took it back';
COMMENT ON COLUMN ticket_edit.other_id IS
  'merge: the ticket that became part; split, backstage: the new one; move, share: where it was; links: the other end';
COMMENT ON COLUMN ticket_edit.contact_id IS 'in whose stream the event lies';
CREATE INDEX ticket_edit_of_ticket ON ticket_edit (workspace_id, ticket_id, position);
CREATE INDEX ticket_edit_of_other ON ticket_edit (workspace_id, other_id, position) WHERE other_id IS NOT NULL;
CREATE INDEX ticket_edit_by_contact ON ticket_edit (workspace_id, contact_id, position);
CREATE INDEX ticket_edit_about ON ticket_edit (workspace_id, about) WHERE about IS NOT NULL;

CREATE TABLE ticket_task (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  ticket_id uuid NOT NULL,
  owner_id uuid,
  due_at timestamptz,
  done_at timestamptz,
  done_by text,
  told_at timestamptz,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE ticket_task IS 'what is to be done about a ticket; the event of the same id says what';
COMMENT ON COLUMN ticket_task.told_at IS 'when its owner was told that it is due';
CREATE INDEX ticket_task_of_ticket ON ticket_task (workspace_id, ticket_id, id);
CREATE INDEX ticket_task_owned ON ticket_task (workspace_id, owner_id, due_at, id) WHERE done_at IS NULL;
CREATE INDEX ticket_task_due ON ticket_task (workspace_id, due_at, id) WHERE done_at IS NULL;

CREATE TABLE ticket_follower (
  workspace_id uuid NOT NULL,
  ticket_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, ticket_id, agent_id)
);
COMMENT ON TABLE ticket_follower IS 'agents who want to hear of a ticket';

CREATE TABLE notification (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  agent_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('assigned', 'mentioned', 'changed', 'task', 'task_due', 'answered', 'rejected',
    'awake', 'sla_warned', 'sla_breached')),
  ticket_id uuid NOT NULL,
  event_id uuid NOT NULL,
  actor text NOT NULL,
  made_at timestamptz NOT NULL,
  read_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, agent_id, event_id, kind)
);
COMMENT ON TABLE notification IS 'what an agent is to hear of, once each; the event says what happened';
CREATE INDEX notification_of_agent ON notification (workspace_id, agent_id, id);
CREATE INDEX notification_unread ON notification (workspace_id, agent_id, id) WHERE read_at IS NULL
"""

RIGHTS = {
    "ticket_edit": "SELECT, INSERT, UPDATE",
    "ticket_task": "SELECT, INSERT, UPDATE",
    "ticket_follower": "SELECT, INSERT, DELETE",
    "notification": "SELECT, INSERT, UPDATE",
}


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [TABLES, *(wall(table, rights) for table, rights in RIGHTS.items())])
