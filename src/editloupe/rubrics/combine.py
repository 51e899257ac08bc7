"""How the metrics of one edit become its overall score. Each formula is a named pure function of the metric scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

__all__ = ["FORMULAS"]


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)


def _geometric_mean(scores: Sequence[float]) -> float:
    """exp(mean(log x)); 0 as soon as one score is 0. Scores are never negative here."""
    if min(scores) <= 0:
        return 0.0
    return math.exp(sum(math.log(score) for score in scores) / len(scores))


FORMULAS: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": _mean,
    "min": min,
    "geometric_mean": _geometric_mean,
}
