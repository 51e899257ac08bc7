"""The report: one `Results` object -> files that people and programs read."""

from __future__ import annotations

from editloupe.report.terminal import leaderboard_table
from editloupe.report.write import write_report
from editloupe.results import Results, Verdict

__all__ = ["Results", "Verdict", "leaderboard_table", "write_report"]
