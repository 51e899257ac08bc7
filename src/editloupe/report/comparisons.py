"""Every pair of editors on the same samples: who is better, and whose difference is within noise."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from editloupe.results import Results, Scale
from editloupe.statistics.paired import ALPHA, PairedDifference, holm, paired_differences, smallest_p

__all__ = ["Comparison", "Comparisons", "TooFew", "compare_all"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Editor `a` minus editor `b` on one set of samples.

    Attributes:
        a, b: the editors' names.
        only_a, only_b, neither: samples that are not compared, because only one of the two has a score there, or none.
        paired: the rest.
        p_corrected: corrected for the comparisons of its family: all pairs of the study, or all categories of a pair.
    """

    a: str
    b: str
    only_a: int
    only_b: int
    neither: int
    paired: PairedDifference
    p_corrected: float | None

    @property
    def significant(self) -> bool:
        """Whether the difference is more than noise, where this is the one comparison that is asked for."""
        return self.paired.p is not None and self.paired.p < ALPHA

    @property
    def significant_corrected(self) -> bool:
        """Whether the difference is more than noise, whatever else is compared."""
        return self.p_corrected is not None and self.p_corrected < ALPHA

    @property
    def looks_clear(self) -> bool:
        """Whether the difference would be more than noise if nothing else were compared."""
        paired = self.paired
        outside = paired.ci95 is not None and not paired.ci95[0] <= 0 <= paired.ci95[1]
        return outside or (paired.p is not None and paired.p < ALPHA)

    @property
    def turned(self) -> Comparison:
        """The same with the editors exchanged."""
        before = self.paired
        paired = replace(
            before,
            difference=None if before.difference is None else -before.difference,
            ci95=None if before.ci95 is None else (-before.ci95[1], -before.ci95[0]),
            win=before.loss,
            loss=before.win,
        )
        return replace(self, a=self.b, b=self.a, only_a=self.only_b, only_b=self.only_a, paired=paired)

    def as_json(self) -> dict[str, Any]:
        """The object that ``report.json`` holds, floats rounded to 6 decimals."""
        numbers = asdict(self.paired)
        numbers["ci95"] = None if self.paired.ci95 is None else list(self.paired.ci95)
        whole = {
            "a": self.a,
            "b": self.b,
            **numbers,
            "p_corrected": self.p_corrected,
            "significant": self.significant,
            "significant_corrected": self.significant_corrected,
            "only_a": self.only_a,
            "only_b": self.only_b,
            "neither": self.neither,
        }
        return {name: _rounded(value) for name, value in whole.items()}


@dataclass(frozen=True, slots=True)
class TooFew:
    """A study whose samples do not tell its editors apart, once p is corrected for all of its pairs.

    Attributes:
        samples, sources: how many there are, and of how many source images.
        editors, pairs: of the study.
        possible: whether a larger difference would have been told; otherwise none can be, however large.
    """

    samples: int
    sources: int
    editors: int
    pairs: int
    possible: bool


@dataclass(frozen=True, slots=True)
class Comparisons:
    """All pairs of a study.

    Attributes:
        editors: names, best first.
        overall: by pair of names, the better-ranked editor first.
        categories: by pair of names, then by category id.
        rank_ranges: by name of each editor with a score, (best, worst) rank that the comparisons leave open:
            1 + editors that are clearly better, and all with a score less those that are clearly worse.
        cliques: (first, last) places in `editors` of neighbours that are all within noise of each other, none of them
            inside another.
        too_few: where samples are lacking to tell any two editors apart; None where some are, or where no interval
            says that more samples would help.
    """

    editors: tuple[str, ...]
    overall: Mapping[tuple[str, str], Comparison]
    categories: Mapping[tuple[str, str], Mapping[str, Comparison]]
    rank_ranges: Mapping[str, tuple[int, int]]
    cliques: tuple[tuple[int, int], ...]
    too_few: TooFew | None = None

    def pair(self, a: str, b: str) -> tuple[Comparison, Mapping[str, Comparison]]:
        """Overall and by category, with `a` as the first editor, whatever their ranks."""
        if (a, b) in self.overall:
            return self.overall[a, b], self.categories[a, b]
        return self.overall[b, a].turned, {
            name: comparison.turned for name, comparison in self.categories[b, a].items()
        }

    def as_json(self) -> dict[str, Any]:
        """``{pairs, rank_ranges, cliques, too_few}``; each pair with its categories."""
        return {
            "pairs": [
                {
                    **comparison.as_json(),
                    "categories": {
                        name: comparison_within.as_json() for name, comparison_within in self.categories[pair].items()
                    },
                }
                for pair, comparison in self.overall.items()
            ],
            "rank_ranges": {name: list(ranks) for name, ranks in self.rank_ranges.items()},
            "cliques": [list(clique) for clique in self.cliques],
            "too_few": None if self.too_few is None else asdict(self.too_few),
        }


