"""A believable desk, Northfold Outdoor, made from our own lists: the same moment gives the same data."""
