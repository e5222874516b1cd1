"""What the hot paths cost against the bare statements, side by side in one run."""
