"""Which scores of an older report the present rule of reading reads differently, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from editloupe.results import Verdict
from editloupe.rubrics.replies import READING

__all__ = ["reading_of"]

_EXAMPLES = 20


def reading_of(folder: Path, verdicts: Iterable[Verdict], known: dict[str, Any] | None) -> dict[str, Any]:
    """Compare with the report that lies in a study folder, before it is written anew.

    Args:
        folder: of the study.
        verdicts: as they are read now.
        known: what an earlier comparison by this version of the rule found; it stands.

    Returns:
        ``version`` of the rule, ``before`` (of the older report, None without one), how many scores have ``changed``
        though the reply is the same, and ``examples`` of them.
    """
    if known is not None and known["version"] == READING:
        return known
    old = _verdicts(folder / "verdicts.jsonl")
    changed = []
    for verdict in verdicts if old else ():
        before = old.get((verdict.editor, verdict.sample, verdict.metric))
        if (
            before is None
            or verdict.words is None
            or before.get("reply") != verdict.words
            or before["score"] == verdict.score
        ):
            continue
        kind = None if verdict.failure is None else verdict.failure.kind
        why = None if verdict.failure is None else verdict.failure.message
        was = (before.get("failure") or {}).get("kind")
        changed.append(
            {"editor": verdict.editor, "sample": verdict.sample, "metric": verdict.metric}
            | {"before": before["score"], "before_kind": was, "now": verdict.score, "now_kind": kind, "why": why}
        )
    return {
        "version": READING,
        "before": _version(folder / "report.json"),
        "changed": len(changed),
        "examples": changed[:_EXAMPLES],
    }


def _verdicts(path: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return {(row["editor"], row["sample"], row["metric"]): row for row in rows}
    except (OSError, ValueError, KeyError, TypeError):  # no report yet, or none that this program wrote
        return {}


def _version(path: Path) -> int | None:
    try:
        return int(json.loads(path.read_text(encoding="utf-8")).get("reading", {}).get("version", 1))
    except (OSError, ValueError, AttributeError):
        return None
