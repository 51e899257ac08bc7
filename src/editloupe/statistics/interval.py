"""The 95 % interval of a mean whose scores come in clusters: several edits of one source image are not independent.

A t interval with a cluster-robust standard error, bent by Hall's correction for skewness. It is closed-form, so it
needs no seed and gives the same digits on every machine. ``docs/design/intervals.md`` says why it was chosen over
the plain t interval and the BCa bootstrap, with the coverage that ``perf/interval_coverage.py`` measures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

__all__ = ["cluster_sums", "mean_interval", "mean_of_ratios_interval", "ratio_error", "ratio_interval"]

Floats = NDArray[np.float64]

LEVEL = 0.95

MOST_BEND = 0.3
"""Cap on the skewness correction, as bend times quantile: the longer side stays below twice that of a plain t
interval. Below some 15 clusters the skewness itself is hardly known, and uncapped it can send one end across the scale.
"""


def mean_interval(
    values: Sequence[float] | Floats, clusters: Sequence[str], *, limits: tuple[float, float] | None = None
) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean of `values`, or None below two clusters.

    Args:
        values: finite scores.
        clusters: for each score, what it shares with others that are not independent of it (the source image).
        limits: the ends of the scale, which no mean can pass; the interval is cut there.
    """
    scores = np.asarray(values, dtype=np.float64)
    if len(set(clusters)) < 2:
        return None
    if np.ptp(scores) == 0:
        return float(scores[0]), float(scores[0])
    sums, counts = cluster_sums(scores, clusters)
    return ratio_interval(sums, counts, limits=limits)


def ratio_interval(
    sums: Floats, counts: Floats, *, limits: tuple[float, float] | None = None
) -> tuple[float, float] | None:
    """Return the 95 % interval of ``sum(sums) / sum(counts)``, where each pair comes from one independent cluster.

    With G clusters, m = sum(s) / sum(n) and residuals e = s - m * n:

    * standard error: ``sqrt(G / (G - 1) * sum(e^2)) / sum(n)``, the linearized variance of a ratio
      (Cochran, *Sampling Techniques*, 3rd ed. 1977, chapter 6), which is the cluster-robust CR1 variance of a mean
      (Cameron & Miller, *A Practitioner's Guide to Cluster-Robust Inference*, J. Human Resources 50, 2015);
    * quantiles: Student's t with G - 1 degrees of freedom (the same, on few clusters);
    * skewness: with g the skewness of the residuals, the interval is
      ``m - se * h(+q) <= mean <= m - se * h(-q)``, h the inverse of Hall's monotone cubic transformation
      (Hall, *On the Removal of Skewness by Transformation*, J. R. Statist. Soc. B 54, 1992).
      Without skewness h(q) = q and this is the plain t interval; `MOST_BEND` caps the correction.

    Args:
        sums: (G,) total of each cluster.
        counts: (G,) number of items in each cluster; clusters without items are left out.
        limits: the ends of the scale; the interval is cut there.

    Returns:
        (low, high), or None below two clusters.
    """
    present = counts > 0
    sums, counts = sums[present], counts[present]
    number = len(sums)
    error = ratio_error(sums, counts)
    if error is None:
        return None
    mean = float(sums.sum() / counts.sum())
    residuals = sums - mean * counts
    spread = float(np.mean(residuals**2))
    if spread <= (1e-12 * (abs(mean) + 1.0)) ** 2:
        return mean, mean
    skewness = float(np.mean(residuals**3)) / spread**1.5
    quantile = float(stdtrit(number - 1, (1 + LEVEL) / 2))
    bend = skewness / (3 * np.sqrt(number))
    bend = max(-MOST_BEND / quantile, min(MOST_BEND / quantile, bend))
    low = mean - error * _unbend(quantile, bend)
    high = mean - error * _unbend(-quantile, bend)
    if limits is not None:
        low, high = max(low, limits[0]), min(high, limits[1])
    return low, high


def mean_of_ratios_interval(
    sums: Floats, counts: Floats, *, limits: tuple[float, float] | None = None
) -> tuple[float, float] | None:
    """Return the 95 % interval of the unweighted mean of K ratios, such as the mean of the means of K groups.

    Each ratio is linearized as in `ratio_interval`, so a cluster g moves the mean by
    ``1/K sum_k (s_gk - r_k n_gk) / n_k``; the interval is that of a mean of G such contributions.

    Args:
        sums, counts: (G, K) total and number of items of each cluster in each group; groups without items are left out.
        limits: the ends of the scale; the interval is cut there.

    Returns:
        (low, high), or None where a group stands on fewer than two clusters: how far its mean could move is not known.
    """
    there = counts.sum(axis=0) > 0
    sums, counts = sums[:, there], counts[:, there]
    if not there.any() or (np.count_nonzero(counts, axis=0) < 2).any():
        return None
    totals = counts.sum(axis=0)
    ratios = sums.sum(axis=0) / totals
    moves = ((sums - ratios * counts) / totals).mean(axis=1)[counts.sum(axis=1) > 0]
    return ratio_interval(ratios.mean() + len(moves) * moves, np.ones(len(moves)), limits=limits)


def ratio_error(sums: Floats, counts: Floats) -> float | None:
    """Standard error of ``sum(sums) / sum(counts)``: the first of the steps of `ratio_interval`.

    Args:
        sums, counts: (G,) total and number of items of each cluster; clusters without items are left out.

    Returns:
        None below two clusters.
    """
    present = counts > 0
    sums, counts = sums[present], counts[present]
    number = len(sums)
    if number < 2:
        return None
    residuals = sums - sums.sum() / counts.sum() * counts
    return float(np.sqrt(number / (number - 1) * np.sum(residuals**2)) / counts.sum())


def _unbend(quantile: float, bend: float) -> float:
    """Invert Hall's ``x = t + a t^2 + a^2 t^3 / 3 + a / 2``, where a, the bend, is ``skewness / (3 sqrt(G))``.

    The cubic is ``((1 + a t)^3 - 1) / (3 a) + a / 2``, so a cube root inverts it, everywhere and monotonely. Because
    a / 2 stays below the quantile, the interval always holds the mean.
    """
    if abs(bend) < 1e-6:  # the limit; the cube root would cancel here
        return quantile
    return float((np.cbrt(1 + 3 * bend * (quantile - bend / 2)) - 1) / bend)


def cluster_sums(values: Floats, clusters: Sequence[str]) -> tuple[Floats, Floats]:
    """Return total and count of `values` per cluster, each (G,), clusters in sorted order."""
    code = {cluster: at for at, cluster in enumerate(sorted(set(clusters)))}
    codes = np.array([code[cluster] for cluster in clusters], dtype=np.intp)
    sums = np.bincount(codes, weights=values).astype(np.float64)
    return sums, np.bincount(codes).astype(np.float64)
