"""What goes out to whoever subscribed: Standard Webhooks about what the ledger holds."""
