"""Everything that is computed from a study's results, once a run: all forms of the report and the terminal read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from editloupe.report.comparisons import Comparisons, compare_all
from editloupe.report.failure_summary import FailureSummary, summarize_failures
from editloupe.report.leaderboard import FailureCount, Standing, count_failures, ranked, standings
from editloupe.report.ranking import Ranking
from editloupe.report.robustness import Robustness, robustness_of
from editloupe.results import Results

__all__ = ["Noted", "Tables"]


@dataclass(frozen=True, slots=True)
class Noted:
    """How many edits carry notes, and the first note of the first one."""

    edits: int = 0
    editor: str = ""
    sample: str = ""
    note: str = ""

    @classmethod
    def of(cls, results: Results) -> Self:
        """Count them."""
        notes = results.notes_of_edits
        for (editor, sample, _), (note, *_) in notes.items():
            return cls(len(notes), editor, sample, note)
        return cls()


@dataclass(frozen=True, slots=True)
class Tables:
    """The numbers of every table of a report.

    Attributes:
        results: what they are computed from.
        standings: of all editors, in the order of the study.
        ranked: the same, best first.
        comparisons: of all pairs of editors by their overall scores.
        robustness: how far the table can be leaned on.
        failures: counted by editor, stage and kind.
        failed: how much failed in all.
        noted: what is to be known about edits, in short.
        ranking: of the pairs, where the study compares any.
    """

    results: Results
    standings: tuple[Standing, ...]
    ranked: tuple[Standing, ...]
    comparisons: Comparisons
    robustness: Robustness
    failures: tuple[FailureCount, ...]
    failed: FailureSummary
    noted: Noted
    ranking: Ranking | None = None

    @classmethod
    def of(cls, results: Results) -> Self:
        """Compute them."""
        table = standings(results)
        best = ranked(table)
        ranking = Ranking.of(results)
        if ranking is not None and not results.metrics:  # no edit has a score of its own
            rank_of = {editor.name: number for number, editor in enumerate(ranking.editors)}
            best.sort(key=lambda standing: rank_of[standing.editor.name])
        failures = count_failures(results)
        comparisons = compare_all(results, [standing.editor.name for standing in best])
        return cls(
            results=results,
            standings=tuple(table),
            ranked=tuple(best),
            comparisons=comparisons,
            robustness=robustness_of(best, comparisons, results.scale),
            failures=tuple(failures),
            failed=summarize_failures(results, failures),
            noted=Noted.of(results),
            ranking=ranking,
        )
