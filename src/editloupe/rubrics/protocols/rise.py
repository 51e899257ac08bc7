"""RISEBench (Zhao et al., arXiv 2504.02826): score from 1 to 5, the same as percent, and accuracy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from editloupe.rubrics.aggregates import AggregateValue, GroupedValue, ScoredEdit, corrected, official
from editloupe.rubrics.combine import FORMULAS

__all__ = ["numbers"]

FIVE, PERCENT, SHARE = (1.0, 5.0), (0.0, 100.0), (0.0, 1.0)
LOGICAL = "logical_reasoning"
FREE = "consistency_free"


def numbers(items: Sequence[ScoredEdit]) -> list[AggregateValue]:
    """Official and corrected, overall and by category: score, percent, accuracy.

    The published script asks of the column ``consistency_free`` whether its cell is true. Empty cells are NaN there,
    which is: so where the data has the column, every edit that is not logical gets the formula without consistency. Its
    accuracy compares properly. The 64-sample data has no such column.
    """
    column = any(FREE in item.groups for item in items)
    note = "the formula without consistency everywhere, by a slip of the script" if column else ""

    def by_slip(item: ScoredEdit) -> float | None:
        return _score(item, free=column)

    def meant(item: ScoredEdit) -> float | None:
        return _score(item, free=item.groups.get(FREE) == "true")

    kinds: tuple[tuple[str, tuple[float, float], Callable[[float], float]], ...] = (
        ("score", FIVE, float),
        ("percent", PERCENT, _percent),
    )
    aggregates = []
    for name in ("overall", *dict.fromkeys(item.category for item in items)):
        part = [item for item in items if name in ("overall", item.category)]
        printed, right, all_five = (_values(part, of) for of in (by_slip, meant, _accurate))
        for kind, limits, scale in kinds:
            title = f"{name}: {kind}"
            mean = _mean(printed)
            aggregates.append(official(title, limits, printed, None if mean is None else scale(mean), note))
            scaled = [replace(answer, value=None if answer.value is None else scale(answer.value)) for answer in right]
            aggregates.append(corrected(title, limits, scaled))
        aggregates.append(official(f"{name}: accuracy", SHARE, all_five, _mean(all_five)))
        aggregates.append(corrected(f"{name}: accuracy", SHARE, all_five))
    return aggregates


def _score(item: ScoredEdit, *, free: bool) -> float | None:
    if item.category == LOGICAL:
        return _combined(item, "rise_logical", ("consistency", "reasoning"))
    if free:
        return _combined(item, "rise_consistency_free", ("reasoning", "plausibility"))
    return _combined(item, "rise", ("consistency", "reasoning", "plausibility"))


def _combined(item: ScoredEdit, formula: str, names: Sequence[str]) -> float | None:
    scores = [item.scores.get(name) for name in names]
    known = [score for score in scores if score is not None]
    return FORMULAS[formula](known) if len(known) == len(scores) else None


def _accurate(item: ScoredEdit) -> float | None:
    """1 where every dimension that counts has the best score, 0 where one has not."""
    names = ["reasoning"]
    names += [] if item.groups.get(FREE) == "true" and item.category != LOGICAL else ["consistency"]
    names += [] if item.category == LOGICAL else ["plausibility"]
    scores = [item.scores.get(name) for name in names]
    return None if None in scores else float(all(score == 5 for score in scores))


def _values(items: Sequence[ScoredEdit], of: Callable[[ScoredEdit], float | None]) -> list[GroupedValue]:
    return [GroupedValue(of(item), item.category, item.cluster) for item in items]


def _mean(values: Sequence[GroupedValue]) -> float | None:
    known = [item.value for item in values if item.value is not None]
    return sum(known) / len(known) if known else None


def _percent(score: float) -> float:
    return 25 * (score - 1)
