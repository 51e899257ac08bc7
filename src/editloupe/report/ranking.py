"""A study's pairs -> the numbers of its ranking, computed once and shared by all forms of the report."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from editloupe.pair_results import PairResults, PairVerdict
from editloupe.results import NOT_DONE, Results
from editloupe.statistics.bradley_terry import PairData, Ratings, ratings_of
from editloupe.statistics.interval import mean_interval
from editloupe.statistics.pair_order import anytime_p, circular_triads, order_of, rank_ranges
from editloupe.statistics.paired import ALPHA, PairedDifference, holm, paired_differences

__all__ = ["Against", "MetricRanking", "PositionBias", "RankedEditor", "Ranking", "SingleScores"]

Interval = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Against:
    """Two editors against each other, over all metrics.

    Attributes:
        a, b: names, in the study's order.
        n: samples on which the pair has an outcome.
        shares: mean over them of (a is better, b is, neither); None without any.
        net: share of a less that of b.
        ci95: of `net`, by whole source images; None where there are fewer than two.
        p: that there is no difference. In an adaptive plan it is valid after every round, else it is by sign flips.
        p_corrected: for the number of pairs of editors.
        settled: 1 where a is better by `p_corrected`, -1 where b is, else 0.
        failed: pairs that were planned and have no outcome.
        identical: of the n, those whose edits are the same file.
    """

    a: str
    b: str
    n: int
    shares: tuple[float, float, float] | None
    net: float | None
    ci95: Interval
    p: float | None
    p_corrected: float | None
    settled: int
    failed: int
    identical: int

    @property
    def won(self) -> float | None:
        """The share that a won, ties as half; None without any outcome."""
        return None if self.shares is None else self.shares[0] + self.shares[2] / 2

    def as_json(self) -> dict[str, Any]:
        """Return one entry of the matrix in ``report.json``."""
        return {
            "a": self.a,
            "b": self.b,
            "n": self.n,
            "shares": None if self.shares is None else list(self.shares),
            "net": self.net,
            "ci95": _ends(self.ci95),
            "p": self.p,
            "p_corrected": self.p_corrected,
            "better": {1: self.a, -1: self.b}.get(self.settled),
            "failed": self.failed,
            "identical": self.identical,
        }

    @property
    def turned(self) -> Against:
        """The same with the editors exchanged."""
        return Against(
            a=self.b,
            b=self.a,
            n=self.n,
            shares=None if self.shares is None else (self.shares[1], self.shares[0], self.shares[2]),
            net=None if self.net is None else -self.net,
            ci95=None if self.ci95 is None else (-self.ci95[1], -self.ci95[0]),
            p=self.p,
            p_corrected=self.p_corrected,
            settled=-self.settled,
            failed=self.failed,
            identical=self.identical,
        )


@dataclass(frozen=True, slots=True)
class RankedEditor:
    """One editor's place.

    Attributes:
        name: the editor's.
        rating: of Bradley and Terry, a natural logarithm, 0 in the middle; None where no finite one fits.
        ci95: of it.
        ranks: the best and the worst rank that the results leave open.
        n: comparisons with an outcome.
        share: of these comparisons, those won, ties as half; None without any.
        failed: pairs that were planned and have no outcome.
    """

    name: str
    rating: float | None
    ci95: Interval
    ranks: tuple[int, int]
    n: int
    share: float | None
    failed: int


@dataclass(frozen=True, slots=True)
class PositionBias:
    """How much the judge prefers the edit that is shown first, over pairs asked in both orders.

    Attributes:
        n: pairs.
        value: share of answers for the one shown first less that for the one shown second; None without pairs.
        ci95: of it, by whole source images.
        same: share of pairs on which both orders say the same.
        turned_over: share on which each order names another edit.
    """

    n: int
    value: float | None
    ci95: Interval
    same: float | None
    turned_over: float | None


@dataclass(frozen=True, slots=True)
class MetricRanking:
    """What one metric says by itself.

    Attributes:
        metric: which.
        ratings: of the editors, in the study's order.
        bias: of the judge where it answers about this metric.
    """

    metric: str
    ratings: Ratings
    bias: PositionBias


@dataclass(frozen=True, slots=True)
class SingleScores:
    """Pairs beside the scores that the same edits have one by one.

    Attributes:
        n: pairs with an outcome whose edits both have a score.
        same: both prefer the same edit.
        opposite: they prefer different ones.
        only_pairs: equal scores, and the pair prefers one.
        only_scores: the scores prefer one, and the pair is even.
    """

    n: int
    same: int
    opposite: int
    only_pairs: int
    only_scores: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """The numbers of the ranking.

    Attributes:
        pairs: what they are computed from.
        editors: best first.
        matrix: all pairs of editors of the plan, in the study's order.
        metrics: each by itself.
        ties: Davidson's nu of the common fit, by metric.
        fit_p: that one rating per editor explains all results, in the common fit.
        cycles: three editors that beat each other in a circle, by their mean results.
        settled_cycles: those of them in which each step is settled.
        failures: why pairs have no outcome, by (stage, kind).
        singles: beside single scores, where the study has any.
    """

    pairs: PairResults
    editors: tuple[RankedEditor, ...]
    matrix: tuple[Against, ...]
    metrics: tuple[MetricRanking, ...]
    ties: Mapping[str, float | None]
    fit_p: float | None
    cycles: tuple[tuple[str, str, str], ...]
    settled_cycles: tuple[tuple[str, str, str], ...]
    failures: Mapping[tuple[str, str], int]
    singles: SingleScores | None

    @classmethod
    def of(cls, results: Results) -> Self | None:
        """Compute them; None where the study compares no pairs."""
        pairs = results.pairs
        if pairs is None:
            return None
        names = pairs.editors
        matrix = _matrix(pairs)
        index_of = {name: index for index, name in enumerate(names)}
        settled, ahead = (np.zeros((len(names), len(names)), dtype=bool) for _ in range(2))
        for against in matrix:
            i, j = index_of[against.a], index_of[against.b]
            settled[i, j], settled[j, i] = against.settled > 0, against.settled < 0
            ahead[i, j], ahead[j, i] = (against.net or 0) > 0, (against.net or 0) < 0
        data = _data(pairs, pairs.metrics)
        common = ratings_of(data, balanced=True)
        ranks = rank_ranges(settled)
        ranked = [_editor(matrix, index_of[name], name, common, ranks) for name in names]
        by_metric = tuple(
            MetricRanking(name, ratings_of(_data(pairs, (name,))), _bias(pairs, name)) for name in pairs.metrics
        )
        failures = Counter(_failures(pairs.verdicts).values())
        return cls(
            pairs=pairs,
            editors=tuple(ranked[index] for index in order_of(data, settled)),
            matrix=tuple(matrix),
            metrics=by_metric,
            ties=dict(zip(pairs.metrics, common.ties, strict=False)),
            fit_p=common.fit_p,
            cycles=_named(circular_triads(ahead), names),
            settled_cycles=_named(circular_triads(settled), names),
            failures=dict(failures.most_common()),
            singles=_singles(pairs, results.overall),
        )

    @property
    def planned(self) -> int:
        """Pairs of the plan: (sample, two editors)."""
        return len({(verdict.sample, verdict.a, verdict.b) for verdict in self.pairs.verdicts})

    @property
    def failed(self) -> int:
        """Pairs that failed; those that no stage has come to yet do not count."""
        return sum(count for (_, kind), count in self.failures.items() if kind != NOT_DONE)

    def against(self, a: str, b: str) -> Against | None:
        """Two editors against each other; None where the plan does not compare them."""
        for pair in self.matrix:
            if (pair.a, pair.b) == (a, b):
                return pair
            if (pair.a, pair.b) == (b, a):
                return pair.turned
        return None

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``report.json`` holds under ``pairs``."""
        pairs = self.pairs
        names = pairs.editors
        return {
            "plan": {
                "mode": pairs.mode,
                "baseline": pairs.baseline,
                "error": pairs.error,
                "max_questions": pairs.max_questions,
                "stopped": pairs.stopped or None,
            },
            "rubric": pairs.rubric,
            "metrics": list(pairs.metrics),
            "ties_allowed": pairs.ties,
            "planned": self.planned,
            "failed": self.failed,
            "identical": len(
                {(verdict.sample, verdict.a, verdict.b) for verdict in pairs.verdicts if verdict.identical}
            ),
            "questions": pairs.questions,
            "waiting": pairs.waiting,
            "editors": [
                {
                    "name": editor.name,
                    "rating": editor.rating,
                    "ci95": _ends(editor.ci95),
                    "ranks": list(editor.ranks),
                    "n": editor.n,
                    "share": editor.share,
                    "failed": editor.failed,
                }
                for editor in self.editors
            ],
            "matrix": [against.as_json() for against in self.matrix],
            "ties": dict(self.ties),
            "fit_p": self.fit_p,
            "cycles": [list(cycle) for cycle in self.cycles],
            "settled_cycles": [list(cycle) for cycle in self.settled_cycles],
            "by_metric": {
                metric.metric: {
                    "ratings": dict(zip(names, metric.ratings.values, strict=True)),
                    "ci95": {name: _ends(ends) for name, ends in zip(names, metric.ratings.ci95, strict=True)},
                    "fit_p": metric.ratings.fit_p,
                    "position_bias": {
                        "n": metric.bias.n,
                        "value": metric.bias.value,
                        "ci95": _ends(metric.bias.ci95),
                        "same": metric.bias.same,
                        "turned_over": metric.bias.turned_over,
                    },
                }
                for metric in self.metrics
            },
            "failures": [
                {"stage": stage, "kind": kind, "count": count} for (stage, kind), count in self.failures.items()
            ],
            "single_scores": None
            if self.singles is None
            else {
                "n": self.singles.n,
                "same": self.singles.same,
                "opposite": self.singles.opposite,
                "only_pairs": self.singles.only_pairs,
                "only_scores": self.singles.only_scores,
            },
        }


