"""What of a table would stand otherwise: had the failed samples had scores, or were a category not in the benchmark."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from editloupe.report.comparisons import Comparisons
from editloupe.report.leaderboard import Standing
from editloupe.report.words import one_line, words
from editloupe.results import Language, Scale

__all__ = ["Robustness", "robust_sentences", "robustness_of"]

Pair = tuple[str, str]

NAMED = 3
"""Pairs or categories that a sentence names; the rest it counts."""


@dataclass(frozen=True, slots=True)
class Robustness:
    """How far a table can be leaned on.

    Attributes:
        bounds: by editor with a sample, its mean if all of its failures had the lowest, or the highest, score of the
            scale (the worst-case bounds of Manski, *Nonparametric Bounds on Treatment Effects*, American Economic
            Review 80, 1990); equal where nothing failed.
        shown: pairs, the better editor first, whose difference is more than noise, whatever the failures would be.
        depends: pairs whose difference is more than noise among the samples with a score, but could be turned by what
            failed.
        open: pairs that the samples do not tell apart.
        ranks: by editor, the best and the worst place of its mean when one category after the other is left out; empty
            with fewer than three categories.
        moved: by category id, the pairs of editors that change places without it: (first without it, first with it).
    """

    bounds: Mapping[str, tuple[float, float]]
    shown: tuple[Pair, ...]
    depends: tuple[Pair, ...]
    open: tuple[Pair, ...]
    ranks: Mapping[str, tuple[int, int]]
    moved: Mapping[str, tuple[Pair, ...]]

    def as_json(self) -> dict[str, Any]:
        """The object that ``report.json`` holds, floats rounded to 6 decimals."""
        return {
            "bounds": {name: [round(end, 6) for end in ends] for name, ends in self.bounds.items()},
            "shown": [list(pair) for pair in self.shown],
            "depends": [list(pair) for pair in self.depends],
            "open": [list(pair) for pair in self.open],
            "ranks": {name: list(ends) for name, ends in self.ranks.items()},
            "moved": {name: [list(pair) for pair in pairs] for name, pairs in self.moved.items()},
        }


def robustness_of(ranked: Sequence[Standing], comparisons: Comparisons, scale: Scale) -> Robustness:
    """Look at a table from its weak sides.

    Args:
        ranked: of all editors, best first.
        comparisons: of all pairs.
        scale: of the overall score.
    """
    bounds = {}
    for standing in ranked:
        total = standing.overall
        if total.n + total.failed:
            known = (total.mean or 0.0) * total.n
            bounds[standing.editor.name] = tuple(
                (known + total.failed * end) / (total.n + total.failed) for end in scale.limits
            )
    shown, depends, unclear = [], [], []
    for (a, b), comparison in comparisons.overall.items():
        difference = comparison.paired.difference
        if difference is None:
            continue
        better, other = (a, b) if difference >= 0 else (b, a)
        if not comparison.significant_corrected:
            unclear.append((better, other))
        elif bounds[better][0] > bounds[other][1]:
            shown.append((better, other))
        else:
            depends.append((better, other))
    ranks, moved = _without_categories(ranked)
    return Robustness(
        bounds={name: (low, high) for name, (low, high) in bounds.items()},
        shown=tuple(shown),
        depends=tuple(depends),
        open=tuple(unclear),
        ranks=ranks,
        moved=moved,
    )


def robust_sentences(robustness: Robustness, labels: Mapping[str, str], language: Language) -> list[str]:
    """Say which comparisons the data support, and which category the order hangs on; nothing for one editor.

    Args:
        robustness: of the table.
        labels: of the categories.
        language: of the sentences.
    """
    text = words(language)
    pairs = len(robustness.shown) + len(robustness.depends) + len(robustness.open)
    if not pairs:
        return []
    sentences = [text["robust_shown"].format(shown=len(robustness.shown), pairs=pairs)]
    for key, which in (("robust_depends", robustness.depends), ("robust_open", robustness.open)):
        if which:
            sentences.append(text[key].format(count=len(which), names=_listed([" / ".join(pair) for pair in which])))
    if robustness.moved:
        changes = [
            f"{labels.get(category, category)} ({' / '.join(pairs[0])})" for category, pairs in robustness.moved.items()
        ]
        sentences.append(text["robust_moved"].format(names=_listed(changes)))
    return sentences


def _without_categories(ranked: Sequence[Standing]) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[Pair, ...]]]:
    scored = [standing for standing in ranked if standing.overall.mean is not None]
    categories = list(scored[0].categories) if scored else []
    if len(categories) < 3 or len(scored) < 2:
        return {}, {}
    order = [standing.editor.name for standing in scored]
    places: dict[str, list[int]] = {name: [] for name in order}
    moved = {}
    for category in categories:
        means = {
            standing.editor.name: mean for standing in scored if (mean := _without(standing, category)) is not None
        }
        without = sorted(means, key=lambda name: -means[name])
        for name in without:
            places[name].append(1 + without.index(name))
        # Neighbours of the table that have changed places: each says where the order hangs on this category.
        turned = [
            (lower, upper)
            for upper, lower in itertools.pairwise(order)
            if upper in means and lower in means and means[lower] > means[upper]
        ]
        if turned:
            moved[category] = tuple(turned)
    return {name: (min(several), max(several)) for name, several in places.items() if several}, moved


def _without(standing: Standing, category: str) -> float | None:
    """The mean over the samples of all other categories."""
    rest = [part for name, part in standing.categories.items() if name != category and part.mean is not None]
    count = sum(part.n for part in rest)
    return sum((part.mean or 0.0) * part.n for part in rest) / count if count else None


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(one_line(name, 80) for name in names[:NAMED])
    return listed if len(names) <= NAMED else f"{listed}, …"
