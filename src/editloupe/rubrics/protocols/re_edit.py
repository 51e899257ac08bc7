"""RE-Edit: the share of edits whose dimension was met, and the means of SC, PQ and IF."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from editloupe.rubrics.aggregates import AggregateValue, ScoredEdit, corrected, official, scored

__all__ = ["numbers"]

NOTE = "without the 'no' or 5.0 that the published script puts in place of what it cannot read"
TEN, PERCENT = (0.0, 10.0), (0.0, 100.0)
SCORES: dict[str, tuple[str, tuple[float, float], Callable[[float], float]]] = {
    "dimension, yes-rate": ("dimension", PERCENT, lambda yes: 100 * yes),
    "SC": ("semantics", TEN, float),
    "PQ": ("quality", TEN, float),
    "IF": ("following", TEN, float),
}


def numbers(items: Sequence[ScoredEdit]) -> list[AggregateValue]:
    """Official and corrected, over all edits: SC and PQ are the smaller one of two scores each."""
    aggregates = []
    for title, (score, limits, scale) in SCORES.items():
        values = scored(items, (score,), scale)
        known = [item.value for item in values if item.value is not None]
        aggregates.append(official(title, limits, values, sum(known) / len(known) if known else None, NOTE))
        aggregates.append(corrected(title, limits, values))
    return aggregates