def _ends(interval: Interval) -> list[float] | None:
    return None if interval is None else list(interval)


def _named(triads: Sequence[tuple[int, int, int]], names: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    return tuple((names[a], names[b], names[c]) for a, b, c in triads)


def _failures(verdicts: Sequence[PairVerdict]) -> dict[tuple[str, str, str], tuple[str, str]]:
    """(stage, kind) of the first failure of each pair."""
    failures: dict[tuple[str, str, str], tuple[str, str]] = {}
    for verdict in verdicts:
        if verdict.failure is not None:
            failures.setdefault((verdict.sample, verdict.a, verdict.b), (verdict.failure.stage, verdict.failure.kind))
    return failures


def _numbers(clusters: Sequence[str]) -> NDArray[np.intp]:
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(cluster, len(codes)) for cluster in clusters], dtype=np.intp)


def _data(pairs: PairResults, metrics: Sequence[str]) -> PairData:
    """The outcomes by these metrics, each a dimension of its own."""
    index_of = {name: index for index, name in enumerate(pairs.editors)}
    dimension = {name: index for index, name in enumerate(metrics)}
    known = [verdict for verdict in pairs.verdicts if verdict.outcome is not None and verdict.metric in dimension]
    return PairData.of(
        [index_of[verdict.a] for verdict in known],
        [index_of[verdict.b] for verdict in known],
        [verdict.outcome for verdict in known if verdict.outcome is not None],
        _numbers([verdict.cluster for verdict in known]),
        items=len(pairs.editors),
        dimensions=[dimension[verdict.metric] for verdict in known],
    )


