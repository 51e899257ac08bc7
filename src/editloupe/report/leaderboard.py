"""Results -> the numbers of every table cell, computed once and shared by all forms of the report."""

from __future__ import annotations

import math
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from editloupe.results import EditorInfo, Results, Scale, Verdict
from editloupe.statistics.summary import Estimate, summarize

__all__ = ["FailureCount", "MetricStanding", "Standing", "count_failures", "ranked", "standings"]

MAX_GROUPS = 20
"""A group with more values than this (an id, a file name) is no way to group, and gets no aggregates."""


@dataclass(frozen=True, slots=True)
class MetricStanding:
    """One metric of one editor."""

    overall: Estimate
    categories: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Standing:
    """All numbers of one editor.

    Attributes:
        editor: whose.
        overall: of the combined scores.
        categories: of the combined scores, by category id, in the benchmark's order.
        metrics: by metric.
        aggregates: of the combined scores by ``group=value``, for groups with 2 to `MAX_GROUPS` values.
    """

    editor: EditorInfo
    overall: Estimate
    categories: Mapping[str, Estimate]
    metrics: Mapping[str, MetricStanding]
    aggregates: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class FailureCount:
    """Failures of one kind: failed edits (or samples) once each, failed replies and scores once per metric."""

    editor: str
    stage: str
    kind: str
    count: int
    examples: tuple[Verdict, ...]


@dataclass(slots=True)
class _Samples:
    """What scores are grouped by, sample by sample, in columns: there may be a million.

    Attributes:
        row_of: by sample id, its place in the columns.
        clusters, categories: of each sample.
        groups: by the name of a group, the value of each sample; without those of more than `MAX_GROUPS` values.
    """

    row_of: dict[str, int]
    clusters: list[str]
    categories: list[str]
    groups: dict[str, list[str | None]]

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> _Samples:
        samples = cls({}, [], [], {})
        values: dict[str, dict[str, str]] = {}
        for verdict in verdicts:
            if verdict.sample in samples.row_of:
                continue
            row = samples.row_of[verdict.sample] = len(samples.clusters)
            samples.clusters.append(verdict.cluster)
            samples.categories.append(sys.intern(verdict.category))
            for group, value in verdict.groups.items():
                known = values.setdefault(group, {})
                if len(known) <= MAX_GROUPS:
                    column = samples.groups.setdefault(group, [])
                    column += [None] * (row - len(column)) + [known.setdefault(value, value)]
        return samples

    @property
    def grouping(self) -> dict[str, list[str]]:
        """The groups that divide the samples into a handful of parts, with their values."""
        known = {group: {value for value in column if value is not None} for group, column in self.groups.items()}
        return {group: sorted(values) for group, values in sorted(known.items()) if 2 <= len(values) <= MAX_GROUPS}

    def in_group(self, group: str, value: str) -> set[int]:
        return {row for row, own in enumerate(self.groups[group]) if own == value}


@dataclass(slots=True)
class _Scores:
    """Scores with the rows of their samples; NaN stands for one that failed."""

    rows: array[int] = field(default_factory=lambda: array("l"))
    scores: array[float] = field(default_factory=lambda: array("d"))

    def add(self, row: int, score: float | None) -> None:
        self.rows.append(row)
        self.scores.append(math.nan if score is None else score)

    def estimate(self, samples: _Samples, scale: Scale, inside: Callable[[int], bool] | None = None) -> Estimate:
        """The numbers of one cell, of all these scores or of those inside."""
        pairs = [(row, score) for row, score in zip(self.rows, self.scores, strict=True) if not inside or inside(row)]
        scores = [None if math.isnan(score) else score for _, score in pairs]
        clusters = [samples.clusters[row] for row, _ in pairs]
        return summarize(scores, clusters, worst=scale.worst, limits=scale.limits)

    def by_category(self, samples: _Samples, categories: Sequence[str], scale: Scale) -> dict[str, Estimate]:
        own = samples.categories
        return {name: self.estimate(samples, scale, lambda row, name=name: own[row] == name) for name in categories}  # type: ignore[misc]


def standings(results: Results) -> list[Standing]:
    """Summarize the results of every editor, in the order of the study."""
    samples = _Samples.of(results.verdicts)
    overall: dict[str, _Scores] = defaultdict(_Scores)
    metrics: dict[tuple[str, str], _Scores] = defaultdict(_Scores)
    last = None
    for verdict in results.verdicts:
        row = samples.row_of[verdict.sample]
        metrics[verdict.editor, verdict.metric].add(row, verdict.score)
        edit = (verdict.editor, verdict.sample)
        if edit != last:
            overall[verdict.editor].add(row, results.overall.get(edit))
            last = edit
    categories = [category.id for category in results.benchmark.categories]
    groups = {
        f"{group}={value}": samples.in_group(group, value)
        for group, values in samples.grouping.items()
        for value in values
    }
    return [
        Standing(
            editor,
            overall[editor.name].estimate(samples, results.scale),
            overall[editor.name].by_category(samples, categories, results.scale),
            {
                metric: MetricStanding(
                    metrics[editor.name, metric].estimate(samples, scale),
                    metrics[editor.name, metric].by_category(samples, categories, scale),
                )
                for metric, scale in results.metrics.items()
            },
            {
                name: overall[editor.name].estimate(samples, results.scale, rows.__contains__)
                for name, rows in groups.items()
            },
        )
        for editor in results.editors
    ]


def ranked(table: Iterable[Standing]) -> list[Standing]:
    """Best overall mean first; editors without a score last."""
    return sorted(table, key=lambda standing: (standing.overall.mean is None, -(standing.overall.mean or 0.0)))


def count_failures(results: Results, *, examples: int = 3) -> list[FailureCount]:
    """Count failures by editor, stage and kind; within an editor the commonest first."""
    counted: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], list[Verdict]] = defaultdict(list)
    lost: set[tuple[str, str, str, int]] = set()
    for verdict in results.verdicts:
        if (failure := verdict.failure) is None:
            continue
        if failure.stage not in ("judge", "score"):  # one failure, however many scores it takes with it
            edit = (failure.kind, verdict.editor, verdict.sample, verdict.draw)
            if edit in lost:
                continue
            lost.add(edit)
        what = (verdict.editor, failure.stage, failure.kind)
        counted[what] += 1
        if len(first[what]) < examples:
            first[what].append(verdict)
    position = {editor.name: index for index, editor in enumerate(results.editors)}
    counts = [FailureCount(*what, count=count, examples=tuple(first[what])) for what, count in counted.items()]
    return sorted(
        counts, key=lambda count: (position.get(count.editor, len(position)), -count.count, count.stage, count.kind)
    )
