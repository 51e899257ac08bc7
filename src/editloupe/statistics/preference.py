"""How often a judge that scores edits one by one puts those first that people prefer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from editloupe.statistics.coefficient import Coefficient
from editloupe.statistics.interval import mean_of_ratios_interval, ratio_interval

__all__ = [
    "OrderAccuracy",
    "Pair",
    "PreferenceAccuracy",
    "RankingAccuracy",
    "group_accuracy",
    "order_accuracy",
    "preference_accuracy",
]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccuracy:
    """Pairs of edits by whether the judge orders them as people do.

    Attributes:
        pairs: how many there are.
        right, wrong, ties: those that people order, by what the judge says about them.
        unscored: those without both scores.
        equal: those that people call equal and both of whose edits have a score.
        equal_agreed: those among them whose scores are equal.
        accuracy: right / (right + wrong).
        accuracy_ties_wrong: right / (right + wrong + ties).
    """

    pairs: int
    right: int
    wrong: int
    ties: int
    unscored: int
    equal: int
    equal_agreed: int
    accuracy: Coefficient
    accuracy_ties_wrong: Coefficient

    def values(self) -> dict[str, Any]:
        """The attributes by name, for a record that says more about the same pairs."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceAccuracy(OrderAccuracy):
    """The same over several categories.

    Attributes:
        macro, macro_ties_wrong: the unweighted means of the two accuracies over the categories.
    """

    macro: Coefficient
    macro_ties_wrong: Coefficient


@dataclass(frozen=True, slots=True)
class RankingAccuracy:
    """Whole rankings of one size.

    Attributes:
        groups: complete ones.
        unscored: those of them with an edit that has no score, which are left out.
        right: those of the others whose every pair is right.
        value: right / (groups - unscored).
        ci95: its interval.
    """

    groups: int
    unscored: int
    right: int
    value: float | None = None
    ci95: tuple[float, float] | None = None


def preference_accuracy(pairs: Sequence[Pair]) -> PreferenceAccuracy:
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
        Counts, and the four accuracies; a value is None without data, an interval also below two clusters.
    """
    ordered = [pair for pair in pairs if pair.difference is not None and not pair.equal]
    right, tied = _outcomes(ordered)
    return PreferenceAccuracy(
        **order_accuracy(pairs).values(),
        macro=_macro(ordered, right, 1 - tied),
        macro_ties_wrong=_macro(ordered, right, np.ones(len(ordered))),
    )


def order_accuracy(pairs: Sequence[Pair]) -> OrderAccuracy:
    """`preference_accuracy` without the means over categories."""
    scored = [pair for pair in pairs if pair.difference is not None]
    ordered = [pair for pair in scored if not pair.equal]
    equal = [pair for pair in scored if pair.equal]
    right, tied = _outcomes(ordered)
    clusters = [pair.cluster for pair in ordered]
    return OrderAccuracy(
        pairs=len(pairs),
        right=int(right.sum()),
        wrong=len(ordered) - int(right.sum() + tied.sum()),
        ties=int(tied.sum()),
        unscored=len(pairs) - len(scored),
        equal=len(equal),
        equal_agreed=sum(pair.difference == 0 for pair in equal),
        accuracy=_share(right, 1 - tied, clusters),
        accuracy_ties_wrong=_share(right, np.ones(len(ordered)), clusters),
    )


def group_accuracy(pairs: Iterable[Pair]) -> dict[str, RankingAccuracy]:
    """Share of whole rankings that the judge gets right: a group counts as right only if all of its pairs are.

    A tie is wrong, unless people call the two equal. Only complete rankings count: K candidates have K (K - 1) / 2
    pairs. Groups of two are single pairs and left out here.

    Returns:
        By K as text.
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


def _whole(groups: Sequence[Sequence[Pair]]) -> RankingAccuracy:
    scored = [group for group in groups if all(pair.difference is not None for pair in group)]
    right = np.asarray([all(_right(pair) for pair in group) for group in scored], dtype=np.float64)
    share = _share(right, np.ones(len(scored)), [group[0].cluster for group in scored])
    return RankingAccuracy(len(groups), len(groups) - len(scored), int(right.sum()), share.value, share.ci95)


def _right(pair: Pair) -> bool:
    assert pair.difference is not None
    return pair.difference == 0 if pair.equal else pair.difference > 0


def _outcomes(ordered: Sequence[Pair]) -> tuple[Floats, Floats]:
    """Whether the judge is right about each pair, and whether it calls it a tie: 1 or 0."""
    signs = np.asarray([np.sign(pair.difference or 0.0) for pair in ordered], dtype=np.float64)
    return (signs > 0).astype(np.float64), (signs == 0).astype(np.float64)


def _macro(pairs: Sequence[Pair], right: Floats, counted: Floats) -> Coefficient:
    """The mean of the accuracies of the categories."""
    if not pairs:
        return Coefficient()
    g, t = (
        np.unique(names, return_inverse=True)[1]
        for names in ([pair.cluster for pair in pairs], [pair.category for pair in pairs])
    )
    shape = (int(g.max()) + 1, int(t.max()) + 1)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (g, t), right)
    np.add.at(counts, (g, t), counted)
    there = counts.sum(axis=0) > 0
    if not there.any():
        return Coefficient()
    macro = float((sums.sum(axis=0)[there] / counts.sum(axis=0)[there]).mean())
    return Coefficient(macro, mean_of_ratios_interval(sums, counts, limits=(0.0, 1.0)))


def _share(right: Floats, counted: Floats, clusters: Sequence[str]) -> Coefficient:
    if not counted.sum():
        return Coefficient()
    codes = np.unique(clusters, return_inverse=True)[1]
    sums, counts = (np.bincount(codes, weights=weights).astype(np.float64) for weights in (right, counted))
    return Coefficient(float(right.sum() / counted.sum()), ratio_interval(sums, counts, limits=(0.0, 1.0)))
