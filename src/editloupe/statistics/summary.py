"""Scores -> the numbers of one table cell, failures counted and never scored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from editloupe.statistics.interval import mean_interval

__all__ = ["Estimate", "summarize"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The numbers of one table cell. A number without data is None, never 0.

    Attributes:
        n: items with a score.
        failed: items without one; n + failed = all applicable items.
        mean, median, min, max: of the scores.
        std: their standard deviation with n - 1 in the denominator; None below two scores.
        ci95: the 95 % interval of the mean; None below two clusters, (v, v) when all scores are equal.
        mean_if_failures_worst: the mean with every failure counted as the worst score.
    """

    n: int
    failed: int
    mean: float | None
    std: float | None
    median: float | None
    min: float | None
    max: float | None
    ci95: tuple[float, float] | None
    mean_if_failures_worst: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``report.json`` holds for one cell."""
        data = asdict(self)
        data["ci95"] = None if self.ci95 is None else list(self.ci95)
        return data


def summarize(
    values: Sequence[float | None],
    clusters: Sequence[str],
    *,
    worst: float,
    limits: tuple[float, float] | None = None,
) -> Estimate:
    """Summarize the scores of one group of items.

    Args:
        values: one per item; None where it failed.
        clusters: one per item; items of equal cluster (the same source image) are not independent of each other.
        worst: the score that a failure stands for in `Estimate.mean_if_failures_worst`.
        limits: the ends of the scale, which the interval does not pass.

    Raises:
        ValueError: unequal lengths, or a score that is not finite.
    """
    known = [(value, cluster) for value, cluster in zip(values, clusters, strict=True) if value is not None]
    failed = len(values) - len(known)
    if not known:
        return Estimate(0, failed, None, None, None, None, None, None, float(worst) if failed else None)
    # Sorted, so that the order of arrival cannot move the last digit of a floating-point sum.
    known.sort()
    scores = np.array([value for value, _ in known], dtype=np.float64)
    if not np.isfinite(scores).all():
        raise ValueError("a score is a finite number; what has none is None")
    total = math.fsum(scores)
    low, high = float(scores[0]), float(scores[-1])
    mean = low if low == high else total / len(scores)
    return Estimate(
        n=len(scores),
        failed=failed,
        mean=mean,
        std=float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        median=float(np.median(scores)),
        min=low,
        max=high,
        ci95=mean_interval(scores, [cluster for _, cluster in known], limits=limits),
        mean_if_failures_worst=(total + failed * worst) / len(values) if failed else mean,
    )
