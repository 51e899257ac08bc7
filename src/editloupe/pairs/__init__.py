"""Pairwise judging: which two edits are compared, what is asked about them, and what became of it."""
