"""Webhooks: who subscribed to what, and what is on its way to them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.statements import scripted, wall

ID = "0014-webhooks"
VERSION = "1.38.0"
DESCRIPTION = "Webhooks and their deliveries."

WEBHOOKS = """
CREATE TABLE webhook (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  url text NOT NULL,
  events text[] NOT NULL,
  content text NOT NULL CHECK (content IN ('ids', 'item')),
  description text NOT NULL,
  secrets bytea NOT NULL,
  hint text NOT NULL,
  overlap_until timestamptz,
  enabled boolean NOT NULL,
  reason text,
  since_epoch integer NOT NULL,
  since_xid xid8 NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  failing_since timestamptz,
  paused_until timestamptz,
  delivered_at timestamptz,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE webhook IS 'a subscription: which events go to which address';
COMMENT ON COLUMN webhook.events IS 'types and groups of types, as channels/webhooks/kinds.py names them';
COMMENT ON COLUMN webhook.secrets IS 'sealed under the installation''s secret: the newest, then the one before';
COMMENT ON COLUMN webhook.since_xid IS 'with since_epoch: where the ledger stood when it was made or enabled';
COMMENT ON COLUMN webhook.reason IS 'why it was disabled, where no person did it';
COMMENT ON COLUMN webhook.failures IS 'attempts that failed since the last that arrived';

CREATE TABLE webhook_delivery (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  type text NOT NULL,
  event_id uuid,
  state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
  tries integer NOT NULL DEFAULT 0,
  status integer,
  reason text,
  made_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  next_try_at timestamptz,
  tried_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, webhook_id, event_id, type)
);
COMMENT ON TABLE webhook_delivery IS 'one event for one webhook: ids only, the content is read when it is sent';
COMMENT ON COLUMN webhook_delivery.tries IS 'since due_at: replayed by hand it begins anew';
COMMENT ON COLUMN webhook_delivery.next_try_at IS
  'of a waiting one: also when another worker may have it that is in the hands of one';
CREATE INDEX webhook_delivery_due ON webhook_delivery (workspace_id, webhook_id, next_try_at, id)
  WHERE state = 'waiting';
CREATE INDEX webhook_delivery_by_webhook ON webhook_delivery (workspace_id, webhook_id, id);
CREATE INDEX webhook_delivery_failed ON webhook_delivery (workspace_id, id) WHERE state = 'failed'
"""

RIGHTS = {
    "webhook": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_delivery": "SELECT, INSERT, UPDATE, DELETE",
}


async def forwards() -> MigrationManager:
    """Reports see no secrets."""
    walls = [wall(table, rights, reported=False) for table, rights in RIGHTS.items()]
    return scripted(ID, DESCRIPTION, [WEBHOOKS, *walls])
