"""The tables of tickets: projections of the ledger, their numbers, and the policies that they are folded under."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0003-tickets"
VERSION = "1.38.0"
DESCRIPTION = "Tickets, their items, numbers and policies."

TICKETS = """
CREATE INDEX event_stream ON event (workspace_id, contact_id, position);
ALTER TABLE contact_count ADD COLUMN tickets bigint NOT NULL DEFAULT 0;

CREATE TABLE ticket (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  contact_id uuid NOT NULL,
  number bigint NOT NULL,
  opened_position bigint NOT NULL,
  position bigint NOT NULL,
  status text NOT NULL CHECK (status IN ('new', 'open', 'pending', 'on_hold', 'resolved', 'closed')),
  is_open boolean NOT NULL,
  priority text NOT NULL,
  assignee uuid,
  tags text[] NOT NULL,
  channel text,
  opened_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  until_at timestamptz NOT NULL,
  closes_at timestamptz,
  history boolean NOT NULL,
  lapsed boolean NOT NULL DEFAULT false,
  joined_into uuid,
  fold jsonb NOT NULL,
  PRIMARY KEY (workspace_id, id)
) WITH (fillfactor = 80);
COMMENT ON TABLE ticket IS 'projection: the ticket as its last event left it; columns repeat what lists filter by';
COMMENT ON COLUMN ticket.contact_id IS 'the contact that the opening event stands on; never a customer';
COMMENT ON COLUMN ticket.position IS 'of the last event or merge that changed it';
COMMENT ON COLUMN ticket.history IS 'its last activity was imported: its closing is derived and never announced';
COMMENT ON COLUMN ticket.lapsed IS 'silence closed what was imported: status and is_open say so, the fold derives it';
COMMENT ON COLUMN ticket.until_at IS 'infinity unless closed: the fold loads what a new item could still meet';
COMMENT ON COLUMN ticket.fold IS 'the whole folded state';
CREATE INDEX ticket_by_contact ON ticket (workspace_id, contact_id, until_at);
CREATE INDEX ticket_changed ON ticket (workspace_id, contact_id, position);
CREATE INDEX ticket_open ON ticket (workspace_id, last_at, id) WHERE is_open;
CREATE INDEX ticket_by_status ON ticket (workspace_id, status, last_at, id);
CREATE INDEX ticket_by_assignee ON ticket (workspace_id, assignee, last_at, id) WHERE assignee IS NOT NULL;
CREATE INDEX ticket_due ON ticket (workspace_id, closes_at) WHERE closes_at IS NOT NULL AND NOT lapsed;
CREATE INDEX ticket_opened ON ticket (workspace_id, opened_at, id);

CREATE TABLE ticket_item (
  workspace_id uuid NOT NULL,
  event_id uuid NOT NULL,
  ticket_id uuid NOT NULL,
  position bigint NOT NULL,
  shown_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, event_id, ticket_id)
);
COMMENT ON TABLE ticket_item IS 'projection: which events belong to which ticket';
CREATE INDEX ticket_item_thread ON ticket_item (workspace_id, ticket_id, shown_at, position);

CREATE TABLE ticket_conversation (
  workspace_id uuid NOT NULL,
  source text NOT NULL,
  conversation text NOT NULL,
  since bigint NOT NULL,
  ticket_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, source, conversation, since)
);
COMMENT ON TABLE ticket_conversation IS 'projection: the ticket that a conversation belongs to from a position on';
CREATE INDEX ticket_conversation_by_ticket ON ticket_conversation (workspace_id, ticket_id);

CREATE TABLE ticket_past (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  position bigint NOT NULL,
  until bigint NOT NULL,
  fold jsonb NOT NULL,
  PRIMARY KEY (workspace_id, id, position)
);
COMMENT ON TABLE ticket_past IS 'projection: what a ticket was when a standing merge came, for those changed since';

CREATE TABLE ticket_void (
  workspace_id uuid NOT NULL,
  event_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  position bigint NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (workspace_id, event_id)
);
COMMENT ON TABLE ticket_void IS 'projection: commands that find no ticket, or not in a state for them';
CREATE INDEX ticket_void_by_contact ON ticket_void (workspace_id, contact_id);

CREATE TABLE ticket_number (
  workspace_id uuid NOT NULL,
  number bigint NOT NULL CHECK (number > 0),
  ticket_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, number),
  UNIQUE (workspace_id, ticket_id)
);
COMMENT ON TABLE ticket_number IS 'the registry: append-only, so that every number answers for ever';

CREATE TABLE ticket_counter (
  workspace_id uuid NOT NULL PRIMARY KEY,
  next bigint NOT NULL
);
COMMENT ON TABLE ticket_counter IS 'the next block of numbers; processes take a hundred at a time, gaps stay';

CREATE TABLE ticket_policy (
  workspace_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  from_position bigint NOT NULL,
  policy jsonb NOT NULL,
  actor text NOT NULL,
  reason text,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, version)
);
COMMENT ON TABLE ticket_policy IS
  'append-only: the highest version among those from a position at or before an event is in force for it';

CREATE TABLE ticket_deriving (
  workspace_id uuid NOT NULL,
  home_id uuid NOT NULL,
  asked_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, home_id)
);
COMMENT ON TABLE ticket_deriving IS 'homes whose tickets wait for a job that folds them again'
"""

RIGHTS = {
    "ticket": "SELECT, INSERT, UPDATE, DELETE",
    "ticket_item": "SELECT, INSERT, UPDATE, DELETE",
    "ticket_conversation": "SELECT, INSERT, UPDATE, DELETE",
    "ticket_past": "SELECT, INSERT, UPDATE, DELETE",
    "ticket_void": "SELECT, INSERT, UPDATE, DELETE",
    "ticket_number": "SELECT, INSERT",
    "ticket_counter": "SELECT, INSERT, UPDATE",
    "ticket_policy": "SELECT, INSERT",
    "ticket_deriving": "SELECT, INSERT, UPDATE, DELETE",
}


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [TICKETS, *(wall(table, rights) for table, rights in RIGHTS.items())])
