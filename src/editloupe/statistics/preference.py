"""How often a judge that scores edits one by one puts those first that people prefer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from editloupe.statistics.interval import mean_of_ratios_interval, ratio_interval

__all__ = ["Pair", "group_accuracy", "preference_accuracy"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two edits of one task, and what the judge said about them.

    Attributes:
        difference: the judge's score of the edit that people prefer minus that of the other; None where one has none.
        equal: whether people call the two equal; then the difference has no direction.
        category: the type of the task.
        cluster: what makes pairs dependent (the source image).
        group: the task.
    """

    difference: float | None
    equal: bool
    category: str
    cluster: str
    group: str


def preference_accuracy(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Share of pairs that judge and people order alike.

    * ``accuracy``: right / (right + wrong), ties of the judge left out;
    * ``accuracy_ties_wrong``: right / (right + wrong + ties), as the benchmarks publish it;
    * ``macro``, ``macro_ties_wrong``: the unweighted mean of the same over the categories.

    Pairs that people call equal, and those without both scores, enter none of the four and are counted apart.

    Intervals are clustered (`ratio_interval`). For the mean over T categories with ratios r_t = c_t / n_t, cluster g
    has the influence ``e_g = sum_t (c_gt - r_t n_gt) / (T n_t)``, the linearized error of a mean of ratios (Cochran,
    *Sampling Techniques*, 3rd ed. 1977, chapter 6); the interval is that of the G values ``macro + G e_g``. A category
    within a single cluster adds nothing to it, because its error cannot be known.

    Returns:
        ``{pairs, right, wrong, ties, unscored, equal, equal_agreed, accuracy, accuracy_ties_wrong, macro,
        macro_ties_wrong}``: counts, and ``{value, ci95}`` for the last four; ``value`` is None without data, ``ci95``
        also below two clusters. `equal` counts the pairs that people call equal and both of whose edits have a score,
        `equal_agreed` those among them whose scores are equal.
    """
    scored = [one for one in pairs if one.difference is not None]
    ordered = [one for one in scored if not one.equal]
    signs = np.asarray([np.sign(one.difference or 0.0) for one in ordered], dtype=np.float64)
    right, tied = (signs > 0).astype(np.float64), (signs == 0).astype(np.float64)
    equal = [one for one in scored if one.equal]
    return {
        "pairs": len(pairs),
        "right": int(right.sum()),
        "wrong": int((signs < 0).sum()),
        "ties": int(tied.sum()),
        "unscored": len(pairs) - len(scored),
        "equal": len(equal),
        "equal_agreed": sum(one.difference == 0 for one in equal),
        **_accuracies("", ordered, right, 1 - tied),
        **_accuracies("_ties_wrong", ordered, right, np.ones(len(ordered))),
    }


def group_accuracy(pairs: Iterable[Pair]) -> dict[str, dict[str, Any]]:
    """Share of whole rankings that the judge gets right: a group counts as right only if all of its pairs are.

    A tie is wrong, unless people call the two equal. Only complete rankings count: K candidates have K (K - 1) / 2
    pairs. Groups of two are single pairs and left out here.

    Returns:
        By K as text, ``{groups, unscored, right, value, ci95}``: complete groups, those of them with an edit without
        score (left out), and right / (groups - unscored).
    """
    members: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        members[pair.group].append(pair)
    sizes: defaultdict[int, list[list[Pair]]] = defaultdict(list)
    for group in members.values():
        candidates = (1 + round((1 + 8 * len(group)) ** 0.5)) // 2
        if candidates > 2 and candidates * (candidates - 1) // 2 == len(group):
            sizes[candidates].append(group)
    return {str(size): _whole(sizes[size]) for size in sorted(sizes)}


def _whole(groups: Sequence[Sequence[Pair]]) -> dict[str, Any]:
    scored = [group for group in groups if all(one.difference is not None for one in group)]
    right = np.asarray([all(_right(one) for one in group) for group in scored], dtype=np.float64)
    found = _entry(right, np.ones(len(scored)), [group[0].cluster for group in scored])
    return {"groups": len(groups), "unscored": len(groups) - len(scored), "right": int(right.sum()), **found}


def _right(pair: Pair) -> bool:
    assert pair.difference is not None
    return pair.difference == 0 if pair.equal else pair.difference > 0


def _accuracies(suffix: str, pairs: Sequence[Pair], right: Floats, counted: Floats) -> dict[str, Any]:
    """Accuracy over all pairs, and its mean over categories, each with its interval."""
    clusters = [one.cluster for one in pairs]
    found = {f"accuracy{suffix}": _entry(right, counted, clusters), f"macro{suffix}": {"value": None, "ci95": None}}
    if not pairs:
        return found
    g, t = (np.unique(names, return_inverse=True)[1] for names in (clusters, [one.category for one in pairs]))
    shape = (int(g.max()) + 1, int(t.max()) + 1)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (g, t), right)
    np.add.at(counts, (g, t), counted)
    there = counts.sum(axis=0) > 0
    if there.any():
        found[f"macro{suffix}"] = {
            "value": float((sums.sum(axis=0)[there] / counts.sum(axis=0)[there]).mean()),
            "ci95": _ends(mean_of_ratios_interval(sums, counts, limits=(0.0, 1.0))),
        }
    return found


def _entry(right: Floats, counted: Floats, clusters: Sequence[str]) -> dict[str, Any]:
    if not counted.sum():
        return {"value": None, "ci95": None}
    codes = np.unique(clusters, return_inverse=True)[1]
    sums, counts = (np.bincount(codes, weights=one).astype(np.float64) for one in (right, counted))
    return {
        "value": float(right.sum() / counted.sum()),
        "ci95": _ends(ratio_interval(sums, counts, limits=(0.0, 1.0))),
    }


def _ends(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)
