"""How much failed, and why, in two units that are always named: scores, and the edits that could not be made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from editloupe.report.leaderboard import FailureCount
from editloupe.report.words import one_line, words
from editloupe.results import NOT_DONE, Language, Results

__all__ = ["FailureSummary", "Unit", "counted", "summarize_failures", "unit_of", "unreadable"]

Unit = Literal["edit", "score"]

_WORDS: Mapping[Unit, tuple[str, str]] = {
    "edit": ("unit_edit_one", "unit_edit"),
    "score": ("unit_score_one", "unit_score"),
}

SHOWN = 4
"""Kinds that a sentence names; the report has all of them."""


@dataclass(frozen=True, slots=True)
class FailureSummary:
    """What failed in a study; what no stage has come to yet is left out.

    Attributes:
        scores, edits: how many there are to be.
        failed_scores: without a number, for whatever reason.
        failed_edits: not made, the samples that cannot be used included; all of their scores failed with them.
        waiting: scores that a later run brings.
        kinds: (kind, how many, of what), the commonest first.
    """

    scores: int
    edits: int
    failed_scores: int
    failed_edits: int
    waiting: int
    kinds: tuple[tuple[str, int, Unit], ...]

    def sentence(self, language: Language = "en") -> str:
        """``14 of 72 scores failed (9 of 36 edits: missing-file; 5 scores: prose)``; empty where nothing failed."""
        if not self.failed_scores:
            return ""
        return words(language)["failed_of"].format(
            failed=self.failed_scores, scores=self.scores, causes=self.causes(language)
        )

    def causes(self, language: Language = "en") -> str:
        """What stands behind the failed scores: ``9 of 36 edits: missing-file; 5 scores: 3 prose, 2 empty``."""
        text = words(language)
        if not self.failed_edits:  # the caller says how many scores failed
            return self._kinds("score", text)
        parts = [text["failed_edits"].format(failed=self.failed_edits, edits=self.edits) + self._kinds("edit", text)]
        if asked := sum(count for _, count, unit in self.kinds if unit == "score"):
            parts.append(counted(asked, "score", language) + text["colon"] + self._kinds("score", text))
        return text["semicolon"].join(parts)

    def _kinds(self, unit: Unit, text: Mapping[str, str]) -> str:
        """The kinds of one unit, each with its number; one kind alone has that of the unit already."""
        kinds = [(one_line(kind, 60), count) for kind, count, parts in self.kinds if parts == unit]
        if len(kinds) == 1:
            return kinds[0][0]
        parts = [f"{count} {kind}" for kind, count in kinds[:SHOWN]]
        if len(kinds) > SHOWN:
            parts.append(text["more_kinds"].format(more=len(kinds) - SHOWN))
        return text["list_comma"].join(parts)


def summarize_failures(results: Results, counts: Iterable[FailureCount]) -> FailureSummary:
    """Sum up what failed in a study.

    Args:
        results: of the study.
        counts: its failures, counted by kind.
    """
    failed = waiting = 0
    edits = set()
    for verdict in results.verdicts:
        edits.add((verdict.editor, verdict.sample))
        failed += verdict.failure is not None
        waiting += verdict.failure is not None and verdict.failure.kind == NOT_DONE
    kinds: Counter[tuple[str, Unit]] = Counter()
    for counted_failures in counts:
        if counted_failures.kind != NOT_DONE:
            kinds[counted_failures.kind, unit_of(counted_failures)] += counted_failures.count
    return FailureSummary(
        scores=len(results.verdicts),
        edits=len(edits),
        failed_scores=failed - waiting,
        failed_edits=sum(count for (_, unit), count in kinds.items() if unit == "edit"),
        waiting=waiting,
        kinds=tuple((kind, count, unit) for (kind, unit), count in kinds.most_common()),
    )


def unit_of(count: FailureCount) -> Unit:
    """The unit that a count of failures is in."""
    return "score" if count.stage in ("judge", "score") else "edit"


def counted(count: int, unit: Unit, language: Language = "en") -> str:
    """``1 edit``, ``9 edits``."""
    singular, several = _WORDS[unit]
    return words(language)[singular if count == 1 else several].format(count=count)


def unreadable(results: Results) -> int:
    """How many scores are missing because a reply could not be read."""
    return sum(verdict.failure is not None and verdict.failure.stage == "score" for verdict in results.verdicts)