def _matrix(pairs: PairResults) -> list[Against]:
    """All pairs of editors that the plan compares."""
    by_two: dict[tuple[str, str], dict[str, list[PairVerdict]]] = defaultdict(lambda: defaultdict(list))
    for verdict in pairs.verdicts:
        by_two[verdict.a, verdict.b][verdict.sample].append(verdict)
    twos = [two for two in itertools.combinations(pairs.editors, 2) if two in by_two]
    by_pair = [_Two(by_two[two]) for two in twos]
    if pairs.mode == "adaptive":
        order = {cluster: number for number, cluster in enumerate(pairs.order)}
        p_values = [anytime_p(results.in_order(order)) for results in by_pair]
        most = len(pairs.editors) * (len(pairs.editors) - 1) // 2
        corrected = [None if p is None else min(1.0, most * p) for p in p_values]
        level = pairs.error or ALPHA
    else:
        p_values = [results.paired.p for results in by_pair]
        corrected = holm(p_values)
        level = ALPHA
    matrix = []
    for two, results, p, p_corrected in zip(twos, by_pair, p_values, corrected, strict=True):
        clear = p_corrected is not None and p_corrected <= level
        net = results.paired.difference
        matrix.append(
            Against(
                a=two[0],
                b=two[1],
                n=results.paired.n,
                shares=results.shares,
                net=net,
                ci95=results.paired.ci95,
                p=p,
                p_corrected=p_corrected,
                settled=0 if not clear or not net else 1 if net > 0 else -1,
                failed=results.failed,
                identical=results.identical,
            )
        )
    return matrix


