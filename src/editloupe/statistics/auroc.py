"""How well scores tell right edits from wrong ones, whatever threshold is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from editloupe.statistics.bootstrap import bootstrap_interval

__all__ = ["Auroc", "auroc"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Auroc:
    """The area under a ROC curve.

    Attributes:
        right, wrong: how many edits there are of each kind.
        value: the area; None where one kind is missing.
        ci95: its interval; None also below two clusters or where resamples are degenerate.
    """

    right: int
    wrong: int
    value: float | None = None
    ci95: tuple[float, float] | None = None


def auroc(scores: Sequence[float], right: Sequence[bool], clusters: Sequence[str], seed: int) -> Auroc:
    """Area under the ROC curve: the chance that a right edit scores above a wrong one, a tie counting one half.

    This is the Mann-Whitney statistic divided by the number of pairs (Hanley & McNeil, *The Meaning and Use of the Area
    under a Receiver Operating Characteristic (ROC) Curve*, Radiology 143, 1982). The interval resamples whole clusters
    (`bootstrap_interval`).

    Args:
        scores: of the judge.
        right: whether each edit is right.
        clusters: what makes edits dependent (the source image).
        seed: of the bootstrap.

    Raises:
        ValueError: unequal lengths.
    """
    if not len(scores) == len(right) == len(clusters):
        raise ValueError("scores, right and clusters have one entry per edit")
    x, positive = np.asarray(scores, dtype=np.float64), np.asarray(right, dtype=bool)
    count_right, count_wrong = int(positive.sum()), int((~positive).sum())
    if not count_right or not count_wrong:
        return Auroc(count_right, count_wrong)
    codes = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)[1]
    number = int(codes.max()) + 1
    won = np.zeros((number, number))  # [g, h]: pairs of a right edit in g and a wrong one in h, won by the right one
    below = codes[~positive]
    for score, code in zip(x[positive], codes[positive], strict=True):
        gain = (score > x[~positive]) + 0.5 * (score == x[~positive])
        won[code] += np.bincount(below, weights=gain, minlength=number)
    rights = np.bincount(codes[positive], minlength=number).astype(np.float64)
    wrongs = np.bincount(below, minlength=number).astype(np.float64)

    def of_resamples(weights: Floats) -> Floats:
        return np.asarray(np.sum((weights @ won) * weights, axis=1) / ((weights @ rights) * (weights @ wrongs)))

    interval = bootstrap_interval(of_resamples, number, seed=seed)
    return Auroc(count_right, count_wrong, float(won.sum() / (rights.sum() * wrongs.sum())), interval)
