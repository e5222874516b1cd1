"""What happened, and what it means: the ledger, and one thread per customer."""
