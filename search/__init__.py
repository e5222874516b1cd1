"""Past cases, by words and by meaning."""
