"""Readers of what was there before: each turns files into interactions, in order of time, or says why not."""
