"""The verdicts in files of other tools: EvalScope's reviews, lmms-eval's samples, and plain JSON lines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editloupe.errors import DataError

__all__ = ["Verdict", "read_verdicts"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file says about one metric of one edit.

    Attributes:
        sample: what the file calls the sample.
        metric: the metric, by its name in our rubrics where the tool is known.
        score: None where there is none.
        why: the reason for that.
        reply: the judge's own words, for a rubric to read.
        editor, language: empty where the file does not say.
    """

    sample: str
    metric: str
    score: float | None
    why: str = ""
    reply: str | None = None
    editor: str = ""
    language: str = ""


# What the tools call the metrics of our rubrics `gedit-scores`, `imgedit` and `kris`.
_EVALSCOPE = {"semantic_consistency": "semantics", "perceptual_similarity": "quality"}
_LMMS = {
    "gedit_bench_semantics_score": "semantics",
    "gedit_bench_quality_score": "quality",
    "imgedit_score1": "instruction",
    "imgedit_score2": "naturalness",
    "imgedit_score3": "coherence",
    "kris_bench_consistency_score": "consistency",
    "kris_bench_instruction_score": "instruction",
    "kris_bench_quality_score": "quality",
    "kris_bench_knowledge_score": "knowledge",
}
_GEDIT = ("gedit_bench_semantics_score", "gedit_bench_quality_score", "gedit_bench_overall_score")
_SCORED = ("success", "fallback")
"""The states of EvalScope in which it writes scores."""


def read_verdicts(path: Path, tool: str = "auto") -> Iterator[Verdict]:
    """Yield the verdicts of a file, in its order.

    Args:
        path: JSON lines.
        tool: ``evalscope``, ``lmms-eval``, ``jsonl``, or ``auto``: each row tells.

    Raises:
        DataError: the file cannot be read, or a line is none of these.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield from _of_line(path, number, line, tool)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the recorded verdicts {str(path)!r} cannot be read: {error}") from error


def _of_line(path: Path, number: int, line: str, tool: str) -> Iterator[Verdict]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"line {number} of {str(path)!r} is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise DataError(f"line {number} of {str(path)!r} is {row!r:.60}, not an object")
    if tool == "evalscope" or (tool == "auto" and "sample_score" in row):
        return _evalscope(row)
    if tool == "lmms-eval" or (tool == "auto" and _LMMS.keys() & row.keys()):
        return _lmms(row)
    if not {"metric", "sample"} <= row.keys():
        raise DataError(
            f"line {number} of {str(path)!r} has the fields {', '.join(map(repr, row))}; expected `editor`, `sample`, "
            "`metric` and `score` or `reply`, a review of EvalScope, or a sample of lmms-eval"
        )
    return _plain(row)


def _plain(row: Mapping[str, Any]) -> Iterator[Verdict]:
    score = _number(row.get("score"))
    reply = row.get("reply") if isinstance(row.get("reply"), str) else None
    why = str(row.get("failure") or row.get("error") or "")
    if why:
        score = reply = None
    elif score is None:
        why = f"the score is {row.get('score')!r:.60}, not a number"
    editor, language = (str(row.get(name) or "") for name in ("editor", "language"))
    yield Verdict(str(row["sample"]), str(row["metric"]), score, why, reply, editor, language)


def _evalscope(row: Mapping[str, Any]) -> Iterator[Verdict]:
    """One review; its state says whether there are scores."""
    outer = _object(row.get("sample_score"))
    score, metadata = _object(outer.get("score")), _object(outer.get("sample_metadata"))
    sample = metadata.get("key") or metadata.get("id") or outer.get("sample_id")
    values, state = _object(score.get("value")), str(score.get("status") or "success")
    for theirs, ours in _EVALSCOPE.items():
        value = _number(values.get(theirs)) if state in _SCORED else None
        why = "" if value is not None else f"EvalScope has no score here: its status is {state!r}"
        yield Verdict(str(sample), ours, value, why, language=str(metadata.get("instruction_language") or ""))


def _lmms(row: Mapping[str, Any]) -> Iterator[Verdict]:
    """One sample; a failure is written as 0 or -1 there, so those numbers are believed only where they can be meant."""
    zeros = all(_number(_object(row.get(name)).get("score")) == 0 for name in _GEDIT)
    for theirs, ours in _LMMS.items():
        if theirs not in row:
            continue
        values = _object(row[theirs])
        value, why = _number(values.get("score")), ""
        if theirs in _GEDIT and zeros:
            why = "lmms-eval writes three zeros for a failure, so these are not believed"
        elif theirs not in _GEDIT and (values.get("valid") is False or value is None or value < 1):
            why = f"lmms-eval writes {values.get('score')!r} for a failure; its scale begins at 1"
        elif value is None:
            why = f"the score is {values.get('score')!r:.60}, not a number"
        name = values.get("key") or values.get("image_id")
        if theirs.startswith("kris") and values.get("category") and values.get("image_id") is not None:
            name = f"{values['category']}_{values['image_id']}"
        language = str(values.get("instruction_language") or "")
        yield Verdict(str(name), ours, None if why else value, why, language=language)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
