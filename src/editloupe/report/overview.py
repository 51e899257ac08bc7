"""Everything of the report but its samples, as JSON values: what the page shows before anything else is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import yaml

from editloupe.categories import LABELS, LABELS_ZH
from editloupe.report.failure_summary import unit_of
from editloupe.report.leaderboard import FailureCount, Standing
from editloupe.report.pair_gallery import pair_overview
from editloupe.report.remarks import greedy_beside, limited_to, too_few, warnings_of
from editloupe.report.robustness import robust_sentences
from editloupe.report.sanity import sanity_view
from editloupe.report.short_names import short_names
from editloupe.report.tables import Tables
from editloupe.report.words import one_line, printable
from editloupe.results import Aggregate, ReplyCount, ReplyCounts, Results, Scale, Verdict
from editloupe.statistics.summary import Estimate

__all__ = ["overview_of"]

BINS = 20
"""Columns of a histogram of scores on a scale that is not counted in whole points."""

UNREADABLE = 200
"""Unreadable replies shown verbatim; all of them are counted, and `verdicts.jsonl` has them."""

VERBATIM = 4_000
"""Characters of one of them."""


def overview_of(tables: Tables, thumbnails: Mapping[str, str]) -> dict[str, Any]:
    """Return what the page begins with; an editor's number in the page is its place in the ranking.

    Args:
        tables: of the study.
        thumbnails: path by picture.
    """
    results, comparisons = tables.results, tables.comparisons
    benchmark, judge = results.benchmark, results.judge
    names = [standing.editor.name for standing in tables.ranked]
    short = short_names(names)
    return {
        "version": results.version,
        "signature": printable(results.signature),
        "language": results.language,
        "title": printable(results.heading),
        "benchmark": {
            "name": printable(benchmark.name),
            "revision": printable(benchmark.revision),
            "samples": benchmark.samples,
            "limited": [limited_to(benchmark.samples, language) for language in ("en", "zh")]
            if benchmark.limited
            else None,
            "categories": [
                {
                    "id": printable(category.id),
                    "label": _label(category.id, category.label),
                    "samples": category.samples,
                }
                for category in benchmark.categories
            ],
        },
        "judge": {
            "name": printable(judge.name),
            "signature": printable(judge.signature),
            "greedy": [greedy_beside(judge.name, judge.stated_sampling, language) for language in ("en", "zh")],
        },
        "warnings": _both(warnings_of(results, "en"), warnings_of(results, "zh")),
        "too_few": _both([too_few(comparisons, "en")], [too_few(comparisons, "zh")])[0],
        "rubric": printable(results.rubric),
        "scale": _scale(results.scale),
        "metrics": [{"name": printable(name), **_scale(on)} for name, on in results.metrics.items()],
        "editors": [
            _editor(standing, short[standing.editor.name], tables.robustness.bounds.get(standing.editor.name))
            for standing in tables.ranked
        ],
        "comparisons": comparisons.as_json(),
        "robust": _robust(tables),
        "aggregates": [_aggregate(aggregate, names) for aggregate in results.aggregates],
        "card": printable(results.card),
        "judge_card": None if results.judge_card is None else results.judge_card.as_json(),
        "sanity": sanity_view(results, thumbnails),
        "histograms": _histograms(results, names),
        "failed": [tables.failed.sentence("en"), tables.failed.sentence("zh")],
        "failures": [_failure(failure, names) for failure in tables.failures],
        "unreadable": _unreadable(results.verdicts, names),
        "replies": _replies(results.replies),
        "reading": _reading(results.reading),
        "speed": {stage: _speed(results, stage) for stage in ("edit", "judge")},
        "hardware": {stage: dict(facts) for stage, facts in results.hardware.items()},
        "cost": dict(results.cost),
        "versions": dict(results.versions),
        "config": printable(yaml.safe_dump(dict(results.config), allow_unicode=True, sort_keys=False)),
        "drawn": None if results.drawn is None else _drawn(results.drawn, names),
        "audit": None if results.audit is None else results.audit.as_json(),
        "pairs": pair_overview(tables.ranking, names),
        "probe": None if results.probe is None else results.probe.as_json(),
    }


def _both(english: Sequence[str], chinese: Sequence[str]) -> list[list[str]]:
    """Sentences in both languages, for the page's switch."""
    return [list(pair) for pair in zip(english, chinese, strict=True)]


def _label(category: str, label: str) -> list[str]:
    """A category's name, English and Chinese; the benchmark's own for categories that are not well known."""
    if category in LABELS:
        return [LABELS[category], LABELS_ZH[category]]
    return [printable(label)] * 2


def _robust(tables: Tables) -> list[list[str]]:
    """The sentences under the leaderboard, in both languages."""
    categories = tables.results.benchmark.categories
    labels = [
        {category.id: _label(category.id, category.label)[language] for category in categories} for language in (0, 1)
    ]
    return _both(
        robust_sentences(tables.robustness, labels[0], "en"), robust_sentences(tables.robustness, labels[1], "zh")
    )


