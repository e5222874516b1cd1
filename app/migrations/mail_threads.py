"""Which mails are in which thread, for those that refer to them: hashes, and nothing that a person could be told by."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0020-mail-threads"
VERSION = "1.38.0"
DESCRIPTION = "Mails by their ids, and who takes part in their threads."

THREADS = """
CREATE TABLE mail_thread (
  workspace_id uuid NOT NULL,
  account_id uuid NOT NULL,
  event_id uuid NOT NULL,
  conversation text NOT NULL,
  message bytea CHECK (length(message) = 16),
  author bytea NOT NULL CHECK (length(author) = 16),
  named bytea[] NOT NULL,
  is_proved boolean NOT NULL,
  PRIMARY KEY (workspace_id, account_id, event_id)
);
COMMENT ON TABLE mail_thread IS 'a mail that others may refer to; several may bear one Message-ID';
COMMENT ON COLUMN mail_thread.conversation IS 'the thread: the item of the mail that began it';
COMMENT ON COLUMN mail_thread.message IS 'keyed hash of its Message-ID, as the other two are of addresses';
COMMENT ON COLUMN mail_thread.author IS 'who wrote it, as far as we can tell: proved or claimed';
COMMENT ON COLUMN mail_thread.named IS 'to whom else it went';
CREATE INDEX mail_thread_by_message ON mail_thread (workspace_id, account_id, message, event_id)
  WHERE message IS NOT NULL;
CREATE INDEX mail_thread_members ON mail_thread (workspace_id, account_id, conversation, event_id);
CREATE INDEX mail_thread_by_event ON mail_thread (workspace_id, event_id);

CREATE TABLE mail_reference (
  workspace_id uuid NOT NULL,
  account_id uuid NOT NULL,
  message bytea NOT NULL CHECK (length(message) = 16),
  event_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, account_id, message, event_id)
);
COMMENT ON TABLE mail_reference IS 'mails by what they refer to: a mail may come before the one that it answers';
CREATE INDEX mail_reference_by_event ON mail_reference (workspace_id, event_id)
"""

RIGHTS = "SELECT, INSERT, DELETE"


async def forwards() -> MigrationManager:
    """Reports have no use for them."""
    walls = [wall(table, RIGHTS, reported=False) for table in ("mail_thread", "mail_reference")]
    return scripted(ID, DESCRIPTION, [THREADS, *walls])
