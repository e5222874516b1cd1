"""The tables of channels: who hands things in through which door, and what reached us, byte for byte.

Piccolo imports a migration by its bare name: one called `channels` would be the package, and be passed over.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0005-channels"
VERSION = "1.38.0"
DESCRIPTION = "Channel accounts, inbound deliveries, and what the quarantine must know of them."

CHANNELS = """
CREATE TABLE channel_account (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  source text NOT NULL,
  settings jsonb NOT NULL,
  secrets bytea NOT NULL,
  hint text NOT NULL,
  overlap_until timestamptz,
  proves text[] NOT NULL,
  rate integer NOT NULL CHECK (rate >= 0),
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  disabled_at timestamptz,
  disabled_by text,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE channel_account IS 'one configured mailbox, number, page, widget or shop';
COMMENT ON COLUMN channel_account.secrets IS 'sealed under the installation''s secret: the newest, then the one before';
COMMENT ON COLUMN channel_account.overlap_until IS 'until when the secret before the newest holds too';

CREATE TABLE inbound_delivery (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  delivery_key text NOT NULL,
  digest bytea NOT NULL,
  raw bytea,
  size integer NOT NULL,
  headers jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'understood', 'failed')),
  tries integer NOT NULL DEFAULT 0,
  reason text,
  event_ids uuid[] NOT NULL DEFAULT ARRAY[]::uuid[],
  received_at timestamptz NOT NULL,
  next_try_at timestamptz,
  claimed_until timestamptz,
  decided_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, account_id, delivery_key)
);
COMMENT ON TABLE inbound_delivery IS 'what a channel account was handed, archived before anybody reads it';
COMMENT ON COLUMN inbound_delivery.raw IS 'its bytes as they came; null where the quarantine has them';
COMMENT ON COLUMN inbound_delivery.claimed_until IS
  'a worker is at it; past this time the worker is taken for dead';
CREATE INDEX inbound_delivery_waiting ON inbound_delivery (workspace_id, account_id, id) WHERE state = 'waiting';
CREATE INDEX inbound_delivery_by_account ON inbound_delivery (workspace_id, account_id, id);
CREATE INDEX inbound_delivery_by_state ON inbound_delivery (workspace_id, state, id);

ALTER TABLE quarantine ADD COLUMN account_id uuid;
ALTER TABLE quarantine ADD COLUMN delivery_id uuid;
ALTER TABLE quarantine ADD COLUMN headers jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN quarantine.account_id IS 'of the doors hooks/KIND: the channel account that was handed it';
COMMENT ON COLUMN quarantine.delivery_id IS
  'the delivery that could not be understood; null for one that came beside another of its key'
"""

RIGHTS = {
    "channel_account": "SELECT, INSERT, UPDATE",
    "inbound_delivery": "SELECT, INSERT, UPDATE",
}


async def forwards() -> MigrationManager:
    """Reports see neither secrets nor raw bytes."""
    walls = [wall(table, rights, reported=False) for table, rights in RIGHTS.items()]
    return scripted(ID, DESCRIPTION, [CHANNELS, *walls])
