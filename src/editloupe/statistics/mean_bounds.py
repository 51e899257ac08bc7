"""Bounds of a mean that assume nothing but the ends of the scale: no normality, and equal values are no certainty."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["fewest_for", "lower_bounds", "upper_bounds"]

Floats = NDArray[np.float64]

DRAWS = 5_000
"""Random weights behind one bound; the third decimal moves with another seed."""


def lower_bounds(values: Floats, *, floor: float, alpha: float, seed: int = 0) -> Floats:
    """Bound means from below; each bound lies above its true mean with a probability of at most about `alpha`.

    To the values the worst one is added that could have been there, and the bound is the `alpha` quantile of the means
    under random weights (Gaffke, *Three test statistics for a nonparametric one-sided hypothesis on the mean of a
    nonnegative variable*, Mathematical Methods of Statistics 14, 2005). A t interval of equal values has no width, and
    so excludes what a few values cannot exclude; this one then equals the exact binomial bound. That it holds for every
    distribution is not proven; no counterexample is known (Phan, Thomas & Learned-Miller, *Towards Practical Mean
    Bounds for Small Samples*, ICML 2021).

    Args:
        values: (n, columns), independent within a column, none below `floor`.
        floor: the lowest value that there can be.
        alpha: how often the bound may be wrong.
        seed: of the weights.

    Returns:
        (columns,); `floor` where there is no value.
    """
    lowest = np.full((1, values.shape[1]), floor)
    means = _weights(len(values) + 1, seed) @ np.concatenate([values, lowest])
    return np.asarray(np.quantile(means, alpha, axis=0, method="lower"), dtype=np.float64)


def upper_bounds(values: Floats, *, ceiling: float, alpha: float, seed: int = 0) -> Floats:
    """Bound means from above, as `lower_bounds` does from below.

    Args:
        values: (n, columns), none above `ceiling`.
        ceiling: the highest value that there can be.
        alpha: how often the bound may be wrong.
        seed: of the weights.
    """
    return -lower_bounds(-values, floor=-ceiling, alpha=alpha, seed=seed)


def fewest_for(width: float, *, span: float, alpha: float) -> int:
    """How many values there must be before a bound can lie within `width` of them, even where all are equal.

    Args:
        width: from the mean to the bound.
        span: from the mean to the end of the scale.
        alpha: how often the bound may be wrong.
    """
    return int(np.ceil(np.log(alpha) / np.log1p(-width / span)))


@lru_cache(maxsize=8)
def _weights(count: int, seed: int) -> Floats:
    """(DRAWS, count) weights that sum to 1, each composition equally likely."""
    weights = np.random.default_rng(seed).exponential(size=(DRAWS, count))
    weights /= weights.sum(axis=1, keepdims=True)
    weights.flags.writeable = False
    return weights
