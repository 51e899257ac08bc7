"""The 95 % interval of a statistic that is no mean (a rank correlation, say), by resampling whole clusters."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["RESAMPLES", "bootstrap_interval"]

RESAMPLES = 2000

Floats = NDArray[np.float64]


def bootstrap_interval(
    statistic: Callable[[Floats], Floats], clusters: int, *, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """Return the bias-corrected and accelerated interval (BCa; Efron, J. Am. Statist. Assoc. 82, 1987).

    A resample draws as many clusters as there are, with replacement, and keeps each cluster whole. It is handed to the
    statistic as weights: how often each cluster was drawn.

    Args:
        statistic: maps weights (resamples, clusters) to values (resamples,); NaN where it is not defined.
        clusters: how many there are.
        seed: of the resampling.
        resamples: how many.

    Returns:
        (low, high); (v, v) where no resample changes the statistic; None below two clusters, or where the statistic is
        not defined on some resample, because leaving those out would narrow the interval.
    """
    if clusters < 2:
        return None

    def of_indices(indices: NDArray[np.intp], axis: int = -1) -> Floats:
        rows = np.moveaxis(np.atleast_2d(indices), axis, -1)
        flat = rows.reshape(-1, rows.shape[-1])
        offsets = np.arange(len(flat))[:, None] * clusters
        weights = np.bincount((flat + offsets).ravel(), minlength=len(flat) * clusters).reshape(len(flat), clusters)
        values = statistic(weights.astype(np.float64)).reshape(rows.shape[:-1])
        return values if np.ndim(indices) > 1 else values[0]

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # scipy warns of degenerate data; the answer below says it instead
        result = stats.bootstrap(
            (np.arange(clusters),),
            of_indices,
            vectorized=True,
            n_resamples=resamples,
            batch=250,
            method="BCa",
            rng=np.random.default_rng(seed),
        )
    drawn = np.asarray(result.bootstrap_distribution)
    if not np.isfinite(drawn).all():
        return None
    if np.ptp(drawn) < 1e-12:
        return float(drawn[0]), float(drawn[0])
    low, high = float(result.confidence_interval.low), float(result.confidence_interval.high)
    if not (np.isfinite(low) and np.isfinite(high)):
        # The acceleration is 0/0 where leaving out any one cluster changes nothing; percentiles need none.
        low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    return low, high
