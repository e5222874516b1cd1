"""Automatic mail: how many went to an address lately, which addresses answered that nothing arrives, what agents want
to be told by mail, and of what it was decided whether they are."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0019-automatic"
VERSION = "1.38.0"
DESCRIPTION = "Limits of automatic mail, bounces, mails to agents."

AUTOMATIC = """
CREATE INDEX outbound_mail_automatic
  ON outbound_mail (workspace_id, lower(recipients #>> '{to,0,address}'), made_at) WHERE purpose <> 'reply';

CREATE TABLE mail_bounce (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  mail_id uuid NOT NULL,
  address text NOT NULL,
  event_id uuid NOT NULL,
  status text,
  words text,
  bounced_at timestamptz NOT NULL,
  cleared_at timestamptz,
  cleared_by text,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, mail_id, address)
);
COMMENT ON TABLE mail_bounce IS 'a mail of ours that did not arrive at an address; it marks the address until cleared';
COMMENT ON COLUMN mail_bounce.address IS 'in small letters';
COMMENT ON COLUMN mail_bounce.event_id IS 'the report that said so';
COMMENT ON COLUMN mail_bounce.status IS 'the enhanced code (RFC 3463), such as 5.1.1';
CREATE INDEX mail_bounce_marks ON mail_bounce (workspace_id, address) WHERE cleared_at IS NULL;

ALTER TABLE agent ADD COLUMN mails text NOT NULL DEFAULT 'mine' CHECK (mails IN ('off', 'mine', 'all'));
COMMENT ON COLUMN agent.mails IS 'which notifications also come by mail: none, what is meant for the agent, or all';

ALTER TABLE notification ADD COLUMN mailed_at timestamptz;
COMMENT ON COLUMN notification.mailed_at IS 'when it was decided whether a mail tells of it';
CREATE INDEX notification_unmailed ON notification (workspace_id, made_at) WHERE mailed_at IS NULL AND read_at IS NULL;
ALTER TABLE notification DROP CONSTRAINT notification_kind_check;
ALTER TABLE notification ADD CONSTRAINT notification_kind_check CHECK (kind IN ('assigned', 'mentioned', 'changed',
  'task', 'task_due', 'answered', 'rejected', 'awake', 'sla_warned', 'sla_breached', 'undelivered'))
"""


async def forwards() -> MigrationManager:
    """Reports see no addresses."""
    return scripted(ID, DESCRIPTION, [AUTOMATIC, wall("mail_bounce", "SELECT, INSERT, UPDATE, DELETE", reported=False)])
