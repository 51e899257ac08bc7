"""The page about two judges: what a probe found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from editloupe.report.words import number, one_line

__all__ = ["ProbePage", "probe_page"]


@dataclass(frozen=True, slots=True)
class ProbePage:
    """What ``probe.json`` holds, ready to print."""

    judges: tuple[tuple[str, str, int], ...]
    questions: int
    compared: int
    facts: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, str, str, str, str], ...]


def probe_page(probe: Mapping[str, Any], text: Mapping[str, str]) -> ProbePage:
    """Lay a probe out.

    Args:
        probe: what `probe.probe_study` returned.
        text: the words of the report's language.
    """
    equal = probe["equal"]
    return ProbePage(
        judges=tuple(
            (one_line(judge["name"], 60), one_line(f"{judge['signature']} mode={judge['mode']}", 400), unreadable)
            for judge, unreadable in zip(probe["judges"], probe["unreadable"], strict=True)
        ),
        questions=probe["questions"],
        compared=probe["compared"],
        facts=(
            (text["audit_equal"], "–" if equal is None else f"{100 * equal:.0f} %"),
            (text["probe_mean"], number(probe["mean_difference"], 4)),
            (text["audit_largest"], number(probe["largest_difference"], 4)),
            (text["probe_bias"], "–" if probe["bias"] is None else f"{probe['bias']:+.4f}"),
        ),
        rows=tuple(_row(pair) for pair in probe["pairs"]),
    )


def _row(pair: Mapping[str, Any]) -> tuple[str, str, str, str, str, str]:
    first, second = pair["scores"]
    gap = "–" if first is None or second is None else f"{second - first:+.2f}"
    names = (one_line(pair[key], 60) for key in ("editor", "sample", "metric"))
    editor, sample, metric = names
    return editor, sample, metric, number(first), number(second), gap
