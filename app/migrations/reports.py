"""What reports count of tickets' lives: a projection kept with the tickets."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0015-reports"
VERSION = "1.38.0"
DESCRIPTION = "The moments that reports count."

MOMENTS = """
CREATE TABLE ticket_moment (
  workspace_id uuid NOT NULL,
  ticket_id uuid NOT NULL,
  position bigint NOT NULL,
  turn text NOT NULL CHECK (turn IN ('first_response', 'next_response', 'resolved', 'closed', 'reopened')),
  round integer NOT NULL,
  at timestamptz NOT NULL,
  since timestamptz,
  agent uuid,
  PRIMARY KEY (workspace_id, ticket_id, position, turn)
);
COMMENT ON TABLE ticket_moment IS 'projection: answers, ends and reopenings of tickets, for reports';
COMMENT ON COLUMN ticket_moment.round IS 'how often the ticket had been reopened by then';
COMMENT ON COLUMN ticket_moment.since IS 'where its duration runs from: the message that it answers, the opening';
COMMENT ON COLUMN ticket_moment.agent IS 'who had the ticket';
CREATE INDEX ticket_moment_reported ON ticket_moment (workspace_id, turn, at)
  INCLUDE (ticket_id, since, round, agent);
CREATE INDEX ticket_joined ON ticket (workspace_id, joined_into) WHERE joined_into IS NOT NULL;
CREATE INDEX ticket_lapsed ON ticket (workspace_id, closes_at) WHERE lapsed
"""


async def forwards() -> MigrationManager:
    return scripted(ID, DESCRIPTION, [MOMENTS, wall("ticket_moment", "SELECT, INSERT, UPDATE, DELETE")])
