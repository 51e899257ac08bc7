"""What the numbers of a rubric over a whole study are made of: pure functions of one editor's scores.

A number is called ``official`` where it is what the benchmark's published script computes, roundings and slips
included, and ``corrected`` where it is what its paper means. Only the second kind carries an interval: no interval
belongs to a slip. In both a failure is left out and counted; no published default or random score takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from editloupe.statistics.interval import mean_of_ratios_interval
from editloupe.statistics.summary import Estimate, summarize

__all__ = [
    "AggregateValue",
    "GroupedValue",
    "ScoredEdit",
    "corrected",
    "mean_of_groups",
    "means_by_group",
    "official",
    "scored",
]

Variant: TypeAlias = Literal["official", "corrected"]


@dataclass(frozen=True, slots=True)
class ScoredEdit:
    """The scores of one edit.

    Attributes:
        category, groups: of its sample.
        cluster: what it shares with edits that are not independent of it: the source image.
        scores: of the metrics and derived scores that apply to it; None where one failed.
    """

    category: str
    groups: dict[str, str]
    cluster: str
    scores: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class AggregateValue:
    """One number over a whole study, of one editor; `low` and `high` are the ends of its scale."""

    name: str
    variant: Variant
    low: float
    high: float
    value: Estimate
    note: str = ""


@dataclass(frozen=True, slots=True)
class GroupedValue:
    """One value of an edit, with what it is grouped and clustered by; None where it failed."""

    value: float | None
    group: str
    cluster: str


def scored(items: Iterable[ScoredEdit], needs: Sequence[str], value: Callable[..., float]) -> list[GroupedValue]:
    """The value of every edit that all the needed scores apply to, grouped by category; failed where one of them did.

    Args:
        items: of one editor.
        needs: names of scores.
        value: takes those scores, in that order.
    """
    values = []
    for item in items:
        if all(name in item.scores for name in needs):
            scores = [item.scores[name] for name in needs]
            failed = any(score is None for score in scores)
            values.append(GroupedValue(None if failed else value(*scores), item.category, item.cluster))
    return values


def means_by_group(values: Iterable[GroupedValue]) -> dict[str, float]:
    """Plain mean of each group that has a value, in the order of first sight."""
    groups: dict[str, list[float]] = {}
    for item in values:
        if item.value is not None:
            groups.setdefault(item.group, []).append(item.value)
    return {group: sum(grouped) / len(grouped) for group, grouped in groups.items()}


def official(
    name: str, limits: tuple[float, float], values: Sequence[GroupedValue], mean: float | None, note: str = ""
) -> AggregateValue:
    """A number as the published script computes it; n and failed count the edits that it is about."""
    failed = sum(item.value is None for item in values)
    estimate = Estimate(len(values) - failed, failed, mean, None, None, None, None, None, None)
    return AggregateValue(name, "official", *limits, estimate, "; ".join(filter(None, (note, "failures left out"))))


def corrected(name: str, limits: tuple[float, float], values: Sequence[GroupedValue], note: str = "") -> AggregateValue:
    """The mean over all edits, with its interval."""
    estimate = summarize(
        [item.value for item in values], [item.cluster for item in values], worst=limits[0], limits=limits
    )
    return AggregateValue(name, "corrected", *limits, estimate, note)


def mean_of_groups(
    name: str, limits: tuple[float, float], values: Sequence[GroupedValue], *, groups: int
) -> AggregateValue:
    """The unweighted mean of the groups' means, with its interval; none where a group stands on a single source image.

    Args:
        name: of the number.
        limits: the ends of its scale.
        values: of one editor.
        groups: how many the benchmark has.
    """
    means = means_by_group(values)
    failed = sum(item.value is None for item in values)
    note = f"over {len(means)} of {groups} groups"
    if not means:
        worst = limits[0] if failed else None
        return AggregateValue(
            name, "corrected", *limits, Estimate(0, failed, None, None, None, None, None, None, worst), note
        )
    as_worst = means_by_group(
        GroupedValue(limits[0] if item.value is None else item.value, item.group, "") for item in values
    )
    known = [item for item in values if item.value is not None]
    interval = _interval(known, list(means), limits)
    estimate = Estimate(
        n=len(known),
        failed=failed,
        mean=_mean(means.values()),
        std=None,
        median=None,
        min=min(item.value for item in known if item.value is not None),
        max=max(item.value for item in known if item.value is not None),
        ci95=interval,
        mean_if_failures_worst=_mean(as_worst.values()),
    )
    return AggregateValue(name, "corrected", *limits, estimate, note)


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return math.fsum(known) / len(known)


def _interval(
    values: Sequence[GroupedValue], groups: Sequence[str], limits: tuple[float, float]
) -> tuple[float, float] | None:
    clusters = {name: index for index, name in enumerate(sorted({item.cluster for item in values}))}
    row = {group: index for index, group in enumerate(groups)}
    sums, counts = (np.zeros((len(clusters), len(groups))) for _ in range(2))
    for item in sorted(values, key=lambda item: (item.cluster, item.group, item.value)):
        assert item.value is not None
        sums[clusters[item.cluster], row[item.group]] += item.value
        counts[clusters[item.cluster], row[item.group]] += 1
    return mean_of_ratios_interval(sums, counts, limits=limits)
