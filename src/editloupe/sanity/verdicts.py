"""From pairs of scores to `pass`, `fail` or `underpowered`: a pure function, and the error rates that it keeps.

Every score is first brought to a scale from 0 to 1. ``docs/design/sanity.md`` has the rules with their measured rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from editloupe.judge_quality.sanity import Kind, Reason, SanityVerdict
from editloupe.statistics.mean_bounds import fewest_for, lower_bounds, upper_bounds

__all__ = [
    "ALPHA",
    "FEWEST",
    "MARGIN",
    "Finding",
    "ScorePairs",
    "findings_of",
    "verdict_of",
]

Floats = NDArray[np.float64]

ALPHA = 0.05
"""How often a probe may call an awake judge asleep, and how often a sleeping one awake, where it is at the border."""

MARGIN = 0.1
"""The smallest change of a mean score that matters, as a share of the scale: one point of ten."""

ROOM = 2 * MARGIN
"""How far above the bottom the edits' own mean score has to be for a missing fall to count as a failure."""

FEWEST = fewest_for(MARGIN, span=1.0, alpha=ALPHA)
"""Below so many edits nothing can be called the same, however equal the scores are."""


@dataclass(frozen=True, slots=True)
class ScorePairs:
    """Scores of one metric from 0 to 1, an entry per edit; None where there is none.

    Attributes:
        before: of the study's own questions.
        after: of the probe's.
        repeated: of the study's questions asked a second time: what changes without any reason. None where `after` is
            that itself, and where a fall is looked for.
    """

    before: Sequence[float | None]
    after: Sequence[float | None]
    repeated: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found in one metric; the numbers are shares of the metric's scale.

    Attributes:
        verdict: about this metric.
        reason: why it is underpowered.
        edits: how many were asked about.
        lost: for how many of them a score is missing, on either side.
        mean: of the change over the others: how far the score falls, or by how much more it changes than by being
            asked twice. None where all are lost.
        low, high: its bounds, in which a missing score is the one that is least favourable.
    """

    verdict: SanityVerdict
    reason: Reason
    edits: int
    lost: int
    mean: float | None
    low: float
    high: float


def findings_of(
    kind: Kind, pairs: Mapping[str, ScorePairs], *, metrics: int | None = None, alpha: float = ALPHA, seed: int = 0
) -> dict[str, Finding]:
    """Weigh the scores of each metric.

    A fall (`drop`) **passes** where its lower bound is above 0, and **fails** where its upper bound is below `MARGIN`
    although there was room to fall. A sameness (`same`) passes where the upper bound of the mean absolute change is
    below `MARGIN`, and fails where the lower one is above it. The lower bound is corrected for the number of metrics,
    because one of them decides; the upper one is not, because all of them must agree.

    A missing score counts as the least favourable one for either verdict; where more than half of the edits lack one,
    there is no verdict.

    Args:
        kind: what the right answer is.
        pairs: the scores by metric.
        metrics: how many there are of which one decides; all of `pairs` by default.
        alpha: the error rate of one probe.
        seed: of the bounds.
    """
    changes = {name: _Changes.of(kind, scores) for name, scores in pairs.items()}
    levels = alpha / (metrics or max(1, len(pairs))), alpha
    bounds = _bounds(list(changes.values()), levels, seed)
    return {
        name: _finding(kind, change, ends, _mean_low(pairs[name].before), levels, seed)
        for (name, change), ends in zip(changes.items(), bounds, strict=True)
    }


def verdict_of(kind: Kind, findings: Mapping[str, Finding]) -> tuple[SanityVerdict, Reason]:
    """Join what a probe found in its metrics.

    One metric that falls shows that the judge saw the difference, and one that changes without reason that it is
    unsteady; the opposite needs all of them.

    Args:
        kind: what the right answer is.
        findings: by metric; one at least.
    """
    verdicts = {finding.verdict for finding in findings.values()}
    one_is_enough: SanityVerdict = "pass" if kind == "drop" else "fail"
    all_are_needed: SanityVerdict = "fail" if kind == "drop" else "pass"
    if one_is_enough in verdicts:
        return one_is_enough, ""
    if verdicts == {all_are_needed}:
        return all_are_needed, ""
    return "underpowered", next(finding.reason for finding in findings.values() if finding.verdict == "underpowered")


@dataclass(frozen=True, slots=True)
class _Changes:
    """The lowest and highest that each change can be, and where both are the same because nothing is missing."""

    low: Floats
    high: Floats
    known: NDArray[np.bool_]
    floor: float

    @classmethod
    def of(cls, kind: Kind, pairs: ScorePairs) -> _Changes:
        before, after = _ends(pairs.before), _ends(pairs.after)
        floor = -1.0
        if kind == "drop":
            low, high = before[0] - after[1], before[1] - after[0]
        else:
            low, high = _distance(before, after)
            if pairs.repeated is None:
                floor = 0.0
            else:
                least, most = _distance(before, _ends(pairs.repeated))
                low, high = low - most, high - least
        sides = [pairs.before, pairs.after, *([] if pairs.repeated is None else [pairs.repeated])]
        known = np.array(
            [all(score is not None for score in edit) for edit in zip(*sides, strict=True)], dtype=np.bool_
        )
        return cls(low, high, known, floor)

    @property
    def without_lost(self) -> _Changes:
        return _Changes(self.low[self.known], self.high[self.known], self.known[self.known], self.floor)


def _finding(
    kind: Kind, change: _Changes, bounds: tuple[float, float], room: float, levels: tuple[float, float], seed: int
) -> Finding:
    known, (lower, upper) = change.known, bounds
    lost = len(known) - int(known.sum())
    reason: Reason = ""
    verdict = _decided(kind, lower, upper, room)
    if lost > len(known) / 2:  # the bounds may decide all the same, but hardly anything was seen
        verdict, reason = "underpowered", "lost"
    elif verdict == "underpowered":
        alone = _bounds([change.without_lost], levels, seed)[0] if lost else bounds
        if lost and _decided(kind, *alone, room) != verdict:
            reason = "lost"
        else:
            reason = "no-room" if kind == "drop" and upper < MARGIN else "few"
    mean = float(change.low[known].mean()) if lost < len(known) else None
    return Finding(verdict, reason, len(known), lost, mean, lower, upper)


def _ends(scores: Sequence[float | None]) -> tuple[Floats, Floats]:
    """A missing score may be anything on the scale."""
    low = np.array([0.0 if score is None else score for score in scores], dtype=np.float64)
    high = np.array([1.0 if score is None else score for score in scores], dtype=np.float64)
    return low, high


def _distance(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The least and the greatest distance of two intervals' points."""
    least = np.maximum(0.0, np.maximum(one[0] - other[1], other[0] - one[1]))
    return least, np.maximum(one[1] - other[0], other[1] - one[0])


