"""Signing in: passwords, links that are used once, who tries too often, and sessions, which are keys of a browser."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0026-signing-in"
VERSION = "1.38.0"
DESCRIPTION = "Passwords, sessions, links to sign in by, and tries."

SESSIONS = """
ALTER TABLE api_key
  ADD COLUMN session boolean NOT NULL DEFAULT false,
  ADD COLUMN device text,
  ADD CONSTRAINT api_key_session_check CHECK (NOT session OR agent_id IS NOT NULL);
COMMENT ON COLUMN api_key.session IS 'a browser''s: it is sent as a cookie and never as a bearer key';
COMMENT ON COLUMN api_key.device IS 'what the browser says that it is'
"""

PASSWORDS = """
CREATE TABLE agent_password (
  workspace_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  hash text NOT NULL,
  set_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, agent_id)
);
COMMENT ON COLUMN agent_password.hash IS 'argon2id, as its library writes it';

CREATE TABLE sign_in_link (
  workspace_id uuid NOT NULL,
  digest bytea NOT NULL,
  agent_id uuid NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('invitation', 'reset')),
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, digest)
);
CREATE INDEX sign_in_link_of_agent ON sign_in_link (workspace_id, agent_id);
COMMENT ON TABLE sign_in_link IS 'links that set a password once: gone when used';

CREATE TABLE sign_in_try (
  workspace_id uuid NOT NULL,
  name bytea NOT NULL,
  tries integer NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, name)
);
COMMENT ON TABLE sign_in_try IS 'how often it was tried in vain; names are keyed hashes of address and place'
"""

RIGHTS = "SELECT, INSERT, UPDATE, DELETE"


async def forwards() -> MigrationManager:
    """Reports have no use for any of it."""
    walls = [wall(table, RIGHTS, reported=False) for table in ("agent_password", "sign_in_link", "sign_in_try")]
    return scripted(ID, DESCRIPTION, [SESSIONS, PASSWORDS, *walls])
