"""How far a judge agrees with the truth (or with people): rank correlations, pairwise accuracy, absolute error."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from editloupe.statistics.bootstrap import bootstrap_interval
from editloupe.statistics.coefficient import Coefficient
from editloupe.statistics.interval import mean_interval, ratio_interval

__all__ = ["Agreement", "TieCounts", "Ties", "agreement"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TieCounts:
    """Pairs of edits by how they are tied.

    Attributes:
        pairs: all of them, whether tied or not.
        judge: tied by the judge only.
        truth: tied in truth only.
        both: tied on both sides.
    """

    pairs: int
    judge: int
    truth: int
    both: int


@dataclass(frozen=True, slots=True)
class Ties:
    """Ties among the pairs of edits of the same sample, and among all pairs."""

    within: TieCounts
    overall: TieCounts


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two sets of scores of the same edits agree; `agreement` defines the coefficients.

    Attributes:
        n: edits with both scores.
        spearman, kendall: rank correlations.
        pairwise_accuracy: share of the pairs of edits of one sample that both order alike.
        pairwise_accuracy_overall: the same over all pairs of edits.
        mae: mean absolute error, in points of the scale.
        ties: the pairs that have no order.
    """

    n: int
    spearman: Coefficient
    kendall: Coefficient
    pairwise_accuracy: Coefficient
    pairwise_accuracy_overall: Coefficient
    mae: Coefficient
    ties: Ties


