"""Means as people would have given them, from a judge's scores of everything and people's scores of a random part.

The judge tells the editors' samples apart cheaply and wrongly; a random part that people scored tells how wrong. Their
combination is unbiased whatever the judge is like, and sharper than the people's part alone as far as the judge follows
them. ``docs/design/human-means.md`` says more, with the coverage that ``perf/human_means.py`` measures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

__all__ = ["FEWEST_LABELLED", "HumanMean", "human_mean"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

LEVEL = 0.95

FEWEST_LABELLED = 15
"""Below so many labelled source images the interval is too short in the simulation, and none is given."""


@dataclass(frozen=True, slots=True)
class HumanMean:
    """The estimate of the mean that people would have given.

    Attributes:
        labelled: samples that people scored.
        unlabelled: samples that only the judge scored.
        judge: mean of the judge's scores, of all samples that have one; None where none has.
        mean: the estimate; None without a label.
        ci95: its interval, clustered by source image; None below `FEWEST_LABELLED` labelled source images, or two of a
            stratum.
        labels_alone: the interval of the people's scores alone, which the estimate would be without a judge.
        weight: how far the judge is followed: 0 not at all, 1 fully.
        wanted: labels that it would take for an interval as wide as was asked for; None where that is not known.
    """

    labelled: int
    unlabelled: int
    judge: float | None
    mean: float | None
    ci95: tuple[float, float] | None
    labels_alone: tuple[float, float] | None
    weight: float
    wanted: int | None = None


def human_mean(
    judge: Sequence[float] | Floats,
    people: Sequence[float] | Floats,
    clusters: Codes,
    strata: Codes,
    *,
    limits: tuple[float, float] | None = None,
    width: float | None = None,
) -> HumanMean:
    """Estimate the mean of people's scores over all samples.

    With f the judge's scores, Y the people's, n labelled and N other samples of a stratum, and a weight w::

        mean = mean_n(Y) + w (mean_N(f) - mean_n(f))

    the prediction-powered mean (Angelopoulos et al., *Prediction-Powered Inference*, Science 382, 2023) with the weight
    that makes its variance smallest (Angelopoulos, Duchi & Zrnic, *PPI++: Efficient Prediction-Powered Inference*,
    2023), held between 0 and 1. Strata are averaged by their share of all samples. The variance is that of a sum of one
    contribution per source image, each widened as by leaving it out (CR3; Bell & McCaffrey, *Bias Reduction in Standard
    Errors for Linear Regression with Multi-Stage Samples*, 2002), so samples of one image need not be independent;
    the quantile is Student's, with one degree of freedom for each labelled source image, less one for each stratum and
    one for the weight.

    Args:
        judge: (samples,) the judge's score of each; NaN where it gave none. There the mean of the others stands in: the
            estimate is unbiased whatever is put in, and no such number is shown.
        people: (samples,) the people's; NaN where nobody gave one. The labelled ones have to be a random part of their
            stratum: this is not checked here.
        clusters: (samples,) which samples share a source image, as numbers from 0.
        strata: (samples,) within which the labelled ones were drawn, as numbers from 0.
        limits: the ends of the scale; intervals are cut there.
        width: of the interval that is wished for, in points, for `HumanMean.wanted`.

    Raises:
        ValueError: unequal lengths.
    """
    scores, given = np.asarray(judge, dtype=np.float64), np.asarray(people, dtype=np.float64)
    if not len(scores) == len(given) == len(clusters) == len(strata):
        raise ValueError("one score, label, cluster and stratum for each sample")
    labelled = ~np.isnan(given)
    count, rest = int(labelled.sum()), int((~labelled).sum())
    scored = ~np.isnan(scores)
    mean_of_judge = float(scores[scored].mean()) if scored.any() else None
    scores = np.where(scored, scores, 0.0 if mean_of_judge is None else mean_of_judge)
    present = np.unique(strata)
    if not count or any(not labelled[strata == stratum].any() for stratum in present):
        return HumanMean(count, rest, mean_of_judge, None, None, None, 0.0)
    parts = _Contributions.of(scores, np.where(labelled, given, 0.0), labelled, clusters, strata)
    weight = parts.best_weight()
    sources = [len(np.unique(clusters[labelled & (strata == stratum)])) for stratum in present]
    freedom = sum(sources) - len(present) - 1  # one for the weight, which the same labels chose
    known = sum(sources) >= FEWEST_LABELLED and min(sources) > 1
    quantile = float(stdtrit(freedom, (1 + LEVEL) / 2)) if known else math.nan
    estimate = parts.mean(weight)
    error, error_alone = parts.error(weight), parts.error(0.0)
    return HumanMean(
        labelled=count,
        unlabelled=rest,
        judge=mean_of_judge,
        mean=_cut(estimate, limits),
        ci95=_ends(estimate, quantile * error, limits) if known else None,
        labels_alone=_ends(parts.mean(0.0), quantile * error_alone, limits) if known else None,
        weight=weight,
        wanted=_wanted(parts, weight, count, rest, width) if known and width is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _Contributions:
    """What each source image adds to the estimate ``a + w (c - b)``, as deviations: (clusters,) each.

    Attributes:
        people, judge_labelled, judge_rest: deviations of the strata's means, weighted; their means in `means`.
        means: (3,) the weighted means of people, and of the judge over labelled and over other samples.
    """

    people: Floats
    judge_labelled: Floats
    judge_rest: Floats
    means: Floats

    @classmethod
    def of(
        cls, judge: Floats, people: Floats, labelled: NDArray[np.bool_], clusters: Codes, strata: Codes
    ) -> _Contributions:
        number = int(clusters.max()) + 1
        rows, means = np.zeros((3, number)), np.zeros(3)
        for stratum in np.unique(strata):
            inside = strata == stratum
            share = float(inside.mean())
            drawn, rest = inside & labelled, inside & ~labelled
            if not rest.any():  # everything is labelled, and the judge has nothing to add in this stratum
                rest = drawn
            for row, (values, part) in enumerate(((people, drawn), (judge, drawn), (judge, rest))):
                middle = float(values[part].mean())
                means[row] += share * middle
                # The jackknife's factor: with few labels a stratum, the usual one gives intervals that are too short.
                sources = len(np.unique(clusters[part]))
                wider = sources / (sources - 1) if sources > 1 else 1.0
                np.add.at(rows[row], clusters[part], wider * share * (values[part] - middle) / int(part.sum()))
        return cls(rows[0], rows[1], rows[2], means)

    def mean(self, weight: float) -> float:
        return float(self.means[0] + weight * (self.means[2] - self.means[1]))

    def error(self, weight: float) -> float:
        """The standard error, clustered by source image."""
        moves = self.people + weight * (self.judge_rest - self.judge_labelled)
        return float(np.sqrt(np.sum(moves**2)))

    def best_weight(self) -> float:
        """Where the variance is smallest, held between 0 and 1."""
        lever = self.judge_rest - self.judge_labelled
        total = float(np.sum(lever**2))
        if total <= 1e-18:
            return 0.0
        return min(1.0, max(0.0, -float(np.sum(self.people * lever)) / total))


def _wanted(parts: _Contributions, weight: float, labelled: int, rest: int, width: float) -> int | None:
    """Labels for an interval of that width: the labelled part of the variance falls with their number."""
    moves = parts.people - weight * parts.judge_labelled
    labelled_part = float(np.sum(moves**2)) * labelled
    fixed = float(np.sum((weight * parts.judge_rest) ** 2))
    left = (width / 2 / 1.96) ** 2 - fixed
    if left <= 0:
        return None  # so narrow that even the judge's own spread over the samples is wider
    return min(labelled + rest, math.ceil(labelled_part / left))


def _ends(middle: float, half: float, limits: tuple[float, float] | None) -> tuple[float, float]:
    low, high = middle - half, middle + half
    return (low, high) if limits is None else (max(low, limits[0]), min(high, limits[1]))


def _cut(value: float, limits: tuple[float, float] | None) -> float:
    return value if limits is None else min(max(value, limits[0]), limits[1])
