"""Keeping the samples whose edits are good enough: for training sets that a judge filters."""
