"""How right search is: sets with known answers, asked through the API."""
