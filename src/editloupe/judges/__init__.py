"""One file per engine that answers questions."""
