"""A believable desk, Northfold Outdoor, made from our own lists: the same day gives the same data."""