def agreement(
    judge: Sequence[float],
    truth: Sequence[float],
    clusters: Sequence[str],
    seed: int,
    *,
    samples: Sequence[str] | None = None,
    scale: tuple[float, float] | None = None,
) -> Agreement:
    """Compare two sets of scores of the same edits.

    Definitions:

    * ``spearman``: Pearson's correlation of mid-ranks (`scipy.stats.spearmanr`).
    * ``kendall``: tau-b, ``(P - Q) / sqrt((P + Q + J) (P + Q + T))`` with P concordant and Q discordant pairs, J tied
      by the judge only and T tied in truth only (Kendall, *The Treatment of Ties in Ranking Problems*, Biometrika 33,
      1945; `scipy.stats.kendalltau`).
    * ``pairwise_accuracy``: P / (P + Q) over pairs of edits of the same sample; ``pairwise_accuracy_overall``: over all
      pairs. Ties stand apart (Deutsch, Foster & Freitag, *Ties Matter*, EMNLP 2023, discuss the alternatives), counted
      in ``ties``: ``pairs`` (P + Q + J + T + B), ``judge`` (J), ``truth`` (T) and ``both`` (B).
    * ``mae``: mean absolute error, in points of the scale.

    Intervals resample or linearize over whole clusters: `ratio_interval` for what is a ratio of sums over clusters
    (accuracy within samples, absolute error), `bootstrap_interval` for the rest.

    Args:
        judge: the judge's scores; edits without one are left out by the caller, which says how many.
        truth: the scores taken as true, one for each of the judge's.
        clusters: one per edit: what makes edits dependent (the source image).
        seed: of the bootstrap.
        samples: one per edit: which edits ``pairwise_accuracy`` compares; `clusters` by default. Samples lie within
            clusters.
        scale: the ends of both; no error is larger than their distance, nor is an end of its interval. Scores that lie
            outside, such as labels on a scale of their own, leave that end open.

    Returns:
        The coefficients; a value is None where the data do not define it (constant scores, no pairs), and an interval
        also below two clusters or where resamples are degenerate.

    Raises:
        ValueError: unequal lengths, or a score that is not finite.
    """
    x, y = np.asarray(judge, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if not len(x) == len(y) == len(clusters) == len(samples if samples is not None else clusters):
        raise ValueError("judge, truth, clusters and samples have one entry per edit")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("scores are finite numbers")
    codes = _codes(clusters)
    number = int(codes.max()) + 1 if len(codes) else 0
    within = _Pairs(x, y, codes, number, _codes(samples) if samples is not None else codes)
    overall = _Pairs(x, y, codes, number, None)

    def resampled(value: float | None, statistic: Callable[[Floats], Floats]) -> Coefficient:
        return Coefficient(value, bootstrap_interval(statistic, number, seed=seed) if value is not None else None)

    spearman, kendall = _coefficients(x, y)
    same = within.concordant.sum(axis=1)
    decided = same + within.discordant.sum(axis=1)
    error = np.abs(x - y)
    accuracy = _ratio(same.sum(), decided.sum())
    return Agreement(
        n=len(x),
        spearman=resampled(spearman, lambda weights: _spearman(x, y, weights[:, codes])),
        kendall=resampled(kendall, overall.tau_b),
        pairwise_accuracy=Coefficient(
            accuracy, ratio_interval(same, decided, limits=(0.0, 1.0)) if accuracy is not None else None
        ),
        pairwise_accuracy_overall=resampled(
            _ratio(overall.concordant.sum(), (overall.concordant + overall.discordant).sum()), overall.accuracy
        ),
        mae=Coefficient(
            float(error.mean()) if len(error) else None,
            mean_interval(error, clusters, limits=(0.0, _span(x, y, scale))) if len(error) else None,
        ),
        ties=Ties(within.ties(), overall.ties()),
    )


def _span(x: Floats, y: Floats, scale: tuple[float, float] | None) -> float:
    """The largest error that there can be."""
    if scale is None or not len(x) or min(x.min(), y.min()) < scale[0] or max(x.max(), y.max()) > scale[1]:
        return float("inf")
    return scale[1] - scale[0]


class _Pairs:
    """How many pairs there are of each kind between clusters g and h: matrices (G, G), each pair in both orders.

    With them a resample that draws cluster g w_g times has ``w' M w`` such pairs: no pair is looked at twice. A copy of
    an item beside itself is a tie on both sides, so it enters none of the four counts that matter.

    Args:
        x, y: judge and truth.
        codes: the cluster of each item, 0 .. number - 1.
        number: how many clusters.
        samples: only pairs within one of these are counted; all pairs where None.
    """

    def __init__(self, x: Floats, y: Floats, codes: Codes, number: int, samples: Codes | None) -> None:
        shape = (number, number)
        self.concordant, self.discordant = np.zeros(shape), np.zeros(shape)
        self.judge_tied, self.truth_tied, self.both_tied = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for item in range(len(x)):  # one row of pairs at a time keeps memory at O(n)
            dx, dy = np.sign(x - x[item]), np.sign(y - y[item])
            counted = np.ones(len(x), dtype=bool) if samples is None else samples == samples[item]
            counted[item] = False
            for matrix, kind in (
                (self.concordant, dx * dy > 0),
                (self.discordant, dx * dy < 0),
                (self.judge_tied, (dx == 0) & (dy != 0)),
                (self.truth_tied, (dx != 0) & (dy == 0)),
                (self.both_tied, (dx == 0) & (dy == 0)),
            ):
                matrix[codes[item]] += np.bincount(codes[kind & counted], minlength=number)

    def tau_b(self, weights: Floats) -> Floats:
        """Kendall's tau-b of each resample, (B,)."""
        same, opposite, judge, truth = self._totals(weights)
        decided = same + opposite
        return np.asarray((same - opposite) / np.sqrt((decided + judge) * (decided + truth)))

    def accuracy(self, weights: Floats) -> Floats:
        """P / (P + Q) of each resample, (B,)."""
        same, opposite, _, _ = self._totals(weights)
        return np.asarray(same / (same + opposite))

    def ties(self) -> TieCounts:
        """Unordered pairs by how they are tied."""
        judge, truth, both = (int(tied.sum()) // 2 for tied in (self.judge_tied, self.truth_tied, self.both_tied))
        ordered = int((self.concordant + self.discordant).sum()) // 2
        return TieCounts(ordered + judge + truth + both, judge, truth, both)

    def _totals(self, weights: Floats) -> tuple[Floats, ...]:
        matrices = (self.concordant, self.discordant, self.judge_tied, self.truth_tied)
        return tuple(np.sum((weights @ matrix) * weights, axis=1) for matrix in matrices)


def _coefficients(x: Floats, y: Floats) -> tuple[float | None, float | None]:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(stats.spearmanr(x, y).statistic), float(stats.kendalltau(x, y).statistic)


def _spearman(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Spearman's coefficient of each resample, (B,), from how often each item is in it, (B, n)."""
    a, b = _ranks(x, weights), _ranks(y, weights)
    total = weights.sum(axis=1, keepdims=True)
    a = a - np.sum(weights * a, axis=1, keepdims=True) / total
    b = b - np.sum(weights * b, axis=1, keepdims=True) / total
    product = np.sum(weights * a * b, axis=1)
    scale = np.sqrt(np.sum(weights * a * a, axis=1) * np.sum(weights * b * b, axis=1))
    return np.asarray(np.where(scale > 1e-9, product / scale, np.nan))


def _ranks(values: Floats, weights: Floats) -> Floats:
    """Mid-ranks of `values` where each counts as often as its weight says, (B, n)."""
    order = np.argsort(values, kind="stable")
    _, starts, codes = np.unique(values[order], return_index=True, return_inverse=True)
    per_value = np.add.reduceat(weights[:, order], starts, axis=1)
    middle = np.cumsum(per_value, axis=1) - (per_value - 1) / 2
    ranks = np.empty_like(weights)
    ranks[:, order] = middle[:, codes]
    return ranks


def _codes(names: Sequence[str]) -> Codes:
    return np.asarray(np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)[1], dtype=np.intp)


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
