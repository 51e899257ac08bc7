"""The report: one `Results` object -> files that people and programs read."""

from __future__ import annotations

from editloupe.report.study_results import Results
from editloupe.report.terminal import leaderboard
from editloupe.report.verdicts import Verdict
from editloupe.report.write import write_report

__all__ = ["Results", "Verdict", "leaderboard", "write_report"]
