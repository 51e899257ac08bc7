"""Where the marks of a chart go. Positions are percent of the width, so that one SVG fits a phone and a wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from editloupe.report.study_results import Scale
from editloupe.statistics.summary import Estimate

__all__ = ["Column", "IntervalBar", "columns", "interval_bar", "percent"]


@dataclass(frozen=True, slots=True)
class IntervalBar:
    """A mean and its interval on a scale, in percent; None where there is no data."""

    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a small histogram: place and height in percent."""

    label: str
    x: float
    width: float
    y: float
    height: float


def percent(value: float, scale: Scale) -> float:
    """Where a value lies between the ends of its scale, 0 to 100."""
    if scale.high <= scale.low:
        return 0.0
    return round(100 * min(1.0, max(0.0, (value - scale.low) / (scale.high - scale.low))), 2)


def interval_bar(estimate: Estimate, scale: Scale) -> IntervalBar:
    """Place an estimate on its scale."""
    if estimate.mean is None:
        return IntervalBar(None, None, None)
    mean = percent(estimate.mean, scale)
    if estimate.ci95 is None:
        return IntervalBar(mean, None, None)
    return IntervalBar(mean, percent(estimate.ci95[0], scale), percent(estimate.ci95[1], scale))


def columns(labels: Mapping[str, float]) -> tuple[Column, ...]:
    """Place the label probabilities of one answer; the likeliest label has the full height."""
    top = max(labels.values(), default=0.0)
    if top <= 0:
        return ()
    step = 100 / len(labels)
    heights = {label: 100 * max(0.0, value) / top for label, value in labels.items()}
    return tuple(
        Column(label, round(index * step, 2), round(step * 0.8, 2), round(100 - height, 2), round(height, 2))
        for index, (label, height) in enumerate(heights.items())
    )