def _bounds(changes: Sequence[_Changes], levels: tuple[float, float], seed: int) -> list[tuple[float, float]]:
    """The bounds of each mean; those of equally many edits are computed together."""
    bounds: list[tuple[float, float]] = [(-1.0, 1.0)] * len(changes)
    alike: dict[tuple[int, float], list[int]] = {}
    for index, change in enumerate(changes):
        alike.setdefault((len(change.low), change.floor), []).append(index)
    for (_, floor), indices in alike.items():
        low, high = (np.stack([getattr(changes[at], end) for at in indices], axis=1) for end in ("low", "high"))
        lower = lower_bounds(low, floor=floor, alpha=levels[0], seed=seed)
        upper = upper_bounds(high, ceiling=1.0, alpha=levels[1], seed=seed)
        for index, *ends in zip(indices, lower, upper, strict=True):
            bounds[index] = (float(ends[0]), float(ends[1]))
    return bounds


def _decided(kind: Kind, lower: float, upper: float, room: float) -> SanityVerdict:
    if kind == "same":
        return "pass" if upper < MARGIN else "fail" if lower > MARGIN else "underpowered"
    if upper < MARGIN:
        return "fail" if room >= ROOM else "underpowered"
    return "pass" if lower > 0 else "underpowered"


def _mean_low(scores: Sequence[float | None]) -> float:
    """The mean of what is known, a missing score at the bottom."""
    return float(_ends(scores)[0].mean()) if len(scores) else 0.0
