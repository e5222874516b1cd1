"""The settings: sections that are declared, and the one engine that shows, fills in and sends them."""
