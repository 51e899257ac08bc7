"""How well scores tell right edits from wrong ones, whatever threshold is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from editloupe.statistics.bootstrap import bootstrap_interval

__all__ = ["auroc"]

Floats = NDArray[np.float64]


def auroc(scores: Sequence[float], right: Sequence[bool], clusters: Sequence[str], seed: int) -> dict[str, Any]:
    """Area under the ROC curve: the chance that a right edit scores above a wrong one, a tie counting one half.

    This is the Mann-Whitney statistic divided by the number of pairs (Hanley & McNeil, *The Meaning and Use of the Area
    under a Receiver Operating Characteristic (ROC) Curve*, Radiology 143, 1982). The interval resamples whole clusters
    (`bootstrap_interval`).

    Args:
        scores: of the judge.
        right: whether each edit is right.
        clusters: what makes edits dependent (the source image).
        seed: of the bootstrap.

    Returns:
        ``{right, wrong, value, ci95}``: how many there are of each kind, and the area; ``value`` is None where one kind
        is missing, ``ci95`` also below two clusters or where resamples are degenerate.

    Raises:
        ValueError: unequal lengths.
    """
    if not len(scores) == len(right) == len(clusters):
        raise ValueError("scores, right and clusters have one entry per edit")
    x, positive = np.asarray(scores, dtype=np.float64), np.asarray(right, dtype=bool)
    found: dict[str, Any] = {"right": int(positive.sum()), "wrong": int((~positive).sum()), "value": None, "ci95": None}
    if not found["right"] or not found["wrong"]:
        return found
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
    found["value"] = float(won.sum() / (rights.sum() * wrongs.sum()))
    found["ci95"] = None if interval is None else list(interval)
    return found
