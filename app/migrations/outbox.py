"""What goes out by mail: each mail once, as it was rendered, and what became of it at each of its recipients."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0017-outbox"
VERSION = "1.38.0"
DESCRIPTION = "Mails on their way out."

OUTBOX = """
CREATE TABLE outbound_mail (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  key text NOT NULL,
  epoch integer NOT NULL DEFAULT coalesce(current_epoch(), 1),
  account_id uuid NOT NULL,
  event_id uuid,
  contact_id uuid,
  conversation text,
  purpose text NOT NULL CHECK (purpose ~ '^[a-z_]{1,40}$'),
  message_id text NOT NULL,
  recipients jsonb NOT NULL,
  domain text NOT NULL,
  raw bytea,
  files jsonb NOT NULL DEFAULT '[]',
  state text NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'uncertain', 'suppressed')),
  outcomes jsonb NOT NULL DEFAULT '{}',
  tries integer NOT NULL DEFAULT 0,
  doubts integer NOT NULL DEFAULT 0,
  status integer,
  reason text,
  made_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  next_try_at timestamptz,
  tried_at timestamptz,
  sent_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, key)
);
COMMENT ON TABLE outbound_mail IS 'one mail on its way out: rendered once, the same bytes in every attempt';
COMMENT ON COLUMN outbound_mail.id IS 'what the token in its Message-ID names';
COMMENT ON COLUMN outbound_mail.key IS 'what it is for, in words of ours: the second of one key is not made';
COMMENT ON COLUMN outbound_mail.epoch IS
  'in which it was made: what a backup brings back is never sent by itself, it may have gone out since';
COMMENT ON COLUMN outbound_mail.event_id IS 'the event that it carries, or that caused it';
COMMENT ON COLUMN outbound_mail.recipients IS 'to, cc, bcc: who gets it, each an address and perhaps a name';
COMMENT ON COLUMN outbound_mail.domain IS 'of its first recipient: by account and domain mails wait for each other';
COMMENT ON COLUMN outbound_mail.raw IS 'null once it was erased or is long decided; files are put in when it is sent';
COMMENT ON COLUMN outbound_mail.outcomes IS 'what became of it, by address: sent, failed or uncertain, and in words';
COMMENT ON COLUMN outbound_mail.tries IS 'also what a worker knows its own attempt by';
COMMENT ON COLUMN outbound_mail.doubts IS 'attempts of which nobody knows how they ended';
COMMENT ON COLUMN outbound_mail.next_try_at IS
  'of one that waits or is uncertain; also when another worker may have it that is in the hands of one';
CREATE INDEX outbound_mail_due ON outbound_mail (workspace_id, account_id, domain, next_try_at, id)
  WHERE next_try_at IS NOT NULL;
CREATE INDEX outbound_mail_troubled ON outbound_mail (workspace_id, id) WHERE state IN ('failed', 'uncertain');
CREATE INDEX outbound_mail_whole ON outbound_mail (workspace_id, id) WHERE raw IS NOT NULL AND next_try_at IS NULL;
CREATE INDEX outbound_mail_by_event ON outbound_mail (workspace_id, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX outbound_mail_by_contact ON outbound_mail (workspace_id, contact_id) WHERE contact_id IS NOT NULL;

CREATE TABLE outbound_lane (
  workspace_id uuid NOT NULL,
  account_id uuid NOT NULL,
  domain text NOT NULL,
  failures integer NOT NULL,
  failing_since timestamptz NOT NULL,
  paused_until timestamptz,
  reason text NOT NULL,
  PRIMARY KEY (workspace_id, account_id, domain)
);
COMMENT ON TABLE outbound_lane IS 'domains that an account cannot reach right now, and until when they are left alone'
"""

RIGHTS = {"outbound_mail": "SELECT, INSERT, UPDATE", "outbound_lane": "SELECT, INSERT, UPDATE, DELETE"}


async def forwards() -> MigrationManager:
    """Reports see neither addresses nor bytes."""
    walls = [wall(table, rights, reported=False) for table, rights in RIGHTS.items()]
    return scripted(ID, DESCRIPTION, [OUTBOX, *walls])
