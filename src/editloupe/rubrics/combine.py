"""How scores of one edit become another one. Each formula is a named pure function of scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["FORMULAS", "Formula"]


@dataclass(frozen=True, slots=True)
class Formula:
    """A function of scores, and how many it takes; any number where None."""

    function: Callable[[Sequence[float]], float]
    takes: int | None = None

    def __call__(self, scores: Sequence[float]) -> float:
        """The score that follows from these."""
        return self.function(scores)


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)


def _geometric_mean(scores: Sequence[float]) -> float:
    """exp(mean(log x)); 0 as soon as one score is 0. Scores are never negative here."""
    if min(scores) <= 0:
        return 0.0
    return math.exp(sum(math.log(score) for score in scores) / len(scores))


def _root_of_product(scores: Sequence[float]) -> float:
    """sqrt(SC * PQ): the overall score of VIEScore (Ku et al., ACL 2024) and GEdit-Bench (Step1X-Edit, 2025)."""
    return math.sqrt(scores[0] * scores[1])


def _mean_under_first(scores: Sequence[float]) -> float:
    """The mean, no score counting more than the first: preserving is worth nothing where nothing was done (ImgEdit)."""
    return _mean([min(score, scores[0]) for score in scores])


def _weighted(*weights: float) -> Callable[[Sequence[float]], float]:
    """RISEBench's score: a weighted mean, halved where the reasoning is 1, but at least 1.

    The reasoning is the score with the largest weight (Zhao et al., RISEBench, 2025).
    """
    reasoning = weights.index(max(weights))

    def score(scores: Sequence[float]) -> float:
        total = sum(weight * score for weight, score in zip(weights, scores, strict=True))
        return max(1.0, total / 2) if scores[reasoning] == 1 else total

    return score


def _percent_of_five(scores: Sequence[float]) -> float:
    """The mean of scores from 1 to 5 as percent: (mean - 1) * 25 (Wu et al., KRIS-Bench, 2025)."""
    return (_mean(scores) - 1) * 25


FORMULAS: dict[str, Formula] = {
    "mean": Formula(_mean),
    "min": Formula(min),
    "geometric_mean": Formula(_geometric_mean),
    "root_of_product": Formula(_root_of_product, 2),
    "mean_under_first": Formula(_mean_under_first),
    "percent_of_five": Formula(_percent_of_five),
    "rise": Formula(_weighted(0.3, 0.5, 0.2), 3),
    "rise_logical": Formula(_weighted(0.3, 0.7), 2),
    "rise_consistency_free": Formula(_weighted(0.8, 0.2), 2),
}
