"""The forms that programs read: `report.json` and `verdicts.jsonl`. Their keys are a contract."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from editloupe.pair_results import PairVerdict
from editloupe.records import Failure
from editloupe.report.failure_summary import unit_of
from editloupe.report.leaderboard import FailureCount, Standing
from editloupe.report.remarks import warnings_of
from editloupe.report.tables import Tables
from editloupe.results import Aggregate, Speed, Verdict
from editloupe.statistics.summary import Estimate

__all__ = ["pairs_jsonl", "report_json", "verdicts_jsonl"]

# JSON allows these inside strings, but `str.splitlines` and others would break a line of JSONL there.
_LINE_BREAKS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def report_json(tables: Tables) -> bytes:
    """Return the bytes of ``report.json``: every number of the report, null where there is no data."""
    results, benchmark = tables.results, tables.results.benchmark
    data = {
        "editloupe": results.version,
        "title": results.heading,
        "signature": results.signature,
        "benchmark": {
            "name": benchmark.name,
            "revision": benchmark.revision,
            "samples": benchmark.samples,
            "limited": benchmark.limited,
            "categories": [
                {"id": category.id, "label": category.label, "samples": category.samples}
                for category in benchmark.categories
            ],
        },
        "judge": {
            "name": results.judge.name,
            "signature": results.judge.signature,
            "warning": " ".join(warnings_of(results)) or None,
            "sanity": None if results.sanity is None else results.sanity.verdicts,
            "stated_sampling": results.judge.stated_sampling or None,
        },
        "rubric": results.rubric,
        "reading": dict(results.reading),
        "replies": results.replies.as_json(),
        "editors": [_editor(standing, results.aggregates) for standing in tables.standings],
        "comparisons": tables.comparisons.as_json(),
        "robustness": tables.robustness.as_json(),
        **({} if tables.ranking is None else {"pairs": tables.ranking.as_json()}),
        "failures": [_failures(failure) for failure in tables.failures],
        "speed": {stage: _speed(results.speed.get(stage)) for stage in ("edit", "judge")},
    }
    return (_dump(data, indent=2) + "\n").encode("utf-8", "backslashreplace")


def verdicts_jsonl(verdicts: Iterable[Verdict]) -> Iterator[bytes]:
    """Yield the lines of ``verdicts.jsonl``: one object per (editor, sample, metric)."""
    for verdict in verdicts:
        yield f"{_dump(_verdict(verdict)).translate(_LINE_BREAKS)}\n".encode("utf-8", "backslashreplace")


def pairs_jsonl(verdicts: Iterable[PairVerdict]) -> bytes:
    """Return the bytes of ``pairs.jsonl``: one object per (sample, two editors, metric)."""
    lines = [_dump(_pair(verdict)).translate(_LINE_BREAKS) + "\n" for verdict in verdicts]
    return "".join(lines).encode("utf-8", "backslashreplace")


def _pair(pair: PairVerdict) -> dict[str, Any]:
    return {
        "sample": pair.sample,
        "category": pair.category,
        "a": pair.a,
        "b": pair.b,
        "metric": pair.metric or None,
        "outcome": None if pair.outcome is None else dict(zip(("a", "b", "tie"), pair.outcome, strict=True)),
        "identical": pair.identical,
        "answers": [
            {
                "shown_first": "b" if answer.turned else "a",
                "draw": answer.draw,
                "outcome": None
                if answer.outcome is None
                else dict(zip(("a", "b", "tie"), answer.outcome, strict=True)),
                "reply": answer.words,
                "labels": None if answer.labels is None else dict(answer.labels),
                "failure": None if answer.failure is None else _failure(answer.failure),
            }
            for answer in pair.answers
        ],
        "failure": None if pair.failure is None else _failure(pair.failure),
        "images": list(pair.images),
        "sources": list(pair.sources),
        "instruction": pair.instruction,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "editor": verdict.editor,
        "sample": verdict.sample,
        "category": verdict.category,
        "metric": verdict.metric,
        "score": verdict.score,
        "reply": verdict.words,
        "thoughts": verdict.thoughts,
        "failure": _failure(verdict.failure) if verdict.failure is not None else None,
        "image": verdict.image,
        "sources": list(verdict.sources),
        "instruction": verdict.instruction,
        "judge": verdict.judge,
        "notes": list(verdict.notes),
    }


def _failure(failure: Failure) -> dict[str, Any]:
    """Leaves the traceback out: it names files of the machine, and the ledger keeps it."""
    return {
        "stage": failure.stage,
        "kind": failure.kind,
        "message": failure.message,
        "attempts": failure.attempts,
        "retryable": failure.retryable,
    }


def _editor(standing: Standing, aggregates: Iterable[Aggregate]) -> dict[str, Any]:
    own = {f"{aggregate.variant}: {aggregate.name}": aggregate.values[standing.editor.name] for aggregate in aggregates}
    return {
        "name": standing.editor.name,
        "signature": standing.editor.signature,
        "overall": standing.overall.as_json(),
        "categories": _estimates(standing.categories),
        "metrics": {
            name: {
                "overall": standing_in_metric.overall.as_json(),
                "categories": _estimates(standing_in_metric.categories),
            }
            for name, standing_in_metric in standing.metrics.items()
        },
        "aggregates": _estimates({**standing.aggregates, **own}),
    }


def _estimates(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: estimate.as_json() for name, estimate in estimates.items()}


def _failures(count: FailureCount) -> dict[str, Any]:
    return {
        "editor": count.editor,
        "stage": count.stage,
        "kind": count.kind,
        "count": count.count,
        "unit": f"{unit_of(count)}s",
        "examples": [
            {"sample": example.sample, "message": example.failure.message}
            for example in count.examples
            if example.failure is not None
        ],
    }


def _speed(speed: Speed | None) -> dict[str, Any] | None:
    if speed is None:
        return None
    return {
        "items": speed.items,
        "seconds": speed.seconds,
        "items_per_second": speed.items_per_second,
        "peak_memory_bytes": speed.peak_memory_bytes,
    }


def _dump(data: Any, indent: int | None = None) -> str:
    # A lone surrogate stays in the text here and becomes its own JSON escape through `backslashreplace`.
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent)
