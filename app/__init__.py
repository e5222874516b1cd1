"""The only place that knows HTTP, processes and the clock."""