def _drawn(drawn: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Which edits are to be rated: samples by id, editors by their number."""
    return {
        "samples": drawn["samples"],
        "editors": [number for number, name in enumerate(names) if name in drawn["editors"]],
    }


def _scale(scale: Scale) -> dict[str, float]:
    return {"low": scale.low, "high": scale.high, "worst": scale.worst}


def _editor(standing: Standing, short: str, bounds: tuple[float, float] | None) -> dict[str, Any]:
    return {
        "name": printable(standing.editor.name),
        "short": short,
        "signature": printable(standing.editor.signature),
        "overall": _estimate(standing.overall),
        "bounds": None if bounds is None or not standing.overall.failed else [_rounded(end) for end in bounds],
        "categories": [_estimate(estimate) for estimate in standing.categories.values()],
        "metrics": [
            {
                "overall": _estimate(metric.overall),
                "categories": [_estimate(estimate) for estimate in metric.categories.values()],
            }
            for metric in standing.metrics.values()
        ],
        "aggregates": {printable(name): _estimate(estimate) for name, estimate in standing.aggregates.items()},
    }


def _estimate(estimate: Estimate) -> list[float | int | None]:
    """[n, failed, mean, low, high, mean if failures count as worst], floats rounded to 4 decimals."""
    low, high = estimate.ci95 or (None, None)
    return [estimate.n, estimate.failed, *map(_rounded, (estimate.mean, low, high, estimate.mean_if_failures_worst))]


def _aggregate(aggregate: Aggregate, editors: Sequence[str]) -> dict[str, Any]:
    return {
        "name": printable(aggregate.name),
        "variant": aggregate.variant,
        "note": printable(aggregate.note),
        "values": [_estimate(aggregate.values[name]) for name in editors],
    }


def _histograms(results: Results, editors: Sequence[str]) -> list[dict[str, Any]]:
    """The distribution of scores: overall first, then each metric where there are several; counts by editor."""
    overall = {name: [score for (editor, _), score in results.overall.items() if editor == name] for name in editors}
    histograms = [_histogram("", results.scale, overall)]
    if len(results.metrics) > 1:
        scores: dict[str, dict[str, list[float | None]]] = {
            metric: {name: [] for name in editors} for metric in results.metrics
        }
        for verdict in results.verdicts:
            scores[verdict.metric][verdict.editor].append(verdict.score)
        histograms += [_histogram(printable(metric), on, scores[metric]) for metric, on in results.metrics.items()]
    return histograms


def _histogram(metric: str, scale: Scale, scores: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    known = [[score for score in values if score is not None] for values in scores.values()]
    whole = all(float(value).is_integer() for values in known for value in values)
    span = scale.high - scale.low
    if whole and 1 <= span <= BINS:  # one column per point, its middle on the point
        edges = np.arange(scale.low - 0.5, scale.high + 1)
    else:
        edges = np.linspace(scale.low, scale.high, BINS + 1)
    counts = [np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].tolist() for values in known]
    return {"metric": metric, "edges": [round(float(edge), 4) for edge in edges], "counts": counts}


def _failure(count: FailureCount, editors: Sequence[str]) -> dict[str, Any]:
    return {
        "editor": editors.index(count.editor) if count.editor in editors else -1,
        "stage": count.stage,
        "kind": printable(count.kind),
        "count": count.count,
        "unit": unit_of(count),
        "examples": [
            {
                "sample": printable(example.sample),
                "message": one_line(example.failure.message, 600),
                "attempts": example.failure.attempts,
                "retryable": example.failure.retryable,
            }
            for example in count.examples
            if example.failure is not None
        ],
    }


def _unreadable(verdicts: Iterable[Verdict], editors: Sequence[str]) -> dict[str, Any]:
    """What the judge said where no score could be read, verbatim."""
    count = 0
    first: list[Verdict] = []
    for verdict in verdicts:
        if verdict.failure is not None and verdict.failure.stage == "score":
            count += 1
            if len(first) < UNREADABLE:
                first.append(verdict)
    return {
        "count": count,
        "shown": [
            {
                "editor": editors.index(verdict.editor),
                "sample": printable(verdict.sample),
                "metric": printable(verdict.metric),
                "kind": printable(verdict.failure.kind if verdict.failure is not None else ""),
                "words": printable(verdict.words or "")[:VERBATIM],
            }
            for verdict in first
        ],
    }


def _replies(replies: ReplyCounts) -> dict[str, Any]:
    """How many replies were read in which form, and how many were lost to what."""
    return {
        "asked": replies.asked,
        "thoughts": replies.thoughts,
        "read": [_reply_count(form) for form in replies.read],
        "lost": [_reply_count(loss) for loss in replies.lost],
    }


def _reply_count(count: ReplyCount) -> dict[str, Any]:
    return {
        "stage": count.stage,
        "name": printable(count.name),
        "count": count.count,
        "examples": [
            {
                "editor": printable(example.editor),
                "sample": printable(example.sample),
                "words": printable(example.words),
                "message": one_line(example.message, 600),
            }
            for example in count.examples
        ],
    }


def _reading(reading: Mapping[str, Any]) -> dict[str, Any] | None:
    """The version of the rule of reading, and what it reads otherwise than an older report did."""
    if not reading:
        return None
    examples = [
        {name: printable(value) if isinstance(value, str) else value for name, value in example.items()}
        for example in reading["examples"]
    ]
    return {**reading, "examples": examples}


def _speed(results: Results, stage: str) -> dict[str, Any] | None:
    speed = results.speed.get(stage)
    if speed is None or speed.items_per_second is None:
        return None
    return {
        "items": speed.items,
        "seconds": round(speed.seconds, 2),
        "rate": round(speed.items_per_second, 4),
        "memory": speed.peak_memory_bytes,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