def compare_all(results: Results, names: Sequence[str], metric: str | None = None) -> Comparisons:
    """Compare every pair of editors, overall and by category.

    Args:
        results: of the study.
        names: of the editors, best first.
        metric: one of the rubric's; the overall score where None.
    """
    table = _Table.of(results, names, metric)
    pairs = list(itertools.combinations(range(len(names)), 2))
    every = np.ones(len(table.scores), dtype=bool)
    overall = dict(zip(_named(pairs, names), table.compare(pairs, names, every), strict=True))
    corrected = holm([comparison.paired.p for comparison in overall.values()])
    overall = {
        pair: replace(comparison, p_corrected=p)
        for (pair, comparison), p in zip(overall.items(), corrected, strict=True)
    }
    categories: dict[tuple[str, str], dict[str, Comparison]] = {pair: {} for pair in overall}
    for category in results.benchmark.categories:
        inside = np.array([name == category.id for name in table.categories], dtype=bool)
        for comparison in table.compare(pairs, names, inside):
            categories[comparison.a, comparison.b][category.id] = comparison
    for pair, several in categories.items():
        corrected = holm([comparison.paired.p for comparison in several.values()])
        categories[pair] = {
            name: replace(comparison, p_corrected=p)
            for (name, comparison), p in zip(several.items(), corrected, strict=True)
        }
    return Comparisons(
        tuple(names),
        overall,
        categories,
        _rank_ranges(
            [name for name, scores in zip(names, table.scores.T, strict=True) if not np.isnan(scores).all()], overall
        ),
        _cliques(names, overall),
        _too_few(names, list(overall.values())),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """Scores as (samples, editors), NaN where there is none, with each sample's cluster and category."""

    scores: Floats
    clusters: NDArray[np.intp]
    categories: Sequence[str]
    scale: Scale

    @classmethod
    def of(cls, results: Results, names: Sequence[str], metric: str | None) -> _Table:
        row: dict[str, int] = {}
        clusters: list[str] = []
        categories: list[str] = []
        for verdict in results.verdicts:
            if verdict.sample not in row:
                row[verdict.sample] = len(row)
                clusters.append(verdict.cluster)
                categories.append(verdict.category)
        column = {name: at for at, name in enumerate(names)}
        scores = np.full((len(row), len(names)), np.nan)
        if metric is None:
            for (editor, sample), score in results.overall.items():
                if score is not None and sample in row:
                    scores[row[sample], column[editor]] = score
        else:
            for verdict in results.verdicts:
                if verdict.metric == metric and verdict.score is not None:
                    scores[row[verdict.sample], column[verdict.editor]] = verdict.score
        code = {cluster: at for at, cluster in enumerate(sorted(set(clusters)))}
        codes = np.array([code[cluster] for cluster in clusters], dtype=np.intp)
        scale = results.scale if metric is None else results.metrics[metric]
        return cls(scores, codes, categories, scale)

    def compare(
        self, pairs: Sequence[tuple[int, int]], names: Sequence[str], inside: NDArray[np.bool_]
    ) -> list[Comparison]:
        """Compare all pairs on the samples inside; `p_corrected` is left to the caller, who knows the family."""
        if not pairs:
            return []
        scores = self.scores[inside]
        _, codes = np.unique(self.clusters[inside], return_inverse=True)
        first, second = (list(column) for column in zip(*pairs, strict=True))
        span = self.scale.high - self.scale.low
        differences = paired_differences(
            scores[:, first] - scores[:, second], codes.astype(np.intp), limits=(-span, span)
        )
        missing = np.isnan(scores)
        return [
            Comparison(
                names[a],
                names[b],
                only_a=int(np.count_nonzero(~missing[:, a] & missing[:, b])),
                only_b=int(np.count_nonzero(missing[:, a] & ~missing[:, b])),
                neither=int(np.count_nonzero(missing[:, a] & missing[:, b])),
                paired=difference,
                p_corrected=None,
            )
            for (a, b), difference in zip(pairs, differences, strict=True)
        ]


def _too_few(names: Sequence[str], pairs: Sequence[Comparison]) -> TooFew | None:
    compared = [pair for pair in pairs if pair.paired.n]
    if not compared or any(pair.significant_corrected for pair in compared):
        return None
    sources = max(pair.paired.clusters for pair in compared)
    floor = smallest_p(sources)
    possible = floor is not None and floor * len(pairs) < ALPHA
    if possible and not any(pair.looks_clear for pair in compared):
        return None
    return TooFew(max(pair.paired.n for pair in compared), sources, len(names), len(pairs), possible)


def _named(pairs: Sequence[tuple[int, int]], names: Sequence[str]) -> list[tuple[str, str]]:
    return [(names[a], names[b]) for a, b in pairs]


def _rank_ranges(names: Sequence[str], overall: Mapping[tuple[str, str], Comparison]) -> dict[str, tuple[int, int]]:
    better, worse = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for comparison in overall.values():
        if comparison.significant_corrected and comparison.paired.difference:
            high, low = (
                (comparison.a, comparison.b) if comparison.paired.difference > 0 else (comparison.b, comparison.a)
            )
            better[low] += 1
            worse[high] += 1
    return {name: (1 + better[name], len(names) - worse[name]) for name in names}


def _cliques(names: Sequence[str], overall: Mapping[tuple[str, str], Comparison]) -> tuple[tuple[int, int], ...]:
    def near(a: int, b: int) -> bool:
        comparison = overall[names[a], names[b]]
        return comparison.paired.difference is not None and not comparison.significant_corrected

    cliques: list[tuple[int, int]] = []
    for first in range(len(names)):
        last = first
        while last + 1 < len(names) and all(near(member, last + 1) for member in range(first, last + 1)):
            last += 1
        if last > first and (not cliques or last > cliques[-1][1]):
            cliques.append((first, last))
    return tuple(cliques)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    return [_rounded(item) for item in value] if isinstance(value, list) else value
