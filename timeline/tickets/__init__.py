"""Tickets: matters that need an outcome, folded from the thread under a policy."""
