"""How fast the judge is, measured."""
