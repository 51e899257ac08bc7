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
from editloupe.report.remarks import limited_to, too_few, warnings_of
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
    names = [one.editor.name for one in tables.ranked]
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
            "limited": [limited_to(benchmark.samples, one) for one in ("en", "zh")] if benchmark.limited else None,
            "categories": [
                {"id": printable(one.id), "label": _label(one.id, one.label), "samples": one.samples}
                for one in benchmark.categories
            ],
        },
        "judge": {
            "name": printable(judge.name),
            "signature": printable(judge.signature),
        },
        "warnings": _both(warnings_of(results, "en"), warnings_of(results, "zh")),
        "too_few": _both([too_few(comparisons, "en")], [too_few(comparisons, "zh")])[0],
        "rubric": printable(results.rubric),
        "scale": _scale(results.scale),
        "metrics": [{"name": printable(name), **_scale(on)} for name, on in results.metrics.items()],
        "editors": [_editor(one, short[one.editor.name]) for one in tables.ranked],
        "comparisons": comparisons.as_json(),
        "aggregates": [_aggregate(one, names) for one in results.aggregates],
        "card": printable(results.card),
        "judge_card": None if results.judge_card is None else results.judge_card.as_json(),
        "sanity": sanity_view(results, thumbnails),
        "histograms": _histograms(results, names),
        "failed": [tables.failed.sentence("en"), tables.failed.sentence("zh")],
        "failures": [_failure(one, names) for one in tables.failures],
        "unreadable": _unreadable(results.verdicts, names),
        "replies": _replies(results.replies),
        "reading": _reading(results.reading),
        "speed": {stage: _speed(results, stage) for stage in ("edit", "judge")},
        "hardware": {stage: dict(facts) for stage, facts in results.hardware.items()},
        "cost": dict(results.cost),
        "versions": dict(results.versions),
        "config": printable(yaml.safe_dump(dict(results.config), allow_unicode=True, sort_keys=False)),
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


def _scale(scale: Scale) -> dict[str, float]:
    return {"low": scale.low, "high": scale.high, "worst": scale.worst}


def _editor(standing: Standing, short: str) -> dict[str, Any]:
    return {
        "name": printable(standing.editor.name),
        "short": short,
        "signature": printable(standing.editor.signature),
        "overall": _estimate(standing.overall),
        "categories": [_estimate(one) for one in standing.categories.values()],
        "metrics": [
            {"overall": _estimate(one.overall), "categories": [_estimate(each) for each in one.categories.values()]}
            for one in standing.metrics.values()
        ],
        "aggregates": {printable(name): _estimate(one) for name, one in standing.aggregates.items()},
    }


def _estimate(one: Estimate) -> list[float | int | None]:
    """[n, failed, mean, low, high, mean if failures count as worst], floats rounded to 4 decimals."""
    low, high = one.ci95 or (None, None)
    return [one.n, one.failed, *map(_rounded, (one.mean, low, high, one.mean_if_failures_worst))]


def _aggregate(one: Aggregate, editors: Sequence[str]) -> dict[str, Any]:
    return {
        "name": printable(one.name),
        "variant": one.variant,
        "note": printable(one.note),
        "values": [_estimate(one.values[name]) for name in editors],
    }


def _histograms(results: Results, editors: Sequence[str]) -> list[dict[str, Any]]:
    """The distribution of scores: overall first, then each metric where there are several; counts by editor."""
    overall = {name: [one for (editor, _), one in results.overall.items() if editor == name] for name in editors}
    found = [_histogram("", results.scale, overall)]
    if len(results.metrics) > 1:
        scores: dict[str, dict[str, list[float | None]]] = {
            metric: {name: [] for name in editors} for metric in results.metrics
        }
        for verdict in results.verdicts:
            scores[verdict.metric][verdict.editor].append(verdict.score)
        found += [_histogram(printable(metric), on, scores[metric]) for metric, on in results.metrics.items()]
    return found


def _histogram(metric: str, scale: Scale, scores: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    known = [[one for one in values if one is not None] for values in scores.values()]
    whole = all(float(one).is_integer() for values in known for one in values)
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
                "sample": printable(one.sample),
                "message": one_line(one.failure.message, 600),
                "attempts": one.failure.attempts,
                "retryable": one.failure.retryable,
            }
            for one in count.examples
            if one.failure is not None
        ],
    }


def _unreadable(verdicts: Iterable[Verdict], editors: Sequence[str]) -> dict[str, Any]:
    """What the judge said where no score could be read, verbatim."""
    found = [one for one in verdicts if one.failure is not None and one.failure.stage == "score"]
    return {
        "count": len(found),
        "shown": [
            {
                "editor": editors.index(one.editor),
                "sample": printable(one.sample),
                "metric": printable(one.metric),
                "kind": printable(one.failure.kind if one.failure is not None else ""),
                "words": printable(one.words or "")[:VERBATIM],
            }
            for one in found[:UNREADABLE]
        ],
    }


def _replies(replies: ReplyCounts) -> dict[str, Any]:
    """How many replies were read in which form, and how many were lost to what."""
    return {
        "asked": replies.asked,
        "thoughts": replies.thoughts,
        "read": [_reply_count(one) for one in replies.read],
        "lost": [_reply_count(one) for one in replies.lost],
    }


def _reply_count(one: ReplyCount) -> dict[str, Any]:
    return {
        "stage": one.stage,
        "name": printable(one.name),
        "count": one.count,
        "examples": [
            {
                "editor": printable(each.editor),
                "sample": printable(each.sample),
                "words": printable(each.words),
                "message": one_line(each.message, 600),
            }
            for each in one.examples
        ],
    }


def _reading(reading: Mapping[str, Any]) -> dict[str, Any] | None:
    """The version of the rule of reading, and what it reads otherwise than an older report did."""
    if not reading:
        return None
    examples = [
        {name: printable(value) if isinstance(value, str) else value for name, value in one.items()}
        for one in reading["examples"]
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
