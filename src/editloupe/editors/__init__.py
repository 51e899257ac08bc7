"""One file per kind of editor."""
