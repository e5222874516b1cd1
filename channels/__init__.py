"""How the outside hands in what happened, and how an answer goes out."""
