"""What the sanity probes found about a judge, as the ledger and ``audit.json`` hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from editloupe.judge_quality.stored import record_from, stored

__all__ = ["Kind", "MetricChange", "ProbeExample", "ProbeResult", "Reason", "Sanity", "SanityVerdict"]

Kind = Literal["drop", "same"]
"""Whether the score has to fall, or must stay."""

SanityVerdict = Literal["pass", "fail", "underpowered", "not-applicable"]

Reason = Literal["", "few", "lost", "no-room", "one-source", "unnumbered", "unchanged"]
"""Why there is neither a `pass` nor a `fail`."""


@dataclass(frozen=True, slots=True)
class MetricChange:
    """How far one metric's scores change, in points of its scale.

    Attributes:
        verdict, reason: about this metric.
        n, lost: edits with all scores that are needed, and without.
        mean: of the n; how far the score falls, or by how much more it changes than by being asked twice.
        low, high: its bounds, in which a missing score is the least favourable one.
        margin: the smallest change that matters.
    """

    verdict: SanityVerdict
    reason: Reason
    n: int
    lost: int
    mean: float | None
    low: float
    high: float
    margin: float


@dataclass(frozen=True, slots=True)
class ProbeExample:
    """One edit that a probe asked about; pictures are paths in the study folder.

    Attributes:
        editor, sample: whose edit, of which sample.
        instruction, told: what the editor was told, and what the judge was told instead.
        sources, shown_sources: the source pictures, and in the order in which the judge saw them.
        image, shown: the edit, and what the judge saw in its place.
        before: a sentence that was put before the question.
        words: of the judge about the changed question.
        scores: by metric, of the study's own question and of the changed one.
    """

    editor: str
    sample: str
    instruction: str
    told: str
    sources: tuple[str | None, ...]
    shown_sources: tuple[str | None, ...]
    image: str | None
    shown: str | None
    before: str
    words: str
    scores: Mapping[str, tuple[float | None, float | None]]

    @property
    def pictures(self) -> list[str]:
        """All of them."""
        named = (*self.sources, *self.shown_sources, self.image, self.shown)
        return [picture for picture in named if picture is not None]


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe found.

    Attributes:
        kind: what the right answer is.
        verdict, reason: over all metrics.
        edits: how many were asked about.
        lost: of how many a score is missing, in the metric that lacks most.
        failure: why one of them is missing; None where none is.
        metrics: those that the probe tests.
        examples: the edits that speak most against the judge.
    """

    kind: Kind
    verdict: SanityVerdict
    reason: Reason
    edits: int = 0
    lost: int = 0
    failure: str | None = None
    metrics: Mapping[str, MetricChange] = field(default_factory=dict)
    examples: tuple[ProbeExample, ...] = ()


@dataclass(frozen=True, slots=True)
class Sanity:
    """What all probes of a study found.

    Attributes:
        judge, signature: its name; the judge with its answer mode and decoding.
        rubric: what it was asked.
        form: ``full`` or ``short``.
        error_rate: how often a verdict is wrong at its border.
        margin: the smallest change that matters, as a share of the scale.
        fewest: edits that are needed before a score can be called the same.
        questions: how many were asked besides the study's own.
        probes: by name.
    """

    judge: str
    signature: str
    rubric: str
    form: str
    error_rate: float
    margin: float
    fewest: int
    questions: int
    probes: Mapping[str, ProbeResult]

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each probe."""
        return {name: probe.verdict for name, probe in self.probes.items()}

    @property
    def lost(self) -> int:
        """How many scores are missing, over all probes."""
        return sum(probe.lost for probe in self.probes.values())

    def as_json(self) -> dict[str, Any]:
        """Return the object that the ledger and ``audit.json`` hold."""
        return stored(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Make the record of the object that the ledger holds.

        Raises:
            ValueError: it is no such object.
        """
        return record_from(cls, data)
