"""How good the judge is: against truth, people, itself, and another judge."""
