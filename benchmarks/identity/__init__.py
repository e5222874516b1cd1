"""How well contacts are told apart and brought together: sets with known truth, replayed through the API."""
