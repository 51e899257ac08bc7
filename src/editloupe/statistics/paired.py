"""Two editors on the same samples: the mean difference, its interval, and whether it could be chance.

What the two share, hard and easy samples, drops out of a difference, so it is sharper than two separate intervals.
``docs/design/paired.md`` says why these methods, with their measured behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from editloupe.statistics.interval import ratio_error, ratio_interval

__all__ = ["ALPHA", "FEWEST", "FLIPS", "PairedDifference", "holm", "paired_differences", "smallest_p"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

ALPHA = 0.05
POWER = 0.8
FLIPS = 9_999
EXACT = 13
"""Up to so many clusters all 2^G sign patterns are counted; beyond, `FLIPS` random ones are."""

FEWEST = 6
"""Below so many clusters no p can fall below `ALPHA`, however large the difference: of 2^5 patterns two are extreme."""

NEAR = 1e-7
"""Sums that differ by less are equal; floats add up differently in each pattern."""

SLICE = 50_000
"""Clusters whose signs are floating-point numbers at once."""

BLOCK = 500
"""Sign patterns at a time: bounds the memory, whatever the number of comparisons."""


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """One editor's scores minus another's. A number that the data do not define is None, never 0.

    Attributes:
        n: samples on which both have a score.
        difference: mean of the differences, in points of the scale.
        ci95: its 95 % interval, clustered by source image; None below two clusters, (v, v) where all are equal.
        p: two-sided, of the sign-flip test: how often chance alone gives a mean difference as large as this one.
        detectable: the true difference that so many samples show with 80 % power at the 5 % level; None below `FEWEST`
            clusters, where the test shows none, and where all differences are equal, so that their spread is not known.
        clusters: source images of these samples.
        win, tie, loss: samples on which the first editor has the higher, an equal, the lower score.
    """

    n: int
    difference: float | None
    ci95: tuple[float, float] | None
    p: float | None
    detectable: float | None
    win: int
    tie: int
    loss: int
    clusters: int = 0


def paired_differences(
    differences: Floats, clusters: Codes, *, limits: tuple[float, float] | None = None, seed: int = 0
) -> list[PairedDifference]:
    """Summarize many comparisons over the same samples.

    The test: under no difference, either editor could have made either edit of a sample, so the sign of a cluster's
    summed difference is arbitrary; p is the share of sign patterns with a sum at least as large (Fisher, *The Design
    of Experiments*, 1935, section 21), by whole clusters because edits of one source image are not exchangeable singly.
    Up to `EXACT` clusters that differ, all patterns are counted, ties in full: exact, and never too bold. Beyond that,
    `FLIPS` seeded ones, and p = (1 + larger + ties / 2) / (1 + FLIPS): one is added because a p is never zero (Phipson
    & Smyth, *Permutation P-values Should Never Be Zero*, 2010), and ties, which whole scores make common, count half
    (the mid-p of Lancaster, *Significance Tests in Discrete Distributions*, J. Am. Statist. Assoc. 56, 1961), so that
    p is uniform where there is no difference.

    The detectable difference is (t_{0.975} + t_{0.8}) SE with G - 1 degrees of freedom and the cluster-robust SE
    (Bloom, *Minimum Detectable Effects*, Evaluation Review 19, 1995).

    Args:
        differences: (samples, comparisons); NaN where one of the two has no score.
        clusters: (samples,) which samples share a source image, as numbers from 0.
        limits: the ends that no difference can pass; intervals are cut there.
        seed: of the sign patterns.
    """
    known = ~np.isnan(differences)
    values: Floats = np.where(known, differences, 0.0).astype(np.float64)
    number = int(clusters.max()) + 1 if len(clusters) else 0
    # Rounding keeps a tie a tie, and equal sums equal whatever the order of the additions.
    values = np.round(values, 9)
    sums = _per_cluster(values, clusters, number)
    counts = _per_cluster(known.astype(np.float64), clusters, number)
    p_values = _sign_flips(sums, counts, seed)
    results = []
    for column in range(differences.shape[1]):
        n = int(known[:, column].sum())
        if n == 0:
            results.append(PairedDifference(0, None, None, None, None, 0, 0, 0))
            continue
        own, sizes = sums[:, column], counts[:, column]
        present = int(np.count_nonzero(sizes))
        error = ratio_error(own, sizes)
        # Rounding errors of equal differences are no spread either.
        shows = error is not None and present >= FEWEST and error > NEAR
        reach = float(stdtrit(present - 1, 1 - ALPHA / 2) + stdtrit(present - 1, POWER)) if shows else None
        win = int(np.count_nonzero(values[:, column] > 0))
        loss = int(np.count_nonzero(values[:, column] < 0))
        results.append(
            PairedDifference(
                n=n,
                difference=float(own.sum() / n),
                ci95=ratio_interval(own, sizes, limits=limits),
                p=p_values[column],
                detectable=None if error is None or reach is None else reach * error,
                win=win,
                tie=n - win - loss,
                loss=loss,
                clusters=present,
            )
        )
    return results


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct for the number of comparisons (Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, 1979).

    Args:
        p_values: of one family; None where a comparison has none, which does not count.
    """
    order = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for step, (p, index) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - step) * p))
        corrected[index] = highest
    return corrected


def smallest_p(clusters: int) -> float | None:
    """The smallest p that the test can give on so many clusters; None below two."""
    if clusters < 2:
        return None
    return 2 / 2**clusters if clusters <= EXACT else 1 / (1 + FLIPS)


def _per_cluster(values: Floats, clusters: Codes, number: int) -> Floats:
    """Sum rows of one cluster: (samples, comparisons) -> (clusters, comparisons)."""
    sums = np.zeros((number, values.shape[1]))
    np.add.at(sums, clusters, values)
    return np.round(sums, 9)


def _sign_flips(sums: Floats, counts: Floats, seed: int) -> list[float | None]:
    """The p of each comparison, from its cluster sums, (clusters, comparisons); None below two clusters."""
    observed = np.abs(sums.sum(axis=0))
    clusters = np.count_nonzero(counts, axis=0)
    p_values: list[float | None] = [None] * sums.shape[1]
    many = []
    for column in range(sums.shape[1]):
        moving = sums[sums[:, column] != 0, column]  # a cluster without a difference has no sign to flip
        if clusters[column] < 2:
            continue
        if len(moving) > EXACT:
            many.append(column)
            continue
        patterns = 1 - 2 * (np.arange(2 ** len(moving))[:, None] >> np.arange(len(moving)) & 1)
        p_values[column] = float(np.mean(np.abs(patterns @ moving) >= observed[column] - NEAR))
    if many:
        hits = np.zeros(len(many))
        rng = np.random.default_rng(seed)
        for start in range(0, FLIPS, BLOCK):
            rows = min(BLOCK, FLIPS - start)
            heads = rng.integers(0, 2, (rows, len(sums)), dtype=np.int8)
            flipped = np.zeros((rows, len(many)))
            for first in range(0, len(sums), SLICE):
                part = slice(first, first + SLICE)
                flipped += (1.0 - 2.0 * heads[:, part]) @ sums[part][:, many]
            flipped = np.abs(flipped)
            hits += np.count_nonzero(flipped > observed[many] + NEAR, axis=0)
            hits += np.count_nonzero(np.abs(flipped - observed[many]) <= NEAR, axis=0) / 2
        for column, count in zip(many, hits, strict=True):
            p_values[column] = float((1 + count) / (1 + FLIPS))
    return p_values
