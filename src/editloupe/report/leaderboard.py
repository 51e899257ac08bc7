"""Results -> the numbers of every table cell, computed once and shared by all forms of the report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Item:
    """A score with what it is grouped by."""

    score: float | None
    cluster: str
    category: str
    groups: Mapping[str, str]


def standings(results: Results) -> list[Standing]:
    """Summarize the results of every editor, in the order of the study."""
    by_editor: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in results.verdicts:
        by_editor[verdict.editor].append(verdict)
    grouping = _grouping(results.verdicts)
    return [_standing(results, editor, by_editor[editor.name], grouping) for editor in results.editors]


def ranked(table: Iterable[Standing]) -> list[Standing]:
    """Best overall mean first; editors without a score last."""
    return sorted(table, key=lambda standing: (standing.overall.mean is None, -(standing.overall.mean or 0.0)))


def count_failures(results: Results, *, examples: int = 3) -> list[FailureCount]:
    """Count failures by editor, stage and kind; within an editor the commonest first."""
    failed: dict[tuple[str, str, str], dict[tuple[str, ...], Verdict]] = defaultdict(dict)
    for verdict in results.verdicts:
        if (failure := verdict.failure) is not None:
            what: tuple[str, ...] = (verdict.sample, str(verdict.draw))
            if failure.stage in ("judge", "score"):
                what = (*what, verdict.metric)
            failed[verdict.editor, failure.stage, failure.kind].setdefault(what, verdict)
    position = {editor.name: index for index, editor in enumerate(results.editors)}
    counts = [
        FailureCount(*key, count=len(verdicts), examples=tuple(verdicts.values())[:examples])
        for key, verdicts in failed.items()
    ]
    return sorted(
        counts, key=lambda count: (position.get(count.editor, len(position)), -count.count, count.stage, count.kind)
    )


def _standing(
    results: Results, editor: EditorInfo, verdicts: list[Verdict], grouping: Mapping[str, list[str]]
) -> Standing:
    samples = {verdict.sample: verdict for verdict in verdicts}
    overall = [_item(verdict, results.overall.get((editor.name, verdict.sample))) for verdict in samples.values()]
    categories = [category.id for category in results.benchmark.categories]
    metrics = {}
    for metric, scale in results.metrics.items():
        items = [_item(verdict, verdict.score) for verdict in verdicts if verdict.metric == metric]
        metrics[metric] = MetricStanding(_estimate(items, scale), _by_category(items, categories, scale))
    aggregates = {
        f"{group}={value}": _estimate([item for item in overall if item.groups.get(group) == value], results.scale)
        for group, values in grouping.items()
        for value in values
    }
    return Standing(
        editor,
        _estimate(overall, results.scale),
        _by_category(overall, categories, results.scale),
        metrics,
        aggregates,
    )


def _grouping(verdicts: Iterable[Verdict]) -> dict[str, list[str]]:
    values: dict[str, set[str]] = defaultdict(set)
    for verdict in verdicts:
        for group, value in verdict.groups.items():
            values[group].add(value)
    return {group: sorted(distinct) for group, distinct in sorted(values.items()) if 2 <= len(distinct) <= MAX_GROUPS}


def _by_category(items: list[_Item], categories: list[str], scale: Scale) -> dict[str, Estimate]:
    return {name: _estimate([item for item in items if item.category == name], scale) for name in categories}


def _estimate(items: list[_Item], scale: Scale) -> Estimate:
    scores, clusters = [item.score for item in items], [item.cluster for item in items]
    return summarize(scores, clusters, worst=scale.worst, limits=scale.limits)


def _item(verdict: Verdict, score: float | None) -> _Item:
    return _Item(score, verdict.cluster, verdict.category, verdict.groups)
