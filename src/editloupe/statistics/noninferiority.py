"""Whether a mean difference is surely above a margin: bounds that hold where scores are few, skewed or mostly equal.

``docs/design/gate.md`` says why these bounds, with the error rates and the power that ``perf/gate.py`` measures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

from editloupe.statistics.interval import ratio_error, ratio_interval

__all__ = ["FEWEST_DIFFERING", "MeanBounds", "mean_bounds"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

FEWEST_DIFFERING = 20
"""Below so many source images that differ the interval is too short in the simulation, and is not believed."""

FEWEST_FOR_REACH = 40
"""Below so many the reach is a little too short in the simulation, and is not told."""

ONE_SIDED = 0.975

REACHED = 0.83
"""The quantile that gives 80 % power: scores are discrete and skewed, so the exact 0.8 gave 76 to 79 %."""


@dataclass(frozen=True, slots=True)
class MeanBounds:
    """A mean difference with a bound on each side, each of which is wrong at most once in forty.

    Attributes:
        n, clusters: samples, and source images, the difference is measured on.
        differing: source images whose summed difference is not 0.
        mean: of the differences; None without samples.
        low, high: the bounds; None where the data are too few to give one.
        reach: how far the true mean has to lie above a margin to be found above it four times in five; None where
            that is not known.
    """

    n: int
    clusters: int
    differing: int
    mean: float | None
    low: float | None
    high: float | None
    reach: float | None


def mean_bounds(differences: Floats, clusters: Codes, span: float) -> MeanBounds:
    """Bound the mean difference.

    With at least `FEWEST_DIFFERING` source images that differ the bounds are the ends of the 95 % interval of
    `ratio_interval`. With fewer its variance is hardly known. Then only a bound that needs no variance is given: no
    source image lowers the mean by more than `span`, and the share of those that lower it is at most the upper
    Clopper-Pearson bound (*The Use of Confidence or Fiducial Limits*, Biometrika 26, 1934) of those that did.

    Args:
        differences: (samples,) finite.
        clusters: (samples,) which samples share a source image, as numbers from 0.
        span: the largest difference there can be, in either direction.
    """
    if not len(differences):
        return MeanBounds(0, 0, 0, None, None, None, None)
    _, codes = np.unique(clusters, return_inverse=True)
    # Rounded, so that differences that cancel within a source image are no difference.
    sums: Floats = np.round(np.bincount(codes, weights=differences), 9).astype(np.float64)
    sizes = np.bincount(codes).astype(np.float64)
    number, differing = len(sizes), int(np.count_nonzero(sums))
    mean = float(sums.sum() / sizes.sum())
    if differing >= FEWEST_DIFFERING:
        ends, error = ratio_interval(sums, sizes, limits=(-span, span)), ratio_error(sums, sizes)
        assert ends is not None  # there are more than two clusters
        assert error is not None
        # Where all differ by the same, their spread is not known, and there is nothing to plan with.
        planned = differing >= FEWEST_FOR_REACH and error > 1e-7
        reach = float(stdtrit(number - 1, ONE_SIDED) + stdtrit(number - 1, REACHED)) * error if planned else None
        return MeanBounds(len(differences), number, differing, mean, *ends, reach)
    # A source image with more samples than others weighs more than its share.
    weight = span * float(sizes.max() / sizes.mean())
    low = -weight * _share_at_most(int(np.count_nonzero(sums < 0)), number)
    high = weight * _share_at_most(int(np.count_nonzero(sums > 0)), number)
    return MeanBounds(len(differences), number, differing, mean, max(low, -span), min(high, span), None)


def _share_at_most(hits: int, of: int) -> float:
    """The upper Clopper-Pearson bound of a share."""
    return 1.0 if hits >= of else float(betaincinv(hits + 1, of - hits, ONE_SIDED))
