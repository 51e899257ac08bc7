"""What became of a study's pairs, as frozen records: the study hands them over, the report counts and shows them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from editloupe.records import Failure

__all__ = ["PairAnswer", "PairResults", "PairVerdict", "Shares"]

Shares = tuple[float, float, float]
"""How much of a comparison says: the first editor's edit is better, the second's, neither; adds up to 1."""


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """What the judge said about a pair in one order.

    Attributes:
        turned: whether the second editor's edit was shown first.
        draw: which of several drawn replies.
        outcome: by editor, whatever was shown first; None where it could not be told.
        words: the judge's words, also where they could not be read.
        labels: for answers by choice: probability of each label.
        failure: why there is no outcome.
    """

    turned: bool
    draw: int
    outcome: Shares | None
    words: str | None = None
    labels: Mapping[str, float] | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """One (sample, editor, editor, metric) of the plan.

    Attributes:
        sample, category, cluster, instruction: of the sample, as in `results.Verdict`.
        a, b: the editors, in the study's order.
        metric: by what they were compared; empty where one of the edits failed, which is one failed pair.
        outcome: the mean of its answers; None where one of them, or an edit, failed.
        answers: in both orders; none where the pair was not asked.
        failure: why there is no outcome.
        identical: whether both edits are the same file: a tie that no judge was asked about.
        images: of both edits, relative to the study folder.
        sources: the source images, likewise.
    """

    sample: str
    category: str
    cluster: str
    instruction: str
    a: str
    b: str
    metric: str
    outcome: Shares | None
    answers: tuple[PairAnswer, ...] = ()
    failure: Failure | None = None
    identical: bool = False
    images: tuple[str | None, str | None] = (None, None)
    sources: tuple[str, ...] = ()

    @property
    def net(self) -> float | None:
        """From -1, the second editor's edit is better, to 1, the first one's is."""
        return None if self.outcome is None else self.outcome[0] - self.outcome[1]


@dataclass(frozen=True, slots=True)
class PairResults:
    """All pairs of a study's plan.

    Attributes:
        mode: which pairs are asked: ``all``, ``baseline`` or ``adaptive``.
        baseline: of the mode ``baseline``.
        error: of the mode ``adaptive``: how likely a settled rank may be wrong, over all ranks together.
        max_questions: of the mode ``adaptive``.
        stopped: of the mode ``adaptive``: ``settled``, ``budget``, ``samples`` or, while it runs, nothing.
        rubric: whose questions these are.
        ties: whether the judge may say that neither is better.
        editors: names, in the study's order.
        metrics: by which pairs were compared.
        verdicts: in the order of the samples.
        order: of the clusters, as an adaptive plan takes them.
        questions: how many different questions the plan holds.
        waiting: how many of them have no reply yet.
    """

    mode: Literal["all", "baseline", "adaptive"]
    rubric: str
    editors: tuple[str, ...]
    metrics: tuple[str, ...]
    verdicts: tuple[PairVerdict, ...]
    baseline: str | None = None
    error: float | None = None
    max_questions: int | None = None
    stopped: str = ""
    ties: bool = True
    order: tuple[str, ...] = field(default=(), repr=False)
    questions: int = 0
    waiting: int = 0

    def among(self, samples: Container[str]) -> PairResults:
        """The same of some samples alone."""
        return replace(self, verdicts=tuple(verdict for verdict in self.verdicts if verdict.sample in samples))