class _Two:
    """The verdicts on two editors, by sample; several metrics of a sample count as their mean."""

    def __init__(self, samples: Mapping[str, list[PairVerdict]]) -> None:
        self._clusters: list[str] = []
        self._shares: list[tuple[float, float, float]] = []
        self.failed = self.identical = 0
        for verdicts in samples.values():
            known = [verdict.outcome for verdict in verdicts if verdict.outcome is not None]
            if len(known) < len(verdicts):
                self.failed += 1
            if not known:
                continue
            self.identical += verdicts[0].identical
            self._clusters.append(verdicts[0].cluster)
            a, b, tie = (sum(shares) / len(known) for shares in zip(*known, strict=True))
            self._shares.append((a, b, tie))
        nets = np.array([[a - b] for a, b, _ in self._shares]).reshape(-1, 1)
        self.paired: PairedDifference = paired_differences(nets, _numbers(self._clusters), limits=(-1.0, 1.0))[0]

    @property
    def shares(self) -> tuple[float, float, float] | None:
        if not self._shares:
            return None
        a, b, tie = (sum(share) / len(self._shares) for share in zip(*self._shares, strict=True))
        return a, b, tie

    def in_order(self, order: Mapping[str, int]) -> list[float]:
        """The mean net result of each cluster, in the order in which an adaptive plan asks for them."""
        values: dict[str, list[float]] = defaultdict(list)
        for cluster, (a, b, _) in zip(self._clusters, self._shares, strict=True):
            values[cluster].append(a - b)
        return [
            float(np.mean(values[cluster]))
            for cluster in sorted(values, key=lambda cluster: order.get(cluster, len(order)))
        ]


def _editor(
    matrix: Sequence[Against],
    index: int,
    name: str,
    ratings: Ratings,
    ranks: Sequence[tuple[int, int]],
) -> RankedEditor:
    own = [against if against.a == name else against.turned for against in matrix if name in (against.a, against.b)]
    known = [against for against in own if against.shares is not None]
    n = sum(against.n for against in known)
    won = sum(
        against.n * (against.shares[0] + against.shares[2] / 2) for against in known if against.shares is not None
    )
    return RankedEditor(
        name=name,
        rating=ratings.values[index],
        ci95=ratings.ci95[index],
        ranks=ranks[index],
        n=n,
        share=won / n if n else None,
        failed=sum(against.failed for against in own),
    )


def _bias(pairs: PairResults, metric: str) -> PositionBias:
    asked = [
        verdict
        for verdict in pairs.verdicts
        if verdict.metric == metric and verdict.answers and verdict.outcome is not None
    ]
    if not asked:
        return PositionBias(0, None, None, None, None)
    leans = [
        float(np.mean([_lean(answer.outcome, turned=answer.turned) for answer in verdict.answers])) for verdict in asked
    ]
    answered = [{_said(answer.outcome) for answer in verdict.answers} for verdict in asked]
    return PositionBias(
        n=len(asked),
        value=float(np.mean(leans)),
        ci95=mean_interval(leans, [verdict.cluster for verdict in asked], limits=(-1.0, 1.0)),
        same=sum(len(answers) == 1 for answers in answered) / len(asked),
        turned_over=sum({0, 1} <= answers for answers in answered) / len(asked),
    )


def _lean(outcome: tuple[float, float, float] | None, *, turned: bool) -> float:
    """How far an answer leans towards the edit that was shown first."""
    assert outcome is not None
    net = outcome[0] - outcome[1]
    return -net if turned else net


def _said(outcome: tuple[float, float, float] | None) -> int:
    """0 for the first editor, 1 for the second, 2 for neither: what is most likely."""
    assert outcome is not None
    return int(np.argmax(outcome))


def _singles(pairs: PairResults, overall: Mapping[tuple[str, str], float | None]) -> SingleScores | None:
    if not overall:
        return None
    by_pair: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for verdict in pairs.verdicts:
        if verdict.net is not None:
            by_pair[verdict.sample, verdict.a, verdict.b].append(verdict.net)
    counts: Counter[tuple[int, int]] = Counter()
    for (sample, a, b), nets in by_pair.items():
        first, second = overall.get((a, sample)), overall.get((b, sample))
        if first is not None and second is not None:
            counts[_sign(first - second), _sign(sum(nets))] += 1
    return SingleScores(
        n=sum(counts.values()),
        same=counts[1, 1] + counts[-1, -1],
        opposite=counts[1, -1] + counts[-1, 1],
        only_pairs=counts[0, 1] + counts[0, -1],
        only_scores=counts[1, 0] + counts[-1, 0],
    )


def _sign(value: float) -> int:
    return int(value > 1e-9) - int(value < -1e-9)
