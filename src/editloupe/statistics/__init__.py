"""Pure numbers: means and agreement, with intervals that respect clusters."""
