"""Mailboxes: their passwords, what their settings were, how far each is fetched, and which mails of it are here."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0016-mailboxes"
VERSION = "1.38.0"
DESCRIPTION = "Passwords and changes of channel accounts; mailboxes and what is fetched of them."

MAILBOXES = """
CREATE TABLE mailbox_password (
  workspace_id uuid NOT NULL,
  account_id uuid NOT NULL,
  door text NOT NULL CHECK (door IN ('imap', 'smtp')),
  sealed bytea NOT NULL,
  set_at timestamptz NOT NULL,
  set_by text NOT NULL,
  PRIMARY KEY (workspace_id, account_id, door)
);
COMMENT ON TABLE mailbox_password IS 'what an account signs in with; written and used, never shown';
COMMENT ON COLUMN mailbox_password.sealed IS 'sealed under the installation''s secret, for this account and door alone';

CREATE TABLE channel_account_change (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  before jsonb NOT NULL,
  after jsonb NOT NULL,
  passwords text[] NOT NULL,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE channel_account_change IS 'what an account''s name and settings were and became, and by whom';
COMMENT ON COLUMN channel_account_change.passwords IS 'which passwords were set with it, never what they are';
CREATE INDEX channel_account_change_by_account ON channel_account_change (workspace_id, account_id, id);

CREATE TABLE mailbox (
  workspace_id uuid NOT NULL,
  account_id uuid NOT NULL,
  folder text NOT NULL,
  uidvalidity bigint,
  mails bigint,
  claimed_by uuid,
  claimed_until timestamptz,
  fetched_at timestamptz,
  next_at timestamptz,
  failures integer NOT NULL DEFAULT 0,
  failing_since timestamptz,
  failed_at timestamptz,
  fault text,
  PRIMARY KEY (workspace_id, account_id, folder)
);
COMMENT ON TABLE mailbox IS 'one folder of an account on its mail server: who fetches it, and how that goes';
COMMENT ON COLUMN mailbox.mails IS 'how many the server said that the folder has';
COMMENT ON COLUMN mailbox.fetched_at IS 'when it was last looked through to its end';
COMMENT ON COLUMN mailbox.fault IS 'the last one, in words; it stands while failures do';

CREATE TABLE mailbox_mail (
  workspace_id uuid NOT NULL,
  account_id uuid NOT NULL,
  folder text NOT NULL,
  uidvalidity bigint NOT NULL,
  uid bigint NOT NULL,
  size bigint NOT NULL,
  arrived text NOT NULL,
  state text NOT NULL CHECK (state IN ('tried', 'archived', 'refused')),
  tries integer NOT NULL DEFAULT 0,
  next_try_at timestamptz,
  entry_id uuid,
  PRIMARY KEY (workspace_id, account_id, folder, uidvalidity, uid)
);
COMMENT ON TABLE mailbox_mail IS 'one mail in a folder, by the server''s number for it';
COMMENT ON COLUMN mailbox_mail.arrived IS 'with size the mail''s fingerprint: INTERNALDATE as the server wrote it';
COMMENT ON COLUMN mailbox_mail.tries IS 'counted before it is asked for: a connection that dies of it is remembered';
COMMENT ON COLUMN mailbox_mail.entry_id IS 'of a refused one: what the quarantine says of it'
"""

RIGHTS = {
    "mailbox_password": "SELECT, INSERT, UPDATE, DELETE",
    "channel_account_change": "SELECT, INSERT",
    "mailbox": "SELECT, INSERT, UPDATE",
    "mailbox_mail": "SELECT, INSERT, UPDATE, DELETE",
}


async def forwards() -> MigrationManager:
    """Reports see neither passwords nor mailboxes."""
    walls = [wall(table, rights, reported=False) for table, rights in RIGHTS.items()]
    return scripted(ID, DESCRIPTION, [MAILBOXES, *walls])
